"""The drafting form's pages, the preview, and the exact text that is signed: sound for Slack, and never markup."""

import uuid
from dataclasses import replace
from datetime import date
from decimal import Decimal

from bot.blocks import kit
from bot.blocks import proposals as blocks
from bot.sandbox.slack.blockkit import check_view
from core.money import Money
from core.proposals import Basis, Named, NewItem, Part, Point
from tests.blocks.test_proposals import AT, CLARA, DANA, PAPER, SENT, labels, words


def test_the_form_is_sound_with_and_without_a_catalog() -> None:
    sheet = blocks.Sheet(
        private="a b new",
        engagement="Northwind",
        currency="USD",
        title="",
        lines="",
        valid_until=date(2025, 11, 28),
        chosen=["2", "1"],
        signers=[("1", "Clara Chen"), ("2", "Dana Flores")],
        services=[(str(n), f"Service {n}", "$900") for n in range(120)],
    )
    for each in (sheet, replace(sheet, services=[], lines="SEO audit, 900", further="terms", note="x" * 4000)):
        check_view(blocks.form(each), "modal")
    check_view(blocks.where([("1", "Northwind")], "Website"), "modal")
    (signers,) = [block for block in blocks.form(sheet)["blocks"] if block.get("block_id") == "signers"]
    assert [option["value"] for option in signers["element"]["initial_options"]] == ["2", "1"]


def test_the_second_page_asks_only_what_can_be_answered() -> None:
    page = blocks.Further(
        private="a edit",
        title="Website <relaunch>",
        currency="USD",
        purpose="",
        milestones="Launch",
        schedule="30% on signing\nthe rest on completion",
        terms="Paid within 14 days.",
        kept="",
        coupon="",
        in_order=True,
        order=["Clara", "Dana"],
        countersigner="5",
        countersigners=[("5", "Ben Okafor")],
    )
    fields = ["purpose", "milestones", "schedule", "terms", "keep_terms", "coupon", "in_order", "countersigner"]
    alone = replace(page, order=["Clara"], countersigners=[], terms="x" * 3001)
    for each, asked in ((page, fields), (alone, [f for f in fields[:-2] if f not in ("terms", "keep_terms")])):
        view = blocks.further_form(each)
        check_view(view, "modal")
        assert [block["block_id"] for block in view["blocks"] if block["type"] == "input"] == asked


RICH = replace(
    PAPER,
    title="Website",
    items=(
        NewItem("*Site*", 2, Money(400_000, "USD"), tax_percent=Decimal(20)),
        NewItem(
            "_Audit_", 1, Money(90_000, "USD"), optional=True, discount_percent=Decimal(10), tax_percent=Decimal(20)
        ),
        NewItem("Care", 1, Money(4_000, "USD"), "fee", period="month", trial_days=14, setup_minor=10_000),
    ),
    total=Money(970_000, "USD"),
    milestones=(Point("Designs ready", date(2025, 12, 12)), Point("Launch", None, 0)),
    schedule=(
        Part("Deposit", "percent", "signing", Decimal(30)),
        Part("Launch", "amount", "milestone", amount_minor=200_000, milestone=1),
        Part("Final payment", "rest", "completion"),
    ),
    terms_name="Our terms",
    terms_version=3,
    in_order=True,
    kind="scope",
    before=Basis(Money(1_000_000, "USD"), date(2025, 12, 1)),
    signers=(
        Named(CLARA.user_id, "Clara Chen", "clara@northwind.example"),
        Named(DANA.user_id, "Dana Flores", "dana@northwind.example"),
        Named(uuid.UUID(int=3), "Ben Okafor", "ben@studioada.example", "staff"),
    ),
)


def test_the_text_says_all_of_it() -> None:
    text = blocks.document(replace(SENT, document=RICH))
    check_view(kit.modal("proposal.read", "Proposal", text), "modal")
    pieces = [part["text"] for block in text for each in block.get("elements", ()) for part in each["elements"]]
    said = "".join(pieces)
    for words_of_it in (
        "Change of scope, from Studio Ada to Northwind",
        "2 × $4,000 = $8,000 + 20% tax",
        "Optional: you choose when signing",
        "$900, less 10% = $810 + 20% tax",
        "$40 a month, the first 14 days free; $100 once to set up",
        "20% tax on $8,000: $1,600",
        "Total: $9,700 and $40 a month, tax included",
        "With all options: $10,672 and $40 a month",
        "Agreed so far $10,000, with this $19,700.",
        "Designs ready, Fri 12 Dec",
        "Launch (*Site*)",
        "Deposit, on signing: $2,910, with all options $3,201.60 (30%)",
        "Launch, when reached: $2,000",
        "Final payment, on completion: $4,790, with all options $5,470.40 (the rest)",
        "Terms (Our terms, version 3)",
        "To be signed by Clara Chen, then Dana Flores, and at the end by Ben Okafor for Studio Ada. Valid until Fri 28 Nov.",
    ):
        assert words_of_it in said
    marked = [block for block in text if block.get("text", {}).get("type") == "mrkdwn"]
    assert not [block for block in marked if "*Site*" in block["text"]["text"] or "_Audit_" in block["text"]["text"]]


def test_the_preview_of_a_new_version_says_what_becomes_of_the_old_one() -> None:
    signed = replace(CLARA, signed_at=AT)
    coming = replace(
        SENT, document=replace(RICH, number=2), version_number=1, revising=True, coming=True, out=(signed, DANA)
    )
    view = blocks.preview(coming, ["“the rest on completion” was added."])
    check_view(view, "modal")
    said = words(view)
    assert "once it is sent, version 1 can no longer be signed. Clara signed that one and will be asked anew." in said
    assert "if nothing optional is chosen; with the option, to" in said
    assert "“the rest on completion” was added." in said
    assert list(labels(view["blocks"]))[:2] == ["Back to edit", "More"]
