"""The words of a proposal: its exact text, its items in short, who has signed, and what happens next."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.blocks import kit
from bot.blocks.kit import Block, Raw
from core.proposals import NewItem, Offer, Party

SHOWN = 6
"""How many items a card names before it says how many more there are."""

NAMED = 3
"""How many projects the next steps name, the last of which may stand for several more."""

PACKED, ABOUT = 2800, 1000
"""Characters that are put into one section, and past which an item's description stands by itself."""


def document(offer: Offer) -> list[Block]:
    """The exact text that is signed: title, parties, every item with its price, total, terms, signers, expiry."""
    paper = offer.document
    blocks = [
        kit.header(paper.title),
        kit.section(kit.md("From *{agency}* to *{company}*", agency=paper.agency, company=paper.company)),
    ]
    if paper.purpose:
        blocks += kit.pages(paper.purpose)
    blocks += _items(paper.items, offer.locale)
    blocks.append(kit.section(kit.md("*Total: {total}*", total=paper.total.show(offer.locale))))
    if paper.terms:
        blocks += [kit.section(Raw("*Terms*")), *kit.pages(paper.terms)]
    signers = " and ".join(signer.name for signer in paper.signers)
    blocks.append(kit.section(kit.md("To be signed by *{signers}*. {until}.", signers=signers, until=until(offer))))
    return blocks


def _items(items: Sequence[NewItem], locale: str) -> list[Block]:
    """The items in as few sections as Slack's limit allows, not a letter of them cut."""
    blocks: list[Block] = []
    held: list[str] = []

    def put() -> None:
        if held:
            blocks.append(kit.section(Raw("\n\n".join(held))))
        held.clear()

    for item in items:
        line, about = _item(item, locale), kit.esc(item.description)
        if about and len(about) <= ABOUT:
            line = Raw(f"{line}\n{about}")
        if sum(len(each) + 2 for each in held) + len(line) > PACKED:
            put()
        held.append(line)
        if len(about) > ABOUT:
            put()
            blocks += kit.pages(item.description)
    put()
    return blocks


def _item(item: NewItem, locale: str) -> Raw:
    price = item.unit.show(locale)
    if item.quantity != 1:
        price = f"{item.quantity} × {price} = {item.amount.show(locale)}"
    return kit.md("*{title}*{fee}\n{price}", title=item.title, fee=" · fee" if item.kind == "fee" else "", price=price)


def until(offer: Offer) -> str:
    """Until when it can be signed: the last whole day."""
    return f"Valid until {kit.day(offer.document.valid_until)}"


def short_items(offer: Offer, *, amounts: bool) -> Raw:
    """Six items at most, a line each, then how many more there are; prices only where amounts may be shown."""
    items = offer.document.items
    lines = [_short(item, offer.locale, amounts=amounts) for item in items[:SHOWN]]
    if len(items) > SHOWN:
        lines.append(f"and {len(items) - SHOWN} more")
    if amounts:
        lines.append(kit.md("*Total: {total}*", total=offer.document.total.show(offer.locale)))
    return kit.join(lines, "\n")


def _short(item: NewItem, locale: str, *, amounts: bool) -> str:
    count = f" × {item.quantity}" if item.quantity != 1 else ""
    price = f" · {item.amount.show(locale)}" if amounts else ""
    return kit.md("• {title}{count}{price}", title=kit.clip(item.title, 90), count=count, price=price)


def called(party: Party, *, mention: bool) -> str:
    """A signer's name, as a mention where they can read it."""
    return kit.user(party.slack_user_id) if mention and party.slack_user_id else party.first_name


def whose_turn(offer: Offer, *, mention: bool = False) -> Raw:
    """“Clara ✓ · Dana next · Luis”, or, with one signer, “For Clara to sign”."""
    if len(offer.signers) == 1 and offer.waiting:
        return kit.md("For {name} to sign", name=called(offer.signers[0], mention=mention))
    waiting = offer.waiting
    parts = []
    for party in offer.signers:
        name = called(party, mention=mention and party in waiting)
        mark = " ✓" if party.signed_at else " next" if waiting and party is waiting[0] else ""
        parts.append(kit.md("{name}{mark}", name=name, mark=mark))
    return kit.join(parts)


def names(parties: Sequence[Party]) -> str:
    """First names in a sentence: “Clara and Dana”."""
    return " and ".join(party.first_name for party in parties) or "nobody"


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
    steps = []
    work = offer.document.work
    if len(work) == 1:
        steps.append(f"{work[0].title} begins with its kickoff.")
    elif work:
        last = work[-1].title if len(work) <= NAMED else f"{len(work) - NAMED + 1} more"
        first = ", ".join(item.title for item in work[: min(len(work), NAMED) - 1])
        steps.append(f"{first} and {last} begin, each with its kickoff.")
    if offer.document.total:
        steps.append(f"{offer.agency} sends the invoice here; {offer.owner} prepares it.")
    steps.append("Your contract is on your page.")
    return steps
