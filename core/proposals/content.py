"""What a proposal says, apart from its life: gathered from its rows, put into them, and kept aside while a new version is written."""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from core.db import Session
from core.events import canonical
from core.proposals.documents import item_said, items_in, part_said, point_said, points_in, schedule_in
from core.proposals.lines import NewItem
from core.proposals.reckoning import WHOLE, Part, Point
from core.proposals.tables import Item, Milestone, Payment, Proposal, Signer


@dataclass(frozen=True)
class Content:
    """All that a form can say of a proposal. `signers` are the client's, in their order; ours comes after them."""

    title: str
    items: tuple[NewItem, ...]
    expires_at: datetime
    signers: tuple[uuid.UUID, ...]
    purpose: str = ""
    terms: str = ""
    terms_id: uuid.UUID | None = None
    milestones: tuple[Point, ...] = ()
    schedule: tuple[Part, ...] = WHOLE
    coupon_id: uuid.UUID | None = None
    in_order: bool = False
    countersigner: uuid.UUID | None = None


async def content_of(session: Session, proposal: Proposal) -> Content:
    """What a proposal says as its rows have it: the draft, or what was sent last."""
    signers = list(
        (
            await session.execute(select(Signer).where(Signer.proposal_id == proposal.id).order_by(Signer.position))
        ).scalars()
    )
    return Content(
        title=proposal.title,
        items=tuple(await items_of(session, proposal.id)),
        expires_at=proposal.expires_at,
        signers=tuple(each.user_id for each in signers if each.side == "client"),
        purpose=proposal.purpose,
        terms=proposal.terms,
        terms_id=proposal.terms_id,
        milestones=tuple(await milestones_of(session, proposal.id)),
        schedule=tuple(await schedule_of(session, proposal.id)),
        coupon_id=proposal.coupon_id,
        in_order=proposal.in_order,
        countersigner=next((each.user_id for each in signers if each.side == "staff"), None),
    )


async def coming(session: Session, proposal: Proposal) -> Content:
    """What a proposal would say if it were sent now: the changes that are being written, else its rows."""
    return _kept(proposal) if proposal.revising else await content_of(session, proposal)


async def fill(session: Session, proposal: Proposal, content: Content) -> None:
    """Put the content into the proposal's rows, in place of what they held; nobody has viewed or signed them yet."""
    proposal.title, proposal.purpose = content.title, content.purpose
    proposal.terms, proposal.terms_id = content.terms, content.terms_id
    proposal.expires_at, proposal.coupon_id, proposal.in_order = content.expires_at, content.coupon_id, content.in_order
    for table in (Item, Milestone, Payment, Signer):
        await session.execute(delete(table).where(table.proposal_id == proposal.id))
    whose = {"organization_id": proposal.organization_id, "proposal_id": proposal.id}
    session.add_all(
        Item(
            **whose,
            service_id=item.service_id,
            position=position,
            kind=item.kind,
            title=item.title,
            description=item.description,
            quantity=item.quantity,
            unit_minor=item.unit.minor,
            currency=item.unit.currency,
            optional=item.optional,
            discount_percent=item.discount_percent,
            discount_minor=item.discount_minor,
            tax_percent=item.tax_percent,
            period=item.period,
            trial_days=item.trial_days,
            setup_minor=item.setup_minor,
            template=dict(item.template),
        )
        for position, item in enumerate(content.items)
    )
    session.add_all(
        Milestone(**whose, position=position, title=point.title, due_on=point.due_on, item_position=point.item)
        for position, point in enumerate(content.milestones)
    )
    session.add_all(
        Payment(
            **whose,
            position=position,
            label=part.label,
            share=part.share,
            percent=part.percent,
            amount_minor=part.amount_minor,
            due=part.due,
            due_on=part.due_on,
            milestone=part.milestone,
        )
        for position, part in enumerate(content.schedule)
    )
    named = [(each, "client") for each in content.signers]
    named += [(content.countersigner, "staff")] if content.countersigner else []
    session.add_all(
        Signer(**whose, position=position, user_id=user_id, side=side) for position, (user_id, side) in enumerate(named)
    )
    await session.flush()


def put_aside(proposal: Proposal, content: Content) -> None:
    """Keep the content with the proposal and apart from its rows, which stay those of the version that the client
    has."""
    proposal.revising = True
    proposal.revision = canonical(
        {
            "title": content.title,
            "items": [item_said(position, item) for position, item in enumerate(content.items)],
            "expires_at": content.expires_at.isoformat(),
            "signers": [str(each) for each in content.signers],
            "purpose": content.purpose,
            "terms": content.terms,
            "terms_id": str(content.terms_id or ""),
            "milestones": [point_said(each) for each in content.milestones],
            "schedule": [part_said(each) for each in content.schedule],
            "coupon_id": str(content.coupon_id or ""),
            "in_order": content.in_order,
            "countersigner": str(content.countersigner or ""),
        }
    )


def drop_aside(proposal: Proposal) -> None:
    """Nothing is being written any more."""
    proposal.revising, proposal.revision = False, ""


def _kept(proposal: Proposal) -> Content:
    said = json.loads(proposal.revision)

    def known(written: str) -> uuid.UUID | None:
        return uuid.UUID(written) if written else None

    return Content(
        title=said["title"],
        items=items_in(said["items"], proposal.currency),
        expires_at=datetime.fromisoformat(said["expires_at"]),
        signers=tuple(uuid.UUID(each) for each in said["signers"]),
        purpose=said["purpose"],
        terms=said["terms"],
        terms_id=known(said["terms_id"]),
        milestones=points_in(said["milestones"]),
        schedule=schedule_in(said["schedule"]),
        coupon_id=known(said["coupon_id"]),
        in_order=said["in_order"],
        countersigner=known(said["countersigner"]),
    )


async def items_of(session: Session, proposal_id: uuid.UUID) -> list[NewItem]:
    """The items of a proposal as its rows have them, in their order."""
    rows = await session.execute(select(Item).where(Item.proposal_id == proposal_id).order_by(Item.position))
    return [item_in_row(row) for row in rows.scalars()]


def item_in_row(row: Item) -> NewItem:
    """A row's item as a plain value."""
    return NewItem(
        row.title,
        row.quantity,
        row.unit,
        row.kind,
        row.description,
        row.service_id,
        optional=row.optional,
        discount_percent=row.discount_percent,
        discount_minor=row.discount_minor,
        tax_percent=row.tax_percent,
        period=row.period,
        trial_days=row.trial_days,
        setup_minor=row.setup_minor,
        template=row.template,
    )


async def milestones_of(session: Session, proposal_id: uuid.UUID) -> list[Point]:
    """The milestones of a proposal as its rows have them, in their order."""
    rows = await session.execute(
        select(Milestone).where(Milestone.proposal_id == proposal_id).order_by(Milestone.position)
    )
    return [Point(row.title, row.due_on, row.item_position) for row in rows.scalars()]


async def schedule_of(session: Session, proposal_id: uuid.UUID) -> list[Part]:
    """The payment schedule of a proposal as its rows have it; all of it on signing, if none was written."""
    rows = await session.execute(select(Payment).where(Payment.proposal_id == proposal_id).order_by(Payment.position))
    parts = [
        Part(row.label, row.share, row.due, row.percent, row.amount_minor, row.due_on, row.milestone)
        for row in rows.scalars()
    ]
    return parts or list(WHOLE)
