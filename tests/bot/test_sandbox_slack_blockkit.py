"""Block Kit in the sandbox: the limits of each part, and the path to what is wrong."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.sandbox.slack.blockkit import check_message, check_view
from bot.sandbox.slack.errors import SlackError
from tests.bot.sandbox_bot import Stage, actions, button, field_of, modal, options, section, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as made:
        yield made


def wrong(*blocks: Any) -> list[str]:
    """What is wrong with these blocks in a message."""
    with pytest.raises(SlackError) as caught:
        check_message(list(blocks))
    assert caught.value.error == "invalid_blocks"
    return [str(one) for one in caught.value.more["errors"]]


def wrong_view(view: Any, expected: str = "modal") -> list[str]:
    with pytest.raises(SlackError) as caught:
        check_view(view, expected)
    assert caught.value.error == "invalid_arguments"
    return [str(one) for one in caught.value.more["errors"]]


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


WHOLE = [
    {"type": "header", "text": plain("Proposal")},
    section("*Website* for Northwind", fields=None) | {"fields": [plain("One"), {"type": "mrkdwn", "text": "_Two_"}]},
    section("Where", accessory={"type": "overflow", "action_id": "more", "options": options("PDF", "History")}),
    {
        "type": "context",
        "elements": [
            plain("Valid until Friday"),
            {"type": "image", "alt_text": "x", "image_url": "https://a.example/i.png"},
        ],
    },
    actions(
        button("Review and sign", style="primary", value="9d1c"),
        button(
            "Ask",
            "ask",
            confirm={"title": plain("Sure?"), "text": plain("Really"), "confirm": plain("Yes"), "deny": plain("No")},
        ),
        {"type": "static_select", "action_id": "pick", "placeholder": plain("Pick"), "options": options("A", "B")},
        {"type": "datepicker", "action_id": "day", "initial_date": "2026-11-20"},
        {"type": "users_select", "action_id": "who"},
        {
            "type": "checkboxes",
            "action_id": "ticks",
            "options": options("Yes", "No"),
            "initial_options": options("Yes"),
        },
    ),
    {"type": "divider"},
    {"type": "image", "alt_text": "A chart", "image_url": "https://a.example/c.png", "title": plain("Chart")},
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [{"type": "text", "text": "One", "style": {"bold": True}}],
                    }
                ],
            }
        ],
    },
    {"type": "markdown", "text": "# Terms"},
    field_of("Note", {"type": "plain_text_input", "multiline": True, "max_length": 500}, dispatch_action=True),
]


def test_a_sound_message_passes() -> None:
    for block in WHOLE:
        block.pop("fields", None) if block.get("fields") is None else None
    check_message(WHOLE)


@pytest.mark.parametrize(
    ("block", "problem", "path"),
    [
        ({"type": "header", "text": plain("x" * 151)}, "must be less than 151 characters", "/text/text"),
        (
            {"type": "header", "text": {"type": "mrkdwn", "text": "*x*"}},
            "must be one of the allowed text types: plain_text",
            "/text/type",
        ),
        (section("x" * 3001), "must be less than 3001 characters", "/text/text"),
        (section(""), "must be more than 0 characters", "/text/text"),
        ({"type": "section"}, "must provide at least one of: text, fields", ""),
        ({"type": "section", "fields": [plain("x")] * 11}, "no more than 10 items allowed", "/fields"),
        ({"type": "section", "fields": [plain("x" * 2001)]}, "must be less than 2001 characters", "/fields/0/text"),
        ({"type": "context", "elements": [plain("x")] * 11}, "no more than 10 items allowed", "/elements"),
        (actions(*[button("x", f"a{n}") for n in range(26)]), "no more than 25 items allowed", "/elements"),
        (actions(), "must provide at least 1 items", "/elements"),
        (actions(button("x" * 76)), "must be less than 76 characters", "/elements/0/text/text"),
        (actions(button("x", value="v" * 2001)), "must be less than 2001 characters", "/elements/0/value"),
        (actions(button("x", url="https://" + "u" * 3000)), "must be less than 3001 characters", "/elements/0/url"),
        (actions(button("x", url="page")), "must be a valid URL", "/elements/0/url"),
        (actions(button("x", "a" * 256)), "must be less than 256 characters", "/elements/0/action_id"),
        (actions(button("x", style="big")), "must be a valid enum value: primary, danger", "/elements/0/style"),
        (actions(button("x", colour="red")), "invalid additional property: colour", "/elements/0"),
        (actions(button("A"), button("B")), "duplicate action_id: press", "/elements/1/action_id"),
        (actions({"type": "plain_text_input"}), "unsupported type: plain_text_input", "/elements/0/type"),
        (
            actions({"type": "overflow", "action_id": "o", "options": options("One")}),
            "must provide at least 2 items",
            "/elements/0/options",
        ),
        (
            actions({"type": "overflow", "action_id": "o", "options": options(*"abcdef")}),
            "no more than 5 items allowed",
            "/elements/0/options",
        ),
        (
            actions({"type": "static_select", "options": options(*map(str, range(101)))}),
            "no more than 100 items allowed",
            "/elements/0/options",
        ),
        (actions({"type": "static_select"}), "must provide exactly one of: options, option_groups", "/elements/0"),
        (
            actions({"type": "static_select", "options": options("x" * 76)}),
            "must be less than 76 characters",
            "/elements/0/options/0/text/text",
        ),
        (
            actions({"type": "static_select", "options": [{"text": plain("x"), "value": "v" * 151}]}),
            "must be less than 151 characters",
            "/elements/0/options/0/value",
        ),
        (
            actions({"type": "static_select", "options": options("A"), "initial_option": options("B")[0]}),
            "initial option must be one of the options",
            "/elements/0",
        ),
        (
            actions({"type": "datepicker", "initial_date": "20.11.2026"}),
            "must be a valid date",
            "/elements/0/initial_date",
        ),
        (
            actions(
                button(
                    "x",
                    confirm={"title": plain("t" * 101), "text": plain("x"), "confirm": plain("Y"), "deny": plain("N")},
                )
            ),
            "must be less than 101 characters",
            "/elements/0/confirm/title/text",
        ),
        (section("x", block_id="b" * 256), "must be less than 256 characters", "/block_id"),
        (section("x", accessory={"type": "file_input"}), "unsupported type: file_input", "/accessory/type"),
        ({"type": "image", "alt_text": "x"}, "must provide exactly one of: image_url, slack_file", ""),
        ({"type": "image", "image_url": "https://a.example/i.png"}, "missing required field: alt_text", ""),
        ({"type": "alert", "text": plain("x")}, "unsupported type: alert", "/type"),
        ({"type": "mystery"}, "unsupported type: mystery", "/type"),
        ({"text": plain("x")}, "missing required field: type", ""),
        ("words", "must provide an object", ""),
        (
            {"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}},
            "invalid additional property: emoji",
            "/text",
        ),
        (
            {"type": "rich_text", "elements": [{"type": "marquee", "elements": []}]},
            "unsupported type: marquee",
            "/elements/0/type",
        ),
        (field_of("x" * 2001, {"type": "plain_text_input"}), "must be less than 2001 characters", "/label/text"),
        (field_of("Files", {"type": "file_input"}), "unsupported type: file_input", "/element/type"),
    ],
)
def test_what_is_wrong_and_where(block: Any, problem: str, path: str) -> None:
    assert f"{problem} [json-pointer:/blocks/0{path}]" in wrong(block)


def test_limits_of_the_whole_message() -> None:
    assert "no more than 50 items allowed [json-pointer:/blocks]" in wrong(*[{"type": "divider"}] * 51)
    assert "duplicate block_id: a already used at /blocks/0 [json-pointer:/blocks/1/block_id]" in wrong(
        section("x", block_id="a"), section("y", block_id="a")
    )
    with pytest.raises(SlackError, match="msg_blocks_too_long"):
        check_message([section("x" * 2900) for _ in range(5)])
    check_message([section("x" * 2600) for _ in range(5)])
    with pytest.raises(SlackError, match="invalid_blocks_format"):
        check_message({"type": "divider"})


def test_limits_of_views() -> None:
    note = field_of("Note", {"type": "plain_text_input"})
    check_view(modal(note), "modal")
    assert "must be less than 25 characters [json-pointer:/view/title/text]" in wrong_view(modal(note, title="x" * 25))
    assert "must be less than 25 characters [json-pointer:/view/submit/text]" in wrong_view(
        modal(note, submit="x" * 25)
    )
    no_submit = wrong_view(modal(note, submit=None))
    assert no_submit == ["must define `submit` to use an `input` block in modals [json-pointer:/view/blocks/0]"]
    assert "must be less than 3001 characters [json-pointer:/view/private_metadata]" in wrong_view(
        modal(note, private_metadata="x" * 3001)
    )
    assert "must be less than 256 characters [json-pointer:/view/callback_id]" in wrong_view(
        modal(note, callback_id="x" * 256)
    )
    assert "no more than 100 items allowed [json-pointer:/view/blocks]" in wrong_view(
        modal(*[{"type": "divider"}] * 101)
    )
    assert "unsupported type: markdown [json-pointer:/view/blocks/0/type]" in wrong_view(
        modal({"type": "markdown", "text": "x"})
    )
    both = [field_of(one, {"type": "plain_text_input", "focus_on_load": True}) for one in ("A", "B")]
    assert "only one element may have focus_on_load" in wrong_view(modal(*both))[0]
    assert "missing required field: title [json-pointer:/view]" in wrong_view({"type": "modal", "blocks": []})
    assert "invalid additional property: title [json-pointer:/view]" in wrong_view(
        {"type": "home", "title": plain("x"), "blocks": []}, "home"
    )
    assert wrong_view({"type": "home", "blocks": []}) == ["must be a modal view [json-pointer:/view/type]"]
    check_view(modal({"type": "alert", "text": plain("Unsure? Ask first."), "level": "warning"}), "modal")
    with pytest.raises(SlackError, match="view_too_large"):
        check_view(modal(*[section("x" * 3000) for _ in range(90)]), "modal")


async def test_the_api_answers_with_the_path(stage: Stage) -> None:
    where = await stage.channel()
    body = await stage.call("chat.postMessage", channel=where, blocks=[section("x" * 3001)])
    assert body["error"] == "invalid_blocks"
    line = "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    assert body["response_metadata"]["messages"] == [line]
    assert stage.slack.messages(where, "ada")[-1].get("subtype") == "channel_join"
