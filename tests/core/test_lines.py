"""Items as people type them: what is understood, what is asked about, what is read back."""

import uuid
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog import Service
from core.errors import Invalid
from core.money import Money
from core.proposals import NewItem, price, read, write


@pytest.mark.parametrize(
    ("typed", "title", "quantity", "minor", "kind"),
    [
        ("SEO audit, 2 × 900", "SEO audit", 2, 90_000, "work"),
        ("SEO audit, 2 x 900", "SEO audit", 2, 90_000, "work"),
        ("SEO audit, 2 X 900", "SEO audit", 2, 90_000, "work"),
        ("SEO audit, 2*900", "SEO audit", 2, 90_000, "work"),
        ("SEO audit,2x900", "SEO audit", 2, 90_000, "work"),
        ("SEO audit 2 × 900", "SEO audit", 2, 90_000, "work"),
        ("SEO audit, $900 × 2", "SEO audit", 2, 90_000, "work"),
        ("SEO audit, 2 @ $900", "SEO audit", 2, 90_000, "work"),
        ("SEO audit, 2 at 900", "SEO audit", 2, 90_000, "work"),
        ("SEO audit - $1,800", "SEO audit", 1, 180_000, "work"),
        ("SEO audit – 1,800", "SEO audit", 1, 180_000, "work"),
        ("SEO audit: 1800.50", "SEO audit", 1, 180_050, "work"),
        ("SEO audit, 1,800", "SEO audit", 1, 180_000, "work"),
        ("SEO audit $1,800", "SEO audit", 1, 180_000, "work"),
        ("SEO audit, 900 USD", "SEO audit", 1, 90_000, "work"),
        ("SEO audit, usd 900", "SEO audit", 1, 90_000, "work"),
        ("SEO audit, 12,50", "SEO audit", 1, 1_250, "work"),
        ("SEO audit, 1'800", "SEO audit", 1, 180_000, "work"),
        ("Hosting, 12 × 40 (fee)", "Hosting", 12, 4_000, "fee"),
        ("Hosting, 12 × 40 [FEE]", "Hosting", 12, 4_000, "fee"),
        ("Design, build and launch, 2 × 900", "Design, build and launch", 2, 90_000, "work"),
        ("Website, phase 2, 300", "Website, phase 2", 1, 30_000, "work"),
        ("Covid-19 campaign, 5", "Covid-19 campaign", 1, 500, "work"),
        ("4 × 4 wheel, 20", "4 × 4 wheel", 1, 2_000, "work"),
        ("• Logo, 700", "Logo", 1, 70_000, "work"),
        ("1. Logo, 700", "Logo", 1, 70_000, "work"),
        ("Logo\t700", "Logo", 1, 70_000, "work"),
        ("First talk, 0", "First talk", 1, 0, "work"),
        ("Postcards, 500 × $2", "Postcards", 500, 200, "work"),
    ],
)
def test_what_people_type_is_understood(typed: str, title: str, quantity: int, minor: int, kind: str) -> None:
    assert read(typed, "USD") == [NewItem(title, quantity, Money(minor, "USD"), kind)]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("Phase 2", "no price in “Phase 2”"),
        ("Pages 1,800", "no price"),
        ("Covid-19", "no price"),
        ("X, 3 hours × 50", "no price"),
        ("2 × 900", "has no title"),
        ("900", "has no title"),
        (", 2 × 900", "has no title"),
        ("X, 0 × 5", "at least one"),
        ("X, 1.5 × 900", "no whole number"),
        ("X, -5", "negative"),
        ("X, 2 × -900", "negative"),
        ("X, €900", "counted in USD, not in €"),
        ("X, 900 EUR", "counted in USD, not EUR"),
        ("X, 9.001", "two ways"),
        ("X, 1.800", "two ways"),
        ("X, 9,0001.001", "two ways"),
        ("X, 99999999999999", "too large"),
        ("X, 9999999 × $1", "too large"),
        ("X, 900 × 2", "2 at 900, or 900 at 2"),
        (f"{'x' * 151}, 5", "150 characters"),
    ],
)
def test_what_is_not_understood_is_asked_about_by_its_line(typed: str, told: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read(f"Logo, 700\n\n{typed}", "USD")
    assert refusal.value.field == "lines"
    assert refusal.value.sentence.startswith("Line 3: ")
    assert told in refusal.value.sentence


def test_each_wrong_line_is_named_but_not_a_wall_of_them() -> None:
    with pytest.raises(Invalid) as refusal:
        read("\n".join(["one", "two", "three", "Good, 5", "four", "five"]), "USD")
    assert [f"Line {n}:" in refusal.value.sentence for n in (1, 2, 3, 4, 5)] == [True, True, True, False, False]
    assert "And 2 more" in refusal.value.sentence


def test_together_it_must_be_meant() -> None:
    with pytest.raises(Invalid):
        read("\n".join(["X, 1000000 × 99,000.00"] * 2), "USD")
    with pytest.raises(Invalid):
        read("\n".join(["X, 1"] * 51), "USD")


def test_currencies_without_decimals_and_with_three() -> None:
    assert read("Logo, 2 × ¥900", "JPY") == [NewItem("Logo", 2, Money(900, "JPY"))]
    assert read("Logo, 2 × 1.250", "KWD") == [NewItem("Logo", 2, Money(1_250, "KWD"))]
    for typed, currency in (("Logo, 9.5", "JPY"), ("Logo, 9.2501", "KWD"), ("Logo, $9", "JPY")):
        with pytest.raises(Invalid):
            read(typed, currency)


def test_a_line_that_names_a_service_takes_its_price_kind_and_words() -> None:
    audit = Service(
        id=uuid.uuid4(), name="SEO audit", description="Forty pages", kind="fee", price_minor=90_000, currency="USD"
    )
    for typed, quantity in (("seo audit", 1), ("SEO audit × 2", 2), ("3 x SEO audit", 3), ("- SEO audit", 1)):
        (item,) = read(typed, "USD", catalog=[audit])
        assert (item.title, item.quantity, item.unit.minor, item.kind) == ("SEO audit", quantity, 90_000, "fee")
        assert (item.service_id, item.description) == (audit.id, "Forty pages")
    (dearer,) = read("seo audit, 2 × 1,000", "USD", catalog=[audit])
    assert (dearer.title, dearer.amount.minor, dearer.service_id) == ("SEO audit", 200_000, audit.id)


@pytest.mark.parametrize(
    ("typed", "more"),
    [
        ("(optional)", {"optional": True}),
        ("(fee, optional)", {"kind": "fee", "optional": True}),
        ("(fee) (optional)", {"kind": "fee", "optional": True}),
        ("(10% off)", {"discount_percent": Decimal(10)}),
        ("(12.5 % discount)", {"discount_percent": Decimal("12.5")}),
        ("(-10%)", {"discount_percent": Decimal(10)}),
        ("(200 off)", {"discount_minor": 20_000}),
        ("($1,200.50 off, fee)", {"discount_minor": 120_050, "kind": "fee"}),
        ("(20% tax)", {"tax_percent": Decimal(20)}),
        ("(VAT 20%)", {"tax_percent": Decimal(20)}),
        ("(plus 7,7% VAT, optional)", {"tax_percent": Decimal("7.7"), "optional": True}),
        ("(8.875% sales tax)", {"tax_percent": Decimal("8.875")}),
        ("(monthly)", {"period": "month"}),
        ("[per quarter; setup 300]", {"period": "quarter", "setup_minor": 30_000}),
        ("(yearly, set-up fee $1,000)", {"period": "year", "setup_minor": 100_000}),
        ("(weekly, trial 14 days)", {"period": "week", "trial_days": 14}),
        ("(monthly, 2 weeks free)", {"period": "month", "trial_days": 14}),
        ("/month", {"period": "month"}),
        (" per year (setup 5)", {"period": "year", "setup_minor": 500}),
        (" monthly", {"period": "month"}),
    ],
)
def test_the_words_in_brackets_are_understood(typed: str, more: dict[str, object]) -> None:
    behind = typed if typed[0] in "/ " else f" {typed}"
    assert read(f"Hosting, 2 × 4,000{behind}", "USD") == [NewItem("Hosting", 2, Money(400_000, "USD"), **more)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("(per page)", "I do not know “per page”"),
        ("(fee, work)", "of its kind"),
        ("(10% off, 20 off)", "two discounts"),
        ("(monthly, weekly)", "of its kind"),
        ("(120% off)", "more than the whole"),
        ("(101% tax)", "more than the whole"),
        ("(tax -5%)", "negative"),
        ("(-5 off)", "negative"),
        ("(monthly, setup -5)", "negative"),
        ("(monthly, trial -5 days)", "negative"),
        ("(901 off)", "more than the $900 of its line"),
        ("(trial 5 days)", "goes with something that recurs"),
        ("(monthly, trial 500 days)", "too long to be meant"),
        ("(€5 off)", "counted in USD, not in €"),
        ("(5 EUR off)", "counted in USD, not EUR"),
        ("(5.001 off)", "two ways"),
        ("(monthly, setup 99999999999999)", "too large"),
        ("(1.234% off)", "at most 2 decimals"),
        ("(1.2345% tax)", "at most 3 decimals"),
    ],
)
def test_words_in_brackets_that_cannot_be_are_asked_about(typed: str, told: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read(f"Hosting, 900 {typed}", "USD")
    assert refusal.value.field == "lines"
    assert told in refusal.value.sentence


def test_a_service_whose_name_ends_in_brackets() -> None:
    yearly = Service(id=uuid.uuid4(), name="Hosting (yearly)", price_minor=40_000, currency="USD", period="year")
    for typed in ("hosting (yearly)", "Hosting (yearly) (optional)", "2 × Hosting (yearly)", "Hosting (yearly), 400"):
        (item,) = read(typed, "USD", catalog=[yearly])
        assert (item.title, item.period, item.unit.minor) == ("Hosting (yearly)", "year", 40_000)


def test_a_price_alone() -> None:
    assert price("$1,800", "USD") == Money(180_000, "USD")
    with pytest.raises(Invalid) as refusal:
        price("about ten", "USD", field_name="price")
    assert refusal.value.field == "price"


TITLES = st.from_regex(r"[A-Z][a-z]{1,8}( [a-z]{2,8}| \d{1,4}|, [a-z]{2,8}){0,3}", fullmatch=True)


PERCENTS = st.integers(1, 10_000).map(lambda share: Decimal(share) / 100)
SERVICES = [
    Service(id=uuid.uuid4(), name="Care plan", kind="fee", price_minor=9_000, currency="USD", period="month"),
    Service(id=uuid.uuid4(), name="Hosting (yearly)", price_minor=9_000, currency="USD", period="year"),
    Service(id=uuid.uuid4(), name="Launch", price_minor=9_000, currency="USD", tax_percent=Decimal(20)),
]
SERVICES[0].trial_days, SERVICES[0].setup_minor, SERVICES[0].tax_percent = 14, 30_000, Decimal("7.7")


@st.composite
def rows(draw: st.DrawFn, currency: str) -> NewItem:
    """An item of any kind that a line can say, perhaps of the name of a service."""
    quantity, minor = draw(st.integers(1, 5000)), draw(st.integers(0, 9_999_999))
    period = draw(st.sampled_from(["", "week", "month", "quarter", "year"]))
    discount = draw(st.sampled_from(["none", "percent", "amount"]))
    return NewItem(
        draw(TITLES | st.sampled_from([service.name for service in SERVICES])),
        quantity,
        Money(minor, currency),
        draw(st.sampled_from(["work", "fee"])),
        optional=draw(st.booleans()),
        discount_percent=draw(PERCENTS) if discount == "percent" else Decimal(0),
        discount_minor=draw(st.integers(0, quantity * minor)) if discount == "amount" else 0,
        tax_percent=draw(st.sampled_from([Decimal(0), Decimal(20), Decimal("8.875")])),
        period=period,
        trial_days=draw(st.integers(0, 366)) if period else 0,
        setup_minor=draw(st.just(0) | st.integers(0, 10**7)),
    )


@settings(max_examples=120, deadline=None)
@given(st.data(), st.sampled_from(["USD", "JPY", "KWD"]), st.booleans())
def test_what_is_written_is_read_back_the_same(data: st.DataObject, currency: str, with_catalog: bool) -> None:
    items = data.draw(st.lists(rows(currency), min_size=1, max_size=5))
    catalog = SERVICES if with_catalog else []
    again = read(write(items, catalog=catalog), currency, catalog=catalog)
    assert [(item.title, item) for item in again] == [(item.title, item) for item in items]
