"""Milestones and payments as people type them: what is understood, what is asked about, what is read back."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.money import Money
from core.proposals import (
    NewItem,
    Part,
    Point,
    check_schedule,
    moved,
    read_milestones,
    read_schedule,
    write_milestones,
    write_schedule,
)
from core.proposals.days import day_in
from core.proposals.reckoning import WHOLE

TODAY = date(2026, 11, 21)
ITEMS = [
    NewItem("Website", 1, Money(90_000, "USD")),
    NewItem("Design, build", 1, Money(90_000, "USD")),
    NewItem("Hosting", 1, Money(4_000, "USD"), "fee"),
]
POINTS = [Point("Designs ready", date(2026, 12, 12)), Point("Launch", None, 0), Point("Launch", None, 1)]


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("12 Dec", date(2026, 12, 12)),
        ("Dec 12", date(2026, 12, 12)),
        ("12. December", date(2026, 12, 12)),
        ("12th of December 2026", date(2026, 12, 12)),
        ("Sat, 12 Dec", date(2026, 12, 12)),
        ("12.12.2026", date(2026, 12, 12)),
        ("2026-12-12", date(2026, 12, 12)),
        ("1 Feb", date(2027, 2, 1)),
        ("Fri", date(2026, 11, 27)),
        ("saturday", date(2026, 11, 28)),
        ("tomorrow", date(2026, 11, 22)),
        ("+3w", date(2026, 12, 12)),
        ("in 10 days", date(2026, 12, 1)),
        ("Launch", None),
        ("12 Dez", None),
        ("12", None),
    ],
)
def test_days_as_people_type_them(typed: str, day: date | None) -> None:
    assert day_in(typed, TODAY) == day


@pytest.mark.parametrize("typed", ["31 Feb", "20 Nov 2026", "1 Jan 2040", "2026-13-01"])
def test_days_that_cannot_be_are_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        day_in(typed, TODAY)


def test_milestones_are_understood() -> None:
    typed = (
        "- Designs ready, 12 Dec\n\nLaunch · website\nLaunch · Design, build, by Fri\nSprint 2\n3. Handover by 3 March"
    )
    assert read_milestones(typed, ITEMS, TODAY) == [
        Point("Designs ready", date(2026, 12, 12)),
        Point("Launch", None, 0),
        Point("Launch", date(2026, 11, 27), 1),
        Point("Sprint 2"),
        Point("Handover", date(2027, 3, 3)),
    ]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("Launch · Nothing", "no item called “Nothing”"),
        ("Launch, 31 Feb", "not in the calendar"),
        ("12 Dec", "no title"),
        ("x" * 101, "100 characters"),
        ("Launch, 3 Jan 2019", "has passed"),
    ],
)
def test_a_milestone_that_is_not_understood_is_named_by_its_line(typed: str, told: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_milestones(f"Good\n{typed}", ITEMS, TODAY)
    assert refusal.value.field == "milestones"
    assert refusal.value.sentence.startswith("Line 2: ")
    assert told in refusal.value.sentence


def test_a_milestone_stands_there_once() -> None:
    with pytest.raises(Invalid):
        read_milestones("Launch\nlaunch, 12 Dec", ITEMS, TODAY)
    with pytest.raises(Invalid):
        read_milestones("\n".join(f"Point {n}" for n in range(21)), ITEMS, TODAY)


def test_milestones_stay_with_their_items_when_these_move() -> None:
    assert moved(POINTS, ITEMS, [ITEMS[1], ITEMS[2]]) == [POINTS[0], Point("Launch"), Point("Launch", None, 0)]


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("30% on signing", Part("Deposit", "percent", "signing", Decimal(30))),
        ("Deposit: 30% upfront", Part("Deposit", "percent", "signing", Decimal(30))),
        ("deposit of 30% when signed", Part("Deposit", "percent", "signing", Decimal(30))),
        ("33.33 percent at once", Part("Deposit", "percent", "signing", Decimal("33.33"))),
        ("half at the end", Part("Final payment", "percent", "completion", Decimal(50))),
        ("2000 on 1 Feb", Part("Payment", "amount", "date", amount_minor=200_000, due_on=date(2027, 2, 1))),
        ("$2,000.50 by Fri", Part("Payment", "amount", "date", amount_minor=200_050, due_on=date(2026, 11, 27))),
        ("2000 USD on completion", Part("Final payment", "amount", "completion", amount_minor=200_000)),
        ("20% at designs ready", Part("Designs ready", "percent", "milestone", Decimal(20), milestone=0)),
        ("20% when Designs", Part("Designs ready", "percent", "milestone", Decimal(20), milestone=0)),
        ("Second: 20% at Launch · Website", Part("Second", "percent", "milestone", Decimal(20), milestone=1)),
    ],
)
def test_payments_are_understood(typed: str, part: Part) -> None:
    parts, _ = read_schedule(f"{typed}\nthe rest on completion", "USD", POINTS, ITEMS, TODAY)
    assert parts == [part, Part("Final payment", "rest", "completion")]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("30%", "When is “30%” due?"),
        ("soon", "I do not understand"),
        ("-5% on signing", "negative"),
        ("120% on signing", "more than the whole"),
        ("5.555% on signing", "at most 2 decimals"),
        ("0% on signing", "comes to nothing"),
        ("0 on signing", "comes to nothing"),
        ("€200 on signing", "counted in USD, not in €"),
        ("200 EUR on signing", "counted in USD, not EUR"),
        ("-200 on signing", "negative"),
        ("99999999999999999 on signing", "too large"),
        ("200.123 on signing", "two ways"),
        ("20% at Nowhere", "no day and no milestone called “Nowhere”"),
        ("20% at Launch", "more than one milestone"),
        ("20% on 31 Feb", "not in the calendar"),
        ("20% on 3 Jan 2019", "has passed"),
    ],
)
def test_a_payment_that_is_not_understood_is_named_by_its_line(typed: str, told: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_schedule(f"10% on signing\n{typed}", "USD", POINTS, ITEMS, TODAY)
    assert refusal.value.field == "schedule"
    assert refusal.value.sentence.startswith("Line 2: ")
    assert told in refusal.value.sentence


def test_exactly_one_line_is_the_rest() -> None:
    def read(typed: str) -> tuple[list[str], str]:
        parts, note = read_schedule(typed, "USD", POINTS, ITEMS, TODAY)
        return [part.share for part in parts], note

    assert read("") == (["rest"], "")
    assert read_schedule("", "USD", POINTS, ITEMS, TODAY)[0] == list(WHOLE)
    assert read("all on 1 Feb") == (["rest"], "")
    assert read("100% on signing") == (["rest"], "")
    assert read("30% on signing\n70% on completion") == (["percent", "rest"], "")
    added, note = read("30% on signing\n200 on 1 Feb")
    assert added == ["percent", "amount", "rest"]
    assert "“the rest on completion” was added" in note
    for wrong in (
        "60% on signing\n60% on completion",
        "the rest on signing\nthe rest on completion",
        "100% on signing\nthe rest on completion",
        "50% on signing\n200 on 1 Feb\n50% on completion",
    ):
        with pytest.raises(Invalid) as refusal:
            read(wrong)
        assert refusal.value.field == "schedule"


def test_fixed_payments_are_not_more_than_it_comes_to_at_least() -> None:
    parts, _ = read_schedule("50% on signing\n600 on 1 Feb\nthe rest on completion", "USD", POINTS, ITEMS, TODAY)
    check_schedule(parts, POINTS, Money(120_000, "USD"))
    with pytest.raises(Invalid) as refusal:
        check_schedule(parts, POINTS, Money(119_999, "USD"))
    assert "$1,199.99" in refusal.value.sentence
    with pytest.raises(Invalid):
        check_schedule([Part("A", "rest", "milestone", milestone=7)], POINTS, Money(1, "USD"))
    with pytest.raises(Invalid):
        check_schedule([Part("A", "percent", "signing", Decimal(5))], POINTS, Money(1, "USD"))


NAMES = st.from_regex(r"[A-Z][a-z]{1,7}( [a-z]{2,7}| \d{1,3}|, [a-z]{2,7}){0,2}", fullmatch=True).filter(
    lambda name: not re.search(r"(?i)\b(deposit|advance|payment|rest|balance|remain|all|half|whole|by|on|for)", name)
)
DAYS = st.integers(0, 1500).map(lambda days: TODAY + timedelta(days=days))
POINT = st.builds(Point, NAMES, st.none() | DAYS, st.none() | st.integers(0, 2))


@st.composite
def plans(draw: st.DrawFn) -> tuple[str, list[Point], list[Part]]:
    """A currency, milestones, and a schedule with one rest."""
    currency = draw(st.sampled_from(["USD", "JPY", "KWD"]))
    points = draw(st.lists(POINT, max_size=4, unique_by=lambda point: (point.title.casefold(), point.item)))
    dues: list[dict[str, object]] = [{"due": "signing"}, {"due": "completion"}]
    dues += [{"due": "milestone", "milestone": place} for place in range(len(points))]
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        due = draw(st.sampled_from(dues) | DAYS.map(lambda day: {"due": "date", "due_on": day}))
        label = draw(NAMES)
        if draw(st.booleans()):
            percent = Decimal(draw(st.integers(1, 2400))) / 100
            parts.append(Part(label, "percent", percent=percent, **due))  # type: ignore[arg-type]
        else:
            parts.append(Part(label, "amount", amount_minor=draw(st.integers(1, 10**9)), **due))  # type: ignore[arg-type]
    rest = Part(draw(NAMES), "rest", **draw(st.sampled_from(dues)))  # type: ignore[arg-type]
    parts.insert(draw(st.integers(0, len(parts))), rest)
    return currency, points, parts


@settings(max_examples=120, deadline=None)
@given(plans())
def test_what_is_written_is_read_back_the_same(plan: tuple[str, list[Point], list[Part]]) -> None:
    currency, points, parts = plan
    assert read_milestones(write_milestones(points, ITEMS), ITEMS, TODAY) == points
    typed = write_schedule(parts, currency, points, ITEMS)
    assert read_schedule(typed, currency, points, ITEMS, TODAY) == (parts, "")
