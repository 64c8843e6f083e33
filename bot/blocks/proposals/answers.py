"""The forms with which people ask about a proposal, want it changed, decline it or take it back."""

from collections.abc import Sequence

from bot.blocks import kit
from bot.blocks.kit import Block
from bot.blocks.proposals.cards import nudge
from core.proposals import Offer


def question_form(offer: Offer) -> Block:
    """The client's question about a proposal."""
    return kit.modal(
        "proposal.ask",
        "Ask a question",
        [
            kit.section(
                kit.md(
                    "About *{title}*. {owner} answers in the channel.", title=offer.document.title, owner=offer.owner
                )
            ),
            kit.text_input("words", "Your question", multiline=True),
        ],
        submit="Ask",
        close="Not now",
        private=str(offer.id),
    )


def answer_form(offer: Offer) -> Block:
    """What the client wants changed; staff alone read it."""
    return kit.modal(
        "proposal.changes",
        "Request changes",
        [
            kit.section(
                kit.md(
                    "What should be different in *{title}*? Only {agency} reads this.",
                    title=offer.document.title,
                    agency=offer.agency,
                )
            ),
            kit.text_input("words", "What to change", multiline=True),
        ],
        submit="Send to " + kit.clip(offer.agency, 16),
        close="Not now",
        private=str(offer.id),
    )


def decline_form(offer: Offer) -> Block:
    """A second look before a no."""
    others = " Nobody else can sign it then." if len(offer.signers) > 1 else ""
    sentence = kit.md(
        "Decline *{title}*? {agency} is told, with your reason.{others}",
        title=offer.document.title,
        agency=offer.agency,
        others=others,
    )
    return kit.modal(
        "proposal.decline",
        "Decline",
        [
            kit.section(sentence),
            kit.text_input("reason", "Reason", multiline=True, placeholder="It helps to do better.", limit=1000),
        ],
        submit="Decline",
        close="Not now",
        private=str(offer.id),
    )


def withdraw_form(offer: Offer, reason: str) -> Block:
    """A second look before a proposal is taken back."""
    sentence = kit.md(
        "Take *{title}* back from {company}? It can no longer be signed then.",
        title=offer.document.title,
        company=offer.company,
    )
    return kit.modal(
        "proposal.withdraw",
        "Withdraw",
        [
            kit.section(sentence),
            kit.text_input("reason", "Reason", initial=reason, hint="The client reads it on the card.", limit=500),
        ],
        submit="Withdraw",
        close="Keep it",
        private=str(offer.id),
    )


def remind_form(offer: Offer, people: Sequence[str], by: str) -> Block | None:
    """The second look before those who are to sign are reminded: the very words, and who reads them; None if it is nobody."""
    told = nudge(offer, people, by, by_staff=True)
    if told is None:
        return None
    words = [block for block in told.blocks if block["type"] == "section"]
    where = kit.channel(offer.channel_id) if offer.connected else kit.Raw("their mail")
    count = offer.audience.readers
    readers = f", {count} {'person reads' if count == 1 else 'people read'} it" if offer.connected else ""
    return kit.modal(
        "proposal.remind",
        "Remind them",
        [*words, kit.context(kit.md("Goes to {where}{readers}.", where=where, readers=readers))],
        submit="Remind",
        close="Not now",
        private=str(offer.id),
    )
