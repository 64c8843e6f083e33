"""How conversations look: the list, one conversation for staff, the line that opens one, and the note that only staff see."""

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


def sheet(row: Row, words: Sequence[Words]) -> Block:
    """One conversation, for staff, in a modal: its last words and what can be done with it."""
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
        lock = "🔒 " if said.staff_only else ""
        blocks.append(
            kit.context(kit.md("{lock}*{who}* · {at}", lock=lock, who=said.who or "Somebody", at=kit.when(said.at)))
        )
        blocks.append(kit.said(said.text or "(no words)"))
    resolved = row.status == "resolved"
    blocks.append(
        kit.actions(
            None if resolved else kit.button("I'll take this", "conversation.take", row.id, style="primary"),
            kit.button("Reopen", "conversation.reopen", row.id)
            if resolved
            else kit.button("Resolve", "conversation.resolve", row.id),
            kit.button("Rename", "conversation.rename", row.id),
            kit.button("Add a note", "conversation.note", row.id),
        )
    )
    return kit.modal("conversation.sheet", "Conversation", kit.fits(blocks, 100))


def opening(topic: str, who: str, words: str, by_client: bool) -> Card:
    """The line in the client channel under which a conversation that was begun in a form goes on."""
    if by_client:
        sentence = f"{who} asks: {kit.clip(words or topic, 120)}"
        blocks = [kit.section(kit.md("*{topic}*\n{who} asks:", topic=topic, who=who))]
    else:
        sentence = f"{who} would like to talk about “{topic}”"
        blocks = [kit.section(kit.md("*{topic}*\n{who} would like to talk about this.", topic=topic, who=who))]
    if words:
        blocks.append(kit.said(words))
    return Card(sentence, [*blocks, kit.context("Reply in this thread.")])


def note(topic: str, who: str, words: str) -> Card:
    """An internal note in the staff channel."""
    return Card(
        f"{who} noted on “{topic}”: {kit.clip(words, 120)}",
        [
            kit.context(kit.md("🔒 Only your own people see this · {who} on *{topic}*", who=who, topic=topic)),
            kit.said(words),
        ],
    )


def taken(topic: str, who: str) -> Card:
    """Told to the staff channel when somebody sees to a conversation."""
    sentence = f"{who} sees to “{topic}”."
    return Card(sentence, [kit.section(sentence)])


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
