"""The tables of proposals: the offer, its items and signers, what clients answered, the frozen versions."""

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import Numbered, TenantRow, numbered
from core.lifecycle import Lifecycle
from core.money import Money

STATUS = Lifecycle(
    "This proposal",
    {
        "draft": ("sent", "withdrawn"),
        "sent": ("viewed", "signed", "declined", "expired", "withdrawn"),
        "viewed": ("signed", "declined", "expired", "withdrawn"),
        "signed": (),
        "declined": (),
        "expired": (),
        "withdrawn": (),
    },
)


class Proposal(Numbered, TenantRow):
    """An offer in an engagement. While a draft it may change; sending freezes it as a version."""

    __tablename__ = "proposals"
    REFERS: ClassVar[dict[str, str]] = {
        "engagement_id": "engagements",
        "author_id": "users",
        "copied_from_id": "proposals",
        "ended_by_id": "users",
    }
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        numbered(),
        STATUS.check("status"),
        Index("ix_proposals_engagement", "organization_id", "engagement_id", "status"),
    )
    engagement_id: Mapped[uuid.UUID]
    author_id: Mapped[uuid.UUID | None]
    copied_from_id: Mapped[uuid.UUID | None]
    title: Mapped[str]
    purpose: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="draft")
    currency: Mapped[str] = mapped_column(String(3))
    terms: Mapped[str] = mapped_column(default="")
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    viewed_at: Mapped[datetime | None]
    signed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[uuid.UUID | None]
    ended_reason: Mapped[str] = mapped_column(default="")


class Item(TenantRow):
    """A line of a proposal: `work` becomes a project, a `fee` does not."""

    __tablename__ = "proposal_items"
    REFERS: ClassVar[dict[str, str]] = {"proposal_id": "proposals", "service_id": "services"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "proposal_id", "position"),
        CheckConstraint("kind IN ('work', 'fee')", name="kind_known"),
        CheckConstraint("quantity > 0 AND unit_minor >= 0", name="amounts"),
    )
    proposal_id: Mapped[uuid.UUID]
    service_id: Mapped[uuid.UUID | None]
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(default="work")
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    quantity: Mapped[int]
    unit_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))

    @property
    def unit(self) -> Money:
        """The price of one."""
        return Money(self.unit_minor, self.currency)

    @property
    def amount(self) -> Money:
        """The price of all of them."""
        return self.unit * self.quantity


class Signer(TenantRow):
    """A client who is asked to sign."""

    __tablename__ = "proposal_signers"
    REFERS: ClassVar[dict[str, str]] = {"proposal_id": "proposals", "user_id": "users"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "proposal_id", "user_id"),
        UniqueConstraint("organization_id", "proposal_id", "position"),
    )
    proposal_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID]
    position: Mapped[int]
    viewed_at: Mapped[datetime | None]
    """When they first opened the text; a look by staff never counts."""
    signed_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]


class Answer(TenantRow):
    """What a client said to a proposal instead of signing: which changes they want, or that they want a new date.
    Only ever inserted."""

    __tablename__ = "proposal_answers"
    REFERS: ClassVar[dict[str, str]] = {"proposal_id": "proposals", "user_id": "users"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        CheckConstraint("kind IN ('changes', 'date')", name="kind_known"),
        Index("ix_proposal_answers_proposal", "organization_id", "proposal_id"),
    )
    proposal_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    words: Mapped[str] = mapped_column(default="")
    said_at: Mapped[datetime]


class Version(TenantRow):
    """What was sent, frozen: canonical JSON and its SHA-256. Rows are only ever inserted."""

    __tablename__ = "proposal_versions"
    REFERS: ClassVar[dict[str, str]] = {"proposal_id": "proposals", "author_id": "users"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "proposal_id", "number"),)
    proposal_id: Mapped[uuid.UUID]
    author_id: Mapped[uuid.UUID | None]
    number: Mapped[int]
    body: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    sent_at: Mapped[datetime]
