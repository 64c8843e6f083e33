"""Letters: a card's mail twin, and the few letters that exist only as mail, in text and simple HTML; and the cards of mail that came in."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks import kit
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


def twin(
    card: Card,
    agency: str,
    first_name: str,
    page_url: str,
    *,
    button: str = "Open my page",
    replies: bool = False,
    subject: str = "",
) -> Letter:
    """The mail twin of a card: its sentence as the subject, its texts as paragraphs, and the way to the client's page,
    or to where the button says.

    A card in a channel names the person first; in a letter the greeting does. `replies` says whether an answer by mail
    arrives; `subject` is that of the mail which it answers.
    """
    called = re.compile(rf"^{re.escape(first_name)}[:,]\s+")
    paragraphs = [called.sub("", text) for text in texts(card) if text not in IN_SLACK]
    sentence = called.sub("", plain(card.text))
    return letter(
        answering(subject) or sentence[:1].upper() + sentence[1:],
        [f"Hello {first_name},", *paragraphs],
        button=(button, page_url),
        footer=footer(agency, replies),
    )


def footer(agency: str, replies: bool) -> str:
    """Why it comes by mail, and, where that works, that it can simply be answered."""
    why = "You get this by mail because you are not in our Slack channel."
    return f"{why} Reply to this mail, and {agency} has your words." if replies else why


def answering(subject: str) -> str:
    """The subject of a letter that answers one with this subject; "" for none."""
    return "" if not subject else subject if subject.lower().startswith("re:") else f"Re: {subject}"


def words(
    agency: str,
    first_name: str,
    subject: str,
    said: Sequence[tuple[str, str, Sequence[str]]],
    page_url: str,
    *,
    replies: bool,
) -> Letter:
    """What the agency's people said in a conversation: who, the words in Slack's markup, the names of their files."""
    paragraphs = []
    for who, text, files in said:
        lines = [plain(text)] if text.strip() else []
        if files:
            lines.append(f"{who} shared {', '.join(files)}. You find what is shared on your page.")
        paragraphs.append(f"{who}: " + "\n".join(lines) if text.strip() else "\n".join(lines))
    return letter(
        answering(subject),
        [f"Hello {first_name},", *paragraphs],
        button=("Open my page", page_url),
        footer=footer(agency, replies),
    )


SHOWN = 11_000
"""Characters of a mail that are shown in a channel; the whole stands in the record."""

REASONS = {
    "other_sender": "They are not {person}, so it did not join the conversation.",
    "left": "{person} is not with the client any more, so it did not join a conversation.",
    "not_in_engagement": "{person} is not in this engagement any more, so it did not join a conversation.",
    "expired": "The letter that it answers is more than a year old, so it did not join a conversation.",
    "revoked": "That address was closed, so it did not join a conversation.",
}


def mirror(who: str, text: str, files: Sequence[str]) -> Card:
    """What a client wrote by mail, shown where the others read it."""
    shown = text if len(text) <= SHOWN else text[: SHOWN - 1].rstrip() + "…"
    blocks = [kit.section(kit.md("✉️ *{who}* by mail:", who=who)), *kit.pages(shown)]
    if files:
        blocks.append(kit.context(kit.md("With {files}", files=kit.clip(", ".join(files), 300))))
    return Card(f"✉️ {who} by mail: {kit.clip(' '.join(shown.split()) or ', '.join(files), 1500)}", blocks)


def refused(person: str, sender: str, subject: str, text: str, reason: str) -> Card:
    """To staff: what came to somebody's reply address and did not join."""
    sentence = kit.md("A mail from {sender} came to {person}’s address.", sender=sender, person=person)
    why = kit.md(REASONS.get(reason, "It did not join a conversation."), person=person)
    blocks = [kit.section(kit.md("✉️ {sentence}\n{why}", sentence=sentence, why=why))]
    if subject or text.strip():
        blocks.append(kit.said(kit.clip(f"{subject}\n{text.strip()}".strip(), 1500)))
    return Card(sentence, [*blocks, kit.context("To have it in the record, ask them to write themselves.")])


def bounced(person: str, email: str) -> Card:
    """To staff: somebody gets no mail."""
    sentence = kit.md("Mail to {person} ({email}) comes back.", person=person, email=email)
    rest = "They hear nothing by mail until that is mended. Is the address right? Perhaps another way reaches them."
    return Card(sentence, [kit.section(kit.md(":warning: {sentence}\n{rest}", sentence=sentence, rest=rest))])


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
    text = re.sub(r"<(?:mailto:|tel:)[^|>]*\|([^>]*)>|<(https?://[^|>]+)>", r"\1\2", text)
    text = re.sub(r"<[@#!][^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<[@#!][^>]*>", "", text)
    text = re.sub(r"(?<!\w)[*_~]([^*_~\n]+)[*_~](?!\w)", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()
