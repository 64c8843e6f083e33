"""The engagement itself: its statuses, its stage, how far the client is in, its rows, and how it is found."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Literal

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import Session, TenantRow
from core.lifecycle import Lifecycle

STATUS = Lifecycle(
    "This engagement", {"active": ("paused", "closed"), "paused": ("active", "closed"), "closed": ("active",)}
)

STAGE = Lifecycle(
    "This engagement",
    {
        "draft": ("active", "cancelled"),
        "active": ("processing", "cancelled"),
        "processing": ("confirmed", "cancelled"),
        "confirmed": ("fulfilled", "processing", "cancelled"),
        "fulfilled": ("complete", "processing"),
        "complete": ("processing",),
        "cancelled": ("draft", "active", "processing"),
    },
)
"""From cancelled there is a way back only because a closed engagement can be taken up again."""

CONNECTION = Lifecycle(
    "The invitation",
    {
        "none": ("invited", "accepted", "connected", "declined", "mail"),
        "invited": ("invited", "accepted", "connected", "declined", "mail"),
        "accepted": ("connected", "declined", "invited", "mail"),
        "declined": ("invited", "accepted", "connected", "mail"),
        "connected": ("disconnected",),
        "disconnected": ("invited", "accepted", "connected", "mail"),
        "mail": ("invited", "accepted", "connected", "declined", "mail"),
    },
)
"""How far the client is in the shared channel. `mail`: staff chose e-mail meanwhile, while the invitation stands."""


class Engagement(TenantRow):
    """One relationship with one client company: its people, its two channels, its status and its stage."""

    __tablename__ = "engagements"
    REFERS: ClassVar[dict[str, str]] = {
        "company_id": "companies",
        "owner_id": "users",
        "contact_id": "users",
        "approver_id": "users",
        "billing_id": "users",
    }
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        STATUS.check("status"),
        STAGE.check("stage"),
        CONNECTION.check("connection"),
        UniqueConstraint("organization_id", "channel_id"),
        UniqueConstraint("organization_id", "staff_channel_id"),
        CheckConstraint("channel_id <> staff_channel_id", name="two_channels"),
        CheckConstraint("channel_gone IN ('', 'archived', 'left')", name="channel_gone_known"),
        CheckConstraint("staff_channel_gone IN ('', 'archived', 'left')", name="staff_channel_gone_known"),
        Index("ix_engagements_company_id", "organization_id", "company_id"),
    )
    company_id: Mapped[uuid.UUID]
    title: Mapped[str]
    status: Mapped[str] = mapped_column(default="active")
    stage: Mapped[str] = mapped_column(default="draft")
    owner_id: Mapped[uuid.UUID]
    contact_id: Mapped[uuid.UUID]
    approver_id: Mapped[uuid.UUID | None]
    billing_id: Mapped[uuid.UUID | None]
    show_amounts: Mapped[bool] = mapped_column(default=False)
    channel_id: Mapped[str | None]
    channel_name: Mapped[str] = mapped_column(default="")
    """The wish until the channel is made; then only for showing: each side may call it differently."""
    channel_gone: Mapped[str] = mapped_column(default="")
    """Why nothing can be posted there now: archived, or we were taken out (`left`)."""
    staff_channel_id: Mapped[str | None]
    staff_channel_name: Mapped[str] = mapped_column(default="")
    staff_channel_gone: Mapped[str] = mapped_column(default="")
    adopted: Mapped[bool] = mapped_column(default=False)
    """The client channel was there already and was linked, not made by us."""
    told_at: Mapped[datetime | None]
    """When the people of an adopted channel had been told that it is kept, or it was plain that nobody had to be."""
    bookmark_id: Mapped[str | None]
    prepared_at: Mapped[datetime | None]
    connection: Mapped[str] = mapped_column(default="none")
    invite_id: Mapped[str | None]
    invite_url: Mapped[str] = mapped_column(default="")
    invite_email: Mapped[str] = mapped_column(default="")
    invite_tried_at: Mapped[datetime | None]
    """Set before Slack is asked to invite and cleared by its answer: still set later, nobody knows whether the mail
    went out.
    """
    invited_at: Mapped[datetime | None]
    connected_at: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(default="")
    """What stands in the way of the channels or the invitation, "step:reason" in Slack's word; empty when nothing
    does.
    """
    exposed_at: Mapped[datetime | None]
    """Since when the staff channel can be read by outsiders; while set, nothing is posted there."""
    heard: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The latest Slack event that was applied, by what it was about; an older one, come late or again, changes
    nothing.
    """
    paused_until: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]
    """When what had been said until then was deleted, the time that the agency keeps records being over."""

    @property
    def kept(self) -> bool:
        """Whether what is said in the client channel is kept: in an adopted one only after its people
        have been told.
        """
        return not self.adopted or self.told_at is not None


class EngagementPerson(TenantRow):
    """A person in an engagement: of the agency's team, or of the client's people."""

    __tablename__ = "engagement_people"
    REFERS: ClassVar[dict[str, str]] = {"engagement_id": "engagements", "user_id": "users"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "engagement_id", "user_id"),
        Index("ix_engagement_people_user_id", "organization_id", "user_id"),
    )
    engagement_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID]


class ChannelMember(TenantRow):
    """Somebody who is, or was, in one of our channels: who reads along, in any order that Slack tells of it."""

    __tablename__ = "channel_members"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "channel_id", "slack_user_id"),)
    channel_id: Mapped[str]
    slack_user_id: Mapped[str]
    slack_team_id: Mapped[str] = mapped_column(default="")
    present: Mapped[bool] = mapped_column(default=True)
    changed_ts: Mapped[str] = mapped_column(default="0")
    """The event that last brought or took them; an older event changes nothing."""


Place = Literal["client", "staff", "elsewhere"]


async def in_channel(session: Session, channel_id: str) -> tuple[Engagement | None, Place]:
    """The engagement that a Slack channel belongs to, and which of its two places it is."""
    return (await in_channels(session, [channel_id])).get(channel_id, (None, "elsewhere"))


async def in_channels(session: Session, channel_ids: Sequence[str]) -> dict[str, tuple[Engagement, Place]]:
    """The engagements that Slack channels belong to, and which of their places each is; those that are ours."""
    query = select(Engagement).where(
        or_(
            text("channel_id = ANY(CAST(:channels AS text[]))"),
            text("staff_channel_id = ANY(CAST(:channels AS text[]))"),
        )
    )
    found: dict[str, tuple[Engagement, Place]] = {}
    for engagement in (await session.execute(query, {"channels": list(channel_ids)})).scalars():
        if engagement.channel_id and engagement.channel_id in channel_ids:
            found[engagement.channel_id] = engagement, "client"
        if engagement.staff_channel_id and engagement.staff_channel_id in channel_ids:
            found[engagement.staff_channel_id] = engagement, "staff"
    return found


async def by_id(session: Session, engagement_id: uuid.UUID) -> Engagement:
    """The engagement with this id, for the worker, which acts for nobody."""
    return (await session.execute(select(Engagement).where(Engagement.id == engagement_id))).scalar_one()


async def locked(session: Session, engagement_id: uuid.UUID) -> Engagement:
    """The engagement with this id, for the worker and for Slack's word; locked until the transaction's end."""
    query = select(Engagement).where(Engagement.id == engagement_id).with_for_update(key_share=True)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


def newer(engagement: Engagement, about: str, event_ts: str) -> bool:
    """Whether this Slack event is news about the fact, and if so note that it was heard."""
    if moment(event_ts) <= moment(str(engagement.heard.get(about, "0"))):
        return False
    engagement.heard = {**engagement.heard, about: event_ts}
    return True


def moment(event_ts: str) -> Decimal:
    """An event's time as Slack writes it, as a number; what is none is older than everything."""
    try:
        return Decimal(event_ts)
    except InvalidOperation:
        return Decimal(0)
