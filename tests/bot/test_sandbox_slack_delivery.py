"""How the sandbox reaches the bot: signatures, three seconds, retries, and what its events tell."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.bot.sandbox_bot import Received, Stage, actions, button, section, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as made:
        yield made


async def test_requests_are_signed(stage: Stage) -> None:
    where = await stage.channel()
    await stage.slack.says("Hello & <goodbye>", "ada", where)
    await stage.slack.settled()
    got = stage.bot.received[-1]
    stamp = got.headers["X-Slack-Request-Timestamp"]
    assert abs(time.time() - int(stamp)) < 5
    signed = hmac.new(b"sandbox-signing-secret", f"v0:{stamp}:".encode() + got.raw, hashlib.sha256).hexdigest()
    assert got.headers["X-Slack-Signature"] == f"v0={signed}"
    assert got.event["text"] == "Hello &amp; &lt;goodbye&gt;"


async def test_the_envelope(stage: Stage) -> None:
    where = await stage.channel()
    await stage.slack.says("Hello", "ada", where)
    await stage.slack.settled()
    body = stage.bot.received[-1].body
    installed = stage.slack.world.installation
    assert body["type"] == "event_callback" and body["api_app_id"] == installed.app_id
    assert body["team_id"] == body["authorizations"][0]["team_id"] == installed.team_id
    assert body["authorizations"][0]["user_id"] == installed.bot_user and not body["is_ext_shared_channel"]
    assert body["event"]["channel_type"] == "group" and body["event"]["blocks"][0]["type"] == "rich_text"
    ids = [one.body["event_id"] for one in stage.bot.received]
    assert len(ids) == len(set(ids))


async def test_the_address_is_verified(stage: Stage) -> None:
    assert not await stage.slack.verifies_url()
    stage.bot.answer = lambda received: {"challenge": received.body["challenge"]}
    assert await stage.slack.verifies_url()


async def test_only_what_the_bot_subscribed_to_and_may_see_is_delivered(stage: Stage) -> None:
    await stage.slack.says("Good morning", "ada", "#general")
    await stage.slack.says("To myself", "ada", "@throughline")
    await stage.slack.creates("ada", "side", private=True)
    await stage.slack.says("Among us", "ada", "#side")
    await stage.slack.settled()
    assert stage.bot.received == []
    await stage.slack.invites("ada", "throughline", "#side")
    await stage.slack.says("Hello", "ada", "#side")
    await stage.slack.settled()
    assert [one["text"] for one in stage.bot.events("message", "channel_join")] != []
    assert stage.bot.events("message")[-1]["text"] == "Hello"


async def test_failed_events_come_again_three_times(stage: Stage) -> None:
    where = await stage.channel()
    await stage.slack.settled()
    stage.bot.received.clear()
    stage.bot.answer = lambda received: web.Response(status=500)
    await stage.slack.says("Hello", "ada", where)
    await stage.slack.settled()
    tries = [
        (one.headers.get("X-Slack-Retry-Num"), one.headers.get("X-Slack-Retry-Reason")) for one in stage.bot.received
    ]
    assert tries == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    assert len({one.body["event_id"] for one in stage.bot.received}) == 1
    assert [one.failure for one in stage.slack.attempts[-4:]] == ["http_error"] * 4


async def test_no_retry_is_honoured(stage: Stage) -> None:
    where = await stage.channel()
    await stage.slack.settled()
    stage.bot.received.clear()
    stage.bot.answer = lambda received: web.Response(status=400, headers={"X-Slack-No-Retry": "1"})
    await stage.slack.says("Hello", "ada", where)
    await stage.slack.settled()
    assert len(stage.bot.received) == 1


async def test_late_and_missing_bots_are_retried(stage: Stage) -> None:
    where = await stage.channel()
    await stage.slack.settled()
    stage.slack.delivery.acknowledge_seconds = 0.05
    stage.slack.delivery.retry_after = (0.0,)

    async def late() -> None:
        await asyncio.sleep(0.1)

    stage.bot.answer = lambda received: late()
    await stage.slack.says("Hello", "ada", where)
    await stage.slack.settled()
    assert stage.slack.attempts[-1].failure == "http_timeout"
    stage.bot.url = "http://127.0.0.1:9"
    await stage.slack.says("Hello", "ada", where)
    await stage.slack.settled()
    assert stage.slack.attempts[-1].failure == "connection_failed"


async def test_echoes_of_own_messages(stage: Stage) -> None:
    where = await stage.channel()
    metadata = {"event_type": "post", "event_payload": {"id": "77"}}
    ts = (await stage.ok("chat.postMessage", channel=where, text="Card", metadata=metadata))["ts"]
    await stage.ok("chat.update", channel=where, ts=ts, text="Card 2")
    await stage.slack.settled()
    echo = next(one for one in stage.bot.events("message") if one["ts"] == ts)
    installed = stage.slack.world.installation
    assert (echo["bot_id"], echo["app_id"], echo["user"]) == (installed.bot_id, installed.app_id, installed.bot_user)
    assert echo["metadata"] == metadata
    changed = stage.bot.events("message", "message_changed")[0]
    assert changed["message"]["text"] == "Card 2" and changed["previous_message"]["text"] == "Card"


async def test_edits_deletions_tombstones_reactions(stage: Stage) -> None:
    where = await stage.channel()
    ts = await stage.slack.says("Helo", "ada", where)
    await stage.slack.edits(ts, "Hello", "ada", where)
    reply = await stage.slack.says("Below", "ada", where, thread=ts)
    await stage.slack.reacts(":eyes:", ts, "ada", where)
    await stage.slack.unreacts("eyes", ts, "ada", where)
    await stage.slack.deletes(ts, "ada", where)
    await stage.slack.deletes(reply, "ada", where)
    await stage.slack.settled()
    first, second = stage.bot.events("message", "message_changed")
    assert first["previous_message"]["text"] == "Helo" and first["message"]["edited"]["user"] == stage.id("ada")
    assert second["message"]["subtype"] == "tombstone"
    gone = stage.bot.events("message", "message_deleted")[0]
    assert gone["deleted_ts"] == reply and gone["previous_message"]["thread_ts"] == ts
    assert stage.bot.events("reaction_added")[0]["item"]["ts"] == ts
    assert stage.bot.events("reaction_removed")[0]["reaction"] == "eyes"


async def test_mentions_come_twice_with_one_ts(stage: Stage) -> None:
    where = await stage.channel()
    ts = await stage.slack.says("@throughline status, @ada", "ada", where)
    await stage.slack.settled()
    mention = stage.bot.events("app_mention")[0]
    assert mention["ts"] == ts == stage.bot.events("message")[-1]["ts"]
    bot = stage.slack.world.bot.id
    assert mention["text"] == f"<@{bot}> status, <@{stage.id('ada')}>"


async def test_slack_sdk_speaks_with_it(stage: Stage) -> None:
    """The shapes fit the client that the product uses."""
    from slack_sdk.errors import SlackApiError
    from slack_sdk.web.async_client import AsyncWebClient

    client = AsyncWebClient("xoxb-sandbox-bot-token", base_url=f"{stage.url}/slack/api/")
    where = await stage.channel()
    made = await client.chat_postMessage(channel=where, text="Hi", blocks=[section("Hi"), actions(button("Go"))])
    assert made["ts"] and made.headers["X-OAuth-Scopes"]
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel="C0000000000", text="Hi")
    assert refused.value.response["error"] == "channel_not_found"
    pages = [page async for page in await client.conversations_history(channel=where, limit=1)]
    assert len(pages) >= 2


def test_received_reads_forms() -> None:
    got = Received("/x", {"Content-Type": "application/x-www-form-urlencoded"}, b"payload=%7B%22a%22%3A1%7D")
    assert got.body == {"a": 1}
