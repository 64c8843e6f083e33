"""What people do with conversations: start, take, rename, resolve, reopen, note; and the lists that they read."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, func, select

from core import access, clock, events
from core.access import Can
from core.conversations.handling import assign
from core.conversations.tables import STATUS, Conversation, Message
from core.conversations.targets import follow
from core.conversations.turning import topic_of
from core.db import Session, new_number, save
from core.engagements import Engagement
from core.errors import Conflict, Invalid
from core.events import Kind
from core.people import Actor, User


async def start(
    session: Session,
    actor: Actor,
    *,
    engagement_id: uuid.UUID,
    topic: str,
    words: str = "",
    subject: str = "",
    subject_id: uuid.UUID | None = None,
    key: uuid.UUID | None = None,
) -> Conversation:
    """Open a conversation from a form or a command: its topic, the first words if there are any, and what it is tied to.

    Staff's waits on the client, a client's on the agency. Its thread begins with the message that announces it. `key`
    is the form's: submitted twice, it opens once.
    """
    engagement = await access.fetch(session, actor, Can.CONVERSATION_START, Engagement, engagement_id, lock=True)
    made = select(Conversation).where(Conversation.id == key)
    if key and (known := (await session.execute(made)).scalar_one_or_none()):
        return known
    topic, words = " ".join(topic.split()), words.strip()
    if not topic and not words:
        raise Invalid("What is it about? A few words are enough.", field="words" if subject else "topic")
    if engagement.status == "closed":
        way = (
            "Reopen it first with `/engagement resume`."
            if actor.side == "staff"
            else "Write in the channel to take it up."
        )
        raise Conflict(f"This engagement is closed. {way}")
    now = clock.now()
    conversation = Conversation(
        id=key or uuid.uuid4(),
        organization_id=actor.organization_id,
        number=new_number(),
        engagement_id=engagement.id,
        topic=topic[:200] or topic_of(words),
        status="waiting_client" if actor.side == "staff" else "waiting_us",
        channel_id=engagement.channel_id,
        opened_by_id=actor.user_id,
        subject=subject,
        subject_id=subject_id,
        opened_at=now,
        waiting_since=now,
        last_message_at=now,
    )
    await save(session, conversation)
    if words:
        await save(session, _written(actor, conversation, words, kind="form", staff_only=False))
    await follow(session, conversation)
    await events.record(
        session,
        actor,
        Kind.CONVERSATION_OPENED,
        "conversation",
        conversation.id,
        engagement_id=engagement.id,
        said=False,
    )
    return conversation


def _written(
    actor: Actor,
    conversation: Conversation,
    words: str,
    *,
    kind: str,
    staff_only: bool,
    key: uuid.UUID | None = None,
) -> Message:
    """A message that was written in a form of ours; it has no ts of Slack's, so an id of ours stands for it."""
    key = key or uuid.uuid4()
    return Message(
        id=key,
        organization_id=actor.organization_id,
        engagement_id=conversation.engagement_id,
        conversation_id=conversation.id,
        source="slack",
        source_ref=f"form:{key}",
        kind=kind,
        staff_only=staff_only,
        side=actor.side,
        author_id=actor.user_id,
        author_ref=actor.slack_user_id or "",
        author_name=actor.name,
        text=words,
        sent_at=clock.now(),
    )


async def take(session: Session, actor: Actor, conversation_id: uuid.UUID | str) -> Conversation:
    """Say that one sees to it. Taking it twice changes nothing."""
    return await assign(session, actor, conversation_id, actor.user_id)


async def rename(session: Session, actor: Actor, conversation_id: uuid.UUID | str, topic: str) -> Conversation:
    """Give it another topic."""
    conversation = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Conversation, conversation_id, lock=True)
    wanted = " ".join(topic.split())[:200]
    if not wanted:
        raise Invalid("What shall it be called?", field="topic")
    if wanted != conversation.topic:
        conversation.topic = wanted
        await session.flush()
        await events.record(
            session,
            actor,
            Kind.CONVERSATION_RENAMED,
            "conversation",
            conversation.id,
            engagement_id=conversation.engagement_id,
        )
    return conversation


async def resolve(session: Session, actor: Actor, conversation_id: uuid.UUID | str) -> Conversation:
    """Say that it is settled. Resolving it twice changes nothing."""
    conversation = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Conversation, conversation_id, lock=True)
    if conversation.status != "resolved":
        conversation.status = STATUS.move(conversation.status, "resolved")
        conversation.resolved_at, conversation.waiting_since = clock.now(), None
        await session.flush()
        await events.record(
            session,
            actor,
            Kind.CONVERSATION_RESOLVED,
            "conversation",
            conversation.id,
            engagement_id=conversation.engagement_id,
        )
    return conversation


async def reopen(session: Session, actor: Actor, conversation_id: uuid.UUID | str) -> Conversation:
    """Take it up again: it waits on the agency. Clients may do this too; reopening what is open changes nothing."""
    conversation = await access.fetch(session, actor, Can.CONVERSATION_START, Conversation, conversation_id, lock=True)
    if conversation.status == "resolved":
        conversation.status = STATUS.move("resolved", "waiting_us")
        conversation.resolved_at, conversation.waiting_since = None, clock.now()
        await session.flush()
        await follow(session, conversation)
        await events.record(
            session,
            actor,
            Kind.CONVERSATION_REOPENED,
            "conversation",
            conversation.id,
            engagement_id=conversation.engagement_id,
        )
    return conversation


async def note(
    session: Session, actor: Actor, conversation_id: uuid.UUID | str, words: str, *, key: uuid.UUID | None = None
) -> Message:
    """Write something that only the agency's own people ever see; it is shown in the staff channel.

    `key` is the form's: submitted twice, it is noted once.
    """
    conversation = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Conversation, conversation_id, lock=True)
    made = select(Message).where(Message.id == key, Message.conversation_id == conversation.id)
    if key and (known := (await session.execute(made)).scalar_one_or_none()):
        return known
    if not words.strip():
        raise Invalid("The note is empty.", field="words")
    written = _written(actor, conversation, words.strip(), kind="note", staff_only=True, key=key)
    await save(session, written)
    await events.record(
        session,
        actor,
        Kind.CONVERSATION_NOTED,
        "conversation",
        conversation.id,
        engagement_id=conversation.engagement_id,
        note=str(written.id),
    )
    return written


@dataclass(frozen=True)
class Summary:
    """A conversation in a list: its topic, on whom it waits and since when, who sees to it, where it is."""

    id: uuid.UUID
    topic: str
    status: str
    waiting_since: datetime | None
    owner: str
    channel_id: str | None
    thread_ts: str | None
    messages: int


async def open_ones(
    session: Session, actor: Actor, engagement_id: uuid.UUID | None = None, limit: int = 20
) -> list[Summary]:
    """The open conversations, those that wait on the agency first, the longest wait first; the same number of queries always."""
    seen = access.visible(actor, Can.CONVERSATION_SEE, Conversation).where(
        Conversation.status != "resolved", Conversation.deleted_at.is_(None)
    )
    if engagement_id is not None:
        seen = seen.where(Conversation.engagement_id == engagement_id)
    return await _summaries(session, actor, seen, limit)


async def summary(session: Session, actor: Actor, conversation_id: uuid.UUID) -> Summary:
    """One conversation as a list shows it; NotFound for whoever may not see it."""
    found = await access.fetch(session, actor, Can.CONVERSATION_SEE, Conversation, conversation_id)
    return (await _summaries(session, actor, select(Conversation).where(Conversation.id == found.id), 1))[0]


async def _summaries(session: Session, actor: Actor, seen: Select[Conversation], limit: int) -> list[Summary]:
    found = seen.subquery()
    theirs = access.visible(actor, Can.CONVERSATION_SEE, Message).where(Message.deleted_at.is_(None))
    counts = theirs.with_only_columns(Message.conversation_id, func.count().label("said"))
    counted = counts.where(Message.conversation_id.in_(select(found.c.id))).group_by(Message.conversation_id).subquery()
    rows = await session.execute(
        select(found, User.name.label("owner"), func.coalesce(counted.c.said, 0).label("said"))
        .outerjoin(User, User.id == found.c.owner_id)
        .outerjoin(counted, counted.c.conversation_id == found.c.id)
        .order_by(
            case((found.c.status == "waiting_us", 0), else_=1),
            found.c.waiting_since.asc().nulls_last(),
            found.c.opened_at,
        )
        .limit(limit)
    )
    return [
        Summary(r.id, r.topic, r.status, r.waiting_since, r.owner or "", r.channel_id, r.thread_ts, r.said)
        for r in rows
    ]


async def candidates(
    session: Session, actor: Actor, engagement_id: uuid.UUID | None, *, resolved: bool = False
) -> list[tuple[uuid.UUID, str]]:
    """The conversations that a command may mean, newest first: (id, topic)."""
    query = access.visible(actor, Can.CONVERSATION_SEE, Conversation).where(Conversation.deleted_at.is_(None))
    query = query.where(Conversation.status == "resolved" if resolved else Conversation.status != "resolved")
    if engagement_id is not None:
        query = query.where(Conversation.engagement_id == engagement_id)
    rows = await session.execute(query.order_by(Conversation.last_message_at.desc().nulls_last()).limit(100))
    return [(row.id, row.topic) for row in rows.scalars()]


async def of_message(
    session: Session, actor: Actor, channel_id: str, ts: str, thread_ts: str = ""
) -> Conversation | None:
    """The conversation that a Slack message belongs to, as far as the actor may see it."""
    query = access.visible(actor, Can.CONVERSATION_SEE, Conversation)
    by_message = select(Message.conversation_id).where(Message.channel_id == channel_id, Message.ts == ts)
    found = (await session.execute(query.where(Conversation.id.in_(by_message)))).scalars().first()
    if found is None:
        root = thread_ts or ts
        begun = query.where(Conversation.channel_id == channel_id, Conversation.thread_ts == root)
        found = (await session.execute(begun)).scalars().first()
    if found is None:  # a thread under a later message of a conversation that began with another
        under = select(Message.conversation_id).where(Message.channel_id == channel_id, Message.ts == root)
        found = (await session.execute(query.where(Conversation.id.in_(under)))).scalars().first()
    return found


async def messages(session: Session, actor: Actor, conversation_id: uuid.UUID, limit: int = 20) -> list[Message]:
    """The latest messages of a conversation that the actor may see, oldest first; deleted ones for whoever may read those."""
    query = access.visible(actor, Can.CONVERSATION_SEE, Message).where(Message.conversation_id == conversation_id)
    if not access.allowed(actor, Can.CONVERSATION_SEE_EARLIER):
        query = query.where(Message.deleted_at.is_(None))
    found = (await session.execute(query.order_by(Message.sent_at.desc()).limit(limit))).scalars().all()
    return list(reversed(found))
