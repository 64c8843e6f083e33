"""kill -9 of `serve`, `work` and Postgres loses nothing that was acknowledged, and an import goes on where it was killed."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.app import App, day_one, working
from bot.settings import read
from core import backfill
from core.db import Database
from core.people import system
from tests.bench import chaos
from tests.bench.outside import Outside
from tests.builders import House

ROOT = Path(__file__).parents[2]
QUICK = ("-c", "fsync=off", "-c", "full_page_writes=off")
"""A process that is killed loses nothing of what the kernel has; a machine would. Commits are waited for, as ever."""


@pytest.mark.parametrize(
    ("seconds", "pause", "options"),
    [
        pytest.param(0, (0.2, 0.6), QUICK, id="short"),
        pytest.param(180, (0.5, 4.0), (), id="long", marks=pytest.mark.soak),
    ],
)
def test_nothing_acknowledged_is_lost_or_doubled_though_all_three_are_killed(
    seconds: float, pause: tuple[float, float], options: tuple[str, ...]
) -> None:
    seed = random.randrange(1_000_000)
    figures = chaos.run(seconds, seed, pause=pause, options=options)
    assert (figures["lost"], figures["duplicated"], figures["not_applied"]) == (0, 0, 0), figures
    assert all(figures["kills"].values()) and figures["acknowledged"] > 100, figures
    assert figures["again"] > 0, "no kill kept an event from being acknowledged: this proved nothing"
    assert figures["ended_by_themselves"] == 0, "without its database a process waits"


async def work(dsn: str, slack: str) -> None:
    """A worker whose lanes are soon another's once it is killed."""
    app = App(_settings(dsn, slack), patient=True)
    async with working(app, lease=1.0):
        await asyncio.Event().wait()


def _settings(dsn: str, slack: str) -> object:
    key = "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
    return read(database_url=dsn, slack_api_url=slack, slack_bot_token="xoxb-test", secret_key=key)


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    slack = Outside()
    await slack.start()
    yield slack
    await slack.stop()


async def _until(condition: Callable[[], object], process: "subprocess.Popen[bytes]", seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the worker ended by itself"
        assert time.monotonic() < until, "it did not come about"
        await asyncio.sleep(0.02)


async def test_an_import_goes_on_where_its_worker_was_killed(
    database: Database, dsn: str, ada_house: House, outside: Outside
) -> None:
    now = int(time.time()) - 86_400
    outside.said = [
        {"type": "message", "user": "U0CLARA", "ts": f"{now + 60 * n}.000100", "text": f"What was said as number {n}"}
        for n in range(500)
    ]
    app = App(_settings(dsn, outside.url))  # type: ignore[arg-type]
    await day_one(app)
    await app.close()
    async with database.transaction(ada_house.id) as session:
        run = await backfill.ask(session, system(ada_house.id), ada_house.engagement.id, "link")
        assert run is not None
    outside.held = {2}  # it is killed while it waits for this one
    command = [sys.executable, "-m", "tests.bot.test_chaos", dsn, outside.url]
    process = subprocess.Popen(command, cwd=ROOT)  # noqa: ASYNC220
    try:
        for page in sorted(outside.held):
            await _until(lambda page=page: outside.pages >= page, process)  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
            process.wait()
            process = subprocess.Popen(command, cwd=ROOT)  # noqa: ASYNC220
        until = time.monotonic() + 30
        while True:
            async with database.transaction(ada_house.id) as session:
                state = (await session.execute(text("SELECT state FROM backfills"))).scalar_one()
                kept = (
                    (await session.execute(text("SELECT text FROM conversation_messages ORDER BY ts"))).scalars().all()
                )
            if state != "running":
                break
            assert time.monotonic() < until, f"after the kill the import stands still at {len(kept)}"
            await asyncio.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    assert kept == [one["text"] for one in outside.said]
    assert outside.pages == 3 + len(outside.held), "it went on at its page, and did not begin anew"


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
