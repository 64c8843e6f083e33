"""Invoices at Stripe: issued, closed, and brought to what Stripe says of them, whatever order it says it in."""

import uuid
from collections.abc import Mapping
from typing import Any

import structlog

from bot.gateways.failures import Permanent
from bot.gateways.stripe import OUR_ORGANIZATION, InvoiceState, Stripe
from bot.gateways.stripe.answers import OUR_INVOICE
from bot.worker.works import Works, handler
from core import invoices, jobs, people, posts
from core.db import Session
from core.inbox import Applier, Delivery
from core.invoices import Arrival, Standing, ToIssue
from core.jobs import Claimed
from core.money import Money

NO_WAY_TO_PAY = (
    "Neither Stripe nor bank details are set up, so nobody could pay it. "
    "Add bank details in /tl settings, or set up Stripe, then try again."
)

log = structlog.get_logger()


# what Stripe tells


async def hear(session: Session, delivery: Delivery) -> None:
    """Have the invoice that a webhook is about looked at anew; what the webhook says of amounts and status is not used.

    Which tenant it is for stands in the invoice's metadata; the job finds no invoice of ours in a tenant that has none.
    """
    body = delivery.content()
    about = _part(_part(body, "data"), "object")
    metadata = _part(about, "metadata")
    organization, ours, ref = (_id(metadata.get(OUR_ORGANIZATION)), _id(metadata.get(OUR_INVOICE)), about.get("id"))
    if organization is None or ours is None or not isinstance(ref, str):
        return  # an invoice that the agency wrote at Stripe itself
    declined = delivery.external_id if delivery.kind == "invoice.payment_failed" else ""
    await jobs.enqueue(
        session,
        "stripe.settle",
        lane=f"invoice:{ours}",
        payload={"processor_ref": ref, "invoice": str(ours), "declined": declined},
        organization_id=organization,
        dedupe=f"{ref}:{declined}",
    )


async def pass_by(session: Session, delivery: Delivery) -> None:
    """Keep what concerns nothing of ours, and do nothing: invoices tell all that we need."""


APPLIERS: Mapping[tuple[str, str], Applier] = {
    ("stripe", "invoice.finalized"): hear,
    ("stripe", "invoice.marked_uncollectible"): hear,
    ("stripe", "invoice.paid"): hear,
    ("stripe", "invoice.payment_failed"): hear,
    ("stripe", "invoice.payment_succeeded"): hear,
    ("stripe", "invoice.updated"): hear,
    ("stripe", "invoice.voided"): hear,
    ("stripe", "*"): pass_by,
}


def _part(whole: object, name: str) -> Mapping[str, Any]:
    part = whole.get(name) if isinstance(whole, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _id(value: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


@handler("stripe.settle")
async def settle(works: Works, job: Claimed) -> None:
    """Read the invoice at Stripe and bring ours to that state."""
    tenant, stripe = job.tenant, _stripe(works)
    state = await stripe.get_invoice(job.payload["processor_ref"])
    await _settled(works, tenant, state)
    if job.payload.get("declined") and state.status == "open" and state.invoice:
        code = await stripe.decline_code(job.payload["processor_ref"])
        async with works.db.transaction(tenant) as session:
            actor, attempt = people.system(tenant), job.payload["declined"]
            await invoices.declined(session, actor, uuid.UUID(state.invoice), attempt, code)


async def _settled(works: Works, organization_id: uuid.UUID, state: InvoiceState) -> None:
    ours = _id(state.invoice)
    async with works.db.transaction(organization_id) as session:
        if ours is None or await invoices.find(session, ours) is None:
            log.warning("stripe.unknown_invoice", processor_ref=state.id)
            raise Permanent(
                "stripe",
                "unknown_invoice",
                f"Stripe's invoice {state.id} names an invoice that this organization does not have.",
            )
        await invoices.settle(session, people.system(organization_id), ours, standing(state))


def standing(state: InvoiceState) -> Standing:
    """What Stripe says, in the domain's words. What was noted there as paid elsewhere is no payment that came in."""
    return Standing(
        ref=state.id,
        status=state.status,
        total=Money(state.total, state.currency),
        arrivals=tuple(
            Arrival(payment.id, Money(payment.amount, state.currency), payment.paid_at, payment.method or "")
            for payment in state.payments
            if payment.payment_intent or payment.charge
        ),
        hosted_url=state.hosted_url or "",
        pdf_url=state.pdf_url or "",
    )


# what we tell Stripe


@handler("invoice.issue")
async def issue(works: Works, job: Claimed) -> None:
    """Issue an invoice at Stripe, or without it, once; what Stripe refuses is told to staff, who can try again."""
    tenant, invoice_id = job.tenant, uuid.UUID(job.payload["invoice"])
    async with works.db.transaction(tenant) as session:
        wanted = await invoices.to_issue(session, invoice_id)
    if wanted is None:
        return
    if works.stripe is None:
        async with works.db.transaction(tenant) as session:
            if wanted.bank_details:
                await invoices.issued(session, people.system(tenant), invoice_id)
            else:
                await invoices.refused(session, people.system(tenant), invoice_id, NO_WAY_TO_PAY)
        return
    try:
        customer = wanted.customer_id or await _customer(works, works.stripe, tenant, wanted)
        there = await works.stripe.issue_invoice(
            invoice=str(wanted.invoice_id),
            customer=customer,
            currency=wanted.currency,
            lines=wanted.lines,
            due_at=wanted.due_at,
            number=wanted.serial,
            description=wanted.title,
            metadata={OUR_ORGANIZATION: str(tenant)},
        )
    except Permanent as said:
        async with works.db.transaction(tenant) as session:
            await invoices.refused(session, people.system(tenant), invoice_id, said.sentence)
        return
    async with works.db.transaction(tenant) as session:
        await invoices.issued(
            session,
            people.system(tenant),
            invoice_id,
            processor_ref=there.id,
            hosted_url=there.hosted_url,
            pdf_url=there.pdf_url,
        )


async def _customer(works: Works, stripe: Stripe, tenant: uuid.UUID, wanted: ToIssue) -> str:
    customer = await stripe.ensure_customer(
        organization=str(tenant),
        company=str(wanted.company_id),
        name=wanted.company,
        email=wanted.email or None,
        idempotency_key=f"customer:{wanted.company_id}",
    )
    async with works.db.transaction(tenant) as session:
        return await invoices.customer_made(session, people.system(tenant), wanted.company_id, customer)


@handler("invoice.close")
async def close(works: Works, job: Claimed) -> None:
    """Close Stripe's page of an invoice that was paid elsewhere or voided; staff are told if money came in there."""
    tenant, stripe, ref = job.tenant, _stripe(works), job.payload["processor_ref"]
    try:
        await (stripe.void_invoice(ref) if job.payload["how"] == "void" else stripe.paid_elsewhere(ref))
    except Permanent:
        if (await stripe.get_invoice(ref)).status not in ("paid", "void"):
            raise
    await _settled(works, tenant, await stripe.get_invoice(ref))


def _stripe(works: Works) -> Stripe:
    if works.stripe is None:
        raise Permanent(
            "stripe", "not_set_up", "Stripe is not set up any more (STRIPE_API_KEY), but this invoice stands there."
        )
    return works.stripe


# the days after the due day


@handler("invoice.late")
async def late(works: Works, job: Claimed) -> None:
    """Show an open invoice's cards anew, to say how late it is, and again tomorrow; updates notify nobody."""
    tenant = job.tenant
    async with works.db.transaction(tenant) as session:
        invoice = await invoices.find(session, uuid.UUID(job.payload["invoice"]))
        if invoice is None or invoice.status != "open":
            return
        for post in await posts.of(session, invoice.id):
            if post.purpose in ("invoice.card", "invoice.twin") and not post.place.startswith("mail:"):
                await jobs.enqueue(
                    session,
                    "post.show",
                    lane=f"slack:{post.place}",
                    payload={"card": post.purpose, "place": post.place, "subject": str(invoice.id)},
                    organization_id=tenant,
                )
        await invoices.watch_due_day(session, invoice)
