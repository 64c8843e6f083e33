"""The forms of proposals: where it belongs, the draft, and the words with which people ask, decline or take back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.blocks import kit
from bot.blocks.kit import Block
from bot.blocks.proposals.cards import nudge
from core.proposals import Offer


@dataclass(frozen=True)
class Sheet:
    """What the drafting form is opened with. `signers` are (id, name), `services` (id, name, price)."""

    private: str
    engagement: str
    currency: str
    title: str
    purpose: str
    lines: str
    terms: str
    valid_until: date
    signer: str
    signers: Sequence[tuple[str, str]]
    services: Sequence[tuple[str, str, str]]
    editing: bool = False


def where(engagements: Sequence[tuple[str, str]], words: str) -> Block:
    """The question that comes first where a command was typed outside of an engagement's channels."""
    entries = [kit.option(title, each) for each, title in engagements]
    return kit.modal(
        "proposal.where",
        "New proposal",
        [kit.select("engagement", "For which engagement?", entries)],
        submit="Continue",
        close="Cancel",
        private=kit.clip(words, 2000),
    )


def form(sheet: Sheet) -> Block:
    """The drafting form: seven fields, most of them filled in already."""
    signers = [kit.option(name, user_id) for user_id, name in sheet.signers]
    hint = f"Quantity × price in {sheet.currency}. Each becomes a project; write (fee) after one that does not."
    return kit.modal(
        "proposal.draft",
        "Edit proposal" if sheet.editing else "New proposal",
        [
            kit.context(f"For {sheet.engagement}. Nothing is sent before you have seen the preview."),
            kit.text_input("title", "Title", initial=sheet.title, placeholder="Website relaunch", limit=120),
            *([_services(sheet.services)] if sheet.services else []),
            kit.text_input(
                "lines",
                "Items",
                initial=sheet.lines,
                placeholder="SEO audit, 2 × 900\nHosting, 12 × 40 (fee)",
                hint=hint,
                optional=True,
                multiline=True,
            ),
            kit.text_input("terms", "Terms", initial=sheet.terms, optional=True, multiline=True),
            kit.date_input("until", "Valid until", initial=sheet.valid_until),
            kit.select("signer", "Signer", signers, initial=sheet.signer),
            kit.text_input(
                "purpose",
                "Purpose",
                initial=sheet.purpose,
                placeholder="In one line, what it is for",
                optional=True,
                limit=200,
            ),
        ],
        submit="Preview",
        close="Cancel",
        private=sheet.private,
    )


def _services(services: Sequence[tuple[str, str, str]]) -> Block:
    element = {
        "type": "multi_static_select",
        "action_id": "services",
        "options": [kit.option(name, service_id, price) for service_id, name, price in services[:100]],
        "placeholder": kit.plain("Add from your catalog", 150),
    }
    return {
        "type": "input",
        "block_id": "services",
        "label": kit.plain("From your services"),
        "element": element,
        "optional": True,
    }


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
