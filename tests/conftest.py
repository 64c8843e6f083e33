"""What every test may ask for: a real Postgres, migrated by alembic, and the people of the story."""

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import pytest
import structlog
from sqlalchemy.engine import make_url

from bot.postgres import CARELESS, Postgres
from core.db import Database, Session
from core.schema import upgrade
from tests.builders import House, house

ON_THE_WIRE = (
    "tests/stories/",
    "_slack.py",
    "_browser.py",
    "test_kill.py",
    "test_postgres.py",
    "test_runner.py",
    "test_exports",
)
"""Tests that start servers, browsers and processes, and wait for what these do: how long that takes is the machine's affair."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What fails on the wire is tried again: a defect fails every time, a machine that was busy for a moment does not."""
    for item in items:
        if any(part in item.nodeid for part in ON_THE_WIRE):
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=1))


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> Iterator[None]:
    """Errors are logged as Python prints them: colouring each with its source took longer than the tests that make them."""
    processors = list(structlog.get_config()["processors"])
    processors[-1] = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=processors)
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Files and exports of tests lie in a folder of theirs, never in the checkout's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FILES_FOLDER", str(tmp_path_factory.mktemp("files")))
        patch.setenv("EXPORTS_FOLDER", str(tmp_path_factory.mktemp("exports")))
        yield


FOR_TESTS = tuple(
    part
    for setting in (
        "max_connections=200",
        "wal_level=minimal",
        "max_wal_senders=0",
        "checkpoint_timeout=1h",
        "autovacuum=off",
        "jit=off",
    )
    for part in ("-c", setting)
)
"""Beside CARELESS: nothing is copied, tidied or compiled for databases that live as long as one test."""


def _in_memory() -> Path | None:
    """The folder that lies in memory, where this machine has one with room; cloning is 700 files, slow on a disk."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK | os.X_OK) and shutil.disk_usage(memory).free > 2_000_000_000
    return memory if roomy else None


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The owner's address of a throw-away server, with one migrated database, `template`, to clone from."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="throughline-", dir=_in_memory())))
        folder.chmod(0o711)  # as root the server may run as nobody, who must get through
        dsn = stack.enter_context(Postgres(folder, *CARELESS, *FOR_TESTS))

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
