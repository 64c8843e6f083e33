"""Jobs: order in a lane, pace, leases, retries, burial, pauses, and what enqueueing promises."""

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core import clock, jobs
from core.db import Database
from core.jobs import Claimed, Job, Lane

TENANT = uuid.uuid4()


async def enqueue(database: Database, *numbers: int, lane: str = "lane", **rest: Any) -> None:
    async with database.platform() as session:
        for number in numbers:
            await jobs.enqueue(session, "test.nothing", lane=lane, payload={"n": number}, **rest)


async def claim(database: Database, limit: int = 10, worker: str = "one", lease: float = 30) -> list[Claimed]:
    async with database.platform() as session:
        return await jobs.claim(session, worker, limit, lease)


async def finish(database: Database, *claimed: Claimed, paces: jobs.Paces = jobs.PACES) -> None:
    async with database.platform() as session:
        await jobs.finish(session, claimed, paces=paces)


def numbers(claimed: list[Claimed]) -> list[int]:
    return [job.payload["n"] for job in claimed]


async def lanes(database: Database) -> list[str]:
    async with database.platform() as session:
        return list((await session.execute(sa.select(Lane.key).order_by(Lane.key))).scalars())


async def test_a_lane_gives_its_jobs_one_at_a_time_and_in_order(database: Database) -> None:
    await enqueue(database, 1, 2, 3)
    await enqueue(database, 10, lane="other")
    for expected in ([1, 10], [2], [3]):
        claimed = await claim(database)
        assert numbers(claimed) == expected
        assert await claim(database, worker="two") == []
        await finish(database, *claimed)
    assert await claim(database) == []


async def test_a_job_is_enqueued_with_the_writers_transaction_or_not_at_all(database: Database) -> None:
    woken: list[int] = []
    database.on_jobs.append(lambda: woken.append(1))
    with pytest.raises(ZeroDivisionError):
        async with database.platform() as session:
            await jobs.enqueue(session, "test.nothing", lane="lane", payload={"n": 1})
            raise ZeroDivisionError
    assert not woken
    assert await claim(database) == []
    async with database.platform() as session:
        await jobs.enqueue(session, "test.nothing", lane="lane", payload={"n": 2}, organization_id=TENANT)
        assert not woken, "woken before the commit"
    assert woken == [1]
    [job] = await claim(database)
    assert (job.kind, job.organization_id, job.payload, job.attempts) == ("test.nothing", TENANT, {"n": 2}, 1)


async def test_many_writers_of_the_same_lane_never_wait_for_each_other(database: Database) -> None:
    async with database.platform() as first, database.platform() as second:
        await jobs.enqueue(first, "test.nothing", lane="lane", payload={"n": 1})
        async with asyncio.timeout(2):
            await jobs.enqueue(second, "test.nothing", lane="lane", payload={"n": 2})
    assert numbers(await claim(database)) == [1]


async def test_a_paced_lane_rests_after_each_job(database: Database, moved_clock: Path) -> None:
    await enqueue(database, 1, 2, lane="slack:T1:C1")
    await finish(database, *await claim(database))
    assert await claim(database) == []
    clock.move(0.9)
    assert await claim(database) == []
    clock.move(0.1)
    assert numbers(await claim(database)) == [2]


async def test_an_empty_lane_is_swept_only_when_its_pace_is_over(database: Database, moved_clock: Path) -> None:
    await enqueue(database, 1, lane="slack:T1:C1")
    await enqueue(database, 2, lane="free")
    await finish(database, *await claim(database))
    await claim(database)
    assert await lanes(database) == ["slack:T1:C1"]
    await enqueue(database, 3, lane="slack:T1:C1")
    assert await claim(database) == [], "the new job did not keep the pace of the one before"
    clock.move(1)
    await finish(database, *await claim(database))
    clock.move(1)
    assert await claim(database) == []
    assert await lanes(database) == []


async def test_a_job_for_later_holds_its_lane_until_it_is_due(database: Database, moved_clock: Path) -> None:
    await enqueue(database, 1, run_at=clock.now() + timedelta(days=1))
    await enqueue(database, 2)
    await enqueue(database, 3, lane="other")
    assert numbers(await claim(database)) == [3]
    clock.move(86_400)
    claimed = await claim(database)
    assert numbers(claimed) == [1]
    await finish(database, *claimed)
    assert numbers(await claim(database)) == [2]


async def test_a_second_job_with_the_same_dedupe_is_not_added_until_the_first_has_started(database: Database) -> None:
    await enqueue(database, 1, 2, dedupe="same", organization_id=TENANT)
    await enqueue(database, 3, dedupe="same", organization_id=uuid.uuid4(), lane="other tenant")
    await enqueue(database, 4, 5, dedupe="platform", lane="no tenant")
    claimed = await claim(database)
    assert numbers(claimed) == [1, 3, 4]
    await enqueue(database, 6, 7, dedupe="same", organization_id=TENANT)
    await finish(database, *claimed)
    assert numbers(await claim(database)) == [6]


async def test_a_deduplicated_job_waits_for_the_commit_of_the_one_that_relied_on_it(database: Database) -> None:
    await enqueue(database, 1, dedupe="same")
    async with database.platform() as writer:
        await jobs.enqueue(writer, "test.nothing", lane="lane", payload={"n": 2}, dedupe="same")
        assert await claim(database) == [], "the job would have run before what it is to see was committed"
    assert numbers(await claim(database)) == [1]


async def test_a_lease_that_ran_out_gives_the_job_to_another_and_the_first_can_no_longer_end_it(
    database: Database,
) -> None:
    await enqueue(database, 1, 2)
    [lost] = await claim(database, worker="slow", lease=0.05)
    await asyncio.sleep(0.1)
    [taken] = await claim(database, worker="quick")
    assert (taken.id, taken.attempts, taken.lost) == (lost.id, 2, 1)
    await finish(database, lost)
    async with database.platform() as session:
        await jobs.retry(session, lost, "late", 0)
        await jobs.bury(session, lost, "late")
        await jobs.heartbeat(session, "slow", ["lane"], 0)
        assert await jobs.dead(session) == []
    assert await claim(database) == [], "the slow worker freed a lane that was no longer its own"
    await finish(database, taken)
    assert numbers(await claim(database)) == [2]


async def test_a_heartbeat_keeps_a_lease(database: Database) -> None:
    await enqueue(database, 1)
    await claim(database, worker="one", lease=0.05)
    async with database.platform() as session:
        await jobs.heartbeat(session, "one", ["lane"], 30)
    await asyncio.sleep(0.1)
    assert await claim(database, worker="two") == []


async def test_a_failed_job_is_tried_again_later_and_its_lane_waits_behind_it(
    database: Database, moved_clock: Path
) -> None:
    await enqueue(database, 1, 2)
    [job] = await claim(database)
    async with database.platform() as session:
        await jobs.retry(session, job, "no luck", 60)
    assert await claim(database) == []
    async with database.platform() as session:
        assert (await session.execute(sa.select(Job.error).order_by(Job.id))).scalars().first() == "no luck"
        assert not await jobs.due(session)
    clock.move(60)
    [again] = await claim(database)
    assert (again.payload["n"], again.attempts, again.lost) == (1, 2, 0)


async def test_a_buried_job_frees_its_lane_tells_the_operators_and_can_be_revived(database: Database) -> None:
    await enqueue(database, 1, 2, organization_id=TENANT, dedupe=None)
    [job] = await claim(database)
    async with database.platform() as session:
        await jobs.bury(session, job, "Error: hopeless", notice=True)
        [dead] = await jobs.dead(session)
        assert (dead.id, dead.error, dead.attempts) == (job.id, "Error: hopeless", 1)
    notice, following = sorted(await claim(database), key=lambda claimed: claimed.kind)
    assert notice.kind == "operator.notice"
    assert notice.payload == {"job": job.id, "kind": "test.nothing", "error": "Error: hopeless"}
    assert (notice.organization_id, following.payload["n"]) == (TENANT, 2)
    async with database.platform() as session:
        await jobs.bury(session, notice, "nobody listens", notice=True)
        assert [each.id for each in await jobs.dead(session)] == [notice.id, job.id]
        assert await jobs.revive(session, job.id)
        assert not await jobs.revive(session, job.id)
    await finish(database, following)
    [revived] = await claim(database)
    assert (revived.id, revived.attempts) == (job.id, 1)


async def test_a_pause_holds_one_method_of_one_organization_in_all_lanes(database: Database, moved_clock: Path) -> None:
    for lane in ("a", "b"):
        await enqueue(database, 1, lane=lane, organization_id=TENANT, method="chat.postMessage")
    await claim(database, limit=1)
    async with database.platform() as session:
        await jobs.pause(session, TENANT, "chat.postMessage", 30)
    await enqueue(database, 2, lane="c", organization_id=TENANT, method="chat.postMessage")
    await enqueue(database, 3, lane="d", organization_id=TENANT, method="views.publish")
    await enqueue(database, 4, lane="e", organization_id=uuid.uuid4(), method="chat.postMessage")
    assert numbers(await claim(database)) == [3, 4]
    clock.move(30)
    assert [job.lane for job in await claim(database)] == ["b", "c"]
    await claim(database)
    assert not [key for key in await lanes(database) if key.startswith("pause:")]


async def test_claims_take_the_oldest_lanes_first_and_no_more_than_asked(database: Database) -> None:
    for number in range(5):
        await enqueue(database, number, lane=f"lane {number}")
    assert numbers(await claim(database, limit=2)) == [0, 1]
    assert numbers(await claim(database, limit=9)) == [2, 3, 4]


async def test_many_workers_together_claim_each_job_once_and_keep_each_lanes_order(database: Database) -> None:
    done: dict[str, list[int]] = {}
    for lane in range(10):
        await enqueue(database, *range(12), lane=f"lane {lane}")

    async def work(name: str) -> None:
        empty = 0
        while empty < 20:
            claimed = await claim(database, limit=3, worker=name)
            for job in claimed:
                done.setdefault(job.lane, []).append(job.payload["n"])
            await asyncio.sleep(0.001)
            await finish(database, *claimed)
            empty = 0 if claimed else empty + 1

    await asyncio.gather(*(work(f"worker {number}") for number in range(4)))
    assert done == {f"lane {lane}": list(range(12)) for lane in range(10)}


async def test_due_tells_whether_there_is_something_to_do_now(database: Database, moved_clock: Path) -> None:
    async def due() -> bool:
        async with database.platform() as session:
            return await jobs.due(session)

    assert not await due()
    await enqueue(database, 1, run_at=clock.now() + timedelta(hours=1))
    assert not await due()
    clock.move(3_600)
    assert await due()
    [job] = await claim(database)
    assert await due(), "a running job counts"
    await finish(database, job)
    assert not await due()


async def test_the_backoff_doubles_up_to_five_minutes_and_varies() -> None:
    for attempt, seconds in ((1, 1), (2, 2), (5, 16), (20, 300), (300, 300)):
        waits = {jobs.backoff(attempt) for _ in range(50)}
        assert all(0.8 * seconds <= wait <= 1.2 * seconds for wait in waits)
        assert len(waits) > 1


async def test_a_job_may_carry_nothing(database: Database) -> None:
    async with database.platform() as session:
        await jobs.enqueue(session, "test.nothing", lane="lane")
    [job] = await claim(database)
    assert (job.payload, job.method, job.organization_id) == ({}, "test.nothing", None)
