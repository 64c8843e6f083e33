"""Modals in the sandbox: filled, submitted, refused, stacked, updated and closed."""

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


FORM = modal(
    field_of("Title", {"type": "plain_text_input", "action_id": "title", "max_length": 10}, block_id="b1"),
    field_of(
        "Kind", {"type": "static_select", "action_id": "kind", "options": options("Fixed", "Hourly")}, block_id="b2"
    ),
    field_of("Day", {"type": "datepicker", "action_id": "day"}, block_id="b3", optional=True),
    field_of("Ticks", {"type": "checkboxes", "action_id": "ticks", "options": options("A", "B")}, block_id="b4"),
    field_of("Who", {"type": "multi_users_select", "action_id": "who"}, block_id="b5", optional=True),
    field_of(
        "Price",
        {"type": "number_input", "action_id": "price", "is_decimal_allowed": True, "min_value": "1"},
        block_id="b6",
    ),
    field_of("Mail", {"type": "email_text_input", "action_id": "mail"}, block_id="b7", optional=True),
    callback_id="proposal.new",
    private_metadata="7f",
    notify_on_close=True,
)
FILLED: dict[str, Any] = {
    "Title": "SEO",
    "Kind": "Fixed",
    "Ticks": True,
    "Price": "900",
    "Who": ["ada", "ben"],
    "Day": "2026-12-01",
}


async def test_a_form_is_filled_and_submitted(stage: Stage) -> None:
    opener(stage, FORM)
    ack = await stage.slack.command("/proposal new", "ada", "#general")
    assert ack.modal is not None and ack.modal["callback_id"] == "proposal.new"
    outcome = await stage.slack.submit({"Title": "Far too long a title"}, by="ada")
    assert outcome.errors["b1"].startswith("Please enter no more than 10")
    assert outcome.errors["b2"] == "Please complete this required field." and "b3" not in outcome.errors
    outcome = await stage.slack.submit({**FILLED, "Price": "0.5", "Mail": "no"}, by="ada")
    assert set(outcome.errors) == {"b6", "b7"} and stage.bot.interactions("view_submission") == []
    outcome = await stage.slack.submit({"Price": "900", "Mail": ""}, by="ada")
    assert outcome.ok and stage.slack.view("ada") is None
    got = stage.bot.interactions("view_submission")[0]
    values = got["view"]["state"]["values"]
    assert values["b1"]["title"]["value"] == "SEO" and values["b2"]["kind"]["selected_option"]["value"] == "fixed"
    assert [one["value"] for one in values["b4"]["ticks"]["selected_options"]] == ["a", "b"]
    assert values["b5"]["who"]["selected_users"] == [stage.id("ada"), stage.id("ben")]
    assert values["b3"]["day"]["selected_date"] == "2026-12-01" and got["view"]["private_metadata"] == "7f"
    with pytest.raises(NotSeen, match="no modal open"):
        await stage.slack.submit({}, by="ada")


async def test_answers_to_a_submission(stage: Stage) -> None:
    opener(stage, FORM)
    await stage.slack.command("/tl", "ada", "#general")
    with pytest.raises(NotSeen, match="There is: Title, Kind"):
        await stage.slack.submit({"Nonsense": 1}, by="ada")
    stage.bot.answer = lambda received: {"response_action": "errors", "errors": {"b1": "Taken"}}
    assert (await stage.slack.submit(FILLED, by="ada")).errors == {"b1": "Taken"}
    stage.bot.answer = lambda received: {"response_action": "errors", "errors": {"nowhere": "Taken"}}
    assert (await stage.slack.submit({}, by="ada")).error == "invalid_response"
    stage.bot.answer = lambda received: web.Response(status=500)
    assert (await stage.slack.submit({}, by="ada")).error == "dispatch_failed"
    stage.bot.answer = lambda received: {"response_action": "update", "view": modal(section("Thanks"), submit=None)}
    outcome = await stage.slack.submit({}, by="ada")
    assert outcome.modal is not None and outcome.modal["blocks"][0]["text"]["text"] == "Thanks"
    with pytest.raises(NotPossible, match="no submit"):
        await stage.slack.submit({}, by="ada")
    await stage.slack.close("ada")
    assert stage.slack.view("ada") is None


async def test_the_stack_of_modals(stage: Stage) -> None:
    second = modal(section("Two"), title="Second")
    opener(stage, modal(section("One"), actions(button("Deeper")), title="First"))
    await stage.slack.command("/tl", "ada", "#general")
    opener(stage, second, "views.push")
    await stage.slack.press("Deeper", by="ada")
    stage.bot.answer = lambda received: {"response_action": "push", "view": modal(section("Three"), title="Third")}
    await stage.slack.submit({}, by="ada")
    assert [one["title"]["text"] for one in stage.slack.snapshot("ada")["modals"]] == ["First", "Second", "Third"]
    assert (await stage.slack.submit({}, by="ada")).errors == {"": "push_limit_reached"}
    stage.bot.answer = lambda received: None
    outcome = await stage.slack.submit({}, by="ada")
    assert outcome.modal is not None and outcome.modal["title"]["text"] == "Second"
    stage.bot.answer = lambda received: {"response_action": "clear"}
    assert (await stage.slack.submit({}, by="ada")).modal is None


async def test_updates_keep_what_was_typed_and_respect_the_hash(stage: Stage) -> None:
    asked = field_of("Note", {"type": "plain_text_input", "action_id": "note", "initial_value": "First"}, block_id="n")
    opener(stage, modal(asked, external_id="note-1"))
    await stage.slack.command("/tl", "ada", "#general")
    view = stage.slack.view("ada")
    assert view is not None
    container = {"type": "view", "view_id": view["id"]}
    stage.bot.answer = lambda received: None
    await stage.slack.act("ada", container, "n", "note", "Typed")
    await stage.ok("views.update", view_id=view["id"], hash=view["hash"], view=modal(asked, section("More")))
    assert await stage.error("views.update", view_id=view["id"], hash=view["hash"], view=FORM) == "hash_conflict"
    assert await stage.error("views.update", external_id="note-1", view=FORM) == "not_found"
    shown = stage.slack.view("ada")
    assert shown is not None and shown["state"]["values"]["n"]["note"]["value"] == "Typed"
    await stage.slack.close("ada")
    assert await stage.error("views.update", view_id=view["id"], view=FORM) == "not_found"


async def test_closing_is_told_where_asked(stage: Stage) -> None:
    opener(stage, FORM)
    await stage.slack.command("/tl", "ada", "#general")
    await stage.slack.close("ada")
    assert stage.bot.interactions("view_closed")[0]["is_cleared"] is False


async def test_external_menus(stage: Stage) -> None:
    menu = {"type": "external_select", "action_id": "find", "min_query_length": 0}
    opener(stage, modal(field_of("Company", menu, block_id="c")))
    await stage.slack.command("/tl", "ada", "#general")
    stage.bot.answer = lambda received: {"options": options("Northwind", "Globex")}
    outcome = await stage.slack.submit({"Company": "Globex"}, by="ada")
    assert outcome.error == "invalid_response"  # the tiny bot answers the submission with options, too
    asked = stage.bot.interactions("block_suggestion")[0]
    assert (asked["value"], asked["action_id"], asked["block_id"]) == ("Globex", "find", "c")
    sent = stage.bot.interactions("view_submission")[0]["view"]["state"]["values"]["c"]["find"]
    assert sent["selected_option"]["value"] == "globex"
    view = stage.slack.view("ada")
    assert view is not None
    stage.bot.answer = lambda received: {"options": [{"text": "bare"}]}
    with pytest.raises(NotPossible, match="could not be loaded"):
        await stage.slack.options("ada", {"type": "view", "view_id": view["id"]}, "c", "find", "x")
