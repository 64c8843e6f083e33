"""`serve`, `work` and Postgres are killed under load; nothing acknowledged may be missing: `python -m tests.bench.chaos`."""

import argparse
import asyncio
import base64
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from bot.postgres import Postgres, free
from bot.worker.deliveries import Deliveries
from bot.worker.tables import APPLIERS, tenant_of
from core import clock, db
from core.db import Database
from core.engagements import Engagement
from core.schema import upgrade
from tests.bench import ingest, talk
from tests.bench.outside import Outside
from tests.builders import TEAM, house

SENDERS = 8
CHANNELS = 10
PATIENCE = 3.0
"""Seconds that Slack waits for an answer before it sends an event again."""

CALM = 60.0

ROOT = Path(__file__).parents[2]


class Server:
    """The embedded Postgres, ended as a power cut would end it, and begun again, as a machine's init would do."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder, self._options = folder, options
        self._held = ExitStack()

    def start(self) -> str:
        """Start it, or find it running; its address, which stays the same."""
        return self._held.enter_context(Postgres(self._folder, *self._options))

    def kill(self) -> None:
        """kill -9 of the postmaster; its children end by themselves, and its supervisor, seeing it, leaves too."""
        os.kill(int((self._folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        while not free(self._folder / "supervisor", 1):
            time.sleep(0.01)

    def end(self) -> None:
        """Stop it properly."""
        self._held.close()


class Victim:
    """`python -m bot serve` or `work`: killed, and started again whenever it is not there, as a machine's init would do."""

    def __init__(self, what: str, ready: str, environment: dict[str, str], log: Path) -> None:
        self._what, self._ready, self._environment, self._log = what, ready, environment, log
        self.died = 0
        self.start()

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as said:
            self._before = said.tell()
            command = [sys.executable, "-m", "bot", self._what]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=said, stderr=said)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.look()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def look(self) -> None:
        """Start it again if it ended: it may while it starts and finds no database, and else never, so that is counted."""
        if self.process.poll() is not None:
            self.died += self._ready.encode() in self._log.read_bytes()[self._before :]
            self.start()


async def work(dsn: str) -> None:
    """The worker's loop over deliveries."""
    database = Database(dsn, statement_timeout=30_000, lock_timeout=5_000)
    print("working", flush=True)
    await Deliveries(database, APPLIERS, tenant_of).run()


@dataclass
class Model:
    """What the record must be: for each message its text, the texts before, and whether it was deleted."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    reactions: set[tuple[str, str]] = field(default_factory=set)

    def note(self, event: dict[str, Any]) -> None:
        """An event that Slack has begun to tell."""
        kind, channel = event.get("subtype") or event["type"], event.get("channel")
        if kind == "message_changed":
            self.texts[f"{channel}:{event['message']['ts']}"].append(event["message"]["text"])
        elif kind == "message_deleted":
            self.deleted.add(f"{channel}:{event['deleted_ts']}")
        elif kind == "reaction_added":
            self.reactions.add((f"{event['item']['channel']}:{event['item']['ts']}", event["user"]))
        else:
            self.texts[f"{channel}:{event['ts']}"] = [event["text"]]


class Load:
    """Sends what goes on in the channels as Slack does: again under the same event id, until it is told that it is kept."""

    def __init__(self, channels: list[str], url: str, seed: int) -> None:
        chance, first = random.Random(seed), int(time.time()) - 90 * 86_400
        self._talks = [(channel, talk.talk(channel, chance, first)) for channel in channels]
        self._url = url
        self.model = Model()
        self.acknowledged = self.again = 0
        self.ended = False

    def _events(self) -> Iterator[bytes]:
        while not self.ended:
            channel, goes_on = self._talks[self.acknowledged % len(self._talks)]
            event = next(goes_on)
            now = f"{time.time():.6f}"
            event = {"event_ts": event.get("ts", now), "ts": event.get("deleted_ts", now), "channel": channel, **event}
            self.model.note(event)
            us = {"team_id": TEAM, "user_id": "U0BOT", "is_bot": True}
            told = {"type": "event_callback", "event_id": f"Ev{time.time_ns()}", "team_id": TEAM, "event": event}
            yield json.dumps({**told, "authorizations": [us]}).encode()

    async def send(self, client: aiohttp.ClientSession) -> None:
        """One sender, until the end; what it has begun it sends until it is acknowledged."""
        for body in self._events():
            while not await self._told(client, body):
                self.again += 1
                await asyncio.sleep(0.05)
            self.acknowledged += 1
            await asyncio.sleep(0.01)

    async def _told(self, client: aiohttp.ClientSession, body: bytes) -> bool:
        try:
            async with client.post(f"{self._url}/slack/events", data=body, headers=ingest.signed(body)) as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False


async def settle_in(dsn: str) -> list[str]:
    """An agency with its people, and engagements with a client's and a staff channel each."""
    database = Database(dsn)
    home = await house(database)
    async with database.transaction(home.id) as session:
        same = {
            name: getattr(home.engagement, name) for name in ("organization_id", "company_id", "owner_id", "contact_id")
        }
        rows = [
            Engagement(
                **same, title=f"E{n}", channel_id=f"C{n}BENCH", staff_channel_id=f"C{n}STAFF", connection="connected"
            )
            for n in range(CHANNELS)
        ]
        await db.save(session, *rows)
    await database.close()
    return [str(row.channel_id) for row in rows]


class Chaos:
    """The three that are killed, one of each first, then at random, sometimes two at once; each is left dead for a moment."""

    def __init__(self, server: Server, victims: dict[str, Victim], seed: int) -> None:
        self._all: dict[str, Server | Victim] = {"postgres": server, **victims}
        self._chance = random.Random(seed)
        self.kills: Counter[str] = Counter(dict.fromkeys(self._all, 0))

    async def rage(self, seconds: float, pause: tuple[float, float]) -> None:
        """Kill for so long."""
        until, first = time.monotonic() + seconds, self._chance.sample(list(self._all), len(self._all))
        while first or time.monotonic() < until:
            await self._rest(self._chance.uniform(*pause))
            both = self._chance.sample(list(self._all), 2) if self._chance.random() < 0.2 else []
            chosen = [first.pop()] if first else both or [self._chance.choice(list(self._all))]
            for name in chosen:
                self._all[name].kill()
                self.kills[name] += 1
            await asyncio.sleep(self._chance.uniform(0, 1))
            for name in chosen:
                await asyncio.to_thread(self._all[name].start)
        await self._rest(0.1)

    async def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(0.05)
            for one in self._all.values():
                if isinstance(one, Victim):
                    one.look()

    async def calm(self, tasks: list[asyncio.Task[None]]) -> None:
        """Kill no more, until the tasks are done."""
        until = time.monotonic() + CALM
        while not all(task.done() for task in tasks):
            assert time.monotonic() < until, "what is sent is not acknowledged any more"
            await self._rest(0.1)
        await asyncio.gather(*tasks)


async def rage(folder: Path, seconds: float, seed: int, pause: tuple[float, float], options: tuple[str, ...]) -> Any:
    """Kill for so long, then let the worker finish, and compare what was acknowledged with the record."""
    server, outside, victims = Server(folder / "pg", *options), Outside(), {}
    dsn = server.start()
    try:
        await upgrade(dsn)
        channels = await settle_in(dsn)
        await outside.start()
        url, environment = _environment(dsn, outside, folder)
        victims = {
            what: Victim(what, ready, environment, folder / f"{what}.log")
            for what, ready in (("serve", "Listening"), ("work", "Working"))
        }
        load, chaos = Load(channels, url, seed), Chaos(server, victims, seed)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as client:
            senders = [asyncio.create_task(load.send(client)) for _ in range(SENDERS)]
            until = time.monotonic() + CALM
            while not load.acknowledged:  # the processes are starting
                assert time.monotonic() < until, "nothing is acknowledged"
                await asyncio.sleep(0.05)
            await chaos.rage(seconds, pause)
            load.ended = True
            await chaos.calm(senders)
        figures = {"acknowledged": load.acknowledged, "again": load.again, **await found(dsn, load.model)}
        figures["duplicated"] += outside.repeated
        figures["posts"] = sum(map(len, outside.posts.values()))
        for victim in victims.values():
            victim.look()
        ended = sum(victim.died for victim in victims.values())
        return figures | {"ended_by_themselves": ended, "kills": dict(chaos.kills)}
    finally:
        for victim in victims.values():
            victim.kill()
        await outside.stop()
        server.end()


def _environment(dsn: str, outside: Outside, folder: Path) -> tuple[str, dict[str, str]]:
    """The address of `serve`, and what the two processes are told."""
    with socket.socket() as spare:
        spare.bind(("127.0.0.1", 0))
        port = spare.getsockname()[1]
    said = {
        "DATABASE_URL": dsn,
        "SLACK_BOT_TOKEN": "xoxb-bench",
        "SLACK_SIGNING_SECRET": ingest.SECRET,
        "SLACK_API_URL": outside.url,
        "SECRET_KEY": base64.b64encode(bytes(32)).decode(),
        "FILES_FOLDER": str(folder / "files"),
        "EXPORTS_FOLDER": str(folder / "exports"),
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    return f"http://127.0.0.1:{port}", {**os.environ, **said}


WAITING = "SELECT count(*) FROM deliveries WHERE state = 'new' OR next_try_at IS NOT NULL"
RECORD = (
    "SELECT m.source_ref, m.text, m.deleted_at IS NOT NULL AS deleted,"
    " array(SELECT r.text FROM message_revisions r WHERE r.message_id = m.id ORDER BY r.edited_ts) AS before"
    " FROM conversation_messages m WHERE m.source = 'slack' AND m.channel_id = ANY($1)"
)


async def found(dsn: str, model: Model, patience: float = 120.0) -> dict[str, int]:
    """What the record has of it, once nothing waits any longer."""
    until = time.monotonic() + patience
    connection = await asyncpg.connect(dsn)
    try:
        while await connection.fetchval(WAITING):
            assert time.monotonic() < until, "deliveries still wait"
            await asyncio.sleep(0.1)
        channels = [f"C{n}BENCH" for n in range(CHANNELS)]
        rows = await connection.fetch(RECORD, channels)
        hearts = await connection.fetch("SELECT channel_id || ':' || ts, author_ref FROM message_reactions")
        opened = await connection.fetch(
            "SELECT count(*) FROM events WHERE kind = 'conversation.opened' GROUP BY subject_id HAVING count(*) > 1"
        )
        aside = await connection.fetchval("SELECT count(*) FROM deliveries WHERE state <> 'applied'")
    finally:
        await connection.close()
    kept = {row["source_ref"]: ([*row["before"], row["text"]], row["deleted"]) for row in rows}
    wanted = {ref: (texts, ref in model.deleted) for ref, texts in model.texts.items()}
    lost = sum(kept.get(ref) != told for ref, told in wanted.items())
    lost += len(model.reactions - {(row[0], row[1]) for row in hearts})
    twice = len(rows) - len(kept) + len(kept.keys() - wanted.keys()) + len(opened)
    return {
        "messages": len(rows),
        "lost": lost,
        "duplicated": twice,
        "not_applied": aside,
        "conversations_twice": len(opened),
    }


def run(seconds: float, seed: int, *, pause: tuple[float, float] = (0.5, 4.0), options: tuple[str, ...] = ()) -> Any:
    """Rage on a throw-away Postgres, with durable settings unless `options` say otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        return asyncio.run(rage(Path(folder), seconds, seed, pause, options))


def main() -> None:
    """Rage for the minutes that are asked for, and print what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    began = clock.now()
    figures = run(options.minutes * 60, options.seed)
    took = (clock.now() - began).total_seconds()
    print(json.dumps({**figures, "seed": options.seed, "seconds": round(took), "load": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["work", dsn]:
            asyncio.run(work(dsn))
        case _:
            main()
