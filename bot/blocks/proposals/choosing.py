"""What a signer chooses and what it comes to: the options with their prices, the total, what is due at once, the schedule."""

from collections.abc import Collection

from bot.blocks import kit
from bot.blocks.kit import Block, Raw
from core.proposals import Document, NewItem, Offer, Part
from core.proposals.lines import MOST_LINES
from core.proposals.reckoning import own_discount

OPTIONS = "proposal.options"
IN_A_GROUP = 10
"""Boxes that Slack puts into one element."""
MOST_GROUPS = -(-MOST_LINES // IN_A_GROUP)

EACH = {"week": "a week", "month": "a month", "quarter": "a quarter", "year": "a year"}


def groups(offer: Offer) -> list[tuple[str, tuple[int, ...]]]:
    """The options in groups that Slack can show: the name of the field, and the positions in it."""
    all_of_them = offer.document.options
    cut = [all_of_them[start : start + IN_A_GROUP] for start in range(0, len(all_of_them), IN_A_GROUP)]
    return [(f"{OPTIONS}_{number}", positions) for number, positions in enumerate(cut)]


def options(offer: Offer, chosen: Collection[int], bound_by: str = "") -> list[Block]:
    """Boxes for the options, each with its price; fixed, and said by whom, once the first signer has chosen."""
    items = offer.document.items
    if not offer.document.options:
        return []
    if bound_by:
        taken = [_line(items[position], offer.locale) for position in sorted(chosen)]
        left = [items[position].title for position in offer.document.options if position not in chosen]
        told = [kit.md("*{name} signed first and chose for all of you:*", name=bound_by)]
        told += taken or [Raw("None of the options.")]
        told += [kit.md("Not chosen: {title}", title=kit.clip(each, 150)) for each in left if taken]
        return [kit.section(kit.join(told[start : start + 12], "\n")) for start in range(0, len(told), 12)]
    found, cut = [], groups(offer)
    for number, (name, positions) in enumerate(cut, 1):
        entries = [
            kit.option(kit.clip(items[position].title, 75), str(position), _price(items[position], offer.locale))
            for position in positions
        ]
        label = "Options" if len(cut) == 1 else f"Options, {number} of {len(cut)}"
        hint = "Tick what you want; the total follows." if number == 1 else ""
        initial = [str(position) for position in positions if position in chosen]
        found.append(kit.ticks(name, label, entries, initial=initial, optional=True, hint=hint, dispatch=True))
    return found


def totals(offer: Offer, chosen: Collection[int]) -> list[Block]:
    """The total, what recurs, what is due on signing, and the schedule where it has more than one line."""
    document, locale = offer.document, offer.locale
    known = document.sum(chosen)
    taxed = ", tax included" if known.taxes else ""
    lines = [kit.md("*Total: {total}*{taxed}", total=known.once.show(locale), taxed=taxed)]
    for period, first, later in known.recurring:
        then = f", then {later.show(locale)}" if first != later else ""
        lines.append(kit.md("*And {first} {each}*{then}", first=first.show(locale), each=EACH[period], then=then))
    due, rest = due_at_once(document, chosen, locale)
    when = "once everyone has signed" if len(document.signers) > 1 else "today"
    lines.append(kit.md("Due {when}: *{due}*{rest}", when=when, due=due or "nothing", rest=f" {rest}" if rest else ""))
    blocks = [kit.section(kit.join(lines, "\n"))]
    if len(document.schedule) > 1:
        parts = [
            kit.md("• {label}: {amount}, {when}", label=part.label, amount=amount.show(locale), when=_due(offer, part))
            for part, amount in document.payments(chosen)
        ]
        blocks.append(kit.section(kit.join([Raw("*Payments*"), *parts], "\n")))
    return blocks


def due_at_once(document: Document, chosen: Collection[int], locale: str) -> tuple[str, str]:
    """What is due when all have signed, and of what recurs the first payment that is billed with it; nothing is empty."""
    due, first = document.due_on_signing(chosen), document.first_periods(chosen)
    if not first:
        return due.show(locale) if due else "", ""
    told = "for the first period of what recurs"
    return (due.show(locale), f"and {first.show(locale)} {told}") if due else (first.show(locale), told)


def _due(offer: Offer, part: Part) -> str:
    if part.due == "date" and part.due_on:
        return kit.day(part.due_on)
    if part.due == "milestone" and part.milestone is not None:
        return f"when “{offer.document.milestones[part.milestone].title}” is reached"
    return "on completion" if part.due == "completion" else "on signing"


def _line(item: NewItem, locale: str) -> Raw:
    return kit.md("• {title}: {price}", title=kit.clip(item.title, 150), price=_price(item, locale))


def _price(item: NewItem, locale: str) -> str:
    """What an option adds, before tax and coupon, as its line in the text has it."""
    price = (item.amount - own_discount(item)).show(locale)
    each = f" {EACH[item.period]}" if item.period else ""
    setup = f", {item.setup.show(locale)} once to set up" if item.setup else ""
    tax = f" + {item.tax_percent.normalize():f}% tax" if item.tax_percent else ""
    return f"{price}{each}{setup}{tax}"
