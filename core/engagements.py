"""Engagements: the working relationship with a client; one shared channel and one private staff channel."""

import uuid
from datetime import datetime
from typing import ClassVar, Literal

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import Session, TenantRow
from core.lifecycle import Lifecycle

STATUS = Lifecycle("This engagement", {"active": ("paused", "closed"), "paused": ("active", "closed"), "closed": ("active",)})

STAGE = Lifecycle(
    "This engagement",
    {
        "draft": ("active", "cancelled"),
        "active": ("processing", "cancelled"),
        "processing": ("confirmed", "cancelled"),
        "confirmed": ("fulfilled", "processing", "cancelled"),
        "fulfilled": ("complete", "processing"),
        "complete": ("processing",),
        "cancelled": (),
    },
)

CONNECTION = Lifecycle(
    "The invitation",
    {
        "none": ("invited", "connected", "mail"),
        "invited": ("invited", "accepted", "connected", "declined", "mail"),
        "accepted": ("connected", "declined", "invited", "mail"),
        "declined": ("invited", "connected", "mail"),
        "connected": ("disconnected",),
        "disconnected": ("invited", "connected", "mail"),
        "mail": ("invited", "accepted", "connected", "mail"),
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
    staff_channel_id: Mapped[str | None]
    staff_channel_name: Mapped[str] = mapped_column(default="")
    adopted: Mapped[bool] = mapped_column(default=False)
    """The client channel was there already and was linked, not made by us."""
    connection: Mapped[str] = mapped_column(default="none")
    invite_id: Mapped[str | None]
    invite_url: Mapped[str] = mapped_column(default="")
    invited_at: Mapped[datetime | None]
    connected_at: Mapped[datetime | None]
    exposed_at: Mapped[datetime | None]
    """Since when the staff channel can be read by outsiders; while set, nothing is posted there."""
    paused_until: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


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


Place = Literal["client", "staff", "elsewhere"]


async def in_channel(session: Session, channel_id: str) -> tuple[Engagement | None, Place]:
    """The engagement that a Slack channel belongs to, and which of its two places it is."""
    found = (
        await session.execute(select(Engagement).where(or_(Engagement.channel_id == channel_id, Engagement.staff_channel_id == channel_id)))
    ).scalar_one_or_none()
    if found is None:
        return None, "elsewhere"
    return found, "client" if found.channel_id == channel_id else "staff"


async def by_id(session: Session, engagement_id: uuid.UUID) -> Engagement:
    """The engagement with this id, for the worker, which acts for nobody."""
    return (await session.execute(select(Engagement).where(Engagement.id == engagement_id))).scalar_one()
