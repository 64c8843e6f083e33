"""The words of an export: conversations and messages read page by page, with what belongs to each."""

import re
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, and_, any_, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from core import access
from core.access import Can
from core.conversations import Attachment, Conversation, Message, Reaction, Revision, topic_of
from core.db import Database, Session
from core.events import Event, Kind
from core.export.scope import Scope
from core.people import Identity, User

PAGE = 1_000
"""How many messages are read at a time: what an export needs of memory does not grow with the record."""

COLUMNS = [
    column
    for column in Message.__table__.c
    if column.name not in ("organization_id", "created_at", "lexemes", "edited_ts")
]
"""What is read of a message: not what is derived from its words, which is as long as they are."""

MENTIONED = re.compile(r"<@([UW][A-Z0-9]+)")


@dataclass(frozen=True, slots=True)
class Earlier:
    """A text that a message had before an edit. `edited_ts` is the edit that made it, "" for the text as first sent."""

    edited_ts: str
    text: str
    blocks: list[Any] | None


@dataclass(frozen=True, slots=True)
class FileKept:
    """A file that came with a message; `stored` is the key of its content, `trouble` why there is none."""

    id: uuid.UUID
    file_ref: str
    name: str
    mimetype: str
    size: int | None
    stored: str
    trouble: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message with all that belongs to it, as the asker may read it."""

    id: uuid.UUID
    conversation_id: uuid.UUID | None
    topic: str
    source: str
    source_ref: str
    kind: str
    staff_only: bool
    side: str
    author_id: uuid.UUID | None
    author_ref: str
    author: str
    channel_id: str
    ts: str
    thread_ts: str | None
    text: str
    blocks: list[Any] | None
    raw: dict[str, Any] | None
    sent_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    erased_at: datetime | None
    hidden: bool
    """It was deleted, and its text is not for this reader."""
    earlier: tuple[Earlier, ...]
    reactions: tuple[tuple[str, tuple[str, ...]], ...]
    """Each emoji, with the accounts that set it."""
    files: tuple[FileKept, ...]

    @property
    def reply(self) -> bool:
        """Whether it stands below another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts


class Reader:
    """What has been learned on the way: the names of accounts, and the topics of conversations."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.topics: dict[uuid.UUID, str] = {}

    def name(self, account: str) -> str:
        """How an account is called, as far as we know."""
        return self.names.get(account) or account or "Somebody"

    async def learn(self, session: Session, accounts: Iterable[str]) -> None:
        """Look up the names of accounts that were not met before."""
        unknown = {account for account in accounts if account and account not in self.names}
        if not unknown:
            return
        self.names |= dict.fromkeys(unknown, "")
        rows = await session.execute(
            select(Identity.slack_user_id, Identity.name, User.name)
            .outerjoin(User, User.id == Identity.user_id)
            .where(Identity.slack_user_id.in_(unknown))
        )
        self.names |= {account: mine or theirs or "" for account, theirs, mine in rows}


async def conversations_of(db: Database, scope: Scope) -> AsyncIterator[Sequence[Conversation]]:
    """The conversations that the reader may see, oldest first, page by page."""
    last: tuple[datetime, uuid.UUID] | None = None
    while True:
        query = access.visible(scope.eyes, Can.CONVERSATION_SEE, Conversation)
        query = query.where(Conversation.engagement_id == scope.engagement_id, Conversation.deleted_at.is_(None))
        if last is not None:
            query = query.where(tuple_(Conversation.opened_at, Conversation.id) > tuple_(*last))
        async with db.transaction(scope.actor.organization_id) as session:
            ordered = query.order_by(Conversation.opened_at, Conversation.id).limit(PAGE)
            found = list((await session.execute(ordered)).scalars())
            today = await _topics_today(session, scope, [one.id for one in found])
        for one in found:
            one.topic = today.get(one.id, one.topic)
        if found:
            yield found
            last = (found[-1].opened_at, found[-1].id)
        if len(found) < PAGE:
            return


async def messages(db: Database, scope: Scope, reader: Reader, *, page: int = PAGE) -> AsyncIterator[list[Spoken]]:
    """The messages that the reader may see, in the order in which they were sent, page by page.

    Each page is a short transaction of its own, so that nothing waits for an export; what is kept after it was asked for is
    not in it.
    """
    last: tuple[datetime, uuid.UUID] | None = None
    while True:
        async with db.transaction(scope.actor.organization_id) as session:
            found = await _page(session, scope, reader, last, page)
        if found:
            yield found
            last = (found[-1].sent_at, found[-1].id)
        if len(found) < page:
            return


async def _page(
    session: Session, scope: Scope, reader: Reader, last: tuple[datetime, uuid.UUID] | None, size: int
) -> list[Spoken]:
    query = access.visible(scope.eyes, Can.CONVERSATION_SEE, Message).with_only_columns(*COLUMNS)
    query = query.where(Message.engagement_id == scope.engagement_id, Message.created_at <= scope.taken_at)
    if last is not None:
        # The first half lets the index find the place, the second decides among what was sent at the very same time.
        query = query.where(Message.sent_at >= last[0], tuple_(Message.sent_at, Message.id) > tuple_(*last))
    rows = (await session.execute(query.order_by(Message.sent_at, Message.id).limit(size))).all()
    ids = [row.id for row in rows]
    earlier = await _earlier(session, ids) if scope.earlier else {}
    files = await _files(session, ids)
    reactions = await _reactions(session, {(row.channel_id, row.ts) for row in rows if row.ts})
    await _topics(session, scope, reader, {row.conversation_id for row in rows if row.conversation_id})
    accounts = {row.author_ref for row in rows if row.side != "bot"}
    accounts |= {account for row in rows for account in MENTIONED.findall(row.text)}
    await reader.learn(session, accounts | {account for _, who in reactions.values() for account in who})
    by_place: dict[tuple[str, str], list[tuple[str, tuple[str, ...]]]] = {}
    for (channel, ts, emoji), (_, who) in reactions.items():
        by_place.setdefault((channel, ts), []).append((emoji, who))
    return [
        _spoken(row, scope, reader, earlier.get(row.id, ()), by_place.get((row.channel_id, row.ts), ()), files)
        for row in rows
    ]


def _spoken(
    row: Any,
    scope: Scope,
    reader: Reader,
    earlier: Sequence[Earlier],
    reactions: Sequence[tuple[str, tuple[str, ...]]],
    files: dict[uuid.UUID, list[FileKept]],
) -> Spoken:
    hidden = row.deleted_at is not None and not scope.earlier
    unnamed = row.erased_at is not None or row.side == "bot"
    author = row.author_name or ("" if unnamed else reader.name(row.author_ref))
    return Spoken(
        id=row.id,
        conversation_id=row.conversation_id,
        topic=reader.topics.get(row.conversation_id, ""),
        source=row.source,
        source_ref=row.source_ref,
        kind=row.kind,
        staff_only=row.staff_only,
        side=row.side,
        author_id=row.author_id,
        author_ref=row.author_ref,
        author=author,
        channel_id=row.channel_id,
        ts=row.ts,
        thread_ts=row.thread_ts,
        text="" if hidden else row.text,
        blocks=None if hidden else row.blocks,
        raw=None if hidden or scope.audience == "client" else row.raw,
        sent_at=row.sent_at,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
        erased_at=row.erased_at,
        hidden=hidden,
        earlier=() if hidden else tuple(earlier),
        reactions=tuple(reactions),
        files=() if hidden else tuple(files.get(row.id, ())),
    )


def among(ids: Sequence[uuid.UUID]) -> ColumnElement[Any]:
    """These ids as one parameter: of several hundred, the statement itself would take longer than its answer."""
    return any_(literal(list(ids), ARRAY(Uuid())))


async def _earlier(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Earlier]]:
    found: dict[uuid.UUID, list[Earlier]] = {}
    columns = (Revision.message_id, Revision.edited_ts, Revision.text, Revision.blocks)
    query = select(*columns).where(Revision.message_id == among(ids)).order_by(Revision.message_id, Revision.edited_ts)
    for message_id, edited_ts, text, blocks in await session.execute(query):
        found.setdefault(message_id, []).append(Earlier(edited_ts, text, blocks))
    return found


async def _files(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[FileKept]]:
    found: dict[uuid.UUID, list[FileKept]] = {}
    query = (
        select(Attachment)
        .where(Attachment.message_id == among(ids))
        .order_by(Attachment.message_id, Attachment.file_ref)
    )
    for file in (await session.execute(query)).scalars():
        found.setdefault(file.message_id, []).append(
            FileKept(file.id, file.file_ref, file.name, file.mimetype, file.size, file.sha256 or "", file.trouble)
        )
    return found


async def _reactions(
    session: Session, places: set[tuple[str, str]]
) -> dict[tuple[str, str, str], tuple[str, tuple[str, ...]]]:
    """The reactions that stand, by (channel, ts, emoji)."""
    channels: dict[str, list[str]] = {}
    for channel, ts in places:
        channels.setdefault(channel, []).append(ts)
    if not channels:
        return {}
    there = or_(
        *(
            and_(Reaction.channel_id == channel, Reaction.ts == any_(literal(ts, ARRAY(Text()))))
            for channel, ts in channels.items()
        )
    )
    columns = (Reaction.channel_id, Reaction.ts, Reaction.emoji, Reaction.author_ref)
    query = select(*columns).where(there, Reaction.present).order_by(Reaction.changed_ts, Reaction.author_ref)
    found: dict[tuple[str, str, str], tuple[str, tuple[str, ...]]] = {}
    for channel, ts, emoji, account in await session.execute(query):
        _, who = found.get((channel, ts, emoji), (emoji, ()))
        found[channel, ts, emoji] = (emoji, (*who, account))
    return found


async def _topics(session: Session, scope: Scope, reader: Reader, ids: set[uuid.UUID]) -> None:
    unknown = [one for one in ids if one not in reader.topics]
    if unknown:
        query = access.visible(scope.eyes, Can.CONVERSATION_SEE, Conversation).where(Conversation.id.in_(unknown))
        rows = (await session.execute(query.with_only_columns(Conversation.id, Conversation.topic))).all()
        today = await _topics_today(session, scope, unknown)
        reader.topics |= {row.id: today.get(row.id, row.topic) for row in rows}


async def _topics_today(session: Session, scope: Scope, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """For a reader who may not read earlier texts: the topics that were made of words which have been edited or deleted since.

    A topic is made of a conversation's first words as they were sent, and would tell them.
    """
    if scope.earlier or not ids:
        return {}
    renamed = select(Event.subject_id).where(Event.kind == Kind.CONVERSATION_RENAMED, Event.subject_id.in_(ids))
    columns = (Message.conversation_id, Message.text, Message.edited_at, Message.deleted_at)
    first = (
        select(*columns)
        .ext(distinct_on(Message.conversation_id))
        .where(Message.conversation_id.in_(ids), Message.conversation_id.not_in(renamed), Message.side != "bot")
        .order_by(Message.conversation_id, Message.sent_at, Message.ts)
    )
    told: dict[uuid.UUID, str] = {}
    for key, text, edited_at, deleted_at in await session.execute(first):
        if key is not None and (edited_at or deleted_at):
            told[key] = DELETED if deleted_at else topic_of(text)
    return told


DELETED = "A deleted message"
"""The topic of a conversation whose first words were deleted, for whoever may not read them any more."""
