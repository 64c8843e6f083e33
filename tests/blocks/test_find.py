"""A search as it looks: as strict as Slack, nobody's signs acting as markup, the found words marked, a way to the message."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.blocks import find
from bot.blocks.find import Hit, Results
from bot.sandbox.slack.blockkit import check_message, check_view

NASTY = "<!channel> & *bold* `x`"
AT = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)


def hit(number: int = 1, **more: Any) -> Hit:
    pieces = [
        ("words", f"…{NASTY} "),
        ("found", "logo"),
        ("words", " for "),
        ("person", "U0ADA"),
        ("channel", "C0GENERAL"),
    ]
    return Hit(
        **{
            "topic": NASTY,
            "engagement": NASTY,
            "who": NASTY,
            "at": AT,
            "pieces": pieces,
            "link": find.link("C1", f"1800000000.00000{number % 10}"),
            **more,
        }
    )


def words(thing: Any) -> str:
    return json.dumps(thing, ensure_ascii=False)


def test_an_answer_is_sound_and_escaped() -> None:
    card = find.told(Results("logo", [hit(n, files=[NASTY]) for n in range(find.FIRST)], 812, False, notes=[NASTY]))
    check_message(card.blocks)
    assert card.text == "The best 8 of the newest 812 messages for “logo”."
    for block in card.blocks:
        if block["type"] == "section":
            assert "<!channel>" not in block["text"]["text"] and "&lt;!channel&gt;" in words(card.blocks)
    quote = next(block for block in card.blocks if block["type"] == "rich_text")["elements"][0]
    assert quote["type"] == "rich_text_quote"
    assert quote["elements"][0] == {"type": "text", "text": f"…{NASTY} "}, (
        "rich text is not markup, so nothing is escaped"
    )
    assert quote["elements"][1] == {"type": "text", "text": "logo", "style": {"bold": True}}
    assert quote["elements"][3:] == [
        {"type": "user", "user_id": "U0ADA"},
        {"type": "channel", "channel_id": "C0GENERAL"},
    ]


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        (Results(""), "What are you looking for?"),
        (Results("  ", notes=["x"]), "What are you looking for?"),
        (Results("logo"), "Nothing found for “logo”."),
        (Results("logo", [hit()], 1), "1 message for “logo”."),
        (Results("logo", [hit(), hit()], 2), "2 messages for “logo”."),
        (Results("logo", [hit()], 41), "The best 1 of 41 messages for “logo”."),
        (Results("logo", [hit()], 41, skip=20), "21 to 21 of 41 messages for “logo”."),
        (Results("x" * 300), f"Nothing found for “{'x' * 59}…”."),
        (Results(NASTY), f"Nothing found for “{NASTY}”."),
    ],
)
def test_it_says_what_was_found(results: Results, sentence: str) -> None:
    assert find.sentence(results) == sentence
    check_message(find.told(results).blocks)
    check_view(find.sheet(results), "modal")


def test_the_window_is_sound_full_and_pages() -> None:
    full = Results("logo " * 80, [hit(n, files=["a.pdf"] * 9) for n in range(find.PAGE)], 812, False, skip=20, reach=60)
    view = find.sheet(full)
    check_view(view, "modal")
    assert len(view["blocks"]) <= 100
    row = [(one["text"]["text"], one["value"]) for one in view["blocks"][-1]["elements"]]
    assert row == [("Back", "0"), ("Next 20", "40")]
    last = find.sheet(Results("logo", [hit()] * 20, 812, False, skip=40, reach=60))
    assert words(last["blocks"][-1]).count("find.next") == 0
    assert "in:northwind" in words(find.sheet(Results("nothing")))


def test_the_search_in_home_is_pressed_by_enter_and_by_a_button() -> None:
    blocks = find.in_home()
    check_view({"type": "home", "blocks": blocks}, "home")
    assert blocks[0]["dispatch_action"] is True
    assert blocks[1]["elements"][0]["action_id"] == "find.home"


def test_links_lead_to_the_message_and_its_thread() -> None:
    assert find.link("C1", "1800000000.000100") == "https://slack.com/archives/C1/p1800000000000100"
    assert find.link("C1", "1800000000.000100", "1800000000.000100") == find.link("C1", "1800000000.000100")
    threaded = find.link("C1", "1800000009.000100", "1800000000.000100")
    assert threaded == "https://slack.com/archives/C1/p1800000009000100?thread_ts=1800000000.000100&cid=C1"
    assert find.link("", "1.2") == find.link("C1", "") == ""


def test_what_is_internal_edited_or_deleted_says_so() -> None:
    shown = words(find.told(Results("logo", [hit(staff_only=True, edited=True), hit(deleted=True)], 2)).blocks)
    assert "🔒 internal" in shown and "edited" in shown and "deleted since" in shown
    assert shown.count("archives") == 1, "what is deleted stands nowhere any more"
    empty = find.told(Results("has:file", [hit(pieces=[], topic="", link="", who="", files=[""])], 1))
    check_message(empty.blocks)
    assert "(no words)" in words(empty.blocks) and "Somebody" in words(empty.blocks) and "a file" in words(empty.blocks)
