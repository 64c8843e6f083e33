"""The sandbox's Web API refuses what Slack refuses, by Slack's names."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from tests.bot.sandbox_bot import MANIFEST, Stage, section, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as made:
        yield made


async def test_the_token_decides(stage: Stage) -> None:
    assert await stage.error("auth.test", token="") == "not_authed"
    assert await stage.error("auth.test", token="xoxb-other") == "invalid_auth"
    assert await stage.error("auth.test", token="xapp-sandbox-app-token") == "not_allowed_token_type"
    assert await stage.error("apps.connections.open") == "not_allowed_token_type"
    body = await stage.call("no.such.method")
    assert body["error"] == "unknown_method"
    stage.slack.faults.revoke_token()
    assert await stage.error("auth.test") == "token_revoked"
    await stage.slack.reinstalls()
    assert (await stage.ok("auth.test"))["bot_id"] == stage.slack.world.installation.bot_id
    await stage.slack.settled()
    assert stage.bot.events("tokens_revoked")[0]["tokens"]["bot"] == [stage.slack.world.bot.id]


async def test_bodies_may_be_forms_or_json_and_unknown_arguments_are_ignored(stage: Stage) -> None:
    where = await stage.channel()
    form = {"channel": where, "text": "From a form", "nonsense": "1", "blocks": '[{"type": "divider"}]'}
    headers = {"Authorization": "Bearer xoxb-sandbox-bot-token"}
    async with stage.http.post(f"{stage.url}/slack/api/chat.postMessage", data=form, headers=headers) as got:
        body = await got.json()
        assert body["ok"] and body["message"]["blocks"][0]["type"] == "divider"
        assert "groups:write" in got.headers["X-OAuth-Scopes"].split(",")
    async with stage.http.get(f"{stage.url}/slack/api/auth.test", params={"token": "xoxb-sandbox-bot-token"}) as got:
        assert (await got.json())["team"] == "Studio Ada"
    async with stage.http.post(
        f"{stage.url}/slack/api/auth.test", data=b"{", headers=headers | {"Content-Type": "application/json"}
    ) as got:
        assert (await got.json())["error"] == "invalid_json"


async def test_scopes_come_from_the_manifest(stage: Stage, tmp_path: Path) -> None:
    body = await stage.call("conversations.open", users="U1")
    assert body["error"] == "missing_scope" and body["needed"].startswith("im:write")
    assert "chat:write" in body["provided"].split(",")
    assert await stage.error("conversations.create", name="open") == "missing_scope"
    fewer = yaml.safe_load(MANIFEST.read_text())
    fewer["oauth_config"]["scopes"]["bot"].remove("chat:write")
    (tmp_path / "manifest.yml").write_text(yaml.safe_dump(fewer))
    async with staged(manifest=tmp_path / "manifest.yml") as other:
        assert await other.error("chat.postMessage", channel="C1", text="Hi") == "missing_scope"


async def test_required_arguments(stage: Stage) -> None:
    body = await stage.call("chat.update", text="Hi")
    assert body["error"] == "invalid_arguments"
    assert "[ERROR] missing required field: channel" in body["response_metadata"]["messages"]


async def test_where_the_bot_may_post(stage: Stage) -> None:
    ada = stage.slack.person("ada")
    general = stage.slack.find_channel("#general", ada).id
    assert await stage.error("chat.postMessage", channel=general, text="Hi") == "not_in_channel"
    secret = await stage.slack.creates("ada", "secret", private=True)
    assert await stage.error("chat.postMessage", channel=secret, text="Hi") == "channel_not_found"
    abroad = stage.slack.find_channel("#general", stage.slack.person("clara")).id
    assert await stage.error("chat.postMessage", channel=abroad, text="Hi") == "channel_not_found"
    where = await stage.channel()
    assert await stage.error("chat.postMessage", channel=where) == "no_text"
    assert await stage.error("chat.postMessage", channel=where, text="x" * 40_001) == "msg_too_long"
    assert await stage.error("chat.postMessage", channel=where, text="Hi", thread_ts="1.0") == "thread_not_found"
    root = await stage.post(where)
    reply = (await stage.ok("chat.postMessage", channel=where, text="Re", thread_ts=root))["ts"]
    assert await stage.error("chat.postMessage", channel=where, text="x", thread_ts=reply) == "cannot_reply_to_message"
    direct = await stage.ok("chat.postMessage", channel=ada.id, text="To you alone")
    assert (
        direct["channel"].startswith("D") and stage.slack.messages("@throughline", "ada")[0]["text"] == "To you alone"
    )
    await stage.ok("conversations.archive", channel=where)
    assert await stage.error("chat.postMessage", channel=where, text="Hi") == "is_archived"
    assert await stage.error("conversations.archive", channel=where) == "already_archived"


async def test_names_of_channels(stage: Stage) -> None:
    for name, error in {
        "a" * 81: "invalid_name_maxlength",
        "Upper": "invalid_name_specials",
        "with space": "invalid_name_specials",
        "---": "invalid_name_punctuation",
        "general": "name_taken",
    }.items():
        assert await stage.error("conversations.create", name=name, is_private=True) == error


async def test_only_own_messages_change(stage: Stage) -> None:
    where = await stage.channel()
    theirs = await stage.slack.says("Mine", "ada", where)
    assert await stage.error("chat.update", channel=where, ts=theirs, text="x") == "cant_update_message"
    assert await stage.error("chat.delete", channel=where, ts=theirs) == "cant_delete_message"
    assert await stage.error("chat.update", channel=where, ts="1.0", text="x") == "message_not_found"
    ts = await stage.post(where, section("One"))
    assert await stage.error("chat.update", channel=where, ts=ts, text="x" * 4001) == "msg_too_long"
    await stage.ok("chat.update", channel=where, ts=ts, text="Two")
    shown = stage.slack.messages(where, "ada")[-1]
    assert shown["text"] == "Two" and "blocks" not in shown and shown["edited"]["user"] == stage.slack.world.bot.id
    await stage.ok("chat.update", channel=where, ts=ts, blocks=[section("Three")])
    shown = stage.slack.messages(where, "ada")[-1]
    assert shown["text"] == "Two" and shown["blocks"][0]["text"]["text"] == "Three"
    await stage.ok("chat.delete", channel=where, ts=ts)
    assert await stage.error("chat.getPermalink", channel=where, message_ts=ts) == "message_not_found"


async def test_metadata_is_kept_and_told_on_request(stage: Stage) -> None:
    where = await stage.channel()
    metadata = {"event_type": "throughline_post", "event_payload": {"id": "0b5e"}}
    made = await stage.ok("chat.postMessage", channel=where, text="Card", metadata=metadata)
    assert made["message"]["metadata"] == metadata
    bad = {"event_type": "has space", "event_payload": {}}
    assert await stage.error("chat.postMessage", channel=where, text="x", metadata=bad) == "invalid_metadata_format"
    plain = await stage.ok("conversations.history", channel=where, limit=1)
    assert "metadata" not in plain["messages"][0]
    full = await stage.ok("conversations.history", channel=where, limit=1, include_all_metadata=True)
    assert full["messages"][0]["metadata"] == metadata
    await stage.ok("chat.update", channel=where, ts=made["ts"], text="Card 2")
    kept = await stage.ok("conversations.replies", channel=where, ts=made["ts"], include_all_metadata=True)
    assert kept["messages"][0]["metadata"] == metadata


async def test_history_replies_and_pages(stage: Stage) -> None:
    where = await stage.channel()
    told = [await stage.slack.says(f"Line {number}", "ada", where) for number in range(5)]
    reply = await stage.slack.says("Below", "ada", where, thread=told[0])
    body = await stage.ok("conversations.history", channel=where, limit=2)
    assert [one["text"] for one in body["messages"]] == ["Line 4", "Line 3"] and body["has_more"]
    following = await stage.ok(
        "conversations.history", channel=where, limit=3, cursor=body["response_metadata"]["next_cursor"]
    )
    assert [one["text"] for one in following["messages"]] == ["Line 2", "Line 1", "Line 0"]
    assert following["messages"][-1]["reply_count"] == 1
    thread = await stage.ok("conversations.replies", channel=where, ts=reply)
    assert [one["text"] for one in thread["messages"]] == ["Line 0", "Below"]
    since = await stage.ok("conversations.history", channel=where, oldest=told[3])
    assert [one["text"] for one in since["messages"]] == ["Line 4"]
    assert await stage.error("conversations.history", channel=where, cursor="???") == "invalid_cursor"
    assert await stage.error("conversations.history", channel=where, limit=5000) == "invalid_limit"


async def test_people_come_into_channels_by_the_rules(stage: Stage) -> None:
    where = await stage.channel()
    assert await stage.error("conversations.invite", channel=where, users=stage.id("ada")) == "already_in_channel"
    assert await stage.error("conversations.invite", channel=where, users="U404") == "user_not_found"
    refused = await stage.call("conversations.invite", channel=where, users=f"{stage.id('ben')},{stage.id('clara')}")
    assert refused["error"] == "user_team_not_in_channel" and refused["errors"][0]["user"] == stage.id("clara")
    assert stage.id("ben") not in (await stage.ok("conversations.members", channel=where))["members"]
    await stage.ok("conversations.invite", channel=where, users=stage.id("ben"))
    await stage.slack.settled()
    joined = stage.bot.events("member_joined_channel")[-1]
    assert (joined["user"], joined["inviter"], joined["channel_type"]) == (
        stage.id("ben"),
        stage.slack.world.bot.id,
        "G",
    )
    await stage.ok("conversations.kick", channel=where, user=stage.id("ben"))
    assert await stage.error("conversations.kick", channel=where, user=stage.id("ben")) == "not_in_channel"


async def test_users_as_the_workspace_sees_them(stage: Stage) -> None:
    ada = (await stage.ok("users.info", user=stage.id("ada")))["user"]
    assert ada["is_owner"] and ada["profile"]["email"] == "ada@studioada.example"
    vera = (await stage.ok("users.info", user=stage.id("vera")))["user"]
    assert vera["is_restricted"]
    assert await stage.error("users.info", user=stage.id("clara")) == "user_not_visible"
    assert await stage.error("users.info", user="U404") == "user_not_found"
    await stage.shared()
    clara = (await stage.ok("users.info", user=stage.id("clara")))["user"]
    assert "email" not in clara["profile"] and "real_name" not in clara and clara["is_stranger"] is False
    assert clara["profile"]["real_name"] == "Clara Chen"
    assert stage.id("clara") not in [one["id"] for one in (await stage.ok("users.list"))["members"]]
    found = await stage.ok("users.lookupByEmail", email="BEN@studioada.example")
    assert found["user"]["id"] == stage.id("ben")
    assert await stage.error("users.lookupByEmail", email="clara@northwind.example") == "users_not_found"


async def test_pins_and_bookmarks(stage: Stage) -> None:
    where = await stage.channel()
    ts = await stage.post(where)
    await stage.ok("pins.add", channel=where, timestamp=ts)
    assert await stage.error("pins.add", channel=where, timestamp=ts) == "already_pinned"
    assert await stage.error("pins.add", channel=where, timestamp="1.0") == "message_not_found"
    await stage.ok("pins.remove", channel=where, timestamp=ts)
    assert await stage.error("pins.remove", channel=where, timestamp=ts) == "no_pin"
    bad = await stage.error("bookmarks.add", channel_id=where, title="Page", type="link", link="page")
    assert bad == "invalid_link"
    made = await stage.ok("bookmarks.add", channel_id=where, title="Page", type="link", link="https://a.example")
    mark = made["bookmark"]["id"]
    await stage.ok("bookmarks.edit", channel_id=where, bookmark_id=mark, title="Your page")
    shown = stage.slack.snapshot("ada")["channels"]
    assert next(one for one in shown if one["id"] == where)["bookmarks"][0]["title"] == "Your page"
    assert await stage.error("bookmarks.list", channel_id=where) == "missing_scope"
    await stage.ok("bookmarks.remove", channel_id=where, bookmark_id=mark)
    assert await stage.error("bookmarks.remove", channel_id=where, bookmark_id=mark) == "not_found"


async def test_whispers_are_for_one_person_in_the_channel(stage: Stage) -> None:
    where = await stage.channel()
    assert (
        await stage.error("chat.postEphemeral", channel=where, user=stage.id("ben"), text="Psst")
        == "user_not_in_channel"
    )
    await stage.ok("conversations.invite", channel=where, users=stage.id("ben"))
    await stage.ok("chat.postEphemeral", channel=where, user=stage.id("ben"), text="Psst")
    assert stage.slack.messages(where, "ben")[-1]["text"] == "Psst"
    assert all(one["text"] != "Psst" for one in stage.slack.messages(where, "ada"))
    await stage.slack.settled()
    assert all(one.get("text") != "Psst" for one in stage.bot.events("message"))


async def test_topics_lists_and_names(stage: Stage) -> None:
    where = await stage.channel()
    await stage.ok("conversations.setTopic", channel=where, topic="Website")
    assert await stage.error("conversations.setTopic", channel=where, topic="x" * 251) == "too_long"
    await stage.ok("conversations.rename", channel=where, name="northwind-web")
    info = (await stage.ok("conversations.info", channel=where, include_num_members=True))["channel"]
    assert (info["name"], info["topic"]["value"], info["num_members"]) == ("northwind-web", "Website", 2)
    public = await stage.ok("conversations.list")
    assert [one["name"] for one in public["channels"]] == ["general"]
    both = await stage.ok("conversations.list", types="public_channel,private_channel", limit=1)
    assert both["response_metadata"]["next_cursor"]
    assert await stage.error("conversations.open", users=stage.id("ada")) == "missing_scope"
    await stage.slack.settled()
    assert stage.bot.events("group_rename")[0]["channel"]["name"] == "northwind-web"


async def test_rates_by_method_and_in_a_channel(stage: Stage) -> None:
    where = await stage.channel()
    stage.slack.rates.scale = 1
    for number in range(4):
        await stage.ok("chat.postMessage", channel=where, text=str(number))
    status, headers, body = await stage.raw("chat.postMessage", channel=where, text="too fast")
    assert (status, body["error"]) == (429, "ratelimited") and 1 <= int(headers["Retry-After"]) <= 4
    for _ in range(20):
        await stage.ok("users.list")
    status, headers, _ = await stage.raw("users.list")
    assert status == 429 and 55 <= int(headers["Retry-After"]) <= 60
    stage.slack.rates.scale = 0.0001
    await asyncio.sleep(0.01)
    await stage.ok("users.list")
