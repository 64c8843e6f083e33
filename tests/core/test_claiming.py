"""Which deliveries are applied next, and with which: all lanes have their share, and what fails is found quickly."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import text

from core import inbox, jobs
from core.db import Database, Session
from core.inbox import Delivery, Together
from tests.core.test_inbox import applied_jobs, apply_all, incoming, keep, rows, tenant_of


class Batches:
    """An applier that notes what it is given together, and fails if something bad is among it."""

    def __init__(self, *bad: str) -> None:
        self.bad = set(bad)
        self.given: list[list[str]] = []
        self.appliers: dict[tuple[str, str], inbox.Applier] = {("slack", "message"): Together(self.apply)}

    async def apply(self, session: Session, deliveries: Sequence[Delivery]) -> None:
        self.given.append([one.external_id for one in deliveries])
        for one in deliveries:
            await jobs.enqueue(session, "test.applied", lane=one.lane, payload={"id": one.external_id})
        if bad := self.bad.intersection(one.external_id for one in deliveries):
            raise ValueError(f"no luck with {', '.join(sorted(bad))}")


async def test_a_flood_in_one_lane_holds_up_no_other(database: Database) -> None:
    await keep(database, *(incoming(number, channel="CFLOOD") for number in range(1_500)))
    await keep(database, *(incoming(2_000 + number, channel=f"C{number}") for number in range(20)))
    batches = Batches()
    assert await inbox.apply_some(database, batches.appliers, tenant_of) == 400
    [given] = batches.given
    assert given == sorted(given, key=lambda name: int(name[2:]))
    assert set(given) >= {f"Ev{2_000 + number}" for number in range(20)}
    assert set(given) >= {f"Ev{number}" for number in range(380)}
    await apply_all(database, batches.appliers)
    assert Counter(row.state for row in await rows(database)) == {"applied": 1_520}


async def test_a_lane_alone_fills_a_transaction(database: Database) -> None:
    await keep(database, *(incoming(number) for number in range(1_050)))
    batches = Batches()
    assert await apply_all(database, batches.appliers) == [400, 400, 250]
    assert [one for given in batches.given for one in given] == [f"Ev{number}" for number in range(1_050)]


async def test_two_workers_divide_the_lanes(database: Database) -> None:
    await keep(database, *(incoming(number, channel=f"C{number % 80}") for number in range(400)))
    batches, met = Batches(), asyncio.Barrier(2)

    async def apply(session: Session, deliveries: Sequence[Delivery]) -> None:
        await batches.apply(session, deliveries)
        await met.wait()

    work = inbox.apply_some(database, {("slack", "message"): Together(apply)}, tenant_of, limit=200)
    more = inbox.apply_some(database, {("slack", "message"): Together(apply)}, tenant_of, limit=200)
    async with asyncio.timeout(10):
        assert sorted(await asyncio.gather(work, more)) == [200, 200]
    one, other = batches.given
    assert not {int(name[2:]) % 80 for name in one} & {int(name[2:]) % 80 for name in other}


async def test_one_that_fails_among_many_is_found_by_halves(database: Database) -> None:
    await keep(database, *(incoming(number, channel=f"C{number % 10}") for number in range(400)))
    batches = Batches("Ev123")
    assert await apply_all(database, batches.appliers) == [400]
    assert len(batches.given) < 20
    async with database.platform() as session:
        [aside] = await inbox.set_aside(session)
    assert (aside.external_id, aside.error) == ("Ev123", "ValueError: no luck with Ev123")
    assert sorted(await applied_jobs(database)) == sorted(f"Ev{number}" for number in range(400) if number != 123)


async def test_what_lies_between_does_not_part_what_is_applied_together(database: Database) -> None:
    kinds = ["message", "app_mention", "message", "app_mention", "message"]
    await keep(database, *(incoming(number, kind=kind) for number, kind in enumerate(kinds)))
    batches, seen = Batches(), list[str]()

    async def mention(_session: Session, delivery: Delivery) -> None:
        seen.append(delivery.external_id)

    assert await apply_all(database, {**batches.appliers, ("slack", "app_mention"): mention}) == [5]
    assert (batches.given, seen) == ([["Ev0", "Ev2", "Ev4"]], ["Ev1", "Ev3"])


async def test_what_fails_at_the_commit_is_found_in_ever_smaller_parts(database: Database) -> None:
    await keep(database, *(incoming(number, channel=f"C{number % 3}") for number in range(60)))
    transactions = 0

    async def apply(session: Session, deliveries: Sequence[Delivery]) -> None:
        nonlocal transactions
        transactions += 1
        for one in deliveries:
            await jobs.enqueue(session, "test.applied", lane=one.lane, payload={"id": one.external_id})
        if "Ev40" in {one.external_id for one in deliveries}:
            await session.execute(text("SELECT set_config('app.organization', 'nobody', true)"))
            await (await session.connection()).invalidate()

    assert await apply_all(database, {("slack", "message"): Together(apply)}) == [60]
    assert transactions < 40
    assert {row.external_id for row in await rows(database) if row.state == "aside"} == {"Ev40"}
    assert sorted(await applied_jobs(database)) == sorted(f"Ev{number}" for number in range(60) if number != 40)


async def test_a_replay_waits_for_who_applies_the_lane_now(database: Database) -> None:
    await keep(database, incoming(1))
    began, go_on, applied = asyncio.Event(), asyncio.Event(), 0

    async def applier(_session: Session, _delivery: Delivery) -> None:
        nonlocal applied
        applied += 1
        began.set()
        await go_on.wait()

    appliers: dict[tuple[str, str], inbox.Applier] = {("slack", "message"): applier}

    async def again() -> int:
        async with database.platform() as session:
            return await inbox.replay(session, lane="slack:T1:C1")

    work = asyncio.create_task(inbox.apply_some(database, appliers, tenant_of))
    await began.wait()
    replaying = asyncio.create_task(again())
    await asyncio.wait([replaying], timeout=0.1)
    assert not replaying.done()
    go_on.set()
    assert (await work, await replaying) == (1, 1)
    assert await apply_all(database, appliers) == [1]
    assert applied == 2
