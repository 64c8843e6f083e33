"""How much memory and time a copy of a long record takes: `python -m tests.bench.export [--messages 1000000]`; the last line is JSON."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
import uuid
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from bot.postgres import CARELESS, throw_away
from core import clock
from core.conversations import Conversation
from core.db import Database, save
from core.schema import upgrade
from tests.builders import House, house

MOMENTS = 3 * 365 * 86_400
"""The seconds over which the messages are spread: three years."""

TALK = "we should move the launch of that page by two days because Clara wants to see the new headline first thanks"
WORDS = ", ".join(f"'{word}'" for word in TALK.split())

# Every second message below the one before, a mention, a bold word and a link here and there, notes of staff among them.
MESSAGES = f"""
INSERT INTO conversation_messages (id, organization_id, created_at, engagement_id, conversation_id, source, source_ref, kind,
  staff_only, side, author_id, author_ref, author_name, channel_id, ts, thread_ts, text, sent_at, edited_ts, edited_at, deleted_at)
SELECT gen_random_uuid(), $1, now(), $2, c.id, 'slack', 'bench:' || n, 'message', n % 25 = 0,
  CASE WHEN n % 2 = 0 THEN 'staff' ELSE 'client' END, NULL, CASE WHEN n % 2 = 0 THEN 'U0ADA' ELSE 'U0CLARA' END,
  CASE WHEN n % 2 = 0 THEN 'Ada Lovelace' ELSE 'Clara Chen' END, $3, at.ts,
  CASE WHEN n % 2 = 0 THEN (at.seconds - 1)::text || '.000001' END,
  CASE WHEN n % 10 = 0 THEN '<@U0CLARA> *look*: <https://northwind.example/' || n || '|here> ' ELSE '' END ||
    (SELECT string_agg((ARRAY[{WORDS}])[1 + (n * 31 + w * 7) % 20], ' ') FROM generate_series(1, 8 + (n * 13) % 22) w),
  to_timestamp(at.seconds),
  CASE WHEN n % 50 = 0 THEN at.ts END, CASE WHEN n % 50 = 0 THEN to_timestamp(at.seconds + 60) END,
  CASE WHEN n % 97 = 0 THEN to_timestamp(at.seconds + 90) END
FROM generate_series($4::bigint, $5::bigint) n
CROSS JOIN LATERAL (SELECT 1700000000 + n * {MOMENTS} / $6::bigint AS seconds) whole
CROSS JOIN LATERAL (SELECT whole.seconds, whole.seconds::text || '.' || lpad((n % 1000000)::text, 6, '0') AS ts) at
JOIN unnest($7::uuid[]) WITH ORDINALITY c(id, place) ON c.place = 1 + (n / 10) % 1000
"""
REVISIONS = (
    "INSERT INTO message_revisions (id, organization_id, created_at, message_id, edited_ts, text)"
    " SELECT gen_random_uuid(), organization_id, now(), id, '', 'It was said otherwise before: ' || text"
    " FROM conversation_messages WHERE edited_at IS NOT NULL"
)
REACTIONS = (
    "INSERT INTO message_reactions (id, organization_id, created_at, channel_id, ts, author_ref, emoji, changed_ts, present)"
    " SELECT gen_random_uuid(), organization_id, now(), channel_id, ts, 'U0ADA', 'eyes', ts, true"
    " FROM conversation_messages WHERE right(source_ref, 1) = '7'"
)
BATCH = 50_000


async def fill(dsn: str, messages: int) -> House:
    """One engagement with so many messages."""
    db = Database(dsn, statement_timeout=60_000)
    here = await house(db)
    now = clock.now()
    talks = [uuid.uuid4() for _ in range(1_000)]
    async with db.transaction(here.id) as session:
        given = {"organization_id": here.id, "engagement_id": here.engagement.id, "opened_at": now}
        await save(session, *(Conversation(id=one, topic=f"Topic {n}", **given) for n, one in enumerate(talks)))
    await db.close()
    url = make_url(dsn).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica")
        for (index,) in await connection.fetch(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'conversation_messages' AND indexdef LIKE '%USING gin%'"
        ):
            await connection.execute(f"DROP INDEX {index}")
        for first in range(1, messages + 1, BATCH):
            last = min(first + BATCH - 1, messages)
            told = (here.id, here.engagement.id, here.engagement.channel_id, first, last, messages, talks)
            await connection.execute(MESSAGES, *told)
        await connection.execute(REVISIONS)
        await connection.execute(REACTIONS)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    return here


def resident(pid: int) -> int:
    """What a process and its children hold in memory now, in bytes; of what they share, each its part (PSS)."""
    total, waiting = 0, [pid]
    while waiting:
        each = waiting.pop()
        try:
            for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
            for task in Path(f"/proc/{each}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
    return total


async def export(dsn: str, folder: Path) -> tuple[float, float]:
    """Run `python -m bot export` as a person would; its seconds, and its peak of memory in MB."""
    began = time.perf_counter()
    names = ("DATABASE_URL", "DATABASE_APP_URL")
    environment = {**{name: value for name, value in os.environ.items() if name not in names}, "DATABASE_URL": dsn}
    command = (sys.executable, "-m", "bot", "export", "Northwind", "--to", str(folder))
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    peak, ended = 0, asyncio.create_task(process.wait())
    while not ended.done():
        peak = max(peak, resident(process.pid))
        await asyncio.wait([ended], timeout=0.05)
    if process.returncode:
        raise RuntimeError(f"The export ended with {process.returncode}.")
    return time.perf_counter() - began, peak / 1e6


async def run(dsn: str, messages: int) -> dict[str, object]:
    """Fill, export, count."""
    await upgrade(dsn)
    began = time.perf_counter()
    await fill(dsn, messages)
    print(f"{messages:,} messages in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    with tempfile.TemporaryDirectory() as room:
        seconds, peak = await export(dsn, Path(room))
        files = [path for path in Path(room).rglob("*") if path.is_file()]
        with next(path for path in files if path.name == "messages.jsonl").open("rb") as lines:
            found = sum(1 for _ in lines)
        if found != messages:
            raise RuntimeError(f"{found} of {messages} messages are in the export.")
        return {
            "messages": messages,
            "export_mb": round(peak, 1),
            "seconds": round(seconds, 1),
            "size_mb": round(sum(path.stat().st_size for path in files) / 1e6, 1),
            "pages": sum(path.suffix == ".html" for path in files),
            "pdfs": sum(path.suffix == ".pdf" for path in files),
        }


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    asked = parser.parse_args()
    with throw_away(*CARELESS) as dsn:
        print(json.dumps(asyncio.run(run(dsn, asked.messages))))


if __name__ == "__main__":
    main()
