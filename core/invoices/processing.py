"""An invoice at the processor: what it must be told to issue one, and what it said."""

import uuid
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core import access, clock, events, stage
from core.db import Session
from core.events import Kind
from core.invoices.bill import STATUS, Invoice
from core.invoices.issuing import record, watch_due_day
from core.invoices.reading import find, lines_of
from core.money import Money
from core.people import Actor, Company, Organization, User


@dataclass(frozen=True)
class ToIssue:
    """What a processor must be told to issue an invoice; amounts in minor units."""

    invoice_id: uuid.UUID
    serial: str
    title: str
    currency: str
    lines: tuple[tuple[str, int], ...]
    due_at: datetime
    company_id: uuid.UUID
    company: str
    email: str
    customer_id: str | None
    bank_details: str


async def to_issue(session: Session, invoice_id: uuid.UUID) -> ToIssue | None:
    """What the processor must be told, while the invoice is on its way; None once it is not, or no longer."""
    invoice = await find(session, invoice_id)
    if invoice is None or invoice.status != "sending" or invoice.serial is None or invoice.due_on is None:
        return None
    house = (await session.execute(select(Organization).where(Organization.id == invoice.organization_id))).scalar_one()
    company = (await session.execute(select(Company).where(Company.id == invoice.company_id))).scalar_one()
    client = (await session.execute(select(User).where(User.id == invoice.client_id))).scalar_one()
    # Processors refuse a due time that is past; somebody who pays on the due day is in time.
    end_of_day = datetime.combine(invoice.due_on, time(23, 59, 59), ZoneInfo(house.timezone))
    return ToIssue(
        invoice_id=invoice.id,
        serial=invoice.serial,
        title=invoice.title,
        currency=invoice.currency,
        lines=tuple(
            (
                line.title
                if line.quantity == 1
                else f"{line.title}, {line.quantity} × {Money(line.unit_minor, line.currency).show(house.locale)}",
                line.amount.minor,
            )
            for line in await lines_of(session, invoice.id)
        ),
        due_at=max(end_of_day, clock.now() + timedelta(hours=1)),
        company_id=company.id,
        company=company.name,
        email=client.email,
        customer_id=company.stripe_customer_id,
        bank_details=str(house.setting("bank_details")).strip(),
    )


async def customer_made(session: Session, actor: Actor, company_id: uuid.UUID, customer_id: str) -> str:
    """Note under which id the processor knows a company; the first one stays, and is returned."""
    company = (
        await session.execute(select(Company).where(Company.id == company_id).with_for_update(key_share=True))
    ).scalar_one()
    if company.stripe_customer_id is None:
        company.stripe_customer_id = customer_id
        await session.flush()
        await events.record(session, actor, Kind.COMPANY_CUSTOMER_MADE, "company", company_id, customer=customer_id)
    return company.stripe_customer_id


async def issued(
    session: Session,
    actor: Actor,
    invoice_id: uuid.UUID,
    *,
    processor_ref: str | None = None,
    hosted_url: str = "",
    pdf_url: str = "",
) -> Invoice:
    """Note that an invoice stands at the processor, or, without one, that it may be paid by transfer. Twice is once."""
    invoice = await access.fetch(session, actor, access.Can.INVOICE_SEND, Invoice, invoice_id, lock=True)
    if invoice.status not in ("sending", "stuck"):
        return invoice
    invoice.status, invoice.trouble, invoice.issued_at = STATUS.move(invoice.status, "open"), "", clock.now()
    invoice.processor_ref, invoice.hosted_url, invoice.pdf_url = processor_ref, hosted_url, pdf_url
    if not invoice.total_minor:
        invoice.status, invoice.paid_at = STATUS.move(invoice.status, "paid"), clock.now()
    await session.flush()
    await watch_due_day(session, invoice)
    await record(
        session,
        actor,
        Kind.INVOICE_ISSUED,
        invoice,
        serial=str(invoice.serial),
        total=invoice.total_minor,
        currency=invoice.currency,
    )
    if invoice.status == "paid":
        await record(session, actor, Kind.INVOICE_PAID, invoice, amount=0, currency=invoice.currency)
    await stage.restage(session, actor, invoice.engagement_id)
    return invoice


async def refused(session: Session, actor: Actor, invoice_id: uuid.UUID, sentence: str) -> Invoice:
    """Note what the processor said against an invoice on its way, so that staff can act. It keeps its number."""
    invoice = await access.fetch(session, actor, access.Can.INVOICE_SEND, Invoice, invoice_id, lock=True)
    if invoice.status != "sending":
        return invoice
    invoice.status, invoice.trouble = STATUS.move(invoice.status, "stuck"), sentence
    await session.flush()
    await record(session, actor, Kind.INVOICE_STUCK, invoice, serial=str(invoice.serial))
    return invoice
