"""Faults on demand: each kind of failing call and of failing delivery, once."""

import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.bot.sandbox_bot import Stage, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as made:
        yield made


# Faults of deliveries


async def _after_fault(stage: Stage, fault: Any, *words: str) -> list[tuple[str, str]]:
    where = await stage.channel()
    await stage.slack.settled()
    stage.bot.received.clear()
    fault()
    for word in words:
        await stage.slack.says(word, "ada", where)
    await stage.slack.settled()
    return [(one.event["text"], one.body["event_id"]) for one in stage.bot.received]


async def test_drop(stage: Stage) -> None:
    got = await _after_fault(stage, lambda: stage.slack.faults.drop("message"), "One", "Two")
    assert [text for text, _ in got] == ["Two"]


async def test_delay(stage: Stage) -> None:
    got = await _after_fault(stage, lambda: stage.slack.faults.delay("message", 0.1), "One", "Two")
    assert [text for text, _ in got] == ["Two", "One"]


async def test_duplicate(stage: Stage) -> None:
    got = await _after_fault(stage, lambda: stage.slack.faults.duplicate("message", copies=2), "One")
    assert len(got) == 3 and len({event_id for _, event_id in got}) == 1


async def test_another_event_id(stage: Stage) -> None:
    got = await _after_fault(stage, lambda: stage.slack.faults.another_id("message"), "One")
    assert [text for text, _ in got] == ["One", "One"] and len({event_id for _, event_id in got}) == 2
    assert all("X-Slack-Retry-Num" not in one.headers for one in stage.bot.received)


async def test_reorder(stage: Stage) -> None:
    got = await _after_fault(stage, lambda: stage.slack.faults.reorder("message", 3), "One", "Two", "Three", "Four")
    texts = [text for text, _ in got]
    assert sorted(texts) == sorted(["One", "Two", "Three", "Four"])
    assert [text for text in texts if text != "Four"] == ["Three", "Two", "One"]


async def test_what_was_held_back_comes_when_faults_end(stage: Stage) -> None:
    got = await _after_fault(stage, lambda: stage.slack.faults.reorder("message", 3), "One")
    assert got == []
    stage.slack.faults.clear()
    await stage.slack.settled()
    assert stage.bot.events("message")[-1]["text"] == "One"


# Faults of calls


async def test_calls_fail_on_demand(stage: Stage) -> None:
    where = await stage.channel()
    faults = stage.slack.faults
    faults.rate_limit("chat.postMessage", times=2, retry_after=7)
    for _ in range(2):
        status, headers, body = await stage.raw("chat.postMessage", channel=where, text="Hi")
        assert (status, headers["Retry-After"], body["error"]) == (429, "7", "ratelimited")
    faults.server_error("chat.postMessage", status=503)
    assert (await stage.raw("chat.postMessage", channel=where, text="Hi"))[0] == 503
    faults.error("chat.update", "edit_window_closed")
    assert await stage.error("chat.update", channel=where, ts="1", text="x") == "edit_window_closed"
    faults.slow("auth.test", 0.05)
    began = time.monotonic()
    await stage.ok("auth.test")
    assert time.monotonic() - began >= 0.05
    assert not any(one["text"] == "Hi" for one in stage.slack.messages(where, "ada"))


async def test_lost_connections_before_and_after_the_effect(stage: Stage) -> None:
    where = await stage.channel()
    stage.slack.faults.lose("chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await stage.call("chat.postMessage", channel=where, text="Never")
    stage.slack.faults.lose("chat.postMessage", after=True)
    with pytest.raises(aiohttp.ClientError):
        await stage.call("chat.postMessage", channel=where, text="Unknown")
    texts = [one["text"] for one in stage.slack.messages(where, "ada")]
    assert "Unknown" in texts and "Never" not in texts


async def test_a_channel_gets_another_id(stage: Stage) -> None:
    where = await stage.channel()
    other = stage.slack.faults.new_channel_id(where)
    await stage.slack.settled()
    told = stage.bot.events("channel_id_changed")[0]
    assert (told["old_channel_id"], told["new_channel_id"]) == (where, other)
    assert await stage.error("chat.postMessage", channel=where, text="Hi") == "channel_not_found"
    await stage.ok("chat.postMessage", channel=other, text="Hi")
