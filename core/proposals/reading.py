"""Proposals as they are read: one whole, as its cards and modals show it, and the lists of who is awaited."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from core import access, clock, engagements
from core.access import Can
from core.db import Session
from core.engagements import Audience, Engagement
from core.money import Money
from core.people import Actor, Company, Identity, Organization, User
from core.proposals.documents import Document, compose, digest, latest, parse
from core.proposals.standing import OPEN
from core.proposals.tables import Answer, Item, Proposal, Signer


@dataclass(frozen=True)
class Party:
    """A signer as they stand now: by which Slack account they are mentioned, what they have seen and done."""

    user_id: uuid.UUID
    name: str
    first_name: str
    slack_user_id: str
    viewed_at: datetime | None
    signed_at: datetime | None
    reminded_at: datetime | None


@dataclass(frozen=True)
class Offer:
    """A proposal with all that its cards, its preview and the signing modal show, as plain values."""

    id: uuid.UUID
    engagement_id: uuid.UUID
    engagement: str
    number: str
    status: str
    document: Document
    version_id: uuid.UUID | None
    sha256: str
    """Of the frozen version; of what sending would freeze, for a draft."""
    agency: str
    company: str
    owner: str
    contact: str
    author: str
    locale: str
    timezone: str
    show_amounts: bool
    connected: bool
    channel_id: str
    audience: Audience
    signers: tuple[Party, ...]
    sent_at: datetime | None
    viewed_at: datetime | None
    signed_at: datetime | None
    ended_at: datetime | None
    ended_by: str
    ended_reason: str
    expired: bool
    """Its time is past without an answer, whether or not the expiry job has run."""

    @property
    def waiting(self) -> tuple[Party, ...]:
        """Those who are still to sign."""
        return tuple(signer for signer in self.signers if signer.signed_at is None)

    @property
    def open(self) -> bool:
        """Whether it can be signed now."""
        return self.status in OPEN and not self.expired


async def offer(session: Session, proposal: Proposal) -> Offer:
    """The proposal as it is shown: the frozen version once it was sent, the draft as it stands before. Whoever calls
    has authorised it."""
    frozen = (await latest(session, [proposal.id])).get(proposal.id)
    body = frozen.body if frozen else await compose(session, proposal)
    engagement, company, house = (
        await session.execute(
            select(Engagement, Company, Organization)
            .join(Company, Company.id == Engagement.company_id)
            .join(Organization, Organization.id == Engagement.organization_id)
            .where(Engagement.id == proposal.engagement_id)
        )
    ).one()
    people = {
        user.id: user
        for user in (
            await session.execute(
                select(User).where(
                    User.id.in_([engagement.owner_id, engagement.contact_id, proposal.author_id, proposal.ended_by_id])
                )
            )
        ).scalars()
    }
    author, ended_by = (
        people.get(proposal.author_id or uuid.UUID(int=0)),
        people.get(proposal.ended_by_id or uuid.UUID(int=0)),
    )
    return Offer(
        id=proposal.id,
        engagement_id=engagement.id,
        engagement=engagement.title,
        number=proposal.number,
        status=proposal.status,
        document=parse(body),
        version_id=frozen.id if frozen else None,
        sha256=digest(body).hex(),
        agency=house.name,
        company=company.name,
        owner=people[engagement.owner_id].first_name,
        contact=people[engagement.contact_id].first_name,
        author=author.first_name if author else house.name,
        locale=house.locale,
        timezone=house.timezone,
        show_amounts=engagement.show_amounts,
        connected=engagement.connection == "connected" and bool(engagement.channel_id),
        channel_id=engagement.channel_id or "",
        audience=await engagements.audience(session, engagement),
        signers=await parties(session, proposal.id),
        sent_at=proposal.sent_at,
        viewed_at=proposal.viewed_at,
        signed_at=proposal.signed_at,
        ended_at=proposal.ended_at,
        ended_by=ended_by.first_name if ended_by else "",
        ended_reason=proposal.ended_reason,
        expired=proposal.status == "expired" or (proposal.status in OPEN and clock.now() >= proposal.expires_at),
    )


async def parties(session: Session, proposal_id: uuid.UUID) -> tuple[Party, ...]:
    """The signers of a proposal, in their order."""
    rows = await session.execute(
        select(Signer, User, func.min(Identity.slack_user_id).over(partition_by=Signer.id))
        .join(User, User.id == Signer.user_id)
        .outerjoin(Identity, Identity.user_id == User.id)
        .where(Signer.proposal_id == proposal_id)
        .order_by(Signer.position)
        .execution_options(populate_existing=True)
    )
    found = {}
    for signer, user, account in rows:
        found[signer.id] = Party(
            user.id, user.name, user.first_name, account or "", signer.viewed_at, signer.signed_at, signer.reminded_at
        )
    return tuple(found.values())


async def find(session: Session, proposal_id: uuid.UUID) -> Proposal | None:
    """The proposal with this id, for the worker, which acts for nobody."""
    return (await session.execute(select(Proposal).where(Proposal.id == proposal_id))).scalar_one_or_none()


async def answer(session: Session, answer_id: uuid.UUID) -> tuple[Answer, User]:
    """What a client answered, and who they are."""
    row = await session.execute(
        select(Answer, User).join(User, User.id == Answer.user_id).where(Answer.id == answer_id)
    )
    found, user = row.one()
    return found, user


async def of_engagement(session: Session, engagement_id: uuid.UUID) -> list[Proposal]:
    """All proposals of an engagement, drafts and ended ones too, newest first. Clients see those that have a
    `sent_at`."""
    query = (
        select(Proposal)
        .where(Proposal.engagement_id == engagement_id)
        .order_by(Proposal.created_at.desc(), Proposal.id)
    )
    return list((await session.execute(query)).scalars())


@dataclass(frozen=True)
class Entry:
    """A proposal in a list."""

    id: uuid.UUID
    engagement_id: uuid.UUID
    title: str
    engagement: str
    status: str
    total: Money
    awaited: tuple[str, ...]
    """The first names of those who are still to sign."""
    sent_at: datetime | None
    expires_at: datetime
    signed_at: datetime | None


async def listing(
    session: Session,
    actor: Actor,
    *,
    engagement_id: uuid.UUID | None = None,
    statuses: Sequence[str] = (),
    limit: int = 40,
) -> list[Entry]:
    """The proposals that the actor may see, what waits for somebody first; three queries, however many there are."""
    ranked = case((Proposal.status.in_(OPEN), 0), (Proposal.status == "draft", 1), else_=2)
    query = access.visible(actor, Can.PROPOSAL_SEE, Proposal).add_columns(Engagement.title)
    query = query.join(Engagement, Engagement.id == Proposal.engagement_id)
    if engagement_id is not None:
        query = query.where(Proposal.engagement_id == engagement_id)
    if statuses:
        query = query.where(Proposal.status.in_(statuses))
    rows = (await session.execute(query.order_by(ranked, Proposal.created_at.desc()).limit(limit))).all()
    ids = [proposal.id for proposal, _ in rows]
    totals = {
        proposal_id: int(amount)
        for proposal_id, amount in await session.execute(
            select(Item.proposal_id, func.sum(Item.quantity * Item.unit_minor))
            .where(Item.proposal_id.in_(ids))
            .group_by(Item.proposal_id)
        )
    }
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
            Money(totals.get(proposal.id, 0), proposal.currency),
            tuple(names.get(proposal.id, ())),
            proposal.sent_at,
            proposal.expires_at,
            proposal.signed_at,
        )
        for proposal, engagement in rows
    ]


@dataclass(frozen=True)
class Waiting:
    """A proposal that waits for somebody's signature: for the status card."""

    proposal_id: uuid.UUID
    title: str
    user_id: uuid.UUID
    first_name: str
    since: datetime


async def signers_of(session: Session, proposal_id: uuid.UUID) -> list[User]:
    """Who is asked to sign a proposal, in order."""
    rows = await session.execute(
        select(User)
        .join(Signer, Signer.user_id == User.id)
        .where(Signer.proposal_id == proposal_id)
        .order_by(Signer.position)
    )
    return list(rows.scalars())


async def waiting(session: Session, engagement_id: uuid.UUID) -> list[Waiting]:
    """Whose signature an engagement waits for, longest first; what is past its time waits for nobody."""
    rows = await session.execute(
        select(Proposal, User)
        .join(Signer, Signer.proposal_id == Proposal.id)
        .join(User, User.id == Signer.user_id)
        .where(
            Proposal.engagement_id == engagement_id,
            Proposal.status.in_(OPEN),
            Proposal.expires_at > clock.now(),
            Signer.signed_at.is_(None),
        )
        .order_by(Proposal.sent_at, Signer.position)
    )
    return [Waiting(p.id, p.title, user.id, user.first_name, p.sent_at or p.created_at) for p, user in rows]


async def candidates(
    session: Session, actor: Actor, *, engagement_id: uuid.UUID | None = None, statuses: Sequence[str] = ()
) -> list[tuple[uuid.UUID, str]]:
    """The proposals that a command may mean, with the words by which they are chosen."""
    entries = await listing(session, actor, engagement_id=engagement_id, statuses=statuses, limit=100)
    return [(each.id, each.title if engagement_id else f"{each.title} · {each.engagement}") for each in entries]
