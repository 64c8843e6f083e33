"""How an invoice comes into the world: drafted, numbered and frozen on sending, then issued at the processor."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core import access, clock, events, jobs, people
from core.db import Session, save
from core.engagements import Engagement
from core.errors import Conflict, Invalid
from core.events import Kind
from core.invoices.bill import STATUS, Counter, Invoice, Line
from core.invoices.reading import find, today
from core.money import Money, total
from core.people import Actor, Organization, User

LATEST = timedelta(days=731)
"""How far away a due day may be: past it a typing error is likelier than a plan."""

Drafted = tuple[uuid.UUID | None, str, int, Money]
"""A line to draft: the order's line it bills, if one; its title; how many; the price of one."""


@dataclass(frozen=True)
class Plan:
    """Why an invoice is drafted ahead of its day: as a part of an order's schedule, or for a period of a subscription."""

    part: int | None = None
    waits_for: str = ""
    """`date`, `milestone` or `completion`; empty for what goes out at once."""
    on: date | None = None
    deliverable_id: uuid.UUID | None = None
    subscription_id: uuid.UUID | None = None
    period_start: date | None = None


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
    plan: Plan | None = None,
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
        part=plan.part if plan else None,
        waits_for=plan.waits_for if plan else "",
        planned_on=plan.on if plan else None,
        deliverable_id=plan.deliverable_id if plan else None,
        subscription_id=plan.subscription_id if plan else None,
        period_start=plan.period_start if plan else None,
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
    return await dispatch(session, actor, invoice, due_on)


async def dispatch(session: Session, actor: Actor, invoice: Invoice, due_on: date) -> Invoice:
    """Number and freeze a draft that is locked, and send it on its way; its caller has authorised it."""
    house = await people.organization(session, actor.organization_id)
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
