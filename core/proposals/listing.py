"""Lists of proposals: all that somebody may see, what each comes to, and whose signature is awaited."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, select

from core import access, clock
from core.access import Can
from core.db import Session
from core.engagements import Engagement
from core.money import Money
from core.people import Actor, User
from core.proposals.composing import reductions
from core.proposals.content import item_in_row
from core.proposals.lines import NewItem
from core.proposals.reckoning import Sum, reckon
from core.proposals.standing import OPEN
from core.proposals.tables import Item, Proposal, Signer


@dataclass(frozen=True)
class Entry:
    """A proposal in a list."""

    id: uuid.UUID
    engagement_id: uuid.UUID
    title: str
    engagement: str
    status: str
    total: Money
    """What is paid once, tax included, at least: without any option."""
    awaited: tuple[str, ...]
    """The first names of those who are still to sign."""
    sent_at: datetime | None
    expires_at: datetime
    signed_at: datetime | None
    recurring: tuple[tuple[str, Money], ...] = ()
    """What each period costs, tax included, at least."""
    revising: bool = False


async def listing(
    session: Session,
    actor: Actor,
    *,
    engagement_id: uuid.UUID | None = None,
    statuses: Sequence[str] = (),
    limit: int = 40,
) -> list[Entry]:
    """The proposals that the actor may see, what waits for somebody first; five queries at most, however many there
    are."""
    ranked = case((Proposal.status.in_(OPEN), 0), (Proposal.status == "draft", 1), else_=2)
    query = access.visible(actor, Can.PROPOSAL_SEE, Proposal).add_columns(Engagement.title)
    query = query.join(Engagement, Engagement.id == Proposal.engagement_id)
    if engagement_id is not None:
        query = query.where(Proposal.engagement_id == engagement_id)
    if statuses:
        query = query.where(Proposal.status.in_(statuses))
    rows = (await session.execute(query.order_by(ranked, Proposal.created_at.desc()).limit(limit))).all()
    ids = [proposal.id for proposal, _ in rows]
    sums = await totals(session, [proposal for proposal, _ in rows])
    names: dict[uuid.UUID, list[str]] = {}
    for proposal_id, user in await session.execute(
        select(Signer.proposal_id, User)
        .join(User, User.id == Signer.user_id)
        .where(Signer.proposal_id.in_(ids), Signer.signed_at.is_(None))
        .order_by(Signer.position)
    ):
        names.setdefault(proposal_id, []).append(user.first_name)
    return [
        Entry(
            proposal.id,
            proposal.engagement_id,
            proposal.title,
            engagement,
            proposal.status,
            sums[proposal.id].once,
            tuple(names.get(proposal.id, ())),
            proposal.sent_at,
            proposal.expires_at,
            proposal.signed_at,
            tuple((period, later) for period, _, later in sums[proposal.id].recurring),
            proposal.revising and proposal.status != "signed",
        )
        for proposal, engagement in rows
    ]


async def totals(session: Session, proposals: Sequence[Proposal]) -> dict[uuid.UUID, Sum]:
    """What each of these comes to at least, by its rows; for drafts and for what is out. Three queries at most."""
    rows = await session.execute(
        select(Item).where(Item.proposal_id.in_([each.id for each in proposals])).order_by(Item.position)
    )
    items: dict[uuid.UUID, list[NewItem]] = {}
    for row in rows.scalars():
        items.setdefault(row.proposal_id, []).append(item_in_row(row))
    known = await reductions(session, {each.coupon_id for each in proposals if each.coupon_id})
    return {
        each.id: reckon(items.get(each.id, []), each.currency, (), known[each.coupon_id] if each.coupon_id else None)
        for each in proposals
    }


@dataclass(frozen=True)
class Waiting:
    """A proposal that waits for somebody's signature: for the status card."""

    proposal_id: uuid.UUID
    title: str
    user_id: uuid.UUID
    first_name: str
    since: datetime


async def waiting(session: Session, engagement_id: uuid.UUID) -> list[Waiting]:
    """Whose signature an engagement waits for, longest first; what is past its time waits for nobody, and our own
    signature is none that the client is waited for."""
    rows = await session.execute(
        select(Proposal, Signer, User)
        .join(Signer, Signer.proposal_id == Proposal.id)
        .join(User, User.id == Signer.user_id)
        .where(
            Proposal.engagement_id == engagement_id,
            Proposal.status.in_(OPEN),
            Proposal.expires_at > clock.now(),
            Signer.signed_at.is_(None),
            Signer.side == "client",
        )
        .order_by(Proposal.sent_at, Proposal.id, Signer.position)
    )
    found, turns = [], set[uuid.UUID]()
    for proposal, _, user in rows:
        if proposal.in_order and proposal.id in turns:
            continue
        turns.add(proposal.id)
        since = proposal.sent_at or proposal.created_at
        found.append(Waiting(proposal.id, proposal.title, user.id, user.first_name, since))
    return found


async def candidates(
    session: Session,
    actor: Actor,
    *,
    engagement_id: uuid.UUID | None = None,
    statuses: Sequence[str] = (),
    unsent: bool = False,
) -> list[tuple[uuid.UUID, str]]:
    """The proposals that a command may mean, with the words by which they are chosen; with `unsent`, drafts and those
    of which a new version is being written."""
    entries = await listing(session, actor, engagement_id=engagement_id, statuses=statuses, limit=100)
    if unsent:
        entries = [each for each in entries if each.status == "draft" or each.revising]
    return [(each.id, each.title if engagement_id else f"{each.title} · {each.engagement}") for each in entries]
