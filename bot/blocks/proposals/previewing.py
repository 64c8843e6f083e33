"""The last page of the drafting form: exactly what the client will read, who will read it, and Send."""

from collections.abc import Sequence
from dataclasses import replace

from bot.blocks import kit
from bot.blocks.kit import Block, Raw
from bot.blocks.proposals.text import document, names, total_words
from core.proposals import Offer


def preview(offer: Offer, notes: Sequence[str] = ()) -> Block:
    """The preview, with what is to be known before it goes out."""
    itself = str(offer.id)
    blocks = [
        kit.section(Raw(f"👀 {audience(offer)}")),
        *[kit.context(note) for note in [*_replaces(offer), *_choice(offer), *notes]],
        kit.actions(
            kit.button("Back to edit", "proposal.edit", itself), kit.button("More", "proposal.further", itself)
        ),
        kit.divider(),
    ]
    text = document(offer)
    return kit.modal(
        "proposal.send",
        "Preview",
        [*blocks, *kit.fits(text, 99 - len(blocks))],
        submit="Send",
        close="Keep as draft",
        private=f"{offer.id} {offer.sha256}",
    )


def audience(offer: Offer) -> str:
    """Who will read the card, as far as Slack has told us, and whether they see amounts."""
    if not offer.connected:
        told = "{company} is not in the channel yet, so {contact} is told by mail. {amounts}"
        amounts = "" if offer.show_amounts else "The mail names no amount."
        return kit.md(told, company=offer.company, contact=offer.contact, amounts=amounts)
    amounts = "Amounts stand in it." if offer.show_amounts else "Amounts are hidden there."
    known, place = offer.audience, kit.channel(offer.channel_id)
    if not known.readers:
        return kit.md("It goes to {place}, where everyone reads it. {amounts}", place=place, amounts=amounts)
    people = "1 person reads" if known.readers == 1 else f"{known.readers} people read"
    outside = f"{known.outsiders} from other companies" if known.outsiders else "nobody from another company yet"
    told = "It goes to {place}: {people} this channel, {outside}. {amounts}"
    return kit.md(told, place=place, people=people, outside=outside, amounts=amounts)


def _replaces(offer: Offer) -> list[str]:
    """What becomes of the version before, for a new one."""
    if not offer.version_number:
        return []
    number, signed = offer.version_number, [party for party in offer.out if party.signed_at]
    again = f" {names(signed)} signed that one and will be asked anew." if signed else ""
    if not offer.open:
        return [f"Version {offer.document.number}: it takes the place of version {number}, which has ended.{again}"]
    return [
        f"Version {offer.document.number}: once it is sent, version {number} can no longer be signed.{again}"
        " Until then it stands as it is."
    ]


def _choice(offer: Offer) -> list[str]:
    """What it comes to at least and at most, where the client chooses."""
    count = len(offer.document.options)
    if not count or offer.least == offer.most:
        return []
    options = "the option" if count == 1 else f"all {count} options"
    most = total_words(replace(offer, bound=offer.document.options))
    return [
        f"It comes to {total_words(replace(offer, bound=()))} if nothing optional is chosen; with {options}, to {most}."
    ]
