"""Deliveries that come twice, late, in another order, broken or to a closed door: the record is the same."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select

from core import clock
from core.conversations import Reaction, Revision
from tests.stories.scene import CLIENT, STAFF, Scene

FAULTS: dict[str, Callable[[Any], None]] = {
    "as they come": lambda faults: None,
    "each twice": lambda faults: (faults.duplicate("message", times=99), faults.duplicate("reaction_added", times=9)),
    "each again under another event_id": lambda faults: faults.another_id("*", times=99),
    "last first": lambda faults: (faults.reorder("message", 10), faults.reorder("reaction_added", 2)),
    "the first ones late": lambda faults: faults.delay("message", 0.3, times=2),
    "edits before what they edit": lambda faults: (faults.delay("message", 0.4), faults.delay("message", 0.2, times=3)),
}


async def _talk(scene: Scene) -> None:
    """Ten messages' worth of life in the client channel: said, answered, edited twice, deleted, reacted to."""
    slack = scene.slack
    first = await slack.says("Hello, it is about the blog", by="clara", channel=CLIENT)
    second = await slack.says("Could it have two columns?", by="clara", channel=CLIENT)
    await slack.says("It can. From Monday on?", by="ada", channel=CLIENT, thread=second)
    clock.move(600)
    other = await slack.says("And who makes the photos?", by="clara", channel=CLIENT)
    await slack.edits(other, "And who makes the pictures?", by="clara", channel=CLIENT)
    await slack.edits(other, "And who makes the pictures and films?", by="clara", channel=CLIENT)
    answer = await slack.says("Grace does", by="ada", channel=CLIENT, thread=other)
    wrong = await slack.says("Oops, wrong channel", by="clara", channel=CLIENT, thread=other)
    await slack.deletes(wrong, by="clara", channel=CLIENT)
    await slack.says("Thanks!", by="clara", channel=CLIENT, thread=other)
    await slack.reacts("tada", first, by="ada", channel=CLIENT)
    await slack.reacts("eyes", answer, by="clara", channel=CLIENT)


async def _record(scene: Scene) -> list[Any]:
    """What is kept, in words that do not depend on ids and times."""
    kept = await scene.kept()
    topics = {one.id: one for one in await scene.conversations()}
    async with scene.database() as (session, _):
        revisions = (await session.execute(select(Revision).order_by(Revision.edited_ts))).scalars().all()
        reactions = (await session.execute(select(Reaction).order_by(Reaction.ts))).scalars().all()
    return [
        *(
            (
                message.author_name,
                message.side,
                message.text,
                [one.text for one in revisions if one.message_id == message.id],
                message.deleted_at is not None,
                [(one.emoji, one.present) for one in reactions if one.ts == message.ts],
                topics[message.conversation_id].topic if message.conversation_id else None,
            )
            for message in kept
        ),
        *(
            (one.topic, one.status, [message.text for message in kept if message.ts == one.thread_ts], one.waiting_since == one.last_message_at)
            for one in sorted(topics.values(), key=lambda one: one.topic)
        ),
    ]


BLOG, PHOTOS = "Hello, it is about the blog", "And who makes the photos?"
FILMS = "And who makes the pictures and films?"
EXPECTED = [
    ("Clara Chen", "client", BLOG, [], False, [("tada", True)], BLOG),
    ("Clara Chen", "client", "Could it have two columns?", [], False, [], BLOG),
    ("Ada Lovelace", "staff", "It can. From Monday on?", [], False, [], BLOG),
    ("Clara Chen", "client", FILMS, [PHOTOS, "And who makes the pictures?"], False, [], PHOTOS),
    ("Ada Lovelace", "staff", "Grace does", [], False, [("eyes", True)], PHOTOS),
    ("Clara Chen", "client", "Oops, wrong channel", [], True, [], PHOTOS),
    ("Clara Chen", "client", "Thanks!", [], False, [], PHOTOS),
    (PHOTOS, "waiting_us", [FILMS], False),
    (BLOG, "waiting_client", [BLOG], True),
]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_the_record_is_the_same_however_it_arrives(scene: Scene, fault: Callable[[Any], None]) -> None:
    fault(scene.faults)
    await _talk(scene)
    scene.faults.clear()
    await scene.calm()
    assert await _record(scene) == EXPECTED
    assert await scene.deliveries("aside") == []
