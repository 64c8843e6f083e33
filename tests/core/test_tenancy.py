"""Across tenants nothing can be read, written or referred to: a walk through the catalog, for every table that exists."""

import uuid
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from core.db import APP_ROLE, PLATFORM_TABLES, Database, load_all
from tests.builders import house

METADATA = load_all()
TENANT_TABLES = sorted(set(METADATA.tables) - PLATFORM_TABLES)


async def owner(dsn: str) -> asyncpg.Connection:
    return await asyncpg.connect(make_url(dsn).set(drivername="postgresql").render_as_string(hide_password=False))


async def filler(
    connection: asyncpg.Connection, table: str, tenant: uuid.UUID, known: dict[str, uuid.UUID]
) -> dict[str, Any]:
    """A value for each column that must have one, fit for its type; what it refers to is taken from `known`."""
    columns = await connection.fetch(
        "SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'public'"
        " AND table_name = $1 AND is_identity = 'NO'",
        table,
    )
    checks = {
        check["column"]: check["value"]
        for check in await connection.fetch(
            r"SELECT a.attname AS column, (regexp_match(pg_get_constraintdef(c.oid), 'ARRAY\[''([^'']*)'''))[1] AS value"
            " FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)"
            " WHERE c.contype = 'c' AND c.conrelid = $1::regclass AND pg_get_constraintdef(c.oid) LIKE '%ARRAY[%'",
            table,
        )
    }
    refers = await references(connection, table)
    row: dict[str, Any] = {"organization_id": tenant}
    for column in columns:
        name, kind = column["column_name"], column["data_type"]
        if name == "organization_id":
            continue
        if name in refers:
            row[name] = known.get(refers[name])
        elif column["is_nullable"] == "NO" and (name == "id" or column["column_default"] is None):
            row[name] = (
                checks[name]
                if name in checks
                else {
                    "uuid": uuid.uuid4(),
                    "text": uuid.uuid4().hex,
                    "character varying": uuid.uuid4().hex[:3].upper(),
                    "integer": 1,
                    "bigint": 1,
                    "numeric": 1,
                    "boolean": False,
                    "bytea": uuid.uuid4().bytes,
                    "jsonb": "{}",
                    "timestamp with time zone": await connection.fetchval("SELECT now()"),
                    "date": await connection.fetchval("SELECT current_date"),
                }[kind]
            )
    return row


async def references(connection: asyncpg.Connection, table: str) -> dict[str, str]:
    """Each column that refers to another table beside the organization, and that table."""
    rows = await connection.fetch(
        "SELECT confrelid::regclass::text AS other, array_agg(a.attname::text) AS columns FROM pg_constraint c"
        " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)"
        " WHERE c.contype = 'f' AND c.conrelid = $1::regclass GROUP BY c.oid, confrelid",
        table,
    )
    return {
        next(name for name in row["columns"] if name != "organization_id"): row["other"]
        for row in rows
        if row["other"] != "organizations"
    }


async def insert(connection: asyncpg.Connection, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(row)
    places = ", ".join(f"${i}" for i in range(1, len(row) + 1))
    await connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())


@pytest.fixture
async def two(database: Database) -> tuple[uuid.UUID, uuid.UUID]:
    return (await house(database)).id, (await house(database, "Rival", "T0RIVAL")).id


def in_order() -> list[str]:
    return [table.name for table in METADATA.sorted_tables if table.name not in PLATFORM_TABLES]


async def filled(connection: asyncpg.Connection, tenant: uuid.UUID) -> dict[str, uuid.UUID]:
    """A row of every tenant table, for this tenant, made by the owner."""
    known: dict[str, uuid.UUID] = {}
    for table in in_order():
        row = await filler(connection, table, tenant, known)
        await insert(connection, table, row)
        known[table] = row["id"]
    return known


async def test_every_table_is_known_and_guarded(dsn: str, two: tuple[uuid.UUID, uuid.UUID]) -> None:
    connection = await owner(dsn)
    tables = await connection.fetch(
        "SELECT relname AS name, relrowsecurity AS guarded, (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS policies,"
        " EXISTS (SELECT FROM information_schema.columns WHERE table_name = relname AND column_name = 'organization_id') AS tenanted"
        " FROM pg_class c WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    assert {row["name"] for row in tables} == set(METADATA.tables) | {"alembic_version"}
    for row in tables:
        if row["name"] in TENANT_TABLES:
            assert row["guarded"] and row["policies"] == 1 and row["tenanted"], row["name"]
    views = await connection.fetch(
        "SELECT relname, reloptions FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace"
    )
    assert all("security_invoker=true" in (view["reloptions"] or []) for view in views)
    await connection.close()


async def test_every_reference_between_tenant_tables_carries_the_organization(dsn: str) -> None:
    connection = await owner(dsn)
    found = await connection.fetch(
        "SELECT conrelid::regclass::text AS place, confrelid::regclass::text AS other, array_agg(a.attname::text) AS columns"
        " FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)"
        " WHERE c.contype = 'f' GROUP BY c.oid, conrelid, confrelid"
    )
    assert found
    for row in found:
        if row["other"] in TENANT_TABLES:
            assert "organization_id" in row["columns"], f"{row['place']} → {row['other']}"
    await connection.close()


async def test_another_tenants_rows_can_neither_be_read_changed_nor_made(
    dsn: str, two: tuple[uuid.UUID, uuid.UUID]
) -> None:
    ours, theirs = two
    connection = await owner(dsn)
    known = await filled(connection, theirs)
    await connection.execute(f"SET ROLE {APP_ROLE}")
    for setting in (str(ours), ""):
        await connection.execute("SELECT set_config('app.organization', $1, false)", setting)
        for table in TENANT_TABLES:
            assert await connection.fetchval(f"SELECT count(*) FROM {table} WHERE id = $1", known[table]) == 0, table
            for statement in (f"UPDATE {table} SET id = id WHERE id = $1", f"DELETE FROM {table} WHERE id = $1"):
                try:
                    done = await connection.execute(statement, known[table])
                except asyncpg.InsufficientPrivilegeError:
                    continue  # append-only: the right itself is missing
                assert done.endswith(" 0"), f"{table}: {statement}"
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await insert(connection, table, await filler(connection, table, theirs, known))
    await connection.close()


async def test_no_row_can_refer_to_another_tenants(dsn: str, two: tuple[uuid.UUID, uuid.UUID]) -> None:
    ours, theirs = two
    connection = await owner(dsn)
    mine, foreign = await filled(connection, ours), await filled(connection, theirs)
    await connection.execute(f"SET ROLE {APP_ROLE}")
    await connection.execute("SELECT set_config('app.organization', $1, false)", str(ours))
    tried = 0
    for table in in_order():
        for column, other in (await references(connection, table)).items():
            row = {**await filler(connection, table, ours, mine), column: foreign[other]}
            with pytest.raises((asyncpg.ForeignKeyViolationError, asyncpg.UniqueViolationError)) as caught:
                await insert(connection, table, row)
            if (
                caught.type is asyncpg.UniqueViolationError
            ):  # a row of this kind exists once only; without it the reference must fail
                async with connection.transaction():
                    try:
                        await connection.execute(f"DELETE FROM {table}")
                        with pytest.raises(asyncpg.ForeignKeyViolationError):
                            await insert(connection, table, row)
                    except (
                        asyncpg.ForeignKeyViolationError,
                        asyncpg.InsufficientPrivilegeError,
                        asyncpg.InFailedSQLTransactionError,
                    ):
                        pass
            tried += 1
    assert tried > 20
    await connection.close()


async def test_without_a_tenant_nothing_is_seen_and_with_one_only_its_own(
    database: Database, two: tuple[uuid.UUID, uuid.UUID]
) -> None:
    from sqlalchemy import text

    async with database.platform() as session:
        assert (await session.execute(text("SELECT count(*) FROM users"))).scalar_one() == 0
    async with database.transaction(two[0]) as session:
        seen = (await session.execute(text("SELECT DISTINCT organization_id FROM users"))).scalars().all()
    assert seen == [two[0]]


async def test_what_is_append_only_can_be_neither_changed_nor_removed(
    dsn: str, two: tuple[uuid.UUID, uuid.UUID]
) -> None:
    connection = await owner(dsn)
    await filled(connection, two[0])
    await connection.execute(f"SET ROLE {APP_ROLE}")
    await connection.execute("SELECT set_config('app.organization', $1, false)", str(two[0]))
    for table in ("events", "signatures", "proposal_versions", "payments"):
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    await connection.close()


async def test_serve_refuses_to_start_as_a_role_that_could_step_around(dsn: str, database: Database) -> None:
    await database.refuse_owner()
    powerful = Database(dsn, role=None)
    with pytest.raises(RuntimeError, match="could read across tenants"):
        await powerful.refuse_owner()
    await powerful.close()
