"""Door and worker are killed at random under load; nothing that was acknowledged may be missing: `python -m tests.bench.chaos`."""

import argparse
import asyncio
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import aiohttp
import asyncpg

from bot.postgres import Postgres
from bot.worker.deliveries import Deliveries
from bot.worker.tables import APPLIERS, tenant_of
from core.db import Database
from core.schema import upgrade
from tests.bench import ingest, record

SENDERS = 8
CHANNELS = 10


class Victim:
    """A process that is killed and started again."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self.kills = -1
        self.start()

    def start(self) -> None:
        """Start it, and wait until it says that it is there."""
        self.kills += 1
        self.process = subprocess.Popen([sys.executable, "-m", *self._arguments], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.said = self.process.stdout.readline().strip()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


async def work(dsn: str) -> None:
    """The worker's loop over deliveries."""
    database = Database(dsn, statement_timeout=30_000, lock_timeout=5_000)
    print("working", flush=True)
    await Deliveries(database, APPLIERS, tenant_of).run()


class Load:
    """Sends messages as Slack does: again and again under the same event id, until it is told that they are kept."""

    def __init__(self, channels: list[str], port: Callable[[], str]) -> None:
        self.channels, self.port = channels, port
        self.acknowledged: set[str] = set()
        self.number = 0
        self.ended = False

    async def send(self, client: aiohttp.ClientSession) -> None:
        """One sender, until the end; what it has begun it sends until it is acknowledged."""
        while not self.ended:
            self.number += 1
            channel = self.channels[self.number % len(self.channels)]
            body = ingest.request(self.number).partition(b"\r\n\r\n")[2]
            ref, content = self._addressed(json.loads(body), channel)
            while True:
                try:
                    url = f"http://127.0.0.1:{self.port()}/slack/events"
                    async with client.post(url, data=content, headers=ingest.signed(content)) as response:
                        if response.status == 200:
                            self.acknowledged.add(ref)
                            break
                except (aiohttp.ClientError, TimeoutError, OSError):
                    await asyncio.sleep(0.05)

    def _addressed(self, event: dict[str, dict[str, str]], channel: str) -> tuple[str, bytes]:
        event["event"]["channel"] = channel
        return f"{channel}:{event['event']['ts']}", json.dumps(event).encode()


async def rage(dsn: str, seconds: float, seed: int) -> dict[str, int]:
    """Kill for so long, then let the worker finish, and compare what was acknowledged with the record."""
    chance = random.Random(seed)
    channels = (await record.settle_in(dsn))[:CHANNELS]
    door, worker = Victim("tests.bench.ingest", "ours", dsn), Victim("tests.bench.chaos", "work", dsn)
    load = Load(channels, lambda: door.said)
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as client:
            senders = [asyncio.create_task(load.send(client)) for _ in range(SENDERS)]
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                await asyncio.sleep(chance.uniform(0.3, 1.5))
                victim = chance.choice((door, worker))
                await asyncio.to_thread(victim.kill)
                await asyncio.to_thread(victim.start)
            load.ended = True
            await asyncio.gather(*senders)
        return await found(dsn, load.acknowledged) | {"kills": door.kills + worker.kills}
    finally:
        for one in (door, worker):
            one.kill()


WAITING = "SELECT count(*) FROM deliveries WHERE state = 'new' OR next_try_at IS NOT NULL"


async def found(dsn: str, acknowledged: set[str]) -> dict[str, int]:
    """What the record has of it, once nothing waits any longer."""
    connection = await asyncpg.connect(dsn)
    try:
        while await connection.fetchval(WAITING):  # noqa: ASYNC110 - another process works on it
            await asyncio.sleep(0.1)
        rows = Counter(row[0] for row in await connection.fetch("SELECT source_ref FROM conversation_messages"))
        opened = await connection.fetch(
            "SELECT count(*) FROM events WHERE kind = 'conversation.opened' GROUP BY subject_id HAVING count(*) > 1"
        )
    finally:
        await connection.close()
    twice = sum(count - 1 for count in rows.values()) + len(opened)
    return {"acknowledged": len(acknowledged), "lost": len(acknowledged - set(rows)), "duplicated": twice}


def run(seconds: float, seed: int = 1) -> dict[str, int]:
    """Rage on a throw-away Postgres with durable settings."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with Postgres(Path(folder) / "pg") as dsn:
            asyncio.run(upgrade(dsn))
            return asyncio.run(rage(dsn, seconds, seed))


def main() -> None:
    """Rage for the minutes that are asked for, and print what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(json.dumps(run(options.minutes * 60, options.seed)))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["work", dsn]:
            asyncio.run(work(dsn))
        case _:
            main()
