"""How fast the record is kept, with few and with a million messages stored, and what it takes: `python -m tests.bench.record`."""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
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
from tests.bench.machine import memory, postgres_time
from tests.bench.talk import deliveries, keep, waits
from tests.builders import house

CHANNELS = 200
MANY, ONE = 40_000, 12_000
RATE = 1_000
WARM = 3.0
FIRST = 1_800_000_000
"""The ts of what is said first; each measurement begins later than the one before has ended."""


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
    """The worker's loop, in a process of its own: applies all that waits, and prints how fast, and what time it took of the processor."""
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
    print(json.dumps({"per_s": waiting / took, "cpu_ms": cpu * 1_000 / max(waiting, 1), "mb": memory(os.getpid())}))


def worker(dsn: str, folder: Path, count: int) -> dict[str, float]:
    """Let a worker apply the `count` deliveries that wait: how many a second, and the milliseconds of processor time for each."""
    before = postgres_time(folder)
    command = [sys.executable, "-m", "tests.bench.record", "apply", dsn]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {**json.loads(done), "postgres_ms": (postgres_time(folder) - before) / count}


def standing_worker(dsn: str) -> "subprocess.Popen[bytes]":
    """A worker that goes on until it is killed."""
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.chaos", "work", dsn], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    return process


async def none_waits(connection: asyncpg.Connection) -> None:
    """Return once everything is applied."""
    while await waits(connection):  # noqa: ASYNC110  (another process decides)
        await asyncio.sleep(0.1)


async def delay(dsn: str, channels: list[str], first: int, seconds: float) -> float:
    """The delay, in milliseconds, that 99 of 100 events do not exceed at a thousand a second: from their arrival to the commit that
    makes them part of the record, and so found by a search. The first seconds, in which the worker starts, do not count.
    """
    rows = list(deliveries(channels, int((WARM + seconds) * RATE), first))
    process = await asyncio.to_thread(standing_worker, dsn)
    connection = await asyncpg.connect(dsn)
    try:
        kept, since, began = 0, None, time.perf_counter()
        while kept < len(rows):
            passed = time.perf_counter() - began
            if since is None and passed > WARM:
                since = clock.now()
            due = min(len(rows), int(passed * RATE) + 1)
            if page := [(*row[:-1], clock.now()) for row in rows[kept:due]]:
                await connection.execute(KEEP, *zip(*page, strict=True))
            kept = due
            await asyncio.sleep(0.01)
        await none_waits(connection)
        took = "extract(epoch FROM pg_xact_commit_timestamp(xmin) - received_at) * 1000"
        query = f"SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY {took}) FROM deliveries WHERE received_at >= $1"
        return float(await connection.fetchval(query, since))
    finally:
        process.kill()
        process.wait()
        await connection.close()


async def analyzed(dsn: str) -> None:
    """Let the planner know of the tenant that has just come, as autovacuum does within a minute."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("ANALYZE")
    await connection.close()


def measure(dsn: str, folder: Path, channels: list[str], stored: int, seconds: float) -> dict[str, float]:
    """The rates with so many messages stored already, and the delay."""
    asyncio.run(keep(dsn, channels, MANY // 8, FIRST))
    worker(dsn, folder, MANY // 8)  # caches, plans, the first pages
    asyncio.run(analyzed(dsn))
    asyncio.run(keep(dsn, channels, MANY, FIRST + 10_000_000))
    many = worker(dsn, folder, MANY)
    asyncio.run(keep(dsn, channels[:1], ONE, FIRST + 40_000_000))
    one = worker(dsn, folder, ONE)
    waited = asyncio.run(delay(dsn, channels, FIRST + 70_000_000, seconds))
    print(
        f"{stored:,} stored: {many['per_s']:,.0f}/s in {CHANNELS} channels ({many['cpu_ms']:.3f} ms of the worker's processor"
        f" time and {many['postgres_ms']:.3f} of Postgres' for each), {one['per_s']:,.0f}/s in one"
        f" ({one['cpu_ms']:.3f} and {one['postgres_ms']:.3f}); at {RATE:,}/s found after {waited:,.0f} ms",
        flush=True,
    )
    return {
        "many": many["per_s"],
        "one": one["per_s"],
        "cpu_ms": many["cpu_ms"] + many["postgres_ms"],
        "delay": waited,
    }


def weigh(dsn: str, channels: list[str], count: int) -> dict[str, Any]:
    """The memory of a door and of a worker that so many events go through, at a tenth of them, and the most there was."""
    door, working = ingest.Server("ours", dsn), standing_worker(dsn)
    command = [sys.executable, "-m", "tests.bench.talk", door.port, dsn, " ".join(channels)]
    command += [str(count), str(FIRST + 100_000_000)]
    sending = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    samples: list[tuple[float, float]] = []
    began = time.perf_counter()
    try:
        assert sending.stdout
        for line in sending.stdout:
            sent, waiting = json.loads(line)
            samples.append((memory(door.process.pid), memory(working.pid)))
            if sent % max(count // 20, 1) == 0:
                print(
                    f"{sent:,} events in {time.perf_counter() - began:,.0f} s, {waiting:,} waiting:"
                    f" serve {samples[-1][0]:.0f} MB, work {samples[-1][1]:.0f} MB",
                    flush=True,
                )
        assert sending.wait() == 0, "not all events could be sent"
        asyncio.run(drained(dsn))
        samples.append((memory(door.process.pid), memory(working.pid)))
    finally:
        sending.kill()
        working.kill()
        working.wait()
        door.stop()
    early = samples[len(samples) // 10]
    return {
        "serve_mb": round(max(serve for serve, _ in samples)),
        "work_mb": round(max(work for _, work in samples)),
        "serve_mb_at_a_tenth": round(early[0]),
        "work_mb_at_a_tenth": round(early[1]),
        "weighed_events": count,
    }


async def drained(dsn: str) -> None:
    """Return once everything is applied, and nothing was set aside."""
    connection = await asyncpg.connect(dsn)
    await none_waits(connection)
    assert not await connection.fetchval("SELECT count(*) FROM deliveries WHERE state = 'aside'")
    await connection.close()


def main() -> None:
    """Measure on throw-away Postgres servers with durable settings, and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--stored", type=int, default=1_000_000, help="how many messages are stored when there are many"
    )
    parser.add_argument("--events", type=int, default=1_000_000, help="how many events go through serve and work")
    parser.add_argument("--few", action="store_true", help="a short form: 100,000 of each instead of a million")
    options = parser.parse_args()
    stored, events = (100_000, 100_000) if options.few else (options.stored, options.events)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        rates = []
        for count in (10_000, stored):
            folder = Path(name) / f"pg{count}"
            Path(name).chmod(0o755)
            with Postgres(folder, "-c", "track_commit_timestamp=on") as dsn:
                asyncio.run(upgrade(dsn))
                filled = asyncio.run(filling.fill(dsn, count))
                print(f"{count:,} messages filled in {filled.seconds:.0f} s", flush=True)
                channels = asyncio.run(settle_in(dsn))
                rates.append(measure(dsn, folder, channels, count, 10))
                if count == stored:
                    figures |= weigh(dsn, channels, events)
        few, full = rates
        figures = {
            "applied_per_s": round(few["many"]),
            "applied_one_channel_per_s": round(few["one"]),
            "applied_per_s_full": round(full["many"]),
            "applied_one_channel_per_s_full": round(full["one"]),
            "searchable_p99_ms": round(max(few["delay"], full["delay"])),
            "growth": round(max(few["many"] / full["many"], few["one"] / full["one"]), 2),
            "growth_of_cpu": round(full["cpu_ms"] / few["cpu_ms"], 2),
            "cpu_ms_per_message": round(few["cpu_ms"], 3),
            **figures,
        }
        figures |= asyncio.run(search.measure(messages=stored))
    figures["load"] = round(os.getloadavg()[0], 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["apply", dsn]:
            asyncio.run(apply(dsn))
        case _:
            main()
