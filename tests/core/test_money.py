"""Money: read as typed, shown in its currency's form, and divided so that nothing is lost."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.money import MOST, Money, currency_code


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("900", "USD", 90_000),
        ("1,800", "USD", 180_000),
        ("$1,250.50", "USD", 125_050),
        ("900.5 USD", "USD", 90_050),
        ("12,50", "EUR", 1_250),
        ("1.800,00", "EUR", 180_000),
        ("900", "JPY", 900),
        ("1.234", "KWD", 1_234),
        ("0", "USD", 0),
    ],
)
def test_what_people_type(typed: str, currency: str, minor: int) -> None:
    assert Money.parse(typed, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("typed", "currency"),
    [
        ("", "USD"),
        ("a lot", "USD"),
        ("-5", "USD"),
        ("900.505", "USD"),
        ("9.5", "JPY"),
        ("900 EUR", "USD"),
        (str(MOST), "USD"),
        ("1.2.3", "USD"),
    ],
)
def test_what_cannot_be_taken_is_refused_at_the_field(typed: str, currency: str) -> None:
    with pytest.raises(Invalid) as caught:
        Money.parse(typed, currency, field="price")
    assert caught.value.field == "price"
    assert caught.value.sentence.endswith(".")


def test_money_is_shown_in_its_currencys_form() -> None:
    shown = [
        Money(180_000, "USD").show(),
        Money(90_050, "USD").show(),
        Money(900, "JPY").show(),
        Money(1_250, "EUR").show("de_DE"),
    ]
    assert shown == ["$1,800", "$900.50", "¥900", "12,50\xa0€"]


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Money(1, "USD") + Money(1, "EUR")
    assert currency_code(" eur ") == "EUR"
    with pytest.raises(Invalid):
        currency_code("XXZ")


def test_a_percentage_rounds_half_away_from_zero() -> None:
    assert Money(25, "USD").percent(Decimal(10)) == Money(3, "USD")


@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(lambda w: sum(w) > 0),
)
def test_the_parts_add_up_to_the_whole(minor: int, weights: list[int]) -> None:
    parts = Money(minor, "USD").allocate(weights)
    assert sum(part.minor for part in parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        exact = abs(minor) * weight / sum(weights)
        assert abs(abs(part.minor) - exact) < 1 + 1e-3
        assert part.minor * minor >= 0
