"""Contacts as they go: a client's person leaves, staff name who takes over what rested on them, or they come back."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from core import access, clock, events, links, people
from core.access import Can
from core.db import Session
from core.engagements import ChannelMember, Engagement, EngagementPerson, by_id, contacts
from core.engagements.roster import add_person
from core.errors import Conflict, Invalid, NotFound
from core.events import Event, Happening, Kind
from core.invoices import Invoice
from core.people import Actor, Company, User
from core.proposals import OPEN, Proposal, Signer

UNPAID = ("sending", "stuck", "open")
ROLES = ("contact", "approver", "billing", "signer")
"""The parts for which somebody else can be named; `signer` is of drafts, for what was sent is frozen."""


async def leave(session: Session, actor: Actor, user_id: uuid.UUID | str, *, how: str = "staff") -> User:
    """A client's person has left their company: because staff say so, or Slack closed their account (`how` "slack").

    Their links, codes, reply addresses and sessions end at once; the staff of every engagement concerned hear what rested
    on them. What they said stays. Twice is once. Raises Conflict for a colleague, whose Slack account says so.
    """
    user = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, User, user_id)
    if user.side != "client":
        raise Conflict(f"{user.name} is of your own team. Whose Slack account is closed there has left by that.")
    concerned = await _concerned(session, user.id)
    user = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, User, user.id, lock=True)
    if user.left_at is not None:
        return user
    user.left_at = clock.now()
    await session.flush()
    await links.revoke(session, user.id)
    await _record(session, actor, Kind.CONTACT_LEFT, user, concerned, how=how)
    return user


async def come_back(session: Session, actor: Actor, user_id: uuid.UUID | str) -> User:
    """Staff say that somebody who had left is back: what rests on them still is theirs again, what was given to others is not.

    No old link opens again. Twice is once.
    """
    user = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, User, user_id)
    if user.side != "client":
        raise Conflict(f"{user.name} is of your own team, and is back as soon as their Slack account is.")
    if user.erased_at is not None or user.deleted_at is not None:
        raise Conflict("Who this was has been erased. Add them anew, with their name and e-mail.")
    concerned = await _concerned(session, user.id)
    user = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, User, user.id, lock=True)
    if user.left_at is None:
        return user
    user.left_at = None
    await session.flush()
    await _record(session, actor, Kind.CONTACT_RETURNED, user, concerned)
    return user


async def went_out(session: Session, engagement: Engagement, slack_user_id: str) -> None:
    """A contact left a client channel, which is not leaving the company: staff are told, and say whether it is more."""
    known = await people.identity(session, slack_user_id)
    user = (await people.get(session, [known.user_id])).get(known.user_id) if known and known.user_id else None
    if user is None or user.side != "client" or user.company_id != engagement.company_id or user.left_at is not None:
        return
    elsewhere = (
        select(ChannelMember.id)
        .join(Engagement, Engagement.channel_id == ChannelMember.channel_id)
        .where(ChannelMember.slack_user_id == slack_user_id, ChannelMember.present.is_(True))
    )
    last = (await session.execute(elsewhere.limit(1))).first() is None
    system = people.system(engagement.organization_id)
    await events.record(
        session, system, Kind.CONTACT_WENT_OUT, "contact", user.id, engagement_id=engagement.id, last=last
    )


async def succeed(
    session: Session,
    actor: Actor,
    engagement_id: uuid.UUID | str,
    user_id: uuid.UUID | str,
    named: dict[str, uuid.UUID],
    *,
    name: str = "",
    email: str = "",
) -> Engagement:
    """Name who takes over, in an engagement, what rested on somebody who has left: for each of ROLES that is to change.

    With `email`, somebody new takes over all of it. Drafts get the new signer; what was sent is frozen, and waits for a new
    version. Raises Invalid, its field the role, for anybody but the client's people who are there. Twice is once.
    """
    engagement = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, Engagement, engagement_id, lock=True)
    gone = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, User, user_id)
    if gone.left_at is None:
        raise Conflict(f"{gone.name} has not left. /engagement people says who plays which part.")
    rest = await resting(session, engagement.id, gone.id)
    wanted = {role: named[role] for role in rest.roles if role in named}
    if email.strip():
        company = (await session.execute(select(Company).where(Company.id == engagement.company_id))).scalar_one()
        fresh = await people.contact(session, engagement.organization_id, name=name, email=email, company=company)
        wanted = dict.fromkeys(rest.roles, fresh.id)
    there = {user.id for user in await contacts(session, engagement.company_id)}
    for role, successor in wanted.items():
        if successor not in there:
            raise Invalid("Please choose one of the client's people who are there.", field=role)
    if not wanted:
        return engagement
    for successor in dict.fromkeys(wanted.values()):
        await add_person(session, engagement, successor)
    engagement.contact_id = wanted.get("contact", engagement.contact_id)
    engagement.approver_id = _part(engagement, wanted.get("approver", engagement.approver_id))
    engagement.billing_id = _part(engagement, wanted.get("billing", engagement.billing_id))
    changed = await _sign_instead(session, gone.id, rest.drafts, wanted["signer"]) if "signer" in wanted else []
    await _bill_instead(session, engagement, gone.id)
    await session.flush()
    happened = [Happening(actor, Kind.PROPOSAL_EDITED, "proposal", one, engagement.id) for one in changed]
    facts = {role: str(successor) for role, successor in wanted.items()}
    happened.append(Happening(actor, Kind.CONTACT_SUCCEEDED, "contact", gone.id, engagement.id, facts))
    await events.record_all(session, happened)
    return engagement


def _part(engagement: Engagement, chosen: uuid.UUID | None) -> uuid.UUID | None:
    """A part's own person; None where the main contact plays it."""
    return None if chosen == engagement.contact_id else chosen


async def _sign_instead(
    session: Session, gone: uuid.UUID, drafts: Sequence[tuple[uuid.UUID, str]], successor: uuid.UUID
) -> list[uuid.UUID]:
    for proposal_id, _ in drafts:
        rows = (await session.execute(select(Signer).where(Signer.proposal_id == proposal_id))).scalars().all()
        for signer in rows:
            if signer.user_id == gone and any(other.user_id == successor for other in rows):
                await session.delete(signer)
            elif signer.user_id == gone:
                signer.user_id = successor
    return [proposal_id for proposal_id, _ in drafts]


async def _bill_instead(session: Session, engagement: Engagement, gone: uuid.UUID) -> None:
    """Invoices that nobody outside has seen yet go to whoever gets the invoices now."""
    drafts = select(Invoice).where(
        Invoice.engagement_id == engagement.id, Invoice.client_id == gone, Invoice.status == "draft"
    )
    payer = engagement.billing_id or engagement.contact_id
    for invoice in (await session.execute(drafts)).scalars():
        if payer != gone:
            invoice.client_id = payer


async def _concerned(session: Session, user_id: uuid.UUID) -> list[uuid.UUID]:
    """The engagements that are not closed and in which the person is, or plays a part; locked, in the order of their ids."""
    inside = select(EngagementPerson.engagement_id).where(EngagementPerson.user_id == user_id)
    signing = select(Proposal.engagement_id).join(Signer, Signer.proposal_id == Proposal.id)
    query = select(Engagement.id).where(
        Engagement.status != "closed",
        or_(
            Engagement.id.in_(inside),
            Engagement.contact_id == user_id,
            Engagement.approver_id == user_id,
            Engagement.billing_id == user_id,
            Engagement.id.in_(signing.where(Signer.user_id == user_id, Proposal.status.in_(OPEN))),
        ),
    )
    return list((await session.execute(query.order_by(Engagement.id).with_for_update(key_share=True))).scalars())


async def _record(
    session: Session, actor: Actor, kind: Kind, user: User, concerned: Sequence[uuid.UUID], **facts: str
) -> None:
    """On record in every engagement concerned; in the organization's own chain where there is none."""
    chains = concerned or [user.organization_id]
    await events.record_all(session, [Happening(actor, kind, "contact", user.id, chain, facts) for chain in chains])


@dataclass(frozen=True)
class Resting:
    """What rests on somebody in an engagement, and how they stand; plain values, for the card that tells staff."""

    engagement_id: uuid.UUID
    user_id: uuid.UUID
    name: str
    first_name: str
    company: str
    left: bool
    how: str
    """How it became known that they had left: "staff" or "slack"."""
    by: str
    roles: tuple[str, ...]
    """Of ROLES, those for which somebody else can be named."""
    drafts: tuple[tuple[uuid.UUID, str], ...]
    """Drafts that they were to sign: (id, title)."""
    proposals: tuple[tuple[uuid.UUID, str], ...]
    """Proposals that wait for their signature: (id, title)."""
    unpaid: tuple[str, ...]
    """The invoices that nobody pays now."""
    contact: str
    """The main contact's name, as it stands now."""
    inside: bool = True
    """Whether they are in the engagement still."""
    last: bool = False


async def resting(session: Session, engagement_id: uuid.UUID, user_id: uuid.UUID) -> Resting:
    """What rests on a contact in an engagement now; once others took over, less of it."""
    engagement = await by_id(session, engagement_id)
    known = await people.get(session, [user_id, engagement.contact_id])
    if user_id not in known:
        raise NotFound("There is nobody with this id here.")
    user, contact = known[user_id], known[engagement.contact_id]
    company = (await session.execute(select(Company).where(Company.id == engagement.company_id))).scalar_one()
    rows = await session.execute(
        select(Proposal.id, Proposal.title, Proposal.status)
        .join(Signer, Signer.proposal_id == Proposal.id)
        .where(
            Proposal.engagement_id == engagement_id,
            Proposal.status.in_((*OPEN, "draft")),
            Signer.user_id == user_id,
            Signer.signed_at.is_(None),
        )
        .order_by(Proposal.created_at)
    )
    signs = rows.all()
    drafts = tuple((one.id, one.title) for one in signs if one.status == "draft")
    played = {
        "contact": engagement.contact_id == user_id,
        "approver": engagement.approver_id == user_id,
        "billing": engagement.billing_id == user_id,
        "signer": bool(drafts),
    }
    unpaid: tuple[str, ...] = ()
    if (engagement.billing_id or engagement.contact_id) == user_id:
        bills = select(Invoice).where(Invoice.engagement_id == engagement_id, Invoice.status.in_(UNPAID))
        unpaid = tuple(one.name for one in (await session.execute(bills.order_by(Invoice.created_at))).scalars())
    how, by, last = await _how(session, engagement_id, user_id)
    place = select(EngagementPerson.id).where(
        EngagementPerson.engagement_id == engagement_id, EngagementPerson.user_id == user_id
    )
    return Resting(
        engagement_id=engagement_id,
        user_id=user_id,
        name=user.name,
        first_name=user.first_name,
        company=company.name,
        left=user.left_at is not None,
        how=how,
        by=by,
        roles=tuple(role for role in ROLES if played[role]),
        drafts=drafts,
        proposals=tuple((one.id, one.title) for one in signs if one.status != "draft"),
        unpaid=unpaid,
        contact=contact.name,
        inside=(await session.execute(place)).first() is not None,
        last=last,
    )


async def _how(session: Session, chain: uuid.UUID, user_id: uuid.UUID) -> tuple[str, str, bool]:
    kinds = (Kind.CONTACT_LEFT.value, Kind.CONTACT_RETURNED.value, Kind.CONTACT_WENT_OUT.value)
    query = select(Event).where(Event.chain == chain, Event.subject_id == user_id, Event.kind.in_(kinds))
    event = (await session.execute(query.order_by(Event.seq.desc()).limit(1))).scalar_one_or_none()
    if event is None:
        return "", "", False
    actor = (await people.get(session, [event.actor_id])).get(event.actor_id) if event.actor_id else None
    return str(event.facts.get("how", "")), actor.first_name if actor else "", bool(event.facts.get("last"))


async def gone(session: Session, company_id: uuid.UUID) -> list[User]:
    """The contacts of a company who have left and were not erased, by name: those who could be back."""
    query = select(User).where(
        User.company_id == company_id,
        User.side == "client",
        User.left_at.is_not(None),
        User.deleted_at.is_(None),
        User.erased_at.is_(None),
    )
    return list((await session.execute(query.order_by(User.name))).scalars())
