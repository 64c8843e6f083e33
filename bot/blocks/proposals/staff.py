"""What stands in the staff channel, and the lists that staff call up: the draft, the twin, what clients answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.blocks import kit
from bot.blocks.kit import Block, Card
from bot.blocks.proposals.text import names, short_items, until, who_signed, whose_turn
from core.money import Money
from core.proposals import Entry, Offer, last_day


@dataclass(frozen=True)
class Bill:
    """The order that a signature made, and how much of it is paid."""

    number: str
    total: Money
    paid: Money


def draft(offer: Offer) -> Card:
    """The draft's card: Edit, Preview and send, Discard; and, once it is sent or discarded, what became of it."""
    title, company = offer.document.title, offer.company
    if offer.sent_at is not None:
        told = f"{offer.author} wrote {title} for {company}; it is sent."
        return Card(told, [kit.section(told)])
    if offer.status == "withdrawn":
        told = f"{offer.ended_by or offer.author} discarded the draft of {title} for {company}."
        return Card(told, [kit.section(told)])
    itself = str(offer.id)
    return Card(
        f"{offer.author} drafted a proposal for {company}: {title}.",
        [
            kit.header(title),
            kit.context(kit.join([f"Draft by {offer.author}", "only you see it", f"for {company}"])),
            *(kit.pages(offer.document.purpose) if offer.document.purpose else []),
            kit.section(short_items(offer, amounts=True)),
            kit.context(kit.join([whose_turn(offer), until(offer)])),
            kit.actions(
                kit.button("Preview and send", "proposal.preview", itself, style="primary"),
                kit.button("Edit", "proposal.edit", itself),
                kit.button("Discard", "proposal.discard", itself),
            ),
        ],
    )


def twin(offer: Offer, bill: Bill | None = None) -> Card:
    """The twin of the client's card: what it is worth, who has seen it, on whom it waits, and staff's buttons."""
    itself, title = str(offer.id), offer.document.title
    remind = kit.button("Remind", "proposal.remind", itself)
    withdraw = kit.button("Withdraw", "proposal.withdraw", itself)
    again = kit.button("Make a new draft", "proposal.copy", itself)
    if offer.status == "signed":
        told, buttons = f"{names(offer.signers)} signed {title}.", [again]
    elif offer.status == "declined":
        told, buttons = f"{offer.ended_by or names(offer.signers)} declined {title}.", [again]
    elif offer.status == "withdrawn":
        told, buttons = f"{offer.ended_by or offer.agency} withdrew {title}.", [again]
    elif offer.expired:
        told, buttons = f"{title} expired; it was valid until {kit.day(offer.document.valid_until)}.", [again]
    else:
        told, buttons = f"{title} waits for {names(offer.waiting)}.", [remind, withdraw]
    look = kit.button("Look at it", "proposal.review", itself)
    said = [] if offer.status == "signed" else [kit.section(told)]
    return Card(told, [kit.header(title), *said, *_facts(offer, bill), kit.actions(*buttons, look)])


def _facts(offer: Offer, bill: Bill | None) -> list[Block]:
    total = kit.md("*{total}* · {company}", total=offer.document.total.show(offer.locale), company=offer.company)
    blocks = [kit.section(total)]
    if offer.status == "signed":
        blocks.insert(0, kit.section(kit.md("✓ {who}", who=who_signed(offer))))
        if bill:
            paid = f"{bill.paid.show(offer.locale)} of {bill.total.show(offer.locale)} paid"
            blocks.append(kit.context(kit.join([f"Order {bill.number}", paid])))
        return blocks
    lines: list[str] = (
        [kit.md("Sent by {author} {when}", author=offer.author, when=kit.when(offer.sent_at))] if offer.sent_at else []
    )
    lines += [
        kit.md("{name} opened it {when}", name=party.first_name, when=kit.when(party.viewed_at))
        if party.viewed_at
        else kit.md("{name} has not opened it yet", name=party.first_name)
        for party in offer.waiting
    ]
    reminded = [
        kit.md("{name} was reminded {when}", name=p.first_name, when=kit.when(p.reminded_at))
        for p in offer.waiting
        if p.reminded_at
    ]
    if offer.open:
        lines += [*reminded, *([whose_turn(offer)] if len(offer.signers) > 1 else []), until(offer)]
    blocks.append(kit.section(kit.join(lines, "\n")))
    if offer.ended_reason:
        blocks += [kit.context("The reason given:"), *kit.pages(offer.ended_reason)]
    return blocks


def changes(offer: Offer, name: str, kind: str, words: str) -> Card:
    """The news that a client wants something else: changes, in their words, or a new date."""
    title = offer.document.title
    told = f"{name} asks for a new date for {title}." if kind == "date" else f"{name} asks for changes to {title}."
    again = kit.button("Make a new draft", "proposal.copy", str(offer.id), style="primary")
    withdraw = kit.button("Withdraw", "proposal.withdraw", str(offer.id)) if offer.open else None
    return Card(told, [kit.section(told), *(kit.pages(words) if words else []), kit.actions(again, withdraw)])


def declined(offer: Offer) -> Card:
    """The news that a signer said no, and why."""
    told = f"{offer.ended_by or names(offer.signers)} declined {offer.document.title}."
    again = kit.button("Make a new draft", "proposal.copy", str(offer.id))
    return Card(told, [kit.section(told), *kit.pages(offer.ended_reason), kit.actions(again)])


STANDING = {
    "draft": "draft",
    "signed": "signed",
    "declined": "declined",
    "expired": "expired",
    "withdrawn": "withdrawn",
}


def listing(entries: Sequence[Entry], now: datetime, timezone: str, locale: str, *, everywhere: bool) -> Card:
    """All proposals and who is awaited, in a line each."""
    if not entries:
        told = "There is no proposal here yet. `/proposal new` writes one."
        return Card(told, [kit.section(kit.Raw(told))])
    waiting = sum(1 for entry in entries if _waits(entry, now))
    told = f"{waiting} of {len(entries)} proposals wait for a signature."
    if waiting <= 1:
        told = "1 proposal waits for a signature." if waiting else "No proposal waits for a signature."
    lines = [_line(entry, now, timezone, locale, everywhere=everywhere) for entry in entries]
    packed = [kit.section(kit.join(lines[start : start + 8], "\n")) for start in range(0, len(lines), 8)]
    return Card(told, kit.fits([kit.section(told), *packed]))


def _waits(entry: Entry, now: datetime) -> bool:
    return entry.status in ("sent", "viewed") and now < entry.expires_at


def _line(entry: Entry, now: datetime, timezone: str, locale: str, *, everywhere: bool) -> str:
    if _waits(entry, now):
        day = kit.day(last_day(entry.expires_at, timezone))
        where = f"waits for {' and '.join(entry.awaited)}{' (opened)' if entry.status == 'viewed' else ''}, until {day}"
    else:
        where = STANDING.get(entry.status, "expired")
    name = f"{entry.title} · {entry.engagement}" if everywhere else entry.title
    return kit.md("*{name}* · {total} · {where}", name=kit.clip(name, 200), total=entry.total.show(locale), where=where)


def sent_words(offer: Offer) -> str:
    """What staff read after sending: where it went, until when, and how they will hear."""
    place = (
        kit.md("stands in {channel}", channel=kit.channel(offer.channel_id)) if offer.connected else "goes out by mail"
    )
    return kit.md(
        "Sent, for {names} to sign: it {place}, {until}. You will see here when it is opened and signed.",
        names=names(offer.signers),
        place=place,
        until=until(offer)[0].lower() + until(offer)[1:],
    )
