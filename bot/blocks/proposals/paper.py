"""The exact text that is signed, as blocks: people's words as they are, never as markup, and every figure in it."""

from collections.abc import Iterator, Sequence

from bot.blocks import kit
from bot.blocks.kit import Block
from bot.blocks.proposals.choosing import EACH
from core.money import Money
from core.proposals import Document, NewItem, Offer, Part, Point, Sum, due_of, own_discount, share_of

PACKED, ABOUT = 2800, 1000
"""Characters that are put into one block, and past which an item's description stands by itself."""

Piece = tuple[str, bool]
"""Words, and whether they stand out."""


def document(offer: Offer) -> list[Block]:
    """The exact text that is signed: title, parties, every item with its price, options, totals, milestones, payments,
    terms, signers, expiry."""
    return _Text(offer.document, offer.locale, offer.agency).blocks()


def rich(pieces: Sequence[Piece]) -> Block:
    """Words in which no sign is markup; those that stand out are bold."""
    elements = [
        {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})} for text, bold in pieces if text
    ]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


class _Text:
    """One document, for readers of one locale."""

    def __init__(self, document: Document, locale: str, agency: str) -> None:
        self.document, self.locale, self.agency = document, locale, agency
        self.least, self.most = document.sum(), document.sum(document.options)

    def blocks(self) -> list[Block]:
        """All of it, in the order in which it is read."""
        paper = self.document
        scope = paper.kind == "scope"
        opening = [("Change of scope, from " if scope else "From ", False), (paper.agency, True)]
        found = [kit.header(paper.title), rich([*opening, (" to ", False), (paper.company, True)])]
        if paper.purpose:
            found += kit.pages(paper.purpose)
        if scope:
            found.append(rich([("What is added", True)]))
        found += self._items([item for item in paper.items if not item.optional])
        if paper.options:
            found.append(rich([("Optional: you choose when signing", True)]))
            found += self._items([paper.items[position] for position in paper.options])
        found.append(rich(self._totals()))
        found += self._lists()
        if paper.terms:
            version = f" ({paper.terms_name}, version {paper.terms_version})" if paper.terms_version else ""
            found += [rich([(f"Terms{version}", True)]), *kit.pages(paper.terms)]
        found.append(rich(list(self._signers())))
        return found

    def show(self, amount: Money) -> str:
        """An amount, for these readers."""
        return amount.show(self.locale)

    def _items(self, items: Sequence[NewItem]) -> list[Block]:
        """The items in as few blocks as Slack's limit allows, not a letter of them cut."""
        found: list[Block] = []
        held: list[Piece] = []

        def put() -> None:
            if held:
                found.append(rich(held))
            held.clear()

        for item in items:
            pieces = self._item(item)
            if item.description and len(item.description) <= ABOUT:
                pieces.append((f"\n{item.description}", False))
            if sum(len(text) for text, _ in [*held, *pieces]) > PACKED:
                put()
            held += [("\n\n", False), *pieces] if held else pieces
            if len(item.description) > ABOUT:
                put()
                found += kit.pages(item.description)
        put()
        return found

    def _item(self, item: NewItem) -> list[Piece]:
        """An item's title, and its price as it comes about."""
        off = own_discount(item)
        price = self.show(item.unit)
        if item.quantity != 1:
            price = f"{item.quantity} × {price} = {self.show(item.amount)}"
        if off:
            less = f"{item.discount_percent.normalize():f}%" if item.discount_percent else self.show(off)
            price += f", less {less} = {self.show(item.amount - off)}"
        if item.period:
            price += f" {EACH[item.period]}"
        if item.tax_percent:
            price += f" + {item.tax_percent.normalize():f}% tax"
        if item.trial_days:
            price += f", the first {item.trial_days} days free" if item.trial_days > 1 else ", the first day free"
        if item.setup:
            price += f"; {self.show(item.setup)} once to set up"
        return [(item.title, True), (f"{' · fee' if item.kind == 'fee' else ''}\n{price}", False)]

    def _totals(self) -> list[Piece]:
        """How the total comes about, what it is, what recurs, and what it is with all options."""
        paper, least = self.document, self.least
        lines: list[list[Piece]] = []
        coupon = self._by_coupon(least)
        if least.taxes or coupon:
            lines.append([(f"Before tax: {self.show(least.net)}" if least.taxes else "", False)])
        if coupon:
            lines.insert(0, [(f"Coupon {paper.coupon.code if paper.coupon else ''}: −{self.show(coupon)}", False)])
        lines += [
            [(f"{tax.percent.normalize():f}% tax on {self.show(tax.on)}: {self.show(tax.tax)}", False)]
            for tax in least.taxes
        ]
        lines.append([(self._total(least), True)])
        if paper.options:
            lines.append([(f"With all options: {self._total(self.most, name=False)}", False)])
        if paper.before:
            together = paper.before.total + least.once
            before = f"Agreed so far {self.show(paper.before.total)}, with this {self.show(together)}."
            if paper.before.until:
                dates = [point.due_on for point in paper.milestones if point.due_on]
                last = max([paper.before.until, *dates])
                before += f" Planned until {kit.day(paper.before.until)}, with this until {kit.day(last)}."
            lines.append([(before, False)])
        kept = [line for line in lines if line[0][0]]
        return [piece for number, line in enumerate(kept) for piece in ([("\n", False)] if number else []) + line]

    def _by_coupon(self, known: Sum) -> Money:
        """What the coupon takes off what is paid once; the items' own discounts stand with them."""
        zero = Money.zero(known.currency)
        own = sum((own_discount(row.item) for row in known.items if not row.item.period), zero)
        return known.discount - own

    def _total(self, known: Sum, *, name: bool = True) -> str:
        tax = ", tax included" if known.taxes or any(row.item.tax_percent for row in known.items) else ""
        each = []
        for period, first, later in known.recurring:
            then = f" ({self.show(first)} for the first)" if first != later else ""
            each.append(f"{self.show(later)} {EACH[period]}{then}")
        once = [self.show(known.once)] if known.once or not each else []
        return f"{'Total: ' if name else ''}{' and '.join([*once, *each])}{tax}"

    def _lists(self) -> list[Block]:
        """The milestones, and the payments with what each comes to at least and, with all options, at most."""
        paper, found = self.document, []
        if paper.milestones:
            lines = [f"\n• {_milestone(point, paper.items)}" for point in paper.milestones]
            found += _packed("Milestones", lines)
        if self.most.once and (len(paper.schedule) > 1 or paper.schedule[0].due != "signing"):
            most = dict(enumerate(amount for _, amount in paper.payments(paper.options)))
            lines = [
                f"\n• {self._payment(part, amount, most[place])}"
                for place, (part, amount) in enumerate(paper.payments())
            ]
            found += _packed("Payments", lines)
        return found

    def _payment(self, part: Part, least: Money, most: Money) -> str:
        paper = self.document
        amount = self.show(least) if least == most else f"{self.show(least)}, with all options {self.show(most)}"
        share = f" ({share_of(part, paper.currency)})" if part.share != "amount" else ""
        due = kit.day(part.due_on) if part.due_on else due_of(part, paper.milestones, paper.items)
        if part.milestone is not None and part.label == paper.milestones[part.milestone].title:
            due = "when reached"
        return f"{part.label}, {due}: {amount}{share}"

    def _signers(self) -> Iterator[Piece]:
        paper = self.document
        clients = [signer.name for signer in paper.signers if signer.side == "client"]
        yield "To be signed by ", False
        yield (", then ".join(clients) if paper.in_order else _and(clients)), True
        for signer in paper.signers:
            if signer.side == "staff":
                yield ", and at the end by ", False
                yield signer.name, True
                yield f" for {self.agency}", False
        yield f". Valid until {kit.day(paper.valid_until)}.", False


def _milestone(point: Point, items: Sequence[NewItem]) -> str:
    of = f" ({items[point.item].title})" if point.item is not None and point.item < len(items) else ""
    return f"{point.title}{of}{f', {kit.day(point.due_on)}' if point.due_on else ''}"


def _packed(head: str, lines: Sequence[str]) -> list[Block]:
    """A list under its head, in as few blocks as the limit allows."""
    found: list[list[Piece]] = [[(head, True)]]
    for line in lines:
        if sum(len(text) for text, _ in found[-1]) + len(line) > PACKED:
            found.append([])
        found[-1].append((line if found[-1] else line.lstrip("\n"), False))
    return [rich(pieces) for pieces in found]


def _and(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
