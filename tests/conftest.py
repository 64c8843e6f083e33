"""What every test may ask for: a real Postgres, migrated by alembic, and the people of the story."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from bot.postgres import CARELESS, throw_away
from core.db import Database, Session
from core.schema import upgrade
from tests.builders import House, house


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The owner's address of a throw-away server, with one migrated database, `template`, to clone from."""
    with throw_away(*CARELESS, "-c", "max_connections=200") as dsn:

        async def prepare() -> None:
            connection = await asyncpg.connect(dsn)
            await connection.execute("CREATE DATABASE template")
            await connection.close()
            await upgrade(named(dsn, "template"))

        asyncio.run(prepare())
        yield dsn


def named(dsn: str, database: str) -> str:
    """The address of another database of the same server."""
    return str(make_url(dsn).set(database=database).render_as_string(hide_password=False))


@pytest.fixture
async def dsn(server: str) -> AsyncIterator[str]:
    """The owner's address of a database of this test's own, cloned from the migrated template."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template STRATEGY wal_log")
        yield named(server, name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """A database of this test's own, as the application's role."""
    db = Database(dsn, pool_size=5, statement_timeout=20_000, lock_timeout=10_000)
    yield db
    await db.close()


@pytest.fixture
async def ada_house(database: Database) -> House:
    """Studio Ada with its people and one engagement with Northwind, committed."""
    return await house(database)


@pytest.fixture
async def session(database: Database, ada_house: House) -> AsyncIterator[Session]:
    """A transaction in Studio Ada, rolled back at the test's end."""

    class Undo(Exception):
        pass

    try:
        async with database.transaction(ada_house.id) as opened:
            yield opened
            raise Undo
    except Undo:
        return


@pytest.fixture
def moved_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clock of this test's own, which `core.clock.move` moves."""
    file = tmp_path / "clock"
    monkeypatch.setitem(os.environ, "CLOCK_FILE", str(file))
    return file
