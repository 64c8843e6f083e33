"""What a proposal comes to: discounts, coupon, tax and schedule add up to the last unit, whatever is chosen."""

from collections.abc import Collection
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.money import Money, total
from core.proposals import NewItem, Part, Reduction, Sum, check_schedule, divide, own_discount, reckon

SERVICES = [UUID(int=1), UUID(int=2)]
RATES = [Decimal(0), Decimal(5), Decimal("7.7"), Decimal("8.875"), Decimal(20)]


def item(minor: int, currency: str = "USD", **more: object) -> NewItem:
    return NewItem("Work", 1, Money(minor, currency), **more)  # type: ignore[arg-type]


def test_the_own_discount_the_coupon_then_the_tax() -> None:
    items = [
        item(100_000, discount_percent=Decimal(10), tax_percent=Decimal(20)),
        item(10_000, discount_minor=1_000, tax_percent=Decimal(5)),
        item(50_000, optional=True, tax_percent=Decimal(20)),
    ]
    known = reckon(items, "USD", (), Reduction("TEN", Decimal(10)))
    assert [row.net.minor for row in known.items] == [81_000, 8_100]
    assert [(line.percent, line.on.minor, line.tax.minor) for line in known.taxes] == [
        (Decimal(5), 8_100, 405),
        (Decimal(20), 81_000, 16_200),
    ]
    assert (known.net.minor, known.discount.minor, known.once.minor) == (89_100, 20_900, 105_705)
    assert reckon(items, "USD", (2,)).once.minor == 90_000 + 9_000 + 50_000 + 450 + 28_000


def test_a_coupon_on_what_recurs_lowers_the_first_payment_or_all() -> None:
    items = [item(4_000, period="month", setup_minor=10_000, tax_percent=Decimal(20))]
    first = reckon(items, "USD", (), Reduction("HALF", Decimal(50)))
    assert first.recurring == (("month", Money(2_400, "USD"), Money(4_800, "USD")),)
    assert first.once.minor == 12_000
    ever = reckon(items, "USD", (), Reduction("HALF", Decimal(50), forever=True))
    assert ever.recurring == (("month", Money(2_400, "USD"), Money(2_400, "USD")),)


def test_an_amount_is_taken_off_once_and_never_more_than_there_is() -> None:
    items = [item(3_000), item(4_000, period="month"), item(5_000, period="year")]
    known = reckon(items, "USD", (), Reduction("BIG", amount_minor=6_000))
    assert known.once.minor == 0
    assert known.recurring == (
        ("month", Money(1_000, "USD"), Money(4_000, "USD")),
        ("year", Money(5_000, "USD"), Money(5_000, "USD")),
    )


def test_a_coupon_is_for_its_services() -> None:
    items = [item(3_000, service_id=SERVICES[0]), item(3_000)]
    known = reckon(items, "USD", (), Reduction("ONE", Decimal(50), services=(SERVICES[0],)))
    assert [row.net.minor for row in known.items] == [1_500, 3_000]


def test_three_thirds_by_largest_remainder() -> None:
    third = Decimal("33.33")
    parts = [Part("A", "percent", "signing", third), Part("B", "percent", "completion", third)]
    parts.append(Part("C", "rest", "completion"))
    assert [amount.minor for amount in divide(Money(1_000, "JPY"), parts)] == [333, 333, 334]


def test_rounding_never_makes_the_rest_negative() -> None:
    """With these shares the rest gets one unit less of a total that is one more: what it cannot hold is taken off the
    others."""
    parts = [Part("A", "percent", "signing", Decimal("42.86")), Part("B", "percent", "signing", Decimal("42.86"))]
    parts.append(Part("C", "rest", "completion"))
    seen = [divide(Money(minor, "JPY"), parts) for minor in range(40)]
    drop = next(n for n in range(1, 40) if seen[n][2].minor < seen[n - 1][2].minor)
    fixed = [*parts, Part("D", "amount", "signing", amount_minor=seen[drop - 1][2].minor)]
    check_schedule(fixed, [], Money(drop - 1, "JPY"))
    amounts = divide(Money(drop, "JPY"), fixed)
    assert sum(amount.minor for amount in amounts) == drop
    assert min(amount.minor for amount in amounts) == 0


PERCENTS = st.integers(0, 10_000).map(lambda share: Decimal(share) / 100)


@st.composite
def offers(draw: st.DrawFn) -> tuple[str, list[NewItem], Reduction | None]:
    """Items of all kinds in one currency, and perhaps a coupon."""
    currency = draw(st.sampled_from(["USD", "JPY", "KWD"]))
    items = []
    for number in range(draw(st.integers(1, 6))):
        quantity, unit = draw(st.integers(1, 40)), draw(st.integers(0, 10**7))
        period = draw(st.sampled_from(["", "", "", "week", "month", "quarter", "year"]))
        discount = draw(st.sampled_from(["none", "percent", "amount"]))
        items.append(
            NewItem(
                "Work",
                quantity,
                Money(unit, currency),
                service_id=draw(st.sampled_from([None, *SERVICES])),
                optional=number > 0 and draw(st.booleans()),
                discount_percent=draw(PERCENTS) if discount == "percent" else Decimal(0),
                discount_minor=draw(st.integers(0, quantity * unit)) if discount == "amount" else 0,
                tax_percent=draw(st.sampled_from(RATES)),
                period=period,
                setup_minor=draw(st.integers(0, 10**5)) if draw(st.booleans()) else 0,
            )
        )
    coupon = None
    if draw(st.booleans()):
        services = tuple(draw(st.sets(st.sampled_from(SERVICES))))
        forever = draw(st.booleans())
        if draw(st.booleans()):
            coupon = Reduction("C", draw(PERCENTS), services=services, forever=forever)
        else:
            coupon = Reduction("C", amount_minor=draw(st.integers(0, 10**8)), services=services, forever=forever)
    return currency, items, coupon


def adds_up(known: Sum, items: list[NewItem], chosen: Collection[int], coupon: Reduction | None) -> None:
    currency = known.currency
    rows = known.items
    assert [row.position for row in rows] == [n for n, each in enumerate(items) if not each.optional or n in chosen]
    for row in rows:
        assert row.net + row.discount == row.item.amount
        assert 0 <= row.net.minor <= (row.item.amount - own_discount(row.item)).minor
        assert min(row.tax.minor, row.setup_tax.minor, row.later_tax.minor) >= 0
        assert row.net.minor <= row.later_net.minor <= row.item.amount.minor
        if coupon is None or not coupon.covers(row.item):
            assert row.net == row.item.amount - own_discount(row.item)
    once = [row for row in rows if not row.item.period]
    assert known.net == total([row.net for row in once] + [row.item.setup for row in rows], currency)
    assert known.discount == total([row.discount for row in once], currency)
    taxes = [row.tax for row in once] + [row.setup_tax for row in rows]
    assert total([line.tax for line in known.taxes], currency) == total(taxes, currency)
    assert known.once == known.net + total(taxes, currency)
    assert known.once.minor >= 0
    for line in known.taxes:
        of_rate = [row for row in rows if row.item.tax_percent == line.percent]
        own = [row.net for row in of_rate if not row.item.period] + [row.item.setup for row in of_rate]
        assert line.on == total(own, currency)
        assert line.tax == line.on.percent(line.percent)
    for period, first, later in known.recurring:
        of_period = [row for row in rows if row.item.period == period]
        assert first == total([row.net + row.tax for row in of_period], currency)
        assert later == total([row.later_net + row.later_tax for row in of_period], currency)
        for rate in RATES:
            taxed = [row for row in of_period if row.item.tax_percent == rate]
            assert total([row.tax for row in taxed], currency) == total([row.net for row in taxed], currency).percent(
                rate
            )


@settings(max_examples=120, deadline=None)
@given(offers(), st.data())
def test_it_adds_up_whatever_is_chosen(offer: tuple[str, list[NewItem], Reduction | None], data: st.DataObject) -> None:
    currency, items, coupon = offer
    options = [n for n, each in enumerate(items) if each.optional]
    least = reckon(items, currency, (), coupon)
    percents = data.draw(st.lists(st.integers(1, 2_500), max_size=4))
    parts = [Part("A", "percent", "signing", Decimal(share) / 100) for share in percents]
    parts += [
        Part("B", "amount", "signing", amount_minor=minor)
        for minor in data.draw(st.lists(st.integers(1, 10**6), max_size=2))
    ]
    parts.insert(data.draw(st.integers(0, len(parts))), Part("C", "rest", "completion"))
    try:
        check_schedule(parts, [], least.once)
        sound = True
    except Invalid:
        sound = False
    for chosen in [(), options, data.draw(st.sets(st.sampled_from(options))) if options else ()]:
        known = reckon(items, currency, chosen, coupon)
        adds_up(known, items, chosen, coupon)
        amounts = divide(known.once, parts)
        assert total(amounts, currency) == known.once
        assert min(amount.minor for amount in amounts) >= 0
        for part, amount in zip(parts, amounts, strict=True):
            if sound and part.share == "amount":
                assert abs(amount.minor - part.amount_minor) <= len(RATES) + len(parts)
            if sound and part.share == "percent":
                exact = known.once.minor * part.percent / 100
                assert abs(amount.minor - exact) < len(RATES) + len(parts)


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
def test_nothing_is_divided_into_nothing(currency: str) -> None:
    parts = [Part("A", "percent", "signing", Decimal(30)), Part("B", "rest", "completion")]
    assert divide(Money(0, currency), parts) == [Money(0, currency)] * 2
