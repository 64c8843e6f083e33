"""Which conversation a message belongs to, and what follows from it: topic, beginning, whose turn it is; in any order of arrival."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from sqlalchemy import and_, func, or_, select, update

from core import clock, events, jobs, people, posts
from core.conversations.tables import STATUS, Conversation, Message, Revision
from core.db import Session, new_number
from core.engagements import Engagement, locked
from core.events import Event, Kind
from core.people import User

SPOKEN = frozenset({"message", "file_share", "thread_broadcast", "me_message"})
"""The kinds of message that are somebody speaking, and so belong to a conversation; the rest are notices of the channel."""

WORDS_TO_US = frozenset({"help", "reopen", "status", "waiting"})
"""What clients may ask us by a mention; all else that they say, they say to the agency."""

COURTESY = re.compile(
    r"a|again|are|can|conversation|could|for|hello|hi|how|is|it|me|need|now|of|on|our|please|pls|show|thanks?|that|the"
    r"|there|things?|this|thread|to|topic|us|we|whats?|you"
)
THANKS = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|great|perfect|super|cool|got it|will do|thanks?(?: you)?(?: so much| a lot)?|many thanks|thx|cheers|ta)\W*)+$",
    re.IGNORECASE,
)
# Atomic, because “:+:+:+…” can be read as emoji in so many ways that trying them all would take for ever.
EMOJI = re.compile(r"^\s*(?>(?::[\w+\-']+:|[^\w\s])\s*)+$")


async def join(session: Session, engagement: Engagement, message: Message, *, called: str | None = None) -> None:
    """Put what somebody said into its conversation: its thread's, the one that the person began just now, or a new one.

    A message that comes late may show that what stood as several is one: then they are put together. `called` is what it asks of us.
    """
    if message.conversation_id is not None or _commands(message, called):
        return
    # The engagement first, as in every verb: else one that holds it and waits for the chain's head could meet us here.
    await locked(session, engagement.id)
    root = message.thread_ts or message.ts
    found = await _fitting(session, message, root)
    conversation = found[0] if found else await _open(session, engagement, message, root)
    message.conversation_id = conversation.id
    await session.execute(
        update(Message)
        .where(
            Message.channel_id == message.channel_id,
            Message.ts == root,
            Message.side != "bot",
            Message.conversation_id.is_(None),
        )
        .values(conversation_id=conversation.id)
    )
    for other in found[1:]:
        await _merge(session, other, conversation)
    was, latest = conversation.status, conversation.last_message_at
    if found[1:] or (latest is not None and message.sent_at < latest):
        await settle(session, conversation)
    else:
        turn = Turn(was, conversation.waiting_since, conversation.resolved_at)
        _stand(conversation, turn.heard(message.side, message.sent_at, message.text))
        conversation.last_message_at = message.sent_at
    await session.flush()
    side: Literal["staff", "client"] = "staff" if message.side == "staff" else "client"
    author = people.Actor(message.organization_id, side, user_id=message.author_id, name=message.author_name)
    record = partial(events.record, session, author, engagement_id=engagement.id)
    if not found:
        await record(Kind.CONVERSATION_OPENED, "conversation", conversation.id, said=True)
    elif was == "resolved" and conversation.status != "resolved":
        await record(Kind.CONVERSATION_REOPENED, "conversation", conversation.id)
    elif was != conversation.status:
        await jobs.enqueue(
            session,
            "engagement.redraw",
            lane=f"redraw:{engagement.id}",
            payload={"engagement": str(engagement.id), "status": True},
            organization_id=engagement.organization_id,
            dedupe=f"status:{engagement.id}",
        )
    for other in found[1:]:
        await record(Kind.CONVERSATION_MERGED, "conversation", other.id, into=str(conversation.id))


def _commands(message: Message, called: str | None) -> bool:
    """Whether it was said to us and to nobody else: staff call us to command, clients with a few words or none."""
    if called is None or (message.kind == "file_share" and not called):
        return False
    return message.side == "staff" or asked_of_us(called) in WORDS_TO_US


def asked_of_us(called: str) -> str:
    """What a client's words to us come down to without courtesies: “what is waiting on me?” is waiting, nothing at all is status;
    "" where they are a message to the agency."""
    plain = called.lower().replace("’s", "s").replace("'s", "s")
    left = [word for word in re.findall(r"\w+", plain) if not COURTESY.fullmatch(word)]
    if not called.strip():
        return "status"
    return left[0] if len(left) == 1 else ""


async def _fitting(session: Session, message: Message, root: str) -> list[Conversation]:
    """The conversations that the message belongs to, oldest first: of its thread, of the thread's first message, and, if it stands
    in no thread, of what the same person said just before or after it."""
    near = and_(Message.channel_id == message.channel_id, Message.ts == root)
    if root == message.ts:
        house = await people.organization(session, message.organization_id)
        window = timedelta(seconds=house.setting("grouping_seconds"))
        near = or_(
            near,
            and_(
                Message.channel_id == message.channel_id,
                Message.author_ref == message.author_ref,
                or_(Message.thread_ts.is_(None), Message.thread_ts == Message.ts),
                Message.sent_at.between(message.sent_at - window, message.sent_at + window),
            ),
        )
    named = select(Message.conversation_id).where(near, Message.id != message.id, Message.conversation_id.is_not(None))
    query = select(Conversation).where(
        Conversation.deleted_at.is_(None),
        or_(
            Conversation.id.in_(named),
            and_(Conversation.channel_id == message.channel_id, Conversation.thread_ts == root),
        ),
    )
    found = list((await session.execute(query.order_by(Conversation.opened_at, Conversation.id))).scalars())
    if not found and root != message.ts:
        card = await posts.by_reference(session, message.channel_id, root)
        if (
            card is not None and card.subject == "conversation"
        ):  # its card that stood first is gone; this one took its place
            found = list(
                (await session.execute(select(Conversation).where(Conversation.id == card.subject_id))).scalars()
            )
    return found


async def _open(session: Session, engagement: Engagement, message: Message, root: str) -> Conversation:
    about = await posts.by_reference(session, message.channel_id, root)
    words = select(Message.text).where(
        Message.channel_id == message.channel_id, Message.ts == root, Message.side != "bot"
    )
    first = (await session.execute(words)).scalar_one_or_none()
    tied = about if about is not None and about.subject in ("proposal", "project", "invoice") else None
    conversation = Conversation(
        organization_id=engagement.organization_id,
        number=new_number(),
        engagement_id=engagement.id,
        topic=topic_of(first or message.text),
        status="open",
        channel_id=message.channel_id,
        thread_ts=root,
        opened_by_id=message.author_id,
        opened_at=message.sent_at,
        subject=tied.subject if tied else "",
        subject_id=tied.subject_id if tied else None,
    )
    session.add(conversation)
    await session.flush()
    return conversation


def topic_of(text: str) -> str:
    """A topic from the first words of a message, at most eighty characters."""
    words = " ".join(re.sub(r"<[^<>|]*\|([^<>]*)>|<[^<>]*>", r"\1", text).split())
    words = words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return (words if len(words) <= 80 else words[:79].rstrip() + "…") or "A file"


async def _merge(session: Session, other: Conversation, into: Conversation) -> None:
    """Move all that was said in one conversation to another, which stands for both from now on."""
    await session.execute(update(Message).where(Message.conversation_id == other.id).values(conversation_id=into.id))
    into.owner_id = into.owner_id or other.owner_id
    other.deleted_at, other.thread_ts = clock.now(), None
    await session.flush()


@dataclass(frozen=True)
class Turn:
    """Whose turn it is, and since when."""

    status: str
    since: datetime | None
    resolved_at: datetime | None

    def heard(self, side: str, at: datetime, text: str) -> "Turn":
        """After somebody spoke: the agency's turn after a client's words, unless they are only thanks; the client's after the agency's."""
        thanks = is_thanks(text)
        after = "waiting_client" if side == "staff" else "waiting_us"
        if self.status == after or (thanks and (side != "staff" or self.status == "resolved")):
            return self
        return Turn(STATUS.move(self.status, after), at, None)


def is_thanks(text: str) -> bool:
    """Whether the words are only thanks, or a lone emoji: they reopen nothing and leave nobody waiting."""
    return bool(text.strip()) and bool(THANKS.match(text) or EMOJI.match(text))


async def settle(session: Session, conversation: Conversation) -> None:
    """Work out topic, beginning and turn anew from all that was said and done, in the order in which it happened."""
    done = select(Event).where(Event.subject_id == conversation.id, Event.kind.in_(ACTS)).order_by(Event.seq)
    acts = list((await session.execute(done)).scalars())
    first_text = func.coalesce(Revision.text, Message.text)
    said = (
        select(
            Message.id,
            Message.ts,
            Message.thread_ts,
            Message.sent_at,
            Message.side,
            Message.author_id,
            first_text.label("text"),
        )
        .outerjoin(Revision, and_(Revision.message_id == Message.id, Revision.edited_ts == ""))
        .where(Message.conversation_id == conversation.id, Message.kind.in_(SPOKEN), Message.side != "bot")
        .order_by(Message.sent_at, Message.ts)
    )
    words = (await session.execute(said)).all()
    turn = Turn("open", None, None)
    if any(
        act.kind == Kind.CONVERSATION_OPENED and not act.facts.get("said") for act in acts
    ):  # by a form or a command
        opener = (
            await session.execute(select(User.side).where(User.id == conversation.opened_by_id))
        ).scalar_one_or_none()
        turn = Turn("waiting_client" if opener == "staff" else "waiting_us", conversation.opened_at, None)
    elif words:
        first = words[0]
        conversation.opened_at, conversation.opened_by_id = first.sent_at, first.author_id
        if first.thread_ts in (None, first.ts):
            conversation.thread_ts = first.ts
        if not any(act.kind == Kind.CONVERSATION_RENAMED for act in acts):
            conversation.topic = topic_of(first.text)
    pending = [act for act in acts if act.kind in (Kind.CONVERSATION_RESOLVED, Kind.CONVERSATION_REOPENED)]
    for word in words:
        while pending and pending[0].at <= word.sent_at:
            turn = _acted(turn, pending.pop(0))
        turn = turn.heard(word.side, word.sent_at, word.text)
    for act in pending:
        turn = _acted(turn, act)
    _stand(conversation, turn)
    conversation.last_message_at = max([conversation.opened_at, *(word.sent_at for word in words)])
    await session.flush()


ACTS = (Kind.CONVERSATION_OPENED, Kind.CONVERSATION_RENAMED, Kind.CONVERSATION_RESOLVED, Kind.CONVERSATION_REOPENED)


def _acted(turn: Turn, act: Event) -> Turn:
    if act.kind == Kind.CONVERSATION_RESOLVED:
        return Turn("resolved", None, act.at)
    return Turn("waiting_us", act.at, None) if turn.status == "resolved" else turn


def _stand(conversation: Conversation, turn: Turn) -> None:
    conversation.status, conversation.waiting_since, conversation.resolved_at = (
        turn.status,
        turn.since,
        turn.resolved_at,
    )
