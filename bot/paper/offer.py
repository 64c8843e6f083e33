"""A proposal as a paper: what stands on its pages, in words and figures that are all reckoned here."""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bot.paper.fonts import spelled
from bot.paper.press import press, refuse
from core.money import Money, exponent, total
from core.papers import Rendered
from core.proposals import Document, NewItem, Part, reckon
from core.proposals.reckoning import own_discount

Json = dict[str, Any]

EVERY = {"week": "every week", "month": "every month", "quarter": "every quarter", "year": "every year"}


def render(document: Document, sha256: str, locale: str = "en_US", *, at: datetime | None = None) -> Rendered:
    """The document as PDF. `sha256` is that of its canonical JSON; `at` is when it was sent.

    The same document gives the same bytes. Invalid if it has a character that no font can set.
    """
    return press("offer", _Words(document, locale).all(sha256, at), at=at, locale=locale)


def refuse_unsettable(document: Document) -> None:
    """Raise Invalid, at the form's field that holds it, for a character that the PDF could not show.

    Not for the signers' names, which are theirs and not the draft's: what cannot be drawn of them is spelled out.
    """
    refuse([document.title, document.agency, document.company], "title")
    refuse([document.purpose], "purpose")
    refuse([text for item in document.items for text in (item.title, item.description)], "lines")
    refuse([point.title for point in document.milestones], "milestones")
    refuse([part.label for part in document.schedule], "schedule")
    refuse([document.terms, document.terms_name], "terms")


class _Words:
    """The words of one document, for readers of one locale."""

    def __init__(self, document: Document, locale: str) -> None:
        self.document, self.locale = document, locale
        self.sum = document.sum()
        self.taxed = any(item.tax_percent for item in document.items)
        whole = 10 ** exponent(document.currency)
        self.cents = any(amount.minor % whole for amount in self.amounts())

    def all(self, sha256: str, at: datetime | None) -> Json:
        """What the template is told."""
        document = self.document
        scope = document.kind == "scope"
        what = "Change of scope" if scope else "Proposal"
        facts = [("For", document.company), ("Version", str(document.number))]
        if at is not None:
            facts.append(("Sent", day(at.astimezone(ZoneInfo(document.timezone)).date())))
        facts.append(("Valid until", day(document.valid_until)))
        fixed = [item for item in document.items if not item.optional]
        return {
            "document_title": f"{document.title} ({what.lower()}, version {document.number})",
            "short_title": shortened(document.title),
            "title": document.title,
            "what": what,
            "agency": document.agency,
            "purpose": document.purpose,
            "facts": facts,
            "items_head": "What is added" if scope else "What you get",
            "prices_note": self.prices_note(fixed),
            "items": [self.item(item) for item in fixed],
            "options_note": self.options_note(),
            "options": [self.item(document.items[position]) for position in document.options],
            "totals": self.totals(),
            "tables": [
                table for table in (self.scope(), self.recurring(), self.milestones(), self.schedule()) if table
            ],
            "terms_head": self.terms_head(),
            "terms": document.terms,
            "signers": self.signers(),
            "signing_note": "It is signed electronically. The certificate behind the signed copy of these pages says who "
            "signed, when, and how they were known.",
            "foot": [document.agency, " × ", document.company, f" · {what.lower()}, version {document.number}"],
            "hash_label": "SHA-256 of this version",
            "sha256": sha256,
        }

    def amounts(self) -> Iterator[Money]:
        """The amounts by which it is told whether any has cents."""
        for item in self.document.items:
            yield from (item.unit, item.amount - own_discount(item), item.setup)
        yield from (self.sum.net, self.sum.once, *(line.tax for line in self.sum.taxes))
        yield from (amount for _, amount in self.document.payments())
        yield from (amount for _, first, later in self.sum.recurring for amount in (first, later))

    def show(self, amount: Money) -> str:
        """An amount; in a column of amounts all of them have their decimals, or none has."""
        return amount.show(self.locale, cents=self.cents)

    def prices_note(self, items: Collection[NewItem]) -> str:
        """What the prices beside the items are."""
        return "Prices are before tax." if items and self.taxed else ""

    def options_note(self) -> str:
        """How options work."""
        return "They are not in the total. Whoever signs first chooses which of them are added." + (
            " Prices are before tax." if self.taxed else ""
        )

    def item(self, item: NewItem) -> Json:
        """An item with its price, and in small print how that comes about."""
        off = own_discount(item)
        net = item.amount - off
        notes = []
        if item.quantity != 1:
            notes.append(f"{item.quantity:,} × {self.show(item.unit)}")
        if off:
            share = f"{number(item.discount_percent)}% off" if item.discount_percent else f"{self.show(off)} off"
            notes.append(share)
        if item.setup:
            notes.append(f"plus {self.show(item.setup)} once, to set it up")
        if item.trial_days:
            notes.append(
                f"the first {item.trial_days} days are free" if item.trial_days > 1 else "the first day is free"
            )
        if self.taxed:
            notes.append(f"plus {number(item.tax_percent)}% tax" if item.tax_percent else "no tax")
        return {
            "title": item.title,
            "about": item.description.strip(),
            "tag": "Fee" if item.kind == "fee" else "",
            "was": self.show(item.amount) if off else "",
            "price": self.show(net),
            "per": f" / {item.period}" if item.period else "",
            "notes": notes,
        }

    def totals(self) -> list[tuple[str, str, bool]]:
        """The way to the total of what is paid once; the total alone where it is plain."""
        document, zero = self.document, Money.zero(self.document.currency)
        once = [item for item in document.items if not item.optional and not item.period]
        setups = total([item.setup for item in document.items if not item.optional], document.currency)
        if not self.sum.items or (not once and not setups):
            return []
        named = total([item.amount - own_discount(item) for item in once], document.currency)
        coupon = named - sum((row.net for row in self.sum.items if not row.item.period), zero)
        rows = []
        if setups or coupon or self.sum.taxes:
            rows.append(("Items" if setups else "Subtotal", self.show(named), False))
        if setups:
            rows.append(("To set up what recurs", self.show(setups), False))
        if coupon and document.coupon is not None:
            rows.append((f"Coupon {document.coupon.code}", f"−{self.show(coupon)}", False))
        rows += [
            (f"{number(line.percent)}% tax on {self.show(line.on)}", self.show(line.tax), False)
            for line in self.sum.taxes
        ]
        whole = "Total" if not document.options else "Total without options"
        return [*rows, (whole, self.show(self.sum.once), True)]

    def scope(self) -> Json | None:
        """For a change of scope: what was agreed, what is added, and what it comes to then."""
        before = self.document.before
        if self.document.kind != "scope" or before is None:
            return None
        until = f"until {day(before.until)}" if before.until else ""
        dates = [point.due_on for point in self.document.milestones if point.due_on]
        later = max([*dates, *([before.until] if before.until else [])], default=None)
        rows = [
            ("Agreed before", until, self.show(before.total)),
            ("Added by this", "", f"+{self.show(self.sum.once)}"),
            ("From then on", f"until {day(later)}" if later else "", self.show(before.total + self.sum.once)),
        ]
        return {"head": "What changes", "note": "Without options." if self.document.options else "", "rows": rows}

    def recurring(self) -> Json | None:
        """What is paid again and again, tax included."""
        if not self.sum.recurring:
            return None
        rows = []
        for period, first, later in self.sum.recurring:
            note = f"the first payment is {self.show(first)}" if first != later else ""
            rows.append((f"Paid {EVERY[period]}", note, f"{self.show(later)} / {period}"))
        tax = " Tax is included." if self.taxed else ""
        free = [bool(row.item.trial_days) for row in self.sum.items if row.item.period]
        when = "on signing, or when the free days are over" if any(free) and not all(free) else "on signing"
        when = "when the free days are over" if all(free) else when
        note = f"Billed ahead for each period, first {when}; until it is ended by either side.{tax}"
        return {"head": "What recurs", "note": note, "rows": rows}

    def milestones(self) -> Json | None:
        """The points that the work reaches."""
        points, items = self.document.milestones, self.document.items
        if not points:
            return None
        rows = [
            (
                point.title,
                items[point.item].title if point.item is not None and point.item < len(items) else "",
                day(point.due_on) if point.due_on else "",
            )
            for point in points
        ]
        return {"head": "Milestones", "note": "", "rows": rows}

    def schedule(self) -> Json | None:
        """What is paid when."""
        document = self.document
        if not self.sum.once and not document.options:
            return None
        rows = [
            (part.label, f"{self.due(part)}{share(part)}", self.show(amount)) for part, amount in document.payments()
        ]
        note = "Tax is included. " if self.taxed else ""
        if document.options and len(document.schedule) > 1:
            note += "These are the amounts without options; with them, the percentages and the rest grow in proportion."
        elif document.options:
            note += "This is the amount without options."
        return {"head": "Payments", "note": note.strip(), "rows": rows}

    def due(self, part: Part) -> str:
        """When a payment is due."""
        if part.due == "date" and part.due_on:
            return f"on {day(part.due_on)}"
        if part.due == "milestone" and part.milestone is not None:
            return f"when “{shortened(self.document.milestones[part.milestone].title, 60)}” is reached"
        return "on signing" if part.due == "signing" else "when the work is completed"

    def terms_head(self) -> str:
        """The heading of the terms, with their name and version where they have one."""
        name, number_ = self.document.terms_name, self.document.terms_version
        return f"Terms: {name}, version {number_}" if name else "Terms"

    def signers(self) -> list[Json]:
        """Those who sign, in their order."""
        document = self.document
        many = len(document.signers) > 1
        return [
            {
                "name": spelled(signer.name),
                "email": spelled(signer.email),
                "of": f"for {document.agency if signer.side == 'staff' else document.company}",
                "turn": "countersigns" if signer.side == "staff" else f"{place}." if many and document.in_order else "",
            }
            for place, signer in enumerate(document.signers, 1)
        ]


def day(day: date) -> str:
    """A day, as it stands in a contract: 21 November 2026."""
    return f"{day:%-d %B %Y}"


def number(share: Decimal) -> str:
    """A percentage without zeros behind it."""
    return format(share.normalize(), "f")


def share(part: Part) -> str:
    """Which part of the whole a payment is."""
    if part.share == "percent":
        return f" · {number(part.percent)}%"
    return ""


def shortened(words: str, most: int = 80) -> str:
    """The words in one line of so many letters."""
    line = " ".join(words.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def with_options(document: Document, chosen: Collection[int]) -> Money:
    """What is paid once with these options."""
    return reckon(document.items, document.currency, chosen, document.coupon).once
