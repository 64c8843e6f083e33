"""The card of a search for what is missing, in each of its states."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.blocks import backfill
from bot.blocks.engagements import several
from bot.sandbox.slack.blockkit import check_message, check_view
from core.backfill import Told

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def told(reason: str, *, done: bool, found: int = 0, trouble: str = "") -> Told:
    since = None if reason == "link" else NOW - timedelta(hours=2)
    return Told(reason, done, "C1", since, NOW, 4_200, found, NOW - timedelta(days=300), 40, 12, trouble)


def words(thing: Told) -> str:
    card = backfill.card(thing)
    check_message(card.blocks)
    return str([card.text, card.blocks])


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (told("link", done=False), ("4,200 messages so far", "12 of 40 threads", "It goes on by itself")),
        (told("link", done=True), ("is in the record: 4,200 messages", "such changes may be missing")),
        (told("outage", done=False, found=2), ("was not reachable", "2 messages so far")),
        (told("outage", done=True, found=2), ("2 messages were missing", "edits and deletions may be missing")),
        (told("outage", done=True), ("Nothing that was said is missing", "edits and deletions may be missing")),
        (told("asked", done=True, found=1), ("1 message was missing and is in the record", "may be missing")),
        (told("schedule", done=True, trouble="missing_scope"), ("did not let me read all", "missing_scope")),
    ],
)
def test_the_card_says_how_far_it_is_and_what_may_be_missing(thing: Told, said: tuple[str, ...]) -> None:
    assert [one for one in said if one not in words(thing)] == []


def test_where_nothing_was_missing_no_gap_is_claimed() -> None:
    assert "may be missing" not in words(told("asked", done=True))


def test_the_forms_for_several_channels_are_within_slacks_limits() -> None:
    channels = [(f"C{number}", f"client-{number}" * 8) for number in range(120)]
    check_view(several.choose(channels, private="x", presser="U0ADA"), "modal")
    check_view(several.who(channels[: several.AT_ONCE], private="x" * 300), "modal")
    check_view(several.linked([name for _, name in channels[:10]]), "modal")
    check_message(several.found([channel for channel, _ in channels]).blocks)
    assert "120 shared channels" in several.found([channel for channel, _ in channels]).text
    assert "/invite" in several.found([]).text
