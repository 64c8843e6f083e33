"""Conversations that are carried on by mail: who takes part that way, and what staff say in the threads and is mailed to them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from core import clock, engagements, jobs, links, people, posts
from core.conversations.handling import whole
from core.conversations.nearby import Standing
from core.conversations.said import SPOKEN
from core.conversations.tables import Attachment, Conversation, Message
from core.db import Session
from core.events import Event, Kind
from core.people import User

CARRIED = "conversation.words"
"""The purpose of the post that is a message of staff's, carried to somebody by mail."""


async def reply_token(
    session: Session, *, key: bytes, user_id: uuid.UUID, engagement_id: uuid.UUID, conversation_id: uuid.UUID | None
) -> str:
    """The token of the address to which a letter is answered; from now on its reader takes part in the conversation by mail."""
    if conversation_id is not None:
        talk = await whole(session, conversation_id)
        conversation_id, talk.by_mail = talk.id, True
        await session.flush()
    return await links.reply_token(
        session, key=key, user_id=user_id, engagement_id=engagement_id, conversation_id=conversation_id
    )


async def by_mail(session: Session, conversation_id: uuid.UUID) -> dict[User, datetime]:
    """Who takes part by mail, whether or not they are in the channel, and since when: they have a reply address or wrote by mail."""
    since = await links.correspondents(session, conversation_id)
    wrote = select(Message.author_id, Message.sent_at).where(
        Message.conversation_id == conversation_id, Message.source == "mail", Message.author_id.is_not(None)
    )
    for author_id, sent_at in await session.execute(wrote):
        if author_id is not None:
            since[author_id] = min(sent_at, since.get(author_id, sent_at))
    found = (await people.get(session, list(since))).values() if since else ()
    return {
        user: since[user.id]
        for user in sorted(found, key=lambda user: user.name)
        if user.side == "client" and user.email and user.left_at is None and user.deleted_at is None
    }


async def by_mail_of_message(session: Session, message_id: uuid.UUID) -> list[User]:
    """Who takes part by mail in the conversation of a message."""
    talk = await of_card(session, "conversation.reply", message_id)
    return list(await by_mail(session, talk)) if talk else []


async def of_card(session: Session, card: str, subject_id: uuid.UUID) -> uuid.UUID | None:
    """The conversation that a card is about; None for cards about something else. For the worker."""
    if card == "conversation.reply":
        home = select(Message.conversation_id).where(Message.id == subject_id)
        return (await session.execute(home)).scalar_one()
    return subject_id if card == "conversation.opening" else None


@dataclass(frozen=True)
class Thread:
    """What makes a letter stand beside those before it: their subject, and the ids that it refers to, the last one answered."""

    topic: str
    subject: str = ""
    references: tuple[str, ...] = ()


async def thread_of(session: Session, conversation_id: uuid.UUID, user_id: uuid.UUID) -> Thread:
    """What a letter to this person is to refer to: their last mail in the conversation, if they wrote one."""
    talk = (await session.execute(select(Conversation).where(Conversation.id == conversation_id))).scalar_one()
    query = select(Message).where(
        Message.conversation_id == conversation_id, Message.source == "mail", Message.author_id == user_id
    )
    last = (await session.execute(query.order_by(Message.sent_at.desc()).limit(1))).scalar_one_or_none()
    told = (last.raw or {}).get("mail") if last else None
    if last is None or not told:
        return Thread(talk.topic)
    return Thread(talk.topic, told["subject"], (*told["references"][-8:], last.source_ref))


async def carry_later(session: Session, conversations: Sequence[Conversation | Standing]) -> None:
    """After staff spoke in the channel: have their words carried to who takes part by mail, after the time in which they may be mended."""
    if not conversations or session.info.get("quiet"):
        return
    house = await people.organization(session, session.info["tenant"])
    at = clock.now() + timedelta(seconds=house.setting("hold_seconds"))
    for one in conversations:
        await jobs.enqueue(
            session,
            "conversation.carry",
            lane=f"carry:{one.id}",
            payload={"conversation": str(one.id)},
            organization_id=one.organization_id,
            run_at=at,
            dedupe=str(one.id),
        )


@dataclass(frozen=True)
class Carried:
    """What is to be carried to one person: the messages of staff's, each with who said it, its words and its files' names."""

    user: User
    engagement_id: uuid.UUID
    conversation_id: uuid.UUID
    words: tuple[tuple[uuid.UUID, str, str, tuple[str, ...]], ...]


async def to_carry(session: Session, conversation_id: uuid.UUID) -> list[Carried]:
    """What staff said in the thread and those who take part by mail have not got yet; who is in the channel has read it there."""
    talk = await whole(session, conversation_id)
    engagement = await engagements.by_id(session, talk.engagement_id)
    replies = select(Event).where(Event.subject_id == talk.id, Event.kind == Kind.CONVERSATION_REPLIED)
    told = {uuid.UUID(event.facts["reply"]) for event in (await session.execute(replies)).scalars()}
    query = select(Message).where(
        Message.conversation_id == talk.id,
        Message.side == "staff",
        Message.staff_only.is_(False),
        Message.kind.in_(SPOKEN),
        Message.ts != "",
        Message.deleted_at.is_(None),
        Message.erased_at.is_(None),
    )
    said = [one for one in (await session.execute(query.order_by(Message.sent_at))).scalars() if one.id not in told]
    files: dict[uuid.UUID, list[str]] = {}
    named = select(Attachment.message_id, Attachment.name).where(Attachment.message_id.in_([one.id for one in said]))
    for message_id, name in await session.execute(named):
        files.setdefault(message_id, []).append(name or "a file")
    found = []
    for user, since in (await by_mail(session, talk.id)).items():
        if engagement.channel_id and await _in_channel(session, engagement.channel_id, user.id):
            continue
        have = select(posts.Post.subject_id).where(
            posts.Post.place == f"mail:{user.id}", posts.Post.purpose == CARRIED, posts.Post.state == "sent"
        )
        sent = set((await session.execute(have.where(posts.Post.subject_id.in_([one.id for one in said])))).scalars())
        new = [one for one in said if one.sent_at >= since and one.id not in sent]
        if new:
            words = tuple(
                (one.id, (one.author_name.split() or ["We"])[0], one.text, tuple(files.get(one.id, ()))) for one in new
            )
            found.append(Carried(user, engagement.id, talk.id, words))
    return found


async def _in_channel(session: Session, channel_id: str, user_id: uuid.UUID) -> bool:
    account = (await people.identities_of(session, [user_id])).get(user_id)
    return account is not None and await engagements.is_in(session, channel_id, account)
