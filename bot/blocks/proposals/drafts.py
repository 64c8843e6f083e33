"""The card of a draft, or of a new version in the making: what the client asked for, what it says so far, what is next."""

from bot.blocks import kit
from bot.blocks.kit import Block, Card, Raw
from bot.blocks.proposals.text import short_items, until, whose_turn
from bot.blocks.proposals.worth import changed, worth
from core.proposals import Document, Offer, Wanted, due_of, share_of

LISTED = 6
"""How many milestones, and how many payments, a card names."""


def draft(offer: Offer, wanted: Wanted | None = None, link: str = "") -> Card:
    """The draft's card, or that of a new version: what was asked for and where (`link`), Edit, Preview and send, Discard;
    and, once it is sent or discarded, what became of it."""
    title, company = offer.document.title, offer.company
    if offer.sent_at is not None and not offer.coming:
        told = f"{offer.author} wrote {title} for {company}; it is sent."
        return Card(told, [kit.section(told)])
    if offer.status == "withdrawn" and not offer.version_number:
        told = f"{offer.ended_by or offer.author} discarded the draft of {title} for {company}."
        return Card(told, [kit.section(told)])
    told, what = _opening(offer, wanted)
    empty = not offer.document.items
    blocks = [kit.header(title), kit.context(kit.join([what, "only you see it", f"for {company}"]))]
    if wanted is not None:
        blocks += _asked(offer, wanted, link)
    if offer.document.purpose:
        blocks.append(kit.said(offer.document.purpose))
    if not empty:
        blocks += [kit.section(short_items(offer, amounts=True, total=False)), kit.section(worth(offer))]
    if known := changed(offer, amounts=True):
        blocks.append(kit.section(known))
    blocks += _lists(offer.document)
    if not empty:
        blocks.append(kit.context(kit.join([whose_turn(offer), until(offer)])))
    return Card(told, [*blocks, _row(offer, empty=empty)])


def _opening(offer: Offer, wanted: Wanted | None) -> tuple[str, str]:
    """The sentence of the card, and what it is in a few words."""
    title, company = offer.document.title, offer.company
    if offer.version_number:
        number = offer.document.number
        stands = "can still be signed until you send it" if offer.open else "has ended"
        told = f"A new version of {title} for {company} is being written."
        return told, f"Version {number} in the making; version {offer.version_number} {stands}"
    if offer.document.kind == "scope":
        return f"{offer.author} began a change of scope for {company}: {title}.", f"Change of scope by {offer.author}"
    if wanted is not None:
        return f"{wanted.by} of {company} asks for a quote: {title}.", "A quote to write"
    return f"{offer.author} drafted a proposal for {company}: {title}.", f"Draft by {offer.author}"


def _asked(offer: Offer, wanted: Wanted, link: str) -> list[Block]:
    """The client's words, and the way to where they said them."""
    scope = offer.document.kind == "scope"
    lead = kit.md("*{who} wrote:*" if scope else "*{who} asks for:*", who=wanted.by or "The client")
    if link:
        lead = kit.join([lead, kit.link(link, "Open the message")], " ")
    return [kit.section(lead), kit.said(kit.clip(wanted.words or "(no words)", 1500))]


def _lists(document: Document) -> list[Block]:
    """The milestones and the payments, if somebody gave it some."""
    found = []
    if document.milestones:
        lines = [
            kit.md(
                "• {title}{day}", title=kit.clip(each.title, 90), day=f", {kit.day(each.due_on)}" if each.due_on else ""
            )
            for each in document.milestones
        ]
        found.append(kit.section(_listed("Milestones", lines)))
    if len(document.schedule) > 1 or document.schedule[0].due != "signing":
        lines = [
            kit.md(
                "• {label}: {share}, {due}",
                label=kit.clip(part.label, 60),
                share=share_of(part, document.currency),
                due=kit.day(part.due_on) if part.due_on else due_of(part, document.milestones, document.items),
            )
            for part in document.schedule
        ]
        found.append(kit.section(_listed("Payments", lines)))
    return found


def _listed(head: str, lines: list[Raw]) -> Raw:
    more = [f"and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
    return kit.join([kit.md("*{head}*", head=head), *lines[:LISTED], *more], "\n")


def _row(offer: Offer, *, empty: bool) -> Block:
    itself = str(offer.id)
    discard = kit.button("Discard", "proposal.discard", itself)
    if empty:
        label = "Write the change" if offer.document.kind == "scope" else "Write the quote"
        return kit.actions(kit.button(label, "proposal.edit", itself, style="primary"), discard)
    send = kit.button("Preview and send", "proposal.preview", itself, style="primary")
    return kit.actions(send, kit.button("Edit", "proposal.edit", itself), discard)
