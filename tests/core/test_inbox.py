"""The inbox: kept once and byte for byte, applied lane by lane, the failing set aside."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy import text

from core import clock, inbox, jobs
from core.db import Database, Session
from core.inbox import Delivery, Incoming, Keeper

TENANT = uuid.uuid4()
TEAM = "T1"
POISON = [
    b'{"text": "\\u0000"}',
    b'{"text": "\x00"}',
    b'{"text": "\\ud83d"}',
    b'{"text": "\\udc00 \\ud800"}',
    b'{"text": "\xff\xfe"}',
    b"\x00\x01\x02",
    b"",
    b"[" * 100_000,
    b'{"number": ' + b"9" * 10_000 + b"}",
]


def incoming(number: int, *, channel: str = "C1", body: bytes = b"{}", **rest: str) -> Incoming:
    values = {"source": "slack", "team": TEAM, "kind": "message", "lane": f"slack:{TEAM}:{channel}", "headers": "{}"}
    return Incoming(external_id=f"Ev{number}", body=body, received_at=clock.now(), **(values | rest))


async def keep(database: Database, *several: Incoming) -> list[BaseException | None]:
    keeper = Keeper(database)
    try:
        return await asyncio.gather(*(keeper.keep(one) for one in several), return_exceptions=True)
    finally:
        await keeper.close()


async def rows(database: Database) -> list[Delivery]:
    async with database.platform() as session:
        return list((await session.execute(sa.select(Delivery).order_by(Delivery.id))).scalars())


async def tenant_of(_session: Session, _source: str, team: str) -> uuid.UUID | None:
    return TENANT if team == TEAM else None


def recorder(
    seen: list[int], fails: Callable[[Delivery], bool] = lambda delivery: False
) -> dict[tuple[str, str], inbox.Applier]:
    """Appliers that note what they see, and write something in the transaction before they fail."""

    async def applier(session: Session, delivery: Delivery) -> None:
        await jobs.enqueue(session, "test.applied", lane=delivery.lane, payload={"id": delivery.external_id})
        if fails(delivery):
            raise ValueError("no luck with \0 this")
        seen.append(int(delivery.external_id[2:]))

    return {("slack", "message"): applier}


async def applied_jobs(database: Database) -> list[str]:
    async with database.platform() as session:
        return list((await session.execute(text("SELECT payload ->> 'id' FROM jobs ORDER BY id"))).scalars())


async def apply_all(database: Database, appliers: inbox.Appliers, **rest: Any) -> list[int]:
    tried = []
    while found := await inbox.apply_some(database, appliers, tenant_of, **rest):
        tried.append(found)
    return tried


async def test_a_body_is_kept_byte_for_byte_however_odd_and_its_neighbours_too(database: Database) -> None:
    several = [incoming(number, body=body) for number, body in enumerate([b"{}", *POISON, b'{"last": 1}'])]
    assert set(await keep(database, *several)) == {None}
    assert {row.external_id: row.body for row in await rows(database)} == {
        each.external_id: each.body for each in several
    }


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b'{"a": "\\u0000b", "c": ["\\ud83d"]}', {"a": "\ufffdb", "c": ["\ufffd"]}),
        (b'{"a": "\\u0000"}', {"a": "\ufffd"}),
        (b'{"\\ud800": {"a": null, "b": 1}}', {"\ufffd": {"a": None, "b": 1}}),
        (b'{"a": "\xff\\ud83d\\ude00"}', {"a": "\ufffd\U0001f600"}),
        (b'{"a": "\\\\u0000"}', {"a": "\\u0000"}),
    ],
)
async def test_a_body_is_read_without_what_postgres_text_cannot_hold(body: bytes, content: object) -> None:
    assert inbox.read(body) == content


@pytest.mark.parametrize("body", [b"", b"\x00", b"[" * 100_000, b'{"number": ' + b"9" * 10_000 + b"}"])
async def test_a_body_that_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        inbox.read(body)


async def test_many_deliveries_go_in_one_commit(database: Database) -> None:
    assert set(await keep(database, *(incoming(number) for number in range(50)))) == {None}
    async with database.platform() as session:
        found = await session.execute(text("SELECT count(DISTINCT xmin::text), count(*) FROM deliveries"))
        assert tuple(found.one()) == (1, 50)


async def test_what_arrives_again_is_kept_once(database: Database) -> None:
    other = incoming(1, source="stripe")
    assert set(await keep(database, incoming(1), incoming(1), incoming(2), other)) == {None}
    assert await keep(database, incoming(1, body=b"{again}")) == [None]
    kept = [(row.source, row.external_id, row.body) for row in await rows(database)]
    assert kept == [("slack", "Ev1", b"{}"), ("slack", "Ev2", b"{}"), ("stripe", "Ev1", b"{}")]


async def test_what_cannot_be_kept_fails_for_its_own_caller_only(database: Database) -> None:
    results = await keep(
        database, incoming(1), incoming(2, kind="nul\0"), incoming(3), incoming(4, kind="\ud800"), incoming(5)
    )
    assert [result is None for result in results] == [True, False, True, False, True]
    assert [row.external_id for row in await rows(database)] == ["Ev1", "Ev3", "Ev5"]


async def test_a_caller_that_goes_away_takes_nobody_along(database: Database) -> None:
    keeper = Keeper(database)
    tasks = [asyncio.create_task(keeper.keep(incoming(number))) for number in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    await keeper.close()
    assert [type(result) for result in results] == [type(None), asyncio.CancelledError, type(None)]


async def test_a_lost_connection_is_opened_again(database: Database, dsn: str) -> None:
    keeper, woken = Keeper(database), []
    keeper.on_kept.append(lambda: woken.append(1))
    await keeper.keep(incoming(1))
    owner = await asyncpg.connect(dsn)
    await owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    await owner.close()
    await keeper.keep(incoming(2))
    await keeper.close()
    assert [row.external_id for row in await rows(database)] == ["Ev1", "Ev2"]
    assert len(woken) == 2


async def test_a_lane_is_applied_in_order_and_in_one_transaction(database: Database) -> None:
    await keep(database, *(incoming(number, channel=f"C{number % 2}") for number in range(10)))
    seen: list[int] = []
    assert await apply_all(database, recorder(seen), limit=3) == [3, 3, 3, 1]
    assert [number for number in seen if number % 2] == [1, 3, 5, 7, 9]
    assert [number for number in seen if not number % 2] == [0, 2, 4, 6, 8]
    kept = await rows(database)
    assert {(row.state, row.attempts, row.error) for row in kept} == {("applied", 1, None)}
    assert all(row.applied_at for row in kept)
    assert len(await applied_jobs(database)) == 10


async def test_one_that_fails_is_set_aside_and_its_lane_goes_on(database: Database, moved_clock: Path) -> None:
    await keep(database, *(incoming(number) for number in range(5)))
    seen: list[int] = []
    broken = True
    appliers = recorder(seen, lambda delivery: broken and delivery.external_id == "Ev2")
    assert await apply_all(database, appliers) == [5]
    assert seen == [0, 1, 3, 4]
    assert await applied_jobs(database) == ["Ev0", "Ev1", "Ev3", "Ev4"], "what the failing one wrote was not undone"
    async with database.platform() as session:
        [aside] = await inbox.set_aside(session)
        assert (aside.external_id, aside.attempts) == ("Ev2", 1)
        assert aside.error == "ValueError: no luck with \ufffd this"
        assert aside.next_try_at
        assert not await inbox.due(session)
    broken = False
    clock.move(2)
    await keep(database, incoming(5))
    assert await apply_all(database, appliers) == [1, 1]
    assert seen == [0, 1, 3, 4, 2, 5]
    assert {row.state for row in await rows(database)} == {"applied"}


async def test_one_that_never_succeeds_stays_aside_until_it_is_replayed(database: Database, moved_clock: Path) -> None:
    await keep(database, incoming(1))
    seen: list[int] = []
    broken = True
    appliers = recorder(seen, lambda delivery: broken)
    tried = 0
    for _ in range(20):
        tried += len(await apply_all(database, appliers))
        clock.move(400)
    assert tried == 6
    async with database.platform() as session:
        [aside] = await inbox.set_aside(session)
        assert (aside.attempts, aside.next_try_at) == (6, None)
    broken = False
    async with database.platform() as session:
        assert await inbox.replay(session, ids=[aside.id]) == 1
    assert await apply_all(database, appliers) == [1]
    assert seen == [1]


async def test_one_that_breaks_the_transaction_itself_is_found_and_set_aside(database: Database) -> None:
    await keep(database, *(incoming(number) for number in range(4)))
    seen: list[int] = []
    note = recorder(seen)["slack", "message"]

    async def applier(session: Session, delivery: Delivery) -> None:
        await note(session, delivery)
        if delivery.external_id == "Ev1":
            await (await session.connection()).invalidate()

    assert await apply_all(database, {("slack", "message"): applier}) == [4]
    assert [row.state for row in await rows(database)] == ["applied", "aside", "applied", "applied"]
    assert await applied_jobs(database) == ["Ev0", "Ev2", "Ev3"]


async def test_an_unknown_team_and_an_unknown_kind_are_set_aside_with_a_clear_error(database: Database) -> None:
    await keep(database, incoming(1, team="T9"), incoming(2, kind="emoji_changed"))
    seen: list[int] = []
    assert await apply_all(database, recorder(seen)) == [1, 1]
    assert [(row.state, row.error) for row in await rows(database)] == [
        ("aside", "LookupError: No organization is known for slack T9."),
        ("aside", "LookupError: Nothing applies emoji_changed from slack."),
    ]
    async with database.platform() as session:
        await inbox.replay(session, team=TEAM)
    assert await apply_all(database, {("slack", "*"): recorder(seen)["slack", "message"]}) == [1]
    assert seen == [2]


async def test_the_applier_works_within_the_tenant(database: Database) -> None:
    await keep(database, incoming(1))
    found: list[object] = []

    async def applier(session: Session, delivery: Delivery) -> None:
        found.append((await session.execute(text("SELECT current_setting('app.organization')"))).scalar_one())
        found.append(delivery.content())

    assert await apply_all(database, {("slack", "message"): applier}) == [1]
    assert found == [str(TENANT), {}]


async def test_two_workers_never_share_a_lane(database: Database) -> None:
    await keep(database, *(incoming(number, channel=f"C{number % 3}") for number in range(60)))
    busy: set[str] = set()
    most, applied = 0, 0

    async def applier(_session: Session, delivery: Delivery) -> None:
        nonlocal most, applied
        assert delivery.lane not in busy
        busy.add(delivery.lane)
        most = max(most, len(busy))
        await asyncio.sleep(0.002)
        busy.remove(delivery.lane)
        applied += 1

    async def work() -> None:
        while {row.state for row in await rows(database)} != {"applied"}:
            await inbox.apply_some(database, {("slack", "message"): applier}, tenant_of, limit=7)

    await asyncio.gather(work(), work(), work())
    assert (applied, most) == (60, 3)


async def test_replay_applies_again_what_it_is_asked_for(database: Database) -> None:
    await keep(database, incoming(1, channel="C1"), incoming(2, channel="C2"), incoming(3, channel="C2"))
    seen: list[int] = []
    await apply_all(database, recorder(seen))
    async with database.platform() as session:
        assert await inbox.replay(session, lane=f"slack:{TEAM}:C2") == 2
    await apply_all(database, recorder(seen))
    async with database.platform() as session:
        assert await inbox.replay(session) == 3
    await apply_all(database, recorder(seen))
    assert sorted(seen) == [1, 1, 2, 2, 2, 3, 3, 3]


async def test_old_bodies_are_forgotten_once_applied(database: Database, moved_clock: Path) -> None:
    seen: list[int] = []
    await keep(database, incoming(1), incoming(2))
    await apply_all(database, recorder(seen, lambda delivery: delivery.external_id == "Ev2"))
    clock.move(91 * 86_400)
    await keep(database, incoming(3))
    await apply_all(database, recorder(seen, lambda delivery: delivery.external_id == "Ev2"))
    async with database.platform() as session:
        assert await inbox.forget(session, clock.now() - timedelta(days=90)) == 1
    assert [row.external_id for row in await rows(database)] == ["Ev2", "Ev3"]
