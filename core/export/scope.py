"""What an export may hold: who asks, for whom it is, and the page that it opens with."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, or_, select

from core import access, backfill, clock, people
from core.access import Can
from core.conversations import Message
from core.db import Session
from core.engagements import ChannelMember, Engagement, EngagementPerson
from core.errors import NotAllowed, NotFound
from core.people import Actor, Company, Identity, User

Audience = Literal["staff", "client"]


@dataclass(frozen=True)
class Scope:
    """Whose eyes an export is read with. `actor` is who asked; `eyes` is the client's main contact where it is made for the client."""

    actor: Actor
    eyes: Actor
    engagement_id: uuid.UUID
    audience: Audience
    earlier: bool
    """Whether earlier texts of edited messages, and the texts of deleted ones, may be read."""
    taken_at: datetime


@dataclass(frozen=True)
class Person:
    """Somebody of the engagement, as the export names them."""

    id: uuid.UUID
    name: str
    side: str
    email: str
    slack_user_ids: tuple[str, ...]


@dataclass(frozen=True)
class Cover:
    """What stands on the first page of an export."""

    engagement_id: uuid.UUID
    title: str
    company: str
    agency: str
    status: str
    began_at: datetime
    closed_at: datetime | None
    timezone: str
    locale: str
    taken_at: datetime
    taken_by: str
    audience: Audience
    earlier: bool
    places: dict[str, str]
    """The name of each channel by its id: the one shared with the client, and, for staff, their own."""
    staff_channel_id: str
    people: tuple[Person, ...]
    messages: int
    gaps: tuple[tuple[datetime | None, datetime], ...] = ()
    """For staff: from when (None: from the beginning) until when edits and deletions may be missing."""


async def scope(session: Session, actor: Actor, engagement_id: uuid.UUID | str, *, for_client: bool = False) -> Scope:
    """The scope of an export that this person asks for. NotFound for a stranger, NotAllowed for whoever may not take it away.

    Made for the client, it is read with the eyes of their main contact: what `access.FOR_CLIENTS` hides is not in it.
    """
    engagement = await access.fetch(session, actor, Can.ENGAGEMENT_EXPORT, Engagement, engagement_id)
    if actor.side not in ("staff", "system"):
        raise NotAllowed(access.GRANTS[Can.ENGAGEMENT_EXPORT].refusal)
    eyes = actor
    if for_client:
        contact = (await people.get(session, [engagement.contact_id]))[engagement.contact_id]
        eyes = Actor(
            engagement.organization_id,
            "client",
            name=contact.name,
            user_id=contact.id,
            company_id=engagement.company_id,
        )
    earlier = not for_client and access.allowed(actor, Can.CONVERSATION_SEE_EARLIER)
    return Scope(actor, eyes, engagement.id, "client" if for_client else "staff", earlier, clock.now())


async def cover(session: Session, scope: Scope) -> Cover:
    """The first page, and how many messages follow it."""
    engagement = (await session.execute(select(Engagement).where(Engagement.id == scope.engagement_id))).scalar_one()
    company = (await session.execute(select(Company.name).where(Company.id == engagement.company_id))).scalar_one()
    house = await people.organization(session, engagement.organization_id)
    counted = access.visible(scope.eyes, Can.CONVERSATION_SEE, Message).where(
        Message.engagement_id == engagement.id, Message.created_at <= scope.taken_at
    )
    places: dict[str, str] = {}
    if engagement.channel_id:
        places[engagement.channel_id] = _called(engagement.channel_name) or "the shared channel"
    if engagement.staff_channel_id and scope.audience == "staff":
        places[engagement.staff_channel_id] = _called(engagement.staff_channel_name) or "the staff channel"
    first = (await session.execute(counted.with_only_columns(func.min(Message.sent_at)))).scalar_one()
    return Cover(
        engagement_id=engagement.id,
        title=engagement.title,
        company=company,
        agency=house.name,
        status=engagement.status,
        began_at=min(first or engagement.created_at, engagement.created_at),
        closed_at=engagement.closed_at,
        timezone=scope.actor.timezone if scope.actor.user_id else house.timezone,
        locale=scope.actor.locale if scope.actor.user_id else house.locale,
        taken_at=scope.taken_at,
        taken_by=scope.actor.name if scope.actor.user_id else house.name,
        audience=scope.audience,
        earlier=scope.earlier,
        places=places,
        staff_channel_id=engagement.staff_channel_id or "" if scope.audience == "staff" else "",
        people=await _people(session, engagement, scope.audience),
        messages=(await session.execute(counted.with_only_columns(func.count()))).scalar_one(),
        gaps=await _gaps(session, engagement) if scope.audience == "staff" else (),
    )


def _called(channel: str) -> str:
    return f"#{channel}" if channel else ""


async def _gaps(session: Session, engagement: Engagement) -> tuple[tuple[datetime | None, datetime], ...]:
    """Each time once, whichever of the engagement's channels it is about."""
    return tuple(dict.fromkeys((gap.since, gap.until) for gap in await backfill.gaps(session, engagement.id)))


async def _people(session: Session, engagement: Engagement, audience: Audience) -> tuple[Person, ...]:
    """Those who are in the engagement, or who were in its channels; to the client, nobody's address but their own side's."""
    channels = [channel for channel in (engagement.channel_id, engagement.staff_channel_id) if channel]
    inside = select(EngagementPerson.user_id).where(EngagementPerson.engagement_id == engagement.id)
    reading = (
        select(Identity.user_id)
        .join(ChannelMember, ChannelMember.slack_user_id == Identity.slack_user_id)
        .where(ChannelMember.channel_id.in_(channels), Identity.user_id.is_not(None))
    )
    named = [engagement.owner_id, engagement.contact_id, engagement.approver_id, engagement.billing_id]
    query = select(User).where(or_(User.id.in_(inside), User.id.in_(reading), User.id.in_([n for n in named if n])))
    found = list((await session.execute(query.order_by(User.side.desc(), User.name))).scalars())
    accounts: dict[uuid.UUID, list[str]] = {}
    rows = await session.execute(
        select(Identity.user_id, Identity.slack_user_id)
        .where(Identity.user_id.in_([user.id for user in found]))
        .order_by(Identity.slack_user_id)
    )
    for user_id, account in rows:
        if user_id is not None:
            accounts.setdefault(user_id, []).append(account)
    return tuple(
        Person(
            user.id,
            user.name,
            user.side,
            user.email if audience == "staff" or user.side == "client" else "",
            tuple(accounts.get(user.id, ())),
        )
        for user in found
    )


async def find(session: Session, which: str) -> Engagement:
    """The engagement that is meant by an id, or by a part of its title, its company or its channel. NotFound if that is not plain."""
    asked = which.strip().lstrip("#").lower()
    query = select(Engagement, Company.name).join(Company, Company.id == Engagement.company_id)
    rows = (await session.execute(query.order_by(Engagement.title, Engagement.created_at))).all()
    calls = {
        row[0].id: (str(row[0].id), row[0].title.lower(), row[1].lower(), row[0].channel_name.lower()) for row in rows
    }
    whole = [row[0] for row in rows if asked and asked in calls[row[0].id]]
    found = whole or [row[0] for row in rows if asked and any(asked in call for call in calls[row[0].id])]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(f"No engagement is called “{which.strip()}”.")
    titles = "\n".join(f"  {one.id}  {one.title}, begun {one.created_at:%-d %b %Y}" for one in found[:20])
    raise NotFound(f"Several engagements fit. Name one by its id:\n{titles}")
