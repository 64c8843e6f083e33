"""Proposals' cards beyond the plain one: options, deposits, changes of scope, versions, quotes, our own signature, the end."""

import uuid
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from bot.blocks import proposals as blocks
from bot.sandbox.slack.blockkit import check_message, check_view
from core.money import Money
from core.proposals import Basis, NewItem, Offer, Part, Party, Point, Wanted
from tests.blocks.test_proposals import AT, CLARA, DANA, DRAFT, ITEMS, PAPER, SENT, SIGNED, labels, words

ADA = Party(uuid.UUID(int=3), "Ada Lovelace", "Ada", "U0ADA", None, None, None, "staff")
CHOICE = replace(
    PAPER,
    items=(
        NewItem("Website", 1, Money(420_000, "USD")),
        NewItem("Shop", 1, Money(260_000, "USD"), optional=True),
        NewItem("Care", 1, Money(40_000, "USD"), "fee", period="month"),
    ),
    total=Money(420_000, "USD"),
    schedule=(Part("Deposit", "percent", "signing", Decimal(50)), Part("Rest", "rest", "completion")),
    milestones=(Point("Shop opens", date(2025, 12, 20), 0),),
)
RICH = replace(SENT, document=CHOICE, show_amounts=True)
SCOPE = replace(
    RICH,
    document=replace(CHOICE, kind="scope", before=Basis(Money(1_000_000, "USD"), date(2025, 12, 12))),
)
WANTED = Wanted("Clara", "A shop, <!channel> please", "C1", "1.2")


def test_the_total_says_what_the_options_add_and_what_recurs() -> None:
    shown = words(blocks.card(RICH).blocks)
    assert "*From $4,200, with all options $6,800; and $400 a month*" in shown
    assert "Deposit on signing: from $2,100" in shown
    assert "• Shop · $2,600 · optional" in shown
    bound = words(blocks.card(replace(RICH, bound=(1,))).blocks)
    assert "*$6,800 and $400 a month*" in bound and "Deposit on signing: $3,400" in bound
    hidden = blocks.card(replace(RICH, show_amounts=False))
    assert "$" not in hidden.text + words(hidden.blocks) and "• Shop · optional" in words(hidden.blocks)


def test_a_change_of_scope_shows_the_difference() -> None:
    card = blocks.card(SCOPE)
    check_message(card.blocks)
    assert card.text.startswith("Studio Ada sent a change of scope: Website")
    assert "Agreed so far $10,000 → *$14,200 to $16,800* · Done by Fri 12 Dec → *Sat 20 Dec*" in words(card.blocks)
    quiet = blocks.card(replace(SCOPE, show_amounts=False))
    assert "Done by Fri 12 Dec → *Sat 20 Dec*" in words(quiet.blocks) and "$" not in words(quiet.blocks)
    assert "Agreed so far $10,000" in words(blocks.twin(replace(SCOPE, show_amounts=False)).blocks)
    same = replace(SCOPE.document, milestones=())
    assert "Done by Fri 12 Dec, as before" in words(blocks.card(replace(SCOPE, document=same)).blocks)


def test_an_older_version_leads_to_the_new_one_and_nothing_else() -> None:
    newest = replace(SENT, version_number=2, version_id=uuid.UUID(int=19))
    old = blocks.superseded(PAPER, SENT.version_id, newest)
    check_message(old.blocks)
    assert "version 1 can no longer be signed" in old.text
    assert list(labels(old.blocks)) == ["See the new one", "PDF of version 1", "For Studio Ada"]
    card = blocks.card(newest)
    assert card.text.startswith("Studio Ada sent version 2 of Website")
    assert "Version 2; it takes the place of the one before" in words(card.blocks)
    assert f"{newest.id} {newest.version_id}" in words(card.blocks), "its buttons know which version they are about"


@pytest.mark.parametrize(
    ("deposit", "first", "said"),
    [
        (None, "Signed copy", "sends the deposit invoice here"),
        (blocks.Deposit("i1", "open"), "Pay deposit", "sends the deposit invoice here"),
        (blocks.Deposit("i1", "paid"), "Signed copy", "The deposit is paid. Thank you."),
    ],
)
def test_what_is_due_on_signing_is_paid_from_the_card(deposit: blocks.Deposit | None, first: str, said: str) -> None:
    card = blocks.card(replace(SIGNED, document=CHOICE), deposit)
    check_message(card.blocks)
    assert next(labels(card.blocks)) == first
    assert said in words(card.blocks)
    assert list(labels(card.blocks)).count("Signed copy") == 1


def test_our_own_signature_comes_last_and_asks_the_client_nothing() -> None:
    signers = (replace(CLARA, signed_at=AT), ADA)
    waits = replace(SENT, signers=signers)
    card = blocks.card(waits)
    check_message(card.blocks)
    assert "Your side has signed" in card.text and "Ada signs last, for Studio Ada." in card.text
    assert "Review and sign" not in list(labels(card.blocks)) and "Decline" not in list(labels(card.blocks))
    twin = blocks.twin(waits)
    assert "waits for Ada to countersign" in twin.text
    assert next(labels(twin.blocks)) == "Countersign" and "Remind" not in list(labels(twin.blocks))
    assert "Ada signs last, for Studio Ada." in blocks.signed(waits, str(CLARA.user_id)).text
    assert "Tell" not in words(blocks.not_yours(waits))


def test_in_order_only_the_next_is_called() -> None:
    both = replace(SENT, document=replace(PAPER, in_order=True), signers=(CLARA, DANA))
    assert "Clara, please review and sign" in blocks.card(both).text
    assert "<@U0CLARA> next · Dana" in words(blocks.card(both).blocks)
    assert blocks.nudge(both, [str(DANA.user_id)], "Ada", by_staff=True) is None, "it is not her turn"


def test_a_quote_is_the_clients_words_and_a_way_to_write_it() -> None:
    empty = replace(DRAFT, document=replace(PAPER, items=(), total=Money(0, "USD")), coming=True)
    card = blocks.draft(empty, WANTED)
    check_message(card.blocks)
    assert card.text.startswith("Clara of Northwind asks for a quote: Website")
    assert list(labels(card.blocks)) == ["Write the quote", "Discard"]
    said = [block["text"] for block in card.blocks if block.get("text", {}).get("type") == "plain_text"]
    assert any("<!channel>" in each["text"] for each in said), "a person's words, as plain text"
    scope = replace(empty, document=replace(empty.document, kind="scope"))
    begun = blocks.draft(scope, WANTED, "https://slack.com/archives/C1/p12")
    check_message(begun.blocks)
    assert "<https://slack.com/archives/C1/p12|Open the message>" in words(begun.blocks)
    assert list(labels(begun.blocks)) == ["Write the change", "Discard"]
    for view in (blocks.quote_form("e", "Ada", "Studio Ada"), blocks.scope_or_new("e", "Northwind")):
        check_view(view, "modal")


def test_the_draft_lists_milestones_and_payments() -> None:
    shown = words(blocks.draft(replace(RICH, status="draft", sent_at=None, coming=True)).blocks)
    assert "• Shop opens, Sat 20 Dec" in shown
    assert "• Deposit: 50%, on signing" in shown and "• Rest: the rest, on completion" in shown


def test_a_version_in_the_making_says_what_stands_meanwhile() -> None:
    making = replace(
        SENT, version_number=1, revising=True, coming=True, document=replace(PAPER, number=2), out=(CLARA,)
    )
    assert "Version 2 in the making; version 1 can still be signed until you send it" in words(
        blocks.draft(making).blocks
    )
    twin = blocks.twin(replace(making, coming=False, document=PAPER))
    assert "Go on with version 2" in list(labels(twin.blocks))


def test_the_end_is_told_to_our_side_on_its_day() -> None:
    card = blocks.ending(SENT, "U0ADA", date(2025, 11, 28))
    assert card is not None
    check_message(card.blocks)
    assert "<@U0ADA>: Website &lt;relaunch&gt; can be signed until today, and waits for Clara." in words(card.blocks)
    assert list(labels(card.blocks)) == ["Give a new date"]
    assert blocks.ending(SIGNED, "U0ADA", date(2025, 11, 28)) is None
    nudge = blocks.nudge(SENT, [str(CLARA.user_id)], "Studio Ada", by_staff=True, left=3)
    assert nudge is not None and "Anything in the way? Ask, or ask for more time." in nudge.text
    assert list(labels(nudge.blocks)) == ["Review and sign", "Ask a question"]


@pytest.mark.parametrize(
    "offer", [RICH, SCOPE, replace(RICH, bound=(1,)), replace(RICH, document=replace(CHOICE, items=ITEMS))]
)
def test_all_of_it_is_sound_for_slack(offer: Offer) -> None:
    for card in (
        blocks.card(offer),
        blocks.twin(offer),
        blocks.draft(replace(offer, coming=True), WANTED, "https://x.example"),
    ):
        assert card.text
        check_message(card.blocks)
