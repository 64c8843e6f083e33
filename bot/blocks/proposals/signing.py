"""The modals in which a proposal is read: the signing modal with its pages, what follows."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.blocks import kit
from bot.blocks.kit import Block
from bot.blocks.proposals.choosing import options, totals
from bot.blocks.proposals.text import document, names, next_steps, until, who_signed
from core.proposals import Offer

ROOM = 76
"""Blocks of text on a page: Slack takes 100, and the last page needs room for what is signed with."""

LAST = 10_000
"""A page that is past every text's end, for which the last one is shown."""

WEIGHT = 150_000
"""Bytes of text on a page: Slack takes a view of 250,000."""


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


@dataclass(frozen=True)
class Pen:
    """A signer before the text: who they are and for whom they sign, and what they have chosen and typed so far."""

    name: str
    company: str
    disclosure: str
    statements: Sequence[tuple[str, str]]
    """The ticks: (field, words); the words stand in the field's label, whole, because an option's text would be cut."""
    shown_at: int
    pdf_sha256: str
    chosen: Collection[int] = ()
    bound_by: str = ""
    """Who signed first, and so chose for all; empty for who chooses themselves."""
    typed_name: str = ""
    typed_title: str = ""
    note: str = ""
    """What is said before all else: that the total has changed, or that there is a newer version."""

    def private(self, offer: Offer) -> str:
        """What comes back with the form: which text and total were shown, and what was typed on another page."""
        return json.dumps(
            {
                "version": str(offer.version_id),
                "sha256": offer.sha256,
                "pdf": self.pdf_sha256,
                "shown": self.shown_at,
                "total": offer.document.sum(self.chosen).once.minor,
                "options": sorted(self.chosen),
                "name": self.typed_name,
                "title": self.typed_title,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )


def signing(offer: Offer, pen: Pen, page: int = 0) -> Block:
    """The signing modal for one signer; what is signed with stands on the last page only, after all of the text."""
    cut = pages(document(offer))
    page = max(0, min(page, len(cut) - 1))
    last = page == len(cut) - 1
    who = kit.section(kit.md("Signing as *{name}* for *{company}*", name=pen.name, company=pen.company))
    blocks = [*([kit.section(f"⚠ {pen.note}")] if pen.note else []), who]
    if len(cut) > 1:
        blocks.append(kit.context(f"Page {page + 1} of {len(cut)}; you can sign on the last one."))
    blocks += cut[page]
    if len(cut) > 1:
        back = kit.button("Page before", "proposal.page_before", f"{offer.id}:{page - 1}") if page else None
        further = None if last else kit.button("Next page", "proposal.page", f"{offer.id}:{page + 1}", style="primary")
        blocks.append(kit.actions(back, further))
    if last:
        blocks += _last(offer, pen)
    submit = "Sign" if last else ""
    return kit.modal(
        "proposal.sign", "Review and sign", blocks, submit=submit, close="Not now", private=pen.private(offer)
    )


def _last(offer: Offer, pen: Pen) -> list[Block]:
    everyone = "everyone has" if len(offer.document.signers) > 1 else "you have"
    return [
        kit.divider(),
        *options(offer, pen.chosen, pen.bound_by),
        *totals(offer, pen.chosen),
        kit.actions(kit.button("Open the PDF", "proposal.pdf", str(offer.version_id))),
        kit.context(f"Version {offer.document.number} · {until(offer)} · SHA-256 {offer.sha256[:16]}…"),
        kit.section(f"Once {everyone} signed: {follows(offer, pen.chosen)}."),
        kit.section(
            "Signing cannot be undone. Unsure? Ask first.", kit.button("Ask a question", "proposal.ask", str(offer.id))
        ),
        kit.text_input(
            "name", "Full name", initial=pen.typed_name, hint="Typed by you, it is your signature.", limit=150
        ),
        kit.text_input("title", "Your title", initial=pen.typed_title, optional=True, limit=150),
        kit.context(pen.disclosure),
        *(kit.ticks(field, words, [kit.option("Yes", "yes")]) for field, words in pen.statements),
    ]


def follows(offer: Offer, chosen: Collection[int]) -> str:
    """What the last signature brings about: how many projects start, what is paid first, what recurs."""
    known = offer.document.sum(chosen)
    work = sum(row.item.kind == "work" for row in known.items)
    parts = [f"{work} project{'s' if work != 1 else ''} start{'' if work != 1 else 's'}"] if work else []
    due = offer.document.due_on_signing(chosen)
    if due:
        label = "deposit invoice" if len(offer.document.schedule) > 1 else "invoice"
        parts.append(f"{label} of {due.show(offer.locale)}")
    if known.recurring:
        many = sum(bool(row.item.period) for row in known.items)
        parts.append(f"{many} subscription{'s' if many != 1 else ''} begin{'' if many != 1 else 's'}")
    return "; ".join(parts) or "the agreement stands"


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
    who = names(offer.next[:1])
    ours = any(party.side == "staff" for party in offer.next)
    return kit.notice(
        f"For {who} to sign"[:24],
        f"This one is for {who} to sign{f', for {offer.agency}' if ours else ''}.",
        None if ours else kit.button(f"Tell {who}", "proposal.tell", str(offer.id)),
        kit.button("Ask a question", "proposal.ask", str(offer.id)),
    )


def done(offer: Offer, *, pay: bool = False) -> Block:
    """After signing, in the same modal: that it is done, what happens next, and the way to pay what is due."""
    if offer.waiting:
        sentence = (
            f"Signed. Thank you. {names(offer.waiting[:1])} signs next; your copy comes once everyone has signed."
        )
        steps: list[str] = []
    else:
        sentence, steps = "Signed. Your copy is in your mail and on your page.", next_steps(offer)
    listed = (
        [kit.section(kit.join([f"{number}. {step}" for number, step in enumerate(steps, 1)], "\n"))] if steps else []
    )
    label = "Pay deposit" if len(offer.document.schedule) > 1 else "Pay invoice"
    return kit.modal(
        "notice",
        "Signed",
        [
            kit.section(sentence),
            *listed,
            kit.context(who_signed(offer).replace("\n", " ")),
            kit.actions(
                kit.button(label, "proposal.pay", str(offer.id), style="primary") if pay else None,
                kit.button("Open my page", "page.open", str(offer.engagement_id)),
            ),
        ],
    )


def countersigned(offer: Offer) -> Block:
    """After our own signature: that it is done, for staff."""
    title = offer.document.title
    rest = f"{names(offer.waiting[:1])} signs next." if offer.waiting else "Everyone has signed; the work begins."
    return kit.notice("Signed", f"You signed “{title}” for {offer.agency}. {rest}")


def being_made(offer_id: str) -> Block:
    """What is to be paid is on its way to the processor still."""
    return kit.notice(
        "One moment",
        "The invoice is being made; it is here in a moment.",
        kit.button("Try again", "proposal.pay", offer_id),
    )
