"""Invoices on cards: no amount where everybody reads, every amount where staff do, and that Slack takes every block."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.blocks import invoices
from bot.sandbox.slack.blockkit import check_message, check_view
from core.invoices import Bill, BillLine
from core.money import Money
from tests.blocks.test_projects import labels, words

BILL = Bill(
    id="11111111-1111-4111-8111-111111111111",
    engagement_id="22222222-2222-4222-8222-222222222222",
    title="deposit, Website",
    status="open",
    total=Money(420_000, "USD"),
    serial="2026-014",
    agency="Studio Ada",
    client="Northwind",
    due_on=date(2026, 11, 28),
    reached_client=True,
    recipient="Clara",
    recipient_slack_id="U0CLARA",
    lines=(
        BillLine("SEO audit", 2, Money(180_000, "USD"), Money(360_000, "USD")),
        BillLine("Extra", 1, Money(60_000, "USD"), Money(60_000, "USD")),
    ),
    hosted_url="https://invoice.stripe.example/i/1",
    bank_details="IBAN DE00 0000",
)
PAID = replace(
    BILL, status="paid", paid_on=date(2026, 11, 14), payer="Clara", method="Visa ending 4242", viewer="Clara"
)
DRAFT = replace(BILL, status="draft", serial="", reached_client=False, due_on=None)


def test_the_client_card_names_no_amount_unless_it_is_shown() -> None:
    card = invoices.card(BILL)
    assert card is not None
    check_message(card.blocks)
    assert words(card).splitlines() == ["Invoice 2026-014: deposit, Website", "Due Sat 28 Nov"]
    assert card.text == "Studio Ada sent invoice 2026-014: deposit, Website. Due Sat 28 Nov."
    assert labels(card.blocks) == ["Pay", "Ask about this", "Tell Clara", "Open my page", "For Studio Ada"]
    for status in ("open", "paid", "void"):
        quiet = invoices.card(replace(PAID, status=status))
        assert quiet is not None and "4,200" not in str(quiet)
        loud = invoices.card(replace(BILL, status=status, show_amounts=True))
        assert loud is not None and ("$4,200" in words(loud)) is (status != "void")


@pytest.mark.parametrize(
    ("bill", "says", "pressed"),
    [
        (
            replace(BILL, days_late=3),
            "3 days late (it was due Sat 28 Nov)",
            ["Pay", "Ask about this", "Tell Clara", "Open my page", "For Studio Ada"],
        ),
        (
            replace(BILL, days_late=1),
            "1 day late",
            ["Pay", "Ask about this", "Tell Clara", "Open my page", "For Studio Ada"],
        ),
        (
            PAID,
            "Paid by Clara, 14 Nov. Thank you.",
            ["Receipt", "Ask about this", "Open my page", "For Studio Ada"],
        ),
        (
            replace(PAID, payer="", hosted_url=""),
            "Paid, 14 Nov. Thank you.",
            ["Ask about this", "Open my page", "For Studio Ada"],
        ),
        (
            replace(PAID, total=Money(0, "USD"), payer=""),
            "Nothing to pay. Thank you.",
            ["Ask about this", "Open my page", "For Studio Ada"],
        ),
        (replace(BILL, status="void"), "It was withdrawn.", ["Ask about this", "Open my page", "For Studio Ada"]),
    ],
)
def test_the_client_card_says_how_it_stands(bill: Bill, says: str, pressed: list[str]) -> None:
    card = invoices.card(bill)
    assert card is not None
    check_message(card.blocks)
    assert says in words(card) and labels(card.blocks) == pressed


@pytest.mark.parametrize("status", ["draft", "sending", "stuck", "void"])
def test_the_client_has_no_card_of_what_never_reached_them(status: str) -> None:
    assert invoices.card(replace(DRAFT, status=status)) is None


@pytest.mark.parametrize(
    ("bill", "says", "pressed"),
    [
        (DRAFT, "Draft for Clara. Northwind does not see it yet.", ["Send", "Show lines", "Void"]),
        (replace(DRAFT, status="sending", serial="2026-014"), "On its way to Clara.", []),
        (
            replace(DRAFT, status="stuck", serial="2026-014", trouble="Stripe refused: no such currency"),
            "Please look: Stripe refused: no such currency",
            ["Try again", "Show lines", "Void"],
        ),
        (BILL, "Clara has not opened it yet", ["Mark paid", "Remind", "Show lines", "Void"]),
        (replace(BILL, viewer="Dana"), "Dana opened it", ["Mark paid", "Remind", "Show lines", "Void"]),
        (PAID, "Paid by Clara, 14 Nov (Visa ending 4242).", []),
        (replace(BILL, status="void", void_reason="A mistake."), "Withdrawn. A mistake.", []),
    ],
)
def test_the_twin_tells_staff_all_and_offers_what_can_be_done(bill: Bill, says: str, pressed: list[str]) -> None:
    for card in (invoices.twin(bill), invoices.page(bill)):
        check_message(card.blocks)
        assert says in words(card) and "$4,200" in card.text and labels(card.blocks) == pressed


def test_the_news_is_exact_and_a_decline_blames_nobody() -> None:
    assert invoices.paid_news(PAID).text == "Clara paid invoice 2026-014: $4,200 (Visa ending 4242)."
    assert "the card was declined" in invoices.failed_news(BILL).text
    assert invoices.trouble_news(BILL) is None
    stuck = invoices.trouble_news(replace(BILL, trouble="Stripe refused <it>"))
    assert stuck is not None and stuck.text == "Invoice 2026-014: Stripe refused &lt;it&gt;"
    for card in (invoices.paid_news(PAID), invoices.failed_news(BILL), stuck):
        check_message(card.blocks)


def test_a_reminder_names_who_is_meant_and_blames_nobody() -> None:
    asked = invoices.reminder(BILL, "Dana")
    late = invoices.reminder(replace(BILL, days_late=3), "")
    soon = invoices.reminder(replace(BILL, recipient_slack_id=""), "")
    assert asked is not None and late is not None and soon is not None
    for card in (asked, late, soon):
        check_message(card.blocks)
        assert labels(card.blocks) == ["Pay", "Ask about this"] and "4,200" not in str(card)
    assert "<@U0CLARA> Dana asked us to tell you: invoice 2026-014 is for you to pay" in str(asked.blocks)
    assert late.text == "Clara: Invoice 2026-014 was due Sat 28 Nov. Anything in the way?"
    assert invoices.reminder(PAID, "") is None


def test_paying_shows_the_amount_and_the_way() -> None:
    view = invoices.pay_modal(BILL)
    check_view(view, "modal")
    button = next(block for block in view["blocks"] if block["type"] == "actions")["elements"][0]
    assert (button["text"]["text"], button["url"]) == ("Pay $4,200", BILL.hosted_url)
    assert "SEO audit, 2 × $1,800 · $3,600" in str(view)
    transfer = invoices.pay_modal(replace(BILL, hosted_url=""))
    check_view(transfer, "modal")
    assert "IBAN DE00 0000" in str(transfer) and "2026-014 as the reference" in str(transfer)


def test_the_forms_restate_amount_and_recipient_and_are_taken_by_slack() -> None:
    day = date(2026, 11, 28)
    crowd: dict[str, Any] = {"due_on": day, "where": "<#C0CLIENT>", "readers": 14, "outsiders": 3}
    forms = [
        invoices.send_form(DRAFT, **crowd),
        invoices.mark_paid_form(BILL, today=day),
        invoices.void_form(BILL),
        invoices.void_form(DRAFT),
    ]
    for view in forms:
        check_view(view, "modal")
        assert "$4,200" in str(view) and "Northwind" in str(view)
    assert "14 people read this channel, 3 from other companies. The amount is not shown there." in str(forms[0])
    assert "It goes to Clara by mail." in str(invoices.send_form(DRAFT, **{**crowd, "where": "Clara by mail"}))
    check_view(invoices.remind_form(BILL, "<#C0CLIENT>"), "modal")
    new = invoices.new_form(
        BILL.engagement_id,
        [("44444444-4444-4444-8444-444444444444", "Clara Chen")],
        title="Extra",
        initial="",
        currency="USD",
    )
    check_view(new, "modal")


def test_the_list_is_one_line_each() -> None:
    card = invoices.listing([replace(BILL, days_late=3), BILL, DRAFT, PAID] * 20, "All invoices", everywhere=True)
    check_message(card.blocks)
    lines = words(card).splitlines()
    assert lines[1] == "Invoice 2026-014: deposit, Website · Northwind · $4,200 · 3 days late (it was due Sat 28 Nov)"
    assert lines[3].endswith("· draft")
    empty = invoices.listing([], "Invoices of Northwind", everywhere=False)
    check_message(empty.blocks)
    assert "/invoice new" in words(empty)
