"""How many signatures a second can be given, and how long each takes: `python -m tests.bench.signing`.

Proposals of twenty items, each in an engagement of its own, eight signed at once, over the same door as a press in Slack;
each is the last signature, so that each makes its order, contract, projects and invoices. PDFs are the worker's, and there.
"""

import asyncio
import json
import math
import os
import statistics
import tempfile
import time
from pathlib import Path

from bot.app import steady
from bot.postgres import Postgres
from core import proposals, signatures
from core.db import Database, Session, save
from core.engagements import Engagement, EngagementPerson
from core.money import Money
from core.proposals import NewItem, Version
from core.schema import upgrade
from core.signatures import STATEMENTS, Request, Signed
from tests.builders import SEALER, House, house, papered

AT_ONCE = 8
SIGNINGS = 240
WARMING = 16
ITEMS = [
    NewItem(f"Item {number}", number % 3 + 1, Money(10_000 + number * 731, "USD"), "work" if number % 2 else "fee")
    for number in range(20)
]
PDF = b"%PDF-1.7 " + os.urandom(80_000)
REQUEST = Request(b"payload=" + b"x" * 40_000, '{"x-slack-signature": "v0=1"}', "Slack")


async def offered(session: Session, known: House, number: int) -> Version:
    """A proposal that was sent in an engagement of its own, with its paper."""
    engagement = Engagement(
        organization_id=known.id,
        company_id=known.company.id,
        title=f"Engagement {number}",
        owner_id=known.ada.user_id,
        contact_id=known.clara.user_id,
    )
    await save(session, engagement)
    for each in (known.ada, known.clara):
        session.add(EngagementPerson(organization_id=known.id, engagement_id=engagement.id, user_id=each.user_id))
    await session.flush()
    draft = await proposals.draft(
        session, known.ada, engagement_id=engagement.id, title=f"Website {number}", items=ITEMS, terms="Terms. " * 500
    )
    sent = await proposals.send(session, known.ada, draft.id)
    version = (await proposals.latest(session, [sent.id]))[sent.id]
    await papered(session, version, PDF + str(number).encode())
    return version


async def one(db: Database, known: House, version: Version) -> float:
    """Sign; the milliseconds it took, from the press to the commit."""
    total = proposals.parse(version.body).total.minor

    async def work(session: Session) -> Signed:
        return await signatures.sign(
            session,
            known.clara,
            version.id,
            typed_name="Clara Chen",
            ticks=[each.name for each in STATEMENTS],
            shown_total_minor=total,
            shown_sha256=version.sha256.hex(),
            sealer=SEALER,
            request=REQUEST,
        )

    began = time.perf_counter()
    done = await db.attempt(known.id, work)
    assert done.last and done.begun is not None
    return (time.perf_counter() - began) * 1_000


async def measure(dsn: str) -> dict[str, float]:
    """Sign all of them, eight at once."""
    await upgrade(dsn)
    db = Database(dsn, pool_size=AT_ONCE, lock_timeout=10_000, statement_timeout=20_000)
    try:
        known = await house(db)
        async with db.platform() as session:
            await SEALER.publish(session)
        waiting: list[Version] = []
        for number in range(SIGNINGS + WARMING):
            async with db.transaction(known.id) as session:
                waiting.append(await offered(session, known, number))
        print(f"{len(waiting)} proposals of {len(ITEMS)} items were sent")
        steady()  # as `serve` does
        took: list[float] = []

        async def sign_on(left: list[Version], times: list[float]) -> None:
            while left:
                times.append(await one(db, known, left.pop()))

        warm, rest = waiting[:WARMING], waiting[WARMING:]
        await asyncio.gather(*(sign_on(warm, []) for _ in range(AT_ONCE)))
        began, busy = time.perf_counter(), time.process_time()
        await asyncio.gather(*(sign_on(rest, took) for _ in range(AT_ONCE)))
        seconds, busy = time.perf_counter() - began, time.process_time() - busy
        took.sort()
        p99 = took[math.ceil(len(took) * 0.99) - 1]
        print(
            f"median {statistics.median(took):.0f} ms, slowest {took[-1]:.0f} ms, {AT_ONCE} at once;"
            f" {busy / len(took) * 1_000:.0f} ms of ours each, the rest is Postgres"
        )
        return {"signings_per_s": round(len(took) / seconds, 1), "p99_ms": round(p99, 1)}
    finally:
        await db.close()


def main() -> None:
    """Measure on a throw-away Postgres with durable settings."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with Postgres(Path(folder) / "pg") as dsn:
            print(json.dumps(asyncio.run(measure(dsn))))


if __name__ == "__main__":
    main()
