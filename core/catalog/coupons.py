"""Coupons: codes that lower prices; made, retired, and how often each was used."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select

from core import access, clock, events
from core.access import Can
from core.catalog.tables import Coupon, CouponService, Service
from core.db import Session
from core.errors import Invalid
from core.events import Kind
from core.money import MOST, Money
from core.people import Actor

CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,29}")


@dataclass(frozen=True)
class Offered:
    """What a coupon is to be: a share or an amount off, for which services (none: all), and within which limits."""

    code: str
    percent: Decimal = Decimal(0)
    amount: Money | None = None
    words: str = ""
    service_ids: tuple[uuid.UUID, ...] = ()
    minimum: Money | None = None
    expires_on: date | None = None
    usage_limit: int | None = None
    client_limit: int | None = None
    new_only: bool = False
    forever: bool = False


async def new_coupon(session: Session, actor: Actor, offered: Offered, currency: str) -> Coupon:
    """Make a coupon. Its code is unique among those in use; Invalid, at its field, for what cannot be."""
    access.demand(actor, Can.SERVICE_MANAGE)
    code = offered.code.strip().upper()
    if not CODE.fullmatch(code):
        raise Invalid("A code is 3 to 30 letters, digits, hyphens or underscores, such as SPRING-10.", field="code")
    if (offered.amount is None) == (not offered.percent):
        raise Invalid("A coupon takes off either a percentage or an amount: fill in one of the two.", field="percent")
    if not 0 <= offered.percent <= 100:
        raise Invalid("A percentage lies between 0 and 100.", field="percent")
    for amount, at in ((offered.amount, "amount"), (offered.minimum, "minimum")):
        if amount is not None and (amount.currency != currency or not 0 <= amount.minor <= MOST):
            raise Invalid(f"Please write an amount in {currency}.", field=at)
    for limit, at in ((offered.usage_limit, "limit"), (offered.client_limit, "client_limit")):
        if limit is not None and limit < 1:
            raise Invalid("A limit is at least one; leave it empty for none.", field=at)
    taken = select(Coupon.id).where(func.lower(Coupon.code) == code.lower(), Coupon.retired_at.is_(None))
    if (await session.execute(taken)).first():
        raise Invalid(f"There is a coupon {code} already.", field="code")
    known = await session.execute(select(Service.id).where(Service.id.in_(offered.service_ids)))
    if set(known.scalars()) != set(offered.service_ids):
        raise Invalid("One of these services is not in the catalog any more.", field="services")
    coupon = Coupon(
        organization_id=actor.organization_id,
        code=code,
        words=offered.words.strip(),
        kind="amount" if offered.amount is not None else "percent",
        percent=offered.percent,
        amount_minor=offered.amount.minor if offered.amount else 0,
        currency=currency,
        minimum_minor=offered.minimum.minor if offered.minimum else 0,
        expires_on=offered.expires_on,
        usage_limit=offered.usage_limit,
        client_limit=offered.client_limit,
        new_only=offered.new_only,
        duration="forever" if offered.forever else "first",
    )
    session.add(coupon)
    await session.flush()
    session.add_all(
        CouponService(organization_id=actor.organization_id, coupon_id=coupon.id, service_id=service_id)
        for service_id in dict.fromkeys(offered.service_ids)
    )
    await session.flush()
    await events.record(session, actor, Kind.COUPON_MADE, "coupon", coupon.id)
    return coupon


async def retire_coupon(session: Session, actor: Actor, coupon_id: uuid.UUID | str) -> Coupon:
    """Take a coupon out of use; what was sent with it keeps its price. Twice is once."""
    coupon = await access.fetch(session, actor, Can.SERVICE_MANAGE, Coupon, coupon_id, lock=True)
    if coupon.retired_at is None:
        coupon.retired_at = clock.now()
        await session.flush()
        await events.record(session, actor, Kind.COUPON_RETIRED, "coupon", coupon.id)
    return coupon


async def coupons(session: Session, actor: Actor) -> list[Coupon]:
    """The coupons that are in use, by code."""
    query = access.visible(actor, Can.SERVICE_MANAGE, Coupon).where(Coupon.retired_at.is_(None)).order_by(Coupon.code)
    return list((await session.execute(query)).scalars())


async def services_of(session: Session, coupons: Sequence[Coupon]) -> dict[uuid.UUID, list[str]]:
    """For which services each coupon is, by name; those that are for all are not in it."""
    rows = await session.execute(
        select(CouponService.coupon_id, Service.name)
        .join(Service, Service.id == CouponService.service_id)
        .where(CouponService.coupon_id.in_([coupon.id for coupon in coupons]))
        .order_by(Service.name)
    )
    found: dict[uuid.UUID, list[str]] = {}
    for coupon_id, name in rows:
        found.setdefault(coupon_id, []).append(name)
    return found
