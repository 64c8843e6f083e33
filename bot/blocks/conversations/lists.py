"""Lists of conversations, one conversation for staff, and windows in which one of several is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.blocks import kit
from bot.blocks.kit import Block, Card

WAITING = {
    "open": "open",
    "waiting_us": "waiting on us",
    "waiting_client": "waiting on the client",
    "resolved": "resolved",
}


WHOLE = 60_000
"""Characters of a mail that a window shows; a copy of the record has all of it."""


@dataclass(frozen=True)
class Row:
    """A conversation in a list."""

    id: str
    topic: str
    status: str
    waiting_since: datetime | None
    owner: str
    messages: int
    link: str = ""


@dataclass(frozen=True)
class Words:
    """Something said, as it is quoted."""

    who: str
    text: str
    at: datetime
    staff_only: bool = False
    deleted: bool = False
    mail_id: str = ""
    """It came by mail: the message, whose whole text can be looked at."""


def listed(rows: Sequence[Row], where: str) -> Card:
    """The open conversations, the longest wait first."""
    if not rows:
        text = f"No open conversations in {where}. When the client writes, one opens by itself."
        return Card(text, [kit.section(text)])
    title = f"{len(rows)} open conversation{'s' if len(rows) != 1 else ''} in {where}"
    blocks: list[Block] = [kit.header(title)]
    for row in rows:
        since = kit.md(" since {at}", at=kit.when(row.waiting_since)) if row.waiting_since else ""
        topic = kit.link(row.link, row.topic) if row.link else kit.md("{topic}", topic=row.topic)
        line = kit.md(
            "*{topic}*\n{state}{since} · {owner} · {count}",
            topic=topic,
            state=WAITING[row.status].capitalize(),
            since=kit.Raw(since),
            owner=f"{row.owner} sees to it" if row.owner else "nobody has taken it yet",
            count="1 message" if row.messages == 1 else f"{row.messages or 'no'} messages",
        )
        blocks.append(kit.section(line, kit.button("Look", "conversation.show", row.id)))
    return Card(title, kit.fits(blocks))


def sheet(row: Row, words: Sequence[Words], message_id: str = "") -> Block:
    """One conversation, for staff, in a modal: its last words and what can be done with it, or with the message that led to it."""
    blocks: list[Block] = [
        kit.section(kit.md("*{topic}*", topic=row.topic)),
        kit.context(
            kit.join(
                [
                    "🔒 Only your own people see this",
                    WAITING[row.status],
                    f"{row.owner} sees to it" if row.owner else "nobody has taken it yet",
                ]
            )
        ),
    ]
    for said in words[-8:]:
        lock, gone = "🔒 " if said.staff_only else "", " · deleted since" if said.deleted else ""
        who = said.who or "Somebody"
        blocks.append(
            kit.context(
                kit.md(
                    "{lock}*{who}* · {at}{mail}{gone}",
                    lock=lock,
                    who=who,
                    at=kit.when(said.at),
                    mail=" · by mail" if said.mail_id else "",
                    gone=gone,
                )
            )
        )
        blocks.append(kit.said(said.text or "(no words)"))
        if said.mail_id:
            blocks.append(kit.actions(kit.button("The whole mail", "conversation.whole", said.mail_id)))
    resolved = row.status == "resolved"
    blocks.append(
        kit.actions(
            None if resolved else kit.button("I'll take this", "conversation.take", row.id, style="primary"),
            kit.button("Reply to client", "conversation.reply", row.id),
            kit.button("Reopen", "conversation.reopen", row.id)
            if resolved
            else kit.button("Resolve", "conversation.resolve", row.id),
            kit.button("Rename", "conversation.rename", row.id),
            kit.button("Add a note", "conversation.note", row.id),
            kit.button("Give to somebody", "conversation.assign", row.id),
        )
    )
    if message_id:
        blocks.append(kit.context("Only the message that you came from, with the thread under it:"))
        blocks.append(
            kit.actions(
                kit.button("File it elsewhere", "conversation.file", message_id),
                kit.button("Make it its own topic", "conversation.split_off", message_id),
                kit.button("Change of scope", "proposal.scope_from", message_id),
            )
        )
    return kit.modal("conversation.sheet", "Conversation", kit.fits(blocks, 100))


def whole_mail(who: str, subject: str, text: str) -> Block:
    """A mail as it came, with all that it quotes, for staff."""
    lock = kit.context(kit.md("🔒 Only your own people see this · {who} by mail", who=who))
    title = [kit.section(kit.md("*{subject}*", subject=subject))] if subject else []
    shown = text if len(text) <= WHOLE else text[: WHOLE - 1].rstrip() + "…"
    return kit.modal("conversation.whole", "The whole mail", kit.fits([lock, *title, *kit.pages(shown)], 100))


def state_of(status: str, at: datetime | None) -> kit.Raw:
    """A line about a conversation among others: whose turn it is, and when something was last said."""
    said = [kit.md("last words {at}", at=kit.when(at))] if at else []
    return kit.join([WAITING[status].capitalize(), *said])


def said_at(text: str, at: datetime) -> kit.Raw:
    """A line that tells a message from others."""
    return kit.join([kit.clip(" ".join(text.split()) or "(no words)", 140), kit.when(at)])


@dataclass(frozen=True)
class Choice:
    """Something that can be chosen by one press: what it is, a line about it, and what the press carries."""

    title: str
    detail: str
    value: str


def choices(title: str, lead: str, found: Sequence[Choice], label: str, action: str, *, none: str) -> Block:
    """A window in which one press on one of several does it."""
    blocks: list[Block] = [kit.section(lead)]
    for each in found[:40]:
        line = kit.md("*{title}*\n{detail}", title=kit.clip(each.title, 200), detail=each.detail)
        blocks.append(kit.section(line, kit.button(label, action, each.value)))
    if not found:
        blocks.append(kit.context(none))
    return kit.modal("notice", title, blocks)


def words_form(
    callback: str,
    title: str,
    label: str,
    submit: str,
    row_id: str,
    *,
    initial: str = "",
    lead: str = "",
    multiline: bool = True,
    name: str = "words",
) -> Block:
    """A form of one field."""
    blocks = [kit.section(lead)] if lead else []
    blocks.append(kit.text_input(name, label, initial=initial, multiline=multiline, limit=3000 if multiline else 200))
    return kit.modal(callback, title, blocks, submit=submit, close="Cancel", private=row_id)
