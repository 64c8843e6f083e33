"""Lists of engagements: all, mine, quiet, owing; the same few queries for ten as for a thousand."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from core import access, clock
from core.conversations import Conversation, Message
from core.db import Session
from core.engagements.engagement import Engagement, EngagementPerson
from core.invoices import Invoice
from core.people import Actor, Company


@dataclass(frozen=True)
class Brief:
    """An engagement in a line of a list."""

    id: uuid.UUID
    title: str
    company: str
    status: str
    stage: str
    connection: str
    channel_id: str | None
    staff_channel_id: str | None
    waiting_on_us: int
    owed: int
    """How many invoices are open."""
    quiet_days: int
    channel_name: str = ""


QUIET = 14
"""Days without a word from either side, about ten working days, after which an engagement counts as quiet."""


async def listing(session: Session, actor: Actor, which: str = "", limit: int = 40) -> list[Brief]:
    """The engagements that the actor may see: all, `mine`, `quiet` or `owing`; the longest silent first; four queries
    in all.
    """
    query = access.visible(actor, access.Can.ENGAGEMENT_SEE, Engagement).where(Engagement.status != "closed")
    if which == "mine":
        inside = select(EngagementPerson.engagement_id).where(EngagementPerson.user_id == actor.user_id)
        query = query.where(or_(Engagement.owner_id == actor.user_id, Engagement.id.in_(inside)))
    if which == "owing":
        query = query.where(Engagement.id.in_(select(Invoice.engagement_id).where(Invoice.status == "open")))
    if which == "quiet":
        since = clock.now() - timedelta(days=QUIET)
        heard = select(Message.engagement_id).where(
            Message.sent_at > since, Message.side.in_(("staff", "client", "stranger"))
        )
        query = query.where(Engagement.id.not_in(heard), Engagement.created_at < since, Engagement.status == "active")
    found = list((await session.execute(query.order_by(Engagement.created_at).limit(limit))).scalars())
    ids = [one.id for one in found]
    companies = {
        one.id: one.name
        for one in (
            await session.execute(select(Company).where(Company.id.in_([each.company_id for each in found])))
        ).scalars()
    }
    waits: Counter[uuid.UUID] = Counter()
    for engagement_id, count in await session.execute(
        select(Conversation.engagement_id, func.count())
        .where(
            Conversation.engagement_id.in_(ids), Conversation.status == "waiting_us", Conversation.deleted_at.is_(None)
        )
        .group_by(Conversation.engagement_id)
    ):
        waits[engagement_id] = count
    owed: Counter[uuid.UUID] = Counter()
    for engagement_id, count in await session.execute(
        select(Invoice.engagement_id, func.count())
        .where(Invoice.engagement_id.in_(ids), Invoice.status == "open")
        .group_by(Invoice.engagement_id)
    ):
        owed[engagement_id] = count
    last: dict[uuid.UUID, datetime] = {}
    for engagement_id, at in await session.execute(
        select(Message.engagement_id, func.max(Message.sent_at))
        .where(Message.engagement_id.in_(ids), Message.side.in_(("staff", "client", "stranger")))
        .group_by(Message.engagement_id)
    ):
        last[engagement_id] = at
    now = clock.now()
    briefs = [
        Brief(
            one.id,
            one.title,
            companies[one.company_id],
            one.status,
            one.stage,
            one.connection,
            one.channel_id,
            one.staff_channel_id,
            waits[one.id],
            owed[one.id],
            max(0, (now - last.get(one.id, one.created_at)).days),
            one.channel_name,
        )
        for one in found
    ]
    return sorted(briefs, key=lambda brief: (-brief.waiting_on_us, -brief.quiet_days, brief.title))


def choices(found: Sequence[Brief]) -> list[tuple[uuid.UUID, str]]:
    """The engagements as the entries of a picker: by title, and, where several have the same, by company and channel as well."""
    alike = Counter(one.title.casefold() for one in found)

    def words(one: Brief) -> str:
        if alike[one.title.casefold()] == 1:
            return one.title
        same = one.company.casefold() == one.title.casefold()
        parts = [one.title, "" if same else one.company, f"#{one.channel_name}" if one.channel_name else ""]
        return " · ".join(part for part in parts if part)

    return [(one.id, words(one)) for one in found]
