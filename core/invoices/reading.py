"""The lists in which invoices are read, and who is to pay them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select

from core import access, clock
from core.db import Session
from core.engagements import Engagement
from core.invoices.bill import Invoice, Line, Payment
from core.money import Money
from core.orders import Order
from core.people import Actor, Organization, User

_ORDER = (
    case(
        {"stuck": 0, "open": 1, "sending": 2, "draft": 3, "uncollectible": 4, "paid": 5}, value=Invoice.status, else_=6
    ),
    Invoice.due_on.asc().nulls_last(),
    Invoice.created_at.desc(),
)
"""What needs somebody first; of the open ones the earliest due day, so the overdue come first of all."""


def today(house: Organization) -> date:
    """The day that it is where the agency is."""
    return clock.now().astimezone(ZoneInfo(house.timezone)).date()


async def of_engagement(session: Session, engagement_id: uuid.UUID) -> list[Invoice]:
    """The invoices of an engagement, drafts and void ones included: what needs somebody first, the overdue leading."""
    return list(
        (
            await session.execute(select(Invoice).where(Invoice.engagement_id == engagement_id).order_by(*_ORDER))
        ).scalars()
    )


async def listing(
    session: Session, actor: Actor, engagement_id: uuid.UUID | None = None
) -> list[tuple[Invoice, Engagement]]:
    """The invoices that the actor may see, of one engagement or of all, each with its engagement."""
    seen = access.visible(actor, access.Can.INVOICE_SEE, Invoice)
    if engagement_id is not None:
        seen = seen.where(Invoice.engagement_id == engagement_id)
    query = seen.join(Engagement, Engagement.id == Invoice.engagement_id).add_columns(Engagement).order_by(*_ORDER)
    return [(invoice, engagement) for invoice, engagement in await session.execute(query)]


async def candidates(
    session: Session, actor: Actor, engagement_id: uuid.UUID | None, statuses: Sequence[str]
) -> list[tuple[uuid.UUID, str]]:
    """Which invoices a command may mean: id, number with title, and the client where all engagements are meant."""
    return [
        (
            invoice.id,
            " ".join(
                part
                for part in (invoice.serial, invoice.title, "" if engagement_id else f"({engagement.title})")
                if part
            ),
        )
        for invoice, engagement in await listing(session, actor, engagement_id)
        if invoice.status in statuses
    ]


async def find(session: Session, invoice_id: uuid.UUID) -> Invoice | None:
    """The invoice with this id, if this tenant has it; for the worker, which acts for nobody."""
    return (await session.execute(select(Invoice).where(Invoice.id == invoice_id))).scalar_one_or_none()


async def get(session: Session, invoice_id: uuid.UUID) -> Invoice:
    """The invoice with this id, for the worker, which acts for nobody."""
    return (await session.execute(select(Invoice).where(Invoice.id == invoice_id))).scalar_one()


async def lines_of(session: Session, invoice_id: uuid.UUID) -> list[Line]:
    """The lines of an invoice, in their order."""
    return list(
        (await session.execute(select(Line).where(Line.invoice_id == invoice_id).order_by(Line.position))).scalars()
    )


async def payments_of(session: Session, invoice_id: uuid.UUID) -> list[Payment]:
    """The payments on an invoice, latest first."""
    return list(
        (
            await session.execute(
                select(Payment).where(Payment.invoice_id == invoice_id).order_by(Payment.paid_at.desc())
            )
        ).scalars()
    )


async def paid_of_order(session: Session, order_id: uuid.UUID) -> Money:
    """How much of an order has been paid, over all its invoices."""
    currency = (await session.execute(select(Order.currency).where(Order.id == order_id))).scalar_one()
    paid = select(func.coalesce(func.sum(Payment.amount_minor), 0)).join(Invoice, Invoice.id == Payment.invoice_id)
    return Money(
        int(
            (await session.execute(paid.where(Invoice.order_id == order_id, Payment.currency == currency))).scalar_one()
        ),
        currency,
    )


@dataclass(frozen=True)
class BillPeople:
    """Who has to do with an invoice: to whom it went, the main contact, who is meant to pay, who looked last."""

    client: User
    contact: User
    billing: User
    viewer: User | None


async def people_of(session: Session, invoice: Invoice) -> BillPeople:
    """Who has to do with an invoice. The main contact pays where no billing contact is named."""
    engagement = (await session.execute(select(Engagement).where(Engagement.id == invoice.engagement_id))).scalar_one()
    billing_id = engagement.billing_id or engagement.contact_id
    wanted = {invoice.client_id, engagement.contact_id, billing_id, invoice.viewed_by_id} - {None}
    found = {user.id: user for user in (await session.execute(select(User).where(User.id.in_(wanted)))).scalars()}
    viewer = found[invoice.viewed_by_id] if invoice.viewed_by_id else None
    return BillPeople(found[invoice.client_id], found[engagement.contact_id], found[billing_id], viewer)
