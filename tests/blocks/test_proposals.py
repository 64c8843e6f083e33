"""Proposals in Block Kit: sound for Slack, silent about hidden amounts, clear at every turn."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.blocks import mails
from bot.blocks import proposals as blocks
from bot.sandbox.slack.blockkit import check_message, check_view
from core.engagements import Audience
from core.money import Money
from core.proposals import Document, Entry, Named, NewItem, Offer, Party

AT = datetime(2025, 11, 14, 10, 31, tzinfo=UTC)
CLARA = Party(uuid.UUID(int=1), "Clara Chen", "Clara", "U0CLARA", None, None, None)
DANA = Party(uuid.UUID(int=2), "Dana Flores", "Dana", "", None, None, None)
ITEMS = (
    NewItem("SEO audit", 2, Money(90_000, "USD")),
    NewItem("Hosting", 12, Money(4_000, "USD"), "fee", "A year of it"),
)
PAPER = Document(
    number=1,
    title="Website <relaunch>",
    purpose="More visitors & more orders",
    agency="Studio Ada",
    company="Northwind",
    items=ITEMS,
    total=Money(228_000, "USD"),
    terms="Paid within 14 days.\nTwo rounds of changes.",
    valid_until=date(2025, 11, 28),
    timezone="Europe/London",
    expires_at=datetime(2025, 11, 29, tzinfo=UTC),
    signers=(Named(CLARA.user_id, "Clara Chen", "clara@northwind.example"),),
)
SENT = Offer(
    id=uuid.UUID(int=7),
    engagement_id=uuid.UUID(int=8),
    engagement="Northwind",
    number="1A2B3C4D",
    status="sent",
    document=PAPER,
    version_id=uuid.UUID(int=9),
    sha256="ab" * 32,
    agency="Studio Ada",
    company="Northwind",
    owner="Ada",
    contact="Clara",
    author="Ada",
    locale="en_US",
    timezone="Europe/London",
    show_amounts=False,
    connected=True,
    channel_id="C1",
    audience=Audience(14, 3),
    signers=(CLARA,),
    sent_at=AT,
    viewed_at=None,
    signed_at=None,
    ended_at=None,
    ended_by="",
    ended_reason="",
    expired=False,
)
DRAFT = replace(SENT, status="draft", version_id=None, sent_at=None)
SIGNED = replace(SENT, status="signed", signed_at=AT, signers=(replace(CLARA, signed_at=AT, viewed_at=AT),))
ENDED = replace(SENT, ended_at=AT, ended_by="Clara", ended_reason="Not *this* year <!channel>")
LIVES = {
    "draft": DRAFT,
    "sent": SENT,
    "viewed": replace(SENT, status="viewed", signers=(replace(CLARA, viewed_at=AT, reminded_at=AT),)),
    "signed": SIGNED,
    "declined": replace(ENDED, status="declined"),
    "withdrawn": replace(ENDED, status="withdrawn", ended_by="Ada"),
    "expired": replace(SENT, status="expired", expired=True),
    "late": replace(SENT, expired=True),
    "mailed": replace(SENT, connected=False, channel_id="", audience=Audience(0, 0)),
    "shown": replace(SENT, show_amounts=True),
    "two": replace(SENT, signers=(replace(CLARA, signed_at=AT), DANA, replace(DANA, first_name="Luis"))),
    "long": replace(SENT, document=replace(PAPER, items=ITEMS * 25, title="x" * 120, terms="Word " * 600)),
}


def words(block: Any) -> str:
    return json.dumps(block, ensure_ascii=False)


def labels(value: Any) -> Iterator[str]:
    """What the buttons and the entries of ⋯ menus say."""
    if isinstance(value, dict):
        if value.get("type") == "button":
            yield value["text"]["text"]
        for option in value.get("options", ()) if value.get("type") == "overflow" else ():
            yield option["text"]["text"]
        for each in value.values():
            yield from labels(each)
    elif isinstance(value, list):
        for each in value:
            yield from labels(each)


@pytest.mark.parametrize("life", LIVES)
def test_all_of_it_is_sound_for_slack(life: str) -> None:
    offer = LIVES[life]
    cards = [blocks.twin(offer, blocks.Bill("1A2B3C4D", Money(228_000, "USD"), Money(0, "USD"))), blocks.draft(offer)]
    cards += [
        blocks.card(offer),
        blocks.signed(offer, str(CLARA.user_id)),
        blocks.declined(replace(offer, ended_reason="No")),
    ]
    cards += [blocks.changes(offer, "Clara", "changes", "Two rounds"), blocks.changes(offer, "Clara", "date", "")]
    nudge = blocks.nudge(offer, [str(CLARA.user_id), str(DANA.user_id)], "Ada", by_staff=True)
    for card in [*cards, *([nudge] if nudge else [])]:
        assert card.text
        check_message(card.blocks)
    views = [blocks.preview(offer), blocks.reading(offer, "As it was sent."), blocks.not_yours(offer)]
    views += [blocks.question_form(offer), blocks.answer_form(offer), blocks.decline_form(offer)]
    views += [blocks.withdraw_form(offer, "")]
    if any(party.signed_at for party in offer.signers):
        views.append(blocks.done(offer))
    for view in views:
        check_view(view, "modal")


@pytest.mark.parametrize("life", LIVES)
def test_a_client_card_has_two_buttons_and_a_menu(life: str) -> None:
    card = blocks.card(LIVES[life])
    rows = [block["elements"] for block in card.blocks if block["type"] == "actions"]
    assert len(rows) == 1
    buttons = [each for each in rows[0] if each["type"] == "button"]
    assert 1 <= len(buttons) <= 2
    assert all(len(each["text"]["text"]) <= 20 for each in buttons)
    assert [each["text"]["text"] for each in rows[0][-1]["options"]][-1] == "For Studio Ada"
    assert not {"fields"} & set(words(card.blocks).replace('"', " ").split())


@pytest.mark.parametrize("life", [life for life in LIVES if life != "shown"])
def test_no_amount_stands_where_amounts_are_hidden(life: str) -> None:
    offer = LIVES[life]
    nudge = blocks.nudge(offer, [str(CLARA.user_id)], "Ada", by_staff=True)
    for card in (blocks.card(offer), blocks.signed(offer, str(CLARA.user_id)), *([nudge] if nudge else [])):
        assert "$" not in card.text + words(card.blocks)


def test_amounts_stand_where_they_are_shown() -> None:
    assert "$2,280" in words(blocks.card(LIVES["shown"]).blocks)
    assert "$2,280" in words(blocks.twin(SENT).blocks)


def test_a_persons_words_are_no_markup() -> None:
    for card in (blocks.card(SENT), blocks.twin(SENT), blocks.draft(DRAFT), blocks.declined(LIVES["declined"])):
        for block in card.blocks:
            for text in (block.get("text", {}), *block.get("elements", ())):
                if text.get("type") == "mrkdwn":
                    assert "<relaunch>" not in text["text"]
                    assert "<!channel>" not in text["text"]


@pytest.mark.parametrize(
    ("life", "said", "offered"),
    [
        (
            "sent",
            "Studio Ada sent a proposal",
            ["Review and sign", "Ask a question", "Request changes", "Decline", "PDF", "For Studio Ada"],
        ),
        ("signed", "Clara signed", ["Signed copy", "Open my page", "Read it again", "For Studio Ada"]),
        ("declined", "Clara declined", ["Ask a question", "Read it again", "PDF", "For Studio Ada"]),
        ("withdrawn", "Studio Ada withdrew", ["Ask a question", "Read it again", "PDF", "For Studio Ada"]),
        ("expired", "was valid until Fri 28 Nov", ["Ask for a new date", "Read it again", "PDF", "For Studio Ada"]),
        ("late", "was valid until Fri 28 Nov", ["Ask for a new date", "Read it again", "PDF", "For Studio Ada"]),
    ],
)
def test_the_clients_card_through_its_life(life: str, said: str, offered: list[str]) -> None:
    card = blocks.card(LIVES[life])
    assert said in card.text
    assert list(labels(card.blocks)) == offered


def test_the_card_names_six_items_and_whose_turn_it_is() -> None:
    long = words(blocks.card(LIVES["long"]).blocks)
    assert "and 44 more" in long
    assert "For <@U0CLARA> to sign" in words(blocks.card(SENT).blocks)
    assert "For Clara to sign" in words(blocks.card(LIVES["mailed"]).blocks)
    assert "Clara ✓ · Dana · Luis" in words(blocks.card(LIVES["two"]).blocks), "whoever is first"
    in_order = replace(LIVES["two"], document=replace(PAPER, in_order=True))
    assert "Clara ✓ · Dana next · Luis" in words(blocks.card(in_order).blocks)
    assert "Dana, please review and sign it" in blocks.card(in_order).text


def test_the_signed_card_says_who_when_and_what_next() -> None:
    shown = words(blocks.card(SIGNED).blocks)
    assert "Clara Chen signed on 14 Nov 2025, 10:31 GMT." in shown
    assert "1. SEO audit begins with its kickoff." in shown
    assert "2. Studio Ada sends the invoice here" in shown
    assert "3. Your contract is on your page." in shown


def test_the_decline_reason_is_for_staff_alone() -> None:
    assert "this* year" not in words(blocks.card(LIVES["declined"]).blocks)
    assert "this* year" in words(blocks.declined(LIVES["declined"]).blocks)
    assert "this* year" in words(blocks.card(LIVES["withdrawn"]).blocks)


@pytest.mark.parametrize(
    ("life", "offered"),
    [
        ("sent", ["Remind", "New version", "Withdraw", "Look at it", "PDF"]),
        ("signed", ["Change of scope", "Make a new draft", "Look at it", "Signed copy"]),
        ("declined", ["New version", "Look at it", "PDF"]),
        ("expired", ["New version", "Look at it", "PDF"]),
    ],
)
def test_the_twin_has_staffs_buttons(life: str, offered: list[str]) -> None:
    assert list(labels(blocks.twin(LIVES[life]).blocks)) == offered


def test_the_twin_says_who_has_seen_it() -> None:
    assert "Clara has not opened it yet" in words(blocks.twin(SENT).blocks)
    viewed = words(blocks.twin(LIVES["viewed"]).blocks)
    assert "Clara opened it" in viewed
    assert "; reminded <!date" in viewed
    bill = blocks.Bill("1A2B3C4D", Money(228_000, "USD"), Money(100_000, "USD"))
    assert "Order 1A2B3C4D · $1,000 of $2,280 paid" in words(blocks.twin(SIGNED, bill).blocks)


def test_a_draft_can_be_edited_sent_or_discarded_until_it_is() -> None:
    assert list(labels(blocks.draft(DRAFT).blocks)) == ["Preview and send", "Edit", "Discard"]
    assert list(labels(blocks.draft(SENT).blocks)) == []
    assert "discarded" in blocks.draft(replace(DRAFT, status="withdrawn", ended_by="Ben")).text


@pytest.mark.parametrize(
    ("offer", "told"),
    [
        (SENT, "14 people read this channel, 3 from other companies. Amounts are hidden there."),
        (LIVES["shown"], "14 people read this channel, 3 from other companies. Amounts stand in it."),
        (replace(SENT, audience=Audience(1, 0)), "1 person reads this channel, nobody from another company yet."),
        (replace(SENT, audience=Audience(0, 0)), "everyone reads it. Amounts are hidden there."),
        (LIVES["mailed"], "Northwind is not in the channel yet, so Clara is told by mail"),
    ],
)
def test_the_preview_names_its_audience_and_shows_the_exact_text(offer: Offer, told: str) -> None:
    view = blocks.preview(offer)
    assert told in words(view)
    assert view["submit"]["text"] == "Send"
    assert view["blocks"][-len(blocks.document(offer)) :] == blocks.document(offer)


def test_not_a_letter_of_the_text_is_cut() -> None:
    about = "& so on. " * 1500
    items = tuple(NewItem("&" * 150, 2, Money(90_000, "USD"), "work", each) for each in ("", about[:900], about) * 16)
    offer = replace(SENT, document=replace(PAPER, items=items))
    check_view(blocks.preview(offer), "modal")
    said = [block["text"]["text"] for block in blocks.document(offer) if block["type"] == "section"]
    assert not [text for text in said if text.endswith("…")]
    plain = "".join(said).replace("&amp;", "&").replace(" ", "").replace("\n", "")
    assert plain.count(about.replace(" ", "")) == 16
    check_message(blocks.card(offer).blocks)


def test_a_reminder_is_only_for_those_who_are_awaited() -> None:
    told = blocks.nudge(SENT, [str(CLARA.user_id)], "Dana", by_staff=False)
    assert told is not None
    assert told.text == "Clara: Website &lt;relaunch&gt; waits for your signature, until Fri 28 Nov. Dana asks."
    assert blocks.nudge(SIGNED, [str(CLARA.user_id)], "Ada", by_staff=True) is None
    assert blocks.nudge(SENT, [], "Ada", by_staff=True) is None


def test_before_a_reminder_goes_out_its_words_and_its_readers_are_shown() -> None:
    form = blocks.remind_form(SENT, [str(CLARA.user_id)], "Ada")
    assert form is not None
    check_view(form, "modal")
    assert "Ada would be glad to begin." in words(form["blocks"])
    assert f"{SENT.audience.readers} people read it" in words(form["blocks"])
    assert "their mail" in words((blocks.remind_form(LIVES["mailed"], [str(CLARA.user_id)], "Ada") or {})["blocks"])
    assert blocks.remind_form(SIGNED, [str(CLARA.user_id)], "Ada") is None


def test_the_mail_twin_reads_well() -> None:
    letter = mails.twin(blocks.card(LIVES["mailed"]), "Studio Ada", "Clara", "https://example.com/portal")
    assert "For Clara to sign · Valid until Fri 28 Nov" in letter.text
    assert "<@" not in letter.text


def test_a_letter_names_its_reader_once_and_its_sender_not_at_all() -> None:
    told = blocks.nudge(LIVES["mailed"], [str(CLARA.user_id)], "Dana", by_staff=False)
    assert told is not None
    letter = mails.twin(told, "Studio Ada", "Clara", "https://example.com/portal")
    assert letter.subject == "Website <relaunch> waits for your signature, until Fri 28 Nov. Dana asks."
    assert letter.text.count("Clara") == 1


def test_the_list_says_where_each_stands() -> None:
    def entry(status: str, **more: Any) -> Entry:
        given = {
            "awaited": ("Clara",),
            "sent_at": AT,
            "expires_at": datetime(2025, 11, 29, tzinfo=UTC),
            "signed_at": None,
        }
        return Entry(uuid.uuid4(), uuid.uuid4(), "Web", "Northwind", status, Money(5, "USD"), **{**given, **more})

    rows = [entry(each) for each in ("sent", "viewed", "draft", "signed", "withdrawn")]
    card = blocks.listing(rows * 8, AT, "Europe/London", "en_US", everywhere=True)
    check_message(card.blocks)
    assert card.text == "16 of 40 proposals wait for a signature."
    assert "waits for Clara (opened)" in words(card.blocks)
    assert "`/proposal new`" in blocks.listing([], AT, "UTC", "en_US", everywhere=False).text
    late = blocks.listing(rows[:1], datetime(2026, 1, 1, tzinfo=UTC), "UTC", "en_US", everywhere=False)
    assert "expired" in words(late.blocks)
