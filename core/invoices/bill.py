"""The rows of invoices: their lines, their serial numbers, the payments on them, and which status may follow which."""

import uuid
from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import Numbered, TenantRow, numbered
from core.lifecycle import Lifecycle
from core.money import Money

STATUS = Lifecycle(
    "This invoice",
    {
        "draft": ("sending", "void"),
        "sending": ("open", "stuck"),
        "stuck": ("sending", "open", "void"),
        "open": ("paid", "void", "uncollectible"),
        "uncollectible": ("paid", "void"),
        "paid": (),
        "void": (),
    },
)
"""`sending`: numbered, frozen, on its way to the processor; `stuck`: refused there. Overdue is derived, not stored."""


class Counter(TenantRow):
    """The last serial number of a series; updated in the transaction that uses it, so that there are no gaps."""

    __tablename__ = "invoice_counters"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "series"),)
    series: Mapped[str]
    last: Mapped[int]


class Invoice(Numbered, TenantRow):
    """A bill to a client company.

    `number` is the key in addresses; `serial` the legal number, given on sending and never reused.
    """

    __tablename__ = "invoices"
    REFERS: ClassVar[dict[str, str]] = {
        "engagement_id": "engagements",
        "order_id": "orders",
        "company_id": "companies",
        "client_id": "users",
        "viewed_by_id": "users",
        "deliverable_id": "deliverables",
        "subscription_id": "subscriptions",
    }
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        numbered(),
        STATUS.check("status"),
        UniqueConstraint("organization_id", "serial"),
        UniqueConstraint("organization_id", "processor_ref"),
        UniqueConstraint("organization_id", "order_id", "part"),
        UniqueConstraint("organization_id", "subscription_id", "period_start"),
        CheckConstraint("waits_for IN ('', 'date', 'milestone', 'completion')", name="waits_known"),
        CheckConstraint("total_minor >= 0 AND paid_minor >= 0", name="amounts"),
        CheckConstraint("serial IS NOT NULL OR status IN ('draft', 'void')", name="numbered"),
        Index("ix_invoices_engagement", "organization_id", "engagement_id", "status"),
        Index("ix_invoices_order", "organization_id", "order_id"),
    )
    engagement_id: Mapped[uuid.UUID]
    order_id: Mapped[uuid.UUID | None]
    company_id: Mapped[uuid.UUID]
    client_id: Mapped[uuid.UUID]
    title: Mapped[str]
    serial: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="draft")
    total_minor: Mapped[int] = mapped_column(BigInteger)
    paid_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    currency: Mapped[str] = mapped_column(String(3))
    due_on: Mapped[date | None]
    part: Mapped[int | None]
    """Which line of its order's payment schedule it bills."""
    waits_for: Mapped[str] = mapped_column(default="")
    """What a draft from a payment schedule waits for: date, milestone or completion; empty for what waits for staff."""
    planned_on: Mapped[date | None]
    deliverable_id: Mapped[uuid.UUID | None]
    """The deliverable whose completion makes it due."""
    subscription_id: Mapped[uuid.UUID | None]
    period_start: Mapped[date | None]
    sent_at: Mapped[datetime | None]
    issued_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    processor_ref: Mapped[str | None]
    """Stripe's id of the invoice; empty while it is not there, or if it is paid by bank transfer."""
    hosted_url: Mapped[str] = mapped_column(default="")
    pdf_url: Mapped[str] = mapped_column(default="")
    trouble: Mapped[str] = mapped_column(default="")
    """What stands in the way, for staff: what the processor said, or what does not add up."""
    viewed_at: Mapped[datetime | None]
    viewed_by_id: Mapped[uuid.UUID | None]
    """Who last opened it to pay; the processor does not tell us who paid."""
    reminded_at: Mapped[datetime | None]
    declined_ref: Mapped[str] = mapped_column(default="")
    """The processor's event of the last declined payment, so that it is told once."""
    void_reason: Mapped[str] = mapped_column(default="")

    @property
    def total(self) -> Money:
        """What is asked for."""
        return Money(self.total_minor, self.currency)

    @property
    def paid(self) -> Money:
        """What has been paid of it."""
        return Money(self.paid_minor, self.currency)

    @property
    def due(self) -> Money:
        """What remains to be paid."""
        return self.total - self.paid

    @property
    def name(self) -> str:
        """How people call it: by its legal number once it has one."""
        return f"Invoice {self.serial}" if self.serial else f"The invoice “{self.title}”"

    @property
    def called(self) -> str:
        """Its name inside a sentence."""
        return self.name[0].lower() + self.name[1:]

    def days_late(self, today: date) -> int:
        """How many days it is past its due day; 0 while it is not, or while nothing is owed."""
        return max((today - self.due_on).days, 0) if self.status == "open" and self.due_on else 0


class Line(TenantRow):
    """One line of an invoice."""

    __tablename__ = "invoice_lines"
    REFERS: ClassVar[dict[str, str]] = {"invoice_id": "invoices", "order_line_id": "order_lines"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "invoice_id", "position"),)
    invoice_id: Mapped[uuid.UUID]
    order_line_id: Mapped[uuid.UUID | None]
    position: Mapped[int]
    title: Mapped[str]
    quantity: Mapped[int]
    unit_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))

    @property
    def amount(self) -> Money:
        """The price of the line."""
        return Money(self.unit_minor * self.quantity, self.currency)


class Payment(TenantRow):
    """Money that came in for an invoice: through Stripe, or noted by staff."""

    __tablename__ = "payments"
    REFERS: ClassVar[dict[str, str]] = {
        "engagement_id": "engagements",
        "invoice_id": "invoices",
        "noted_by_id": "users",
    }
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "processor", "processor_ref"),
        CheckConstraint("processor IN ('stripe', 'manual')", name="processor_known"),
        CheckConstraint("amount_minor > 0", name="amount"),
    )
    engagement_id: Mapped[uuid.UUID]
    invoice_id: Mapped[uuid.UUID]
    noted_by_id: Mapped[uuid.UUID | None]
    processor: Mapped[str]
    processor_ref: Mapped[str]
    method: Mapped[str] = mapped_column(default="")
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    paid_at: Mapped[datetime]

    @property
    def amount(self) -> Money:
        """How much came in."""
        return Money(self.amount_minor, self.currency)
