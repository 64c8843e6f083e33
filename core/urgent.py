"""What waits on whom: what is most urgent for one of the team, and how an engagement stands between its two sides."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from core import access, clock, people
from core.access import Can
from core.conversations import Conversation
from core.db import Session, TenantRow
from core.engagements import Engagement, EngagementPerson
from core.invoices import Invoice
from core.people import Actor, Company, User
from core.projects import PHASES, Project, shown
from core.proposals import Proposal, Signer

Kind = TypeVar("Kind", bound=TenantRow)

SOON = timedelta(days=3)
"""How long before its end a proposal is called expiring."""


@dataclass(frozen=True)
class Urgent:
    """One thing that waits, fit for a line: which, where, why, and since or until when. It names no amount."""

    kind: str
    """"conversation", "proposal", "invoice" or "project"."""
    id: uuid.UUID
    engagement_id: uuid.UUID
    engagement: str
    title: str
    why: str
    """"waiting" (a client on us), "awaiting" (a signature), "expiring", "overdue", "stuck", "late"."""
    since: datetime | None = None
    until: date | None = None
    channel_id: str | None = None
    thread_ts: str | None = None


@dataclass(frozen=True)
class Board:
    """The most urgent things, and how many there are of each kind."""

    top: Sequence[Urgent]
    counts: Mapping[str, int]

    @property
    def more(self) -> int:
        """How many are not among the top."""
        return sum(self.counts.values()) - len(self.top)


async def mine(session: Session, actor: Actor, limit: int = 3) -> Board:
    """What waits on the actor: clients without an answer, the longest wait first; then proposals, the first to end;
    then invoices overdue and projects late, the latest first. Always the same number of queries.

    A thing is the actor's if they own it, or if nobody does and they are in its engagement.
    """
    house = await people.organization(session, actor.organization_id)
    zone = ZoneInfo(house.timezone)
    today = clock.now().astimezone(zone).date()
    found: list[Urgent] = []
    counts: dict[str, int] = {}
    for kind, query in _queries(actor, today).items():
        rows = (await session.execute(query.limit(limit))).all()
        counts[kind] = rows[0].total if rows else 0
        found += [_urgent(kind, row, zone) for row in rows]
    return Board(found[:limit], counts)


def _in_mine(actor: Actor) -> ColumnElement[bool]:
    return or_(
        Engagement.owner_id == actor.user_id,
        Engagement.id.in_(select(EngagementPerson.engagement_id).where(EngagementPerson.user_id == actor.user_id)),
    )


def _queries(actor: Actor, today: date) -> dict[str, Select[Any]]:
    in_mine = _in_mine(actor)
    running = Engagement.status == "active"

    def own(owner: Any) -> ColumnElement[bool]:
        return or_(owner == actor.user_id, and_(owner.is_(None), in_mine))

    def those(kind: type[Any], can: Can, *where: ColumnElement[bool]) -> Select[Any]:
        query = access.visible(actor, can, kind).join(Engagement, Engagement.id == kind.engagement_id)
        return query.add_columns(Engagement.title.label("engagement"), func.count().over().label("total")).where(*where)

    return {
        "conversation": those(
            Conversation,
            Can.CONVERSATION_SEE,
            Conversation.status == "waiting_us",
            Conversation.deleted_at.is_(None),
            running,
            own(Conversation.owner_id),
        ).order_by(Conversation.waiting_since.asc().nulls_last(), Conversation.opened_at),
        "proposal": those(
            Proposal, Can.PROPOSAL_SEE, Proposal.status.in_(("sent", "viewed")), running, own(Proposal.author_id)
        ).order_by(Proposal.expires_at),
        "invoice": those(
            Invoice,
            Can.INVOICE_SEE,
            or_(Invoice.status == "stuck", and_(Invoice.status == "open", Invoice.due_on < today)),
            in_mine,
        ).order_by(case((Invoice.status == "stuck", 0), else_=1), Invoice.due_on),
        "project": those(
            Project,
            Can.PROJECT_SEE,
            Project.status == "active",
            Project.deleted_at.is_(None),
            Project.due_on < today,
            running,
            own(Project.owner_id),
        ).order_by(Project.due_on),
    }


def _urgent(kind: str, row: Any, zone: ZoneInfo) -> Urgent:
    thing, engagement = row[0], row.engagement
    if kind == "conversation":
        since = thing.waiting_since or thing.opened_at
        return Urgent(
            kind,
            thing.id,
            thing.engagement_id,
            engagement,
            thing.topic,
            "waiting",
            since,
            None,
            thing.channel_id,
            thing.thread_ts,
        )
    if kind == "proposal":
        expiring = thing.expires_at - clock.now() <= SOON
        why = "expiring" if expiring else "awaiting"
        return Urgent(
            kind,
            thing.id,
            thing.engagement_id,
            engagement,
            thing.title,
            why,
            thing.sent_at,
            thing.expires_at.astimezone(zone).date(),
        )
    if kind == "invoice":
        why = "stuck" if thing.status == "stuck" else "overdue"
        return Urgent(kind, thing.id, thing.engagement_id, engagement, thing.name, why, thing.sent_at, thing.due_on)
    return Urgent(kind, thing.id, thing.engagement_id, engagement, thing.title, "late", thing.phase_since, thing.due_on)


@dataclass(frozen=True)
class Awaited:
    """Something that one side waits for: what kind, which, of whom (if one is named), since when, until when."""

    kind: str
    id: uuid.UUID
    title: str
    who: str = ""
    since: datetime | None = None
    until: date | None = None


@dataclass(frozen=True)
class Underway:
    """A project under way: its phase, the number of its step, its day."""

    title: str
    phase: str
    step: int
    steps: int
    due_on: date | None
    paused: bool


@dataclass(frozen=True)
class Standing:
    """How an engagement stands: what the client is waited for, what the agency is, and the work under way."""

    title: str
    company: str
    agency: str
    on_client: Sequence[Awaited]
    on_us: Sequence[Awaited]
    projects: Sequence[Underway]


async def standing(session: Session, actor: Actor, engagement_id: uuid.UUID) -> Standing:
    """How the engagement stands, as far as the actor may see it, always in the same number of queries."""
    engagement = await access.fetch(session, actor, Can.ENGAGEMENT_SEE, Engagement, engagement_id)
    house = await people.organization(session, actor.organization_id)
    zone = ZoneInfo(house.timezone)
    company = (await session.execute(select(Company.name).where(Company.id == engagement.company_id))).scalar_one()
    payer = (
        await session.execute(select(User.name).where(User.id == (engagement.billing_id or engagement.contact_id)))
    ).scalar_one()

    async def all_of(kind: type[Kind], can: Can, order: Any, *where: ColumnElement[bool]) -> Sequence[Kind]:
        query = access.visible(actor, can, kind).where(kind.engagement_id == engagement.id, *where).order_by(order)  # type: ignore[attr-defined]
        return (await session.execute(query)).scalars().all()

    talks = await all_of(
        Conversation,
        Can.CONVERSATION_SEE,
        Conversation.waiting_since,
        Conversation.status.in_(("waiting_us", "waiting_client")),
        Conversation.deleted_at.is_(None),
    )
    offers = await all_of(Proposal, Can.PROPOSAL_SEE, Proposal.expires_at, Proposal.status.in_(("sent", "viewed")))
    bills = await all_of(Invoice, Can.INVOICE_SEE, Invoice.due_on, Invoice.status == "open")
    work = await all_of(
        Project,
        Can.PROJECT_SEE,
        Project.created_at,
        Project.status.in_(("active", "paused")),
        Project.deleted_at.is_(None),
    )
    signers = await _next_signers(session, [each.id for each in offers])
    spoken = {
        status: [
            Awaited("conversation", each.id, each.topic, "", each.waiting_since)
            for each in talks
            if each.status == status
        ]
        for status in ("waiting_us", "waiting_client")
    }
    on_client = [
        *(
            Awaited(
                "proposal",
                each.id,
                each.title,
                signers.get(each.id, ""),
                each.sent_at,
                each.expires_at.astimezone(zone).date(),
            )
            for each in offers
            if each.id in signers
        ),
        *(Awaited("invoice", each.id, each.name, payer, each.issued_at, each.due_on) for each in bills),
        *spoken["waiting_client"],
    ]
    return Standing(
        engagement.title, company, house.name, on_client, spoken["waiting_us"], [_underway(each) for each in work]
    )


def _underway(project: Project) -> Underway:
    step = PHASES.index(project.phase) + 1
    return Underway(
        project.title,
        shown(project.phase, project.phase_names),
        step,
        len(PHASES),
        project.due_on,
        project.status == "paused",
    )


async def _next_signers(session: Session, proposal_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Who of the client's is asked to sign next, by proposal."""
    waiting = select(Signer.proposal_id, User.name).join(User, User.id == Signer.user_id)
    waiting = waiting.where(
        Signer.proposal_id.in_(proposal_ids), Signer.signed_at.is_(None), Signer.side == "client"
    ).order_by(Signer.position.desc())
    return {row.proposal_id: row.name for row in await session.execute(waiting)}


@dataclass(frozen=True)
class Mine:
    """An engagement of somebody's, as their own list shows it."""

    id: uuid.UUID
    title: str
    company: str
    stage: str
    connection: str
    status: str
    channel_id: str | None
    staff_channel_id: str | None


async def engagements_of(session: Session, actor: Actor, limit: int = 10) -> tuple[list[Mine], int]:
    """The actor's own engagements that are not closed, by title, and how many there are in all."""
    query = access.visible(actor, Can.ENGAGEMENT_SEE, Engagement).where(Engagement.status != "closed", _in_mine(actor))
    rows = (
        await session.execute(
            query.join(Company, Company.id == Engagement.company_id)
            .add_columns(Company.name.label("company"), func.count().over().label("total"))
            .order_by(Engagement.title)
            .limit(limit)
        )
    ).all()
    found = [
        Mine(
            each.id,
            each.title,
            company,
            each.stage,
            each.connection,
            each.status,
            each.channel_id,
            each.staff_channel_id,
        )
        for each, company, _ in rows
    ]
    return found, rows[0].total if rows else 0
