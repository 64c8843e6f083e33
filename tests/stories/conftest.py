"""The whole small world for a test: the product over its real doors, and the sandbox around it."""

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from bot.demo import Town, town
from bot.demo.story import CHAPTERS
from tests.conftest import named
from tests.stories.scene import Scene


@pytest.fixture
async def here(dsn: str, moved_clock: Path) -> AsyncIterator[Town]:
    """Studio Ada on its first day, in a hurry: no pace, no rate limits."""
    async with town(dsn, hurry=True) as started:
        await started.settled()
        yield started


async def _clone(server: str, name: str, template: str) -> str:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
    finally:
        await connection.close()
    return named(server, name)


@pytest.fixture(scope="session")
def opening_played(server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The story's first chapter, played once: the database `opened`, and the sandbox's state in this file."""
    state = tmp_path_factory.mktemp("opened") / "sandbox.json"

    async def play() -> None:
        async with town(await _clone(server, "opened", "template"), state=state, hurry=True) as here:
            await here.settled()
            await CHAPTERS[0](Scene(here, lambda line: None))
            await here.settled()
        # A clone that is started minutes later would take the time between for an outage, and look for what it missed.
        connection = await asyncpg.connect(named(server, "opened"))
        await connection.execute("DELETE FROM beats")
        await connection.close()

    assert "CLOCK_FILE" not in os.environ
    asyncio.run(play())
    return state


@pytest.fixture
async def scene(server: str, opening_played: Path, moved_clock: Path, tmp_path: Path) -> AsyncIterator[Scene]:
    """The world after the story's first chapter, each test its own."""
    state, name = tmp_path / "sandbox.json", f"s_{uuid.uuid4().hex[:12]}"
    shutil.copy(opening_played, state)
    try:
        async with town(await _clone(server, name, "opened"), state=state, hurry=True) as here:
            await here.settled()
            here.sandbox.slack.delivery.retry_after = (0.0, 0.05, 0.2)
            yield Scene(here, lambda line: None)
    finally:
        connection = await asyncpg.connect(server)
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.close()
