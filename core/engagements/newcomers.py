"""Newcomers: how an account in a client channel becomes one of the client's people, by rule or because staff say so."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core import access, events, people
from core.db import Session
from core.engagements.engagement import Engagement, by_id
from core.engagements.roster import add_person, contacts
from core.errors import Conflict, NotFound
from core.events import Event, Kind
from core.people import Actor, Company, Identity, Profile, User


async def meet(session: Session, engagement: Engagement, profile: Profile, *, home_team_id: str) -> Identity:
    """Record what Slack tells of an account in this engagement's channels; an exact e-mail match makes it a contact,
    recorded once.
    """
    before = await people.identity(session, profile.slack_user_id)
    linked = before is not None and before.user_id is not None
    known = await people.meet(session, profile, home_team_id=home_team_id)
    if known.user_id is not None and not linked and known.kind == "external":
        user = (await people.get(session, [known.user_id]))[known.user_id]
        await _linked(session, people.system(engagement.organization_id), engagement, known, user, "email")
    return known


async def came_in(session: Session, engagement: Engagement, known: Identity) -> None:
    """Somebody whom Slack has described to us is in the client channel: put them in, or ask staff who they are.

    Staff and contacts of this very company are put in. Of anybody else from outside, and of who had left, staff are asked
    once, because a place in the engagement opens all of it: PERSON_JOINED, whose card asks.
    """
    system = people.system(engagement.organization_id)
    since: datetime | None = None
    if known.kind in ("bot", "guest"):
        return
    if known.user_id is not None:
        user = (await people.get(session, [known.user_id]))[known.user_id]
        if user.left_at is None and (user.side == "staff" or user.company_id == engagement.company_id):
            await add_person(session, engagement, user.id)
            return
        since = user.left_at
    if known.kind == "external" and not await _asked(session, engagement.id, known.id, since):
        await events.record(session, system, Kind.PERSON_JOINED, "person", known.id, engagement_id=engagement.id)


async def _asked(session: Session, chain: uuid.UUID, identity_id: uuid.UUID, since: datetime | None) -> bool:
    query = select(events.Event.id).where(
        events.Event.chain == chain, events.Event.subject_id == identity_id, events.Event.kind == Kind.PERSON_JOINED
    )
    if since is not None:
        query = query.where(events.Event.at >= since)
    return (await session.execute(query.limit(1))).first() is not None


async def accepted_by(session: Session, engagement: Engagement, slack_user_id: str, team_id: str, name: str) -> None:
    """Whoever takes up our invitation is the contact to whom we sent it; recorded once.

    An account that is somebody else already keeps its person, and a contact their account: then staff are asked when it
    comes in.
    """
    known = await people.identity(session, slack_user_id)
    if known is not None and known.user_id is not None:
        return
    contact = await people.by_email(session, engagement.invite_email) if engagement.invite_email else None
    if contact is None:
        contact = (await people.get(session, [engagement.contact_id]))[engagement.contact_id]
    other = (await people.identities_of(session, [contact.id])).get(contact.id)
    if contact.side != "client" or contact.left_at is not None or other is not None:
        return
    known = await people.link(session, slack_user_id, contact)
    known.slack_team_id, known.name = known.slack_team_id or team_id, name or known.name
    await add_person(session, engagement, contact.id)
    await _linked(session, people.system(engagement.organization_id), engagement, known, contact, "invitation")


async def identify(
    session: Session,
    actor: Actor,
    engagement_id: uuid.UUID | str,
    identity_id: uuid.UUID | str,
    *,
    user_id: uuid.UUID | str | None = None,
    name: str = "",
    email: str = "",
) -> Identity:
    """Staff say who a Slack account is: a contact of the company (`user_id`), or a new one by name and e-mail."""
    engagement = await access.fetch(session, actor, access.Can.ENGAGEMENT_MANAGE, Engagement, engagement_id, lock=True)
    known = await _account(session, identity_id)
    if user_id is not None:
        user = (await people.get(session, [_key(user_id)])).get(_key(user_id))
        if (
            user is None
            or user.company_id != engagement.company_id
            or user.side != "client"
            or user.left_at is not None
        ):
            raise NotFound("This contact is not to be found among the client's people.")
    else:
        company = (
            await session.execute(select(people.Company).where(people.Company.id == engagement.company_id))
        ).scalar_one()
        user = await people.contact(
            session, engagement.organization_id, name=name or known.name, email=email, company=company
        )
    if known.user_id == user.id:
        return known
    if known.user_id is not None or known.kind != "external":
        raise Conflict(f"{known.name or 'This account'} is known already. Nothing was changed.")
    await people.link(session, known.slack_user_id, user)
    await add_person(session, engagement, user.id)
    await _linked(session, actor, engagement, known, user, "staff")
    return known


async def _linked(
    session: Session, actor: Actor, engagement: Engagement, known: Identity, user: User, how: str
) -> None:
    from core import conversations  # core.conversations needs this package first

    await conversations.attribute(session, known.slack_user_id, user)
    await events.record(
        session, actor, Kind.CONTACT_LINKED, "person", known.id, engagement_id=engagement.id, user=str(user.id), how=how
    )


async def _account(session: Session, identity_id: uuid.UUID | str) -> Identity:
    found = (
        await session.execute(select(Identity).where(Identity.id == _key(identity_id)).with_for_update(key_share=True))
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("This account is not known here any more.")
    return found


def _key(value: uuid.UUID | str) -> uuid.UUID:
    try:
        return value if isinstance(value, uuid.UUID) else uuid.UUID(value)
    except ValueError:
        raise NotFound("There is nobody with this id here.") from None


@dataclass(frozen=True)
class Newcomer:
    """Somebody who came into a client channel, and who we think it is; plain values, for the card that asks."""

    identity_id: uuid.UUID
    engagement_id: uuid.UUID
    slack_user_id: str
    name: str
    company: str
    """The company they seem to be of; "" if they are of neither this client nor another one that we know."""
    guess_id: uuid.UUID | None = None
    guess: str = ""
    """The address, or else the name, of the contact that it most likely is; "" if there is no likely one."""
    known_as: str = ""
    """Who it is, once that is known."""
    foreign: bool = False
    """It is known, and belongs to another client: reading along, and in this engagement nobody."""
    left_id: uuid.UUID | None = None
    """The contact that it is, where staff have said that they left: they read along, and have no right."""
    how: str = ""
    """How it became known: "invitation", "email" or "staff"."""
    by: str = ""


async def newcomer(session: Session, identity_id: uuid.UUID, engagement_id: uuid.UUID) -> Newcomer | None:
    """Somebody who came in, with who they are or most likely are; None for an account that we do not know."""
    known = (await session.execute(select(Identity).where(Identity.id == identity_id))).scalar_one_or_none()
    if known is None:
        return None
    engagement = await by_id(session, engagement_id)
    company = (await session.execute(select(Company).where(Company.id == engagement.company_id))).scalar_one()
    if known.user_id is not None:
        user = (await people.get(session, [known.user_id]))[known.user_id]
        foreign = user.company_id != engagement.company_id
        if foreign and user.company_id is not None:
            company = (await session.execute(select(Company).where(Company.id == user.company_id))).scalar_one()
        how, by = await _how(session, engagement_id, identity_id)
        return Newcomer(
            identity_id,
            engagement_id,
            known.slack_user_id,
            known.name or user.name,
            company.name,
            known_as=user.email or user.name,
            foreign=foreign,
            left_id=user.id if user.left_at is not None and not foreign else None,
            how=how,
            by=by,
        )
    free = await contacts(session, engagement.company_id, unlinked=True)
    same_name = [one for one in free if one.name.casefold() == known.name.casefold()]
    likely = same_name or [one for one in free if one.id == engagement.contact_id] or (free if len(free) == 1 else [])
    ours = await _of_company(session, company.id, known.slack_team_id)
    return Newcomer(
        identity_id,
        engagement_id,
        known.slack_user_id,
        known.name,
        company.name if ours else "",
        guess_id=likely[0].id if likely and ours else None,
        guess=(likely[0].email or likely[0].name) if likely and ours else "",
    )


async def _of_company(session: Session, company_id: uuid.UUID, team_id: str) -> bool:
    """Whether a workspace is this company's, by those of its people whom we know; nobody known yet, it
    is taken to be.
    """
    query = (
        select(Identity.slack_team_id)
        .join(User, User.id == Identity.user_id)
        .where(User.company_id == company_id, Identity.slack_team_id != "")
    )
    teams = set((await session.execute(query)).scalars())
    return not teams or team_id in teams


async def _how(session: Session, chain: uuid.UUID, identity_id: uuid.UUID) -> tuple[str, str]:
    query = select(Event).where(
        Event.chain == chain, Event.subject_id == identity_id, Event.kind == Kind.CONTACT_LINKED.value
    )
    event = (await session.execute(query.order_by(Event.seq.desc()).limit(1))).scalar_one_or_none()
    if event is None:
        return "", ""
    actor = (await people.get(session, [event.actor_id])).get(event.actor_id) if event.actor_id else None
    return str(event.facts.get("how", "")), actor.first_name if actor else ""
