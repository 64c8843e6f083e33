"""Fills a database with realistic messages, fast: `await filling.fill(dsn, 1_000_000, tenants=100)` for the other benchmarks."""

import asyncio
import json
import random
import time
import uuid
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

import asyncpg
from sqlalchemy.engine import make_url

from core import clock, people
from core.conversations import Conversation, Message
from core.db import Base, Database, load_all
from core.engagements import Engagement, EngagementPerson
from core.people import Actor, Company, Identity, Organization, User

COMMON = """the to we of and a is it in for you on that can with this be have i will are as if our so but at not your or
do was please from know what all one by me thanks there when just an about they has which more week next time like how
get would new page some site need today client work could also been then out up see monday their here let invoice make
should call team launch first think good send now day design review no any project home final before them tomorrow date
change add version still back after draft meeting friday who only want approve file sure other back logo look number
text plan feedback deadline start question update two budget contract copy payment link show done list great colour
proposal image hosting domain footer checkout newsletter deposit migration wireframe accessibility translation"""
"""The words that are said most, most frequent first; after them come invented ones, ever rarer."""

VOCABULARY = 40_000
STREAM = 2_000_000
SPAN = timedelta(days=3 * 365)
PEOPLE = ("Ada Lovelace", "Ben Okafor", "Grace Kim", "Clara Chen", "Dana Flores", "Luis Ortega")
STAFF = 3
PAGE = 4_000


@dataclass(frozen=True)
class Filled:
    """What stands in the database now: the tenants, an owner and a client of each, and the words by their rank."""

    tenants: list[uuid.UUID]
    owners: list[Actor]
    clients: list[Actor]
    vocabulary: list[str]
    messages: int
    seconds: float


def vocabulary(chance: random.Random) -> list[str]:
    """Real words first, then invented ones that can be pronounced; each once."""
    words = dict.fromkeys(COMMON.split())
    while len(words) < VOCABULARY:
        parts = chance.randint(2, 4)
        words["".join(chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(parts))] = None
    return list(words)


def stream(chance: random.Random, words: list[str], count: int) -> list[str]:
    """Words as they follow each other in talk: the n-th most frequent comes a n-th as often as the first (Zipf)."""
    weights = list(accumulate(1 / (rank + 2.7) for rank in range(len(words))))
    top = weights[-1]
    return [words[bisect_left(weights, chance.random() * top)] for _ in range(count)]


def address(dsn: str) -> str:
    """The address as asyncpg takes it."""
    return make_url(dsn).set(drivername="postgresql").render_as_string(hide_password=False)


def sibling(dsn: str, name: str) -> str:
    """The address of another database of the same server."""
    return make_url(dsn).set(database=name).render_as_string(hide_password=False)


async def fill(dsn: str, messages: int, *, tenants: int = 1, seed: int = 20261120) -> Filled:
    """Make `tenants` agencies with their engagements and people, and `messages` messages of three years among them.

    `dsn` is the owner's, of a superuser, on a migrated database: foreign keys are not checked while the rows come in, and the
    indexes that the tests do not need meanwhile are made anew afterwards.
    """
    load_all()
    began, chance = time.perf_counter(), random.Random(seed)
    words = vocabulary(chance)
    spoken = stream(chance, words, min(STREAM, max(messages * 15, 1_000)))
    houses = await _houses(dsn, tenants, engagements=max(5, 400 // tenants))
    connection = await asyncpg.connect(address(dsn))
    try:
        await connection.execute("SET session_replication_role = replica")
        made = await connection.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('conversation_messages', 'conversations')"
            " AND indexname NOT LIKE 'uq_%' AND indexname NOT LIKE 'pk_%'"
        )
        for row in made:
            await connection.execute(f"DROP INDEX {row['indexname']}")
        half = messages // 2
        talks = [
            _Talk(random.Random(seed + part), spoken, houses, part, first, count, messages, clock.now())
            for part, (first, count) in enumerate(((0, half), (half, messages - half)))
        ]
        await asyncio.gather(*(_copy(dsn, talk) for talk in talks))
        await connection.execute("SET maintenance_work_mem = '256MB'")
        for row in made:
            await connection.execute(row["indexdef"])
        await connection.execute("VACUUM (ANALYZE) conversation_messages")
        await connection.execute("VACUUM (ANALYZE) conversations")
    finally:
        await connection.close()
    return Filled(
        [house.id for house in houses],
        [house.owner for house in houses],
        [house.client for house in houses],
        words,
        messages,
        time.perf_counter() - began,
    )


@dataclass(frozen=True)
class _House:
    id: uuid.UUID
    owner: Actor
    client: Actor
    users: list[uuid.UUID]
    engagements: list[tuple[uuid.UUID, str]]


async def _houses(dsn: str, tenants: int, *, engagements: int) -> list[_House]:
    db = Database(dsn, pool_size=1, statement_timeout=60_000)
    try:
        return [await _house(db, number, engagements) for number in range(tenants)]
    finally:
        await db.close()


async def _house(db: Database, number: int, engagements: int) -> _House:
    house = Organization(name=f"Agency {number}", currency="USD", timezone="Europe/London")
    async with db.platform() as session:
        session.add(house)
        await session.flush()
    async with db.transaction(house.id) as session:
        await people.start(session, house)
        roles = {name: (await people.role(session, house.id, name)).id for name in ("Owner", "Client")}
        companies = [Company(organization_id=house.id, name=f"Client {each}") for each in range(engagements)]
        session.add_all(companies)
        await session.flush()
        users = [
            User(
                organization_id=house.id,
                side="staff" if place < STAFF else "client",
                role_id=roles["Owner" if place < STAFF else "Client"],
                name=name,
                email=f"{name.split()[0].lower()}{number}@agency.example",
                company_id=None if place < STAFF else companies[0].id,
            )
            for place, name in enumerate(PEOPLE)
        ]
        session.add_all(users)
        await session.flush()
        rows = [
            Engagement(
                organization_id=house.id,
                company_id=company.id,
                title=company.name,
                owner_id=users[0].id,
                contact_id=users[STAFF].id,
                channel_id=f"C{number:04}X{place:05}",
                staff_channel_id=f"C{number:04}Y{place:05}",
                connection="connected",
            )
            for place, company in enumerate(companies)
        ]
        session.add_all(rows)
        await session.flush()
        for place, user in enumerate(users):
            slack = f"U{number:04}Z{place}"
            session.add(
                Identity(organization_id=house.id, slack_user_id=slack, kind="member", user_id=user.id, name=user.name)
            )
            session.add(EngagementPerson(organization_id=house.id, engagement_id=rows[0].id, user_id=user.id))
        await session.flush()
        return _House(
            house.id,
            await people.actor_of(session, users[0]),
            await people.actor_of(session, users[STAFF]),
            [user.id for user in users],
            [(row.id, row.channel_id or "") for row in rows],
        )


@dataclass(frozen=True)
class _Talk:
    """A stretch of the three years: which messages it holds, of how many in all."""

    chance: random.Random
    spoken: list[str]
    houses: list[_House]
    part: int
    first: int
    count: int
    whole: int
    until: datetime


def _columns(table: type[Base], ours: tuple[str, ...]) -> dict[str, str]:
    """The columns given, and those that must have a value and get the one that Python would have given."""
    found = {name: f"%({name})s" for name in ours}
    for column in table.__table__.columns:
        if column.name in found or column.nullable or column.server_default is not None or column.computed is not None:
            continue
        value = column.default.arg if column.default is not None and column.default.is_scalar else ""
        found[column.name] = (
            "\\N" if value is None else ("t" if value else "f") if isinstance(value, bool) else str(value)
        )
    return found


MESSAGE = (
    *(
        "id",
        "organization_id",
        "engagement_id",
        "conversation_id",
        "source",
        "source_ref",
        "kind",
        "staff_only",
        "side",
    ),
    *("author_id", "author_ref", "author_name", "channel_id", "ts", "text", "blocks", "sent_at", "created_at"),
)
CONVERSATION = (
    *("id", "organization_id", "engagement_id", "number", "topic", "status", "channel_id", "thread_ts"),
    *("opened_at", "created_at"),
)


def _rows(talk: _Talk, kept: list[dict[str, object]]) -> Iterator[str]:
    chance, spoken, last = talk.chance, talk.spoken, {}
    template = "\t".join(_columns(Message, MESSAGE).values()) + "\n"
    step, began = SPAN / talk.whole, talk.until - SPAN
    for number in range(talk.first, talk.first + talk.count):
        house = chance.choice(talk.houses)
        engagement, channel = chance.choice(house.engagements)
        length = min(3 + int(chance.expovariate(1 / 13)), 200)
        start = chance.randrange(len(spoken) - length)
        text = " ".join(spoken[start : start + length]).capitalize() + "."
        at = began + step * number
        stamp = f"{int(at.timestamp())}.{number % 1_000_000:06}"
        author = chance.randrange(len(PEOPLE))
        if channel not in last or chance.random() < 0.2:
            last[channel] = str(uuid.UUID(int=chance.getrandbits(128), version=4))
            kept.append(
                {
                    "id": last[channel], "organization_id": house.id, "engagement_id": engagement,
                    "number": f"{talk.part:01X}{len(kept):07X}", "topic": text[:60], "status": "resolved",
                    "channel_id": channel, "thread_ts": stamp, "opened_at": at, "created_at": at,
                }
            )  # fmt: skip
        blocks = [
            {
                "type": "rich_text",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}],
            }
        ]
        yield template % {
            "id": uuid.UUID(int=chance.getrandbits(128), version=4), "organization_id": house.id,
            "engagement_id": engagement, "conversation_id": last[channel], "source": "slack",
            "source_ref": f"{channel}:{stamp}", "kind": "message", "staff_only": "t" if number % 20 == 0 else "f",
            "side": "staff" if author < STAFF else "client", "author_id": house.users[author],
            "author_ref": f"U{author}", "author_name": PEOPLE[author], "channel_id": channel, "ts": stamp,
            "text": text, "blocks": json.dumps(blocks), "sent_at": at, "created_at": at,
        }  # fmt: skip


async def _copy(dsn: str, talk: _Talk) -> None:
    connection = await asyncpg.connect(address(dsn))
    conversations: list[dict[str, object]] = []

    async def pages() -> AsyncIterator[bytes]:
        page: list[str] = []
        for row in _rows(talk, conversations):
            page.append(row)
            if len(page) == PAGE:
                yield "".join(page).encode()
                page.clear()
                await asyncio.sleep(0)  # the other stretch is written meanwhile
        yield "".join(page).encode()

    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.copy_to_table(
            "conversation_messages", source=pages(), columns=list(_columns(Message, MESSAGE)), format="text"
        )
        columns = _columns(Conversation, CONVERSATION)
        template = "\t".join(columns.values()) + "\n"

        async def topics() -> AsyncIterator[bytes]:
            for start in range(0, len(conversations), PAGE):
                yield "".join(template % row for row in conversations[start : start + PAGE]).encode()

        await connection.copy_to_table("conversations", source=topics(), columns=list(columns), format="text")
    finally:
        await connection.close()
