"""Mail that comes into conversations: kept in the record, shown in the channel, and its whole for staff."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core import access, events
from core.access import Can
from core.conversations.handling import whole
from core.conversations.tables import Attachment, Conversation, Message
from core.conversations.targets import follow
from core.conversations.turning import settle, topic_of
from core.db import Session, new_number, save
from core.engagements import Engagement
from core.errors import NotFound
from core.events import Happening, Kind
from core.people import Actor


@dataclass(frozen=True)
class Letter:
    """A mail that somebody wrote: what they say in it, and the whole of it. `files` as a message's files are told."""

    ref: str
    address: str
    said: str
    subject: str
    whole: str
    sent_at: datetime
    references: Sequence[str] = ()
    files: Sequence[dict[str, Any]] = field(default_factory=tuple)


async def mailed(
    session: Session, actor: Actor, engagement_id: uuid.UUID, conversation_id: uuid.UUID | None, letter: Letter
) -> Message | None:
    """Keep what a client says by mail, in its conversation; without one it opens one. Arriving twice, it is said once.

    Raises what `access.fetch` raises for somebody who is no longer in the engagement. None if what was said then has been
    deleted for good.
    """
    engagement = await access.fetch(session, actor, Can.CONVERSATION_START, Engagement, engagement_id, lock=True)
    known = select(Message).where(Message.source == "mail", Message.source_ref == letter.ref)
    if (found := (await session.execute(known)).scalar_one_or_none()) is not None:
        return found
    if engagement.forgotten_at is not None and letter.sent_at <= engagement.forgotten_at:
        return None
    conversation = await whole(session, conversation_id) if conversation_id else None
    if conversation is not None and conversation.deleted_at is not None:
        conversation = None
    made, was = conversation is None, conversation.status if conversation else "open"
    if conversation is None:
        conversation = Conversation(
            organization_id=actor.organization_id,
            number=new_number(),
            engagement_id=engagement.id,
            topic=topic_of(letter.said),
            status="open",
            channel_id=engagement.channel_id,
            opened_by_id=actor.user_id,
            opened_at=letter.sent_at,
        )
        await save(session, conversation)
    conversation.by_mail = True
    said = Message(
        organization_id=actor.organization_id,
        engagement_id=engagement.id,
        conversation_id=conversation.id,
        source="mail",
        source_ref=letter.ref,
        kind="file_share" if letter.files else "message",
        staff_only=False,
        side="client",
        author_id=actor.user_id,
        author_ref=letter.address,
        author_name=actor.name,
        text=letter.said,
        raw={"mail": {"subject": letter.subject, "references": list(letter.references), "text": letter.whole}},
        sent_at=letter.sent_at,
    )
    await save(session, said)
    for file in letter.files:
        session.add(Attachment(organization_id=actor.organization_id, message_id=said.id, **file))
    await session.flush()
    await settle(session, conversation)
    await follow(session, conversation)
    if made:
        await _happened(session, actor, Kind.CONVERSATION_OPENED, conversation, said=True)
    elif was == "resolved" and conversation.status != "resolved":
        await _happened(session, actor, Kind.CONVERSATION_REOPENED, conversation)
    await _happened(session, actor, Kind.CONVERSATION_MAILED, conversation, mail=str(said.id))
    return said


async def _happened(session: Session, actor: Actor, kind: Kind, about: Conversation, **facts: str | bool) -> None:
    await events.record_all(session, [Happening(actor, kind, "conversation", about.id, about.engagement_id, facts)])


@dataclass(frozen=True)
class Shown:
    """A mail as it is shown to the others: by whom, its words, the names of its files."""

    who: str
    words: str
    files: tuple[str, ...]
    connected: bool
    """The client is in the channel, so that it is shown there; else the staff channel alone hears of it."""


async def shown_mail(session: Session, message_id: uuid.UUID) -> Shown | None:
    """A mail's message, while its words stand; for the worker."""
    row = (
        await session.execute(
            select(Message, Engagement.connection)
            .join(Engagement, Engagement.id == Message.engagement_id)
            .where(Message.id == message_id, Message.deleted_at.is_(None), Message.erased_at.is_(None))
        )
    ).one_or_none()
    if row is None:
        return None
    said: Message = row.Message
    names = select(Attachment.name).where(Attachment.message_id == said.id).order_by(Attachment.file_ref)
    return Shown(
        (said.author_name.split() or ["The client"])[0],
        said.text,
        tuple((await session.execute(names)).scalars()),
        row.connection == "connected",
    )


@dataclass(frozen=True)
class Whole:
    """A mail as it came: its subject, and all of its text."""

    who: str
    subject: str
    text: str


async def whole_mail(session: Session, actor: Actor, message_id: uuid.UUID | str) -> Whole:
    """The whole of a mail, for staff; NotFound for whatever is no mail, or was erased."""
    said = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Message, message_id)
    told = (said.raw or {}).get("mail")
    if not told or (said.deleted_at is not None and not access.allowed(actor, Can.CONVERSATION_SEE_EARLIER)):
        raise NotFound("This mail is not to be found here any more.")
    return Whole(said.author_name, told["subject"], told["text"])


async def thread_in(session: Session, conversation_id: uuid.UUID, place: str) -> str | None:
    """The thread in which a conversation runs in this channel, if it does; for the worker."""
    talk = await whole(session, conversation_id)
    return talk.thread_ts if talk.channel_id == place else None


async def mirrored(session: Session, message_id: uuid.UUID, channel_id: str, ts: str) -> None:
    """Know where a mail is shown in the channel, and let the conversation's thread begin there if it has none yet.

    What is said under that post, or put on it, belongs to the mail.
    """
    said = (await session.execute(select(Message).where(Message.id == message_id))).scalar_one_or_none()
    if said is None or said.conversation_id is None:
        return
    talk = await whole(session, said.conversation_id)
    taken = select(Conversation.id).where(Conversation.channel_id == channel_id, Conversation.thread_ts == ts)
    if talk.thread_ts is None and (await session.execute(taken)).first() is None:
        talk.channel_id, talk.thread_ts = channel_id, ts
    said.channel_id, said.ts = channel_id, ts
    said.thread_ts = talk.thread_ts if talk.channel_id == channel_id and talk.thread_ts != ts else None
    await session.flush()
