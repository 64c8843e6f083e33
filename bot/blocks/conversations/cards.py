"""The cards of conversations: what opens one for the client and replies there; for staff the control card and what stands under it."""

from dataclasses import dataclass
from datetime import datetime

from bot.blocks import kit
from bot.blocks.kit import Block, Card


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


def reply(who: str, words: str) -> Card:
    """What one of the agency says to the client, in their thread: the name, then the words as they were written."""
    if len(kit.esc(words)) <= 2800:
        return Card(f"{who}: {words}", [kit.section(kit.md("*{who}:* {words}", who=who, words=words))])
    return Card(f"{who}: {words}", [kit.section(kit.md("*{who}:*", who=who)), *kit.pages(words)])


@dataclass(frozen=True)
class Control:
    """A conversation as staff control it."""

    id: str
    agency: str
    company: str
    topic: str
    status: str
    since: datetime | None
    due: datetime | None
    first: bool
    owner: str
    channel_id: str
    link: str
    client: str
    words: str
    part_of: str = ""


def control(seen: Control) -> Card:
    """The control card: whose turn it is and since when, the client's last words, and what staff do about it."""
    lock = kit.context(kit.md("🔒 Only {agency} sees this", agency=seen.agency))
    title = kit.section(kit.md("*{topic}*", topic=seen.topic))
    if seen.part_of:
        gone = f"“{seen.topic}” is part of “{seen.part_of}” now."
        return Card(gone, [lock, kit.section(gone)])
    resolved = seen.status == "resolved"
    waits = {"waiting_us": "waits on us", "waiting_client": f"waits on {seen.company}", "resolved": "is resolved"}
    blocks = [lock, title]
    if seen.words.strip():
        blocks.append(kit.said(f"{seen.client}: “{_two_lines(seen.words)}”"))
    blocks.append(kit.section(_standing(seen)))
    blocks.append(
        kit.actions(
            None
            if resolved or seen.owner
            else kit.button("I'll take this", "conversation.take", seen.id, style="primary"),
            kit.button("Reply to client", "conversation.reply", seen.id),
            kit.button("Reopen", "conversation.reopen", seen.id) if resolved else None,
            kit.more(
                "conversation.more",
                [
                    *([] if resolved else [("Resolve", f"conversation.resolve:{seen.id}")]),
                    ("Rename", f"conversation.rename:{seen.id}"),
                    ("File elsewhere", f"conversation.elsewhere:{seen.id}"),
                    ("Give to somebody", f"conversation.assign:{seen.id}"),
                    ("Make it…", f"conversation.make:{seen.id}"),
                ],
            ),
        )
    )
    blocks.append(kit.context("What you say in this thread stays between you. The client reads only replies."))
    return Card(f"{seen.company}: “{seen.topic}” {waits.get(seen.status, 'is open')}", blocks)


def _two_lines(words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    left = lines[2:] and "…"
    return "\n".join(kit.clip(line, 110) for line in lines[:2]) + (left or "")


def _standing(seen: Control) -> kit.Raw:
    since = kit.md(" since {at}", at=kit.when(seen.since)) if seen.since else kit.Raw("")
    whose = {
        "waiting_us": kit.md("*Waiting on us*{since}", since=since),
        "waiting_client": kit.md("*Waiting on {company}*{since}", company=seen.company, since=since),
        "resolved": kit.Raw("*Resolved*"),
    }
    turn, parts = [whose.get(seen.status, kit.Raw("*Open*"))], []
    if seen.due:
        first = "first answer" if seen.first else "answer"
        turn.append(kit.md("{first} by {at}", first=first, at=kit.when(seen.due)))
    if seen.owner:
        parts.append(kit.md("{owner} sees to it", owner=seen.owner))
    elif seen.status != "resolved":
        parts.append(kit.Raw("Nobody has taken it yet"))
    where = kit.link(seen.link, "Open the thread") if seen.link else None
    if where is None and seen.channel_id:
        where = kit.channel(seen.channel_id)
    if where is not None:
        parts.append(where)
    return kit.join([kit.join(turn), kit.join(parts)], "\n")


def note(topic: str, who: str, words: str) -> Card:
    """An internal note in the staff channel."""
    return Card(
        f"{who} noted on “{topic}”: {kit.clip(words, 120)}",
        [
            kit.context(kit.md("🔒 Only your own people see this · {who} on *{topic}*", who=who, topic=topic)),
            kit.said(words),
        ],
    )


def taken(topic: str, who: str, called: str = "") -> Card:
    """Said under the control card when somebody sees to it; whoever was given it is called by their account."""
    if called:
        return _line(kit.md("{who}, this is yours.", who=kit.user(called)), f"“{topic}” is yours.")
    return _line(kit.md("{who} sees to this.", who=who), f"{who} sees to “{topic}”.")


def due(topic: str, called: str, by: datetime, first: bool) -> Card:
    """Said under the control card before a target is missed, to whoever sees to it."""
    what = "first answer" if first else "answer"
    who = kit.user(called) if called else kit.Raw("Somebody")
    line = kit.md("{who}: the {what} is due by {at}.", who=who, what=what, at=kit.when(by))
    return _line(line, f"The {what} on “{topic}” is due soon.")


def _line(line: kit.Raw, sentence: str) -> Card:
    blocks: list[Block] = [kit.section(line)]
    return Card(sentence, blocks)
