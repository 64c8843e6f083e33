"""The words of a proposal around its text: its items in short, whose turn it is, who has signed, what happens next."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.blocks import kit
from bot.blocks.kit import Raw
from bot.blocks.proposals.choosing import EACH
from bot.blocks.proposals.paper import document
from core.proposals import NewItem, Offer, Party, own_discount

__all__ = ["called", "document", "moment", "names", "next_steps", "short_items", "until", "who_signed", "whose_turn"]

SHOWN = 6
"""How many items a card names before it says how many more there are."""

NAMED = 3
"""How many projects the next steps name, the last of which may stand for several more."""


def until(offer: Offer) -> str:
    """Until when it can be signed: the last whole day."""
    return f"Valid until {kit.day(offer.document.valid_until)}"


def short_items(offer: Offer, *, amounts: bool, total: bool = True) -> Raw:
    """Six items at most, a line each, then how many more there are; prices only where amounts may be shown."""
    items = offer.document.items
    lines = [_short(item, offer.locale, amounts=amounts) for item in items[:SHOWN]]
    if len(items) > SHOWN:
        lines.append(f"and {len(items) - SHOWN} more")
    if amounts and total:
        lines.append(kit.md("*Total: {total}*", total=total_words(offer)))
    return kit.join(lines, "\n")


def total_words(offer: Offer) -> str:
    """What it comes to: $2,280 and $40 a month, or from $2,280 where the client chooses still."""
    least, most, locale = offer.least, offer.most, offer.locale
    choice = (least.once, least.recurring) != (most.once, most.recurring)
    parts = [least.once.show(locale)] if least.once or not least.recurring else []
    parts += [f"{later.show(locale)} {EACH[period]}" for period, _, later in least.recurring]
    return f"{'from ' if choice else ''}{' and '.join(parts)}"


def _short(item: NewItem, locale: str, *, amounts: bool) -> str:
    count = f" × {item.quantity}" if item.quantity != 1 else ""
    price = f" · {(item.amount - own_discount(item)).show(locale)}" if amounts else ""
    each = f" {EACH[item.period]}" if item.period and amounts else ""
    choice = " · optional" if item.optional else ""
    title = kit.clip(item.title, 90)
    return kit.md(
        "• {title}{count}{price}{each}{choice}", title=title, count=count, price=price, each=each, choice=choice
    )


def called(party: Party, *, mention: bool) -> str:
    """A signer's name, as a mention where they can read it."""
    return kit.user(party.slack_user_id) if mention and party.slack_user_id else party.first_name


def whose_turn(offer: Offer, *, mention: bool = False) -> Raw:
    """“Clara ✓ · Dana next · Luis”, or, with one signer, “For Clara to sign”; “then Ben for Studio Ada” behind it."""
    ours = [kit.md("then {name} for {agency}", name=each.first_name, agency=offer.agency) for each in _ours(offer)]
    theirs = [party for party in offer.signers if party.side == "client"]
    waiting = [party for party in offer.waiting if party.side == "client"]
    if len(theirs) == 1 and waiting:
        return kit.join([kit.md("For {name} to sign", name=called(theirs[0], mention=mention)), *ours], ", ")
    parts = []
    for party in theirs:
        name = called(party, mention=mention and party in offer.next)
        mark = " ✓" if party.signed_at else " next" if offer.document.in_order and party in offer.next else ""
        parts.append(kit.md("{name}{mark}", name=name, mark=mark))
    if not waiting and ours:
        ours = [kit.md("{name} next, for {agency}", name=each.first_name, agency=offer.agency) for each in _ours(offer)]
    return kit.join([*parts, *ours])


def _ours(offer: Offer) -> list[Party]:
    """Our countersigner, while they have not signed."""
    return [party for party in offer.waiting if party.side == "staff"]


def names(parties: Sequence[Party]) -> str:
    """First names in a sentence: “Clara, Dana and Luis”."""
    *first, last = [party.first_name for party in parties] or ["nobody"]
    return f"{', '.join(first)} and {last}" if first else last


def moment(at: datetime, timezone: str) -> str:
    """A moment with its zone, which stands for years: 14 Nov 2025, 10:31 GMT."""
    return f"{at.astimezone(ZoneInfo(timezone)):%-d %b %Y, %H:%M %Z}"


def who_signed(offer: Offer) -> str:
    """Who signed and when, with the zone."""
    parts = [
        f"{party.name} signed on {moment(party.signed_at, offer.timezone)}."
        for party in offer.signers
        if party.signed_at
    ]
    return "\n".join(parts)


def next_steps(offer: Offer) -> list[str]:
    """What happens after the last signature, at most three lines, without an amount."""
    steps, chosen = [], offer.bound or ()
    work = [row.item for row in offer.least.items if row.item.kind == "work"]
    if len(work) == 1:
        steps.append(f"{work[0].title} begins with its kickoff.")
    elif work:
        last = work[-1].title if len(work) <= NAMED else f"{len(work) - NAMED + 1} more"
        first = ", ".join(item.title for item in work[: min(len(work), NAMED) - 1])
        steps.append(f"{first} and {last} begin, each with its kickoff.")
    if offer.document.due_on_signing(chosen):
        what = "the deposit invoice" if len(offer.document.schedule) > 1 else "the invoice"
        steps.append(f"{offer.agency} sends {what} here.")
    elif offer.least.once:
        steps.append(f"{offer.agency} sends the first invoice when it is due; nothing is to be paid now.")
    steps.append("Your contract is on your page.")
    return steps
