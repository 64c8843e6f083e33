"""Orders: the financial record of what was bought; never of its delivery."""

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import Numbered, TenantRow, numbered
from core.money import Money


class Order(Numbered, TenantRow):
    """What a client agreed to pay for. Whether it is paid follows from its invoices."""

    __tablename__ = "orders"
    REFERS: ClassVar[dict[str, str]] = {
        "engagement_id": "engagements",
        "proposal_id": "proposals",
        "company_id": "companies",
        "client_id": "users",
    }
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        numbered(),
        UniqueConstraint("organization_id", "proposal_id"),
        Index("ix_orders_engagement", "organization_id", "engagement_id"),
    )
    engagement_id: Mapped[uuid.UUID]
    proposal_id: Mapped[uuid.UUID | None]
    company_id: Mapped[uuid.UUID]
    client_id: Mapped[uuid.UUID]
    title: Mapped[str]
    total_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    deleted_at: Mapped[datetime | None]

    @property
    def total(self) -> Money:
        """What was agreed in all."""
        return Money(self.total_minor, self.currency)


class OrderLine(TenantRow):
    """One line of an order, as it stood in the signed proposal."""

    __tablename__ = "order_lines"
    REFERS: ClassVar[dict[str, str]] = {"order_id": "orders", "service_id": "services"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "order_id", "position"),)
    order_id: Mapped[uuid.UUID]
    service_id: Mapped[uuid.UUID | None]
    position: Mapped[int]
    title: Mapped[str]
    quantity: Mapped[int]
    unit_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))

    @property
    def amount(self) -> Money:
        """The price of the line."""
        return Money(self.unit_minor * self.quantity, self.currency)
