"""What a proposal comes to: discounts, coupon and tax to the last cent, whatever is chosen, and the schedule that divides it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.errors import Invalid
from core.money import Money, total
from core.proposals.lines import NewItem

ONCE = ""
"""The period of what is paid once."""


@dataclass(frozen=True)
class Reduction:
    """What a coupon takes off: a share, or an amount, of the items of some services or of all (`services` empty)."""

    code: str
    percent: Decimal = Decimal(0)
    amount_minor: int = 0
    services: tuple[UUID, ...] = ()
    forever: bool = False
    """Whether it lowers every payment of what recurs, and not only the first."""

    def covers(self, item: NewItem) -> bool:
        """Whether it is for this item."""
        return not self.services or item.service_id in self.services


@dataclass(frozen=True)
class Reckoned:
    """One chosen item with what it comes to: `net` after its discount and the coupon, `tax` on that."""

    position: int
    item: NewItem
    discount: Money
    net: Money
    tax: Money
    setup_tax: Money
    later_net: Money
    """What a later period of something recurring comes to, where the coupon lowers only the first; else `net`."""
    later_tax: Money

    @property
    def gross(self) -> Money:
        """With its tax."""
        return self.net + self.tax


@dataclass(frozen=True)
class TaxLine:
    """A rate, what it is reckoned on, and what it comes to."""

    percent: Decimal
    on: Money
    tax: Money


@dataclass(frozen=True)
class Sum:
    """What the chosen items come to. `once` is what is paid once, set-up fees included; `recurring` what each period costs."""

    currency: str
    items: tuple[Reckoned, ...]
    net: Money
    discount: Money
    taxes: tuple[TaxLine, ...]
    once: Money
    """Paid once, tax included: what the schedule divides and the order is worth."""
    recurring: tuple[tuple[str, Money, Money], ...]
    """For each period that occurs: its name, the first payment and a later one, tax included."""


def reckon(
    items: Sequence[NewItem], currency: str, chosen: Collection[int] = (), coupon: Reduction | None = None
) -> Sum:
    """What the items come to that are not optional, or whose position is in `chosen`.

    Each item's own discount first, then the coupon over what it covers (allocated by largest remainder), then tax for
    each rate over the sum of what is taxed at it, half a unit away from zero, allocated back in the same way. What is
    paid once and each period are reckoned apart. The parts always add up to the sums exactly.
    """
    taken = [(position, item) for position, item in enumerate(items) if not item.optional or position in chosen]
    before = [item.amount - own_discount(item) for _, item in taken]
    with_coupon = _less(taken, before, coupon, currency)
    later = with_coupon if coupon is None or coupon.forever else before
    net_tax, setup_tax = _taxes(taken, with_coupon, currency, setup=True)
    later_tax, _ = _taxes(taken, later, currency, setup=True)
    rows = tuple(
        Reckoned(
            position,
            item,
            item.amount - with_coupon[i],
            with_coupon[i],
            net_tax[i],
            setup_tax[i],
            later[i] if item.period else with_coupon[i],
            later_tax[i] if item.period else net_tax[i],
        )
        for i, (position, item) in enumerate(taken)
    )
    zero = Money.zero(currency)
    once = [row for row in rows if row.item.period == ONCE]
    setups = [row for row in rows if row.item.setup]
    net = total([row.net for row in once] + [row.item.setup for row in setups], currency)
    periods = [period for period in ("week", "month", "quarter", "year") if any(r.item.period == period for r in rows)]
    return Sum(
        currency,
        rows,
        net,
        total([row.discount for row in once], currency),
        _rates(once, setups, currency),
        net + total([row.tax for row in once] + [row.setup_tax for row in setups], currency),
        tuple(
            (
                period,
                total([row.gross for row in rows if row.item.period == period], currency),
                sum((row.later_net + row.later_tax for row in rows if row.item.period == period), zero),
            )
            for period in periods
        ),
    )


def own_discount(item: NewItem) -> Money:
    """What an item's own discount takes off; never more than the item costs."""
    off = item.amount.percent(item.discount_percent) if item.discount_percent else item.discount
    return off if off.minor <= item.amount.minor else item.amount


def _less(
    taken: Sequence[tuple[int, NewItem]], before: Sequence[Money], coupon: Reduction | None, currency: str
) -> list[Money]:
    """The amounts less the coupon's share in each; an amount is taken off once, first off what is paid once."""
    after = list(before)
    if coupon is None:
        return after
    left = coupon.amount_minor
    for period in ("", "week", "month", "quarter", "year"):
        held = [i for i, (_, item) in enumerate(taken) if item.period == period and coupon.covers(item)]
        base = total([before[i] for i in held], currency)
        if not base:
            continue
        off = base.percent(coupon.percent) if coupon.percent else Money(min(left, base.minor), currency)
        left -= 0 if coupon.percent else off.minor
        for i, part in zip(held, off.allocate([before[i].minor for i in held]), strict=True):
            after[i] = before[i] - part
    return after


def _taxes(
    taken: Sequence[tuple[int, NewItem]], nets: Sequence[Money], currency: str, *, setup: bool
) -> tuple[list[Money], list[Money]]:
    """Each item's tax, and each set-up fee's: for each period and rate over the sum, allocated back."""
    zero = Money.zero(currency)
    tax, setup_tax = [zero] * len(taken), [zero] * len(taken)
    for period in ("", "week", "month", "quarter", "year"):
        for rate in sorted({item.tax_percent for _, item in taken}):
            parts: list[tuple[list[Money], int, Money]] = [
                (tax, i, nets[i])
                for i, (_, item) in enumerate(taken)
                if item.period == period and item.tax_percent == rate
            ]
            if period == ONCE and setup:
                parts += [
                    (setup_tax, i, item.setup)
                    for i, (_, item) in enumerate(taken)
                    if item.setup and item.tax_percent == rate
                ]
            on = total([amount for _, _, amount in parts], currency)
            if not rate or not on:
                continue
            shares = on.percent(rate).allocate([amount.minor for _, _, amount in parts])
            for (column, i, _), share in zip(parts, shares, strict=True):
                column[i] = share
    return tax, setup_tax


def _rates(once: Sequence[Reckoned], setups: Sequence[Reckoned], currency: str) -> tuple[TaxLine, ...]:
    lines = []
    for rate in sorted({row.item.tax_percent for row in [*once, *setups]} - {Decimal(0)}):
        own = [row for row in once if row.item.tax_percent == rate]
        extra = [row for row in setups if row.item.tax_percent == rate]
        on = total([row.net for row in own] + [row.item.setup for row in extra], currency)
        lines.append(TaxLine(rate, on, total([r.tax for r in own] + [r.setup_tax for r in extra], currency)))
    return tuple(lines)


@dataclass(frozen=True)
class Part:
    """A line of a payment schedule: a share of what is paid once, and when it is due."""

    label: str
    share: str
    """`percent`, `amount` or `rest`: exactly one line of a schedule is the rest."""
    due: str
    """`signing`, `date`, `milestone` or `completion`."""
    percent: Decimal = Decimal(0)
    amount_minor: int = 0
    due_on: date | None = None
    milestone: int | None = None


@dataclass(frozen=True)
class Point:
    """A milestone: what is reached, and by when; `item` is the position of the item it belongs to, if it says so."""

    title: str
    due_on: date | None = None
    item: int | None = None


WHOLE = (Part("Payment", "rest", "signing"),)
"""The schedule where nobody says otherwise: all of it on signing."""


def divide(whole: Money, parts: Sequence[Part]) -> list[Money]:
    """What each line of the schedule comes to: shares by largest remainder, the rest less the fixed amounts.

    The parts add up to the whole exactly and none is negative, whatever the whole is: what the rest cannot hold is
    taken off the other payments, the last first. `check_schedule` refuses a schedule in which that would be more than
    a matter of rounding.
    """
    amounts = _divided(whole, parts)
    rest = next(i for i, part in enumerate(parts) if part.share == "rest")
    missing = max(0, -amounts[rest].minor)
    amounts[rest] += Money(missing, whole.currency)
    for i in reversed(range(len(parts))):
        off = Money(min(missing, amounts[i].minor) if i != rest else 0, whole.currency)
        amounts[i] -= off
        missing -= off.minor
    return amounts


def _divided(whole: Money, parts: Sequence[Part]) -> list[Money]:
    """The same, but the rest below zero where the fixed amounts are more than it holds."""
    shares = [int(part.percent * 100) if part.share == "percent" else 0 for part in parts]
    rest = next(i for i, part in enumerate(parts) if part.share == "rest")
    shares[rest] = 10_000 - sum(shares)
    if shares[rest] < 0:
        raise Invalid("The percentages of the payment schedule are more than 100 together.", field="schedule")
    amounts = whole.allocate(shares)
    for i, part in enumerate(parts):
        if part.share == "amount":
            amounts[i] = Money(part.amount_minor, whole.currency)
            amounts[rest] -= amounts[i]
    return amounts


def check_schedule(parts: Sequence[Part], points: Sequence[Point], least: Money) -> None:
    """Invalid, with what to change, unless the schedule adds up whatever the client chooses.

    `least` is the smallest total that can be chosen: shares grow with the total, so what holds there holds for all.
    """
    rests = sum(part.share == "rest" for part in parts)
    if rests != 1:
        told = "One line of the schedule must be “the rest”, so that it adds up whatever is chosen."
        raise Invalid(told if not rests else "Only one line of the schedule can be “the rest”.", field="schedule")
    for part in parts:
        if part.due == "milestone" and (part.milestone is None or not 0 <= part.milestone < len(points)):
            raise Invalid(f"“{part.label}” waits for a milestone that is not there.", field="schedule")
    rest = next(i for i, part in enumerate(parts) if part.share == "rest")
    if _divided(least, parts)[rest].minor < 0:
        raise Invalid(
            f"The payments before the rest are more than the {least.show()} that it comes to at least, tax included,"
            " so nothing would be left for the rest.",
            field="schedule",
        )
