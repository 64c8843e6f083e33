"""Coupons on proposals: whether a code may be used here, and a sentence if it may not."""

import uuid
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from core import clock
from core.catalog import Coupon, CouponService, Service
from core.db import Session
from core.engagements import Engagement
from core.errors import Invalid
from core.money import Money, total
from core.people import Organization
from core.proposals.lines import NewItem
from core.proposals.reckoning import own_discount
from core.proposals.tables import Proposal


async def coupon(
    session: Session,
    code: str,
    *,
    proposal: Proposal,
    engagement: Engagement,
    house: Organization,
    items: Sequence[NewItem],
) -> Coupon:
    """The coupon of this code, if it may be used in this proposal; Invalid at the field `coupon`, with why not.

    It is offered still, in the proposal's currency, for one of its items, and for as much as the items that are not
    optional come to; neither all, nor this company, have used it up; and new clients only means those who have not
    signed anything. A proposal that is out counts as a use, because it is a promise.
    """
    typed = code.strip()
    query = select(Coupon).where(func.lower(Coupon.code) == typed.lower(), Coupon.retired_at.is_(None))
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise Invalid(f"There is no coupon “{typed}”.", field="coupon")
    today = clock.now().astimezone(ZoneInfo(house.timezone)).date()
    if found.expires_on and found.expires_on < today:
        raise Invalid(f"“{found.code}” was good until {found.expires_on:%-d %b %Y}.", field="coupon")
    if found.currency != proposal.currency and (found.kind == "amount" or found.minimum_minor):
        raise Invalid(
            f"“{found.code}” is counted in {found.currency}, and this proposal in {proposal.currency}.", field="coupon"
        )
    await _covers(session, found, proposal.currency, items)
    await _left(session, found, proposal, engagement)
    return found


async def _covers(session: Session, found: Coupon, currency: str, items: Sequence[NewItem]) -> None:
    rows = await session.execute(
        select(Service.id, Service.name)
        .join(CouponService, CouponService.service_id == Service.id)
        .where(CouponService.coupon_id == found.id)
        .order_by(Service.name)
    )
    services = {row.id: row.name for row in rows}
    covered = [item for item in items if not services or item.service_id in services]
    if not covered:
        named = ", ".join(list(services.values())[:3])
        raise Invalid(f"“{found.code}” is for {named}; nothing of that stands in this proposal.", field="coupon")
    least = total([item.amount - own_discount(item) for item in covered if not item.optional], currency)
    if least.minor < found.minimum_minor:
        needed = Money(found.minimum_minor, found.currency).show()
        raise Invalid(f"“{found.code}” is for {needed} or more; this comes to {least.show()}.", field="coupon")


async def _left(session: Session, found: Coupon, proposal: Proposal, engagement: Engagement) -> None:
    signed = select(func.count()).select_from(Proposal).join(Engagement, Engagement.id == Proposal.engagement_id)
    theirs = Engagement.company_id == engagement.company_id
    used = signed.where(
        Proposal.coupon_id == found.id, Proposal.id != proposal.id, Proposal.status.in_(("sent", "viewed", "signed"))
    )
    if found.usage_limit and (await session.execute(used)).scalar_one() >= found.usage_limit:
        raise Invalid(f"“{found.code}” has been used as often as it may be.", field="coupon")
    if found.client_limit and (await session.execute(used.where(theirs))).scalar_one() >= found.client_limit:
        raise Invalid(f"This client has used “{found.code}” as often as they may.", field="coupon")
    if found.new_only:
        before = signed.where(theirs, Proposal.status == "signed", Proposal.id != proposal.id)
        if (await session.execute(before)).scalar_one():
            raise Invalid(f"“{found.code}” is for new clients, and this one has signed before.", field="coupon")


async def coupon_uses(session: Session, coupon_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How often each of these coupons is in use: in proposals that are out or signed."""
    rows = await session.execute(
        select(Proposal.coupon_id, func.count())
        .where(Proposal.coupon_id.in_(coupon_ids), Proposal.status.in_(("sent", "viewed", "signed")))
        .group_by(Proposal.coupon_id)
    )
    return {coupon_id: count for coupon_id, count in rows if coupon_id is not None}
