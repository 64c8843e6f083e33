"""What cards tell of conversations, for the worker, which acts for nobody: how one began, its thread, a note."""

import uuid
from dataclasses import dataclass

from sqlalchemy import and_, or_, select

from core.conversations.tables import Conversation, Message
from core.db import Session
from core.people import User


async def threaded(session: Session, conversation_id: uuid.UUID, thread_ts: str) -> None:
    """Note the message under which its thread runs, once that stands."""
    conversation = (await session.execute(select(Conversation).where(Conversation.id == conversation_id))).scalar_one()
    conversation.thread_ts = conversation.thread_ts or thread_ts


async def unthreaded(session: Session, engagement_id: uuid.UUID) -> list[uuid.UUID]:
    """The open conversations that were begun by a form or a command and stand in no channel yet, oldest first."""
    query = select(Conversation.id).where(
        Conversation.engagement_id == engagement_id,
        Conversation.thread_ts.is_(None),
        Conversation.status != "resolved",
        Conversation.deleted_at.is_(None),
    )
    return list((await session.execute(query.order_by(Conversation.opened_at))).scalars())


@dataclass(frozen=True)
class Told:
    """What a card tells of a conversation."""

    topic: str
    began_in_channel: bool
    began_by_mail: bool
    opened_by: str
    by_client: bool
    first_words: str
    owner: str


async def told(session: Session, conversation_id: uuid.UUID) -> Told:
    """A conversation as its cards tell it; for the worker, which acts for nobody."""
    found = (await session.execute(select(Conversation).where(Conversation.id == conversation_id))).scalar_one()
    people = {
        user.id: user
        for user in (
            await session.execute(select(User).where(User.id.in_([found.opened_by_id, found.owner_id])))
        ).scalars()
    }
    own = Message.conversation_id == found.id
    by_mail = and_(Message.source == "mail", Message.sent_at <= found.opened_at)
    form = (
        await session.execute(
            select(Message.text, Message.source)
            .where(own, or_(Message.kind == "form", by_mail))
            .order_by(Message.sent_at)
            .limit(1)
        )
    ).one_or_none()
    # Said in the channel, it has a message there that is its thread's root, or stands under a card.
    spoken = (
        await session.execute(
            select(Message.id)
            .where(own, Message.ts != "", Message.kind != "form", Message.sent_at <= found.opened_at)
            .limit(1)
        )
    ).scalar_one_or_none()
    opener = people.get(found.opened_by_id) if found.opened_by_id else None
    owner = people.get(found.owner_id) if found.owner_id else None
    return Told(
        topic=found.topic,
        began_in_channel=spoken is not None,
        opened_by=opener.name if opener else "Somebody",
        by_client=opener is not None and opener.side == "client",
        began_by_mail=form is not None and form.source == "mail",
        first_words=form.text if form else "",
        owner=owner.name if owner else "",
    )


@dataclass(frozen=True)
class Noted:
    """An internal note."""

    topic: str
    who: str
    words: str


async def noted(session: Session, message_id: uuid.UUID) -> Noted | None:
    """A note by its message; for the worker."""
    row = (
        await session.execute(
            select(Conversation.topic, Message.author_name, Message.text)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Message.id == message_id, Message.staff_only)
        )
    ).one_or_none()
    return Noted(row.topic, row.author_name, row.text) if row else None
