"""Writing a proposal: drafted, edited, copied; nothing of it leaves the agency before it is sent."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select

from core import access, clock, events
from core.access import Can
from core.db import Session
from core.engagements import Engagement, EngagementPerson
from core.errors import Conflict, Invalid, Way
from core.events import Kind
from core.people import Actor, Organization, User
from core.proposals.documents import end_of, last_day
from core.proposals.lines import MOST_LINES, NewItem
from core.proposals.tables import Item, Proposal, Signer

VALID_DAYS = 14
LATEST = timedelta(days=731)
"""How far away the end of a proposal may be: past it a typing error is likelier than an offer."""


async def draft(
    session: Session,
    actor: Actor,
    *,
    engagement_id: uuid.UUID | str,
    title: str,
    items: Sequence[NewItem],
    terms: str = "",
    valid_until: date | None = None,
    signer_ids: Sequence[uuid.UUID] = (),
    purpose: str = "",
    proposal_id: uuid.UUID | None = None,
    copied_from_id: uuid.UUID | None = None,
) -> Proposal:
    """Write a proposal in an engagement; only staff see it until it is sent.

    Valid for two weeks and to be signed by the main contact, if nothing else is said. `proposal_id` is chosen by the
    form, so that a form which arrives twice makes one draft.
    """
    engagement = await access.fetch(session, actor, Can.PROPOSAL_DRAFT, Engagement, engagement_id, lock=True)
    if engagement.status == "closed":
        raise Conflict(f"{engagement.title} is closed. Resume it with /engagement resume, then write the proposal.")
    house = await _house(session, actor)
    if proposal_id is not None:
        known = (await session.execute(select(Proposal).where(Proposal.id == proposal_id))).scalar_one_or_none()
        if known is not None:
            return await edit(
                session,
                actor,
                known.id,
                title=title,
                items=items,
                terms=terms,
                valid_until=valid_until or default_day(house),
                signer_ids=signer_ids or [engagement.contact_id],
                purpose=purpose,
            )
    proposal = Proposal(
        id=proposal_id or uuid.uuid4(),
        organization_id=actor.organization_id,
        engagement_id=engagement.id,
        author_id=actor.user_id,
        copied_from_id=copied_from_id,
        title=_title(title),
        purpose=" ".join(purpose.split()),
        currency=house.currency,
        terms=terms.strip(),
        expires_at=_expiry(valid_until or default_day(house), house),
    )
    signers = await _signers(session, engagement, signer_ids or [engagement.contact_id])
    _priced(items, house.currency)
    session.add(proposal)
    await session.flush()
    await _fill(session, proposal, items, signers)
    await events.record(session, actor, Kind.PROPOSAL_DRAFTED, "proposal", proposal.id, engagement_id=engagement.id)
    return proposal


async def edit(
    session: Session,
    actor: Actor,
    proposal_id: uuid.UUID | str,
    *,
    title: str,
    items: Sequence[NewItem],
    terms: str,
    valid_until: date,
    signer_ids: Sequence[uuid.UUID],
    purpose: str = "",
) -> Proposal:
    """Change a draft. What was sent is frozen; a form that changes nothing leaves no trace."""
    proposal = await access.fetch(session, actor, Can.PROPOSAL_DRAFT, Proposal, proposal_id, lock=True)
    if proposal.status != "draft":
        raise Conflict(
            f"“{proposal.title}” was sent already, so its text is frozen. A copy can be changed and sent instead.",
            way=Way("Copy it", "proposal.copy", str(proposal.id)),
        )
    house = await _house(session, actor)
    engagement = (await session.execute(select(Engagement).where(Engagement.id == proposal.engagement_id))).scalar_one()
    _priced(items, proposal.currency)
    signers = await _signers(session, engagement, signer_ids)
    before = await written(session, proposal)
    proposal.title, proposal.purpose, proposal.terms = _title(title), " ".join(purpose.split()), terms.strip()
    if valid_until != last_day(proposal.expires_at, house.timezone):
        proposal.expires_at = _expiry(valid_until, house)
    await _fill(session, proposal, items, signers)
    if await written(session, proposal) != before:
        await events.record(session, actor, Kind.PROPOSAL_EDITED, "proposal", proposal.id, engagement_id=engagement.id)
    return proposal


async def copy(session: Session, actor: Actor, proposal_id: uuid.UUID | str) -> Proposal:
    """A new draft with the content of another proposal, valid for two weeks from now. The other stays as it is.

    A draft that was copied from it and is a draft still is that copy: pressing twice makes one. Who has left signs nothing:
    then it is whoever could, and Conflict, with the way on, where nobody could.
    """
    source = await access.fetch(session, actor, Can.PROPOSAL_DRAFT, Proposal, proposal_id, lock=True)
    made = select(Proposal).where(Proposal.copied_from_id == source.id, Proposal.status == "draft")
    known = (await session.execute(made.order_by(Proposal.created_at.desc()).limit(1))).scalar_one_or_none()
    if known is not None:
        return known
    signers = await session.execute(
        select(Signer.user_id)
        .join(User, User.id == Signer.user_id)
        .where(Signer.proposal_id == source.id, User.left_at.is_(None))
    )
    engagement = (await session.execute(select(Engagement).where(Engagement.id == source.engagement_id))).scalar_one()
    possible = [user.id for user in await possible_signers(session, engagement)]
    if not possible:
        way = Way("Name someone else", "contact.successor", f"{engagement.id} {engagement.contact_id}")
        raise Conflict("Nobody of the client's is there to sign it.", way=way)
    return await draft(
        session,
        actor,
        engagement_id=source.engagement_id,
        title=source.title,
        items=await items_of(session, source.id),
        terms=source.terms,
        signer_ids=[one for one in signers.scalars() if one in possible] or possible[:1],
        purpose=source.purpose,
        copied_from_id=source.id,
    )


def default_day(house: Organization) -> date:
    """Until when a proposal is valid if nobody says otherwise: two weeks from today, in the agency's zone."""
    return clock.now().astimezone(ZoneInfo(house.timezone)).date() + timedelta(days=VALID_DAYS)


async def items_of(session: Session, proposal_id: uuid.UUID) -> list[NewItem]:
    """The items of a proposal, in their order."""
    rows = (
        await session.execute(select(Item).where(Item.proposal_id == proposal_id).order_by(Item.position))
    ).scalars()
    return [NewItem(row.title, row.quantity, row.unit, row.kind, row.description, row.service_id) for row in rows]


async def last_terms(session: Session, actor: Actor) -> str:
    """The terms that were used last, which the next proposal begins with."""
    query = access.visible(actor, Can.PROPOSAL_DRAFT, Proposal).where(Proposal.terms != "")
    latest = (await session.execute(query.order_by(Proposal.created_at.desc()).limit(1))).scalar_one_or_none()
    return latest.terms if latest else ""


async def possible_signers(session: Session, engagement: Engagement) -> list[User]:
    """The client's people in an engagement who could sign, the main contact first."""
    rows = (
        await session.execute(
            select(User)
            .join(EngagementPerson, EngagementPerson.user_id == User.id)
            .where(
                EngagementPerson.engagement_id == engagement.id,
                User.side == "client",
                User.left_at.is_(None),
                User.deleted_at.is_(None),
            )
            .order_by(User.name)
        )
    ).scalars()
    return sorted(rows, key=lambda user: user.id != engagement.contact_id)


async def written(session: Session, proposal: Proposal) -> tuple[object, ...]:
    """All that a form can change of a draft, to tell whether it did."""
    signers = await session.execute(
        select(Signer.user_id).where(Signer.proposal_id == proposal.id).order_by(Signer.position)
    )
    items = [(item, item.service_id) for item in await items_of(session, proposal.id)]
    return (proposal.title, proposal.purpose, proposal.terms, proposal.expires_at, items, list(signers.scalars()))


async def _fill(session: Session, proposal: Proposal, items: Sequence[NewItem], signers: Sequence[uuid.UUID]) -> None:
    await session.execute(delete(Item).where(Item.proposal_id == proposal.id))
    await session.execute(delete(Signer).where(Signer.proposal_id == proposal.id))
    for position, item in enumerate(items):
        session.add(
            Item(
                organization_id=proposal.organization_id,
                proposal_id=proposal.id,
                service_id=item.service_id,
                position=position,
                kind=item.kind,
                title=item.title,
                description=item.description,
                quantity=item.quantity,
                unit_minor=item.unit.minor,
                currency=item.unit.currency,
            )
        )
    for position, user_id in enumerate(signers):
        session.add(
            Signer(
                organization_id=proposal.organization_id, proposal_id=proposal.id, user_id=user_id, position=position
            )
        )
    await session.flush()


async def _house(session: Session, actor: Actor) -> Organization:
    return (await session.execute(select(Organization).where(Organization.id == actor.organization_id))).scalar_one()


async def _signers(session: Session, engagement: Engagement, wanted: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    possible = {user.id for user in await possible_signers(session, engagement)}
    signers = list(dict.fromkeys(wanted))
    if not signers:
        raise Invalid("Who is to sign it?", field="signer")
    if not possible.issuperset(signers):
        raise Invalid(
            "Whoever signs must be one of the client's people here. /engagement people shows them.", field="signer"
        )
    return signers


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


def _expiry(day: date, house: Organization) -> datetime:
    if day > default_day(house) + LATEST:
        raise Invalid("That is more than two years away. Until when shall it be valid?", field="until")
    expires_at = end_of(day, house.timezone)
    if expires_at <= clock.now():
        raise Invalid("That day has passed. Until when shall it be valid?", field="until")
    return expires_at
