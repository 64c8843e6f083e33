"""What the client meets before the money moves: who is to pay, how, and a word when it is time."""

import uuid
from datetime import timedelta

from core import access, clock
from core.db import Session
from core.engagements import Engagement, by_id
from core.errors import Conflict, NotAllowed, Way
from core.events import Kind
from core.invoices.bill import Invoice
from core.invoices.issuing import record
from core.invoices.reading import people_of
from core.people import Actor

REST = timedelta(hours=20)
"""How long one reminder lasts: a person is reminded once a day."""


async def look_to_pay(session: Session, actor: Actor, invoice_id: uuid.UUID | str) -> Invoice:
    """The invoice, for somebody with the money right: the billing contact, or the main contact.

    The first look is told to staff. Conflict once nothing is owed; NotAllowed for others, with a way to tell who may.
    """
    invoice = await access.fetch(session, actor, access.Can.INVOICE_PAY, Invoice, invoice_id)
    _refuse_settled(invoice)
    who = await people_of(session, invoice)
    if actor.user_id not in (who.billing.id, who.contact.id):
        name = who.billing.first_name
        raise NotAllowed(
            f"This one is for {name} to pay.", way=Way(f"Tell {name}"[:20], "invoice.tell", str(invoice.id))
        )
    if invoice.viewed_by_id != actor.user_id:
        invoice = await access.fetch(session, actor, access.Can.INVOICE_PAY, Invoice, invoice_id, lock=True)
        invoice.viewed_at, invoice.viewed_by_id = clock.now(), actor.user_id
        await session.flush()
        await record(session, actor, Kind.INVOICE_VIEWED, invoice)
    return invoice


async def paper(session: Session, actor: Actor, invoice_id: uuid.UUID | str) -> Invoice:
    """The invoice, for somebody who may have its PDF or its receipt, on which the amount stands: staff, or the client's payer."""
    invoice = await access.fetch(session, actor, access.Can.INVOICE_SEE, Invoice, invoice_id)
    if actor.side == "client":
        who = await people_of(session, invoice)
        if actor.user_id not in (who.billing.id, who.contact.id):
            raise NotAllowed(f"Its papers are for {who.billing.first_name}, who pays for your company.")
    return invoice


async def tell(session: Session, actor: Actor, invoice_id: uuid.UUID | str) -> Invoice:
    """A colleague of the client's asks that whoever may pay be told; once a day is enough."""
    return await _remind(session, actor, access.Can.INVOICE_SEE, invoice_id)


async def remind(session: Session, actor: Actor, invoice_id: uuid.UUID | str) -> Invoice:
    """Staff remind whoever is to pay, in the client channel or by mail; once a day is enough."""
    return await _remind(session, actor, access.Can.INVOICE_SEND, invoice_id)


async def _remind(session: Session, actor: Actor, can: access.Can, invoice_id: uuid.UUID | str) -> Invoice:
    invoice = await access.fetch(session, actor, can, Invoice, invoice_id, lock=True)
    if invoice.status in ("draft", "sending", "stuck"):
        raise Conflict(f"{invoice.name} has not reached the client yet.")
    _refuse_settled(invoice)
    who = await people_of(session, invoice)
    if invoice.reminded_at and clock.now() - invoice.reminded_at < REST:
        raise Conflict(
            f"{who.billing.first_name} was reminded of {invoice.called} already today. Once a day is enough."
        )
    engagement: Engagement = await by_id(session, invoice.engagement_id)
    if engagement.status == "paused" and actor.side == "staff":
        raise Conflict(
            "The engagement is paused, so nobody is reminded of anything. Resume it first with /engagement resume."
        )
    invoice.reminded_at = clock.now()
    await session.flush()
    await record(session, actor, Kind.INVOICE_REMINDED, invoice, by=actor.side)
    return invoice


def _refuse_settled(invoice: Invoice) -> None:
    if invoice.status == "paid" and invoice.paid_at:
        raise Conflict(f"{invoice.name} was paid on {invoice.paid_at:%-d %b}. Thank you, there is nothing left to do.")
    if invoice.status == "void":
        raise Conflict(f"{invoice.name} was withdrawn, so nothing is to be paid for it.")
