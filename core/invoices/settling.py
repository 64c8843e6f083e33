"""How the money comes in: what the processor says of an invoice, what staff note by hand, and the end without money."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from core import access, clock, jobs, people, stage
from core.db import Session, save
from core.errors import Conflict, Invalid
from core.events import Kind
from core.invoices.bill import STATUS, Invoice, Payment
from core.invoices.issuing import record
from core.invoices.processing import issued
from core.invoices.reading import today
from core.money import Money
from core.orders import Order
from core.people import Actor


@dataclass(frozen=True)
class Arrival:
    """A payment that arrived at the processor: its id there, how much, when and how."""

    ref: str
    amount: Money
    paid_at: datetime
    method: str


@dataclass(frozen=True)
class Standing:
    """An invoice as the processor has it: draft, open, paid, void or uncollectible, with the payments that arrived."""

    ref: str
    status: str
    total: Money
    arrivals: tuple[Arrival, ...]
    hosted_url: str = ""
    pdf_url: str = ""


async def settle(session: Session, actor: Actor, invoice_id: uuid.UUID, standing: Standing) -> Invoice:
    """Bring our record to what the processor says, forward only; however often and in any order, the end is the same.

    Each payment counts once. The invoice is paid when what came in covers it, in its own currency; what does not add up
    is told to staff, and nothing is marked paid by it.
    """
    invoice = await access.fetch(session, actor, access.Can.INVOICE_SEND, Invoice, invoice_id, lock=True)
    if standing.status == "draft" or invoice.status == "draft":
        return invoice
    if invoice.processor_ref not in (None, standing.ref):
        await _mismatched(
            session,
            actor,
            invoice,
            f"A second invoice at the processor ({standing.ref}) names this one. Look there before you act.",
        )
        return invoice
    amounts = [arrival.amount for arrival in standing.arrivals]
    if standing.total != invoice.total or any(amount.currency != invoice.currency for amount in amounts):
        theirs, ours = standing.total.show(), invoice.total.show()
        sentence = f"The processor has it at {theirs}, but it is for {ours}. It was not marked paid."
        await _mismatched(session, actor, invoice, sentence)
        return invoice
    if invoice.status == "void" and standing.status == "open":  # it was voided while its issuing was on its way
        invoice.processor_ref = standing.ref
        await _close_there(session, invoice, "void")
    if invoice.status in ("sending", "stuck"):
        invoice = await issued(
            session,
            actor,
            invoice.id,
            processor_ref=standing.ref,
            hosted_url=standing.hosted_url,
            pdf_url=standing.pdf_url,
        )
    news = [arrival for arrival in standing.arrivals if await _received(session, invoice, arrival)]
    paid = (
        await session.execute(
            select(func.coalesce(func.sum(Payment.amount_minor), 0)).where(Payment.invoice_id == invoice.id)
        )
    ).scalar_one()
    invoice.paid_minor = int(paid)
    await session.flush()
    if (
        invoice.status in ("open", "uncollectible")
        and invoice.total_minor
        and invoice.paid_minor >= invoice.total_minor
    ):
        await _paid(session, actor, invoice, max(arrival.paid_at for arrival in standing.arrivals))
    elif invoice.status == "open" and standing.status == "void":
        await _voided(session, actor, invoice, "")
    elif invoice.status == "open" and standing.status == "paid":
        came, asked = invoice.paid.show(), invoice.total.show()
        sentence = f"The processor calls it paid, but {came} of {asked} came in there. It was not marked paid."
        await _mismatched(session, actor, invoice, sentence)
    if invoice.status == "void" and news:
        sentence = (
            f"{invoice.paid.show()} came in after it was voided. Give it back at the processor, or write a new invoice."
        )
        await _mismatched(session, actor, invoice, sentence)
    elif invoice.paid_minor > invoice.total_minor:
        over = Money(invoice.paid_minor - invoice.total_minor, invoice.currency)
        await _mismatched(
            session, actor, invoice, f"{over.show()} more came in than was asked for. Give it back where it came in."
        )
    return invoice


async def _received(session: Session, invoice: Invoice, arrival: Arrival) -> bool:
    """Write a payment down, unless it was before."""
    if arrival.amount.minor <= 0:
        return False
    row = insert(Payment).values(
        id=uuid.uuid4(),
        organization_id=invoice.organization_id,
        engagement_id=invoice.engagement_id,
        invoice_id=invoice.id,
        processor="stripe",
        processor_ref=arrival.ref,
        method=arrival.method,
        amount_minor=arrival.amount.minor,
        currency=arrival.amount.currency,
        paid_at=arrival.paid_at,
        created_at=clock.now(),
    )
    once = row.on_conflict_do_nothing(index_elements=["organization_id", "processor", "processor_ref"]).returning(
        Payment.id
    )
    return (await session.execute(once)).scalar_one_or_none() is not None


async def mark_paid(
    session: Session, actor: Actor, invoice_id: uuid.UUID | str, *, reference: str, paid_on: date
) -> Invoice:
    """Note by hand that what was owed came in another way, such as by transfer; the processor takes no more."""
    invoice = await access.fetch(session, actor, access.Can.INVOICE_SEND, Invoice, invoice_id, lock=True)
    if invoice.status not in ("open", "uncollectible"):
        raise Conflict(f"{invoice.name} is {invoice.status}, so it cannot be marked paid.")
    if not reference.strip():
        raise Invalid(
            "By what will you find the payment again? A transfer's reference, for example.", field="reference"
        )
    house = await people.organization(session, actor.organization_id)
    if paid_on > today(house):
        raise Invalid("That day has not come yet. On which day did the money come in?", field="paid_on")
    paid_at = min(datetime.combine(paid_on, time(12), UTC), clock.now())
    payment = Payment(
        organization_id=invoice.organization_id,
        engagement_id=invoice.engagement_id,
        invoice_id=invoice.id,
        noted_by_id=actor.user_id,
        processor="manual",
        processor_ref=str(invoice.serial),
        method=" ".join(reference.split())[:200],
        amount_minor=invoice.due.minor,
        currency=invoice.currency,
        paid_at=paid_at,
    )
    await save(session, payment)
    invoice.paid_minor = invoice.total_minor
    await _close_there(session, invoice, "paid")
    await _paid(session, actor, invoice, paid_at)
    return invoice


async def void(session: Session, actor: Actor, invoice_id: uuid.UUID | str, reason: str) -> Invoice:
    """Withdraw an invoice on which nothing was paid. It keeps its number, if it has one. Twice is once."""
    invoice = await access.fetch(session, actor, access.Can.INVOICE_SEND, Invoice, invoice_id, lock=True)
    if invoice.status == "void":
        return invoice
    if invoice.paid_minor:
        raise Conflict(f"{invoice.paid.show(actor.locale)} of {invoice.called} is paid, so it cannot be voided.")
    if invoice.status == "sending":
        raise Conflict(f"{invoice.name} is on its way this moment. Try again in a minute.")
    if not reason.strip():
        raise Invalid("Why is it withdrawn? A few words, for your own record.", field="reason")
    await _close_there(session, invoice, "void")
    await _voided(session, actor, invoice, reason.strip()[:300])
    return invoice


async def declined(session: Session, actor: Actor, invoice_id: uuid.UUID, attempt: str, code: str = "") -> Invoice:
    """Note that a payment was declined, once for each attempt (the processor's id of it), unless it is paid by now.

    `code` is the processor's word for the reason.
    """
    invoice = await access.fetch(session, actor, access.Can.INVOICE_SEND, Invoice, invoice_id, lock=True)
    if invoice.status != "open" or invoice.declined_ref == attempt:
        return invoice
    invoice.declined_ref = attempt
    await session.flush()
    await record(session, actor, Kind.INVOICE_PAYMENT_FAILED, invoice, attempt=attempt, code=code[:80])
    return invoice


async def _paid(session: Session, actor: Actor, invoice: Invoice, at: datetime) -> None:
    invoice.status, invoice.paid_at, invoice.trouble = STATUS.move(invoice.status, "paid"), at, ""
    await session.flush()
    signed = select(Order.proposal_id).where(Order.id == invoice.order_id)
    proposal = (await session.execute(signed)).scalar_one_or_none() if invoice.order_id else None
    await record(
        session,
        actor,
        Kind.INVOICE_PAID,
        invoice,
        amount=invoice.paid_minor,
        currency=invoice.currency,
        order=str(invoice.order_id) if invoice.order_id else None,
        proposal=str(proposal) if proposal else None,
    )
    await stage.restage(session, actor, invoice.engagement_id)


async def _voided(session: Session, actor: Actor, invoice: Invoice, reason: str) -> None:
    invoice.status, invoice.voided_at, invoice.void_reason = STATUS.move(invoice.status, "void"), clock.now(), reason
    invoice.trouble = ""
    await session.flush()
    reached = invoice.issued_at is not None
    await record(session, actor, Kind.INVOICE_VOIDED, invoice, serial=invoice.serial, reached=reached)
    await stage.restage(session, actor, invoice.engagement_id)


async def _mismatched(session: Session, actor: Actor, invoice: Invoice, sentence: str) -> None:
    if invoice.trouble != sentence:
        invoice.trouble = sentence
        await session.flush()
        await record(session, actor, Kind.INVOICE_MISMATCHED, invoice)


async def _close_there(session: Session, invoice: Invoice, how: str) -> None:
    """Have the processor's page closed, so that it takes no money any more."""
    if invoice.processor_ref:
        await jobs.enqueue(
            session,
            "invoice.close",
            lane=f"invoice:{invoice.id}",
            payload={"invoice": str(invoice.id), "processor_ref": invoice.processor_ref, "how": how},
            organization_id=invoice.organization_id,
            dedupe=f"{invoice.id}:{how}",
        )
