"""The signing modal: the whole text, the options with the total that follows them, nothing ticked, and what comes after."""

import json
import uuid
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bot.blocks import kit
from bot.blocks import proposals as blocks
from bot.sandbox.slack.blockkit import check_view
from core.money import Money
from core.proposals import Named, NewItem, Offer, Part, Point
from core.signatures import DISCLOSURE, STATEMENTS
from tests.blocks.test_proposals import AT, CLARA, DANA, LIVES, PAPER, SENT, SIGNED, labels, words

STATED = [(each.name, each.words("Northwind")) for each in STATEMENTS]
PEN = blocks.Pen(
    "Clara Chen", "Northwind", DISCLOSURE.words("Northwind", "Studio Ada"), STATED, int(AT.timestamp()), "cd" * 32
)
CARE = NewItem("Care <plan>", 1, Money(40_000, "USD"), "fee", optional=True, period="month", setup_minor=10_000)
PAGES = NewItem("Extra pages", 4, Money(30_000, "USD"), optional=True, tax_percent=Decimal(20))
CHOICE = replace(
    PAPER,
    items=(*PAPER.items, PAGES, CARE),
    schedule=(
        Part("Deposit", "percent", "signing", Decimal(50)),
        Part("Second part", "amount", "date", amount_minor=20_000, due_on=date(2026, 1, 9)),
        Part("Launch", "percent", "milestone", Decimal(10), milestone=0),
        Part("The rest", "rest", "completion"),
    ),
    milestones=(Point("First draft", date(2026, 2, 1)),),
)
CHOOSING: Offer = replace(SENT, document=CHOICE)
BOTH = replace(
    CHOOSING,
    document=replace(CHOICE, signers=(*CHOICE.signers, Named(DANA.user_id, "Dana Flores", "dana@northwind.example"))),
    signers=(replace(CLARA, signed_at=AT), DANA),
)


def inputs(view: Any) -> dict[str, Any]:
    return {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}


def test_the_signing_modal_holds_the_whole_text_and_nothing_is_ticked() -> None:
    view = blocks.signing(SENT, PEN)
    check_view(view, "modal")
    said = words(view)
    assert "Signing as *Clara Chen* for *Northwind*" in said
    assert "Signing cannot be undone. Unsure? Ask first." in said
    assert "Once you have signed: 1 project starts; invoice of $2,280." in said
    assert "You may have this document on paper instead, at no charge" in said
    assert [block for block in blocks.document(SENT) if block not in view["blocks"]] == []
    fields = inputs(view)
    assert list(fields) == ["name", "title", "electronic", "agree"]
    assert "initial_value" not in fields["name"]["element"]
    assert not any("initial_options" in block["element"] for block in fields.values())
    assert fields["agree"]["label"]["text"] == "I agree to this proposal and may sign for Northwind."
    assert (view["submit"]["text"], view["close"]["text"]) == ("Sign", "Not now")
    assert {"Open the PDF", "Ask a question"} <= set(labels(view["blocks"]))
    assert json.loads(view["private_metadata"]) == {
        "version": str(SENT.version_id),
        "sha256": SENT.sha256,
        "pdf": "cd" * 32,
        "shown": int(AT.timestamp()),
        "total": 228_000,
        "options": [],
        "name": "",
        "title": "",
    }


def test_a_text_past_slacks_limits_comes_in_pages_and_is_signed_on_the_last() -> None:
    about = "A long description, again and again. " * 60
    items = tuple(NewItem(f"Item {n}", 1, Money(100, "USD"), "work", f"{n}: {about}") for n in range(50))
    options = tuple(replace(item, optional=True, description="") for item in items[:49])
    offer = replace(SENT, document=replace(PAPER, items=items, terms="Word. " * 30_000))
    shown: list[kit.Block] = []
    number = 0
    while True:
        view = blocks.signing(offer, PEN, page=number)
        check_view(view, "modal")
        shown += [block for block in blocks.document(offer) if block in view["blocks"] and block not in shown]
        said = list(labels(view["blocks"]))
        assert ("Page before" in said) == (number > 0)
        if "submit" in view:
            break
        assert "Next page" in said
        assert not inputs(view)
        number += 1
    assert number >= 2
    assert shown == blocks.document(offer)
    assert blocks.signing(offer, PEN, page=blocks.LAST) == view
    check_view(blocks.reading(offer, "To read"), "modal")
    for each in (
        replace(offer, document=replace(offer.document, items=(items[0], *options))),
        replace(SENT, document=replace(PAPER, items=(items[0], *options), terms="Word. " * 35_000)),
    ):
        for name in ("", "Clara"):
            pen = replace(PEN, chosen=list(range(1, 40)), bound_by=name, typed_name="&" * 150, typed_title="“" * 150)
            check_view(blocks.signing(each, pen, page=blocks.LAST), "modal")


def test_options_have_their_prices_and_the_total_follows_them() -> None:
    view = blocks.signing(CHOOSING, PEN)
    check_view(view, "modal")
    ticks = inputs(view)["proposal.options_0"]
    assert ticks["dispatch_action"] is True
    assert ticks["optional"] is True
    assert "initial_options" not in ticks["element"]
    assert [
        (each["text"]["text"], each["description"]["text"], each["value"]) for each in ticks["element"]["options"]
    ] == [
        ("Extra pages", "$1,200 + 20% tax", "2"),
        ("Care <plan>", "$400 a month, $100 once to set up", "3"),
    ]
    said = words(view)
    assert "*Total: $2,280*" in said
    assert "Due today: *$1,140*" in said
    assert "a month*" not in said
    assert "Once you have signed: 1 project starts; deposit invoice of $1,140." in said

    view = blocks.signing(CHOOSING, replace(PEN, chosen=(2, 3), typed_name="Clara C", typed_title="CEO"))
    check_view(view, "modal")
    said = words(view)
    assert "*Total: $3,820*, tax included" in said
    assert "*And $400 a month*" in said
    assert "Due today: *$1,910* and $400 for the first period of what recurs" in said
    for line in (
        "• Deposit: $1,910, on signing",
        "• Second part: $200, Fri 9 Jan",
        "• Launch: $382, when “First draft” is reached",
        "• The rest: $1,328, on completion",
    ):
        assert line in said
    assert "Once you have signed: 2 projects start; deposit invoice of $1,910; 1 subscription begins." in said
    fields = inputs(view)
    assert [each["value"] for each in fields["proposal.options_0"]["element"]["initial_options"]] == ["2", "3"]
    assert fields["name"]["element"]["initial_value"] == "Clara C"
    assert fields["title"]["element"]["initial_value"] == "CEO"
    assert not any("initial_options" in fields[name]["element"] for name in ("electronic", "agree"))
    assert json.loads(view["private_metadata"])["total"] == 382_000


@pytest.mark.parametrize(
    ("chosen", "told", "silent"),
    [
        ((2,), ("• Extra pages: $1,200 + 20% tax", "Not chosen: Care &lt;plan&gt;"), "None of the options"),
        ((), ("None of the options.",), "Not chosen"),
    ],
)
def test_the_others_see_what_the_first_chose_and_cannot_change_it(
    chosen: tuple[int, ...], told: tuple[str, ...], silent: str
) -> None:
    view = blocks.signing(BOTH, replace(PEN, name="Dana Flores", chosen=chosen, bound_by="Clara"))
    check_view(view, "modal")
    said = words(view)
    assert "Clara signed first and chose for all of you:" in said
    assert all(each in said for each in told)
    assert silent not in said
    assert not [name for name in inputs(view) if name.startswith(blocks.OPTIONS)]
    assert "Due once everyone has signed:" in said
    assert "Once everyone has signed:" in said


def test_what_has_to_be_noticed_stands_first() -> None:
    view = blocks.signing(CHOOSING, replace(PEN, note="The total no longer agrees; please look once more."))
    assert "The total no longer agrees" in words(view["blocks"][0])


def test_after_signing_the_same_modal_says_what_comes() -> None:
    last = blocks.done(SIGNED, pay=True)
    check_view(last, "modal")
    assert "Signed. Your copy is in your mail and on your page." in words(last)
    assert "Pay invoice" in set(labels(last))
    assert "Pay deposit" in set(labels(blocks.done(replace(SIGNED, document=CHOICE), pay=True)))
    assert not [label for label in labels(blocks.done(SIGNED)) if label.startswith("Pay")]
    first = blocks.done(LIVES["two"])
    assert "Dana signs next; your copy comes once everyone has signed." in words(first)
    assert "Everyone has signed; the work begins." in words(blocks.countersigned(SIGNED))
    assert "Dana signs next." in words(blocks.countersigned(LIVES["two"]))
    check_view(blocks.countersigned(SIGNED), "modal")
    check_view(blocks.being_made(str(uuid.UUID(int=7))), "modal")
