"""What stands in the client channel: the card of a version through its life, the news of its signature, a reminder."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks import kit
from bot.blocks.kit import Block, Card
from bot.blocks.proposals.text import called, names, next_steps, short_items, until, who_signed, whose_turn
from bot.blocks.proposals.worth import changed, worth
from core.proposals import Document, Offer, Party


@dataclass(frozen=True)
class Deposit:
    """The invoice that was due on signing: its id, and whether it is open, or paid."""

    id: str
    status: str
    label: str = "deposit"


def card(offer: Offer, deposit: Deposit | None = None) -> Card:
    """The card of the latest version, as the client sees it now. Amounts stand in it only if the engagement shows them."""
    title = offer.document.title
    if offer.status == "signed":
        return _card(offer, f"{names(offer.signers)} signed {title}.", _signed(offer, deposit), *_after(offer, deposit))
    if offer.status == "declined":
        told = f"{offer.ended_by or names(offer.signers)} declined {title}."
        hint = kit.context(f"Nobody needs to sign it any more. Has something changed? Ask {offer.owner}.")
        return _card(offer, told, [kit.section(told), hint], _ask(offer))
    if offer.status == "withdrawn":
        told = f"{offer.agency} withdrew {title}."
        return _card(offer, told, [kit.section(told), *kit.pages(offer.ended_reason)], _ask(offer))
    if offer.expired:
        told = f"{title} was valid until {kit.day(offer.document.valid_until)}."
        renew = kit.button("Ask for a new date", "proposal.renew", str(offer.id), style="primary")
        return _card(offer, told, [kit.section(told), kit.context("Still of interest? One press is enough.")], renew)
    return _open(offer)


def _open(offer: Offer) -> Card:
    title, day = offer.document.title, kit.day(offer.document.valid_until)
    ours = all(party.side == "staff" for party in offer.next)
    told = f"{_news(offer)} {names(offer.next)}, please review and sign it by {day}."
    if ours:
        told = f"Your side has signed {title}. {names(offer.next)} signs last, for {offer.agency}."
    elif any(party.signed_at for party in offer.signers):
        told = f"{names([each for each in offer.signers if each.signed_at])} signed {title}. "
        told += f"{names(offer.next)}, please review and sign it by {day}."
    blocks: list[Block] = []
    if offer.version_number > 1:
        blocks.append(kit.context(f"Version {offer.version_number}; it takes the place of the one before"))
    if offer.document.purpose:
        blocks.append(kit.said(offer.document.purpose))
    if offer.document.kind == "scope":
        blocks.append(kit.section(kit.join([kit.Raw("*This adds to what we agreed*"), *_before(offer)], "\n")))
    blocks.append(kit.section(short_items(offer, amounts=offer.show_amounts, total=False)))
    if offer.show_amounts:
        blocks.append(kit.section(worth(offer)))
    if ours:
        blocks.append(kit.section(told))
    turn = whose_turn(offer, mention=offer.connected)
    blocks.append(kit.context(turn if ours else kit.join([turn, until(offer)])))
    if ours:
        return _card(offer, told, blocks, kit.button("Read it again", "proposal.review", _value(offer)), _ask(offer))
    review = kit.button("Review and sign", "proposal.review", _value(offer), style="primary")
    return _card(offer, told, blocks, review, _ask(offer), answers=True)


def _news(offer: Offer) -> str:
    title = offer.document.title
    if offer.version_number > 1:
        return f"{offer.agency} sent version {offer.version_number} of {title}."
    what = "a change of scope" if offer.document.kind == "scope" else "a proposal"
    return f"{offer.agency} sent {what}: {title}."


def _before(offer: Offer) -> list[str]:
    known = changed(offer, amounts=offer.show_amounts)
    return [known] if known else []


def superseded(old: Document, version_id: object, offer: Offer) -> Card:
    """The card of a version whose place another has taken; all that it still does is to lead to the new one."""
    newest = offer.version_number
    told = f"{offer.agency} sent a newer version of {old.title}; version {old.number} can no longer be signed."
    more = kit.more(
        "proposal.more",
        [(f"PDF of version {old.number}", f"proposal.pdf:{version_id}"), *_for_staff(offer)],
    )
    see = kit.button("See the new one", "proposal.review", str(offer.id))
    return Card(
        told,
        [
            kit.header(old.title),
            kit.section(f"Version {old.number}. Version {newest} took its place, so this one can no longer be signed."),
            kit.actions(see, more),
        ],
    )


def _value(offer: Offer) -> str:
    """What a button of this card carries: the proposal, and the version that the card is about."""
    return f"{offer.id} {offer.version_id}" if offer.version_id else str(offer.id)


def _card(offer: Offer, told: str, blocks: Sequence[Block], *buttons: Block | None, answers: bool = False) -> Card:
    itself = _value(offer)
    entries = [("Request changes", f"proposal.changes:{itself}"), ("Decline", f"proposal.decline:{itself}")]
    if not answers:
        entries = [("Read it again", f"proposal.review:{itself}")]
    offered = any(button and button.get("action_id") == "proposal.pdf" for button in buttons)
    if offer.version_id and not offered:
        entries.append(("Signed copy" if offer.status == "signed" else "PDF", f"proposal.pdf:{offer.version_id}"))
    menu = kit.more("proposal.more", [*entries, *_for_staff(offer)])
    return Card(told, [kit.header(offer.document.title), *blocks, kit.actions(*buttons, menu)])


def _for_staff(offer: Offer) -> list[tuple[str, str]]:
    return [(f"For {offer.agency}", f"engagement.staff:{offer.engagement_id}")]


def _ask(offer: Offer) -> Block:
    return kit.button("Ask a question", "proposal.ask", str(offer.id))


def _after(offer: Offer, deposit: Deposit | None) -> list[Block | None]:
    """What can be done after the last signature: pay what is due, else keep the copy; and look at the page."""
    first = kit.button("Signed copy", "proposal.pdf", str(offer.version_id)) if offer.version_id else None
    if deposit and deposit.status == "open":
        first = kit.button(f"Pay {deposit.label}", "invoice.pay", deposit.id, style="primary")
    return [first, kit.button("Open my page", "page.open", str(offer.engagement_id))]


def _signed(offer: Offer, deposit: Deposit | None) -> list[Block]:
    steps = next_steps(offer)
    if deposit and deposit.status == "paid":
        steps = [f"The {deposit.label} is paid. Thank you.", *(step for step in steps if "invoice" not in step)]
    listed = kit.join([f"{number}. {step}" for number, step in enumerate(steps, 1)], "\n")
    return [
        kit.section(kit.md("✓ {who}", who=who_signed(offer))),
        kit.section(kit.md("*What happens next*\n{steps}", steps=listed)),
    ]


def signed(offer: Offer, signer: str) -> Card:
    """The news under the card: who signed, and whose turn it is or what happens next."""
    by = next((party for party in offer.signers if str(party.user_id) == signer and party.signed_at), None)
    name = by.first_name if by else names([party for party in offer.signers if party.signed_at])
    told = f"{name} signed {offer.document.title}."
    if not offer.waiting:
        said = kit.Raw(kit.esc(f"{told} Thank you. {next_steps(offer)[0]}"))
        return Card(said, [kit.section(said)])
    whom = [called(party, mention=offer.connected) for party in offer.next]
    verb = "signs" if len(whom) == 1 else "sign"
    follows = f"{names(offer.next)} {verb} next."
    if all(party.side == "staff" for party in offer.next):
        follows = f"{names(offer.next)} signs last, for {offer.agency}."
        return Card(f"{told} {follows}", [kit.section(f"{told} {follows}")])
    words = kit.md("{told} {whom} {verb} next.", told=told, whom=kit.join(whom, " and "), verb=verb)
    return Card(f"{told} {follows}", [kit.section(words)])


def nudge(offer: Offer, people: Sequence[str], by: str, *, by_staff: bool, left: int | None = None) -> Card | None:
    """A reminder to those who are still to sign, by name; None if there is nobody to remind any more. `left` is how many
    days it can still be signed, where the end is what it is about."""
    due: list[Party] = [party for party in offer.next if str(party.user_id) in people]
    if not offer.open or not due:
        return None
    whom = kit.join([called(party, mention=offer.connected) for party in due], " and ")
    title, day = offer.document.title, kit.day(offer.document.valid_until)
    asks = f"{by} would be glad to begin." if by_staff else f"{by} asks."
    if left is not None:
        asks = "Anything in the way? Ask, or ask for more time."
    words = kit.md(
        "{whom}: “{title}” waits for your signature, until {day}. {asks}", whom=whom, title=title, day=day, asks=asks
    )
    told = f"{names(due)}: {title} waits for your signature, until {day}. {asks}"
    review = kit.button("Review and sign", "proposal.review", _value(offer), style="primary")
    return Card(told, [kit.section(words), kit.actions(review, _ask(offer) if left is not None else None)])
