"""What staff do to put conversations in order: give them to somebody, merge, split, and file a message elsewhere."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select, update

from core import access, clock, events, jobs, links, people
from core.access import Can
from core.conversations.said import SPOKEN
from core.conversations.tables import Conversation, Message
from core.conversations.targets import follow
from core.conversations.turning import Title, settle, titles, topic_of
from core.db import Session, new_number, save
from core.errors import Conflict, Invalid, NotFound
from core.events import Event, Kind
from core.people import Actor


async def whole(session: Session, conversation_id: uuid.UUID) -> Conversation:
    """The conversation that stands for this one now: itself, or what it was merged into."""
    while True:
        found = (await session.execute(select(Conversation).where(Conversation.id == conversation_id))).scalar_one()
        into = await _merged_into(session, found) if found.deleted_at is not None else None
        if into is None or into == conversation_id:
            return found
        conversation_id = into


async def _merged_into(session: Session, conversation: Conversation) -> uuid.UUID | None:
    query = (
        select(Event)
        .where(Event.subject_id == conversation.id, Event.kind == Kind.CONVERSATION_MERGED)
        .order_by(Event.seq.desc())
        .limit(1)
    )
    merged = (await session.execute(query)).scalar_one_or_none()
    return uuid.UUID(str(merged.facts["into"])) if merged else None


async def assign(
    session: Session, actor: Actor, conversation_id: uuid.UUID | str, owner_id: uuid.UUID | None
) -> Conversation:
    """Say who of the team sees to it; the client sees 👀. Given to the same person twice, nothing changes."""
    conversation = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Conversation, conversation_id, lock=True)
    _standing(conversation)
    if owner_id not in {user.id for user in await people.staff(session)}:
        raise Invalid("That must be somebody of your own team.", field="owner")
    if conversation.owner_id == owner_id:
        return conversation
    conversation.owner_id = owner_id
    await session.flush()
    await jobs.enqueue(
        session,
        "conversation.eyes",
        lane=f"conversation:{conversation.id}",
        payload={"conversation": str(conversation.id)},
        organization_id=conversation.organization_id,
    )
    kind = Kind.CONVERSATION_TAKEN if owner_id == actor.user_id else Kind.CONVERSATION_ASSIGNED
    await events.record(
        session,
        actor,
        kind,
        "conversation",
        conversation.id,
        engagement_id=conversation.engagement_id,
        owner=str(owner_id),
    )
    return conversation


def _standing(conversation: Conversation) -> None:
    if conversation.deleted_at is not None:
        raise Conflict(f"“{conversation.topic}” is part of another conversation now.")


async def merge(
    session: Session, actor: Actor, conversation_id: uuid.UUID | str, into_id: uuid.UUID | str
) -> Conversation:
    """Put a conversation into another of the same engagement, which keeps its topic and stands for both. Twice is once."""
    other = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Conversation, conversation_id)
    into = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Conversation, into_id)
    if other.id == into.id:
        raise Invalid("Choose another conversation to put it into.", field="into")
    _same_engagement(other.engagement_id, into)
    into = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Conversation, into.id, lock=True)
    other = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Conversation, other.id, lock=True)
    if other.deleted_at is not None and await _merged_into(session, other) == into.id:
        return into
    _standing(other)
    _standing(into)
    topic, title = into.topic, (await titles(session, [into.id])).get(into.id)
    waits = other.status == "waiting_us" and into.status == "resolved"
    since = other.waiting_since
    await session.execute(
        update(Message)
        .where(Message.conversation_id == other.id)
        .values(conversation_id=into.id, filed_at=clock.now())
        .execution_options(synchronize_session="fetch")
    )
    into.owner_id, into.by_mail = into.owner_id or other.owner_id, into.by_mail or other.by_mail
    await links.lead_elsewhere(session, other.id, into.id)
    if not into.subject:
        into.subject, into.subject_id = other.subject, other.subject_id
    other.deleted_at, other.thread_ts, other.waiting_since = clock.now(), None, None
    await session.flush()
    await settle(session, into)
    if waits and into.status == "resolved":  # what was still open there is not settled by being put here
        into.status, into.waiting_since, into.resolved_at = "waiting_us", since, None
    else:
        waits = False
    await session.flush()
    await follow(session, into)
    await follow(session, other)
    await _still_called(session, actor, into, topic, title)
    if waits:
        await _quietly(session, actor, Kind.CONVERSATION_REOPENED, into)
    await events.record(
        session,
        actor,
        Kind.CONVERSATION_MERGED,
        "conversation",
        other.id,
        engagement_id=into.engagement_id,
        into=str(into.id),
    )
    return into


async def _still_called(session: Session, actor: Actor, into: Conversation, topic: str, title: Title | None) -> None:
    """By staff's word it is called as before, whatever turned out to have been said first; a title made of words follows these."""
    if into.topic != topic:
        into.topic = topic
        await session.flush()
        of = {"of": str(title.message_id)} if title else {}
        await _quietly(session, actor, Kind.CONVERSATION_RENAMED, into, **of)


async def _quietly(session: Session, actor: Actor, kind: Kind, into: Conversation, **facts: str) -> None:
    await events.record(
        session, actor, kind, "conversation", into.id, engagement_id=into.engagement_id, announce=False, **facts
    )


def _same_engagement(engagement_id: uuid.UUID, into: Conversation) -> None:
    if engagement_id != into.engagement_id:
        raise Conflict(
            "That conversation belongs to another engagement, whose channel other people read, and words stay where they were "
            "said. Begin one there with `/conversation start`, and put a link to these words into it."
        )


async def split(session: Session, actor: Actor, message_id: uuid.UUID | str) -> Conversation:
    """Make a message a conversation of its own, with the thread that runs under it. Twice is once."""
    message, old = await _with_home(session, actor, message_id)
    moved = await _with_thread(session, message)
    if await _emptied(session, old, moved):
        if message.filed_at is not None:
            return old
        raise Conflict("There is nothing else in this conversation. Rename it instead.")
    new = Conversation(
        organization_id=actor.organization_id,
        number=new_number(),
        engagement_id=old.engagement_id,
        topic=topic_of(message.text),
        status="open",
        channel_id=message.channel_id,
        opened_by_id=message.author_id,
        opened_at=message.sent_at,
        by_mail=old.by_mail,
    )
    await save(session, new)
    await _move(session, old, new, message, moved)
    await events.record(
        session,
        actor,
        Kind.CONVERSATION_SPLIT,
        "conversation",
        new.id,
        engagement_id=new.engagement_id,
        source=str(old.id),
    )
    return new


async def file(session: Session, actor: Actor, message_id: uuid.UUID | str, into_id: uuid.UUID | str) -> Conversation:
    """File a message, with the thread that runs under it, under another conversation of the engagement. Twice is once.

    A conversation of which nothing is left is merged into it, its notes included.
    """
    message, old = await _with_home(session, actor, message_id)
    into = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Conversation, into_id)
    _same_engagement(message.engagement_id, into)
    into = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Conversation, into.id, lock=True)
    if old.id == into.id:
        return into
    _standing(into)
    moved = await _with_thread(session, message)
    if await _emptied(session, old, moved):
        return await merge(session, actor, old.id, into.id)
    topic, title = into.topic, (await titles(session, [into.id])).get(into.id)
    await _move(session, old, into, message, moved)
    await _still_called(session, actor, into, topic, title)
    await events.record(
        session,
        actor,
        Kind.CONVERSATION_MOVED,
        "conversation",
        into.id,
        engagement_id=into.engagement_id,
        source=str(old.id),
        message=str(message.id),
    )
    return into


def can_be_filed(message: Message) -> bool:
    """Whether somebody spoke it in the client's channel, so that it may belong to one conversation or to another."""
    return (
        message.kind in SPOKEN and not message.staff_only and bool(message.ts) and message.conversation_id is not None
    )


async def to_file(session: Session, actor: Actor, channel_id: str, ts: str) -> Message | None:
    """The Slack message, if the actor may see it and it can be filed elsewhere."""
    seen = access.visible(actor, Can.CONVERSATION_HANDLE, Message)
    query = seen.where(Message.channel_id == channel_id, Message.ts == ts, Message.conversation_id.is_not(None))
    found = (await session.execute(query)).scalars().first()
    return found if found is not None and can_be_filed(found) else None


async def beside(session: Session, actor: Actor, conversation: Conversation, limit: int = 40) -> list[Conversation]:
    """The other conversations of its engagement, those that are open and latest first."""
    seen = access.visible(actor, Can.CONVERSATION_HANDLE, Conversation).where(
        Conversation.engagement_id == conversation.engagement_id,
        Conversation.id != conversation.id,
        Conversation.deleted_at.is_(None),
    )
    order = (Conversation.status == "resolved", Conversation.last_message_at.desc().nulls_last())
    return list((await session.execute(seen.order_by(*order).limit(limit))).scalars())


async def _with_home(session: Session, actor: Actor, message_id: uuid.UUID | str) -> tuple[Message, Conversation]:
    """A message that somebody spoke, and its conversation, both locked."""
    message = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Message, message_id, lock=True)
    if message.conversation_id is None or not can_be_filed(message):
        raise NotFound("Only what somebody wrote in the client's channel can be filed elsewhere.")
    home = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Conversation, message.conversation_id, lock=True)
    return message, home


async def _with_thread(session: Session, message: Message) -> list[uuid.UUID]:
    """The message and, if it is no reply itself, the replies under it that stand in the same conversation."""
    if message.thread_ts not in (None, message.ts):
        return [message.id]
    under = select(Message.id).where(
        Message.conversation_id == message.conversation_id,
        Message.channel_id == message.channel_id,
        Message.thread_ts == message.ts,
    )
    return [message.id, *(each for each in (await session.execute(under)).scalars() if each != message.id)]


async def _emptied(session: Session, old: Conversation, moved: Sequence[uuid.UUID]) -> bool:
    rest = select(Message.id).where(
        Message.conversation_id == old.id, Message.staff_only.is_(False), Message.id.not_in(moved)
    )
    return (await session.execute(rest.limit(1))).first() is None


async def _move(
    session: Session, old: Conversation, new: Conversation, message: Message, moved: Sequence[uuid.UUID]
) -> None:
    await session.execute(
        update(Message)
        .where(Message.id.in_(moved))
        .values(conversation_id=new.id, filed_at=clock.now())
        .execution_options(synchronize_session="fetch")
    )
    if old.thread_ts == message.ts:
        old.thread_ts = None
    await session.flush()
    for each in (old, new):
        await settle(session, each)
        await follow(session, each)
