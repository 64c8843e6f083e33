"""The modals in which a proposal is read: the preview, the signing modal with its pages, what follows."""

import json
from collections.abc import Sequence
from datetime import datetime

from bot.blocks import kit
from bot.blocks.kit import Block, Raw
from bot.blocks.proposals.text import document, names, next_steps, until, who_signed
from core.proposals import Offer

ROOM = 80
"""Blocks of text on a page: Slack takes 100, and the last page needs room for what is signed with."""

WEIGHT = 150_000
"""Bytes of text on a page: Slack takes a view of 250,000."""


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


def preview(offer: Offer) -> Block:
    """The last page of the drafting form: exactly what the client will read, who will read it, and Send."""
    blocks = [
        kit.section(Raw(f"👀 {audience(offer)}")),
        kit.actions(kit.button("Back to edit", "proposal.edit", str(offer.id))),
        kit.divider(),
        *kit.fits(document(offer), 95),
    ]
    return kit.modal(
        "proposal.send", "Preview", blocks, submit="Send", close="Keep as draft", private=f"{offer.id} {offer.sha256}"
    )


def pages(blocks: Sequence[Block]) -> list[list[Block]]:
    """A text cut into pages that a modal can hold."""
    cut: list[list[Block]] = [[]]
    weight = 0
    for block in blocks:
        heavy = len(json.dumps(block, ensure_ascii=False).encode())
        if cut[-1] and (len(cut[-1]) >= ROOM or weight + heavy > WEIGHT):
            cut.append([])
            weight = 0
        cut[-1].append(block)
        weight += heavy
    return cut


def signing(offer: Offer, name: str, statements: Sequence[tuple[str, str]], shown_at: datetime, page: int = 0) -> Block:
    """The signing modal for one signer; what is signed with stands on the last page only, after all of the text.

    `statements` are (field, words); the words stand in the field's label, whole, because an option's text would be cut.
    """
    cut = pages(document(offer))
    page = max(0, min(page, len(cut) - 1))
    blocks = [kit.section(kit.md("Signing as *{name}* for *{company}*", name=name, company=offer.company)), *cut[page]]
    last = page == len(cut) - 1
    if last:
        blocks += _last(offer, statements)
    if len(cut) > 1:
        back = kit.button("Page before", "proposal.page_before", f"{offer.id}:{page - 1}") if page else None
        further = None if last else kit.button("Next page", "proposal.page", f"{offer.id}:{page + 1}", style="primary")
        blocks.insert(len(cut[page]) + 1, kit.actions(back, further))
        blocks.insert(1, kit.context(f"Page {page + 1} of {len(cut)}; you can sign on the last one."))
    private = f"{offer.version_id} {offer.sha256} {int(shown_at.timestamp())}"
    return kit.modal(
        "proposal.sign", "Review and sign", blocks, submit="Sign" if last else "", close="Not now", private=private
    )


def _last(offer: Offer, statements: Sequence[tuple[str, str]]) -> list[Block]:
    work, total = offer.document.work, offer.document.total
    starts = f"{len(work)} project{'s' if len(work) != 1 else ''} start{'' if len(work) != 1 else 's'}" if work else ""
    bill = f"{offer.agency} prepares an invoice of {total.show(offer.locale)}" if total else ""
    follows = "; ".join(part for part in (starts, bill) if part) or "the agreement stands"
    everyone = "everyone has" if len(offer.signers) > 1 else "you have"
    return [
        kit.divider(),
        kit.section(f"Once {everyone} signed: {follows}."),
        kit.context(f"Version {offer.document.number} · {until(offer)} · SHA-256 {offer.sha256[:16]}…"),
        kit.section(
            "Signing cannot be undone. Unsure? Ask first.", kit.button("Ask a question", "proposal.ask", str(offer.id))
        ),
        kit.text_input("name", "Full name", hint="Typed by you, it is your signature.", limit=150),
        kit.text_input("title", "Your title", optional=True, limit=150),
        *(kit.ticks(field, words, [kit.option("Yes", "yes")]) for field, words in statements),
    ]


def reading(offer: Offer, sentence: str, *elements: Block | None, page: int = 0) -> Block:
    """The text to read and not to sign: for staff, for those who signed, and after the end."""
    cut = pages(document(offer))
    page = max(0, min(page, len(cut) - 1))
    row = [element for element in elements if element]
    blocks = [kit.section(sentence), *([kit.actions(*row)] if row else []), kit.divider(), *cut[page]]
    if len(cut) > 1:
        back = kit.button("Page before", "proposal.page_before", f"{offer.id}:{page - 1}") if page else None
        further = kit.button("Next page", "proposal.page", f"{offer.id}:{page + 1}") if page + 1 < len(cut) else None
        blocks += [kit.context(f"Page {page + 1} of {len(cut)}"), kit.actions(back, further)]
    return kit.modal("proposal.read", "Proposal", blocks)


def not_yours(offer: Offer) -> Block:
    """For a client's person who is not asked to sign: who is, and how to tell them."""
    who = names(offer.waiting[:1])
    return kit.notice(
        f"For {who} to sign"[:24],
        f"This one is for {who} to sign.",
        kit.button(f"Tell {who}", "proposal.tell", str(offer.id)),
        kit.button("Ask a question", "proposal.ask", str(offer.id)),
    )


def done(offer: Offer) -> Block:
    """After signing, in the same modal: that it is done, and what happens next."""
    if offer.waiting:
        sentence = f"Signed. Thank you. {names(offer.waiting[:1])} signs next; you will see it in the channel."
        steps: list[str] = []
    else:
        sentence, steps = "Signed. Thank you. What happens next:", next_steps(offer)
    listed = (
        [kit.section(kit.join([f"{number}. {step}" for number, step in enumerate(steps, 1)], "\n"))] if steps else []
    )
    return kit.modal(
        "notice",
        "Signed",
        [
            kit.section(sentence),
            *listed,
            kit.context(who_signed(offer).replace("\n", " ")),
            kit.actions(kit.button("Open my page", "page.open", str(offer.engagement_id))),
        ],
    )
