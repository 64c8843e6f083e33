"""kill -9 at random moments loses no job, breaks no lane's order, and loses no delivery that was acknowledged."""

import asyncio
import hmac
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import text

from bot.web.hooks import slack_events
from bot.worker.deliveries import Deliveries
from bot.worker.runner import Runner
from core import jobs
from core.db import Database, Session
from core.inbox import Delivery, Keeper
from core.jobs import Claimed

ROOT = Path(__file__).resolve().parents[2]
SECRET = "hush"
TENANT = uuid.UUID(int=1)
LEASE = 1.0


# What the processes do that are killed.


async def work(dsn: str, journal: str) -> None:
    """Run jobs; each notes that it began, in a file that outlives the process."""
    file = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def handler(job: Claimed) -> None:
        os.write(file, f"{os.getpid()} {job.lane} {job.payload['n']}\n".encode())
        await asyncio.sleep(random.uniform(0.01, 0.06))

    database = Database(dsn, pool_size=3)
    await Runner(database, {"test.note": handler}, concurrency=4, poll=0.05, lease=LEASE, paces={"slack:": 0.02}).run()


async def serve(dsn: str, port: str) -> None:
    """Keep Slack's events."""
    app = web.Application()
    app.router.add_post("/", slack_events(signing_secret=SECRET, keeper=Keeper(Database(dsn))))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(port)).start()
    await asyncio.Event().wait()


async def apply(dsn: str) -> None:
    """Apply deliveries; what one does is to enqueue a job, in the transaction that marks it as applied."""

    async def applier(session: Session, delivery: Delivery) -> None:
        await jobs.enqueue(session, "test.applied", lane=delivery.lane, payload={"id": delivery.external_id})
        await asyncio.sleep(random.uniform(0, 0.002))

    async def tenant_of(_session: Session, _source: str, _team: str) -> uuid.UUID | None:
        return TENANT

    await Deliveries(Database(dsn), {("slack", "message"): applier}, tenant_of, poll=0.05).run()


# The tests.


@dataclass
class Victim:
    """A process that can be killed and started again."""

    arguments: tuple[str, ...]
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def start(*arguments: str) -> Victim:
    command = [sys.executable, "-m", "tests.bot.test_kill", *arguments]
    return Victim(arguments, subprocess.Popen(command, cwd=ROOT))


@contextmanager
def victims(*each: tuple[str, ...]) -> Iterator[list[Victim]]:
    """Processes that are all dead at the end."""
    alive = [start(*arguments) for arguments in each]
    try:
        yield alive
    finally:
        for victim in alive:
            victim.kill()


@asynccontextmanager
async def killing(
    alive: list[Victim], times: int, every: float, busy: Callable[[Victim], bool] = lambda _: True
) -> AsyncIterator[None]:
    """Meanwhile, kill one of them that is busy, at random, and start it again, so many times."""

    async def reap() -> None:
        for _ in range(times):
            await asyncio.sleep(every * random.uniform(0.5, 1.5))
            while not (found := [which for which, victim in enumerate(alive) if busy(victim)]):  # noqa: ASYNC110  (another process decides)
                await asyncio.sleep(0.02)
            which = random.choice(found)
            alive[which].kill()
            alive[which] = start(*alive[which].arguments)

    reaping = asyncio.create_task(reap())
    try:
        yield
        await reaping
    finally:
        reaping.cancel()


async def count(database: Database, query: str) -> int:
    async with database.platform() as session:
        return int((await session.execute(text(query))).scalar_one())


async def happens(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  (another process decides)
            await asyncio.sleep(0.02)


async def none_left(database: Database, query: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    while left := await count(database, query):
        assert time.monotonic() < until, f"{left} are left after {seconds} seconds"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("lanes", "workers", "kills", "every"),
    [
        pytest.param(8, 3, 4, 0.5, id="short"),
        pytest.param(40, 4, 50, 0.8, id="long", marks=pytest.mark.soak),
    ],
)
async def test_killed_workers_lose_no_job_and_break_no_lanes_order(
    database: Database, dsn: str, tmp_path: Path, lanes: int, workers: int, kills: int, every: float
) -> None:
    names = [f"{'slack:' if lane % 2 else ''}lane{lane}" for lane in range(lanes)]
    journal = tmp_path / "journal"
    journal.touch()
    enqueued = 0

    async def feed() -> None:
        """Keep every lane busy."""
        nonlocal enqueued
        while True:
            if await count(database, "SELECT count(*) FROM jobs") < 5 * lanes:
                async with database.platform() as session:
                    for lane in names:
                        await jobs.enqueue(session, "test.note", lane=lane, payload={"n": enqueued})
                enqueued += 1
            await asyncio.sleep(0.01)

    with victims(*[("work", dsn, str(journal))] * workers) as alive:
        feeding = asyncio.create_task(feed())
        await happens(lambda: journal.stat().st_size > 0)

        def busy(victim: Victim) -> bool:
            """Whether it has begun a job: one that is still starting would die for nothing."""
            return any(line.startswith(f"{victim.process.pid} ") for line in journal.read_text().splitlines()[-40:])

        async with killing(alive, kills, every, busy):
            await asyncio.sleep(every)
        feeding.cancel()
        await asyncio.wait([feeding])
        await none_left(database, "SELECT count(*) FROM jobs", 20)
    began: dict[str, list[int]] = {}
    for line in journal.read_text().splitlines():
        _, lane, number = line.split()
        began.setdefault(lane, []).append(int(number))
    done = [number for lane in names for number in set(began[lane])]
    for lane in names:
        assert set(began[lane]) >= set(range(enqueued)), f"{lane} lost a job"
        assert began[lane] == sorted(began[lane]), f"{lane} ran out of order"
    assert sum(map(len, began.values())) > len(done), "no kill hit a job at work: this proved nothing"


@pytest.mark.parametrize(
    ("senders", "kills", "every"),
    [
        pytest.param(8, 4, 0.6, id="short"),
        pytest.param(16, 50, 0.9, id="long", marks=pytest.mark.soak),
    ],
)
async def test_every_acknowledged_delivery_is_applied_though_all_are_killed(
    database: Database, dsn: str, senders: int, kills: int, every: float
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    acknowledged: list[str] = []
    refused = 0
    over = False

    async def send(client: aiohttp.ClientSession, sender: int) -> None:
        nonlocal refused
        number = 0
        while not over:
            number += 1
            name = f"Ev{sender}.{number}"
            message = {"type": "message", "channel": f"C{number % 5}", "text": "Hello"}
            body = json.dumps(
                {"type": "event_callback", "event_id": name, "event": message, "authorizations": [{"team_id": "T1"}]}
            ).encode()
            stamp = str(int(time.time()))
            signed = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, "sha256").hexdigest()
            headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed}"}
            try:
                async with client.post(f"http://127.0.0.1:{port}/", data=body, headers=headers) as response:
                    assert response.status == 200
                    acknowledged.append(name)
                await asyncio.sleep(0.05)
            except aiohttp.ClientError:
                refused += 1
                await asyncio.sleep(0.02)

    with victims(("serve", dsn, str(port)), ("apply", dsn), ("apply", dsn)) as alive:
        async with aiohttp.ClientSession() as client:
            async with asyncio.TaskGroup() as group:
                for sender in range(senders):
                    group.create_task(send(client, sender))
                await happens(lambda: bool(acknowledged))
                async with killing(alive, kills, every):
                    await asyncio.sleep(every)
                over = True
            await none_left(database, "SELECT count(*) FROM deliveries WHERE state = 'new'", 20)
    assert acknowledged
    async with database.platform() as session:
        kept = list(
            (await session.execute(text("SELECT external_id FROM deliveries WHERE state = 'applied'"))).scalars()
        )
        effects = list((await session.execute(text("SELECT payload ->> 'id' FROM jobs"))).scalars())
    assert set(acknowledged) <= set(kept), "an acknowledged delivery was lost"
    assert sorted(effects) == sorted(kept), "a delivery was applied more than once, or in part"


if __name__ == "__main__":
    asyncio.run({"work": work, "serve": serve, "apply": apply}[sys.argv[1]](*sys.argv[2:]))
