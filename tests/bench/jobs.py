"""How many jobs a second can be claimed and finished, with 100,000 waiting in 500 paced lanes: `python -m tests.bench.jobs`."""

import asyncio
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

from bot.postgres import Postgres
from core import clock, jobs
from core.db import Database
from core.schema import upgrade

LANES = 500
JOBS = 100_000
SECONDS = 5.0


async def fill(db: Database) -> None:
    """Enqueue the jobs, some thousands in each transaction."""
    began = time.perf_counter()
    for start in range(0, JOBS, 5_000):
        async with db.platform() as session:
            await jobs.enqueue_all(
                session,
                [
                    jobs.Wanted(
                        "bench.nothing", f"slack:T1:C{number % LANES}", {"number": number}, method="chat.postMessage"
                    )
                    for number in range(start, start + 5_000)
                ],
            )
    print(f"enqueued {JOBS:,} jobs in {LANES} lanes in {time.perf_counter() - began:.1f} s")


async def claim(db: Database) -> tuple[list[jobs.Claimed], float]:
    """Claim what is ready, at most a hundred; the jobs and the milliseconds it took."""
    began = time.perf_counter()
    async with db.platform() as session:
        claimed = await jobs.claim(session, "bench", 100, 30)
    return claimed, (time.perf_counter() - began) * 1_000


async def measure(dsn: str) -> dict[str, float]:
    """Claim and finish for some seconds. When all lanes rest, time an empty claim and move the clock by their pace."""
    await upgrade(dsn)
    db = Database(dsn, pool_size=2, statement_timeout=60_000)
    try:
        await fill(db)
        began = time.perf_counter()
        while (await waiting(db, fresh=True)) > 0:
            async with db.platform() as session:
                await session.execute(jobs.CLAIMING)
                await session.execute(jobs.ADMIT)
        print(f"their lanes were made in {time.perf_counter() - began:.1f} s")
        finished, busy, empty = 0, 0.0, []
        until = time.perf_counter() + SECONDS
        while time.perf_counter() < until:
            began = time.perf_counter()
            claimed, took = await claim(db)
            if claimed:
                async with db.platform() as session:
                    await jobs.finish(session, claimed)
                busy += time.perf_counter() - began
                finished += len(claimed)
                continue
            empty.append(took)
            clock.move(1.0)
        left = await waiting(db)
        assert left == JOBS - finished, f"{JOBS} jobs, {finished} finished, {left} left"
        print(
            f"{finished:,} finished in {busy:.1f} s, {left:,} still wait; {len(empty)} empty claims, slowest {max(empty):.1f} ms"
        )
        return {"jobs_per_s": round(finished / busy), "empty_claim_ms": round(statistics.median(empty), 2)}
    finally:
        await db.close()


async def waiting(db: Database, *, fresh: bool = False) -> int:
    """How many jobs wait; with `fresh`, how many that no claim has seen."""
    async with db.platform() as session:
        return int(
            (
                await session.execute(text("SELECT count(*) FROM jobs WHERE fresh OR NOT :fresh"), {"fresh": fresh})
            ).scalar_one()
        )


def main() -> None:
    """Measure on a throw-away Postgres with durable settings, with a clock of its own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        os.environ["CLOCK_FILE"] = str(Path(folder) / "clock")
        with Postgres(Path(folder) / "pg") as dsn:
            print(json.dumps(asyncio.run(measure(dsn))))


if __name__ == "__main__":
    main()
