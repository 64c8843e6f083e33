"""Projects on cards: what staff may press, what a client reads, and that Slack takes every block."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.blocks import mails, projects
from bot.blocks.kit import Block, Card
from bot.sandbox.slack.blockkit import check_message, check_view
from core.projects import PHASES, Held, Summary, Telling

NOW = datetime(2026, 11, 14, 12, tzinfo=UTC)
WEBSITE = Summary(
    id="11111111-1111-4111-8111-111111111111",
    title="Website <new> & *bold*",
    status="active",
    phase="build",
    since=NOW,
    engagement_id="22222222-2222-4222-8222-222222222222",
    client="Northwind",
    owner="Ben",
    owner_slack_id="U0BEN",
    due_on=date(2026, 12, 12),
)
MOVED = Telling(
    project_id=WEBSITE.id,
    engagement_id=WEBSITE.engagement_id,
    agency="Studio Ada",
    title="Website",
    before="setup",
    after="build",
    sentence="Everything is *set up*. <!channel>",
    next_what="First drafts",
    next_on=date(2026, 11, 28),
    needed="the logo files",
)


def labels(blocks: list[Block]) -> list[str]:
    """The buttons and ⋯ entries, in order."""
    found: list[str] = []
    for element in (each for block in blocks if block["type"] == "actions" for each in block["elements"]):
        options = element.get("options") or [element]
        found += [option["text"]["text"] for option in options]
    return found


def words(card: Card) -> str:
    return "\n".join(mails.texts(card))


def all_text(blocks: list[Block]) -> list[dict[str, Any]]:
    return [block["text"] for block in blocks if block["type"] == "section"]


@pytest.mark.parametrize(
    ("change", "pressed"),
    [
        ({"phase": "kickoff"}, ["Advance", "Assign", "Set a date", "Pause"]),
        ({}, ["Advance", "Back", "Assign", "Set a date", "Pause"]),
        ({"phase": "handoff"}, ["Complete", "Back", "Assign", "Set a date", "Pause"]),
        ({"status": "paused"}, ["Resume", "Assign"]),
        ({"status": "completed"}, ["Reopen"]),
        ({"status": "cancelled"}, []),
        ({"held": Held("33333333-3333-4333-8333-333333333333", "testing", NOW)}, ["Undo"]),
    ],
)
def test_the_twin_offers_what_can_be_done_now(change: dict[str, Any], pressed: list[str]) -> None:
    card = projects.twin(replace(WEBSITE, **change))
    check_message(card.blocks)
    assert labels(card.blocks) == pressed


def test_the_twin_says_where_it_stands_and_whose_it_is() -> None:
    card = projects.twin(WEBSITE)
    assert "Build, step 3 of 6 ●●●○○○" in words(card)
    assert "<@U0BEN>" in str(card.blocks) and "due Sat 12 Dec" in words(card)
    assert "Website &lt;new&gt; &amp; *bold*" in card.text
    assert "No owner yet" in words(projects.twin(replace(WEBSITE, owner="", owner_slack_id="")))
    assert "was due Sat 12 Dec" in words(projects.twin(replace(WEBSITE, late=True)))
    assert "step" not in words(projects.twin(replace(WEBSITE, status="completed")))
    held = projects.twin(replace(WEBSITE, held=Held("33333333-3333-4333-8333-333333333333", "testing", NOW)))
    assert "Moves to Testing at 14 Nov 2026" in words(held) and "the client hears nothing" in words(held)
    over = projects.twin(replace(WEBSITE, held=Held("33333333-3333-4333-8333-333333333333", "completed", NOW)))
    assert "Is complete at" in words(over)


def test_the_client_reads_what_moved_what_comes_and_what_is_needed() -> None:
    card = projects.moved_card(MOVED)
    check_message(card.blocks)
    assert card.text == "Website moved from Setup to Build. Needed from you: the logo files"
    assert "Next: First drafts, by Sat 28 Nov" in words(card) and "Needed from you: the logo files" in words(card)
    assert labels(card.blocks) == ["Ask about this", "Open my page", "All phases", "For Studio Ada"]
    assert all(len(label) <= 20 for label in labels(card.blocks))
    said = next(text for text in all_text(card.blocks) if "set up" in text["text"])
    assert said["type"] == "plain_text", "no markup of a person's acts"


@pytest.mark.parametrize(
    ("change", "headline", "needs"),
    [
        ({"needed": ""}, "Website moved from Setup to Build.", "Needed from you: nothing"),
        ({"before": "handoff", "after": "completed", "needed": ""}, "Website is complete.", ""),
        ({"before": "build", "after": "setup", "needed": ""}, "Website went back from Build to Setup.", ""),
        ({"before": "completed", "after": "testing", "needed": ""}, "Website was taken up again, in Testing.", ""),
    ],
)
def test_each_move_has_its_sentence(change: dict[str, str], headline: str, needs: str) -> None:
    card = projects.moved_card(replace(MOVED, next_what="", next_on=None, **change))  # type: ignore[arg-type]
    check_message(card.blocks)
    assert card.text == headline
    assert ("Needed from you" in words(card)) is bool(needs) and needs in words(card)


def test_the_forms_are_taken_by_slack() -> None:
    for phase in PHASES:
        work = replace(WEBSITE, phase=phase, title="W" * 200)
        told = replace(MOVED, before=phase, after=work.next_phase, sentence=projects.SENTENCES[work.next_phase])
        check_view(projects.advance_form(work, "<#C0CLIENT>", told), "modal")
    empty = replace(MOVED, sentence="", next_what="", next_on=None, needed="")
    check_view(projects.advance_form(WEBSITE, "<#C0CLIENT>", empty), "modal")
    check_view(projects.back_form(WEBSITE, ("kickoff", "setup"), "A new brief", "<#C0CLIENT>"), "modal")
    check_view(projects.assign_form(WEBSITE, [("44444444-4444-4444-8444-444444444444", "Ben Okafor")]), "modal")
    check_view(projects.date_form(WEBSITE), "modal")
    check_view(projects.ask_form("project.ask", WEBSITE.id, "Website", "Studio Ada"), "modal")


def test_the_form_of_an_advance_shows_the_very_card() -> None:
    view = projects.advance_form(WEBSITE, "<#C0CLIENT>", replace(MOVED, before="build", after="testing"))
    shown = [block for block in view["blocks"] if block["type"] == "section"]
    assert shown[1:] == projects.preview(replace(MOVED, before="build", after="testing"))
    assert view["submit"]["text"] == "Advance"


def test_the_list_names_clients_only_where_there_are_several() -> None:
    several = [WEBSITE, replace(WEBSITE, title="Audit"), replace(WEBSITE, title="Shop", client="Globex")]
    card = projects.listing(several, "All projects", everywhere=True)
    check_message(card.blocks)
    assert words(card).splitlines()[1] == "Northwind" and words(card).count("Northwind") == 1
    assert "Globex" not in words(projects.listing(several, "Projects of Northwind", everywhere=False))
    many = projects.listing([WEBSITE] * 80, "All projects", everywhere=False)
    check_message(many.blocks)
    assert "and 32 more" in words(many)
    assert "/proposal new" in words(projects.listing([], "All projects", everywhere=False))


def test_the_page_tells_how_it_came_there() -> None:
    card = projects.page(WEBSITE, [replace(MOVED, at=NOW)] * 12)
    check_message(card.blocks)
    assert words(card).count("moved from Setup to Build") == 10
    check_view(projects.phases(WEBSITE, [replace(MOVED, at=NOW)]), "modal")
    assert "Advance" not in str(projects.phases(WEBSITE, []))
