"""A proposal as the browser shows it: the frozen text word for word, and every figure, with the options that are chosen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.blocks.proposals.choosing import EACH, due_at_once
from core.money import Money
from core.proposals import Document, NewItem, Offer, Sum, difference, due_of, own_discount, share_of


@dataclass(frozen=True)
class Line:
    """An item: its words, its price as it comes about (“2 × $900, less 10%”), and what it comes to."""

    position: int
    title: str
    description: str
    fee: bool
    how: str
    amount: str
    each: str
    chosen: bool = True


@dataclass(frozen=True)
class Figure:
    """A line of the sums: what, how much, and whether it is one that counts."""

    label: str
    amount: str
    strong: bool = False
    note: str = ""


@dataclass(frozen=True)
class Instalment:
    """A line of the payment schedule."""

    label: str
    when: str
    share: str
    amount: str


@dataclass(frozen=True)
class Text:
    """Everything that the page shows of a document, in words."""

    offer: Offer
    chosen: tuple[int, ...]

    @property
    def document(self) -> Document:
        """The frozen text."""
        return self.offer.document

    @property
    def total(self) -> Sum:
        """What the choice comes to."""
        return self.document.sum(self.chosen)

    @property
    def fixed(self) -> list[Line]:
        """The items that are part of it whatever is chosen."""
        return [self._line(place, item) for place, item in enumerate(self.document.items) if not item.optional]

    @property
    def options(self) -> list[Line]:
        """The items that the client chooses."""
        return [self._line(place, item) for place, item in enumerate(self.document.items) if item.optional]

    @property
    def figures(self) -> list[Figure]:
        """How the total comes about, the total, and what recurs."""
        known, paper = self.total, self.document
        own = _sum([own_discount(row.item) for row in known.items if not row.item.period], known.currency)
        coupon = known.discount - own
        found = []
        if coupon and paper.coupon:
            found.append(Figure(f"Coupon {paper.coupon.code}", f"−{self._show(coupon)}"))
        if known.taxes:
            found.append(Figure("Before tax", self._show(known.net)))
        found += [
            Figure(f"{tax.percent.normalize():f}% tax on {self._show(tax.on)}", self._show(tax.tax))
            for tax in known.taxes
        ]
        if known.once or not known.recurring:
            found.append(Figure("Total", self._show(known.once), True, "tax included" if known.taxes else ""))
        taxed = any(row.item.tax_percent for row in known.items if row.item.period)
        for period, first, later in known.recurring:
            note = ["tax included"] if taxed else []
            note += [f"{self._show(first)} for the first"] if first != later else []
            label = "and" if known.once else "Total"
            found.append(Figure(label, f"{self._show(later)} {EACH[period]}", True, ", ".join(note)))
        return found

    @property
    def with_all(self) -> str:
        """What it is with all options, where not all of them are chosen and there is a choice."""
        most = self.document.sum(self.document.options)
        if self.offer.bound is not None or set(self.chosen) == set(self.document.options):
            return ""
        return _worth(most, self.offer.locale)

    @property
    def worth(self) -> str:
        """What it comes to, in a few words: $4,200 and $40 a month."""
        return _worth(self.total, self.offer.locale)

    @property
    def due(self) -> str:
        """What is due at once when all have signed."""
        amount, rest = due_at_once(self.document, self.chosen, self.offer.locale)
        return f"{amount} {rest}".rstrip() or "Nothing"

    @property
    def due_when(self) -> str:
        """When that is."""
        if not self.offer.open:
            return "Due on signing"
        return "Due once everyone has signed" if len(self.document.signers) > 1 else "Due today"

    @property
    def payments(self) -> list[Instalment]:
        """The schedule, where it is more than all of it on signing."""
        paper = self.document
        if not self.total.once or (len(paper.schedule) == 1 and paper.schedule[0].due == "signing"):
            return []
        return [
            Instalment(
                part.label,
                due_of(part, paper.milestones, paper.items),
                "" if part.share == "amount" or len(paper.schedule) == 1 else share_of(part, paper.currency),
                self._show(amount),
            )
            for part, amount in paper.payments(self.chosen)
        ]

    @property
    def milestones(self) -> list[tuple[str, str, str]]:
        """What is reached: its title, of which item, by when."""
        items = self.document.items
        return [
            (
                point.title,
                items[point.item].title if point.item is not None and point.item < len(items) else "",
                f"{point.due_on:%a %-d %b %Y}" if point.due_on else "",
            )
            for point in self.document.milestones
        ]

    @property
    def before(self) -> list[Figure]:
        """For a change of scope: what was agreed, and what it becomes."""
        known = difference(self.document, self.chosen)
        if known is None:
            return []
        found = [
            Figure("Agreed so far", self._show(known.before)),
            Figure("With this", self._show(known.after), True),
        ]
        if known.until_before and known.until_after:
            found.append(Figure("Planned until", f"{known.until_before:%-d %b %Y} → {known.until_after:%-d %b %Y}"))
        return found

    def _line(self, position: int, item: NewItem) -> Line:
        off, parts = own_discount(item), []
        if item.quantity != 1:
            parts.append(f"{item.quantity} × {self._show(item.unit)}")
        if off:
            less = f"{item.discount_percent.normalize():f}%" if item.discount_percent else self._show(off)
            parts.append(f"less {less}" if parts else f"{self._show(item.unit)} less {less}")
        if item.tax_percent:
            parts.append(f"+ {item.tax_percent.normalize():f}% tax")
        if item.trial_days:
            parts.append(f"the first {item.trial_days} days free" if item.trial_days > 1 else "the first day free")
        if item.setup:
            parts.append(f"{self._show(item.setup)} once to set up")
        return Line(
            position,
            item.title,
            item.description,
            item.kind == "fee",
            ", ".join(parts),
            self._show(item.amount - off),
            EACH[item.period] if item.period else "",
            not item.optional or position in self.chosen,
        )

    def _show(self, amount: Money) -> str:
        return amount.show(self.offer.locale)


def chosen_in(fields: Collection[str]) -> tuple[int, ...]:
    """The positions that a form's fields “option.3” choose; what is not offered is among them, and refused on signing."""
    named = [field.removeprefix("option.") for field in fields if field.startswith("option.")]
    return tuple(sorted({int(each) for each in named if each.isascii() and each.isdecimal() and len(each) < 6}))


def offered(document: Document, chosen: Sequence[int]) -> tuple[int, ...]:
    """Those of them that there are."""
    return tuple(each for each in chosen if each in document.options)


def _worth(known: Sum, locale: str) -> str:
    parts = [known.once.show(locale)] if known.once or not known.recurring else []
    return " and ".join([*parts, *(f"{later.show(locale)} {EACH[period]}" for period, _, later in known.recurring)])


def _sum(amounts: Sequence[Money], currency: str) -> Money:
    return sum(amounts, Money.zero(currency))
