"""The record: what was said, edited, deleted and reacted to, applied in any order and any number of times with the same result."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from core import clock, people, posts
from core.conversations.joining import SPOKEN, join, settle
from core.conversations.tables import Attachment, Conversation, Message, Reaction, Revision
from core.db import Session
from core.engagements import Engagement, Place, locked
from core.people import Identity, User


@dataclass(frozen=True)
class Said:
    """One message as a face heard it. `ref` is unique in its source; `post_id` marks a card of our own."""

    channel: str
    ts: str
    author_ref: str
    text: str
    thread_ts: str | None = None
    author_name: str = ""
    blocks: list[Any] | None = None
    kind: str = "message"
    bot: bool = False
    own: bool = False
    post_id: uuid.UUID | None = None
    edited_ts: str | None = None
    raw: dict[str, Any] | None = None
    files: Sequence[dict[str, Any]] = ()
    called: str | None = None
    """What follows when the message begins by calling us by name."""

    @property
    def ref(self) -> str:
        """Channel and ts: what a Slack message is known by."""
        return f"{self.channel}:{self.ts}"

    @property
    def reply(self) -> bool:
        """Whether it stands in a thread below another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts


def moment(ts: str) -> datetime:
    """Slack's ts as a time."""
    seconds, _, fraction = ts.partition(".")
    return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int((fraction or "0").ljust(6, "0")[:6]))


async def say(session: Session, engagement: Engagement, place: Place, said: Said) -> Message:
    """Keep a message. What arrives again changes nothing; the first text of a message that was edited already becomes a revision."""
    message, new = await _row(session, engagement, place, said)
    if not new:
        if message.edited_ts and not said.edited_ts:
            await _revise(session, message, "", said.text, said.blocks)
            await _resettle(session, message)
        elif message.deleted_at is not None and not message.text:
            message.text, message.blocks = said.text, said.blocks
            await _resettle(session, message)
    if new:
        await _files(session, message, said)
        if said.post_id is not None:
            await _echo(session, said.post_id, said.ts)
        if place == "client" and said.kind in SPOKEN and not said.bot:
            await join(session, engagement, message, called=said.called)
    return message


async def edit(session: Session, engagement: Engagement, place: Place, said: Said, before: Said | None) -> Message:
    """Keep an edit: the newest text stands, every earlier one is a revision. Our own cards change without revisions."""
    if said.own:
        message, _ = await _row(session, engagement, place, said)
        message.text, message.blocks = said.text, said.blocks
        return message
    if before is not None:
        await say(session, engagement, place, before)
    message, new = await _row(session, engagement, place, said)
    if new:
        if place == "client" and said.kind in SPOKEN and not said.bot:
            await join(session, engagement, message, called=said.called)
        return message
    theirs, ours = said.edited_ts or "", message.edited_ts or ""
    if theirs > ours:
        await _revise(session, message, ours, message.text, message.blocks)
        message.text, message.blocks, message.edited_ts = said.text, said.blocks, theirs
        message.edited_at = moment(theirs)
    elif theirs < ours:
        await _revise(session, message, theirs, said.text, said.blocks)
    await _files(session, message, said)
    await session.flush()
    return message


async def delete(session: Session, engagement: Engagement, place: Place, said: Said, at: datetime) -> Message:
    """Keep a deletion as a tombstone: the text stays, hidden from clients. `said` is what stood there, as far as is known."""
    message, new = await _row(session, engagement, place, said)
    if new and place == "client" and said.kind in SPOKEN and not said.bot:
        await join(session, engagement, message, called=said.called)
    if message.deleted_at is None:
        message.deleted_at = at
        await session.flush()
    return message


async def react(
    session: Session, channel: str, ts: str, author_ref: str, emoji: str, *, present: bool, changed_ts: str
) -> None:
    """Keep that a reaction was set or taken; the newest word about it counts, in whatever order they come."""
    tenant: uuid.UUID = session.info["tenant"]
    statement = insert(Reaction).values(
        id=uuid.uuid4(),
        organization_id=tenant,
        created_at=clock.now(),
        channel_id=channel,
        ts=ts,
        author_ref=author_ref,
        emoji=emoji,
        present=present,
        changed_ts=changed_ts,
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "channel_id", "ts", "author_ref", "emoji"],
            set_={"present": present, "changed_ts": changed_ts},
            where=Reaction.changed_ts < changed_ts,
        )
    )


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


async def _row(session: Session, engagement: Engagement, place: Place, said: Said) -> tuple[Message, bool]:
    author = None if said.bot else await people.identity(session, said.author_ref)
    made = (
        await session.execute(
            insert(Message)
            .values(
                id=uuid.uuid4(),
                organization_id=engagement.organization_id,
                created_at=clock.now(),
                engagement_id=engagement.id,
                conversation_id=None,
                source="slack",
                source_ref=said.ref,
                kind=said.kind,
                staff_only=place != "client",
                side=await _side(session, author, said),
                author_id=author.user_id if author else None,
                author_ref=said.author_ref,
                author_name=said.author_name or (author.name if author else ""),
                channel_id=said.channel,
                ts=said.ts,
                thread_ts=said.thread_ts,
                text=said.text,
                blocks=said.blocks,
                raw=said.raw,
                sent_at=moment(said.ts),
                edited_ts=said.edited_ts or None,
                edited_at=moment(said.edited_ts) if said.edited_ts else None,
            )
            .on_conflict_do_nothing(index_elements=["organization_id", "source", "source_ref"])
            .returning(Message.id)
        )
    ).scalar_one_or_none()
    found = (
        await session.execute(
            select(Message)
            .where(Message.source == "slack", Message.source_ref == said.ref)
            .execution_options(populate_existing=True)
        )
    ).scalar_one()
    return found, made is not None


async def _side(session: Session, author: Identity | None, said: Said) -> str:
    if said.bot:
        return "bot"
    if author is None or author.user_id is None:
        return "stranger"
    return (await session.execute(select(User.side).where(User.id == author.user_id))).scalar_one()


async def _revise(session: Session, message: Message, edited_ts: str, text: str, blocks: list[Any] | None) -> None:
    await session.execute(
        insert(Revision)
        .values(
            id=uuid.uuid4(),
            organization_id=message.organization_id,
            created_at=clock.now(),
            message_id=message.id,
            edited_ts=edited_ts,
            text=text,
            blocks=blocks,
        )
        .on_conflict_do_nothing(index_elements=["organization_id", "message_id", "edited_ts"])
    )


async def _resettle(session: Session, message: Message) -> None:
    """Its first words have come late: the conversation's topic may be made of them."""
    if message.conversation_id is not None:
        await locked(session, message.engagement_id)
        await settle(
            session,
            (
                await session.execute(select(Conversation).where(Conversation.id == message.conversation_id))
            ).scalar_one(),
        )


async def _files(session: Session, message: Message, said: Said) -> None:
    for file in said.files:
        await session.execute(
            insert(Attachment)
            .values(
                id=uuid.uuid4(),
                organization_id=message.organization_id,
                created_at=clock.now(),
                message_id=message.id,
                **file,
            )
            .on_conflict_do_nothing(index_elements=["organization_id", "message_id", "file_ref"])
        )


async def _echo(session: Session, post_id: uuid.UUID, ts: str) -> None:
    """Our own card has arrived: if its outcome was unknown, it is known now."""
    for post in (await session.execute(select(posts.Post).where(posts.Post.id == post_id))).scalars():
        if post.state in ("attempted", "unknown"):
            posts.sent(post, ts, post.shown)
