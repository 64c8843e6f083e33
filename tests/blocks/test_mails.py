"""Letters and the cards of mail: what a client reads by mail, and what the others see of a mail."""

import dataclasses

import pytest

from bot.blocks import kit, mails
from bot.blocks.engagements import twin
from bot.blocks.kit import Card
from bot.sandbox.slack.blockkit import check_message
from tests.blocks.test_engagements import QUIET

PAGE = "https://example.com/portal"
CARD = Card("Ada: Blue?", [kit.section("Blue?"), kit.context("Reply in this thread.")])


def test_a_letter_asks_for_an_answer_only_where_one_arrives() -> None:
    silent = mails.twin(CARD, "Studio Ada", "Clara", PAGE)
    asking = mails.twin(CARD, "Studio Ada", "Clara", PAGE, replies=True)
    for shown in (silent.text, silent.html):
        assert "reply" not in shown.lower()
    for shown in (asking.text, asking.html):
        assert "Reply to this mail, and Studio Ada has your words." in shown


@pytest.mark.parametrize(("given", "wanted"), [("", "Ada: Blue?"), ("The logo", "Re: The logo"), ("RE: x", "RE: x")])
def test_a_letter_that_answers_bears_the_subject(given: str, wanted: str) -> None:
    assert mails.twin(CARD, "Studio Ada", "Clara", PAGE, subject=given).subject == wanted


def test_what_staff_say_is_carried_in_plain_words() -> None:
    said = [("Ada", "*Dark* it is, <https://x.example|see>", ()), ("Ben", "", ("a.pdf", "b.png"))]
    letter = mails.words("Studio Ada", "Clara", "The logo", said, PAGE, replies=True)
    assert "Ada: Dark it is, see (https://x.example)" in letter.text and "Ben shared a.pdf, b.png." in letter.text
    assert letter.subject == "Re: The logo" and "Reply to this mail" in letter.text


@pytest.mark.parametrize("text", ["Yes", "x" * 40_000, "<!channel> & <b>", " \n" * 3, "a\n" * 9_000])
def test_a_mail_is_shown_whatever_it_says(text: str) -> None:
    card = mails.mirror("Clara", text, ("plan.pdf",))
    check_message(card.blocks)
    assert "Clara" in card.text and "<!channel>" not in card.text


@pytest.mark.parametrize("reason", [*mails.REASONS, "else"])
def test_staff_read_what_did_not_join_and_why(reason: str) -> None:
    card = mails.refused("Clara Chen", "m<allory@x.example", "Buy", "Now " * 2_000, reason)
    check_message(card.blocks)
    assert "did not join" in str(card.blocks) and "m&lt;allory" in card.text
    back = mails.bounced("Clara Chen", "clara@northwind.example")
    check_message(back.blocks)


def test_the_twin_says_whose_mail_comes_back() -> None:
    assert "Mail to Clara Chen comes back." in str(
        twin.twin(dataclasses.replace(QUIET, unreached=("Clara Chen",))).blocks
    )
