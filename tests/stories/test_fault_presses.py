"""Presses that come too late, twice, from the wrong person, on an old card, or from nobody at all."""

import asyncio
import json
import time
import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from bot.sandbox.slack import NotPossible
from core.conversations import Conversation
from core.events import Event
from core.inbox import Delivery
from core.people import Identity
from tests.stories.scene import CLIENT, STAFF, Scene, slack_signature


async def test_a_window_that_comes_too_late_is_answered_beside_the_card(scene: Scene) -> None:
    scene.slack.interactions.trigger_seconds = -1
    assert (await scene.press("Open my page", "clara", CLIENT)).ok
    assert scene.slack.view("clara") is None
    assert "press once more" in scene.whispers("clara")
    assert "press once more" not in scene.whispers("ada"), "nobody else reads it"
    await scene.slack.command("/engagement new", by="ada", channel="#general")
    assert "press once more" in scene.whispers("ada", "#general")
    scene.slack.interactions.trigger_seconds = 3
    await scene.press("Open my page", "clara", CLIENT)
    assert "/portal/" in scene.modal("clara")


async def test_a_window_within_a_window_that_comes_too_late_is_shown_in_its_place(scene: Scene) -> None:
    await scene.slack.press("For Studio Ada", by="ada", channel=CLIENT)
    before = scene.modal("ada")
    assert before
    scene.faults.error("views.push", "expired_trigger_id", times=9)
    await scene.press("New proposal", "ada")
    assert scene.modal("ada") != before, "the answer is there, if not where it was meant"


async def test_an_answer_that_cannot_be_given_in_any_way_is_still_acknowledged(scene: Scene) -> None:
    scene.faults.server_error("views.open", times=9)
    url = scene.slack.interactions.respond

    def gone(*_: Any) -> None:
        raise ValueError("the response address answers 400")

    scene.slack.interactions.respond = gone  # type: ignore[method-assign]
    try:
        assert (await scene.press("Open my page", "clara", CLIENT)).ok
    finally:
        scene.slack.interactions.respond = url  # type: ignore[method-assign]


async def test_a_double_press_and_a_double_submission_do_it_once(scene: Scene) -> None:
    await scene.slack.says("Could we start with the blog?", by="clara", channel=CLIENT)
    await scene.calm()
    await asyncio.gather(
        *(scene.slack.command("/conversation resolve blog", by="ada", channel=STAFF) for _ in range(3))
    )
    await scene.slack.command("/conversation start", by="ada", channel=STAFF)
    view = scene.slack.view("ada") or {}
    assert view
    element = next(block for block in view["blocks"] if block["type"] == "input")
    state = {
        element["block_id"]: {element["element"]["action_id"]: {"type": "plain_text_input", "value": "And the photos?"}}
    }
    await asyncio.gather(*(scene.slack.submit_view("ada", view["id"], state) for _ in range(2)), return_exceptions=True)
    await scene.calm()
    async with scene.database() as (session, _):
        kinds = (await session.execute(select(Event.kind, func.count()).group_by(Event.kind))).all()
        topics = (await session.execute(select(Conversation.topic))).scalars().all()
    assert dict(kinds)["conversation.resolved"] == 1
    assert sorted(topics) == ["And the photos?", "Could we start with the blog?"]
    assert len(scene.cards("would like to talk about “And the photos?”")) == 1


async def test_each_who_presses_a_clients_button_gets_what_is_theirs(scene: Scene) -> None:
    slack = scene.slack
    await slack.invites("clara", "dana", CLIENT)
    invite = await slack.shares("ada", CLIENT, "gus@globex.example", limited=False)
    await slack.accepts(invite, by="gus")
    found = slack.invitation(invite)
    if found.state == "accepted":
        await slack.approves(invite, by="gus")
    await scene.calm()
    for who in ("dana", "gus"):
        assert (await scene.press("Open my page", who, CLIENT)).ok
        told = scene.modal(who)
        assert "/portal/" not in told and told, f"{who} gets no link, and is told: {told}"
        await slack.close(who)
        assert (await scene.press("For Studio Ada", who, CLIENT)).ok
        assert "Amounts" not in scene.modal(who) and "New proposal" not in scene.modal(who)
        await slack.close(who)
    assert (await scene.press("Open my page", "ada", CLIENT)).ok
    assert "/portal/" not in scene.modal("ada"), "staff get no client's link"
    await slack.close("ada")
    assert (await scene.press("For Studio Ada", "clara", CLIENT)).ok
    assert "New proposal" not in scene.modal("clara")
    async with scene.database() as (session, _):
        gus = (await session.execute(select(Identity).where(Identity.slack_user_id == scene.id("gus")))).scalar_one()
        assert gus.user_id is None, "somebody of another company is nobody here until staff say so"


async def _card(scene: Scene, *elements: dict[str, Any]) -> dict[str, Any]:
    """Post a card of the app's with these buttons in the client channel; its container."""
    token, channel = scene.slack.world.installation.bot_token, scene.channel("northwind")
    blocks = [{"type": "actions", "block_id": "old", "elements": list(elements)}]
    return {
        "type": "message",
        "channel": channel,
        "ts": await scene.here.app.slack.post(token, channel, "An old card", blocks),
    }


def _button(action_id: str, value: str = "x") -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "value": value, "text": {"type": "plain_text", "text": action_id}}


async def test_buttons_that_mean_nothing_any_more_say_so(scene: Scene) -> None:
    menu = {"type": "overflow", "action_id": "engagement.more"}
    entries = [
        {"text": {"type": "plain_text", "text": text}, "value": text} for text in ("gone.with:the wind", "", "no colon")
    ]
    buttons = {
        "proposal.approve_everything": "older card",
        "engagement.kept": "",
        "proposal.review": "",
        "page.open": "",
    }
    values = {"engagement.kept": "not-an-id", "proposal.review": str(uuid.uuid4()), "page.open": str(uuid.uuid4())}
    card = await _card(
        scene,
        *(_button(name, values.get(name, "x")) for name in buttons),
        {**menu, "options": [entries[0], entries[2]]},
    )
    for name, words in buttons.items():
        outcome = await scene.slack.act("clara", card, "old", name)
        assert outcome.ok, name
        told = scene.modal("clara")
        assert told and words in told, f"{name}: {told}"
        await scene.slack.close("clara")
    for entry in (entries[0], entries[2]):
        assert (await scene.slack.act("clara", card, "old", "engagement.more", entry)).ok
        assert "older card" in scene.modal("clara")
        await scene.slack.close("clara")
    assert await scene.buried() == []


async def test_forms_that_nobody_knows_say_so(scene: Scene) -> None:
    for callback in ("gone.form", "which.proposal.approve", "which.nothing", "which"):
        view = {
            "id": "V1",
            "type": "modal",
            "callback_id": callback,
            "private_metadata": "x",
            "state": {"values": {}},
            "blocks": [],
        }
        status, answer = await _interacts(scene, {"type": "view_submission", "view": view}, by="clara")
        assert status == 200 and "older" in answer, f"{callback}: {status} {answer}"


async def _interacts(scene: Scene, payload: dict[str, Any], *, by: str, team: str = "") -> tuple[int, str]:
    person = scene.slack.person(by)
    whole = {
        "team": {"id": team or person.team_id, "domain": "x"},
        "user": {"id": person.id, "team_id": person.team_id},
        "api_app_id": scene.slack.world.installation.app_id,
        "trigger_id": "1.2.3",
        "is_enterprise_install": False,
        **payload,
    }
    if "view" in whole:
        whole["view"] = {"app_installed_team_id": scene.slack.world.installation.team_id, **whole["view"]}
    raw = urlencode({"payload": json.dumps(whole)}).encode()
    return await scene.sends("/slack/actions", raw, "application/x-www-form-urlencoded")


async def test_an_outsiders_form_is_taken_in_the_workspace_where_the_app_is_installed(scene: Scene) -> None:
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": "engagement.new",
        "private_metadata": "",
        "state": {"values": {}},
        "blocks": [],
    }
    status, answer = await _interacts(scene, {"type": "view_submission", "view": view}, by="clara")
    assert status == 200 and "not set up" not in answer, "Clara's own workspace has no app, and that does not matter"
    view["app_installed_team_id"] = scene.slack.person("clara").team_id
    status, answer = await _interacts(scene, {"type": "view_submission", "view": view}, by="clara")
    assert status == 200 and "not set up" in answer


async def test_a_request_that_slack_or_stripe_did_not_sign_does_nothing_at_any_door(scene: Scene) -> None:
    await scene.calm()
    installed = scene.slack.world.installation
    event = json.dumps(
        scene.event(
            {
                "type": "message",
                "channel": scene.channel("northwind"),
                "user": scene.id("clara"),
                "text": "Pay me",
                "ts": "1.1",
            }
        )
    ).encode()
    command = urlencode(
        {
            "command": "/conversation",
            "text": "start Forged",
            "team_id": installed.team_id,
            "user_id": scene.id("ada"),
            "channel_id": scene.channel("northwind-internal"),
            "trigger_id": "1.2.3",
            "response_url": f"{scene.here.sandbox.url}/slack/response/x",
        }
    ).encode()
    press = {
        "type": "block_actions",
        "user": {"id": scene.id("ada"), "team_id": installed.team_id},
        "team": {"id": installed.team_id},
    }
    pressed = urlencode(
        {"payload": json.dumps({**press, "actions": [_button("engagement.close")], "trigger_id": "1.2.3"})}
    ).encode()
    form = "application/x-www-form-urlencoded"
    doors = (
        ("/slack/events", event, "application/json"),
        ("/slack/commands", command, form),
        ("/slack/actions", pressed, form),
    )
    before = await _world(scene)
    for path, raw, kind in doors:
        right = slack_signature(raw, installed.signing_secret)
        for headers in (
            {},
            slack_signature(raw, "a guess"),
            slack_signature(raw, installed.signing_secret, age=301),
            slack_signature(raw, installed.signing_secret, age=-301),
            slack_signature(raw + b" ", installed.signing_secret),
            {**right, "X-Slack-Signature": right["X-Slack-Signature"].replace("v0=", "v1=")},
            {**right, "X-Slack-Request-Timestamp": "now"},
            {**right, "X-Slack-Signature": "v0=é"},
            {"X-Slack-Request-Timestamp": right["X-Slack-Request-Timestamp"]},
        ):
            status, _ = await scene.sends(path, raw, kind, headers=headers)
            assert status == 401, f"{path} {headers}"
    paid = json.dumps(
        {"id": "evt_1", "object": "event", "type": "invoice.paid", "data": {"object": {"id": "in_1"}}}
    ).encode()
    for signature in ("", "t=1,v1=abc", f"t={int(time.time())},v1={'0' * 64}"):
        headers = {"Stripe-Signature": signature} if signature else {}
        assert (await scene.sends("/stripe/webhook", paid, "application/json", headers=headers))[0] == 401
    await scene.calm()
    assert await _world(scene) == before


async def _world(scene: Scene) -> tuple[int, int, int]:
    """How much there is: deliveries kept, events recorded, calls made to Slack."""
    async with scene.here.app.db.platform() as session:
        kept = (await session.execute(select(func.count(Delivery.id)))).scalar_one()
    async with scene.database() as (tenant, _):
        recorded = (await tenant.execute(select(func.count(Event.id)))).scalar_one()
    return kept, recorded, len(scene.slack.calls)


async def test_people_who_may_only_post_are_heard_and_answered_in_words(scene: Scene) -> None:
    scene.faults.restrict_outsiders()
    with pytest.raises(NotPossible):
        await scene.slack.press("Open my page", by="clara", channel=CLIENT)
    await scene.slack.says("Could we start with the blog?", by="clara", channel=CLIENT)
    await scene.slack.says("@throughline status", by="clara", channel=CLIENT)
    await scene.calm()
    assert (await scene.kept())[0].text == "Could we start with the blog?"
    assert "Could we start with the blog?" in scene.whispers("clara"), "she is told what waits on whom"
