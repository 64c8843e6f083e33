"""The schema: bring a database up to the newest migration, and tell how far it is."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

ROOT = Path(__file__).resolve().parents[1]


def _config() -> Config:
    return Config(toml_file=str(ROOT / "pyproject.toml"))


async def upgrade(url: str) -> None:
    """Run `alembic upgrade head` on the owner's database address; does nothing where it is there already."""

    def run(connection: Connection) -> None:
        if MigrationContext.configure(connection).get_current_revision() == newest():
            return
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()

    await _over(url, run)


async def current(url: str) -> str | None:
    """The migration that the database is at; None if it has none."""
    found: list[str | None] = []
    await _over(url, lambda connection: found.append(MigrationContext.configure(connection).get_current_revision()))
    return found[0]


def newest() -> str | None:
    """The newest migration that this code knows."""
    return ScriptDirectory(str(ROOT / "migrations")).get_current_head()


async def _over(url: str, run: Callable[[Connection], None]) -> None:
    engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    try:
        async with asyncio.timeout(60), engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()
