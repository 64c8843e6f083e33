"""What a proposal comes to, in a line or three for a card: the total, what the options add, the deposit, what it changes."""

from bot.blocks import kit
from bot.blocks.kit import Raw
from bot.blocks.proposals.choosing import EACH
from core.proposals import Difference, Offer, Sum, difference


def worth(offer: Offer) -> Raw:
    """The total, what it is with all options, what recurs, and what is due on signing; for readers who may know."""
    least, most = offer.least, offer.most
    total = comes_to(least, offer.locale)
    if least.recurring == most.recurring and least.once != most.once:
        total = f"From {least.once.show(offer.locale)}, with all options {most.once.show(offer.locale)}"
        total += "".join(f"; and {later.show(offer.locale)} {EACH[period]}" for period, _, later in least.recurring)
    elif least.recurring != most.recurring:
        total = f"From {total}, with all options {comes_to(most, offer.locale)}"
    lines: list[str] = [kit.md("*{total}*", total=total)]
    if due := deposit(offer):
        lines.append(due)
    return kit.join(lines, "\n")


def comes_to(known: Sum, locale: str) -> str:
    """What is paid once and what each period costs: “$4,200 and $400 a month”."""
    parts = [known.once.show(locale)] if known.once or not known.recurring else []
    parts += [f"{later.show(locale)} {EACH[period]}" for period, _, later in known.recurring]
    return " and ".join(parts)


def deposit(offer: Offer) -> str:
    """What is due on signing, where that is not simply all of it."""
    document = offer.document
    if len(document.schedule) < 2 and document.schedule[0].due == "signing":
        return ""
    least = document.due_on_signing(offer.bound or ())
    most = document.due_on_signing(document.options if offer.bound is None else offer.bound)
    if not most:
        return "Nothing is due on signing" if offer.most.once else ""
    many = "" if least == most else "from "
    return f"Deposit on signing: {many}{least.show(offer.locale)}"


def changed(offer: Offer, *, amounts: bool) -> Raw:
    """What a change of scope makes of what was agreed: “Agreed so far $10,000 → $12,500 · Done by 12 Dec → 20 Dec”."""
    known = difference(offer.document, offer.bound or ())
    if known is None:
        return Raw("")
    parts = []
    if amounts:
        most = difference(offer.document, offer.document.options if offer.bound is None else offer.bound) or known
        after = known.after.show(offer.locale)
        if most.after != known.after:
            after = f"{after} to {most.after.show(offer.locale)}"
        parts.append(kit.md("Agreed so far {a} → *{b}*", a=known.before.show(offer.locale), b=after))
    if day := _days(known):
        parts.append(day)
    return kit.join(parts)


def _days(known: Difference) -> Raw:
    before, after = known.until_before, known.until_after
    if after is None:
        return Raw("")
    if before is None:
        return kit.md("Done by *{after}*", after=kit.day(after))
    if before == after:
        return kit.md("Done by {after}, as before", after=kit.day(after))
    return kit.md("Done by {before} → *{after}*", before=kit.day(before), after=kit.day(after))
