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
            (
                one.topic,
                one.status,
                [said.text for said in kept if said.ts == one.thread_ts],
                one.waiting_since == one.last_message_at,
            )
            for one in sorted(topics.values(), key=lambda one: one.topic)
        ),
    ]


BLOG, PHOTOS = "Hello, it is about the blog", "And who makes the photos?"
FILMS = "And who makes the pictures and films?"
EXPECTED = [  # a conversation is called by its first words as they read now
    ("Clara Chen", "client", BLOG, [], False, [("tada", True)], BLOG),
    ("Clara Chen", "client", "Could it have two columns?", [], False, [], BLOG),
    ("Ada Lovelace", "staff", "It can. From Monday on?", [], False, [], BLOG),
    ("Clara Chen", "client", FILMS, [PHOTOS, "And who makes the pictures?"], False, [], FILMS),
    ("Ada Lovelace", "staff", "Grace does", [], False, [("eyes", True)], FILMS),
    ("Clara Chen", "client", "Oops, wrong channel", [], True, [], FILMS),
    ("Clara Chen", "client", "Thanks!", [], False, [], FILMS),
    (FILMS, "waiting_us", [FILMS], False),
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


async def _raw(scene: Scene, event: str) -> bytes:
    """An event of the client channel in bytes that Python's json would not write; `event` holds what comes after the channel."""
    body = json.dumps(
        scene.event({"type": "message", "channel": scene.channel("northwind"), "user": scene.id("clara"), "MORE": 0})
    )
    return body.replace('"MORE": 0', event).encode()


async def test_odd_events_are_kept_or_set_aside_with_a_reason_and_the_channel_goes_on(scene: Scene) -> None:
    channel, clara, now = scene.channel("northwind"), scene.id("clara"), int(clock.now().timestamp())
    odd = [
        scene.event({"type": "message", "user": clara, "text": "No channel", "ts": f"{now}.000001"}),
        scene.event({"type": "message", "channel": channel, "user": clara, "text": "No ts"}),
        scene.event(
            {"type": "message", "channel": channel, "user": clara, "text": "A ts like none", "ts": "yesterday"}
        ),
        scene.event({"type": "message", "channel": channel, "subtype": "message_changed", "ts": f"{now}.000002"}),
        scene.event(
            {"type": "message", "channel": channel, "user": {"id": clara}, "text": ["words"], "ts": f"{now}.000003"}
        ),
        scene.event({"type": "reaction_added", "item": {"type": "message", "channel": channel}, "user": clara}),
        scene.event({"type": "a_new_kind_of_event", "channel": channel}),
    ]
    for body in odd:
        assert await scene.delivers(body) == 200, "Slack is told that we have it"
    kept = [
        await _raw(scene, f'"ts": "{now}.000100", "text": "A NUL \\u0000 within"'),
        await _raw(scene, f'"ts": "{now}.000200", "text": "Half an emoji \\ud83d here"'),
        await _raw(scene, f'"ts": "{now}.000300", "text": "{"long " * 8_000}"'),
        await _raw(scene, f'"ts": "{now}.000400", "text": null, "blocks": null, "files": [{{"id": "F0"}}]'),
    ]
    for raw in kept:
        assert await scene.delivers(raw) == 200
    assert await scene.delivers(b"{ this is no JSON") == 200
    assert await scene.delivers(b"[" * 100_000) == 200
    await scene.slack.says("And an ordinary one", by="clara", channel=CLIENT)
    await scene.calm()
    said = [message.text for message in await scene.kept()]
    assert said == ["A NUL \ufffd within", "Half an emoji \ufffd here", "long " * 8_000, "", "And an ordinary one"]
    aside = await scene.deliveries("aside")
    assert len(aside) == len(odd) + 2 and all(one.error for one in aside)
    assert all(one.next_try_at is None for one in aside), (
        "after a few attempts each stays aside, for a person to look at"
    )


async def test_a_channel_that_is_nobodys_changes_nothing(scene: Scene) -> None:
    await scene.slack.creates("ada", "random")
    await scene.slack.invites("ada", "throughline", "#random")
    await scene.slack.says("Lunch?", by="ada", channel="#random")
    await scene.calm()
    assert await scene.kept() == [] and await scene.deliveries("aside") == []


async def test_a_message_that_a_closed_door_refused_is_sent_again_and_kept_once(scene: Scene, server: str) -> None:
    dsn = str(scene.here.app.db.engine.url.database)
    operator = await asyncpg.connect(server)
    scene.slack.delivery.retry_after = (0.0, 0.3, 1.5, 3.0)
    try:
        await operator.execute("UPDATE pg_database SET datallowconn = false WHERE datname = $1", dsn)
        await operator.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", dsn)
        await scene.slack.says("Is anybody there?", by="clara", channel=CLIENT)
        await scene.slack.until(lambda: any(one.status == 500 for one in scene.slack.attempts))
        outcome = await scene.slack.press("Open my page", by="clara", channel=CLIENT)
        assert not outcome.ok or "Something went wrong on our side" in scene.modal("clara")
    finally:
        await operator.execute("UPDATE pg_database SET datallowconn = true WHERE datname = $1", dsn)
        await operator.close()
    await scene.calm()
    assert [message.text for message in await scene.kept()] == ["Is anybody there?"]
    tries = [one for one in scene.slack.attempts if one.kind == "message"]
    assert [one.status for one in tries if one.event_id == tries[-1].event_id][-1] == 200


async def test_a_message_in_a_channel_whose_new_id_we_hear_of_later_is_kept(scene: Scene) -> None:
    old = await scene.slack.says("Hello?", by="clara", channel=CLIENT)
    await scene.calm()
    scene.faults.delay("channel_id_changed", 0.4)
    new = scene.faults.new_channel_id(CLIENT)
    await scene.slack.says("Are you there?", by="clara", channel=CLIENT)
    await scene.slack.edits(old, "Hello, hello?", by="clara", channel=CLIENT)
    await asyncio.sleep(0.2)
    await scene.calm()
    assert [(message.text, message.channel_id) for message in await scene.kept()] == [
        ("Hello, hello?", new),
        ("Are you there?", new),
    ]
    await scene.slack.command("/conversation start And the photos?", by="ada", channel=STAFF)
    await scene.calm()
    assert scene.cards("talk about “And the photos?”")


async def test_the_status_cards_follow_the_turn_of_a_conversation(scene: Scene) -> None:
    question = await scene.slack.says("Could we start with the blog?", by="clara", channel=CLIENT)
    await scene.calm()
    assert all("Ada to answer" in scene.pinned(place) for place in (CLIENT, STAFF))
    await scene.slack.says("Yes. From Monday on?", by="ada", channel=CLIENT, thread=question)
    await scene.calm()
    assert not any("Ada to answer" in scene.pinned(place) for place in (CLIENT, STAFF))
