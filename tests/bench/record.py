"""How many deliveries a second are applied to the record, with few and with many messages stored: `python -m tests.bench.record`."""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import text

from bot.postgres import Postgres
from bot.worker.deliveries import Deliveries
from bot.worker.tables import APPLIERS, tenant_of
from core import clock, db, inbox
from core.db import Database
from core.engagements import Engagement
from core.inbox.keeping import KEEP
from core.schema import upgrade
from tests.bench import filling, ingest, search
from tests.builders import TEAM, house

CHANNELS = 200
MANY, ONE = 24_000, 8_000
RATE = 1_000
PEOPLE = ("U0CLARA", "U0DANA", "U0ADA", "U0BEN")
SENTENCE = "could we move the launch to thursday because photographs come late and logo needs two columns thanks"
WORDS = SENTENCE.split()


def talk(channel: str, chance: random.Random, first: int) -> Iterator[dict[str, Any]]:
    """What goes on in a channel: two thirds of the messages in threads, a tenth edited, some deleted, some reacted to."""
    now, roots, recent = first, [], []
    while True:
        now += chance.randint(1, 90)
        ts, turn = f"{now}.{chance.randrange(1_000_000):06d}", chance.random()
        if recent and turn < 0.10:
            before = recent[-1]
            after = {**before, "text": words(chance), "edited": {"user": before["user"], "ts": ts}}
            recent[-1] = after
            yield {"type": "message", "subtype": "message_changed", "message": after, "previous_message": before}
        elif recent and turn < 0.13:
            gone = recent.pop()
            yield {"type": "message", "subtype": "message_deleted", "deleted_ts": gone["ts"], "previous_message": gone}
        elif recent and turn < 0.25:
            item = {"type": "message", "channel": channel, "ts": chance.choice(recent)["ts"]}
            yield {"type": "reaction_added", "user": chance.choice(PEOPLE), "reaction": "eyes", "item": item}
        else:
            message = {
                "user": chance.choice(PEOPLE),
                "ts": ts,
                "text": words(chance),
                "client_msg_id": str(uuid.uuid4()),
            }
            section = {"type": "rich_text_section", "elements": [{"type": "text", "text": message["text"]}]}
            message["blocks"] = [{"type": "rich_text", "block_id": "b", "elements": [section]}]  # type: ignore[assignment]
            if roots and chance.random() < 0.66:
                message["thread_ts"] = chance.choice(roots)
            else:
                roots = [*roots[-4:], ts]
            recent = [*recent[-9:], message]
            yield {"type": "message", **message}


def words(chance: random.Random) -> str:
    """Something that somebody might write."""
    return " ".join(chance.choice(WORDS) for _ in range(chance.randint(3, 20)))


def deliveries(channels: list[str], count: int, first: int) -> list[tuple[Any, ...]]:
    """So many deliveries, from the channels in turn, as the inbox keeps them."""
    chance = random.Random(count)
    talks = [talk(channel, chance, first) for channel in channels]
    rows = []
    for number in range(count):
        channel = channels[number % len(channels)]
        event = next(talks[number % len(talks)])
        ts = event.get("ts") or event.get("deleted_ts") or f"{first + number}.000001"
        event = {"event_ts": f"{first + number}.000001", "ts": ts, "channel": channel, **event}
        body = json.dumps({"api_app_id": "A0", "team_id": TEAM, "event": event, "type": "event_callback"}).encode()
        lane = f"slack:{TEAM}:{channel}"
        rows.append(("slack", TEAM, uuid.uuid4().hex, lane, event["type"], "{}", body, clock.now()))
    return rows


async def keep(dsn: str, channels: list[str], count: int, first: int) -> None:
    """Put so many deliveries into the inbox at once."""
    connection = await asyncpg.connect(dsn)
    left = iter(deliveries(channels, count, first))
    while page := list(islice(left, 2_000)):
        await connection.execute(KEEP, *zip(*page, strict=True))
    await connection.execute("ANALYZE deliveries")
    await connection.close()


def standing_worker(dsn: str) -> "subprocess.Popen[bytes]":
    """A worker that goes on until it is killed."""
    return subprocess.Popen([sys.executable, "-m", "tests.bench.chaos", "work", dsn], stdout=subprocess.PIPE)


async def delay(dsn: str, channels: list[str], first: int, seconds: float = 8.0) -> float:
    """The delay, in milliseconds, that 99 of 100 events do not exceed at a thousand a second: from their arrival to the commit that
    makes them part of the record, and so found by a search.
    """
    rows = deliveries(channels, int(seconds * RATE), first)
    process = standing_worker(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        assert process.stdout
        await asyncio.to_thread(process.stdout.readline)
        since, began, kept = clock.now(), time.perf_counter(), 0
        while kept < len(rows):
            due = min(len(rows), int((time.perf_counter() - began) * RATE) + 1)
            if page := [(*row[:-1], clock.now()) for row in rows[kept:due]]:
                await connection.execute(KEEP, *zip(*page, strict=True))
            kept = due
            await asyncio.sleep(0.01)
        while await connection.fetchval("SELECT count(*) FROM deliveries WHERE state = 'new'"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        took = "extract(epoch FROM applied_at - received_at) * 1000"
        query = f"SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY {took}) FROM deliveries WHERE received_at >= $1"
        return float(await connection.fetchval(query, since))
    finally:
        process.kill()
        process.wait()
        await connection.close()


async def settle_in(dsn: str) -> list[str]:
    """An agency with its people, and so many engagements, each with a channel."""
    database = Database(dsn)
    home = await house(database)
    async with database.transaction(home.id) as session:
        base = {
            name: getattr(home.engagement, name) for name in ("organization_id", "company_id", "owner_id", "contact_id")
        }
        rows = [
            Engagement(**base, title=f"E{n}", channel_id=f"C{n}BENCH", connection="connected") for n in range(CHANNELS)
        ]
        await db.save(session, *rows)
    await database.close()
    return [str(row.channel_id) for row in rows]


async def apply(dsn: str) -> None:
    """The worker's loop, in a process of its own: applies all that waits, and prints how long it took and what memory it has."""
    database = Database(dsn, statement_timeout=30_000, lock_timeout=5_000)
    async with database.platform() as session:
        waiting = (await session.execute(text("SELECT count(*) FROM deliveries WHERE state = 'new'"))).scalar_one()
    loop = Deliveries(database, APPLIERS, tenant_of)
    began, cpu = time.perf_counter(), time.process_time()
    working = asyncio.create_task(loop.run())
    await loop.settled(600)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    loop.stop()
    await working
    async with database.platform() as session:
        aside = await inbox.set_aside(session)
    assert not aside, aside[0].error
    await database.close()
    print(json.dumps({"per_s": waiting / took, "mb": memory(os.getpid()), "cpu_ms": cpu * 1_000 / max(waiting, 1)}))


def memory(pid: int) -> float:
    """The memory that a process holds, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def worker(dsn: str) -> dict[str, float]:
    """Let the worker apply all that waits."""
    command = [sys.executable, "-m", "tests.bench.record", "apply", dsn]
    return dict(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))


def measure(folder: Path, stored: int, seconds: float) -> dict[str, float]:
    """The rates with so many messages stored already."""
    with Postgres(folder / f"pg{stored}") as dsn:
        asyncio.run(upgrade(dsn))
        if stored:
            asyncio.run(filling.fill(dsn, stored))
        channels, first = asyncio.run(settle_in(dsn)), 1_800_000_000
        asyncio.run(keep(dsn, channels, MANY // 4, first))
        worker(dsn)  # caches, plans, the first pages
        asyncio.run(keep(dsn, channels, MANY, first + 10_000_000))
        many = worker(dsn)
        asyncio.run(keep(dsn, channels[:1], ONE, first + 40_000_000))
        one = worker(dsn)
        figures = {"many": many["per_s"], "one": one["per_s"], "work_mb": max(many["mb"], one["mb"])}
        if seconds:
            figures["searchable_p99_ms"] = asyncio.run(delay(dsn, channels, first + 70_000_000))
            server = ingest.Server("ours", dsn)
            try:
                server.drive(seconds)
                figures["serve_mb"] = memory(server.process.pid)
            finally:
                server.stop()
        print(f"{stored:,} stored: {many['per_s']:,.0f}/s in {CHANNELS} channels, {one['per_s']:,.0f}/s in one")
        return figures


def main() -> None:
    """Measure on throw-away Postgres servers with durable settings, and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--stored", type=int, default=1_000_000, help="how many messages are stored in the full database"
    )
    parser.add_argument("--few", action="store_true", help="measure with few messages stored only")
    parser.add_argument("--search", action="store_true", help="measure searching, too: two more databases are filled")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        few = measure(folder, 10_000, 2.0)
        figures: dict[str, Any] = {
            "applied_per_s": round(few["many"]),
            "applied_one_channel_per_s": round(few["one"]),
            "searchable_p99_ms": round(few["searchable_p99_ms"]),
            "serve_mb": round(few["serve_mb"]),
            "work_mb": round(few["work_mb"]),
        }
        if not options.few:
            full = measure(folder, options.stored, 0)
            figures["applied_per_s_full"] = round(full["many"])
            figures["growth"] = round(max(few["many"] / full["many"], few["one"] / full["one"]), 2)
            figures["work_mb"] = round(max(few["work_mb"], full["work_mb"]))
        if options.search:
            figures |= asyncio.run(search.measure(messages=options.stored))
    figures["load"] = round(os.getloadavg()[0], 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["apply", dsn]:
            asyncio.run(apply(dsn))
        case _:
            main()
