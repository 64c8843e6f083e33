"""The search itself: what is asked is narrowed to what the asker may see, Postgres finds, and the door to rows decides once more."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Boolean, DateTime, Text, Uuid, bindparam, func, or_, select, text

from core import access, clock
from core.access import Can
from core.conversations import Attachment, Conversation, Message
from core.db import Session
from core.engagements import Engagement, EngagementPerson
from core.people import ALL, Actor, Company, Identity, User
from core.search.asking import Asked, read
from core.search.marking import Piece, alike, snippet

REACH = 60
"""How many hits are ever shown for one search; past that, one asks more narrowly."""
MANY = 50
"""How many people a name may stand for."""

LOOK = text(
    "SELECT hit.id, hit.found, hit.whole, asked.query IS NULL AND :words <> '' AS weightless FROM ("
    " SELECT CASE WHEN numnode(query) > 0 THEN query END AS query"
    " FROM websearch_to_tsquery('pg_catalog.english', search_plain(:words)) AS query) AS asked,"
    " search_messages(asked.query, :at, :wanted, :engagements, :authors, :since, :until, :channel, :files, :internal, :deleted) AS hit"
).bindparams(
    bindparam("words", type_=Text()),
    bindparam("at", type_=DateTime(timezone=True)),
    bindparam("engagements", type_=ARRAY(Uuid())),
    bindparam("authors", type_=ARRAY(Text())),
    bindparam("since", type_=DateTime(timezone=True)),
    bindparam("until", type_=DateTime(timezone=True)),
    bindparam("channel", type_=Text()),
    bindparam("files", type_=Boolean()),
    bindparam("internal", type_=Boolean()),
    bindparam("deleted", type_=Boolean()),
)
"""Words that mean nothing by themselves (the, of) are in no index: they are `weightless`, and what is found is what the rest finds."""


@dataclass(frozen=True)
class Hit:
    """A message that was found: what it belongs to, who said it when, where it stands, and its words with the found ones marked."""

    id: uuid.UUID
    topic: str
    engagement: str
    author: str
    at: datetime
    channel_id: str
    ts: str
    thread_ts: str
    staff_only: bool
    edited: bool
    deleted: bool
    files: tuple[str, ...]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Found:
    """What a search found, best first. `total` counts what fits among what was looked through: everything, if `whole`, else the newest.

    `notes` are sentences on what was not understood or left out.
    """

    asked: Asked
    hits: list[Hit] = field(default_factory=list)
    total: int = 0
    whole: bool = True
    notes: list[str] = field(default_factory=list)


async def find(
    session: Session, actor: Actor, typed: str, *, here: uuid.UUID | None = None, skip: int = 0, limit: int = 8
) -> Found:
    """Look for what was typed among all that the actor may see; the same number of queries, whatever is found.

    Clients find what is for them in their own engagements; staff what their role shows them; deleted texts only who may read
    those. Earlier texts of edited messages are not looked through: what is found is what stands. Whatever is typed, there
    is an answer. `here` is the engagement that “in:here” means. Raises NotAllowed for a stranger.
    """
    access.demand(actor, Can.CONVERSATION_SEE)
    asked = read(typed, clock.now().astimezone(ZoneInfo(actor.timezone)).date())
    notes = list(asked.odd)
    if asked.empty:
        return Found(asked, notes=[*notes, "Give me a word to look for."] if typed.strip() and not notes else notes)
    scope, channel, unknown = await _places(session, actor, asked, here)
    authors, nobody = await _authors(session, actor, asked, scope)
    if unknown or nobody:
        return Found(asked, notes=[*notes, *unknown, *nobody])
    rows = (
        await session.execute(
            LOOK,
            {
                "words": asked.words,
                "at": clock.now(),
                "wanted": REACH,
                "engagements": scope,
                "authors": authors,
                "since": _midnight(asked.since, actor),
                "until": _midnight(asked.until, actor),
                "channel": channel,
                "files": asked.files,
                "internal": actor.side != "client",
                "deleted": access.allowed(actor, Can.CONVERSATION_SEE_EARLIER),
            },
        )
    ).all()
    if not rows:
        return Found(asked, notes=notes)
    words = asked.positive
    if rows[0].weightless:
        notes.append(f"“{asked.words}” is in nearly every message. A rarer word finds more.")
        words = ""
        if not asked.narrowed:
            return Found(asked, notes=notes)
    hits = await _hits(session, actor, [row.id for row in rows], words, skip, limit)
    return Found(asked, hits, rows[0].found, rows[0].whole, notes)


def _midnight(day: date | None, actor: Actor) -> datetime | None:
    return datetime.combine(day, time(), ZoneInfo(actor.timezone)) if day else None


def _everywhere(actor: Actor) -> bool:
    if actor.side == "system":
        return True
    return actor.side == "staff" and min(actor.level("clients"), actor.level("messaging")) >= ALL


async def _places(
    session: Session, actor: Actor, asked: Asked, here: uuid.UUID | None
) -> tuple[list[uuid.UUID] | None, str | None, list[str]]:
    """The engagements to look in, None for all; the one channel, if one was named; and who was looked for in vain."""
    if not asked.places and _everywhere(actor):
        return None, None, []
    query = access.visible(actor, Can.CONVERSATION_SEE, Engagement).join(Company, Company.id == Engagement.company_id)
    rows = (
        await session.execute(
            query.with_only_columns(
                Engagement.id,
                Engagement.title,
                Engagement.channel_id,
                Engagement.channel_name,
                Engagement.staff_channel_id,
                Engagement.staff_channel_name,
                Company.name.label("company"),
            )
        )
    ).all()
    channel: str | None = None
    fitting = list(rows)
    unknown = []
    for place in asked.places:
        named = re.fullmatch(r"<#([A-Z0-9]+)(?:\|[^>]*)?>", place)
        wanted = _squeezed(place)
        if named:
            fitting = [row for row in fitting if named[1] in (row.channel_id, row.staff_channel_id)]
            channel = named[1]
        elif wanted == "here" and here is not None:
            fitting = [row for row in fitting if row.id == here]
        else:
            named_so = [
                [row for row in fitting if wanted in (_squeezed(row.channel_name), _squeezed(row.staff_channel_name))],
                [row for row in fitting if wanted in (_squeezed(row.title), _squeezed(row.company))],
                [row for row in fitting if wanted in _squeezed(row.title) or wanted in _squeezed(row.company)],
            ]
            if place.startswith("#") and named_so[0]:
                row = named_so[0][0]
                channel = row.staff_channel_id if wanted == _squeezed(row.staff_channel_name) else row.channel_id
            fitting = next(filter(None, named_so), [])
        if not fitting:
            shown = "that channel" if named else f"“{place}”"
            missing = f"I know no engagement of yours called {shown}. in: takes a company or a channel."
            unknown.append(
                missing if wanted != "here" else "in:here works in an engagement's channel. Name the company instead."
            )
            break
    return [row.id for row in fitting], channel, unknown


def _squeezed(name: str) -> str:
    """A name as one compares it: no case, no signs between."""
    return re.sub(r"[\W_]+", "", name).casefold()


async def _authors(
    session: Session, actor: Actor, asked: Asked, scope: Sequence[uuid.UUID] | None
) -> tuple[list[str] | None, list[str]]:
    """Whose messages, None for everybody's: the ids of people, and of accounts that belong to nobody yet; and who is not known."""
    if not asked.people:
        return None, []
    found: list[str] = []
    nobody = []
    for name in asked.people:
        mention = re.fullmatch(r"<@([UWB][A-Z0-9]+)(?:\|[^>]*)?>", name)
        wanted = name.lstrip("@").casefold()
        known = [str(actor.user_id)] if wanted in ("me", "myself") and actor.user_id else []
        if not known:
            account = (
                Identity.slack_user_id == mention[1] if mention else Identity.name.icontains(wanted, autoescape=True)
            )
            person = or_(User.name.icontains(wanted, autoescape=True), User.email.istartswith(wanted, autoescape=True))
            accounts = (
                await session.execute(select(Identity.user_id, Identity.slack_user_id).where(account).limit(MANY))
            ).all()
            users = select(User.id).where(
                User.id.in_([row.user_id for row in accounts if row.user_id]) if mention else person
            )
            if actor.side == "client":  # of others' people they do not even learn that there are any
                people = select(EngagementPerson.user_id).where(EngagementPerson.engagement_id.in_(scope or []))
                users = users.where(User.id.in_(people))
            known = [str(user_id) for user_id in (await session.execute(users.limit(MANY))).scalars()]
            if actor.side != "client":
                known += [row.slack_user_id for row in accounts if row.user_id is None]
        if not known:
            nobody.append("I do not know that person." if mention else f"I know nobody called “{name}”.")
        found += known
    return found[:MANY], nobody


async def _hits(session: Session, actor: Actor, ids: list[uuid.UUID], words: str, skip: int, limit: int) -> list[Hit]:
    """These messages, in this order, read through the one door: what the actor may not see is not among them."""
    query = access.visible(actor, Can.CONVERSATION_SEE, Message).where(Message.id.in_(ids))
    if not access.allowed(actor, Can.CONVERSATION_SEE_EARLIER):
        query = query.where(Message.deleted_at.is_(None))
    rows = await session.execute(
        query.outerjoin(Conversation, Conversation.id == Message.conversation_id)
        .outerjoin(User, User.id == Message.author_id)
        .join(Engagement, Engagement.id == Message.engagement_id)
        .with_only_columns(
            Message.id,
            Message.text,
            Message.sent_at,
            Message.staff_only,
            Message.edited_ts,
            Message.deleted_at,
            func.coalesce(User.name, Message.author_name).label("author"),
            func.coalesce(Conversation.topic, "").label("topic"),
            Engagement.title.label("engagement"),
            func.coalesce(func.nullif(Message.channel_id, ""), Conversation.channel_id, "").label("channel_id"),
            func.coalesce(func.nullif(Message.ts, ""), Conversation.thread_ts, "").label("ts"),
            func.coalesce(Message.thread_ts, "").label("thread_ts"),
        )
    )
    place = {row_id: number for number, row_id in enumerate(ids)}
    shown = sorted(rows.all(), key=lambda row: place[row.id])[skip : skip + limit]
    files: dict[uuid.UUID, list[str]] = {}
    attached = select(Attachment.message_id, Attachment.name).where(
        Attachment.message_id.in_([row.id for row in shown])
    )
    for message_id, name in await session.execute(attached.order_by(Attachment.file_ref)):
        files.setdefault(message_id, []).append(name)
    marked = await alike(session, words, [row.text for row in shown]) if words else set()
    return [_hit(row, files.get(row.id, []), snippet(row.text, marked)) for row in shown]


def _hit(row: Any, files: Sequence[str], pieces: Sequence[Piece]) -> Hit:
    return Hit(
        id=row.id,
        topic=row.topic,
        engagement=row.engagement,
        author=row.author,
        at=row.sent_at,
        channel_id=row.channel_id,
        ts=row.ts,
        thread_ts=row.thread_ts,
        staff_only=row.staff_only,
        edited=row.edited_ts is not None,
        deleted=row.deleted_at is not None,
        files=tuple(files),
        pieces=tuple(pieces),
    )
