"""What somebody wants a proposal to say: checked, each refusal at its field, and made into its content."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Required, TypedDict, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core import clock
from core.catalog import Coupon
from core.db import Session
from core.engagements import Engagement, EngagementPerson
from core.errors import Invalid
from core.money import MOST, total
from core.people import Organization, User
from core.proposals.composing import reduction
from core.proposals.content import Content
from core.proposals.coupons import coupon
from core.proposals.documents import end_of, last_day
from core.proposals.lines import MOST_LINES, NewItem
from core.proposals.reckoning import WHOLE, Part, Point, check_schedule, own_discount, reckon
from core.proposals.schedule import moved
from core.proposals.tables import Proposal
from core.proposals.terms import LONGEST, of_text

Said = TypeVar("Said", str, bool)

VALID_DAYS = 14
LATEST = timedelta(days=731)
"""How far away the end of a proposal may be: past it a typing error is likelier than an offer."""


class Wish(TypedDict, total=False):
    """What a form says. What is not there, or None, stays as it is; a new proposal begins without it."""

    title: Required[str]
    items: Required[Sequence[NewItem]]
    valid_until: date | None
    signer_ids: Sequence[uuid.UUID]
    purpose: str | None
    terms: str | None
    milestones: Sequence[Point] | None
    schedule: Sequence[Part] | None
    coupon: str | None
    """Its code; empty for none."""
    in_order: bool | None
    countersigner: str | None
    """The id of one of our people; empty for nobody."""


async def granted(
    session: Session,
    house: Organization,
    engagement: Engagement,
    proposal: Proposal,
    before: Content | None,
    wish: Wish,
) -> Content:
    """The content that was wished for; Invalid, at its field, for what cannot be."""
    items = tuple(wish["items"])
    _priced(items, proposal.currency)
    content = Content(
        title=_title(wish["title"]),
        items=items,
        expires_at=_expiry(wish.get("valid_until"), before, house),
        signers=tuple(await _signers(session, engagement, wish.get("signer_ids"), before)),
        purpose=_or(wish.get("purpose"), before.purpose if before else ""),
        terms=_or(wish.get("terms"), before.terms if before else ""),
        in_order=_or(wish.get("in_order"), before.in_order if before else False),
    )
    milestones, parts = wish.get("milestones"), wish.get("schedule")
    if milestones is None:
        milestones = moved(before.milestones, before.items, items) if before else []
    if parts is None:
        parts = before.schedule if before else WHOLE
    if len(content.terms) > LONGEST:
        raise Invalid(f"Please keep the terms to {LONGEST:,} characters.", field="terms")
    terms = await of_text(session, content.terms) if content.terms.strip() else None
    used = await _coupon(session, house, engagement, proposal, before, wish.get("coupon"), items)
    content = replace(
        content,
        purpose=" ".join(content.purpose.split()),
        terms=content.terms.strip(),
        terms_id=terms.id if terms else None,
        milestones=tuple(milestones),
        schedule=tuple(parts) or WHOLE,
        coupon_id=used.id if used else None,
        countersigner=await _countersigner(session, engagement, wish.get("countersigner"), before),
    )
    taken_off = await reduction(session, content.coupon_id)
    check_schedule(content.schedule, content.milestones, reckon(items, proposal.currency, (), taken_off).once)
    _workable(content)
    return content


def default_day(house: Organization) -> date:
    """Until when a proposal is valid if nobody says otherwise: two weeks from today, in the agency's zone."""
    return clock.now().astimezone(ZoneInfo(house.timezone)).date() + timedelta(days=VALID_DAYS)


async def possible_signers(session: Session, engagement: Engagement) -> list[User]:
    """The client's people in an engagement who could sign, the main contact first."""
    return sorted(await _inside(session, engagement, "client"), key=lambda user: user.id != engagement.contact_id)


async def possible_countersigners(session: Session, engagement: Engagement) -> list[User]:
    """Our people in an engagement who could sign for the house, its owner first."""
    return sorted(await _inside(session, engagement, "staff"), key=lambda user: user.id != engagement.owner_id)


async def _inside(session: Session, engagement: Engagement, side: str) -> Sequence[User]:
    rows = await session.execute(
        select(User)
        .join(EngagementPerson, EngagementPerson.user_id == User.id)
        .where(
            EngagementPerson.engagement_id == engagement.id,
            User.side == side,
            User.left_at.is_(None),
            User.deleted_at.is_(None),
        )
        .order_by(User.name)
    )
    return rows.scalars().all()


def _or(said: Said | None, before: Said) -> Said:
    return before if said is None else said


async def _signers(
    session: Session, engagement: Engagement, wanted: Sequence[uuid.UUID] | None, before: Content | None
) -> list[uuid.UUID]:
    possible = {user.id for user in await possible_signers(session, engagement)}
    signers = list(dict.fromkeys(wanted if wanted is not None else before.signers if before else ()))
    if not signers and before is None:
        signers = [engagement.contact_id]
    if not signers:
        raise Invalid("Who is to sign it?", field="signers")
    if not possible.issuperset(signers):
        raise Invalid(
            "Whoever signs must be one of the client's people here. /engagement people shows them.", field="signers"
        )
    return signers


async def _countersigner(
    session: Session, engagement: Engagement, wanted: str | None, before: Content | None
) -> uuid.UUID | None:
    if wanted is None:
        return before.countersigner if before else None
    if not wanted:
        return None
    possible = {str(user.id): user.id for user in await possible_countersigners(session, engagement)}
    if wanted not in possible:
        raise Invalid(
            "Whoever countersigns must be one of your people in this engagement. /engagement people shows them.",
            field="countersigner",
        )
    return possible[wanted]


async def _coupon(
    session: Session,
    house: Organization,
    engagement: Engagement,
    proposal: Proposal,
    before: Content | None,
    code: str | None,
    items: Sequence[NewItem],
) -> Coupon | None:
    if code is None and before and before.coupon_id:
        code = (await session.execute(select(Coupon.code).where(Coupon.id == before.coupon_id))).scalar_one()
    if not code or not code.strip():
        return None
    return await coupon(session, code, proposal=proposal, engagement=engagement, house=house, items=items)


def _title(typed: str) -> str:
    title = " ".join(typed.split())
    if not title:
        raise Invalid("What shall the proposal be called?", field="title")
    if len(title) > 120:
        raise Invalid("Please keep the title to 120 characters.", field="title")
    return title


def _priced(items: Sequence[NewItem], currency: str) -> None:
    if not items:
        raise Invalid(
            "What do you offer? Choose a service, or write a line such as “SEO audit, 2 × 900”.", field="lines"
        )
    if len(items) > MOST_LINES:
        raise Invalid(f"A proposal takes at most {MOST_LINES} items; these are {len(items)}.", field="lines")
    if any(item.unit.currency != currency for item in items):
        raise Invalid(f"This proposal is in {currency}; one of its items is not.", field="services")
    for item in items:
        if item.quantity < 1 or item.unit.minor < 0 or item.setup_minor < 0 or item.trial_days < 0:
            raise Invalid(f"“{item.title}” has an amount below zero.", field="lines")
        if not (0 <= item.discount_percent <= 100 and 0 <= item.tax_percent <= 100 and item.discount_minor >= 0):
            raise Invalid(f"“{item.title}” has a discount or a tax that cannot be.", field="lines")
        if item.discount_percent and item.discount_minor:
            raise Invalid(f"“{item.title}” has two discounts. One is enough.", field="lines")
        if item.discount_minor and own_discount(item) != item.discount:
            raise Invalid(f"The discount of “{item.title}” is more than it costs.", field="lines")
    if total([item.amount + item.setup for item in items], currency).minor > MOST:
        raise Invalid("Together that is too large to be meant. Please check the zeros.", field="lines")
    if all(item.optional for item in items):
        raise Invalid("At least one item must not be optional: otherwise there may be nothing to sign.", field="lines")


def _workable(content: Content) -> None:
    """Invalid for milestones, and payments that wait for work, where there may be no work to reach them."""
    work = [item for item in content.items if item.kind == "work" and not item.optional]
    if content.milestones and not work:
        raise Invalid(
            "Milestones belong to work, and nothing here is sure to be: all of it is optional, or a fee.",
            field="milestones",
        )
    for point in content.milestones:
        if point.item is not None and content.items[point.item].kind == "fee":
            raise Invalid(
                f"“{content.items[point.item].title}” is a fee, so “{point.title}” cannot be reached in it.",
                field="milestones",
            )
    waits = next((part for part in content.schedule if part.due in ("milestone", "completion")), None)
    if waits and not work:
        raise Invalid(
            f"“{waits.label}” waits for work that may never begin: all of it is optional, or a fee. Give it a day, or"
            " let it be due on signing.",
            field="schedule",
        )


def _expiry(day: date | None, before: Content | None, house: Organization) -> datetime:
    if day is None and before is not None:
        return before.expires_at
    wanted = day or default_day(house)
    if before is not None and wanted == last_day(before.expires_at, house.timezone) and before.expires_at > clock.now():
        return before.expires_at
    if wanted > default_day(house) + LATEST:
        raise Invalid("That is more than two years away. Until when shall it be valid?", field="until")
    expires_at = end_of(wanted, house.timezone)
    if expires_at <= clock.now():
        raise Invalid("That day has passed. Until when shall it be valid?", field="until")
    return expires_at
