"""Whose turn it is in a conversation, what it is about and when it began: worked out from all that was said and done."""

import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select, true

from core.conversations.said import SPOKEN
from core.conversations.tables import STATUS, Conversation, Message, Revision
from core.db import Session
from core.events import Event, Kind
from core.people import User

TAKEN_BACK = "A deleted message"
"""What a conversation is called whose first words were deleted."""

ERASED = "Erased on request"
"""What a conversation is called that began with words that are erased."""

THANKS = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|great|perfect|super|cool|got it|will do|thanks?(?: you)?(?: so much| a lot)?|many thanks|thx|cheers|ta)\W*)+$",
    re.IGNORECASE,
)
# Atomic, because “:+:+:+…” can be read as emoji in so many ways that trying them all would take for ever.
EMOJI = re.compile(r"^\s*(?>(?::[\w+\-']+:|[^\w\s])\s*)+$")


def topic_of(text: str) -> str:
    """A topic from the first words of a message, at most eighty characters."""
    words = " ".join(re.sub(r"<[^<>|]*\|([^<>]*)>|<[^<>]*>", r"\1", text).split())
    words = words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return (words if len(words) <= 80 else words[:79].rstrip() + "…") or "A file"


@dataclass(frozen=True)
class Title:
    """A topic that was made of a message's words, as they read today."""

    message_id: uuid.UUID
    topic: str


async def titles(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Title]:
    """The topics that follow what was said, by conversation: what staff or a form called one is not among them.

    They follow its first words, or those after which it was still called when it was put together with others.
    """
    named = select(Event).where(
        Event.subject_id.in_(ids), Event.kind.in_((Kind.CONVERSATION_OPENED, Kind.CONVERSATION_RENAMED))
    )
    called: dict[uuid.UUID, uuid.UUID | None] = {}
    for act in (await session.execute(named.order_by(Event.seq))).scalars():
        if act.kind == Kind.CONVERSATION_RENAMED or not act.facts.get("said"):
            called[act.subject_id] = uuid.UUID(str(act.facts["of"])) if act.facts.get("of") else None
    columns = (Message.id, Message.text, Message.deleted_at, Message.erased_at)
    first = (
        select(*columns)
        .where(Message.conversation_id == Conversation.id, Message.kind.in_(SPOKEN), Message.side != "bot")
        .order_by(Message.sent_at, Message.ts)
        .limit(1)
        .lateral()
    )
    begun = select(Conversation.id, first.c.id, first.c.text, first.c.deleted_at, first.c.erased_at)
    begun = begun.join(first, true()).where(Conversation.id.in_(set(ids) - called.keys()))
    found = [tuple(row) for row in (await session.execute(begun)).all()]
    kept = {message_id: key for key, message_id in called.items() if message_id is not None}
    if kept:
        theirs = (await session.execute(select(*columns).where(Message.id.in_(kept)))).all()
        found += [(kept[row.id], *row) for row in theirs]
    return {
        key: Title(message_id, ERASED if erased else TAKEN_BACK if deleted else topic_of(text))
        for key, message_id, text, deleted, erased in found
    }


async def retell(session: Session, ids: Collection[uuid.UUID]) -> list[Conversation]:
    """Let topics not tell any more what was edited or deleted since; the conversations that are called otherwise now."""
    made = await titles(session, ids) if ids else {}
    if not made:
        return []
    query = select(Conversation).where(Conversation.id.in_(made)).execution_options(populate_existing=True)
    changed = [one for one in (await session.execute(query)).scalars() if one.topic != made[one.id].topic]
    for one in changed:
        one.topic = made[one.id].topic
    await session.flush()
    return changed


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
        if first.ts and first.thread_ts in (None, first.ts):  # a mail has no ts until it is shown in the channel
            conversation.thread_ts = first.ts
        if title := (await titles(session, [conversation.id])).get(conversation.id):
            conversation.topic = title.topic
    pending = [act for act in acts if act.kind in (Kind.CONVERSATION_RESOLVED, Kind.CONVERSATION_REOPENED)]
    for word in words:
        while pending and pending[0].at <= word.sent_at:
            turn = _acted(turn, pending.pop(0))
        turn = turn.heard(word.side, word.sent_at, word.text)
    for act in pending:
        turn = _acted(turn, act)
    stand(conversation, turn)
    conversation.last_message_at = max([conversation.opened_at, *(word.sent_at for word in words)])
    await session.flush()


ACTS = (Kind.CONVERSATION_OPENED, Kind.CONVERSATION_RENAMED, Kind.CONVERSATION_RESOLVED, Kind.CONVERSATION_REOPENED)


def _acted(turn: Turn, act: Event) -> Turn:
    if act.kind == Kind.CONVERSATION_RESOLVED:
        return Turn("resolved", None, act.at)
    return Turn("waiting_us", act.at, None) if turn.status == "resolved" else turn


def stand(conversation: Conversation, turn: Turn) -> None:
    conversation.status, conversation.waiting_since, conversation.resolved_at = (
        turn.status,
        turn.since,
        turn.resolved_at,
    )
