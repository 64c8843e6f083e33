"""How an engagement begins: opened with channels that are made for it, or linked to one that is there already."""

import re
import unicodedata
import uuid
from collections.abc import Sequence

from sqlalchemy import select

from core import access, events, jobs, people
from core.access import Can
from core.db import Session, save
from core.engagements.engagement import Engagement, EngagementPerson, in_channel
from core.errors import Conflict, Invalid
from core.events import Kind
from core.people import Actor, Company, User

NAME = 80 - len("-internal-99")
"""How long the name of a client channel may be: Slack takes 80, and the staff channel's is longer."""


def channel_name(wanted: str) -> str:
    """A name as Slack takes it: lower case, letters, digits and hyphens; "client" where nothing is left."""
    plain = unicodedata.normalize("NFKC", wanted).lower()
    return re.sub(r"[\W_]+", "-", plain).strip("-")[:NAME].strip("-") or "client"


async def open(
    session: Session,
    actor: Actor,
    *,
    company: str,
    contact: str,
    email: str,
    team: Sequence[uuid.UUID] = (),
    newcomers: Sequence[str] = (),
    title: str = "",
    channel: str = "",
    show_amounts: bool = False,
    key: uuid.UUID | None = None,
) -> Engagement:
    """Begin an engagement: company, contact and people are there at once, the channels and the invitation follow as a
    job.

    `team` are users, `newcomers` Slack accounts of colleagues whom we have not met. `key` is the form's: submitted
    twice, it opens once.
    """
    access.demand(actor, Can.ENGAGEMENT_OPEN)
    if key and (known := await _known(session, key)):
        return known
    engagement, client = await _begin(session, actor, company, contact, email, title, show_amounts, key)
    engagement.channel_name = channel_name(channel or client.name)
    await save(session, engagement)
    await _people(session, actor, engagement, team)
    await events.record(
        session, actor, Kind.ENGAGEMENT_OPENED, "engagement", engagement.id, engagement_id=engagement.id
    )
    await prepare(session, engagement, newcomers)
    return engagement


async def link(
    session: Session,
    actor: Actor,
    *,
    channel_id: str,
    channel: str = "",
    company: str,
    contact: str,
    email: str,
    team: Sequence[uuid.UUID] = (),
    newcomers: Sequence[str] = (),
    title: str = "",
    show_amounts: bool = False,
    key: uuid.UUID | None = None,
) -> Engagement:
    """Adopt a channel that is there already: only the staff channel is made, and nothing said is kept before its people
    were told.
    """
    access.demand(actor, Can.ENGAGEMENT_OPEN)
    if key and (known := await _known(session, key)):
        return known
    taken, _ = await in_channel(session, channel_id)
    if taken is not None:
        raise Conflict(f"This channel belongs to the engagement “{taken.title}” already. `/engagement` shows it.")
    engagement, _client = await _begin(session, actor, company, contact, email, title, show_amounts, key)
    engagement.channel_id, engagement.channel_name = channel_id, channel
    engagement.adopted = True
    await save(session, engagement)
    await _people(session, actor, engagement, team)
    await events.record(
        session, actor, Kind.ENGAGEMENT_LINKED, "engagement", engagement.id, engagement_id=engagement.id
    )
    await prepare(session, engagement, newcomers)
    return engagement


async def _known(session: Session, key: uuid.UUID) -> Engagement | None:
    return (await session.execute(select(Engagement).where(Engagement.id == key))).scalar_one_or_none()


async def _begin(
    session: Session,
    actor: Actor,
    company: str,
    contact: str,
    email: str,
    title: str,
    show_amounts: bool,
    key: uuid.UUID | None,
) -> tuple[Engagement, Company]:
    if actor.user_id is None:
        raise Invalid("An engagement needs an owner, so a person must open it.")
    client = await people.company(session, actor.organization_id, company)
    person = await people.contact(session, actor.organization_id, name=contact, email=email, company=client)
    engagement = Engagement(
        id=key or uuid.uuid4(),
        organization_id=actor.organization_id,
        company_id=client.id,
        title=" ".join(title.split())[:120] or client.name,
        owner_id=actor.user_id,
        contact_id=person.id,
        show_amounts=show_amounts,
    )
    return engagement, client


async def _people(session: Session, actor: Actor, engagement: Engagement, team: Sequence[uuid.UUID]) -> None:
    known = await people.get(session, list(team))
    for user_id in team:
        if user_id not in known or known[user_id].side != "staff":
            raise Invalid(
                "Your team can only have people of your own agency. Clients are invited by e-mail.", field="team"
            )
    inside = dict.fromkeys([engagement.owner_id, engagement.contact_id, *team])
    for user_id in inside:
        session.add(
            EngagementPerson(organization_id=engagement.organization_id, engagement_id=engagement.id, user_id=user_id)
        )
    await session.flush()


async def prepare(session: Session, engagement: Engagement, newcomers: Sequence[str] = ()) -> None:
    """Have the channels made, or what is missing of them; harmless to ask for again."""
    await jobs.enqueue(
        session,
        "engagement.prepare",
        lane=f"engagement:{engagement.id}",
        payload={"engagement": str(engagement.id), "newcomers": list(newcomers)},
        organization_id=engagement.organization_id,
        dedupe=str(engagement.id),
    )


async def colleagues(session: Session, slack_user_ids: Sequence[str]) -> tuple[list[User], list[str]]:
    """These Slack accounts as users of the agency, and those whom we have not met yet. Invalid for guests and
    outsiders.
    """
    found: list[User] = []
    unmet: list[str] = []
    for slack_user_id in slack_user_ids:
        known = await people.identity(session, slack_user_id)
        if known is None:
            unmet.append(slack_user_id)
        elif known.kind != "member" or known.user_id is None:
            raise Invalid(
                f"{known.name or 'This account'} is not one of your own people. Choose members of your workspace.",
                field="team",
            )
        else:
            found.append((await people.get(session, [known.user_id]))[known.user_id])
    return found, unmet
