"""Engagement cards: what each place reads, with which buttons, within Slack's limits."""

import dataclasses
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.blocks import people as people_blocks
from bot.blocks.engagements import cards, forms, history, twin, words
from bot.blocks.kit import Card
from bot.sandbox.slack.blockkit import check_message, check_view
from core.engagements import Audience, Newcomer
from core.engagements.lists import Brief
from core.engagements.status import Due, Status, Wait, Work
from core.events import Kind
from core.money import Money

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SIGN = Wait("Clara", "sign “Website”", NOW - timedelta(days=3), "proposal", uuid.uuid4())
PAY = Wait("Dana", "pay “Deposit”", NOW - timedelta(days=1), "invoice", uuid.uuid4())
ANSWER = Wait("Ada", "answer “Logo?”", NOW, "conversation", uuid.uuid4())
DRAFT = Wait("Ada", "send “Phase 2”", NOW, "proposal", uuid.uuid4(), True)

QUIET = Status(
    id=uuid.uuid4(),
    title="Northwind",
    company="Northwind",
    agency="Studio Ada",
    locale="en_US",
    status="active",
    stage="confirmed",
    paused_until=None,
    contact="Clara",
    contact_email="clara@northwind.example",
    owner="Ada",
    on_client=(),
    on_us=(),
    projects=(),
    next_date=None,
    next_payment=None,
    show_amounts=False,
    connection="connected",
    invited_at=NOW - timedelta(days=3),
    invite_email="clara@northwind.example",
    invite_unknown=False,
    trouble="",
    channel_id="C1",
    channel_gone="",
    staff_channel_id="C2",
    exposed=False,
    adopted=False,
    prepared=True,
    bot_missing=False,
    audience=Audience(14, 3),
    now=NOW,
)
BUSY = dataclasses.replace(
    QUIET,
    on_client=(SIGN, PAY, PAY),
    on_us=(ANSWER, DRAFT),
    projects=tuple(Work(f"Site {i}", "Build", 3, 6, "active", date(2026, 12, 12), False) for i in range(7)),
    next_date=("Site 0", date(2026, 12, 12)),
    next_payment=Due("Deposit", date(2026, 11, 28), Money(420000, "USD"), 0),
)
HOSTILE = dataclasses.replace(BUSY, company="<!channel> & *Co*", title="<!here>", contact="<@U1>", agency="A&<B>")


def labels(card: Card) -> list[str]:
    """The labels of buttons, those behind ⋯ in brackets."""
    found = []
    for block in card.blocks:
        for element in block.get("elements", []) if block["type"] == "actions" else []:
            if element["type"] == "overflow":
                found.append([entry["text"]["text"] for entry in element["options"]])
            else:
                found.append(element["text"]["text"])
    return found


def test_the_status_card_says_what_waits_on_whom_and_offers_one_thing_to_do() -> None:
    card = cards.status(BUSY)
    shown = str(card.blocks)
    assert "• Clara to sign “Website” · 3 days" in shown
    assert "and 1 more" in shown
    assert "*Site 0* · Build, step 3 of 6 ●●●○○○ · 12 Dec" in shown
    assert "and 2 more" in shown
    assert "*Next payment* Deposit · due Sat 28 Nov" in shown
    assert labels(card) == [
        "Review and sign",
        "Open my page",
        ["Ask for a quote", "History", "People", "For Studio Ada"],
    ]
    assert card.text == "Northwind × Studio Ada: Clara to sign “Website”, and 2 more."


def test_the_client_reads_neither_drafts_nor_amounts_nor_stages() -> None:
    shown = str(cards.status(BUSY))
    for hidden in ("Phase 2", "4,200", "confirmed", "Under way"):
        assert hidden not in shown
    assert "$4,200" in str(cards.status(dataclasses.replace(BUSY, show_amounts=True)))
    twin_shown = str(twin.twin(BUSY))
    for seen in ("Phase 2", "$4,200", "Under way (confirmed)", "14 people read this channel, 3 from other companies."):
        assert seen in twin_shown


def test_when_nothing_waits_it_says_so() -> None:
    card = cards.status(QUIET)
    assert "Nothing waits on you." in str(card.blocks)
    assert labels(card)[0] == "Open my page"
    assert cards.waiting(QUIET) is None


def test_what_waits_is_listed_once_for_who_comes_in() -> None:
    card = cards.waiting(BUSY)
    assert card is not None
    assert "3 things wait on you" in str(card.blocks)
    assert labels(card) == ["Review and sign", "Open my page"]


def test_a_late_and_a_resting_project_say_so_in_words() -> None:
    assert words.work(Work("A", "Setup", 2, 6, "active", date(2026, 11, 1), True)).endswith("was due 1 Nov")
    assert words.work(Work("A", "Setup", 2, 6, "paused", date(2026, 12, 1), False)).endswith("paused")


@pytest.mark.parametrize(
    ("change", "sentence", "offered"),
    [
        ({"connection": "invited"}, "Invited 3 days ago; waiting for Clara to accept.", "Resend"),
        ({"connection": "accepted"}, "Invited 3 days ago; waiting for Northwind's Slack admin.", "Resend"),
        ({"connection": "invited", "invited_at": NOW - timedelta(days=20)}, "the invitation has run out", "Resend"),
        ({"connection": "declined"}, "Northwind declined the invitation.", "Send it again"),
        ({"connection": "disconnected"}, "no longer connected", "Send it again"),
        ({"connection": "mail"}, "gets everything by e-mail; the invitation of 3 days ago stands", "Resend"),
        ({"connection": "none", "invited_at": None}, "Northwind is not invited yet.", "Invite"),
        ({"connection": "none", "trouble": "invite:not_paid"}, "needs a paid Slack plan", "Send it again"),
        ({"connection": "none", "trouble": "client:restricted_action"}, "private channels", "Try again"),
        ({"connection": "none", "trouble": "invite:odd_reason"}, "odd_reason", "Send it again"),
    ],
)
def test_staff_see_how_far_the_client_is_and_what_to_do(change: dict[str, Any], sentence: str, offered: str) -> None:
    card = twin.twin(dataclasses.replace(QUIET, **change))
    assert sentence in str(card.blocks).replace("\\'", "'")
    assert offered in labels(card)
    if change["connection"] != "mail":
        assert "Use e-mail meanwhile" in labels(card)


def test_every_card_stands_within_slacks_limits() -> None:
    long = dataclasses.replace(
        HOSTILE,
        on_client=tuple(dataclasses.replace(SIGN, what="x" * 300) for _ in range(40)),
        on_us=tuple(dataclasses.replace(ANSWER, what="y" * 300) for _ in range(40)),
        connection="invited",
        contact="<!everyone>",
        trouble="invite:unknown",
        channel_gone="archived",
    )
    for thing in (QUIET, BUSY, HOSTILE, long):
        shown = [
            cards.status(thing),
            twin.twin(thing),
            cards.waiting(thing),
            twin.declined(thing),
            twin.disconnected(thing),
            twin.stuck(thing),
            twin.exposed(thing, channel="C2"),
            twin.lost(thing, place="client", how="archived"),
            cards.welcome(engagement_id=thing.id, contact=thing.contact, agency=thing.agency, period="a while"),
        ]
        for card in filter(None, shown):
            check_message(card.blocks)
            assert "<!" not in card.text
            assert "<!" not in str([block for block in card.blocks if block["type"] != "header"])
    for card in (cards.status(long), cards.waiting(long)):
        assert card is not None
        assert all(len(label) <= 20 for label in labels(card) if isinstance(label, str))


def test_every_window_stands_within_slacks_limits() -> None:
    many = [(str(uuid.uuid4()), f"Person {i}") for i in range(120)]
    one = str(uuid.uuid4())
    for thing in (QUIET, BUSY, HOSTILE):
        for view in (
            forms.new(private=one, presser="U1", company="Northwind"),
            forms.link(private=one, presser="U1"),
            forms.begun("Northwind", thing.company, "c@n.example", "northwind"),
            forms.linked("Northwind", thing.company),
            forms.invite(thing, private=one),
            forms.money(thing, private=one),
            forms.pause(thing, private=one, until=date(2026, 12, 1)),
            forms.close(thing, private=one),
            forms.staff(thing),
            forms.people(
                private=one,
                staff=many,
                clients=many,
                owner=many[0][0],
                contact=one,
                approver="",
                billing="",
                inside=["Ada"],
            ),
            forms.inside(agency=thing.agency, company=thing.company, ours=["Ada"], theirs=[("Clara", "main contact")]),
            twin.tell_it(thing),
            cards.kept(agency=thing.agency, period="a while"),
        ):
            check_view(view, "modal")


def test_a_preview_names_its_audience() -> None:
    assert "14 people read this channel, 3 from other companies." in str(forms.money(BUSY, private="x"))
    assert words.readers(1, 0) == "1 person reads this channel, none from other companies."


def test_closing_lists_what_is_still_open() -> None:
    shown = str(forms.close(BUSY, private="x"))
    assert "Clara is to sign “Website”" in shown
    assert "“Site 0” is in Build" in shown
    assert "Nothing is open." in str(forms.close(QUIET, private="x"))


def test_every_kind_of_engagement_event_has_a_sentence_and_clients_read_fewer() -> None:
    told = [history.Happened(NOW, "Ada", kind.value, {"before": "draft", "after": "active"}) for kind in Kind]
    for one in told:
        assert history.sentence(one)[0].isupper()
    missing = [
        kind
        for kind in Kind
        if kind.startswith(("engagement.", "person.", "contact.")) and kind not in history.SENTENCES
    ]
    assert missing == []
    whole, less = (str(history.window("Northwind", told, client=client)) for client in (False, True))
    assert "Slack stood in the way" in whole
    assert "Slack stood in the way" not in less
    check_view(history.window("Northwind", told * 2, client=False), "modal")


def test_a_list_shows_what_matters_and_says_when_it_is_empty() -> None:
    brief = Brief(uuid.uuid4(), "Northwind", "Northwind", "active", "confirmed", "invited", "C1", "C2", 2, 1, 5)
    card = forms.listing([brief] * 40, "mine")
    check_message(card.blocks)
    assert "2 waiting on us · 1 open invoice · quiet for 5 days · not connected" in str(card.blocks)
    for which in ("", "mine", "quiet", "owing"):
        assert forms.listing([], which).text.endswith(".") or which == ""


@pytest.mark.parametrize(
    ("change", "text", "offered"),
    [
        (
            {"guess": "clara@northwind.com", "guess_id": uuid.uuid4()},
            "Clara Chen (Northwind) joined. Is this clara@northwind.com?",
            ["Yes", "Someone else"],
        ),
        ({}, "Clara Chen (Northwind) joined. Who is it?", ["Say who it is"]),
        ({"company": ""}, "Clara Chen, from a company that we do not know, joined. Who is it?", ["Say who it is"]),
        (
            {"known_as": "clara@n.com", "how": "invitation"},
            "Clara Chen is known as clara@n.com: they accepted our invitation.",
            [],
        ),
        (
            {"known_as": "clara@n.com", "how": "staff", "by": "Ada"},
            "Clara Chen is known as clara@n.com: Ada said so.",
            [],
        ),
        ({"known_as": "g@g.com", "foreign": True, "company": "Globex"}, "see nothing else", []),
    ],
)
def test_staff_are_asked_who_came_in_until_it_is_known(change: dict[str, Any], text: str, offered: list[str]) -> None:
    thing = dataclasses.replace(Newcomer(uuid.uuid4(), uuid.uuid4(), "U1", "Clara Chen", "Northwind"), **change)
    card = people_blocks.linked(thing)
    assert text in card.text
    assert labels(card) == offered
    check_message(card.blocks)
    check_view(people_blocks.identify(thing, [("1", "Clara")]), "modal")


def test_a_gap_is_told_in_the_readers_own_zone() -> None:
    facts = {"since": "2026-11-20T09:00+00:00", "until": "2026-11-20T11:30+00:00"}
    told = history.sentence(history.Happened(NOW, "Throughline", "engagement.record_gap", facts))
    assert told.startswith(
        "Between <!date^1795165200^{date_short_pretty} at {time}|20 Nov 2026, 09:00 UTC> and <!date^"
    )
    assert told.endswith("edits and deletions may be missing")
    assert (
        history.sentence(history.Happened(NOW, "A <b>", "project.completed", {})) == "A &lt;b&gt; completed a project"
    )
