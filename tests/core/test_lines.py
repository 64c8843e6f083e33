"""Items as people type them: what is understood, what is asked about, what is read back."""

import uuid

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


def test_a_price_alone() -> None:
    assert price("$1,800", "USD") == Money(180_000, "USD")
    with pytest.raises(Invalid) as refusal:
        price("about ten", "USD", field_name="price")
    assert refusal.value.field == "price"


TITLES = st.from_regex(r"[A-Z][a-z]{1,8}( [a-z]{2,8}| \d{1,4}|, [a-z]{2,8}){0,3}", fullmatch=True)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(TITLES, st.integers(1, 5000), st.integers(0, 9_999_999), st.sampled_from(["work", "fee"])),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_what_is_written_is_read_back_the_same(rows: list[tuple[str, int, int, str]], currency: str) -> None:
    items = [NewItem(title, quantity, Money(minor, currency), kind) for title, quantity, minor, kind in rows]
    assert read(write(items), currency) == items
