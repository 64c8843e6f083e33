"""The forms in which staff reply to the client and give a conversation to somebody."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks import kit
from bot.blocks.kit import Block


@dataclass(frozen=True)
class Replying:
    """A reply before it is written: on what, in whose name, where, and who will read it. No `readers`: it goes by mail."""

    topic: str
    speaker: str
    channel_id: str
    readers: int | None
    outsiders: int
    contact: str
    words: str


def reply_form(row_id: str, seen: Replying, longest: int) -> Block:
    """Where a reply is written; it says in whose name it is posted, where, and how many will read it."""
    if seen.readers is None:
        audience = kit.md("✉️ Goes as {speaker} to {contact}, by mail.", speaker=seen.speaker, contact=seen.contact)
    else:
        others = f", {seen.outsiders} from other companies" if seen.outsiders else ""
        audience = kit.md(
            "👁 Posts as *{speaker}* in {channel}, {count}{others}.",
            speaker=seen.speaker,
            channel=kit.channel(seen.channel_id),
            count="1 reader" if seen.readers == 1 else f"{seen.readers} readers",
            others=others,
        )
    blocks: list[Block] = [kit.section(kit.md("*{topic}*", topic=seen.topic))]
    if seen.words.strip():
        blocks.append(kit.said(f"“{kit.clip(seen.words.strip(), 600)}”"))
    blocks.append(kit.text_input("words", "Your reply", multiline=True, limit=longest))
    blocks.append(kit.section(audience))
    return kit.modal(
        "conversation.reply",
        "Reply to client",
        blocks,
        submit=f"Send as {seen.speaker}"[:24],
        close="Not now",
        private=row_id,
    )


def assign_form(row_id: str, topic: str, team: Sequence[tuple[str, str]], owner: str) -> Block:
    """Who of the team is to see to it."""
    return kit.modal(
        "conversation.assign",
        "Give to somebody",
        [
            kit.section(kit.md("*{topic}*", topic=topic)),
            kit.select("owner", "Who sees to it?", [kit.option(name, key) for key, name in team], initial=owner),
            kit.context("They are called in the staff channel; the client sees 👀 under their words."),
        ],
        submit="Give it",
        close="Cancel",
        private=row_id,
    )
