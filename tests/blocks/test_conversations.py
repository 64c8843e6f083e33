"""The cards and windows of conversations: sound for Slack, short, and nobody's markup acts."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.blocks import conversations as blocks
from bot.blocks import kit
from bot.sandbox.slack.blockkit import check_message, check_view
from bot.worker import announce
from tests.blocks.test_home import NASTY

AT = datetime(2026, 11, 23, 10, 2, tzinfo=UTC)
SEEN = blocks.Control(
    id="1", agency="Studio Ada", company="Northwind", topic="The logo", status="waiting_us", since=AT, due=AT, first=True,
    owner="", channel_id="C1", link="", client="Clara", words="Could we see it\n\nin blue?\nAnd in green?",
)  # fmt: skip


def words(thing: Any, kind: str = "") -> str:
    """All texts, or only those of one kind, a line each."""
    if isinstance(thing, list):
        return "\n".join(filter(None, (words(each, kind) for each in thing)))
    if not isinstance(thing, dict):
        return ""
    if isinstance(thing.get("text"), str):
        return str(thing["text"]) if kind in ("", thing.get("type")) else ""
    return words(list(thing.values()), kind)


def labels(card: kit.Card) -> list[str]:
    row = next(block for block in card.blocks if block["type"] == "actions")
    return [one["text"]["text"] for one in row["elements"] if one["type"] == "button"]


def menu(card: kit.Card) -> list[str]:
    row = next(block for block in card.blocks if block["type"] == "actions")
    return [entry["text"]["text"] for one in row["elements"] if one["type"] == "overflow" for entry in one["options"]]


def test_the_control_card_says_whose_turn_it_is_and_what_to_do() -> None:
    card = blocks.control(SEEN)
    check_message(card.blocks)
    assert card.text == "Northwind: “The logo” waits on us"
    shown = words(card.blocks)
    assert "🔒 Only Studio Ada sees this" in shown and "*Waiting on us* since" in shown and "first answer by" in shown
    assert "Clara: “Could we see it\nin blue?…”" in shown, "two lines, no more"
    assert labels(card) == ["I'll take this", "Reply to client"] and "Nobody has taken it yet" in shown
    assert menu(card) == ["Resolve", "Rename", "File elsewhere", "Give to somebody", "Make it…"]


@pytest.mark.parametrize("status", ["open", "waiting_us", "waiting_client", "resolved"])
@pytest.mark.parametrize("owner", ["", "Ben"])
@pytest.mark.parametrize("link", ["", "https://slack.example/1|x>"])
def test_the_control_card_in_every_state(status: str, owner: str, link: str) -> None:
    card = blocks.control(
        replace(SEEN, status=status, owner=owner, link=link, due=None, since=None, topic=NASTY, words=NASTY * 400)
    )
    check_message(card.blocks)
    assert "<!channel>" not in words(card.blocks, "mrkdwn") + card.text
    assert ("I'll take this" in labels(card)) == (not owner and status != "resolved")
    assert ("Reopen" in labels(card)) == (status == "resolved") != ("Resolve" in menu(card))
    assert len(menu(card)) <= 5


def test_the_control_card_of_what_was_merged_has_no_buttons() -> None:
    card = blocks.control(replace(SEEN, part_of="The date"))
    check_message(card.blocks)
    assert card.text == "“The logo” is part of “The date” now."
    assert not [block for block in card.blocks if block["type"] == "actions"]


def test_a_reply_reads_as_its_speakers() -> None:
    card = blocks.reply("Ada", "On <Friday> & *not* before")
    check_message(card.blocks)
    assert card.text == "Ada: On &lt;Friday&gt; &amp; *not* before"
    long = blocks.reply("Ada", "<&>" * 960)
    check_message(long.blocks)
    assert words(long.blocks).count("<&>") == 960


@pytest.mark.parametrize(("readers", "outsiders", "says"), [
    (14, 3, "Posts as *Ada* in <#C1>, 14 readers, 3 from other companies."),
    (1, 0, "Posts as *Ada* in <#C1>, 1 reader."),
    (None, 0, "Goes as Ada to Clara, by mail."),
])  # fmt: skip
def test_the_reply_form_names_speaker_place_and_readers(readers: int | None, outsiders: int, says: str) -> None:
    view = blocks.reply_form("1", blocks.Replying("The logo", "Ada", "C1", readers, outsiders, "Clara", NASTY), 2900)
    check_view(view, "modal")
    assert says in words(view)
    check_view(blocks.reply_form("1", blocks.Replying(NASTY, "A" * 60, "C1", 1, 0, "Clara", ""), 2900), "modal")


def test_the_small_lines_and_windows_are_sound() -> None:
    for card in (
        blocks.taken("The logo", "Ben"),
        blocks.taken(NASTY, "Ben", "U1"),
        blocks.due("The logo", "U1", AT, True),
        blocks.due(NASTY, "", AT, False),
        blocks.note(NASTY, "Ada", NASTY),
        blocks.opening(NASTY, "Clara", NASTY, True),
    ):
        check_message(card.blocks)
    assert words(blocks.taken("The logo", "Ben", "U1").blocks) == "<@U1>, this is yours."
    found = [blocks.Choice(NASTY * 50, blocks.said_at(NASTY, AT), "1 2") for _ in range(90)]
    for view in (
        blocks.choices("File elsewhere", "All of it.", found, "File here", "conversation.merge", none="Nothing."),
        blocks.choices("File elsewhere", "All of it.", [], "File here", "conversation.merge", none="Nothing."),
        blocks.assign_form("1", NASTY, [("1", "Ada"), ("2", "Ben")], "2"),
        blocks.sheet(blocks.Row("1", NASTY, "waiting_us", AT, "", 3), [blocks.Words("Ada", NASTY, AT, True)], "2"),
    ):
        check_view(view, "modal")


def test_nothing_of_the_staff_side_is_announced_in_the_client_channel() -> None:
    for shows in announce.ANNOUNCED.values():
        for show in shows:
            if show.card in ("conversation.control", "conversation.note", "conversation.taken", "conversation.due"):
                assert (show.where, show.mail) == ("staff", "")
