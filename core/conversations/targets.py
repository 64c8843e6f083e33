"""By when the agency means to answer: waiting times in its own working hours, and the warning before one is over."""

import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core import access, clock, events, jobs, people
from core.access import Can
from core.conversations.tables import Conversation, Message
from core.db import Session
from core.engagements import by_id
from core.events import Event, Kind
from core.people import Actor, Organization

WARNED_AT = 0.75
"""The part of the time to answer after which staff are told."""


@dataclass(frozen=True)
class Hours:
    """When the agency works: its zone, the time of day at which it opens and closes, and its working days (Monday is 0)."""

    zone: str
    opens: str
    closes: str
    workdays: Collection[int]

    def days(self, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The working days from a moment on, each from its opening to its closing, without end."""
        zone = ZoneInfo(self.zone)
        opens, closes = time.fromisoformat(self.opens), time.fromisoformat(self.closes)
        day: date = since.astimezone(zone).date()
        while True:
            if day.weekday() in self.workdays:
                begin, end = (datetime.combine(day, hour, zone).astimezone(UTC) for hour in (opens, closes))
                begin = max(begin, since)
                if begin < end:
                    yield begin, end
            day += timedelta(days=1)


def hours_of(house: Organization) -> Hours:
    """The working hours that the organization chose."""
    return Hours(house.timezone, house.setting("opens"), house.setting("closes"), house.setting("workdays"))


def between(hours: Hours, start: datetime, end: datetime) -> float:
    """How many working minutes lie between two moments."""
    spent = 0.0
    for begin, close in hours.days(start):
        if begin >= end:
            break
        spent += (min(close, end) - begin).total_seconds() / 60
    return spent


def after(hours: Hours, start: datetime, minutes: float) -> datetime:
    """The moment at which so many working minutes have passed since `start`."""
    left = timedelta(minutes=minutes)
    for begin, close in hours.days(start):
        if left <= close - begin:
            return begin + left
        left -= close - begin
    raise ValueError("There are no working days.")


@dataclass(frozen=True)
class Target:
    """By when a conversation is to be answered, and when staff are told that this comes near. `first`: nobody has answered yet."""

    due: datetime
    warn_at: datetime
    first: bool


async def target_of(session: Session, conversation: Conversation) -> Target | None:
    """The conversation's target now; None while it waits on nobody here, or the agency has set itself none."""
    since = conversation.waiting_since
    if conversation.status != "waiting_us" or since is None or conversation.deleted_at is not None:
        return None
    if (await by_id(session, conversation.engagement_id)).status != "active":
        return None
    house = await people.organization(session, conversation.organization_id)
    answers = select(Message.id).where(
        Message.conversation_id == conversation.id, Message.side == "staff", Message.staff_only.is_(False)
    )
    first = (await session.execute(answers.limit(1))).first() is None
    minutes = house.setting("first_response_minutes" if first else "waiting_minutes")
    if not minutes:
        return None
    hours = hours_of(house)
    return Target(after(hours, since, minutes), after(hours, since, minutes * WARNED_AT), first)


async def follow(session: Session, conversation: Conversation) -> None:
    """Have what depends on a conversation brought up to date: its control card, and the hour at which staff are warned."""
    await follow_all(session, {conversation.id: conversation.organization_id})


async def follow_all(session: Session, conversations: Mapping[uuid.UUID, uuid.UUID]) -> None:
    """The same for several, of which the ids are known, with their organizations."""
    await jobs.enqueue_all(
        session,
        [
            jobs.Wanted(
                "conversation.follow",
                f"conversation:{conversation_id}",
                {"conversation": str(conversation_id)},
                organization_id,
                dedupe=str(conversation_id),
            )
            for conversation_id, organization_id in sorted(conversations.items())
        ],
    )


async def watch(session: Session, conversation: Conversation) -> None:
    """Have the wait looked at when its target comes near; once for each wait."""
    target, since = await target_of(session, conversation), conversation.waiting_since
    if target is not None and since is not None:
        await _look(session, conversation, since, max(target.warn_at, clock.now()))


async def _look(session: Session, conversation: Conversation, since: datetime, at: datetime) -> None:
    wait = f"{conversation.id}:{since.timestamp():.0f}"
    await jobs.enqueue(
        session,
        "conversation.watch",
        lane=f"watch:{wait}",
        payload={"conversation": str(conversation.id)},
        organization_id=conversation.organization_id,
        run_at=at,
        dedupe=wait,
    )


async def warn(session: Session, actor: Actor, conversation_id: uuid.UUID | str) -> bool:
    """Warn that a conversation's target comes near, once for each wait; too early, it is looked at again then. Whether it warned."""
    conversation = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Conversation, conversation_id, lock=True)
    target = await target_of(session, conversation)
    if target is None or conversation.waiting_since is None:
        return False
    warned = select(Event.id).where(
        Event.subject_id == conversation.id,
        Event.kind == Kind.CONVERSATION_DUE,
        Event.at >= conversation.waiting_since,
    )
    if (await session.execute(warned.limit(1))).first() is not None:
        return False
    if clock.now() < target.warn_at:
        await _look(session, conversation, conversation.waiting_since, target.warn_at)
        return False
    await events.record(
        session,
        actor,
        Kind.CONVERSATION_DUE,
        "conversation",
        conversation.id,
        engagement_id=conversation.engagement_id,
        first=target.first,
    )
    return True
