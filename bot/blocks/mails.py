"""Letters: a card's mail twin, and the few letters that exist only as mail; plain text first, the same in simple HTML."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks.kit import Card

IN_SLACK = frozenset({"Reply in this thread."})
"""What a card says that is of no use in a letter."""


@dataclass(frozen=True)
class Letter:
    """A mail, ready to send."""

    subject: str
    text: str
    html: str


def letter(
    subject: str, paragraphs: Sequence[str], *, button: tuple[str, str] | None = None, footer: str = ""
) -> Letter:
    """A letter of plain paragraphs with at most one button (label, address)."""
    lines = [*paragraphs, *([f"{button[0]}: {button[1]}"] if button else []), *([f"-- \n{footer}"] if footer else [])]
    parts = [f"<p>{html.escape(paragraph).replace(chr(10), '<br>')}</p>" for paragraph in paragraphs]
    if button:
        parts.append(
            f'<p><a href="{html.escape(button[1], quote=True)}" style="display:inline-block;padding:12px 20px;border-radius:8px;'
            f'background:#1f5f4a;color:#ffffff;text-decoration:none;font-weight:600">{html.escape(button[0])}</a></p>'
        )
    if footer:
        parts.append(f'<p style="color:#667;font-size:13px">{html.escape(footer)}</p>')
    body = "".join(parts)
    page = f'<div style="font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:0 auto;padding:16px;color:#1c2421">{body}</div>'
    return Letter(" ".join(subject.split()), "\n\n".join(lines) + "\n", page)


def twin(card: Card, agency: str, first_name: str, page_url: str) -> Letter:
    """The mail twin of a card: its sentence as the subject, its texts as paragraphs, and the way to the client's page.

    A card in a channel names the person first; in a letter the greeting does.
    """
    called = re.compile(rf"^{re.escape(first_name)}[:,]\s+")
    paragraphs = [called.sub("", text) for text in texts(card) if text not in IN_SLACK]
    subject = called.sub("", plain(card.text))
    return letter(
        subject[:1].upper() + subject[1:],
        [f"Hello {first_name},", *paragraphs],
        button=("Open my page", page_url),
        footer=f"You get this by mail because you are not in our Slack channel. Reply to {agency} as you usually do.",
    )


def texts(card: Card) -> list[str]:
    """The words of a card's blocks, without its buttons."""
    found = []
    for block in card.blocks:
        if block["type"] in ("section", "header"):
            found.append(plain(block["text"]["text"]))
        elif block["type"] == "context":
            found.append(" · ".join(plain(element["text"]) for element in block["elements"] if "text" in element))
    return found or [plain(card.text)]


def plain(markup: str) -> str:
    """Slack's markup as plain words."""
    text = re.sub(r"<!date\^\d+\^[^|>]*\|([^>]*)>", r"\1", markup)
    text = re.sub(r"<(https?://[^|>]+)\|([^>]*)>", r"\2 (\1)", text)
    text = re.sub(r"<[@#!][^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<[@#!][^>]*>", "", text)
    text = re.sub(r"(?<!\w)[*_~]([^*_~\n]+)[*_~](?!\w)", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()
