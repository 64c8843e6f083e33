"""Papers as Slack and mail speak of them: the button, the modal with a personal link, the letter with the signed copy."""

from bot.blocks import kit
from bot.blocks.kit import Block
from bot.blocks.mails import Letter
from bot.blocks.mails import letter as written


def button(version_id: str, *, signed: bool = False) -> Block:
    """The button that asks for a personal link to the paper of a version: the signed copy, once there is one."""
    return kit.button("Signed copy (PDF)" if signed else "Open the PDF", "proposal.pdf", version_id)


def link(title: str, url: str, minutes: int, *, signed: bool) -> Block:
    """The modal that answers it."""
    what = "the signed copy, with its certificate" if signed else "the exact document, as it was sent"
    return kit.modal(
        "paper",
        "Signed copy" if signed else "The PDF",
        [
            kit.section(kit.md("*{title}*: {what}.", title=title, what=what)),
            kit.actions(kit.button("Open the PDF", "proposal.pdf_entered", style="primary", url=url)),
            kit.context(
                f"This link is yours alone: it works once, within {minutes} minutes. "
                "Press again whenever you want a new one."
            ),
        ],
    )


def preparing() -> Block:
    """While the worker still sets it."""
    return kit.notice("The PDF", "The document is being prepared; try again in a moment.")


def address(public_url: str, token: str) -> str:
    """The address of a personal link to a paper."""
    return f"{public_url.rstrip('/')}/papers/{token}"


def address_of_check(public_url: str) -> str:
    """The public page that tells what a file is."""
    return f"{public_url.rstrip('/')}/verify"


def letter(title: str, agency: str, first_name: str, page_url: str, check_url: str) -> Letter:
    """The letter that brings the signed copy; `page_url` is for clients, who have a page."""
    kept = " It stays on your page as well, for as long as you like." if page_url else " The client has it too."
    return written(
        f"Signed by everyone: {title}",
        [
            f"Hello {first_name},",
            f"“{title}” is signed by everyone. Your copy is attached: the very pages that were signed, and behind them a "
            f"certificate that says who signed, when, and how they were known.{kept}",
            f"Whoever holds the file can have it checked at {check_url}.",
        ],
        button=("Open my page", page_url) if page_url else None,
        footer=f"Sent for {agency}. Please keep this file as it is: a changed byte would show.",
    )
