"""Invoices as plain values, with the names that belong to them: what cards, lists and pages are made from."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core import access, people
from core.db import Session
from core.engagements import Engagement
from core.invoices.bill import Invoice, Line, Payment
from core.invoices.reading import listing, today
from core.money import Money
from core.people import Actor


@dataclass(frozen=True)
class BillLine:
    """A line of an invoice."""

    title: str
    quantity: int
    unit: Money
    amount: Money


@dataclass(frozen=True)
class Bill:
    """An invoice with all that its cards say. `recipient` is who is meant to pay; `payer` who seems to have."""

    id: str
    engagement_id: str
    title: str
    status: str
    total: Money
    serial: str = ""
    agency: str = ""
    client: str = ""
    show_amounts: bool = False
    locale: str = "en_US"
    due_on: date | None = None
    days_late: int = 0
    reached_client: bool = False
    recipient: str = ""
    recipient_slack_id: str = ""
    lines: tuple[BillLine, ...] = ()
    paid_on: date | None = None
    payer: str = ""
    method: str = ""
    viewer: str = ""
    viewed_at: datetime | None = None
    reminded_at: datetime | None = None
    hosted_url: str = ""
    pdf_url: str = ""
    bank_details: str = ""
    trouble: str = ""
    void_reason: str = ""
    waits_for: str = ""
    """What a draft of a signed schedule waits for: date, milestone or completion."""
    planned_on: date | None = None

    @property
    def name(self) -> str:
        """How people call it: by its legal number once it has one."""
        return f"Invoice {self.serial}" if self.serial else "Invoice draft"

    @property
    def called(self) -> str:
        """Its name inside a sentence."""
        return self.name[0].lower() + self.name[1:]

    @property
    def amount(self) -> str:
        """What is asked for, in the house's form."""
        return self.total.show(self.locale)


async def bills(session: Session, invoices: Sequence[Invoice]) -> list[Bill]:
    """These invoices as plain values; the same number of queries however many they are."""
    if not invoices:
        return []
    house = await people.organization(session, invoices[0].organization_id)
    ids = [invoice.id for invoice in invoices]
    lines: dict[uuid.UUID, list[BillLine]] = {invoice_id: [] for invoice_id in ids}
    for line in (await session.execute(select(Line).where(Line.invoice_id.in_(ids)).order_by(Line.position))).scalars():
        lines[line.invoice_id].append(
            BillLine(line.title, line.quantity, Money(line.unit_minor, line.currency), line.amount)
        )
    paid = select(Payment).where(Payment.invoice_id.in_(ids)).order_by(Payment.paid_at)
    payments = {payment.invoice_id: payment for payment in (await session.execute(paid)).scalars()}
    wanted = select(Engagement).where(Engagement.id.in_({invoice.engagement_id for invoice in invoices}))
    engagements = {engagement.id: engagement for engagement in (await session.execute(wanted)).scalars()}
    billed = {invoice.id: _billed(engagements[invoice.engagement_id]) for invoice in invoices}
    person_ids = {*billed.values(), *(invoice.viewed_by_id for invoice in invoices if invoice.viewed_by_id)}
    persons = await people.get(session, list(person_ids))
    accounts = await people.identities_of(session, list(person_ids))

    def one(invoice: Invoice) -> Bill:
        engagement, payment = engagements[invoice.engagement_id], payments.get(invoice.id)
        recipient = persons[billed[invoice.id]]
        viewer = persons[invoice.viewed_by_id].first_name if invoice.viewed_by_id else ""
        by_hand = payment is not None and payment.processor == "manual"
        return Bill(
            id=str(invoice.id),
            engagement_id=str(invoice.engagement_id),
            title=invoice.title,
            status=invoice.status,
            total=invoice.total,
            serial=invoice.serial or "",
            agency=house.name,
            client=engagement.title,
            show_amounts=engagement.show_amounts,
            locale=house.locale,
            due_on=invoice.due_on,
            days_late=invoice.days_late(today(house)),
            reached_client=invoice.issued_at is not None,
            recipient=recipient.first_name,
            recipient_slack_id=accounts.get(recipient.id, ""),
            lines=tuple(lines[invoice.id]),
            paid_on=invoice.paid_at.astimezone(ZoneInfo(house.timezone)).date() if invoice.paid_at else None,
            payer="" if by_hand or payment is None else viewer or recipient.first_name,
            method=payment.method if payment else "",
            viewer=viewer,
            viewed_at=invoice.viewed_at,
            reminded_at=invoice.reminded_at,
            hosted_url=invoice.hosted_url,
            pdf_url=invoice.pdf_url,
            bank_details=str(house.setting("bank_details")).strip(),
            trouble=invoice.trouble,
            void_reason=invoice.void_reason,
            waits_for=invoice.waits_for,
            planned_on=invoice.planned_on,
        )

    return [one(invoice) for invoice in invoices]


def _billed(engagement: Engagement) -> uuid.UUID:
    return engagement.billing_id or engagement.contact_id


async def bill(session: Session, invoice: Invoice) -> Bill:
    """This invoice as plain values."""
    return (await bills(session, [invoice]))[0]


async def overview(session: Session, actor: Actor, engagement_id: uuid.UUID | None = None) -> list[Bill]:
    """The invoices that the actor may see, of one engagement or of all; the overdue first."""
    return await bills(session, [invoice for invoice, _ in await listing(session, actor, engagement_id)])


async def look(
    session: Session, actor: Actor, invoice_id: uuid.UUID | str, can: access.Can = access.Can.INVOICE_SEE
) -> Bill:
    """One invoice, for somebody who has this permission on it."""
    return await bill(session, await access.fetch(session, actor, can, Invoice, invoice_id))
