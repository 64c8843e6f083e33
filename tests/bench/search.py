"""How fast a search is among 1,000,000 messages, of one tenant and of a hundred: `python -m tests.bench.search`."""

import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg

from bot.postgres import Postgres
from core import search
from core.db import Database
from core.schema import upgrade
from tests.bench import filling
from tests.bench.filling import Filled

MESSAGES = 1_000_000
SEARCHES = 400
WARM = 40
HEAD, MIDDLE, TAIL = (40, 140), (140, 1_500), (1_500, 40_000)
"""Words by rank: in a tenth to a hundredth of all messages, in some thousands, in a few. The first forty are mostly in none of
the index, as they mean nothing."""


def questions(chance: random.Random, words: list[str]) -> Iterator[tuple[str, str]]:
    """What people look for, by kind: common, middling and rare words, several, phrases, with from: in: before: after:, of clients too."""

    def word(ranks: tuple[int, int]) -> str:
        return words[chance.randrange(*ranks)]

    kinds: dict[str, tuple[int, Callable[[], str]]] = {
        "common": (15, lambda: word(HEAD)),
        "middling": (15, lambda: word(MIDDLE)),
        "rare": (15, lambda: word(TAIL)),
        "two": (20, lambda: f"{word(HEAD)} {word(MIDDLE)}"),
        "phrase": (10, lambda: f'"{word(HEAD)} {word(HEAD)}"'),
        "from": (10, lambda: f"{word(MIDDLE)} from:{chance.choice(['ada', 'clara', 'me', 'dana flores'])}"),
        "in": (5, lambda: f'{word(HEAD)} in:"client {chance.randrange(5)}"'),
        "dates": (5, lambda: f"{word(HEAD)} after:2024-0{chance.randint(1, 9)} before:2025"),
        "client": (5, lambda: word(HEAD)),
    }
    names = list(kinds)
    while True:
        name = chance.choices(names, [kinds[name][0] for name in names])[0]
        yield name, kinds[name][1]()


async def ask(db: Database, filled: Filled, searches: int) -> dict[str, list[float]]:
    """The milliseconds that each search took, from its transaction's beginning to its end, by kind, as the application's role."""
    chance, took = random.Random(7), dict[str, list[float]]()
    asking = questions(chance, filled.vocabulary)
    for number in range(-WARM, searches):
        kind, typed = next(asking)
        place = chance.randrange(len(filled.tenants))
        actor = (filled.clients if kind == "client" else filled.owners)[place]
        began = time.perf_counter()
        async with db.transaction(filled.tenants[place]) as session:
            await search.find(session, actor, typed)
        if number >= 0:
            took.setdefault(kind, []).append((time.perf_counter() - began) * 1_000)
    return took


def p95(times: list[float]) -> float:
    """What 95 of 100 do not exceed."""
    return sorted(times)[int(len(times) * 0.95)]


async def measure(
    server: str = "", *, messages: int = MESSAGES, searches: int = SEARCHES, say: Callable[[str], None] = print
) -> dict[str, float]:
    """Fill two databases of this server (the owner's address, a superuser's) and search in both; the worse p95 counts.

    Without a server, one of its own is used, with the usual settings, and thrown away.
    """
    if not server:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            with Postgres(Path(folder) / "pg") as own:
                return await measure(own, messages=messages, searches=searches, say=say)
    worst = []
    for name, tenants in (("search_one", 1), ("search_hundred", 100)):
        connection = await asyncpg.connect(filling.address(server))
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        dsn = filling.sibling(server, name)
        await upgrade(dsn)
        filled = await filling.fill(dsn, messages, tenants=tenants)
        db = Database(dsn, pool_size=1)
        try:
            began = time.perf_counter()
            took = await ask(db, filled, searches)
            whole = time.perf_counter() - began
        finally:
            await db.close()
        every = [one for times in took.values() for one in times]
        worst.append(p95(every))
        say(
            f"{messages:,} messages of {tenants} tenant{'s' if tenants > 1 else ''} filled in {filled.seconds:.0f} s; "
            f"{searches} searches in {whole:.1f} s: median {sorted(every)[len(every) // 2]:.1f} ms, p95 {p95(every):.1f} ms"
        )
        for kind, times in took.items():
            say(
                f"  {kind:9} {len(times):4} searches, median {sorted(times)[len(times) // 2]:6.1f} ms, p95 {p95(times):6.1f} ms"
            )
        connection = await asyncpg.connect(filling.address(server))
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()
    return {
        "search_p95_ms": round(max(worst), 1),
        "search_one_p95_ms": round(worst[0], 1),
        "search_hundred_p95_ms": round(worst[1], 1),
    }


def main() -> None:
    """Measure; a number on the command line is how many messages."""
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES
    print(json.dumps(asyncio.run(measure(messages=messages))))


if __name__ == "__main__":
    main()
