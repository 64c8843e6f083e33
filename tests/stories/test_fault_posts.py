"""Cards whose sending fails in every way that Slack knows: each stands exactly once, and where it belongs."""

import asyncio
from collections.abc import Callable
from typing import Any

from bot.app import Work
from core import clock
from tests.stories.scene import CLIENT, STAFF, Scene

FAULTS: dict[str, Callable[[Any], None]] = {
    "lost after the effect": lambda faults: faults.lose("chat.postMessage", after=True),
    "lost before the effect": lambda faults: faults.lose("chat.postMessage"),
    "lost twice after": lambda faults: faults.lose("chat.postMessage", times=2, after=True),
    "lost before, then after": lambda faults: (
        faults.lose("chat.postMessage"),
        faults.lose("chat.postMessage", after=True),
    ),
    "500": lambda faults: faults.server_error("chat.postMessage"),
    "503 for a while": lambda faults: faults.server_error("chat.postMessage", times=3, status=503),
    "internal_error": lambda faults: faults.error("chat.postMessage", "internal_error"),
    "lost, and so is the first look for it": lambda faults: (
        faults.lose("chat.postMessage", after=True),
        faults.lose("conversations.history"),
        faults.server_error("conversations.history"),
    ),
    "lost after, its echo late": lambda faults: (
        faults.lose("chat.postMessage", after=True),
        faults.delay("message", 0.4),
    ),
    "lost after, its echo never": lambda faults: (faults.lose("chat.postMessage", after=True), faults.drop("message")),
    "slow, its echo first": lambda faults: faults.slow("chat.postMessage", 0.2),
}


def _opens(topic: str) -> str:
    return f"would like to talk about “{topic}”"


async def _starts(scene: Scene, topic: str) -> None:
    await scene.slack.command(f"/conversation start {topic}", by="ada", channel=STAFF)


async def test_a_card_whose_sending_fails_stands_once_in_the_end(scene: Scene) -> None:
    for fault, breaks in FAULTS.items():
        breaks(scene.faults)
        await _starts(scene, f"{fault}?")
        await scene.calm()
        cards = scene.cards(_opens(f"{fault}?"))
        assert len(cards) == 1, fault
        [conversation] = [one for one in await scene.conversations() if one.topic == f"{fault}?"]
        [post] = [one for one in await scene.posts("conversation.opening") if one.subject_id == conversation.id]
        assert (post.state, post.reference) == ("sent", cards[0]["ts"]), fault
        assert conversation.thread_ts == cards[0]["ts"], f"{fault}: what depends on the card's place was told"
        scene.faults.clear()
    assert await scene.buried() == []


async def test_a_rate_limit_pauses_the_method_and_nothing_else(scene: Scene) -> None:
    scene.faults.rate_limit("chat.postMessage", retry_after=40)
    await _starts(scene, "Who writes the texts?")
    await scene.settled()
    await _starts(scene, "And the photos?")
    await scene.slack.opens_home("ben")
    assert await scene.slack.until(lambda: scene.slack.home("ben")), "other methods go on"
    assert not scene.cards("would like to talk about"), "nothing is posted during the pause"
    posted = [name for name, _ in scene.slack.calls].count("chat.postMessage")
    clock.move(41)
    await scene.calm()
    assert len(scene.cards(_opens("Who writes the texts?"))) == len(scene.cards(_opens("And the photos?"))) == 1
    assert [name for name, _ in scene.slack.calls].count("chat.postMessage") == posted + 2
    assert await scene.buried() == []


async def test_a_worker_that_dies_between_sending_and_noting_leaves_one_card(scene: Scene) -> None:
    scene.here.work.stop()
    await asyncio.sleep(0.2)
    doomed = Work(scene.here.app, paces={})
    running = asyncio.create_task(doomed.run())
    scene.faults.slow("chat.postMessage", 0.3)
    await _starts(scene, "Who writes the texts?")
    await scene.slack.until(
        lambda: any(name == "chat.postMessage" for name, _ in scene.slack.calls[-3:]) or scene.faults.calls == []
    )
    async with (
        scene.here.app.db.platform() as outsider
    ):  # keeps the note from being written, so that death comes before it
        from sqlalchemy import text

        await outsider.execute(text("RESET ROLE"))
        await outsider.execute(text("LOCK TABLE posts IN EXCLUSIVE MODE"))
        await scene.slack.until(lambda: scene.cards(_opens("Who writes the texts?")))
        await asyncio.sleep(0.1)
        running.cancel()
        await asyncio.wait([running])
    await scene.sql("UPDATE lanes SET leased_until = now() - interval '1 second' WHERE leased_until IS NOT NULL")
    scene.here.work = Work(scene.here.app, paces={})
    again = asyncio.create_task(scene.here.work.run())
    try:
        await scene.calm()
        [card] = scene.cards(_opens("Who writes the texts?"))
        [post] = await scene.posts("conversation.opening")
        assert (post.state, post.reference) == ("sent", card["ts"])
        assert (await scene.conversations())[0].thread_ts == card["ts"]
    finally:
        scene.here.work.stop()
        await again


async def test_a_card_that_can_no_longer_be_edited_is_followed_by_a_new_one(scene: Scene) -> None:
    await _starts(scene, "Who writes the texts?")
    await scene.calm()
    [standing] = scene.cards(_opens("Who writes the texts?"))
    for number, reason in enumerate(("edit_window_closed", "cant_update_message", "message_not_found"), start=1):
        scene.faults.error("chat.update", reason, times=9)
        await scene.slack.command("/conversation rename", by="ada", channel=STAFF)
        await scene.slack.submit({"Topic": f"Texts {number}"}, by="ada")
        await scene.calm()
        [new] = scene.cards(_opens(f"Texts {number}"))
        [post] = await scene.posts("conversation.opening")
        assert new["ts"] > standing["ts"] and (post.state, post.reference) == ("sent", new["ts"]), reason
        assert f"Texts {number}" in scene.pinned(), (
            "the status card, which met the same, stands anew and is pinned anew"
        )
        scene.faults.clear()
        standing = new
    await scene.slack.says("I do.", by="clara", channel=CLIENT, thread=standing["ts"])
    await scene.calm()
    assert await scene.topics() == [("Texts 3", "waiting_us")], (
        "an answer under the new card belongs to the same conversation"
    )
    assert await scene.buried() == []


async def test_a_deleted_status_card_comes_back_pinned_even_if_pinning_fails_at_first(scene: Scene) -> None:
    [pinned] = scene.pins()
    await scene.slack.deletes(pinned, by="ada", channel=CLIENT)
    scene.faults.lose("pins.add")
    scene.faults.server_error("pins.add")
    await scene.slack.says("Could we start with the blog?", by="clara", channel=CLIENT)
    await scene.calm()
    [post] = [one for one in await scene.posts("engagement.status") if one.place == scene.channel("northwind")]
    assert post.reference != pinned and scene.pins() == [post.reference]
    assert len([one for one in scene.cards("Could we start with the blog?") if one["ts"] == post.reference]) == 1
    assert await scene.buried() == []


async def test_an_update_that_is_lost_is_made_again(scene: Scene) -> None:
    scene.faults.lose("chat.update", after=True)
    scene.faults.lose("chat.update")
    scene.faults.rate_limit("chat.update", retry_after=3)
    await scene.slack.says("Could we start with the blog?", by="clara", channel=CLIENT)
    await scene.calm()
    assert "Could we start with the blog?" in scene.pinned()
    assert await scene.buried() == []


async def test_a_closed_channel_is_given_up_with_a_word_to_the_owner(scene: Scene) -> None:
    scene.faults.error("chat.postMessage", "restricted_action")
    await _starts(scene, "Who writes the texts?")
    await scene.calm()
    assert any("restricted_action" in one for one in await scene.buried())
    direct = await scene.slack.opens_dm("ada", "throughline")
    assert "could not" in scene.seen(direct, "ada")
    await _starts(scene, "And the photos?")
    await scene.calm()
    assert len(scene.cards(_opens("And the photos?"))) == 1, "the channel goes on"
