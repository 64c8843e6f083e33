"""Retention: what was said in an engagement is deleted when the time for which the agency keeps records is over."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, or_, select, text, update

from core import clock, events, export, people
from core.conversations import Attachment, Conversation, Message, Reaction, Revision
from core.db import Database, Session
from core.engagements import Engagement
from core.erasure import given_up, removable, teams_of
from core.events import Kind
from core.mails import Mail

SETTING = "record_period"
"""Days after an engagement closes for which its record is kept; 0 means for ever."""

BATCH = 500
GONE = "Deleted, its time being over"
"""The topic of a conversation whose words are deleted."""


@dataclass
class Forgotten:
    """What was deleted of one engagement; `contents` are keys of files, `copies` files of exports: to be removed from their stores."""

    engagement_id: uuid.UUID
    messages: int = 0
    contents: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)


async def due(session: Session) -> list[tuple[uuid.UUID, datetime]]:
    """The closed engagements of this organization whose record's time is over, with the day on which it was."""
    house = await people.organization(session, session.info["tenant"])
    days = int(house.setting(SETTING) or 0)
    if days <= 0:
        return []
    query = select(Engagement.id, Engagement.closed_at).where(
        Engagement.status == "closed",
        Engagement.closed_at <= clock.now() - timedelta(days=days),
        or_(Engagement.forgotten_at.is_(None), Engagement.forgotten_at < Engagement.closed_at),
    )
    rows = await session.execute(query.order_by(Engagement.closed_at).limit(100))
    return [(row.id, row.closed_at + timedelta(days=days)) for row in rows if row.closed_at]


async def organizations(session: Session) -> list[uuid.UUID]:
    """The organizations that have chosen an end for their records. Through the platform's door."""
    return [house.id for house in await people.houses(session) if int(house.setting(SETTING) or 0) > 0]


async def carry_out(db: Database, organization_id: uuid.UUID) -> list[Forgotten]:
    """Delete what is due: messages with their edits, files and reactions, in small transactions.

    What is said on the record of the business stays: proposals, signatures, projects, invoices, and the events, which hold no words.
    Begun again after a failure it goes on where it was, and recorded is what was deleted in the end.
    """
    async with db.transaction(organization_id) as session:
        waiting = await due(session)
    forgotten = [await _forget(db, organization_id, engagement_id) for engagement_id, _ in waiting]
    for done in forgotten:
        done.contents = await removable(db, done.contents)
    return forgotten


async def _forget(db: Database, organization_id: uuid.UUID, engagement_id: uuid.UUID) -> Forgotten:
    done, until = Forgotten(engagement_id), clock.now()
    async with db.transaction(organization_id) as session:
        engagement = await _still_due(session, engagement_id)
        if engagement is None:
            return done
        channels = [channel for channel in (engagement.channel_id, engagement.staff_channel_id) if channel]
    while True:
        async with db.transaction(organization_id) as session:
            deleted = await _batch(session, engagement_id, until, done)
        done.messages += deleted
        if deleted < BATCH:
            break
    # Ours alone: a channel that is shared is another agency's channel, too. What has not been applied is refused by forgotten_at.
    lanes = [f"slack:{team}:{channel}" for team in await teams_of(db, organization_id) for channel in channels]
    async with db.platform() as session:
        await session.execute(
            text(
                "DELETE FROM deliveries WHERE source = 'slack' AND state = 'applied' AND received_at <= :until"
                " AND lane = ANY(CAST(:lanes AS text[]))"
            ),
            {"until": until, "lanes": lanes},
        )
    async with db.transaction(organization_id) as session:
        engagement = await _still_due(session, engagement_id)
        if engagement is None:
            return done
        engagement.forgotten_at = until
        topics = update(Conversation).where(Conversation.engagement_id == engagement_id).values(topic=GONE)
        await session.execute(topics)
        done.copies = [copy.file for copy in await export.withdraw(session, [engagement_id])]
        await session.flush()
        await events.record(
            session,
            people.system(organization_id),
            Kind.ENGAGEMENT_RECORD_FORGOTTEN,
            "engagement",
            engagement_id,
            engagement_id=engagement_id,
            messages=done.messages,
        )
    return done


async def _still_due(session: Session, engagement_id: uuid.UUID) -> Engagement | None:
    """The engagement, locked, unless it was taken up again or another process was faster."""
    if engagement_id not in {one for one, _ in await due(session)}:
        return None
    query = select(Engagement).where(Engagement.id == engagement_id).with_for_update(key_share=True)
    found = (await session.execute(query.execution_options(populate_existing=True))).scalar_one()
    return found if found.status == "closed" else None


async def _batch(session: Session, engagement_id: uuid.UUID, until: datetime, done: Forgotten) -> int:
    query = select(Message.id, Message.channel_id, Message.ts).where(
        Message.engagement_id == engagement_id, Message.sent_at <= until
    )
    rows = (await session.execute(query.order_by(Message.sent_at).limit(BATCH))).all()
    ids = [row.id for row in rows]
    said: dict[str, list[str]] = {}
    for row in rows:
        if row.ts:
            said.setdefault(row.channel_id, []).append(row.ts)
    for channel, ts in said.items():
        await session.execute(delete(Reaction).where(and_(Reaction.channel_id == channel, Reaction.ts.in_(ts))))
    kept = select(Attachment.sha256).where(Attachment.message_id.in_(ids), Attachment.sha256.is_not(None)).distinct()
    contents = list((await session.execute(kept)).scalars())
    for part in (Attachment, Revision):
        await session.execute(delete(part).where(part.message_id.in_(ids)))
    await session.execute(delete(Message).where(Message.id.in_(ids)))
    await session.execute(delete(Mail).where(Mail.engagement_id == engagement_id, Mail.received_at <= until))
    done.contents += await given_up(session, contents)
    return len(ids)
