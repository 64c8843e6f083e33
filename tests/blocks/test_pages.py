"""The client's page as Slack and mail speak of it: as strict as Slack, escaped, and fit for a locked phone."""

from bot.blocks import mails, pages
from bot.sandbox.slack.blockkit import check_view

NASTY = "<!channel> & *bold*"


def test_the_modal_with_a_link_fits_slack() -> None:
    view = pages.modal(pages.Way("Clara", NASTY, "https://studio.example/portal/enter/abc", 15))
    check_view(view, "modal")
    told = str(view)
    assert "https://studio.example/portal/enter/abc" in told and "15 minutes" in told
    assert "<!channel>" not in told and "&lt;!channel&gt;" in told


def test_the_preview_for_staff_fits_slack_and_carries_no_link() -> None:
    view = pages.preview(NASTY, "Clara")
    check_view(view, "modal")
    assert "<!channel>" not in str(view) and "/portal" not in str(view)


def test_a_code_stands_in_the_subject_and_is_the_only_number_of_six_digits() -> None:
    letter = pages.code("Studio <Ada>", "Clara", "012345", 10)
    assert isinstance(letter, mails.Letter)
    assert letter.subject == "012345 is your code for Studio <Ada>"
    assert "012345" in letter.text and "012345" in letter.html
    assert "<Ada>" not in letter.html and "within 10 minutes" in letter.text
