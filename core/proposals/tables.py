"""The tables of proposals: the offer, its items and signers, what clients answered, the frozen versions."""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import Numbered, TenantRow, numbered
from core.lifecycle import Lifecycle
from core.money import Money

STATUS = Lifecycle(
    "This proposal",
    {
        "draft": ("sent", "withdrawn"),
        "sent": ("sent", "viewed", "signed", "declined", "expired", "withdrawn"),
        "viewed": ("sent", "signed", "declined", "expired", "withdrawn"),
        "signed": (),
        "declined": ("sent",),
        "expired": ("sent",),
        "withdrawn": ("sent",),
    },
)
"""Sent again is a new version: whatever was not signed can be offered anew."""

PERIODS = ("week", "month", "quarter", "year")
"""How often something recurring is paid for."""


class Proposal(Numbered, TenantRow):
    """An offer in an engagement. While a draft it may change; sending freezes it as a version."""

    __tablename__ = "proposals"
    REFERS: ClassVar[dict[str, str]] = {
        "engagement_id": "engagements",
        "author_id": "users",
        "copied_from_id": "proposals",
        "ended_by_id": "users",
        "asked_by_id": "users",
        "from_message_id": "conversation_messages",
        "terms_id": "terms",
        "coupon_id": "coupons",
    }
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        numbered(),
        STATUS.check("status"),
        CheckConstraint("kind IN ('offer', 'scope')", name="kind_known"),
        Index("ix_proposals_engagement", "organization_id", "engagement_id", "status"),
    )
    engagement_id: Mapped[uuid.UUID]
    author_id: Mapped[uuid.UUID | None]
    copied_from_id: Mapped[uuid.UUID | None]
    asked_by_id: Mapped[uuid.UUID | None]
    """The client who asked for this quote, if one did."""
    asked_words: Mapped[str] = mapped_column(default="")
    """What they asked for, in their words; staff read it on the draft."""
    from_message_id: Mapped[uuid.UUID | None]
    """The client's message that a change of scope answers."""
    terms_id: Mapped[uuid.UUID | None]
    """The version of the agency's terms that `terms` was taken from, while it is still that text."""
    coupon_id: Mapped[uuid.UUID | None]
    kind: Mapped[str] = mapped_column(default="offer")
    """`scope` changes the scope of a running engagement: what is signed is added to what was agreed before."""
    title: Mapped[str]
    purpose: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="draft")
    currency: Mapped[str] = mapped_column(String(3))
    terms: Mapped[str] = mapped_column(default="")
    in_order: Mapped[bool] = mapped_column(default=False)
    """Whether the signers sign one after the other; the countersigner is always the last."""
    revising: Mapped[bool] = mapped_column(default=False)
    """Whether a new version is being written; until it is sent, the rows stay those of the version that is out."""
    revision: Mapped[str] = mapped_column(default="")
    """While it is being written: its content, as canonical JSON."""
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
        CheckConstraint("setup_minor >= 0 AND trial_days >= 0", name="setup"),
        CheckConstraint(
            "discount_percent BETWEEN 0 AND 100 AND discount_minor >= 0 AND tax_percent BETWEEN 0 AND 100",
            name="shares",
        ),
        CheckConstraint("period IN ('', 'week', 'month', 'quarter', 'year')", name="period_known"),
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
    optional: Mapped[bool] = mapped_column(default=False)
    """Whether the client chooses it, or not, when signing."""
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(0))
    discount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """Taken off the whole line; at most one of the two discounts is set."""
    tax_percent: Mapped[Decimal] = mapped_column(Numeric(6, 3), default=Decimal(0))
    period: Mapped[str] = mapped_column(default="")
    """How often it is paid for; empty for what is paid once."""
    trial_days: Mapped[int] = mapped_column(default=0)
    setup_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    """Paid once, beside what recurs."""
    template: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the service's template brings to the project: `phases`, `checklist`, `deliverables`, `owner`."""

    @property
    def unit(self) -> Money:
        """The price of one."""
        return Money(self.unit_minor, self.currency)

    @property
    def amount(self) -> Money:
        """The price of all of them."""
        return self.unit * self.quantity


class Milestone(TenantRow):
    """A point that the work reaches: it becomes a deliverable of the item's project, or of the first one."""

    __tablename__ = "proposal_milestones"
    REFERS: ClassVar[dict[str, str]] = {"proposal_id": "proposals"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "proposal_id", "position"),)
    proposal_id: Mapped[uuid.UUID]
    position: Mapped[int]
    title: Mapped[str]
    due_on: Mapped[date | None]
    item_position: Mapped[int | None]


class Payment(TenantRow):
    """A line of the payment schedule: which part is due, and when. Exactly one line of a schedule is the rest."""

    __tablename__ = "proposal_payments"
    REFERS: ClassVar[dict[str, str]] = {"proposal_id": "proposals"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "proposal_id", "position"),
        CheckConstraint("share IN ('percent', 'amount', 'rest')", name="share_known"),
        CheckConstraint("due IN ('signing', 'date', 'milestone', 'completion')", name="due_known"),
        CheckConstraint("(due = 'date') = (due_on IS NOT NULL)", name="due_date"),
        CheckConstraint("(due = 'milestone') = (milestone IS NOT NULL)", name="due_milestone"),
        CheckConstraint("percent BETWEEN 0 AND 100 AND amount_minor >= 0", name="amounts"),
    )
    proposal_id: Mapped[uuid.UUID]
    position: Mapped[int]
    label: Mapped[str]
    share: Mapped[str]
    percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(0))
    amount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    due: Mapped[str]
    due_on: Mapped[date | None]
    milestone: Mapped[int | None]
    """The position of the milestone that it waits for."""


class Terms(TenantRow):
    """A version of a text of terms that the agency offers on. Rows are only ever inserted."""

    __tablename__ = "terms"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "name", "version"),)
    name: Mapped[str]
    version: Mapped[int]
    body: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)


class Signer(TenantRow):
    """Somebody who is asked to sign: the client's people, and last, where it is wished, a countersigner of ours."""

    __tablename__ = "proposal_signers"
    REFERS: ClassVar[dict[str, str]] = {"proposal_id": "proposals", "user_id": "users"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "proposal_id", "user_id"),
        UniqueConstraint("organization_id", "proposal_id", "position"),
        CheckConstraint("side IN ('client', 'staff')", name="side_known"),
    )
    proposal_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID]
    position: Mapped[int]
    side: Mapped[str] = mapped_column(default="client")
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
