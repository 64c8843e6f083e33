"""The runner and the loop of deliveries: how attempts end, who is told, and how they stop."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from bot.gateways.failures import Permanent, Temporary
from bot.worker.deliveries import Deliveries
from bot.worker.runner import Handler, Runner
from core import clock, inbox, jobs
from core.db import Database, Session
from core.inbox import Delivery, Incoming, Keeper
from core.jobs import Claimed, Job

TENANT = uuid.uuid4()


@asynccontextmanager
async def running(database: Database, handlers: Mapping[str, Handler], **options: Any) -> AsyncIterator[Runner]:
    """A runner at work, stopped gracefully at the end."""
    runner = Runner(database, handlers, **options)
    task = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        runner.stop()
        await asyncio.wait_for(task, 10)


async def enqueue(database: Database, kind: str, *numbers: int, lane: str = "lane", **rest: Any) -> None:
    async with database.platform() as session:
        for number in numbers:
            await jobs.enqueue(session, kind, lane=lane, payload={"n": number}, **rest)


async def left(database: Database) -> list[Job]:
    async with database.platform() as session:
        return list((await session.execute(sa.select(Job).order_by(Job.id))).scalars())


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(5):
        while not await condition():  # noqa: ASYNC110  (another process or the database decides)
            await asyncio.sleep(0.01)


async def test_jobs_run_side_by_side_in_their_lanes_and_are_done_once(database: Database) -> None:
    seen: dict[str, list[int]] = {}
    together = most = 0

    async def handler(job: Claimed) -> None:
        nonlocal together, most
        together += 1
        most = max(most, together)
        await asyncio.sleep(0.005)
        seen.setdefault(job.lane, []).append(job.payload["n"])
        together -= 1

    async with (
        running(database, {"test.note": handler}, concurrency=4) as one,
        running(database, {"test.note": handler}),
    ):
        for lane in range(8):
            await enqueue(database, "test.note", *range(10), lane=f"lane {lane}")
        await one.settled()
    assert seen == {f"lane {lane}": list(range(10)) for lane in range(8)}
    assert most > 2
    assert await left(database) == []


async def test_a_commit_wakes_the_runner_and_polling_finds_the_jobs_of_others(database: Database, dsn: str) -> None:
    started: list[float] = []

    async def handler(_job: Claimed) -> None:
        started.append(time.perf_counter())

    elsewhere = Database(dsn)
    async with running(database, {"test.note": handler}, poll=0.5) as runner:
        await runner.settled()
        await asyncio.sleep(0.1)
        began = time.perf_counter()
        await enqueue(database, "test.note", 1)
        await runner.settled()
        assert started.pop() - began < 0.3, "the commit did not wake the runner"
        await enqueue(elsewhere, "test.note", 2)

        async def found() -> bool:
            return bool(started)

        await until(found)
    await elsewhere.close()


async def test_a_lane_of_slack_keeps_its_pace(database: Database) -> None:
    ended: list[float] = []
    began: list[float] = []

    async def handler(_job: Claimed) -> None:
        began.append(time.perf_counter())
        await asyncio.sleep(0.01)
        ended.append(time.perf_counter())

    async with running(database, {"test.note": handler}, paces={"slack:": 0.15}, poll=0.02) as runner:
        await enqueue(database, "test.note", 1, 2, 3, lane="slack:T1:C1")
        await runner.settled()
    assert len(began) == 3
    assert all(after - before >= 0.15 for before, after in zip(ended, began[1:], strict=False))


async def test_a_temporary_failure_is_tried_again_and_a_rate_limit_pauses_its_method(database: Database) -> None:
    calls: list[tuple[str, float]] = []

    async def handler(job: Claimed) -> None:
        calls.append((job.lane, time.perf_counter()))
        if len(calls) == 1:
            raise Temporary("slack", "ratelimited", "Slack asks to wait.", retry_after=0.4)

    said = {"organization_id": TENANT, "method": "chat.postMessage"}
    async with running(database, {"test.say": handler}, poll=0.02):
        await enqueue(database, "test.say", 1, lane="a", **said)

        async def failed_once() -> bool:
            return bool(calls) and [job.error for job in await left(database)] == ["Temporary: Slack asks to wait."]

        await until(failed_once)
        await enqueue(database, "test.say", 1, lane="b", **said)
        await enqueue(database, "test.say", 1, lane="c", organization_id=TENANT, method="views.publish")

        async def all_done() -> bool:
            return await left(database) == []

        await until(all_done)
    first = calls[0][1]
    assert [lane for lane, _ in calls[:2]] == ["a", "c"], "another method was paused, too"
    assert sorted(lane for lane, _ in calls[2:]) == ["a", "b"]
    assert all(at - first >= 0.4 for _, at in calls[2:])


async def test_a_permanent_failure_is_buried_at_once_and_the_operators_are_told(database: Database) -> None:
    told: list[dict[str, Any]] = []

    async def refused(_job: Claimed) -> None:
        raise Permanent("slack", "channel_not_found", "That channel is gone.\0")

    async def notice(job: Claimed) -> None:
        told.append(job.payload)

    async def note(job: Claimed) -> None:
        told.append(job.payload)

    handlers = {"test.refused": refused, "test.note": note, jobs.NOTICE: notice}
    async with running(database, handlers) as runner:
        await enqueue(database, "test.refused", 1)
        await enqueue(database, "test.note", 2)
        await runner.settled()
    [dead] = await left(database)
    assert (dead.error, dead.attempts) == ("Permanent: That channel is gone.\ufffd", 1)
    assert sorted(told, key=len) == [{"n": 2}, {"job": dead.id, "kind": "test.refused", "error": dead.error}]


async def test_an_error_of_ours_is_tried_eight_times_then_buried(database: Database, moved_clock: Path) -> None:
    tries: list[int] = []

    async def handler(job: Claimed) -> None:
        tries.append(job.attempts)
        raise KeyError("no such thing")

    async with running(database, {"test.broken": handler}, poll=0.01) as runner:
        await enqueue(database, "test.broken", 1)
        await enqueue(database, "test.unknown", 1, lane="other")

        async def all_dead() -> bool:
            clock.move(400)
            return all(job.dead_at for job in await left(database))

        await until(all_dead)
        await runner.settled()
    assert tries == list(range(1, 9))
    assert [job.error for job in await left(database)] == [
        "KeyError: 'no such thing' (attempt 8)",
        "LookupError: No handler does jobs of the kind test.unknown. (attempt 8)",
    ]


async def test_a_long_outage_buries_nothing(database: Database, moved_clock: Path) -> None:
    tries: list[datetime] = []

    async def handler(_job: Claimed) -> None:
        tries.append(clock.now())
        if len(tries) < 30:
            raise Temporary("slack", "unavailable", "Slack is away.")

    async with running(database, {"test.say": handler}, poll=0.01):
        await enqueue(database, "test.say", 1)

        async def done() -> bool:
            clock.move(400)
            return await left(database) == []

        await until(done)
    assert len(tries) == 30


async def test_a_job_over_which_workers_keep_dying_is_buried_without_another_try(database: Database) -> None:
    await enqueue(database, "test.deadly", 1)
    for _ in range(9):
        async with database.platform() as session:
            await jobs.claim(session, "the late worker", 1, -1)
    ran: list[int] = []

    async def handler(job: Claimed) -> None:
        ran.append(job.id)

    async with running(database, {"test.deadly": handler}) as runner:
        await runner.settled()
    [dead] = await left(database)
    assert (ran, dead.error) == ([], "Its worker died 9 times while running it.")


async def test_a_job_that_takes_longer_than_its_lease_is_not_given_to_another(database: Database) -> None:
    ran: list[int] = []

    async def handler(job: Claimed) -> None:
        ran.append(job.attempts)
        await asyncio.sleep(1)

    options = {"lease": 0.3, "poll": 0.02}
    async with (
        running(database, {"test.slow": handler}, **options) as one,
        running(database, {"test.slow": handler}, **options),
    ):
        await enqueue(database, "test.slow", 1)
        await one.settled()
    assert ran == [1]


async def test_stopping_finishes_what_was_started_and_starts_nothing_more(database: Database) -> None:
    begun, ended = asyncio.Event(), []

    async def handler(job: Claimed) -> None:
        begun.set()
        await asyncio.sleep(0.2)
        ended.append(job.payload["n"])

    async with running(database, {"test.slow": handler}):
        await enqueue(database, "test.slow", 1, 2)
        await asyncio.wait_for(begun.wait(), 5)
    assert ended == [1]
    assert [job.payload["n"] for job in await left(database)] == [2]
    assert database.on_jobs == []


async def test_the_runner_outlives_a_database_that_goes_away_for_a_moment(database: Database, dsn: str) -> None:
    ran: list[int] = []

    async def handler(job: Claimed) -> None:
        ran.append(job.payload["n"])

    owner = await asyncpg.connect(dsn)
    async with running(database, {"test.note": handler}, poll=0.02) as runner:
        await enqueue(database, "test.note", 1)
        await runner.settled()
        await owner.execute("ALTER TABLE lanes RENAME TO hidden")
        await enqueue(database, "test.note", 2)
        await asyncio.sleep(0.1)
        await owner.execute("ALTER TABLE hidden RENAME TO lanes")
        await runner.settled()
    await owner.close()
    assert ran == [1, 2]


async def test_settled_gives_up_after_its_time(database: Database) -> None:
    never = asyncio.Event()

    async def handler(_job: Claimed) -> None:
        await never.wait()

    async with running(database, {"test.stuck": handler}) as runner:
        await enqueue(database, "test.stuck", 1)
        with pytest.raises(TimeoutError, match=r"running: test\.stuck"):
            await runner.settled(timeout=0.3)
        never.set()


async def test_deliveries_are_applied_as_they_come(database: Database, dsn: str) -> None:
    seen: list[str] = []

    async def applier(_session: Session, delivery: Delivery) -> None:
        seen.append(delivery.external_id)

    async def tenant_of(_session: Session, _source: str, _team: str) -> uuid.UUID | None:
        return TENANT

    keeper = Keeper(database)
    loop = Deliveries(database, {("slack", "*"): applier}, tenant_of, poll=0.05)
    keeper.on_kept.append(loop.wake)
    task = asyncio.create_task(loop.run())
    for number in range(3):
        kept = Incoming("slack", "T1", f"Ev{number}", "slack:T1:C1", "message", "{}", b"{}", clock.now())
        await keeper.keep(kept)
        await loop.settled()
        assert seen[-1] == f"Ev{number}"
    owner = await asyncpg.connect(dsn)
    await owner.execute("ALTER TABLE deliveries RENAME TO hidden")
    await asyncio.sleep(0.1)
    await owner.execute("ALTER TABLE hidden RENAME TO deliveries")
    await owner.close()
    await keeper.keep(Incoming("slack", "T1", "Ev3", "slack:T1:C1", "message", "{}", b"{}", clock.now()))
    await loop.settled()
    assert seen == ["Ev0", "Ev1", "Ev2", "Ev3"]
    loop.stop()
    await asyncio.wait_for(task, 5)
    await keeper.close()
    async with database.platform() as session:
        assert not await inbox.due(session)
