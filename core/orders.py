"""Orders: the financial record of what was bought; never of its delivery."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import BigInteger, Index, Numeric, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core import events
from core.db import Numbered, Session, TenantRow, numbered, save
from core.events import Kind
from core.money import Money, total
from core.people import Actor


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
    discount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    tax_percent: Mapped[Decimal] = mapped_column(Numeric(6, 3), default=Decimal(0))
    tax_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    period: Mapped[str] = mapped_column(default="")
    """How often it is paid for; empty for what is paid once."""

    @property
    def unit(self) -> Money:
        """The price of one."""
        return Money(self.unit_minor, self.currency)

    @property
    def net(self) -> Money:
        """The price of all of them, less the discount, before tax."""
        return Money(self.unit_minor * self.quantity - self.discount_minor, self.currency)

    @property
    def tax(self) -> Money:
        """The tax on that."""
        return Money(self.tax_minor, self.currency)

    @property
    def amount(self) -> Money:
        """What the line comes to, tax included."""
        return self.net + self.tax


@dataclass(frozen=True)
class Bought:
    """A line of an order to be made: of which service, if it came from the catalog, what, how many, at which price;
    what is taken off the whole line, its tax, and how often it is paid for (empty for once)."""

    title: str
    quantity: int
    unit: Money
    service_id: uuid.UUID | None = None
    discount: Money | None = None
    tax_percent: Decimal = Decimal(0)
    tax: Money | None = None
    period: str = ""


async def make(
    session: Session,
    actor: Actor,
    *,
    engagement_id: uuid.UUID,
    company_id: uuid.UUID,
    client_id: uuid.UUID,
    proposal_id: uuid.UUID | None,
    title: str,
    currency: str,
    lines: Sequence[Bought],
) -> tuple[Order, list[OrderLine]]:
    """Record what a client has agreed to pay for; one order for each proposal. Its total is what is paid once, tax
    included. The verb that calls it, a signature, has authorised it."""
    order = Order(
        organization_id=actor.organization_id,
        engagement_id=engagement_id,
        proposal_id=proposal_id,
        company_id=company_id,
        client_id=client_id,
        title=title,
        total_minor=0,
        currency=currency,
    )
    rows = [
        OrderLine(
            organization_id=actor.organization_id,
            order_id=order.id,
            service_id=line.service_id,
            position=position,
            title=line.title,
            quantity=line.quantity,
            unit_minor=line.unit.minor,
            currency=currency,
            discount_minor=line.discount.minor if line.discount else 0,
            tax_percent=line.tax_percent,
            tax_minor=line.tax.minor if line.tax else 0,
            period=line.period,
        )
        for position, line in enumerate(lines)
    ]
    order.total_minor = total([row.amount for row in rows if not row.period], currency).minor
    await save(session, order, *rows)
    await events.record(
        session,
        actor,
        Kind.ORDER_MADE,
        "order",
        order.id,
        engagement_id=engagement_id,
        proposal=str(proposal_id) if proposal_id else None,
        total_minor=order.total_minor,
        currency=currency,
    )
    return order, rows


async def of_engagement(session: Session, engagement_id: uuid.UUID) -> list[Order]:
    """The orders of an engagement, newest first."""
    query = select(Order).where(Order.engagement_id == engagement_id, Order.deleted_at.is_(None))
    return list((await session.execute(query.order_by(Order.created_at.desc(), Order.id))).scalars())


async def find(session: Session, order_id: uuid.UUID) -> Order | None:
    """The order with this id, for the worker, which acts for nobody."""
    return (await session.execute(select(Order).where(Order.id == order_id))).scalar_one_or_none()


async def of_proposal(session: Session, proposal_id: uuid.UUID) -> Order | None:
    """The order that the signature of a proposal made, if it is signed."""
    return (await session.execute(select(Order).where(Order.proposal_id == proposal_id))).scalar_one_or_none()


async def lines_of(session: Session, order_ids: Sequence[uuid.UUID]) -> list[OrderLine]:
    """The lines of these orders, in their order."""
    query = select(OrderLine).where(OrderLine.order_id.in_(order_ids)).order_by(OrderLine.order_id, OrderLine.position)
    return list((await session.execute(query)).scalars())
