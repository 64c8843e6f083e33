"""What people do in the sandbox: commands, presses, modals, shortcuts, App Home; as strict as Slack's own client."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from bot.sandbox.slack import NotPossible, NotSeen
from tests.bot.sandbox_bot import Stage, actions, button, field_of, modal, opener, options, section, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as made:
        yield made


FORM = modal(field_of("Title", {"type": "plain_text_input", "action_id": "title"}), callback_id="form")


# Commands


async def test_a_command_arrives_whole(stage: Stage) -> None:
    stage.bot.answer = lambda received: {"text": "Here you are"} if received.path == "/slack/commands" else None
    ack = await stage.slack.command("/proposal new <b> & @ben in #general", "ada", "#general")
    got = stage.bot.commands()[0]
    general = stage.slack.find_channel("#general", stage.slack.person("ada")).id
    assert got["command"] == "/proposal"
    assert got["text"] == f"new &lt;b&gt; &amp; <@{stage.id('ben')}|ben> in <#{general}|general>"
    assert (got["team_domain"], got["channel_name"], got["user_id"]) == ("studioada", "general", stage.id("ada"))
    assert ack.ok and ack.text == "Here you are"
    assert stage.slack.messages("#general", "ada")[-1]["is_ephemeral"]
    assert all(one["text"] != "Here you are" for one in stage.slack.messages("#general", "ben"))
    await stage.slack.command("/tl", "ada", await stage.channel())
    assert stage.bot.commands()[-1]["channel_name"] == "privategroup"


async def test_a_command_may_answer_everybody_with_blocks(stage: Stage) -> None:
    stage.bot.answer = lambda received: {"response_type": "in_channel", "text": "Hi", "blocks": [section("Hi")]}
    await stage.slack.command("/tl", "ada", "#general")
    assert stage.slack.messages("#general", "ben")[-1]["text"] == "Hi"
    stage.bot.answer = lambda received: {"blocks": [section("")]}
    assert (await stage.slack.command("/tl", "ada", "#general")).error == "invalid_response"


async def test_commands_that_fail_show_it(stage: Stage) -> None:
    async def late() -> None:
        await asyncio.sleep(0.4)

    stage.bot.answer = lambda received: late()
    ack = await stage.slack.command("/tl", "ada", "#general")
    assert ack.error == "operation_timeout" and ack.status is None
    shown = stage.slack.messages("#general", "ada")[-1]
    assert "operation_timeout" in shown["text"] and shown["user"] == "USLACKBOT"
    stage.bot.answer = lambda received: web.Response(status=404)
    ack = await stage.slack.command("/tl", "ada", "#general")
    assert (ack.status, ack.error) == (404, "dispatch_failed")
    with pytest.raises(NotPossible, match="not a valid command"):
        await stage.slack.command("/nonsense", "ada", "#general")


# Presses


async def test_press_finds_what_was_really_rendered(stage: Stage) -> None:
    where = await stage.channel()
    older = await stage.post(where, actions(button("Approve", value="old")), text="Card")
    ts = await stage.post(
        where,
        section("Card", accessory={"type": "overflow", "action_id": "more", "options": options("PDF", "History")}),
        actions(button("Approve", value="new", style="primary")),
        text="Card",
    )
    outcome = await stage.slack.press("Approve", by="ada")
    assert outcome.ok and outcome.status == 200
    got = stage.bot.interactions("block_actions")[0]
    assert got["actions"][0]["value"] == "new" and got["container"]["message_ts"] == ts != older
    assert got["team"]["id"] == got["user"]["team_id"] == stage.slack.world.installation.team_id
    assert got["channel"]["name"] == "privategroup" and got["message"]["text"] == "Card"
    await stage.slack.press("history", by="ada")
    assert stage.bot.interactions()[-1]["actions"][0]["selected_option"]["value"] == "history"
    with pytest.raises(NotSeen, match="Ben Okafor sees no “Approve”"):
        await stage.slack.press("Approve", by="ben")
    with pytest.raises(NotSeen, match="PDF, History, Approve"):
        await stage.slack.press("Reject", by="ada")
    await stage.ok("chat.delete", channel=where, ts=ts)
    await stage.slack.press("Approve", by="ada")
    assert stage.bot.interactions()[-1]["actions"][0]["value"] == "old"


async def test_menus_pickers_and_state_in_messages(stage: Stage) -> None:
    where = await stage.channel()
    pick = {"type": "static_select", "action_id": "phase", "placeholder": {"type": "plain_text", "text": "Phase"}}
    ticks = {"type": "checkboxes", "action_id": "ticks", "options": options("Mail", "Slack")}
    day = {"type": "datepicker", "action_id": "day", "placeholder": {"type": "plain_text", "text": "Day"}}
    await stage.post(
        where, actions(pick | {"options": options("Setup", "Build")}, ticks, day, button("Go"), block_id="x")
    )
    await stage.slack.press("Phase", by="ada", choose="Build")
    await stage.slack.press("Mail", by="ada")
    await stage.slack.press("Slack", by="ada")
    await stage.slack.press("Mail", by="ada")
    await stage.slack.press("Day", by="ada", choose="2026-12-01")
    await stage.slack.press("Go", by="ada", channel=where)
    kinds = [one["actions"][0]["type"] for one in stage.bot.interactions()]
    assert kinds == ["static_select", "checkboxes", "checkboxes", "checkboxes", "datepicker", "button"]
    state = stage.bot.interactions()[-1]["state"]["values"]["x"]
    assert state["phase"]["selected_option"]["value"] == "build" and state["day"]["selected_date"] == "2026-12-01"
    assert [one["value"] for one in state["ticks"]["selected_options"]] == ["slack"]
    with pytest.raises(NotSeen, match="there are: Setup, Build"):
        await stage.slack.press("Phase", by="ada", choose="Testing")


async def test_waiting_for_what_comes_later(stage: Stage) -> None:
    where = await stage.channel()

    async def later(trigger: str) -> None:
        await asyncio.sleep(0.02)
        await stage.ok("chat.postMessage", channel=where, text="x", blocks=[section("*Clara* signed.")])
        await stage.ok("views.open", trigger_id=trigger, view=modal(section("Done"), title="Later"))

    await stage.slack.command("/tl", "ada", where)
    work = asyncio.create_task(later(stage.bot.commands()[0]["trigger_id"]))
    assert (await stage.slack.sees("signed", by="ada", channel=where))["channel"] == where
    assert (await stage.slack.modal("ada", "Later"))["type"] == "modal"
    await work
    with pytest.raises(TimeoutError):
        await stage.slack.sees("declined", by="ada", timeout=0.05)
    with pytest.raises(TimeoutError):
        await stage.slack.modal("ben", timeout=0.05)


async def test_link_buttons_tell_their_address(stage: Stage) -> None:
    where = await stage.channel()
    await stage.post(where, actions(button("Pay", url="https://pay.example/1")))
    outcome = await stage.slack.press("Pay", by="ada")
    assert outcome.url == "https://pay.example/1" and len(stage.bot.interactions()) == 1


async def test_a_press_without_answer_times_out(stage: Stage) -> None:
    where = await stage.channel()
    await stage.post(where, actions(button("Go")))

    async def late() -> None:
        await asyncio.sleep(0.4)

    stage.bot.answer = lambda received: late() if received.path == "/slack/actions" else None
    assert (await stage.slack.press("Go", by="ada")).error == "operation_timeout"


# Trigger ids and response URLs


async def test_trigger_ids_are_good_once_and_for_three_seconds(stage: Stage) -> None:
    where = await stage.channel()
    await stage.post(where, actions(button("Go")))
    await stage.slack.press("Go", by="ada")
    trigger = stage.bot.interactions()[-1]["trigger_id"]
    assert await stage.error("views.open", trigger_id="1.2.x", view=FORM) == "invalid_trigger_id"
    assert await stage.error("views.open", trigger_id=trigger, view={"type": "modal"}) == "invalid_arguments"
    opened = await stage.ok("views.open", trigger_id=trigger, view=FORM)
    assert opened["view"]["app_installed_team_id"] == stage.slack.world.installation.team_id
    assert await stage.error("views.open", trigger_id=trigger, view=FORM) == "exchanged_trigger_id"
    await stage.slack.close("ada")
    stage.slack.interactions.trigger_seconds = 0.01
    await stage.slack.press("Go", by="ada")
    await asyncio.sleep(0.02)
    late = stage.bot.interactions("block_actions")[-1]["trigger_id"]
    assert await stage.error("views.open", trigger_id=late, view=FORM) == "expired_trigger_id"


async def _respond(stage: Stage, url: str, **body: Any) -> tuple[int, str]:
    async with stage.http.post(url, json=body) as got:
        return got.status, await got.text()


async def test_response_urls(stage: Stage, moved_clock: Any) -> None:
    where = await stage.channel()
    await stage.post(where, actions(button("Go")), text="Card")
    await stage.slack.press("Go", by="ada")
    url = stage.bot.interactions()[-1]["response_url"]
    assert await _respond(stage, url, text="Only you") == (200, "ok")
    assert stage.slack.messages(where, "ada")[-1]["is_ephemeral"]
    assert await _respond(stage, url, text="New card", replace_original=True) == (200, "ok")
    assert [one["text"] for one in stage.slack.messages(where, "ada")][-2:] == ["New card", "Only you"]
    assert (await _respond(stage, url))[0] == 500
    assert (await _respond(stage, url, blocks=[section("")]))[0] == 400
    assert await _respond(stage, url, delete_original=True) == (200, "ok")
    assert all(one["text"] != "New card" for one in stage.slack.messages(where, "ada"))
    status, text = await _respond(stage, url, text="Sixth")
    assert status == 404 and "used_url" in text
    await stage.slack.command("/tl", "ada", where)
    later = stage.bot.commands()[-1]["response_url"]
    assert await _respond(stage, later, text="To all", response_type="in_channel") == (200, "ok")
    moved_clock.write_text("1900")
    assert "expired_url" in (await _respond(stage, later, text="Late"))[1]


async def test_whispers_can_be_replaced_and_taken_away(stage: Stage) -> None:
    where = await stage.channel()
    await stage.ok(
        "chat.postEphemeral", channel=where, user=stage.id("ada"), text="Psst", blocks=[actions(button("Dismiss"))]
    )
    await stage.slack.press("Dismiss", by="ada")
    got = stage.bot.interactions()[-1]
    assert got["container"]["is_ephemeral"] and "message" not in got
    await _respond(stage, got["response_url"], text="Gone soon", replace_original=True)
    assert stage.slack.messages(where, "ada")[-1]["text"] == "Gone soon"
    await _respond(stage, got["response_url"], delete_original=True)
    assert all(one["text"] != "Gone soon" for one in stage.slack.messages(where, "ada"))


# Shortcuts and Home


async def test_message_shortcuts(stage: Stage) -> None:
    where = await stage.channel()
    ts = await stage.slack.says("Could you?", "ada", where)
    outcome = await stage.slack.shortcut("message.throughline", "ada", where, ts)
    assert outcome.ok
    got = stage.bot.interactions("message_action")[0]
    assert (got["callback_id"], got["message_ts"], got["message"]["text"]) == ("message.throughline", ts, "Could you?")
    with pytest.raises(NotSeen):
        await stage.slack.shortcut("message.nothing", "ada", where, ts)


async def test_app_home(stage: Stage) -> None:
    assert stage.slack.home("ada") is None
    await stage.slack.opens_home("ada")
    await stage.slack.settled()
    assert stage.bot.events("app_home_opened")[0]["tab"] == "home"
    view = {"type": "home", "blocks": [section("Welcome"), actions(button("Link a channel"))]}
    made = await stage.ok("views.publish", user_id=stage.id("ada"), view=view)
    assert await stage.error("views.publish", user_id=stage.id("ada"), view=view, hash="0.0") == "hash_conflict"
    home = stage.slack.home("ada")
    assert home is not None and home["id"] == made["view"]["id"]
    opener(stage, FORM)
    outcome = await stage.slack.press("Link a channel", by="ada")
    assert outcome.modal is not None
    assert stage.bot.interactions("block_actions")[0]["container"] == {"type": "view", "view_id": home["id"]}


async def test_the_snapshot_and_what_is_unread(stage: Stage) -> None:
    where = await stage.channel()
    queue = stage.slack.watch()
    ts = await stage.slack.says("@ada look", "ada", where)
    await stage.ok("chat.postMessage", channel=where, text=f"<@{stage.id('ada')}> look")
    seen = next(one for one in stage.slack.snapshot("ada")["channels"] if one["id"] == where)
    assert seen["unread"] == 1 and seen["mentioned"] and seen["last_ts"] > ts
    assert queue.get_nowait() == {"kind": "message", "channel": where}
    stage.slack.unwatch(queue)
    await stage.slack.opens_channel("ada", where)
    seen = next(one for one in stage.slack.snapshot("ada")["channels"] if one["id"] == where)
    assert seen["unread"] == 0
    snapshot = stage.slack.snapshot("clara")
    assert snapshot["commands"] == [] and snapshot["shortcuts"] == [] and not snapshot["me"]["agency"]
    assert stage.slack.snapshot("ada")["commands"][0]["command"] == "/tl"
    assert stage.slack.snapshot("vera")["me"]["guest"]


async def test_the_state_survives_a_dump(stage: Stage) -> None:
    where = await stage.channel()
    ts = await stage.slack.uploads("ada", where, "brief.txt", "Hello", text="The brief")
    kept = stage.slack.dump()
    async with staged() as other:
        other.slack.load(kept)
        shown = other.slack.messages(where, "ada")[-1]
        assert shown["ts"] == ts and other.slack.file_content(shown["files"][0]["id"]) == b"Hello"
        assert await other.slack.says("Later", "ada", where) > ts
