"""The stage: how far the commerce of an engagement has come, computed from facts, each step that it passes recorded."""

import uuid
from collections import deque
from dataclasses import dataclass

from sqlalchemy import func, select

from core import engagements, events
from core.db import Session
from core.engagements import STAGE
from core.events import Kind
from core.people import Actor


@dataclass(frozen=True)
class Facts:
    """What the stage follows from. All may come late, or in another order than one would expect."""

    sent: bool = False
    """A proposal was sent to the client, at some time."""
    signed: bool = False
    """Something was signed: there is an order."""
    deposits_settled: bool = False
    """The first invoice of each order that was due on signing is paid, or was waived; where none was, none is awaited."""
    owned: bool = False
    """Each project has an owner."""
    handed_off: bool = False
    """There is work, and all of it is done; what was called off does not count."""
    settled: bool = False
    """No invoice is still to be sent or to be paid."""
    called_off: bool = False
    """The engagement was closed, or every project of it was called off, before all was delivered."""


def stage_of(facts: Facts) -> str:
    """The stage that these facts make: draft, active, processing, confirmed, fulfilled, complete or cancelled.

    Work that is all handed off counts as fulfilled even where a deposit is still awaited: what is delivered is
    delivered.
    """
    delivered = facts.signed and facts.handed_off
    if facts.called_off and not delivered:
        return "cancelled"
    if not facts.signed:
        return "active" if facts.sent else "draft"
    if delivered:
        return "complete" if facts.settled else "fulfilled"
    return "confirmed" if facts.deposits_settled and facts.owned else "processing"


def steps(before: str, after: str) -> list[str]:
    """The stages that are passed from one to the other, the last included; the shortest way that the
    lifecycle allows.
    """
    ways: deque[list[str]] = deque([[before]])
    seen = {before}
    while ways:
        way = ways.popleft()
        if way[-1] == after:
            return way[1:]
        for follow in STAGE.moves[way[-1]]:
            if follow not in seen and (follow != "cancelled" or after == "cancelled"):
                seen.add(follow)
                ways.append([*way, follow])
    raise ValueError(f"No way leads from the stage {before} to {after}.")


async def restage(session: Session, actor: Actor, engagement_id: uuid.UUID, *, through: str = "") -> None:
    """Compute the stage anew, after a fact has changed, and record each step that it passes; none if
    nothing changed.

    `through` is a stage that it passes on its way: what is signed anew is always got ready first, be it for a moment.
    """
    await session.flush()
    engagement = await engagements.locked(session, engagement_id)
    after = stage_of(await facts(session, engagement_id))
    by_way_of = through or engagement.stage
    for step in [*steps(engagement.stage, by_way_of), *steps(by_way_of, after)]:
        before, engagement.stage = engagement.stage, STAGE.move(engagement.stage, step)
        await events.record(
            session,
            actor,
            Kind.ENGAGEMENT_STAGE_PASSED,
            "engagement",
            engagement_id,
            engagement_id=engagement_id,
            before=before,
            after=step,
        )


async def facts(session: Session, engagement_id: uuid.UUID) -> Facts:
    """The facts of an engagement, in five queries."""
    from core.invoices import Invoice  # these nouns call restage, so they cannot be needed before this module is there
    from core.orders import Order
    from core.projects import Project
    from core.proposals import Proposal

    closed = (await engagements.by_id(session, engagement_id)).status == "closed"
    sent, signed = (
        await session.execute(
            select(func.count(Proposal.sent_at), func.count(Proposal.signed_at)).where(
                Proposal.engagement_id == engagement_id
            )
        )
    ).one()
    orders = (
        await session.execute(
            select(Order.id, Order.total_minor).where(Order.engagement_id == engagement_id, Order.deleted_at.is_(None))
        )
    ).all()
    work = (
        await session.execute(
            select(Project.status, Project.owner_id).where(
                Project.engagement_id == engagement_id, Project.deleted_at.is_(None)
            )
        )
    ).all()
    bills = (
        await session.execute(
            select(Invoice.order_id, Invoice.status, Invoice.waits_for)
            .where(Invoice.engagement_id == engagement_id)
            .order_by(Invoice.created_at, Invoice.id)
        )
    ).all()

    def deposit_settled(order_id: uuid.UUID, total: int) -> bool:
        own = [bill for bill in bills if bill.order_id == order_id]
        asked = [bill.status for bill in own if bill.status != "void" and not bill.waits_for]
        return total == 0 or bool(own and not asked) or asked[:1] == ["paid"]

    deposits = all(deposit_settled(order.id, order.total_minor) for order in orders)
    alive = [one for one in work if one.status != "cancelled"]
    return Facts(
        sent=sent > 0,
        signed=bool(signed or orders),
        deposits_settled=deposits,
        owned=all(one.owner_id is not None for one in alive),
        handed_off=all(one.status == "completed" for one in alive) if alive else not work and bool(orders) and deposits,
        settled=not any(bill.status in ("draft", "sending", "stuck", "open") for bill in bills),
        called_off=closed or bool(work and not alive),
    )
