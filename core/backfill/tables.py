"""The rows of backfill: a search for what is missing, its parts, until when each channel is checked, and the gaps that stay."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import Session, TenantRow
from core.engagements import Engagement
from core.lifecycle import Lifecycle

STATE = Lifecycle("This search", {"running": ("done",), "done": ()})


class Backfill(TenantRow):
    """One search for what Slack remembers of an engagement's channels and we have not heard; goes on where it stopped.

    `since` is None where a channel is read from its beginning. `looked` counts the messages read, `found` those that were missing.
    """

    __tablename__ = "backfills"
    REFERS: ClassVar[dict[str, str]] = {"engagement_id": "engagements"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        STATE.check("state"),
        CheckConstraint("reason IN ('asked', 'link', 'outage', 'schedule')", name="reason_known"),
        Index("ix_backfills_engagement", "organization_id", "engagement_id", "created_at"),
        Index(
            "uq_backfills_running",
            "organization_id",
            "engagement_id",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
    )
    engagement_id: Mapped[uuid.UUID]
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(default="running")
    since: Mapped[datetime | None]
    until: Mapped[datetime]
    looked: Mapped[int] = mapped_column(default=0)
    found: Mapped[int] = mapped_column(default=0)
    back_to: Mapped[datetime | None]
    """The earliest message that was read."""
    trouble: Mapped[str] = mapped_column(default="")
    """Slack's word for what it would not let us read; empty if it let us read all."""
    stepped_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Part(TenantRow):
    """One channel, or with `thread_ts` one thread, that a search reads; `cursor` is where it goes on."""

    __tablename__ = "backfill_parts"
    REFERS: ClassVar[dict[str, str]] = {"backfill_id": "backfills"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "backfill_id", "channel_id", "thread_ts"),
    )
    backfill_id: Mapped[uuid.UUID]
    channel_id: Mapped[str]
    thread_ts: Mapped[str] = mapped_column(default="")
    oldest: Mapped[str] = mapped_column(default="0")
    cursor: Mapped[str] = mapped_column(default="")
    done_at: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(default="")


class Gap(TenantRow):
    """A time in which edits and deletions in a channel may be missing, because Slack does not tell of them afterwards."""

    __tablename__ = "record_gaps"
    REFERS: ClassVar[dict[str, str]] = {"engagement_id": "engagements", "backfill_id": "backfills"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        CheckConstraint("reason IN ('asked', 'link', 'outage', 'schedule')", name="reason_known"),
        UniqueConstraint("organization_id", "backfill_id", "channel_id"),
        Index("ix_record_gaps_engagement", "organization_id", "engagement_id", "until"),
    )
    engagement_id: Mapped[uuid.UUID]
    backfill_id: Mapped[uuid.UUID]
    channel_id: Mapped[str]
    since: Mapped[datetime | None]
    """None: from the channel's beginning."""
    until: Mapped[datetime]
    reason: Mapped[str]
    trouble: Mapped[str] = mapped_column(default="")
    """Where Slack would not let us read, so that messages may be missing, too: its word for why."""


class Checked(TenantRow):
    """Until when a channel was compared with what Slack remembers of it."""

    __tablename__ = "channel_checks"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "channel_id"),)
    channel_id: Mapped[str]
    checked_at: Mapped[datetime]


class Beat(TenantRow):
    """When a part of the product was last known to be up."""

    __tablename__ = "beats"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "name"),)
    name: Mapped[str]
    at: Mapped[datetime]


async def gaps(session: Session, engagement_id: uuid.UUID) -> list[Gap]:
    """The gaps in an engagement's record, oldest first; for staff's history and exports, and for no client."""
    query = select(Gap).where(Gap.engagement_id == engagement_id).order_by(Gap.until, Gap.channel_id)
    return list((await session.execute(query)).scalars())


@dataclass(frozen=True)
class Told:
    """What a search's card tells."""

    reason: str
    done: bool
    channel_id: str
    since: datetime | None
    until: datetime
    looked: int
    found: int
    back_to: datetime | None
    threads: int
    threads_read: int
    trouble: str


async def told(session: Session, backfill_id: uuid.UUID) -> Told | None:
    """A search as its card tells it; None if it found nothing worth telling and is gone."""
    row = (
        await session.execute(
            select(Backfill, Engagement.channel_id)
            .join(Engagement, Engagement.id == Backfill.engagement_id)
            .where(Backfill.id == backfill_id)
        )
    ).one_or_none()
    if row is None:
        return None
    run = row[0]
    threads = select(func.count(), func.count(Part.done_at)).where(
        Part.backfill_id == backfill_id, Part.thread_ts != ""
    )
    total, read = (await session.execute(threads)).one()
    return Told(
        reason=run.reason,
        done=run.state == "done",
        channel_id=row.channel_id or "",
        since=run.since,
        until=run.until,
        looked=run.looked,
        found=run.found,
        back_to=run.back_to,
        threads=total,
        threads_read=read,
        trouble=run.trouble,
    )
