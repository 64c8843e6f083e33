"""Subscriptions: what a client pays for again and again, from the recurring items of a signed proposal."""

import uuid
from calendar import monthrange
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, CheckConstraint, Index, Numeric, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core import access, clock, events, invoices, jobs, people
from core.db import Numbered, Session, TenantRow, numbered, save
from core.engagements import Engagement
from core.events import Kind
from core.invoices import Invoice, Plan
from core.lifecycle import Lifecycle
from core.money import Money
from core.people import Actor, User

STATUS = Lifecycle("This subscription", {"active": ("paused", "ended"), "paused": ("active", "ended"), "ended": ()})


class Subscription(Numbered, TenantRow):
    """A service that is billed at the beginning of each period; one invoice for each period that begins, and no other."""

    __tablename__ = "subscriptions"
    REFERS: ClassVar[dict[str, str]] = {
        "engagement_id": "engagements",
        "order_line_id": "order_lines",
        "service_id": "services",
        "company_id": "companies",
        "client_id": "users",
    }
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        numbered(),
        STATUS.check("status"),
        UniqueConstraint("organization_id", "order_line_id"),
        CheckConstraint("period IN ('week', 'month', 'quarter', 'year')", name="period_known"),
        CheckConstraint("quantity > 0 AND amount_minor >= 0 AND tax_minor >= 0", name="amounts"),
        Index("ix_subscriptions_engagement", "organization_id", "engagement_id", "status"),
    )
    engagement_id: Mapped[uuid.UUID]
    order_line_id: Mapped[uuid.UUID]
    service_id: Mapped[uuid.UUID | None]
    company_id: Mapped[uuid.UUID]
    client_id: Mapped[uuid.UUID]
    title: Mapped[str]
    status: Mapped[str] = mapped_column(default="active")
    quantity: Mapped[int]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    """What one period costs after its discount, before tax."""
    first_amount_minor: Mapped[int] = mapped_column(BigInteger)
    """What the first period costs, where a coupon lowers only that."""
    tax_percent: Mapped[Decimal] = mapped_column(Numeric(6, 3), default=Decimal(0))
    tax_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    first_tax_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    currency: Mapped[str] = mapped_column(String(3))
    period: Mapped[str]
    anchor_on: Mapped[date]
    """The day on which its first paid period begins: after the trial, if there is one."""
    periods_billed: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None]

    @property
    def amount(self) -> Money:
        """What one period costs, before tax."""
        return Money(self.amount_minor, self.currency)

    @property
    def next_on(self) -> date:
        """The day on which the next period begins that has not been billed."""
        return period_start(self.anchor_on, self.period, self.periods_billed)


def period_start(anchor: date, period: str, number: int) -> date:
    """The day on which a period begins, counted from 0 at the anchor: the anchor's day of the month, or the month's last
    (31 Jan, 28 Feb, 31 Mar)."""
    if period == "week":
        return anchor + timedelta(weeks=number)
    months = anchor.month - 1 + number * {"month": 1, "quarter": 3, "year": 12}[period]
    year, month = anchor.year + months // 12, months % 12 + 1
    return date(year, month, min(anchor.day, monthrange(year, month)[1]))


async def begin(session: Session, actor: Actor, subscription: Subscription) -> Subscription:
    """Start a subscription; its first invoice comes when its first paid period does. A signature has authorised it."""
    await save(session, subscription)
    await events.record(
        session,
        actor,
        Kind.SUBSCRIPTION_STARTED,
        "subscription",
        subscription.id,
        engagement_id=subscription.engagement_id,
        period=subscription.period,
        amount=subscription.amount_minor,
        currency=subscription.currency,
        anchor_on=subscription.anchor_on.isoformat(),
    )
    await _wait(session, subscription)
    return subscription


async def bill(session: Session, actor: Actor, subscription_id: uuid.UUID) -> list[Invoice]:
    """Send an invoice for each period that has begun and has none yet; one for each period, however often it is run.

    After an interruption the missed periods are billed, oldest first; while it is paused, or its engagement is closed,
    nothing is, and what fell into that time is not billed afterwards.
    """
    found = (await session.execute(select(Subscription).where(Subscription.id == subscription_id))).scalar_one_or_none()
    if found is None or found.status == "ended":
        return []
    subscription = await access.fetch(session, actor, access.Can.INVOICE_SEND, Subscription, subscription_id, lock=True)
    house = await people.organization(session, subscription.organization_id)
    engagement = (
        await session.execute(
            select(Engagement)
            .where(Engagement.id == subscription.engagement_id)
            .execution_options(populate_existing=True)
        )
    ).scalar_one()
    made: list[Invoice] = []
    while (start := subscription.next_on) <= invoices.today(house) and subscription.status != "ended":
        if subscription.status == "active" and engagement.status != "closed":
            subscription.client_id = await _payer(session, subscription, engagement)
            made.append(await _bill_period(session, actor, subscription, start, house))
        subscription.periods_billed += 1
    await session.flush()
    await _wait(session, subscription)
    return made


async def _payer(session: Session, subscription: Subscription, engagement: Engagement) -> uuid.UUID:
    """Who gets the bill: whoever has had it, or, once they have left, whoever gets the engagement's invoices now."""
    left = await session.execute(select(User.id).where(User.id == subscription.client_id, User.left_at.is_not(None)))
    return (engagement.billing_id or engagement.contact_id) if left.first() else subscription.client_id


async def _bill_period(
    session: Session, actor: Actor, subscription: Subscription, start: date, house: people.Organization
) -> Invoice:
    first = subscription.periods_billed == 0
    net = Money(subscription.first_amount_minor if first else subscription.amount_minor, subscription.currency)
    tax = Money(subscription.first_tax_minor if first else subscription.tax_minor, subscription.currency)
    until = period_start(subscription.anchor_on, subscription.period, subscription.periods_billed + 1) - timedelta(
        days=1
    )
    title = f"{subscription.title}, {start:%-d %b} to {until:%-d %b %Y}"
    lines: list[tuple[uuid.UUID | None, str, int, Money]] = [(subscription.order_line_id, title, 1, net)]
    if tax:
        lines.append((None, f"Tax {subscription.tax_percent.normalize():f}%", 1, tax))
    invoice = await invoices.draft(
        session,
        actor,
        engagement_id=subscription.engagement_id,
        company_id=subscription.company_id,
        client_id=subscription.client_id,
        order_id=None,
        title=title,
        lines=lines,
        plan=Plan(subscription_id=subscription.id, period_start=start),
    )
    due_on = invoices.today(house) + timedelta(days=int(house.setting("due_days")))
    return await invoices.dispatch(session, actor, invoice, due_on)


async def _wait(session: Session, subscription: Subscription) -> None:
    """Come again on the morning of the day on which the next period begins, in the agency's zone."""
    if subscription.status == "ended":
        return
    house = await people.organization(session, subscription.organization_id)
    await jobs.enqueue(
        session,
        "subscription.bill",
        lane=f"subscription:{subscription.id}",
        payload={"subscription": str(subscription.id)},
        organization_id=subscription.organization_id,
        run_at=datetime.combine(subscription.next_on, time(8), ZoneInfo(house.timezone)),
        dedupe=f"{subscription.id}:{subscription.next_on}",
    )


async def end(session: Session, actor: Actor, subscription_id: uuid.UUID | str) -> Subscription:
    """Bill nothing of it any more; what was billed stays. Twice is once."""
    can = access.Can.INVOICE_SEND
    subscription = await access.fetch(session, actor, can, Subscription, subscription_id, lock=True)
    if subscription.status == "ended":
        return subscription
    subscription.status, subscription.ended_at = STATUS.move(subscription.status, "ended"), clock.now()
    await session.flush()
    await events.record(
        session,
        actor,
        Kind.SUBSCRIPTION_ENDED,
        "subscription",
        subscription.id,
        engagement_id=subscription.engagement_id,
        periods_billed=subscription.periods_billed,
    )
    return subscription


async def running(
    session: Session, actor: Actor, engagement_id: uuid.UUID | None = None
) -> list[tuple[Subscription, str]]:
    """The subscriptions that are billed and that the actor may see, of one engagement or of all, each with its
    engagement's title; what is billed next comes first."""
    query = access.visible(actor, access.Can.INVOICE_SEE, Subscription).where(Subscription.status != "ended")
    if engagement_id is not None:
        query = query.where(Subscription.engagement_id == engagement_id)
    rows = await session.execute(
        query.join(Engagement, Engagement.id == Subscription.engagement_id).add_columns(Engagement.title)
    )
    return sorted(((each, title) for each, title in rows), key=lambda row: (row[0].next_on, row[0].title))


async def of_engagement(session: Session, engagement_id: uuid.UUID) -> list[Subscription]:
    """The subscriptions of an engagement, oldest first."""
    query = select(Subscription).where(Subscription.engagement_id == engagement_id)
    return list((await session.execute(query.order_by(Subscription.created_at, Subscription.id))).scalars())
