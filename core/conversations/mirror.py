"""The staff side of a conversation: its control card, the thread under it that clients never see, and replies to the client."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from core import access, clock, events, people, posts
from core.access import Can
from core.conversations.handling import whole
from core.conversations.said import SPOKEN
from core.conversations.tables import Conversation, Message
from core.conversations.targets import follow, follow_all, target_of
from core.conversations.turning import settle
from core.conversations.word import Word
from core.db import Session, save
from core.engagements import Audience, Engagement, audience, by_id
from core.errors import Conflict, Invalid
from core.events import Kind
from core.people import Actor

CONTROL = "conversation.control"
"""The purpose of the post that is a conversation's control card."""

RECENT = timedelta(days=1)
LONGEST = 2900
"""How long a reply may be, so that it stands in one message under its speaker's name."""


async def standing(session: Session, conversation_id: uuid.UUID) -> list[posts.Post]:
    """The control cards of a conversation that stand in a staff channel."""
    found = await posts.of(session, conversation_id, purpose=CONTROL)
    return [post for post in found if post.reference and post.state == "sent"]


async def heard(session: Session, words: Sequence[Word]) -> None:
    """After words were kept: control cards and targets follow. What was said long ago, as in a history that is imported, warns nobody."""
    recent = clock.now() - RECENT
    talked = {
        word.conversation_id: word.engagement.organization_id
        for word in words
        if word.conversation_id is not None and word.sent_at > recent
    }
    await follow_all(session, talked)


async def gather(session: Session, card: posts.Post) -> None:
    """Keep as notes of its conversation what staff said under a control card."""
    await session.execute(
        update(Message)
        .where(
            Message.channel_id == card.place,
            Message.thread_ts == card.reference,
            Message.staff_only,
            Message.side != "bot",
            Message.kind.in_(SPOKEN),
            Message.conversation_id.is_(None),
        )
        .values(conversation_id=(await whole(session, card.subject_id)).id, kind="note")
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True)
class Control:
    """What a control card shows."""

    id: uuid.UUID
    agency: str
    company: str
    topic: str
    status: str
    since: datetime | None
    due: datetime | None
    first: bool
    owner: str
    owner_ref: str
    channel_id: str
    link: str
    client: str
    words: str
    part_of: str = ""
    """The topic of the conversation that it was merged into."""


async def control(session: Session, conversation_id: uuid.UUID) -> Control:
    """A conversation as staff control it; for the worker, which acts for nobody."""
    found = (await session.execute(select(Conversation).where(Conversation.id == conversation_id))).scalar_one()
    engagement = await by_id(session, found.engagement_id)
    house = await people.organization(session, found.organization_id)
    company = (
        await session.execute(select(people.Company.name).where(people.Company.id == engagement.company_id))
    ).scalar_one()
    seer = found.owner_id or engagement.owner_id
    owner = (await people.get(session, [seer]))[seer]
    last = await _last_of_client(session, found)
    target = await target_of(session, found)
    return Control(
        id=found.id,
        agency=house.name,
        company=company,
        topic=found.topic,
        status=found.status,
        since=found.waiting_since,
        due=target.due if target else None,
        first=target is not None and target.first,
        owner=owner.first_name if found.owner_id else "",
        owner_ref=(await people.identities_of(session, [seer])).get(seer, ""),
        channel_id=found.channel_id or "",
        link=found.link,
        client=(last.author_name.split() or ["The client"])[0] if last else "",
        words=last.text if last else "",
        part_of=(await whole(session, found.id)).topic if found.deleted_at is not None else "",
    )


async def _last_of_client(session: Session, conversation: Conversation) -> Message | None:
    query = select(Message).where(
        Message.conversation_id == conversation.id,
        Message.side.in_(("client", "stranger")),
        Message.staff_only.is_(False),
        Message.deleted_at.is_(None),
        Message.kind.in_((*SPOKEN, "form")),
    )
    return (await session.execute(query.order_by(Message.sent_at.desc()).limit(1))).scalar_one_or_none()


@dataclass(frozen=True)
class Place:
    """A message in a channel."""

    channel_id: str
    ts: str
    thread_ts: str


async def last_words(session: Session, conversation_id: uuid.UUID) -> Place | None:
    """Where the client spoke last, else where the thread begins; None while nothing stands in the channel. For the worker."""
    found = (await session.execute(select(Conversation).where(Conversation.id == conversation_id))).scalar_one()
    last = await _last_of_client(session, found)
    if last is not None and last.ts:
        return Place(last.channel_id, last.ts, last.thread_ts or last.ts)
    if found.channel_id and found.thread_ts:
        return Place(found.channel_id, found.thread_ts, found.thread_ts)
    return None


async def linked(session: Session, conversation_id: uuid.UUID, link: str) -> None:
    """Note where the conversation is read in Slack."""
    found = (await session.execute(select(Conversation).where(Conversation.id == conversation_id))).scalar_one()
    found.link = link
    await session.flush()
    await follow(session, found)


@dataclass(frozen=True)
class Preview:
    """What staff are shown before they reply: in whose name, where, and who will read it."""

    topic: str
    speaker: str
    channel_id: str
    readers: Audience | None
    contact: str
    words: str


async def preview(session: Session, actor: Actor, conversation_id: uuid.UUID | str) -> Preview:
    """What a reply to the client would be: by whom, where, read by whom; by mail (`readers` is None) while they are not in the channel."""
    conversation = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Conversation, conversation_id)
    engagement = await by_id(session, conversation.engagement_id)
    last = await _last_of_client(session, conversation)
    contact = (await people.get(session, [engagement.contact_id]))[engagement.contact_id]
    return Preview(
        topic=conversation.topic,
        speaker=actor.name.split()[0],
        channel_id=engagement.channel_id or "",
        readers=await audience(session, engagement) if _in_channel(engagement) else None,
        contact=contact.first_name,
        words=last.text if last else "",
    )


def _in_channel(engagement: Engagement) -> bool:
    return engagement.connection == "connected" and bool(engagement.channel_id) and not engagement.channel_gone


async def reply(
    session: Session, actor: Actor, conversation_id: uuid.UUID | str, words: str, *, key: uuid.UUID | None = None
) -> Message:
    """Answer the client in the conversation's own thread, under the speaker's name. `key` is the form's: sent twice, it is said once."""
    conversation = await access.fetch(session, actor, Can.CONVERSATION_HANDLE, Conversation, conversation_id, lock=True)
    known = (await session.execute(select(Message).where(Message.id == key))).scalar_one_or_none() if key else None
    if known is not None:
        return known
    words = words.strip()
    if not 1 <= len(words) <= LONGEST:
        raise Invalid(f"Please write something, at most {LONGEST:,} characters.", field="words")
    if conversation.deleted_at is not None:
        raise Conflict(f"“{conversation.topic}” is part of another conversation now. Reply there.")
    place = await last_words(session, conversation.id)
    key = key or uuid.uuid4()
    said = Message(
        id=key,
        organization_id=actor.organization_id,
        engagement_id=conversation.engagement_id,
        conversation_id=conversation.id,
        source="slack",
        source_ref=f"form:{key}",
        kind="message",
        staff_only=False,
        side="staff",
        author_id=actor.user_id,
        author_ref=actor.slack_user_id or "",
        author_name=actor.name,
        thread_ts=place.thread_ts if place else None,
        text=words,
        sent_at=clock.now(),
    )
    await save(session, said)
    await settle(session, conversation)
    await follow(session, conversation)
    await events.record(
        session,
        actor,
        Kind.CONVERSATION_REPLIED,
        "conversation",
        conversation.id,
        engagement_id=conversation.engagement_id,
        reply=str(said.id),
    )
    return said


@dataclass(frozen=True)
class Replied:
    """A reply as it is shown: who says it, what, and in which thread."""

    who: str
    words: str
    thread_ts: str | None


async def replied(session: Session, message_id: uuid.UUID) -> Replied | None:
    """A reply by its message, while its words stand; for the worker."""
    row = (
        await session.execute(
            select(Message, Conversation.thread_ts)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Message.id == message_id, Message.deleted_at.is_(None))
        )
    ).one_or_none()
    if row is None or not row.Message.text:
        return None
    said: Message = row.Message
    return Replied((said.author_name.split() or ["We"])[0], said.text, said.thread_ts or row.thread_ts)


async def arrived(session: Session, message_id: uuid.UUID, channel_id: str, ts: str) -> None:
    """Know a reply by the message that carries it from now on; that message's own echo, if it was here first, gives way."""
    said = (await session.execute(select(Message).where(Message.id == message_id))).scalar_one()
    ref = f"{channel_id}:{ts}"
    if said.source_ref == ref:
        return
    echo = select(Message).where(Message.source == "slack", Message.source_ref == ref, Message.side == "bot")
    for each in (await session.execute(echo)).scalars():
        said.deleted_at = each.deleted_at
        await session.delete(each)
    await session.flush()
    said.source_ref, said.channel_id, said.ts = ref, channel_id, ts
    await session.flush()


async def note_thread(session: Session, message_id: uuid.UUID, place: str) -> str | None:
    """The control card under which a note belongs, where it stands; for the worker."""
    found = (await session.execute(select(Message.conversation_id).where(Message.id == message_id))).scalar_one()
    cards = await posts.of(session, found, place=place, purpose=CONTROL) if found else []
    return cards[0].reference if cards else None
