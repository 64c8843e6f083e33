"""A proposal as it is read: whole, as its cards, its preview and its modals show it."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from core import clock, engagements
from core.db import Session
from core.engagements import Audience, Engagement
from core.people import Company, Identity, Organization, User
from core.proposals.composing import compose
from core.proposals.documents import Document, digest, latest, parse
from core.proposals.reckoning import Sum
from core.proposals.standing import OPEN
from core.proposals.tables import Answer, Proposal, Signer, Version


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
    side: str = "client"
    """`staff` is our countersigner, who signs last."""


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
    version_number: int = 0
    """Of the version that the client has; 0 before one was sent."""
    revising: bool = False
    """Whether staff are writing a new version."""
    coming: bool = False
    """Whether this shows what would be sent, and not what was."""
    bound: tuple[int, ...] | None = None
    """The options that the first signature chose, which bind the others; None before it."""
    out: tuple[Party, ...] = ()
    """For what would be sent: the signers of the version that is out, as they stand."""

    @property
    def waiting(self) -> tuple[Party, ...]:
        """Those who are still to sign."""
        return tuple(signer for signer in self.signers if signer.signed_at is None)

    @property
    def next(self) -> tuple[Party, ...]:
        """Those whose turn it is to sign: the client's, one after the other where it goes in order; ours at the end."""
        clients = tuple(party for party in self.waiting if party.side == "client")
        turn = clients or self.waiting
        return turn[:1] if self.document.in_order else turn

    @property
    def countersigner(self) -> Party | None:
        """Who signs for the agency, if that is wished for."""
        return next((party for party in self.signers if party.side == "staff"), None)

    @property
    def least(self) -> Sum:
        """What it comes to: with the options that were chosen, else with none."""
        return self.document.sum(self.bound or ())

    @property
    def most(self) -> Sum:
        """What it comes to with the options that were chosen, else with all of them."""
        return self.document.sum(self.document.options if self.bound is None else self.bound)

    @property
    def open(self) -> bool:
        """Whether it can be signed now."""
        return self.status in OPEN and not self.expired


async def offer(session: Session, proposal: Proposal, *, coming: bool = False) -> Offer:
    """The proposal as it is shown: the frozen version once it was sent, the draft as it stands before; with `coming`,
    what sending would freeze now, which is for staff alone. Whoever calls has authorised it."""
    from core.signatures import bound  # signatures are given on proposals, so they are looked up only here

    frozen = (await latest(session, [proposal.id])).get(proposal.id)
    ahead = frozen is None or (coming and proposal.revising)
    body = await compose(session, proposal) if ahead or frozen is None else frozen.body
    document = parse(body)
    chosen = await bound(session, frozen.id) if frozen and not ahead else None
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
        document=document,
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
        signers=await _asked(session, document) if ahead else await parties(session, proposal.id),
        sent_at=proposal.sent_at,
        viewed_at=proposal.viewed_at,
        signed_at=proposal.signed_at,
        ended_at=proposal.ended_at,
        ended_by=ended_by.first_name if ended_by else "",
        ended_reason=proposal.ended_reason,
        expired=proposal.status == "expired" or (proposal.status in OPEN and clock.now() >= proposal.expires_at),
        version_number=frozen.number if frozen else 0,
        revising=proposal.revising,
        coming=ahead,
        bound=None if chosen is None else tuple(chosen),
        out=await parties(session, proposal.id) if ahead and frozen else (),
    )


async def _asked(session: Session, document: Document) -> tuple[Party, ...]:
    """Those whom a text that was not sent yet asks to sign; none of them has seen it."""
    rows = await session.execute(
        select(Identity.user_id, func.min(Identity.slack_user_id).label("account"))
        .where(Identity.user_id.in_([each.user_id for each in document.signers]))
        .group_by(Identity.user_id)
    )
    accounts = {row.user_id: row.account for row in rows}
    return tuple(
        Party(each.user_id, each.name, each.first_name, accounts.get(each.user_id, ""), None, None, None, each.side)
        for each in document.signers
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
            user.id,
            user.name,
            user.first_name,
            account or "",
            signer.viewed_at,
            signer.signed_at,
            signer.reminded_at,
            signer.side,
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


async def wishes_for(session: Session, proposal: Proposal) -> list[tuple[str, str]]:
    """What the client's people asked to have changed in what was sent last, oldest first: who, in which words (none for
    a new date)."""
    if proposal.sent_at is None:
        return []
    rows = await session.execute(
        select(User, Answer.words)
        .join(Answer, Answer.user_id == User.id)
        .where(Answer.proposal_id == proposal.id, Answer.said_at >= proposal.sent_at)
        .order_by(Answer.said_at)
    )
    return [(user.first_name, words) for user, words in rows]


async def is_latest(session: Session, version_id: uuid.UUID | str) -> bool:
    """Whether this is the version of its proposal that was sent last; what is no version's id at all is none."""
    try:
        key = uuid.UUID(str(version_id))
    except ValueError:
        return False
    older = aliased(Version)
    query = (
        select(Version.id)
        .join(older, older.proposal_id == Version.proposal_id)
        .where(older.id == key)
        .order_by(Version.number.desc())
    )
    return (await session.execute(query.limit(1))).scalar_one_or_none() == key


async def of_engagement(session: Session, engagement_id: uuid.UUID) -> list[Proposal]:
    """All proposals of an engagement, drafts and ended ones too, newest first. Clients see those that have a
    `sent_at`."""
    query = (
        select(Proposal)
        .where(Proposal.engagement_id == engagement_id)
        .order_by(Proposal.created_at.desc(), Proposal.id)
    )
    return list((await session.execute(query)).scalars())
