"""Invoices from a signed payment schedule: drafted on signing, sent when their day, or the work's end, has come."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core import access, jobs, people
from core.db import Session
from core.engagements import Engagement
from core.invoices.bill import Invoice
from core.invoices.issuing import Drafted, Plan, dispatch, draft
from core.invoices.reading import find, today
from core.money import Money, total
from core.people import Actor


@dataclass(frozen=True)
class Component:
    """A part of what is to be paid once: a line before tax, or the tax at one rate."""

    line: Drafted
    tax: bool = False

    @property
    def amount(self) -> Money:
        """What it comes to."""
        return self.line[3] * self.line[2]


@dataclass(frozen=True)
class Share:
    """A line of the schedule: its label, what it comes to, and what it waits for."""

    label: str
    amount: Money
    plan: Plan


def portion(components: Sequence[Component], shares: Sequence[Share]) -> list[list[Drafted]]:
    """The lines of each share's invoice.

    A single share lists all that was bought. Several divide the net and the tax of each rate among them, by largest
    remainder of what is left each time, so that over all invoices each adds up to what was signed, to the last cent.
    """
    owed = [share for share in shares if share.amount]
    if len(owed) == 1:
        return [
            [component.line for component in components if component.amount] if share.amount else [] for share in shares
        ]
    nets = [component for component in components if not component.tax]
    taxes = [component for component in components if component.tax]
    left = [total([component.amount for component in nets], shares[0].amount.currency)]
    left += [component.amount for component in taxes]
    lines: list[list[Drafted]] = []
    for share in shares:
        if not share.amount:
            lines.append([])
            continue
        parts = share.amount.allocate([amount.minor for amount in left])
        left = [amount - part for amount, part in zip(left, parts, strict=True)]
        titles = [
            share.label,
            *(f"{component.line[1]} on {share.label[0].lower()}{share.label[1:]}" for component in taxes),
        ]
        lines.append([(None, title, 1, part) for title, part in zip(titles, parts, strict=True) if part])
    return lines


async def plan(
    session: Session,
    actor: Actor,
    *,
    engagement_id: uuid.UUID,
    company_id: uuid.UUID,
    client_id: uuid.UUID,
    order_id: uuid.UUID,
    title: str,
    components: Sequence[Component],
    shares: Sequence[Share],
) -> list[Invoice]:
    """Draft the invoices of a schedule; `send_due` sends those that wait for nothing. A signature has authorised it."""
    house = await people.organization(session, actor.organization_id)
    made = []
    for number, (share, lines) in enumerate(zip(shares, portion(components, shares), strict=True)):
        if not share.amount:
            continue
        invoice = await draft(
            session,
            actor,
            engagement_id=engagement_id,
            company_id=company_id,
            client_id=client_id,
            order_id=order_id,
            title=f"{share.label}, {title}" if len(shares) > 1 else title,
            lines=lines,
            plan=replace(share.plan, part=number),
        )
        made.append(invoice)
        if share.plan.on:
            await jobs.enqueue(
                session,
                "invoice.planned",
                lane=f"invoice-planned:{invoice.id}",
                payload={"invoice": str(invoice.id)},
                organization_id=actor.organization_id,
                run_at=datetime.combine(share.plan.on, time(8), ZoneInfo(house.timezone)),
            )
    return made


async def send_due(session: Session, actor: Actor, planned: Sequence[Invoice]) -> None:
    """Send those just drafted that wait for nothing. To be called last: whoever gives an invoice its number holds up all
    others who would number one, until the commit."""
    house = await people.organization(session, actor.organization_id)
    for invoice in planned:
        if not invoice.waits_for:
            await dispatch(session, actor, invoice, _due(house))


async def come(session: Session, actor: Actor, invoice_id: uuid.UUID) -> Invoice | None:
    """Send a draft whose planned day has come; nothing if staff have sent or voided it meanwhile, or put it off, or if the
    engagement was closed: then it waits for staff."""
    if await find(session, invoice_id) is None:
        return None
    invoice = await access.fetch(session, actor, access.Can.INVOICE_SEND, Invoice, invoice_id, lock=True)
    house = await people.organization(session, actor.organization_id)
    if invoice.status != "draft" or invoice.planned_on is None or invoice.planned_on > today(house):
        return invoice
    closed = select(Engagement.id).where(Engagement.id == invoice.engagement_id, Engagement.status == "closed")
    if (await session.execute(closed)).first():
        return invoice
    return await dispatch(session, actor, invoice, _due(house))


async def completed(
    session: Session, actor: Actor, engagement_id: uuid.UUID, order_ids: Sequence[uuid.UUID]
) -> list[Invoice]:
    """Send what waited for the completion of these orders' work, and what still waits for one of its milestones: all of
    them are reached then. The verb that completes it has authorised it."""
    rows = await session.execute(
        select(Invoice)
        .where(
            Invoice.engagement_id == engagement_id,
            Invoice.order_id.in_(order_ids),
            Invoice.status == "draft",
            Invoice.waits_for.in_(("milestone", "completion")),
        )
        .order_by(Invoice.part, Invoice.created_at, Invoice.id)
        .with_for_update(key_share=True)
    )
    house = await people.organization(session, actor.organization_id)
    return [await dispatch(session, actor, invoice, _due(house)) for invoice in rows.scalars()]


def _due(house: people.Organization) -> date:
    return today(house) + timedelta(days=int(house.setting("due_days")))
