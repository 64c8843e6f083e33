"""What goes on in two hundred channels, as Slack tells of it: for the benchmarks of the record."""

import asyncio
import json
import random
import sys
import uuid
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

import asyncpg

from core import clock
from core.inbox.keeping import KEEP
from tests.bench import filling, ingest
from tests.builders import TEAM

PEOPLE = ("U0CLARA", "U0DANA", "U0ADA", "U0BEN")


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


@cache
def _stream() -> list[str]:
    chance = random.Random(0)
    return filling.stream(chance, filling.vocabulary(chance), 400_000)


def words(chance: random.Random) -> str:
    """Something that somebody might write."""
    count = chance.randint(3, 20)
    start = chance.randrange(len(_stream()) - count)
    return " ".join(_stream()[start : start + count])


def events(channels: list[str], count: int, first: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """So many events as Slack tells of them, from the channels in turn, each with its channel."""
    chance = random.Random(count)
    talks = [talk(channel, chance, first) for channel in channels]
    for number in range(count):
        channel, event = channels[number % len(channels)], next(talks[number % len(talks)])
        ts = event.get("ts") or event.get("deleted_ts") or f"{first + number}.000001"
        yield channel, {"event_ts": f"{first + number}.000001", "ts": ts, "channel": channel, **event}


def deliveries(channels: list[str], count: int, first: int) -> Iterator[tuple[Any, ...]]:
    """The same as the inbox keeps them."""
    for channel, event in events(channels, count, first):
        body = json.dumps({"api_app_id": "A0", "team_id": TEAM, "event": event, "type": "event_callback"}).encode()
        yield "slack", TEAM, uuid.uuid4().hex, f"slack:{TEAM}:{channel}", event["type"], "{}", body, clock.now()


async def keep(dsn: str, channels: list[str], count: int, first: int) -> None:
    """Put so many deliveries into the inbox at once."""
    connection = await asyncpg.connect(dsn)
    left = deliveries(channels, count, first)
    while page := list(islice(left, 2_000)):
        await connection.execute(KEEP, *zip(*page, strict=True))
    await connection.execute("ANALYZE deliveries")
    await connection.close()


PAGE = 10_000
"""How many requests are signed beforehand; the signature is good for five minutes."""

MOST_WAITING = 20_000
"""How many deliveries may wait for the worker before no more are sent for a while."""


async def waits(connection: asyncpg.Connection) -> int:
    """How many deliveries are not applied yet."""
    return int(await connection.fetchval("SELECT count(*) FROM deliveries WHERE state = 'new'"))


async def send(port: str, dsn: str, channels: list[str], count: int, first: int) -> None:
    """Send so many events to the door as Slack does, over 32 connections; prints after each page how many were sent."""
    connection = await asyncpg.connect(dsn)
    left, sent = events(channels, count, first), 0
    authorization = {"team_id": TEAM, "user_id": "U0BOT", "is_bot": True}
    while page := list(islice(left, PAGE)):
        envelope = {"api_app_id": "A0", "team_id": TEAM, "type": "event_callback", "authorizations": [authorization]}
        requests = [
            ingest.packed({**envelope, "event": event, "event_id": f"Ev{uuid.uuid4().hex}"}) for _, event in page
        ]
        await ingest.send(int(port), requests[::-1])
        sent += len(page)
        waiting = await waits(connection)
        while waiting > MOST_WAITING:
            await asyncio.sleep(0.2)
            waiting = await waits(connection)
        print(json.dumps([sent, waiting]), flush=True)
    await connection.close()


if __name__ == "__main__":
    port, dsn, channels, count, first = sys.argv[1:]
    asyncio.run(send(port, dsn, channels.split(), int(count), int(first)))
