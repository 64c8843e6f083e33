"""Working time between two moments, and the warning before a target is missed: once for each wait."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from core import clock, conversations, people
from core.conversations import Conversation, Hours, Said, after, between
from core.db import Session
from core.events import Event, Kind
from core.jobs import Job
from tests.builders import House

LONDON = ZoneInfo("Europe/London")
OFFICE = Hours("Europe/London", "09:00", "18:00", (0, 1, 2, 3, 4))


def at(text: str, zone: ZoneInfo = LONDON) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-11-24 10:00", "2026-11-24 11:30", 90),
        ("2026-11-24 08:00", "2026-11-24 09:10", 10),  # before it opens
        ("2026-11-24 17:50", "2026-11-25 09:10", 20),  # over night
        ("2026-11-27 17:00", "2026-11-30 10:00", 120),  # over a weekend
        ("2026-11-28 10:00", "2026-11-29 10:00", 0),  # within one
        ("2026-11-24 11:00", "2026-11-24 10:00", 0),  # the wrong way round
        ("2026-03-27 17:00", "2026-03-30 10:00", 120),  # the clock goes forward on that Sunday
        ("2026-10-23 17:00", "2026-10-26 10:00", 120),  # and back on this one
        ("2026-11-23 09:00", "2026-11-30 09:00", 5 * 9 * 60),
    ],
)
def test_working_minutes_between_two_moments(start: str, end: str, minutes: int) -> None:
    assert between(OFFICE, at(start), at(end)) == minutes


@pytest.mark.parametrize(("day", "minutes"), [("2026-03-29", 4 * 60), ("2026-10-25", 6 * 60), ("2026-11-22", 5 * 60)])
def test_a_night_shift_is_as_long_as_the_night_is(day: str, minutes: int) -> None:
    night = Hours("Europe/London", "00:00", "05:00", (6,))
    assert between(night, at(f"{day} 00:00"), at(f"{day} 12:00")) == minutes


def test_opening_at_an_hour_that_does_not_exist_is_no_trouble() -> None:
    gap = Hours("Europe/London", "01:15", "02:15", range(7))
    assert between(gap, at("2026-03-29 00:00"), at("2026-03-29 12:00")) in (0, 60)
    assert between(gap, at("2026-03-28 00:00"), at("2026-03-28 12:00")) == 60


@pytest.mark.parametrize("start", ["2026-11-24 10:00", "2026-11-27 17:30", "2026-11-28 03:00", "2026-03-27 16:00"])
@pytest.mark.parametrize("minutes", [1, 240, 480, 3000])
def test_after_is_what_between_measures(start: str, minutes: int) -> None:
    assert between(OFFICE, at(start), after(OFFICE, at(start), minutes)) == minutes


def test_a_question_on_friday_evening_is_due_on_monday() -> None:
    assert after(OFFICE, at("2026-11-27 17:00"), 240) == at("2026-11-30 12:00")
    assert after(Hours("America/New_York", "09:00", "17:00", (0,)), at("2026-11-27 17:00"), 60) == at(
        "2026-11-30 10:00", ZoneInfo("America/New_York")
    )


# the warning

MONDAY = "2026-11-30 10:00"


@pytest.fixture(autouse=True)
def monday(moved_clock: Path) -> Path:
    clock.move((at(MONDAY) - clock.now()).total_seconds())
    return moved_clock


async def asked(session: Session, house: House, text: str = "Is it done?", by: str = "U0CLARA") -> Conversation:
    said = Said("C0", f"{clock.now().timestamp():.6f}", by, text)
    message = await conversations.say(session, house.engagement, "client", said)
    return (await session.execute(select(Conversation).where(Conversation.id == message.conversation_id))).scalar_one()


async def answered(session: Session, house: House, to: Conversation) -> None:
    said = Said("C0", f"{clock.now().timestamp():.6f}", "U0ADA", "On it.", thread_ts=to.thread_ts)
    await conversations.say(session, house.engagement, "client", said)


async def warned(session: Session) -> int:
    return (await session.execute(select(func.count(Event.id)).where(Event.kind == Kind.CONVERSATION_DUE))).scalar_one()


async def looks(session: Session) -> list[datetime]:
    query = select(Job.run_at).where(Job.kind == "conversation.watch").order_by(Job.run_at)
    return list((await session.execute(query)).scalars())


async def test_a_first_answer_and_later_ones_have_targets_of_their_own(session: Session, ada_house: House) -> None:
    conversation = await asked(session, ada_house)
    target = await conversations.target_of(session, conversation)
    assert target and target.first
    assert abs(target.due - at("2026-11-30 14:00")) < timedelta(minutes=1)
    clock.move(600)
    await answered(session, ada_house, conversation)
    await session.refresh(conversation)
    assert await conversations.target_of(session, conversation) is None
    clock.move(600)
    said = Said("C0", f"{clock.now().timestamp():.6f}", "U0CLARA", "And when?", thread_ts=conversation.thread_ts)
    await conversations.say(session, ada_house.engagement, "client", said)
    await session.refresh(conversation)
    target = await conversations.target_of(session, conversation)
    assert target and not target.first
    assert abs(target.due - at("2026-11-30 18:00") - timedelta(minutes=20) - timedelta(hours=15)) < timedelta(hours=1)


async def test_a_warning_is_given_once_for_each_wait_and_only_when_it_is_time(
    session: Session, ada_house: House
) -> None:
    system = people.system(ada_house.id)
    conversation = await asked(session, ada_house)
    await conversations.watch(session, conversation)
    await conversations.watch(session, conversation)
    [look] = await looks(session)
    assert abs(look - at("2026-11-30 13:00")) < timedelta(minutes=1)
    assert not await conversations.warn(session, system, conversation.id)
    assert await warned(session) == 0
    clock.move(3 * 3600)
    assert await conversations.warn(session, system, conversation.id)
    assert not await conversations.warn(session, system, conversation.id)
    assert await warned(session) == 1
    await answered(session, ada_house, conversation)
    clock.move(60)
    said = Said("C0", f"{clock.now().timestamp():.6f}", "U0CLARA", "And when?", thread_ts=conversation.thread_ts)
    await conversations.say(session, ada_house.engagement, "client", said)
    clock.move(24 * 3600)
    assert await conversations.warn(session, system, conversation.id)
    assert await warned(session) == 2


async def test_nobody_is_warned_of_what_was_answered_resolved_or_has_no_target(
    session: Session, ada_house: House
) -> None:
    system = people.system(ada_house.id)
    first, second, third = [await asked(session, ada_house, each, by) for each, by in (
        ("One?", "U0CLARA"), ("Two?", "U0DANA"), ("Three?", "U0OTHER")
    )]  # fmt: skip
    await conversations.resolve(session, ada_house.ada, second.id)
    clock.move(60)
    await answered(session, ada_house, first)
    house = await people.organization(session, ada_house.id)
    house.settings = {"first_response_minutes": 0}
    await session.flush()
    clock.move(24 * 3600)
    for each in (first, second, third):
        await session.refresh(each)
        assert not await conversations.warn(session, system, each.id)
    house.settings = {"first_response_minutes": 30}
    await session.flush()
    ada_house.engagement = await session.merge(ada_house.engagement)
    ada_house.engagement.status = "paused"
    await session.flush()
    assert not await conversations.warn(session, system, third.id)
    ada_house.engagement.status = "active"
    await session.flush()
    assert await conversations.warn(session, system, third.id)


def test_the_clock_of_these_tests_is_their_own() -> None:
    assert os.environ["CLOCK_FILE"]
