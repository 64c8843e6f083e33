"""The audit finds whatever is changed, removed or inserted behind our back, and says which; a cut tail against held heads."""

import base64
import json
import uuid
from collections.abc import Callable

import asyncpg
import pytest

from core import audit, clock, events
from core.audit import Report
from core.db import Database
from core.events import Kind
from core.seals import Sealer, public_halves
from tests.builders import House

SEALER = Sealer(base64.b64encode(b"k" * 32).decode())


async def trail(database: Database, house: House, many: int = 5) -> None:
    """A few events in the agency's chain and in an engagement's; the key's public half is kept."""
    async with database.platform() as session:
        await SEALER.publish(session)
    async with database.transaction(house.id) as session:
        for number in range(many):
            await events.record(
                session, house.ada, Kind.ORGANIZATION_SET, "organization", house.id, announce=False, number=number
            )
        await events.record(
            session,
            house.ada,
            Kind.ENGAGEMENT_PAUSED,
            "engagement",
            house.engagement.id,
            engagement_id=house.engagement.id,
            announce=False,
        )


async def proved(database: Database, house: House, *files: bytes) -> Report:
    async with database.platform() as session:
        keys = await public_halves(session)
    async with database.transaction(house.id) as session:
        return await audit.prove(session, keys, [audit.read_held(raw, keys) for raw in files])


async def owner(dsn: str, statement: str, *values: object) -> None:
    """Do what only the database's owner can."""
    connection = await asyncpg.connect(dsn)
    try:
        assert await connection.execute(statement, *values) != "UPDATE 0"
    finally:
        await connection.close()


async def sealed(database: Database, house: House) -> bytes:
    async with database.transaction(house.id) as session:
        made = await audit.seal_heads(session, SEALER)
        assert made is not None
        return audit.held_file(made, SEALER.public)


async def test_an_honest_trail_has_no_findings(database: Database, ada_house: House) -> None:
    await trail(database, ada_house)
    report = await proved(database, ada_house, await sealed(database, ada_house))
    assert report.findings == []
    assert report.events >= 6
    assert report.held == 2


CHANGES = {
    "kind": "'engagement.closed'",
    "actor_id": "NULL",
    "subject": "'invoice'",
    "subject_id": "gen_random_uuid()",
    "at": "at + interval '1 second'",
    "created_at": "created_at - interval '1 day'",
    "body": "replace(body, '\"number\":2', '\"number\":9')",
    "prev_hash": "sha256('x')",
    "hash": "sha256('y')",
    "seq": "seq + 1000",
    "chain": "gen_random_uuid()",
    "id": "gen_random_uuid()",
}


@pytest.mark.parametrize("column", CHANGES)
async def test_a_changed_column_is_found_and_named(database: Database, dsn: str, ada_house: House, column: str) -> None:
    await trail(database, ada_house)
    await owner(
        dsn,
        f"UPDATE events SET {column} = {CHANGES[column]} WHERE body LIKE '%\"number\":2%' AND chain = $1",
        ada_house.id,
    )
    report = await proved(database, ada_house)
    assert report.findings, column
    if column not in ("seq", "chain", "hash", "prev_hash"):
        assert any("was changed" in finding.sentence for finding in report.findings)


async def test_a_removed_event_is_found_and_named(database: Database, dsn: str, ada_house: House) -> None:
    await trail(database, ada_house)
    await owner(dsn, "DELETE FROM events WHERE chain = $1 AND seq = 2", ada_house.id)
    report = await proved(database, ada_house)
    assert [finding.sentence for finding in report.findings] == [f"Chain {ada_house.id}: event 2 was removed."]


async def test_an_inserted_event_is_found(database: Database, dsn: str, ada_house: House) -> None:
    await trail(database, ada_house)
    await owner(
        dsn,
        "INSERT INTO events SELECT chain, seq + 1, kind, actor_id, subject, subject_id, at, body, prev_hash, hash,"
        " organization_id, created_at, gen_random_uuid() FROM events WHERE chain = $1 ORDER BY seq DESC LIMIT 1",
        ada_house.id,
    )
    report = await proved(database, ada_house)
    assert any("not genuine" in finding.sentence for finding in report.findings)
    assert any(finding.table == "chain_heads" for finding in report.findings)


async def cut(dsn: str, chain: uuid.UUID) -> None:
    """Cut the last two events of a chain and make its head agree: what the chain alone cannot show."""
    await owner(
        dsn, "DELETE FROM events WHERE chain = $1 AND seq > (SELECT max(seq) - 2 FROM events WHERE chain = $1)", chain
    )
    await owner(
        dsn,
        "UPDATE chain_heads h SET seq = e.seq, hash = e.hash FROM (SELECT seq, hash FROM events WHERE chain = $1"
        " ORDER BY seq DESC LIMIT 1) e WHERE h.chain = $1",
        chain,
    )


async def test_a_cut_tail_shows_only_against_held_heads(database: Database, dsn: str, ada_house: House) -> None:
    await trail(database, ada_house)
    file = await sealed(database, ada_house)
    await cut(dsn, ada_house.id)
    assert any("was cut" in finding.sentence for finding in (await proved(database, ada_house)).findings)
    await owner(dsn, "DELETE FROM sealed_heads")
    assert (await proved(database, ada_house)).findings == []
    found = (await proved(database, ada_house, file)).findings
    assert [finding.row for finding in found] == [str(ada_house.id)]
    assert "was cut" in found[0].sentence


async def test_a_trail_that_was_written_anew_is_not_the_sealed_one(
    database: Database, dsn: str, ada_house: House
) -> None:
    """Somebody with the whole database can hash everything again; not what was sealed."""
    await trail(database, ada_house)
    file = await sealed(database, ada_house)
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT id, seq, body FROM events WHERE chain = $1 ORDER BY seq", ada_house.id)
    tip = events.GENESIS
    for row in rows:
        body = row["body"].replace('"number":2', '"number":9')
        new = events.link_hash(tip, body)
        await connection.execute(
            "UPDATE events SET body = $2, prev_hash = $3, hash = $4 WHERE id = $1", row["id"], body, tip, new
        )
        tip = new
    await connection.execute("UPDATE chain_heads SET hash = $2 WHERE chain = $1", ada_house.id, tip)
    await connection.execute("DELETE FROM sealed_heads")
    await connection.close()
    assert (await proved(database, ada_house)).findings == []
    (found,) = (await proved(database, ada_house, file)).findings
    assert "is not the one that was sealed" in found.sentence


def body(file: dict[str, str]) -> None:
    file["body"] = file["body"].replace('"seq":1', '"seq":0', 1)


def seal(file: dict[str, str]) -> None:
    file["seal"] = base64.b64encode(bytes(64)).decode()


def key(file: dict[str, str]) -> None:
    file["key_id"] = "0" * 16


@pytest.mark.parametrize("forge", [body, seal, key])
async def test_a_forged_file_of_heads_proves_nothing(
    database: Database, ada_house: House, forge: Callable[[dict[str, str]], None]
) -> None:
    await trail(database, ada_house)
    file = json.loads(await sealed(database, ada_house))
    forge(file)
    (found,) = (await proved(database, ada_house, json.dumps(file).encode())).findings
    assert found.table == "sealed_heads"
    with pytest.raises(ValueError, match="no file of heads"):
        audit.read_held(b"{}", {})


async def test_heads_are_sealed_once_a_day_and_only_if_something_happened(
    database: Database, ada_house: House, moved_clock: None
) -> None:
    await trail(database, ada_house)
    first = json.loads(json.loads(await sealed(database, ada_house))["body"])
    assert first["before"] == ""
    async with database.transaction(ada_house.id) as session:
        assert await audit.seal_heads(session, SEALER) is None
    clock.move(86_400)
    async with database.transaction(ada_house.id) as session:
        assert await audit.seal_heads(session, SEALER) is None
    await trail(database, ada_house, 1)
    second = json.loads(json.loads(await sealed(database, ada_house))["body"])
    assert len(second["before"]) == 64
    assert (await proved(database, ada_house)).held == 2
