"""What the last signature begins, in its transaction and from the frozen document alone: order, contract, work, bills."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core import clock, contracts, deliverables, invoices, orders, people, projects, subscriptions, tasks
from core.db import Session
from core.deliverables import Promised
from core.engagements import Engagement
from core.invoices import Component, Invoice, Plan, Share
from core.money import Money
from core.orders import Bought, Order, OrderLine
from core.people import Actor, User
from core.projects import Project
from core.proposals import Document, Proposal, Reckoned, Sum
from core.subscriptions import Subscription


@dataclass(frozen=True)
class Begun:
    """What came of it."""

    order: Order
    projects: tuple[Project, ...]
    invoices: tuple[Invoice, ...]
    subscriptions: tuple[Subscription, ...]


async def begin(
    session: Session,
    actor: Actor,
    proposal: Proposal,
    document: Document,
    chosen: Collection[int],
    signed_at: datetime,
) -> Begun:
    """Make everything that the document promises, with the options that were chosen; the signature authorises it.

    The order with its lines, the contract, a project for each item of work with its phase names, checklist and
    deliverables, the invoices of the payment schedule (the caller sends those due on signing, last), the subscriptions.
    """
    engagement = (await session.execute(select(Engagement).where(Engagement.id == proposal.engagement_id))).scalar_one()
    house = people.system(proposal.organization_id)
    locale = (await people.organization(session, proposal.organization_id)).locale
    sum_of = document.sum(chosen)
    starts_on = signed_at.astimezone(ZoneInfo(document.timezone)).date()
    bought = [_bought(row) for row in sum_of.items]
    setups = [
        Bought(
            f"Set-up: {row.item.title}",
            1,
            row.item.setup,
            row.item.service_id,
            None,
            row.item.tax_percent,
            row.setup_tax,
        )
        for row in sum_of.items
        if row.item.setup
    ]
    order, lines = await orders.make(
        session,
        actor,
        engagement_id=engagement.id,
        company_id=engagement.company_id,
        client_id=engagement.contact_id,
        proposal_id=proposal.id,
        title=document.title,
        currency=document.currency,
        lines=[*bought, *setups],
    )
    await contracts.make(
        session,
        company_id=engagement.company_id,
        engagement_id=engagement.id,
        proposal_id=proposal.id,
        title=document.title,
        signed_at=signed_at,
        starts_on=starts_on,
    )
    own = dict(zip((row.position for row in sum_of.items), lines, strict=False))
    work = await _work(session, actor, engagement, document, sum_of, own, starts_on)
    paying = engagement.billing_id or engagement.contact_id
    bills: list[Invoice] = []
    if order.total:
        bills = await invoices.plan(
            session,
            house,
            engagement_id=engagement.id,
            company_id=engagement.company_id,
            client_id=paying,
            order_id=order.id,
            title=document.title,
            components=_components(lines, sum_of, locale),
            shares=await _shares(session, document, chosen, work),
        )
    recurring = [
        await subscriptions.begin(session, house, _subscription(engagement, paying, row, own[row.position], starts_on))
        for row in sum_of.items
        if row.item.period
    ]
    return Begun(order, tuple(work.values()), tuple(bills), tuple(recurring))


def _bought(row: Reckoned) -> Bought:
    item = row.item
    return Bought(
        item.title, item.quantity, item.unit, item.service_id, row.discount, item.tax_percent, row.tax, item.period
    )


async def _work(
    session: Session,
    actor: Actor,
    engagement: Engagement,
    document: Document,
    sum_of: Sum,
    lines: dict[int, OrderLine],
    starts_on: date,
) -> dict[int, Project]:
    """The projects, by the position of their item, each with what it begins with."""
    owners = await _owners(session, sum_of)
    rows = [row for row in sum_of.items if row.item.kind == "work"]
    promises = [
        _promised(document, row.position, first=row is rows[0], standing={each.position for each in rows})
        for row in rows
    ]
    made = {
        row.position: Project(
            organization_id=engagement.organization_id,
            engagement_id=engagement.id,
            order_line_id=lines[row.position].id,
            owner_id=owners.get(str(row.item.template.get("owner", ""))),
            title=row.item.title,
            phase_since=clock.now(),
            due_on=max((each.due_on for each in promised if each.due_on), default=None),
            phase_names=dict(row.item.template.get("phases", {})),
        )
        for row, promised in zip(rows, promises, strict=True)
    }
    await projects.start_all(session, actor, list(made.values()))
    for row, promised in zip(rows, promises, strict=True):
        template, project = row.item.template, made[row.position]
        await tasks.begin(session, project, [(each["phase"], each["title"]) for each in template.get("checklist", [])])
        promised += [
            Promised(each["title"], starts_on + timedelta(days=each["days"]) if each.get("days") is not None else None)
            for each in template.get("deliverables", [])
        ]
        await deliverables.begin(session, project, promised)
    return made


def _promised(document: Document, position: int, *, first: bool, standing: Collection[int]) -> list[Promised]:
    """The milestones of an item; those of no item, or of one that was not chosen, belong to the first."""
    return [
        Promised(point.title, point.due_on, place)
        for place, point in enumerate(document.milestones)
        if point.item == position or (first and point.item not in standing)
    ]


async def _owners(session: Session, sum_of: Sum) -> dict[str, uuid.UUID]:
    """Who does the work by the services' templates, if they are still there."""
    wanted = {str(row.item.template["owner"]) for row in sum_of.items if row.item.template.get("owner")}
    found = await session.execute(
        select(User.id).where(
            User.id.in_([uuid.UUID(each) for each in wanted]),
            User.side == "staff",
            User.left_at.is_(None),
            User.deleted_at.is_(None),
        )
    )
    return {str(each): each for each in found.scalars()}


def _components(lines: Sequence[OrderLine], sum_of: Sum, locale: str) -> list[Component]:
    """What is paid once, as an invoice lists it: the lines before tax, then the tax at each rate."""
    parts = []
    for line in lines:
        if line.period:
            continue
        if line.discount_minor:
            off = Money(line.discount_minor, line.currency).show(locale)
            many = f"{line.quantity} × {line.unit.show(locale)}, less {off}"
            parts.append(Component((line.id, f"{line.title} ({many})", 1, line.net)))
        else:
            parts.append(Component((line.id, line.title, line.quantity, line.unit)))
    taxes = [
        Component((None, f"Tax {rate.percent.normalize():f}%", 1, rate.tax), tax=True)
        for rate in sum_of.taxes
        if rate.tax
    ]
    return [*parts, *taxes]


async def _shares(
    session: Session, document: Document, chosen: Collection[int], work: dict[int, Project]
) -> list[Share]:
    """The schedule's lines with what each waits for; what waits for a milestone knows its deliverable."""
    reached: dict[int, uuid.UUID] = {}
    waited_for = any(part.due == "milestone" for part in document.schedule)
    for project in work.values() if waited_for else ():
        for each in await deliverables.of_project(session, project.id):
            if each.milestone is not None:
                reached[each.milestone] = each.id
    shares = []
    for part, amount in document.payments(chosen):
        waits_for = "" if part.due == "signing" else part.due
        deliverable = reached.get(part.milestone) if part.milestone is not None else None
        shares.append(Share(part.label, amount, Plan(waits_for=waits_for, on=part.due_on, deliverable_id=deliverable)))
    return shares


def _subscription(
    engagement: Engagement, paying: uuid.UUID, row: Reckoned, line: OrderLine, starts_on: date
) -> Subscription:
    item = row.item
    return Subscription(
        organization_id=engagement.organization_id,
        engagement_id=engagement.id,
        order_line_id=line.id,
        service_id=item.service_id,
        company_id=engagement.company_id,
        client_id=paying,
        title=item.title if item.quantity == 1 else f"{item.title}, {item.quantity} ×",
        quantity=item.quantity,
        amount_minor=row.later_net.minor,
        first_amount_minor=row.net.minor,
        tax_percent=item.tax_percent,
        tax_minor=row.later_tax.minor,
        first_tax_minor=row.tax.minor,
        currency=item.unit.currency,
        period=item.period,
        anchor_on=starts_on + timedelta(days=item.trial_days),
    )
