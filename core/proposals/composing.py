"""How a draft becomes the document: its content, written as canonical JSON, byte for byte what sending freezes."""

import uuid
from collections.abc import Collection
from datetime import UTC
from typing import Any

from sqlalchemy import func, select

from core.catalog import Coupon, CouponService
from core.db import Session
from core.engagements import Engagement
from core.events import canonical
from core.people import Company, Organization, User
from core.proposals.content import Content, coming
from core.proposals.documents import FORMAT, day_said, item_said, last_day, part_said, point_said, written
from core.proposals.reckoning import Reduction, reckon
from core.proposals.tables import Proposal, Terms, Version


async def compose(session: Session, proposal: Proposal, content: Content | None = None) -> str:
    """The canonical JSON of a proposal with this content; with what it would say if it were sent now, by default."""
    content = content or await coming(session, proposal)
    house = (
        await session.execute(select(Organization).where(Organization.id == proposal.organization_id))
    ).scalar_one()
    engagement, company = (
        await session.execute(
            select(Engagement, Company)
            .join(Company, Company.id == Engagement.company_id)
            .where(Engagement.id == proposal.engagement_id)
        )
    ).one()
    coupon = await reduction(session, content.coupon_id)
    sides = dict.fromkeys(content.signers, "client")
    sides |= {content.countersigner: "staff"} if content.countersigner else {}
    people = {user.id: user for user in (await session.execute(select(User).where(User.id.in_(sides)))).scalars()}
    newest = (
        await session.execute(select(func.max(Version.number)).where(Version.proposal_id == proposal.id))
    ).scalar()
    terms = None
    if content.terms_id:
        terms = (await session.execute(select(Terms).where(Terms.id == content.terms_id))).scalar_one()
    return canonical(
        {
            "format": FORMAT,
            "proposal": str(proposal.id),
            "kind": proposal.kind,
            "number": (newest or 0) + 1,
            "title": content.title,
            "purpose": content.purpose,
            "agency": {"id": str(house.id), "name": house.name},
            "client": {"id": str(company.id), "name": company.name},
            "engagement": {"id": str(engagement.id), "title": engagement.title},
            "items": [item_said(position, item) for position, item in enumerate(content.items)],
            "coupon": _coupon(coupon),
            "currency": proposal.currency,
            "total_minor": reckon(content.items, proposal.currency, (), coupon).once.minor,
            "milestones": [point_said(each) for each in content.milestones],
            "schedule": [part_said(each) for each in content.schedule],
            "before": await _before(session, proposal),
            "terms": content.terms,
            "terms_of": {"name": terms.name, "version": terms.version, "sha256": terms.sha256.hex()} if terms else None,
            "valid_until": last_day(content.expires_at, house.timezone).isoformat(),
            "timezone": house.timezone,
            "expires_at": content.expires_at.astimezone(UTC).isoformat(),
            "in_order": content.in_order,
            "signers": [
                {"id": str(each), "name": people[each].name, "email": people[each].email, "side": side}
                for each, side in sides.items()
            ],
        }
    )


async def reduction(session: Session, coupon_id: uuid.UUID | None) -> Reduction | None:
    """What a coupon takes off."""
    return (await reductions(session, {coupon_id}))[coupon_id] if coupon_id else None


async def reductions(session: Session, coupon_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Reduction]:
    """What each of these coupons takes off."""
    if not coupon_ids:
        return {}
    rows = await session.execute(
        select(CouponService.coupon_id, CouponService.service_id)
        .where(CouponService.coupon_id.in_(coupon_ids))
        .order_by(CouponService.service_id)
    )
    services: dict[uuid.UUID, list[uuid.UUID]] = {}
    for coupon_id, service_id in rows:
        services.setdefault(coupon_id, []).append(service_id)
    return {
        coupon.id: Reduction(
            coupon.code,
            coupon.percent,
            coupon.amount_minor,
            tuple(services.get(coupon.id, ())),
            coupon.duration == "forever",
        )
        for coupon in (await session.execute(select(Coupon).where(Coupon.id.in_(coupon_ids)))).scalars()
    }


async def _before(session: Session, proposal: Proposal) -> dict[str, Any] | None:
    """What was agreed before, for a change of scope: the orders' total, and the last day of the work."""
    if proposal.kind != "scope":
        return None
    from core.orders import Order  # orders come from proposals, so they are looked up only here
    from core.projects import Project

    agreed = await session.execute(
        select(func.coalesce(func.sum(Order.total_minor), 0)).where(
            Order.engagement_id == proposal.engagement_id,
            Order.deleted_at.is_(None),
            Order.currency == proposal.currency,
        )
    )
    until = await session.execute(
        select(func.max(Project.due_on)).where(
            Project.engagement_id == proposal.engagement_id,
            Project.deleted_at.is_(None),
            Project.status.in_(("active", "paused")),
        )
    )
    return {"total_minor": int(agreed.scalar_one()), "until": day_said(until.scalar_one())}


def _coupon(coupon: Reduction | None) -> dict[str, Any] | None:
    if coupon is None:
        return None
    return {
        "code": coupon.code,
        "percent": written(coupon.percent),
        "amount_minor": coupon.amount_minor,
        "services": [str(each) for each in coupon.services],
        "forever": coupon.forever,
    }
