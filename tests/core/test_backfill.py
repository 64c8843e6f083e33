"""Searches for what is missing: who may ask, where they begin, what a page changes, and how they end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from core import backfill, clock, engagements
from core.backfill import Backfill, Checked, Found, Part, Turn
from core.conversations import Conversation, Message
from core.db import Database, Session, save
from core.engagements import Engagement
from core.errors import NotAllowed, NotFound
from core.events import Event, Kind
from core.inbox import Delivery, Incoming
from core.jobs import Job
from core.people import NONE, Actor
from tests.builders import TEAM, House

TS = "1800000000.000100"


def found(ts: str = TS, channel: str = "C0STUDIOADACLIENT", **more: Any) -> Found:
    name = f"backfill:{channel}:{ts}{more.get('edited_ts', '')}{more.get('reaction', '')}"
    return Found(
        ts, Incoming("slack", TEAM, name, f"slack:{TEAM}:{channel}", "message", "{}", b"{}", clock.now()), **more
    )


async def begun(session: Session, house: House, reason: str = "asked", **more: Any) -> tuple[Backfill, Turn]:
    run = await backfill.ask(session, house.ada, house.engagement.id, reason, **more)
    assert run is not None
    turn = await backfill.turn(session, run.id)
    assert turn is not None
    return run, turn


async def said(session: Session, house: House, ts: str, **more: Any) -> Message:
    message = Message(
        organization_id=house.id,
        engagement_id=house.engagement.id,
        source="slack",
        source_ref=f"C0STUDIOADACLIENT:{ts}",
        side="client",
        channel_id="C0STUDIOADACLIENT",
        ts=ts,
        text="Hello",
        sent_at=datetime.fromtimestamp(float(ts), UTC),
        **more,
    )
    await save(session, message)
    return message


async def test_a_stranger_finds_nothing_and_a_member_without_the_right_is_told_so(
    session: Session, ada_house: House
) -> None:
    with pytest.raises(NotFound):
        await backfill.ask(session, ada_house.stranger, ada_house.engagement.id)
    with pytest.raises(NotFound):
        await backfill.ask(session, ada_house.gus, ada_house.engagement.id)
    with pytest.raises(NotAllowed):
        await backfill.ask(session, ada_house.clara, ada_house.engagement.id)
    reader = Actor(
        ada_house.id, "staff", user_id=ada_house.ben.user_id, levels={**ada_house.ben.levels, "clients": NONE}
    )
    with pytest.raises(NotFound):
        await backfill.ask(session, reader, ada_house.engagement.id)


async def test_while_one_search_runs_it_is_the_one_that_is_meant(session: Session, ada_house: House) -> None:
    first = await backfill.ask(session, ada_house.ada, ada_house.engagement.id)
    again = await backfill.ask(session, ada_house.ada, ada_house.engagement.id, "outage")
    assert first is not None and again is first
    jobs = (await session.execute(select(Job.lane).where(Job.kind == "backfill.step"))).scalars().all()
    assert jobs == [f"history:{ada_house.id}"], "one page at a time in the organization"


async def test_it_reads_both_channels_and_each_open_conversation_from_where_the_last_one_ended(
    session: Session, ada_house: House
) -> None:
    checked = clock.now() - timedelta(hours=3)
    for status, thread in (("waiting_us", "1.1"), ("resolved", "2.2"), ("resolved", "3.3")):
        long_ago = timedelta(days=90 if thread == "3.3" else 1)
        one = Conversation(
            organization_id=ada_house.id,
            engagement_id=ada_house.engagement.id,
            topic="Blog",
            status=status,
            channel_id="C0STUDIOADACLIENT",
            thread_ts=thread,
            opened_at=clock.now(),
            last_message_at=clock.now() - long_ago,
        )
        session.add(one)
    session.add(Checked(organization_id=ada_house.id, channel_id="C0STUDIOADACLIENT", checked_at=checked))
    await session.flush()
    run, turn = await begun(session, ada_house)
    parts = (await session.execute(select(Part).where(Part.backfill_id == run.id))).scalars().all()
    assert {(part.channel_id, part.thread_ts) for part in parts} == {
        ("C0STUDIOADACLIENT", ""),
        ("C0STUDIOADACLIENT", "1.1"),
        ("C0STUDIOADACLIENT", "2.2"),
        ("C0STUDIOADASTAFF", ""),
    }
    client = next(part for part in parts if part.channel_id == "C0STUDIOADACLIENT")
    assert checked - timedelta(minutes=5) < datetime.fromtimestamp(float(client.oldest), UTC) < checked
    assert turn.thread_ts == "", "channels before threads"


async def test_a_channel_whose_people_were_not_told_is_not_read(session: Session, ada_house: House) -> None:
    own = Engagement.id == ada_house.engagement.id
    await session.execute(update(Engagement).where(own).values(adopted=True, told_at=None, staff_channel_gone="left"))
    assert await backfill.ask(session, ada_house.ada, ada_house.engagement.id) is None
    assert await backfill.bring_in(session, ada_house.engagement.id) is None
    await session.execute(update(Engagement).where(own).values(told_at=clock.now()))
    run = await backfill.bring_in(session, ada_house.engagement.id)
    assert run is not None and (run.reason, run.since) == ("link", None)
    assert await backfill.bring_in(session, ada_house.engagement.id) is None, "once"


async def test_a_page_enters_the_inbox_once_and_only_what_is_missing(session: Session, ada_house: House) -> None:
    await said(session, ada_house, "1800000001.000000")
    await said(session, ada_house, "1800000002.000000", edited_ts="1800000009.000000")
    await said(session, ada_house, "1800000003.000000", deleted_at=clock.now())
    run, turn = await begun(session, ada_house)
    page = [
        found(),
        found("1800000001.000000"),
        found("1800000001.000000", edited_ts="1800000008.000000"),
        found("1800000002.000000", edited_ts="1800000009.000000"),
        found("1800000003.000000", gone=True),
        found("1800000004.000000", spoken=False),
        found(reaction=("U0CLARA", "tada")),
    ]
    await backfill.take(session, run.id, turn, page, ["1800000001.000000"], cursor="next")
    await backfill.take(session, run.id, turn, page, [], cursor="other")
    kept = (await session.execute(select(Delivery.external_id).order_by(Delivery.id))).scalars().all()
    assert [one.split(":", 2)[2] for one in kept] == [
        TS,
        f"{TS}('U0CLARA', 'tada')",
        "1800000001.0000001800000008.000000",
        "1800000004.000000",
    ]
    assert (run.looked, run.found) == (6, 2), "notices and reactions are kept, too, and missed by nobody"
    turn = await backfill.turn(session, run.id)
    assert turn is not None and turn.cursor == "next"


async def test_what_was_deleted_for_good_stays_so(session: Session, ada_house: House) -> None:
    until = datetime.fromtimestamp(1800000000, UTC) + timedelta(hours=1)
    own = Engagement.id == ada_house.engagement.id
    await session.execute(update(Engagement).where(own).values(forgotten_at=until))
    session.expire_all()
    run, turn = await begun(session, ada_house)
    await backfill.take(session, run.id, turn, [found(), found("1800009999.000000")], [], cursor="")
    assert (run.looked, run.found) == (1, 1)


async def _read_all(session: Session, run: Backfill, trouble: str = "") -> None:
    while turn := await backfill.turn(session, run.id):
        if trouble:
            await backfill.pass_over(session, run.id, turn, trouble)
        else:
            await backfill.take(session, run.id, turn, [], [], cursor="")


@pytest.mark.parametrize(("reason", "missing", "gaps"), [("asked", 0, 0), ("asked", 1, 2), ("outage", 0, 2)])
async def test_a_gap_is_marked_where_something_may_be_missing(
    session: Session, ada_house: House, reason: str, missing: int, gaps: int
) -> None:
    run, turn = await begun(session, ada_house, reason)
    await backfill.take(session, run.id, turn, [found()][:missing], [], cursor="")
    assert await backfill.finish(session, run.id) is None, "not before all is read"
    await _read_all(session, run)
    assert await backfill.finish(session, run.id) is run and await backfill.finish(session, run.id) is None
    assert len(await backfill.gaps(session, ada_house.engagement.id)) == gaps
    kinds = (await session.execute(select(Event.kind).where(Event.subject_id == run.id))).scalars().all()
    assert kinds == [Kind.ENGAGEMENT_RECORD_GAP][:gaps]
    checked = (await session.execute(select(Checked.checked_at))).scalars().all()
    assert checked == [run.until, run.until]


async def test_the_schedule_leaves_no_trace_of_having_found_nothing(session: Session, ada_house: House) -> None:
    run, _ = await begun(session, ada_house, "schedule")
    await _read_all(session, run)
    await backfill.finish(session, run.id)
    assert (await session.execute(select(Backfill))).all() == [] == (await session.execute(select(Part))).all()
    assert await backfill.told(session, run.id) is None


async def test_what_slack_refuses_is_marked_and_a_thread_that_is_gone_is_not(
    session: Session, ada_house: House
) -> None:
    run, turn = await begun(session, ada_house, "schedule")
    await backfill.take(session, run.id, turn, [], ["1.1"], cursor="old")
    turn = await backfill.turn(session, run.id)
    assert turn is not None
    await backfill.pass_over(session, run.id, turn, "invalid_cursor")
    anew = await backfill.turn(session, run.id)
    assert anew is not None and (anew.part_id, anew.cursor) == (turn.part_id, ""), "read from its beginning again"
    await _read_all(session, run, "thread_not_found")
    await backfill.finish(session, run.id)
    assert await backfill.gaps(session, ada_house.engagement.id) == []
    run, _ = await begun(session, ada_house, "schedule")
    await _read_all(session, run, "missing_scope")
    await backfill.finish(session, run.id)
    assert {gap.trouble for gap in await backfill.gaps(session, ada_house.engagement.id)} == {"missing_scope"}


async def test_what_was_last_spoken_of_long_before_is_settled_when_a_channel_is_linked(
    session: Session, ada_house: House
) -> None:
    own = Engagement.id == ada_house.engagement.id
    await session.execute(update(Engagement).where(own).values(adopted=True, told_at=clock.now()))
    session.expire_all()
    for days in (1, 8, 400):
        at = clock.now() - timedelta(days=days)
        session.add(
            Conversation(
                organization_id=ada_house.id,
                engagement_id=ada_house.engagement.id,
                topic=f"{days} days",
                status="waiting_us",
                channel_id="C0STUDIOADACLIENT",
                thread_ts=f"{days}.1",
                opened_at=at,
                last_message_at=at,
                waiting_since=at,
            )
        )
    await session.flush()
    run = await backfill.bring_in(session, ada_house.engagement.id)
    assert run is not None
    assert [await backfill.settle_old(session, run.id) for _ in range(2)] == [2, 0]
    rows = await session.execute(select(Conversation.topic, Conversation.status))
    states = {row.topic: row.status for row in rows}
    assert states == {"1 days": "waiting_us", "8 days": "resolved", "400 days": "resolved"}


async def test_an_outage_is_seen_at_the_first_beat_and_a_moved_clock_is_none(
    database: Database, ada_house: House, moved_clock: Path
) -> None:
    async def beat(*, first: bool) -> datetime | None:
        async with database.transaction(ada_house.id) as session:
            return await backfill.beat(session, "serve", first=first)

    began = clock.now()
    assert await beat(first=True) is None
    clock.move(86_400)
    assert await beat(first=False) is None, "the day was skipped while it ran"
    clock.move(240)
    assert await beat(first=True) is None, "Slack sends again for so long"
    clock.move(600)
    down = await beat(first=True)
    assert down is not None and timedelta(minutes=1_443) < down - began < timedelta(minutes=1_446)


async def test_a_day_after_the_last_time_a_channel_is_due(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    own = Engagement.id == ada_house.engagement.id
    await session.execute(update(Engagement).where(own).values(prepared_at=clock.now()))
    assert await backfill.due(session) == []
    clock.move(2 * 86_400)
    assert await backfill.due(session) == [ada_house.engagement.id]
    run, _ = await begun(session, ada_house, "schedule")
    assert await backfill.due(session) == []
    await _read_all(session, run)
    await backfill.finish(session, run.id)
    assert await backfill.due(session) == []
    clock.move(2 * 86_400)
    await session.execute(update(Engagement).where(own).values(status="closed"))
    assert await backfill.due(session) == []


async def test_repair_means_one_engagement_or_all_that_are_open(database: Database, ada_house: House) -> None:
    assert [one.title for one in await backfill.repair(database, "nobody's")] == []
    assert [one.title for one in await backfill.repair(database, "northwind")] == ["Northwind"]
    assert [one.title for one in await backfill.repair(database)] == ["Northwind"], "Globex has no channel yet"


async def test_shared_channels_without_an_engagement_can_be_linked(session: Session, ada_house: House) -> None:
    await engagements.seen(session, {"C1": "globex", "C2": "acme", "C0STUDIOADACLIENT": "northwind"})
    assert [one.name for one in await engagements.adoptable(session, ada_house.ada)] == ["acme", "globex"]
    await engagements.seen(session, {"C2": "acme-site"})
    assert [one.name for one in await engagements.adoptable(session, ada_house.ada)] == ["acme-site"]
    for somebody in (ada_house.clara, ada_house.stranger):
        with pytest.raises(NotAllowed):
            await engagements.adoptable(session, somebody)
        with pytest.raises(NotAllowed):
            await engagements.look_around(session, somebody, "U0")


async def test_where_it_is_wished_an_outage_is_looked_into_without_a_word(session: Session, ada_house: House) -> None:
    since = clock.now() - timedelta(minutes=30)
    await backfill.outage(session, since, quietly=True)
    queued = (await session.execute(select(Job.payload).where(Job.kind == "backfill.outage"))).scalars().all()
    assert queued and all(payload["quietly"] for payload in queued)
    run = await backfill.after_outage(session, ada_house.engagement.id, since, clock.now(), quietly=True)
    assert run is not None and run.reason == "schedule" and run.since == since
    assert await backfill.shown_in(session, run.id) is None
