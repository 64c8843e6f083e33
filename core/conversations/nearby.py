"""What stands near the words that came: the messages that their threads hang from, what was said just before, the conversations there."""

import uuid
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select, text

from core.conversations.tables import Conversation, Message
from core.conversations.word import Word
from core.db import Base, Session
from core.posts import Post

Thread = tuple[str, str]
"""A channel, and the ts of the message that a thread hangs from."""


class Ties:
    """What belongs together, as far as is known: threads and conversations."""

    def __init__(self) -> None:
        self._above: dict[object, object] = {}

    def of(self, thing: object) -> object:
        """What stands for all that belongs together with this."""
        above = self._above.setdefault(thing, thing)
        while above != thing:
            thing, above = above, self._above[above]
        return thing

    def tie(self, one: object, other: object) -> None:
        """Know that these belong together."""
        self._above[self.of(other)] = self.of(one)


@dataclass(frozen=True, slots=True)
class Root:
    """A message that stands already and that a thread hangs from."""

    id: uuid.UUID
    ts: str
    conversation_id: uuid.UUID | None
    text: str


async def roots(session: Session, threads: Set[Thread]) -> dict[Thread, Root]:
    refs = [f"{channel}:{ts}" for channel, ts in threads]
    query = (
        select(Message.id, Message.channel_id, Message.ts, Message.conversation_id, Message.text)
        .where(Message.source == "slack", text("source_ref = ANY(CAST(:refs AS text[]))"), Message.side != "bot")
        .where(Message.author_ref != "")
    )
    rows = await session.execute(query, {"refs": refs})
    return {(row.channel_id, row.ts): Root(row.id, row.ts, row.conversation_id, row.text) for row in rows}


NEIGHBOURS = text(
    "SELECT DISTINCT run.number, m.conversation_id FROM unnest(CAST(:engagements AS uuid[]), CAST(:channels AS text[]),"
    " CAST(:authors AS text[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[]))"
    " WITH ORDINALITY AS run(engagement_id, channel_id, author_ref, since, until, number)"
    " JOIN LATERAL (SELECT conversation_id FROM conversation_messages m WHERE m.engagement_id = run.engagement_id"
    " AND m.sent_at BETWEEN run.since AND run.until AND m.channel_id = run.channel_id"
    " AND m.author_ref = run.author_ref AND (m.thread_ts IS NULL OR m.thread_ts = m.ts)"
    " AND m.conversation_id IS NOT NULL AND m.filed_at IS NULL OFFSET 0) m ON true"
)


async def neighbours(
    session: Session, runs: Sequence[Sequence[Word]], window: timedelta
) -> list[tuple[int, uuid.UUID]]:
    """The conversations of what each said just before, between or just after these words."""
    if not runs:
        return []
    columns = {
        "engagements": [run[0].engagement.id for run in runs],
        "channels": [run[0].channel for run in runs],
        "authors": [run[0].said.author_ref if run[0].said else "" for run in runs],
        "since": [run[0].sent_at - window for run in runs],
        "until": [run[-1].sent_at + window for run in runs],
    }
    return [(row.number - 1, row.conversation_id) for row in await session.execute(NEIGHBOURS, columns)]


@dataclass(slots=True)
class Standing:
    """A conversation that lives: what words that come into it need to know of it, and change."""

    id: uuid.UUID
    organization_id: uuid.UUID
    engagement_id: uuid.UUID
    channel_id: str | None
    thread_ts: str | None
    status: str
    opened_at: datetime
    waiting_since: datetime | None = None
    resolved_at: datetime | None = None
    last_message_at: datetime | None = None
    owner_id: uuid.UUID | None = None
    by_mail: bool = False


STANDING = (
    Conversation.id,
    Conversation.organization_id,
    Conversation.engagement_id,
    Conversation.channel_id,
    Conversation.thread_ts,
    Conversation.status,
    Conversation.opened_at,
    Conversation.waiting_since,
    Conversation.resolved_at,
    Conversation.last_message_at,
    Conversation.owner_id,
    Conversation.by_mail,
)


async def conversations(session: Session, threads: Set[Thread], ids: Set[uuid.UUID]) -> list[Standing]:
    """The conversations that live: those with these ids, and those of these threads."""
    if not threads and not ids:
        return []
    by_thread = and_(text("channel_id = ANY(CAST(:channels AS text[]))"), text("thread_ts = ANY(CAST(:tss AS text[]))"))
    query = select(*STANDING).where(
        Conversation.deleted_at.is_(None), or_(text("id = ANY(CAST(:ids AS uuid[]))"), by_thread)
    )
    given = {"ids": list(ids), "channels": list({one for one, _ in threads}), "tss": list({ts for _, ts in threads})}
    found = [Standing(*row) for row in await session.execute(query, given)]
    return [one for one in found if one.id in ids or (one.channel_id, one.thread_ts) in threads]


async def cards_at(session: Session, threads: Set[Thread]) -> dict[Thread, Post]:
    """The cards of ours that threads hang from."""
    if not threads:
        return {}
    query = select(Post).where(
        text("place = ANY(CAST(:channels AS text[]))"), text("reference = ANY(CAST(:tss AS text[]))")
    )
    given = {"channels": list({one for one, _ in threads}), "tss": [ts for _, ts in threads]}
    found = (await session.execute(query, given)).scalars()
    return {thread: post for post in found if (thread := (post.place, post.reference or "")) in threads}


async def offers_of(session: Session, cards: Iterable[Post]) -> dict[uuid.UUID, uuid.UUID]:
    """The proposals of the cards that are about a version of one: what is said under such a card is about the proposal."""
    about = [card.subject_id for card in cards if card.subject == "proposal"]
    if not about:
        return {}
    versions = Base.metadata.tables["proposal_versions"]  # by name, because proposals use what is said
    rows = await session.execute(select(versions.c.id, versions.c.proposal_id).where(versions.c.id.in_(about)))
    return {row.id: row.proposal_id for row in rows}
