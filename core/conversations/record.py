"""The record's verbs: what was said, edited, deleted and reacted to, one at a time or many in one pass."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, update

from core import clock
from core.conversations.keeping import keep
from core.conversations.said import Fact, Said, moment
from core.conversations.tables import Conversation, Message, Reaction
from core.db import Session
from core.engagements import Engagement, Place
from core.people import User


def forgotten(engagement: Engagement, ts: str) -> bool:
    """Whether what was said then has been deleted for good, so that it is not kept again."""
    return engagement.forgotten_at is not None and moment(ts) <= engagement.forgotten_at


async def say(session: Session, engagement: Engagement, place: Place, said: Said) -> Message:
    """Keep a message. What arrives again changes nothing; the first text of a message that was edited already becomes a revision."""
    return await _kept(session, Fact(engagement, place, said))


async def edit(session: Session, engagement: Engagement, place: Place, said: Said, before: Said | None) -> Message:
    """Keep an edit: the newest text stands, every earlier one is a revision. Our own cards change without revisions."""
    return await _kept(session, Fact(engagement, place, said, before))


async def delete(session: Session, engagement: Engagement, place: Place, said: Said, at: datetime) -> Message:
    """Keep a deletion as a tombstone: the text stays, hidden from clients. `said` is what stood there, as far as is known."""
    known = bool(said.text or said.blocks or said.files)
    return await _kept(session, Fact(engagement, place, said if known else replace(said, author_ref=""), deleted_at=at))


async def _kept(session: Session, fact: Fact) -> Message:
    await keep(session, [fact])
    query = select(Message).where(Message.source == "slack", Message.source_ref == fact.said.ref)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


REACT = text(
    "INSERT INTO message_reactions (id, organization_id, created_at, channel_id, ts, author_ref, emoji, present, changed_ts)"
    " SELECT gen_random_uuid(), :tenant, :now, * FROM unnest(CAST(:channels AS text[]), CAST(:tss AS text[]),"
    " CAST(:authors AS text[]), CAST(:emojis AS text[]), CAST(:presents AS boolean[]), CAST(:changes AS text[]))"
    " ON CONFLICT (organization_id, channel_id, ts, author_ref, emoji) DO UPDATE"
    " SET present = excluded.present, changed_ts = excluded.changed_ts"
    " WHERE message_reactions.changed_ts < excluded.changed_ts"
)

Reacted = tuple[str, str, str, str, bool, str]
"""A reaction that was set or taken: channel, ts, who, emoji, whether it is there now, and the event's ts."""


async def react(
    session: Session, channel: str, ts: str, author_ref: str, emoji: str, *, present: bool, changed_ts: str
) -> None:
    """Keep that a reaction was set or taken; the newest word about it counts, in whatever order they come."""
    await react_all(session, [(channel, ts, author_ref, emoji, present, changed_ts)])


async def react_all(session: Session, reactions: Sequence[Reacted]) -> None:
    """Keep several reactions that were set or taken."""
    newest: dict[tuple[str, ...], Reacted] = {}
    for one in sorted(reactions, key=lambda reacted: reacted[5]):
        newest[one[:4]] = one
    if not newest:
        return
    names = ("channels", "tss", "authors", "emojis", "presents", "changes")
    columns: dict[str, Any] = dict(zip(names, map(list, zip(*newest.values(), strict=True)), strict=True))
    await session.execute(REACT, {"tenant": session.info["tenant"], "now": clock.now(), **columns})


async def moved(session: Session, before: str, after: str) -> None:
    """Know by a channel's new id what was said there under its old one, so that an edit of it finds it."""
    for table in (Conversation, Message, Reaction):
        values: dict[str, Any] = {"channel_id": after}
        if table is Message:
            values["source_ref"] = func.replace(Message.source_ref, f"{before}:", f"{after}:")
        statement = update(table).where(table.channel_id == before).values(values)
        await session.execute(statement.execution_options(synchronize_session=False))


async def attribute(session: Session, author_ref: str, user: User) -> None:
    """Say whose words these were all along, once an account is known to be this person."""
    await session.execute(
        update(Message)
        .where(Message.author_ref == author_ref, Message.author_id.is_(None))
        .values(author_id=user.id, side="staff" if user.side == "staff" else "client")
    )


__all__ = [
    "Fact",
    "Said",
    "attribute",
    "delete",
    "edit",
    "forgotten",
    "keep",
    "moment",
    "moved",
    "react",
    "react_all",
    "say",
]
