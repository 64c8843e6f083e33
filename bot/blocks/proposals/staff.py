"""What stands in the staff channel of what was sent, and the lists that staff call up: the twin, what clients answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.blocks import kit
from bot.blocks.kit import Block, Card
from bot.blocks.proposals.text import names, until, who_signed, whose_turn
from bot.blocks.proposals.worth import changed, worth
from core.money import Money
from core.proposals import Entry, Offer, Party, last_day


@dataclass(frozen=True)
class Bill:
    """The order that a signature made, and how much of it is paid."""

    number: str
    total: Money
    paid: Money


def twin(offer: Offer, bill: Bill | None = None) -> Card:
    """The twin of the client's card: what it is worth, who has seen it, on whom it waits, and staff's buttons."""
    itself, title = str(offer.id), offer.document.title
    buttons: list[Block | None] = [_new_version(offer)]
    if offer.status == "signed":
        told = f"{names(offer.signers)} signed {title}."
        buttons = [
            kit.button("Change of scope", "proposal.scope", str(offer.engagement_id)),
            kit.button("Make a new draft", "proposal.copy", itself),
        ]
    elif offer.status == "declined":
        told = f"{offer.ended_by or names(offer.signers)} declined {title}."
    elif offer.status == "withdrawn":
        told = f"{offer.ended_by or offer.agency} withdrew {title}."
    elif offer.expired:
        told = f"{title} expired; it was valid until {kit.day(offer.document.valid_until)}."
    else:
        told, buttons = _awaited(offer), _open_buttons(offer)
    buttons.append(kit.button("Look at it", "proposal.review", itself))
    if offer.version_id:
        paper = "Signed copy" if offer.status == "signed" else "PDF"
        buttons.append(kit.button(paper, "proposal.pdf", str(offer.version_id)))
    said = [] if offer.status == "signed" else [kit.section(told)]
    return Card(told, [kit.header(title), *said, *_facts(offer, bill), kit.actions(*buttons)])


def _awaited(offer: Offer) -> str:
    title, ours = offer.document.title, all(party.side == "staff" for party in offer.next)
    if ours:
        return f"{offer.company} has signed {title}; it waits for {names(offer.next)} to countersign."
    if offer.document.in_order and len(offer.waiting) > 1:
        return f"{title} waits for {names(offer.next)} to sign first."
    return f"{title} waits for {names(offer.next)}."


def _open_buttons(offer: Offer) -> list[Block | None]:
    itself, ours = str(offer.id), all(party.side == "staff" for party in offer.next)
    first = kit.button("Remind", "proposal.remind", itself)
    if ours:
        first = kit.button("Countersign", "proposal.countersign", itself, style="primary")
    return [first, _new_version(offer), kit.button("Withdraw", "proposal.withdraw", itself)]


def _new_version(offer: Offer) -> Block:
    label = f"Go on with version {offer.version_number + 1}" if offer.revising else "New version"
    return kit.button(label, "proposal.change", str(offer.id))


def _facts(offer: Offer, bill: Bill | None) -> list[Block]:
    what = "Change of scope" if offer.document.kind == "scope" else ""
    version = f"Version {offer.version_number}" if offer.version_number > 1 else ""
    blocks = [kit.section(worth(offer)), kit.context(kit.join([what, version, f"for {offer.company}"]))]
    if known := changed(offer, amounts=True):
        blocks.insert(1, kit.section(known))
    if offer.status == "signed":
        blocks.insert(0, kit.section(kit.md("✓ {who}", who=who_signed(offer))))
        if bill:
            paid = f"{bill.paid.show(offer.locale)} of {bill.total.show(offer.locale)} paid"
            blocks.append(kit.context(kit.join([f"Order {bill.number}", paid])))
        return blocks
    lines: list[str] = (
        [kit.md("Sent by {author} {when}", author=offer.author, when=kit.when(offer.sent_at))] if offer.sent_at else []
    )
    lines += [_seen(party) for party in offer.signers if offer.open or party.signed_at or party.viewed_at]
    if offer.open:
        lines += [*([whose_turn(offer)] if offer.document.in_order and len(offer.signers) > 1 else []), until(offer)]
    if lines:
        blocks.append(kit.section(kit.join(lines, "\n")))
    if offer.ended_reason:
        blocks += [kit.context("The reason given:"), *kit.pages(offer.ended_reason)]
    if offer.revising:
        told = f"Version {offer.version_number + 1} in the making; nobody outside sees it before you send it."
        blocks.append(kit.context(told))
    return blocks


def _seen(party: Party) -> str:
    """What somebody who is asked to sign has done so far."""
    if party.signed_at:
        return kit.md("✓ {name} signed {when}", name=party.first_name, when=kit.when(party.signed_at))
    if party.viewed_at:
        line = kit.md("{name} opened it {when}", name=party.first_name, when=kit.when(party.viewed_at))
    else:
        line = kit.md("{name} has not opened it yet", name=party.first_name)
    if party.reminded_at:
        line = kit.md("{line}; reminded {when}", line=line, when=kit.when(party.reminded_at))
    return line


def changes(offer: Offer, name: str, kind: str, words: str) -> Card:
    """The news that a client wants something else: changes, in their words, or a new date."""
    title = offer.document.title
    told = f"{name} asks for a new date for {title}." if kind == "date" else f"{name} asks for changes to {title}."
    if offer.status == "signed":
        return Card(told, [kit.section(told), *(kit.pages(words) if words else [])])
    label = "Give a new date" if kind == "date" and not offer.revising else "New version"
    again = kit.button(label, "proposal.change", str(offer.id), style="primary")
    withdraw = kit.button("Withdraw", "proposal.withdraw", str(offer.id)) if offer.open else None
    return Card(told, [kit.section(told), *(kit.pages(words) if words else []), kit.actions(again, withdraw)])


def declined(offer: Offer) -> Card:
    """The news that a signer said no, and why."""
    told = f"{offer.ended_by or names(offer.signers)} declined {offer.document.title}."
    again = kit.button("New version", "proposal.change", str(offer.id))
    return Card(told, [kit.section(told), *kit.pages(offer.ended_reason), kit.actions(again)])


def ending(offer: Offer, called: str, today: date) -> Card | None:
    """The news that a proposal ends soon unanswered, for whoever looks after it; None once it does not matter."""
    if not offer.open:
        return None
    title, day = offer.document.title, kit.day(offer.document.valid_until)
    when = "today" if offer.document.valid_until == today else day
    ours = all(party.side == "staff" for party in offer.next)
    whom = f"{names(offer.next)} to countersign" if ours else names(offer.next)
    told = f"{title} can be signed until {when}, and waits for {whom}."
    line = kit.md("{who}: {told}", who=kit.user(called), told=told) if called else kit.esc(told)
    first = None
    if ours:
        first = kit.button("Countersign", "proposal.countersign", str(offer.id), style="primary")
    date_ = kit.button("Give a new date", "proposal.change", str(offer.id))
    return Card(told, [kit.section(kit.Raw(line)), kit.actions(first, date_)])


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
        names=names([party for party in offer.signers if party.side == "client"]),
        place=place,
        until=until(offer)[0].lower() + until(offer)[1:],
    )
