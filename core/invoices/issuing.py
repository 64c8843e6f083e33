"""How an invoice comes into the world: drafted, numbered and frozen on sending, then issued at the processor."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core import access, clock, events, jobs, people, stage
from core.db import Session, save
from core.engagements import Engagement
from core.errors import Conflict, Invalid
from core.events import Kind
from core.invoices.bill import STATUS, Counter, Invoice, Line
from core.invoices.reading import find, lines_of, today
from core.money import Money, total
from core.people import Actor, Company, Organization, User

LATEST = timedelta(days=731)
"""How far away a due day may be: past it a typing error is likelier than a plan."""

Drafted = tuple[uuid.UUID | None, str, int, Money]
"""A line to draft: the order's line it bills, if one; its title; how many; the price of one."""


async def draft(
    session: Session,
    actor: Actor,
    *,
    engagement_id: uuid.UUID,
    company_id: uuid.UUID,
    client_id: uuid.UUID,
    order_id: uuid.UUID | None,
    title: str,
    lines: Sequence[Drafted],
    invoice_id: uuid.UUID | None = None,
) -> Invoice:
    """Write an invoice that only staff see. The verb that calls it, such as a signature, has authorised it."""
    if not lines:
        raise Invalid("An invoice needs at least one line.", field="lines")
    currencies = {unit.currency for _, _, _, unit in lines}
    if len(currencies) > 1:
        raise Invalid(f"One invoice takes one currency, not {' and '.join(sorted(currencies))}.", field="lines")
    currency = currencies.pop()
    sum_of = total([unit * quantity for _, _, quantity, unit in lines], currency)
    invoice = Invoice(
        id=invoice_id or uuid.uuid4(),
        organization_id=actor.organization_id,
        engagement_id=engagement_id,
        company_id=company_id,
        client_id=client_id,
        order_id=order_id,
        title=title,
        total_minor=sum_of.minor,
        currency=currency,
    )
    await save(
        session,
        invoice,
        *(
            Line(
                organization_id=actor.organization_id,
                invoice_id=invoice.id,
                order_line_id=order_line_id,
                position=position,
                title=words,
                quantity=quantity,
                unit_minor=unit.minor,
                currency=currency,
            )
            for position, (order_line_id, words, quantity, unit) in enumerate(lines)
        ),
    )
    await record(session, actor, Kind.INVOICE_DRAFTED, invoice, total=invoice.total_minor, currency=currency)
    return invoice


async def new(
    session: Session,
    actor: Actor,
    *,
    engagement_id: uuid.UUID | str,
    title: str,
    client_id: uuid.UUID,
    lines: Sequence[tuple[str, int, Money]],
    invoice_id: uuid.UUID | None = None,
) -> Invoice:
    """Draft an invoice that bills no order, such as extra work, to one of the client's people.

    `invoice_id` is chosen when the form opens, so that a form that arrives twice makes one draft.
    """
    access.demand(actor, access.Can.INVOICE_SEND)
    engagement = await access.fetch(session, actor, access.Can.INVOICE_SEND, Engagement, engagement_id, lock=True)
    if invoice_id is not None and await find(session, invoice_id) is not None:
        return await access.fetch(session, actor, access.Can.INVOICE_SEND, Invoice, invoice_id)
    if not title.strip():
        raise Invalid("What is the invoice for? A few words are enough.", field="title")
    client = (await session.execute(select(User).where(User.id == client_id))).scalar_one_or_none()
    if client is None or client.side != "client" or client.company_id != engagement.company_id or client.left_at:
        raise Invalid("An invoice goes to one of the client's people. Choose one of them.", field="client")
    return await draft(
        session,
        actor,
        engagement_id=engagement.id,
        company_id=engagement.company_id,
        client_id=client.id,
        order_id=None,
        title=title.strip(),
        lines=[(None, words, quantity, unit) for words, quantity, unit in lines],
        invoice_id=invoice_id,
    )


async def send(session: Session, actor: Actor, invoice_id: uuid.UUID | str, due_on: date) -> Invoice:
    """Number and freeze a draft and send it on its way. Its number is its own for ever, and none is skipped."""
    invoice = await access.fetch(session, actor, access.Can.INVOICE_SEND, Invoice, invoice_id, lock=True)
    if invoice.status == "stuck":
        raise Conflict(f"{invoice.name} has its number already. Press Try again on its card.")
    if invoice.status != "draft":
        raise Conflict(
            f"{invoice.name} is {'on its way already' if invoice.status == 'sending' else invoice.status + ' already'}."
        )
    house = await people.organization(session, actor.organization_id)
    if due_on < today(house):
        raise Invalid("That day is over. Choose today or a later one.", field="due_on")
    if due_on > today(house) + LATEST:
        raise Invalid("That is more than two years away. Which day is meant?", field="due_on")
    year = today(house).year
    last = insert(Counter).values(
        id=uuid.uuid4(), organization_id=actor.organization_id, series=str(year), last=1, created_at=clock.now()
    )
    counted = last.on_conflict_do_update(index_elements=["organization_id", "series"], set_={"last": Counter.last + 1})
    number = (await session.execute(counted.returning(Counter.last))).scalar_one()
    invoice.status, invoice.due_on, invoice.sent_at = STATUS.move(invoice.status, "sending"), due_on, clock.now()
    invoice.serial = f"{year}-{number:03d}"
    await session.flush()
    await _hand_over(session, actor, invoice)
    return invoice


async def retry(session: Session, actor: Actor, invoice_id: uuid.UUID | str) -> Invoice:
    """Send an invoice that the processor refused on its way again, under the number that it has."""
    invoice = await access.fetch(session, actor, access.Can.INVOICE_SEND, Invoice, invoice_id, lock=True)
    if invoice.status != "stuck":
        raise Conflict(
            f"{invoice.name} is {'on its way again' if invoice.status == 'sending' else invoice.status} already."
        )
    invoice.status, invoice.trouble = STATUS.move(invoice.status, "sending"), ""
    await session.flush()
    await _hand_over(session, actor, invoice)
    return invoice


async def _hand_over(session: Session, actor: Actor, invoice: Invoice) -> None:
    await jobs.enqueue(
        session,
        "invoice.issue",
        lane=f"invoice:{invoice.id}",
        payload={"invoice": str(invoice.id)},
        organization_id=actor.organization_id,
        dedupe=str(invoice.id),
    )
    await record(
        session,
        actor,
        Kind.INVOICE_SENDING,
        invoice,
        serial=str(invoice.serial),
        total=invoice.total_minor,
        currency=invoice.currency,
    )


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


async def watch_due_day(session: Session, invoice: Invoice) -> None:
    """While the invoice is open, have its cards shown anew on each morning after its due day: "3 days late" grows."""
    if invoice.status != "open" or invoice.due_on is None:
        return
    house = (await session.execute(select(Organization).where(Organization.id == invoice.organization_id))).scalar_one()
    morning = max(invoice.due_on, today(house)) + timedelta(days=1)
    await jobs.enqueue(
        session,
        "invoice.late",
        lane=f"invoice-late:{invoice.id}",
        payload={"invoice": str(invoice.id)},
        organization_id=invoice.organization_id,
        run_at=datetime.combine(morning, time(8), ZoneInfo(house.timezone)),
        dedupe=f"{invoice.id}:{morning}",
    )


async def record(
    session: Session, actor: Actor, kind: Kind, invoice: Invoice, **facts: str | int | bool | None
) -> None:
    """Record an event about an invoice."""
    await events.record(
        session, actor, kind, "invoice", invoice.id, engagement_id=invoice.engagement_id, announce=True, **facts
    )
