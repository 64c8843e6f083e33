"""The client's page, as Slack and mail speak of it: its addresses, the modal with a link, the letter with a code."""

import uuid
from dataclasses import dataclass

from bot.blocks import kit
from bot.blocks.mails import Letter, footer, letter, twin
from bot.blocks.proposals.text import names
from core.proposals import Offer


@dataclass(frozen=True)
class Way:
    """A personal link, ready to be shown to its person: where it leads, and for how many minutes it works."""

    first_name: str
    agency: str
    url: str
    minutes: int


def address(public_url: str, organization_id: uuid.UUID | None = None) -> str:
    """The permanent address of the clients' pages, which grants nothing: it asks for an e-mail and sends a code.

    With the agency named, it is right wherever several agencies share one machine.
    """
    base = public_url.rstrip("/")
    return f"{base}/portal/at/{organization_id}" if organization_id else f"{base}/portal"


def personal(public_url: str, token: str) -> str:
    """The address of a personal link. Opening it uses nothing up: mail scanners and previews may follow it."""
    return f"{public_url.rstrip('/')}/portal/enter/{token}"


def modal(way: Way) -> kit.Block:
    """The modal that answers “Open my page”: a link for the presser alone."""
    return kit.modal(
        "page",
        "Your page",
        [
            kit.section(
                kit.md(
                    "{name}, your page shows what {agency} is doing for you and where it stands, "
                    "your contract, and your invoices.",
                    name=way.first_name,
                    agency=way.agency,
                )
            ),
            kit.actions(kit.button("Open my page", "page.enter", style="primary", url=way.url)),
            kit.context(
                f"This link is yours alone: it works once, within {way.minutes} minutes. "
                "Press again whenever you want a new one."
            ),
        ],
    )


def preview(agency: str, client: str) -> kit.Block:
    """What staff get who press the button: nobody enters as somebody else."""
    return kit.notice(
        "The client’s page",
        kit.md(
            "This opens the presser’s own page, and pages belong to clients. When {client} presses it, "
            "they get a personal link to what {agency} is doing for them, their contract and their invoices.",
            client=client or "a client",
            agency=agency,
        ),
    )


def code(agency: str, first_name: str, digits: str, minutes: int) -> Letter:
    """The letter that carries a six-digit code."""
    return letter(
        f"{digits} is your code for {agency}",
        [
            f"Hello {first_name},",
            f"Your code is {digits}. Type it where you asked for it, within {minutes} minutes, and your page opens.",
            "Did you not ask for it? Then somebody else typed your address. Nothing was opened; you need do nothing.",
        ],
        footer=f"Nobody at {agency} will ever ask you for this code.",
    )


def to_sign(public_url: str, token: str) -> str:
    """The address of a letter's link to a proposal. Opening it uses nothing up, and tells its title alone."""
    return f"{public_url.rstrip('/')}/portal/sign/{token}"


def invitation(offer: Offer, first_name: str, url: str, *, replies: bool) -> Letter:
    """The letter to a signer: who sent what, until when, and the way to read and sign it. No amount stands in it.
    `replies` says whether an answer by mail arrives."""
    title, until = offer.document.title, kit.day(offer.document.valid_until)
    what = "a change of scope" if offer.document.kind == "scope" else "a proposal"
    if offer.version_number > 1:
        what = "a new version of a change of scope" if offer.document.kind == "scope" else "a new version of a proposal"
    told = f"{offer.agency} has sent you {what}: {title}."
    signed = [party for party in offer.signers if party.signed_at]
    if signed:
        told = f"{names(signed)} signed “{title}” of {offer.agency}. It is your turn now."
    others = [party for party in offer.next if party.first_name != first_name]
    also = [f"{names(others)} {'is' if len(others) == 1 else 'are'} asked to sign it, too."] if others else []
    return letter(
        told.rstrip("."),
        [
            f"Hello {first_name},",
            f"{told} Review and sign it here, until {until}.",
            *([offer.document.purpose] if offer.document.purpose else []),
            *also,
            "The link is yours alone. When you open it, we mail you a six-digit code, so that nobody else can sign for you."
            " Unsure about something? You can ask there before you sign.",
        ],
        button=("Review and sign", url),
        footer=footer(offer.agency, replies),
    )


def reminder(offer: Offer, card: kit.Card, first_name: str, url: str, *, replies: bool) -> Letter:
    """The same way, with the words of a reminder."""
    return twin(card, offer.agency, first_name, url, button="Review and sign", replies=replies)
