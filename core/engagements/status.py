"""Where an engagement stands, for its cards: what waits on whom, projects, next date and payment; in few queries."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, select

from core import clock, people
from core.conversations import Conversation
from core.db import Session
from core.engagements.engagement import Engagement
from core.engagements.roster import Audience, EngagementPeople, audience, people_of
from core.invoices import Invoice
from core.money import Money
from core.people import Company
from core.projects import PHASES, Project, shown
from core.proposals import Proposal, Signer

VALID = timedelta(days=14)
"""How long Slack lets an invitation stand."""


@dataclass(frozen=True)
class Wait:
    """Something that waits on somebody: who, what they are to do, since when, and the thing itself."""

    who: str
    what: str
    since: datetime
    subject: str
    id: uuid.UUID
    mine_only: bool = False
    """Only staff may read that it waits on them: the client does not know of it yet."""

    def days(self, now: datetime) -> int:
        """For how many days it has waited."""
        return max(0, (now - self.since).days)


@dataclass(frozen=True)
class Work:
    """A project in a line: its phase, the place of the phase among all, and its date."""

    title: str
    phase: str
    step: int
    steps: int
    status: str
    due_on: date | None
    late: bool


@dataclass(frozen=True)
class Due:
    """The next payment."""

    title: str
    on: date | None
    amount: Money
    late_days: int


@dataclass(frozen=True)
class Status:
    """All that a status card shows; plain values, the same for both places, whose cards leave out what
    is not theirs.
    """

    id: uuid.UUID
    title: str
    company: str
    agency: str
    locale: str
    status: str
    stage: str
    paused_until: datetime | None
    contact: str
    contact_email: str
    owner: str
    on_client: tuple[Wait, ...]
    on_us: tuple[Wait, ...]
    projects: tuple[Work, ...]
    next_date: tuple[str, date] | None
    next_payment: Due | None
    show_amounts: bool
    connection: str
    invited_at: datetime | None
    invite_email: str
    invite_unknown: bool
    trouble: str
    channel_id: str | None
    channel_gone: str
    staff_channel_id: str | None
    exposed: bool
    adopted: bool
    prepared: bool
    bot_missing: bool
    audience: Audience
    now: datetime
    unreached: tuple[str, ...] = ()
    """Those of the client's people to whom mail comes back."""

    @property
    def expired(self) -> bool:
        """Whether the invitation has run out unanswered."""
        return (
            self.connection in ("invited", "mail")
            and self.invited_at is not None
            and self.invited_at + VALID < self.now
        )


async def status(session: Session, engagement_id: uuid.UUID) -> Status:
    """Where the engagement stands now, in a number of queries that does not depend on how much there is."""
    engagement = (
        await session.execute(
            select(Engagement).where(Engagement.id == engagement_id).execution_options(populate_existing=True)
        )
    ).scalar_one()
    company = (await session.execute(select(Company).where(Company.id == engagement.company_id))).scalar_one()
    house = await people.organization(session, engagement.organization_id)
    who = await people_of(session, engagement_id)
    now = clock.now()

    async def rows(query: Select[Any]) -> Sequence[Any]:
        found: Sequence[Any] = (await session.execute(query)).scalars().all()
        return found

    proposals: Sequence[Proposal] = await rows(
        select(Proposal).where(
            Proposal.engagement_id == engagement_id, Proposal.status.in_(("draft", "sent", "viewed"))
        )
    )
    signers = await _signers(session, [one.id for one in proposals])
    invoices: Sequence[Invoice] = await rows(
        select(Invoice)
        .where(Invoice.engagement_id == engagement_id, Invoice.status.in_(("draft", "stuck", "open")))
        .order_by(Invoice.due_on, Invoice.created_at)
    )
    talks: Sequence[Conversation] = await rows(
        select(Conversation)
        .where(
            Conversation.engagement_id == engagement_id,
            Conversation.status != "resolved",
            Conversation.deleted_at.is_(None),
        )
        .order_by(Conversation.waiting_since)
    )
    projects: Sequence[Project] = await rows(
        select(Project)
        .where(
            Project.engagement_id == engagement_id,
            Project.deleted_at.is_(None),
            Project.status.in_(("active", "paused")),
        )
        .order_by(Project.created_at, Project.title)
    )
    names = {user.id: user.first_name for user in [*who.team, *who.clients, who.owner, who.contact]}
    if engagement.status == "closed":  # nothing can be signed any more
        proposals = []
    on_client = _on_client(proposals, signers, invoices, talks, who)
    on_us = _on_us(proposals, signers, invoices, talks, projects, who, names)
    dated = sorted(
        (one for one in projects if one.due_on and one.due_on >= now.date() and one.status == "active"),
        key=lambda one: one.due_on or date.max,
    )
    owed = next((one for one in invoices if one.status == "open"), None)
    return Status(
        id=engagement.id,
        title=engagement.title,
        company=company.name,
        agency=house.name,
        locale=house.locale,
        status=engagement.status,
        stage=engagement.stage,
        paused_until=engagement.paused_until,
        contact=who.contact.first_name,
        contact_email=who.contact.email,
        unreached=tuple(
            dict.fromkeys(user.name for user in (who.contact, who.billing, *who.clients) if user.bounced_at)
        ),
        owner=who.owner.first_name,
        on_client=tuple(on_client),
        on_us=tuple(on_us),
        projects=tuple(_work(one, now.date()) for one in projects),
        next_date=(dated[0].title, dated[0].due_on) if dated and dated[0].due_on else None,
        next_payment=_due(owed, now.date()) if owed else None,
        show_amounts=engagement.show_amounts,
        connection=engagement.connection,
        invited_at=engagement.invited_at,
        invite_email=engagement.invite_email or who.contact.email,
        invite_unknown=engagement.trouble == "invite:unknown",
        trouble=engagement.trouble,
        channel_id=engagement.channel_id,
        channel_gone=engagement.channel_gone,
        staff_channel_id=engagement.staff_channel_id,
        exposed=engagement.exposed_at is not None,
        adopted=engagement.adopted,
        prepared=engagement.prepared_at is not None,
        bot_missing=engagement.channel_gone == "left",
        audience=await audience(session, engagement),
        now=now,
    )


async def _signers(session: Session, proposal_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """For each proposal the first who has not signed yet, and of which side; ours come after the client's."""
    rows = await session.execute(
        select(Signer.proposal_id, Signer.side, people.User)
        .join(people.User, people.User.id == Signer.user_id)
        .where(Signer.proposal_id.in_(proposal_ids), Signer.signed_at.is_(None))
        .order_by(Signer.side.desc(), Signer.position.desc())
    )
    return {proposal_id: (user.first_name, side) for proposal_id, side, user in rows}


def _on_client(
    proposals: Sequence[Proposal],
    signers: dict[uuid.UUID, tuple[str, str]],
    invoices: Sequence[Invoice],
    talks: Sequence[Conversation],
    who: EngagementPeople,
) -> list[Wait]:
    found = [
        Wait(
            signers.get(one.id, (who.contact.first_name, ""))[0],
            f"sign “{one.title}”",
            one.sent_at,
            "proposal",
            one.id,
        )
        for one in proposals
        if one.status != "draft" and one.sent_at and signers.get(one.id, ("", ""))[1] != "staff"
    ]
    found += [
        Wait(who.billing.first_name, f"pay “{one.title}”", one.issued_at or one.created_at, "invoice", one.id)
        for one in invoices
        if one.status == "open"
    ]
    theirs = {user.id for user in who.clients} | {None}  # what they asked and we answered is not theirs to answer
    found += [
        Wait(
            who.contact.first_name, f"answer “{one.topic}”", one.waiting_since or one.opened_at, "conversation", one.id
        )
        for one in talks
        if one.status == "waiting_client" and one.opened_by_id not in theirs
    ]
    return sorted(found, key=lambda wait: wait.since)


def _on_us(
    proposals: Sequence[Proposal],
    signers: dict[uuid.UUID, tuple[str, str]],
    invoices: Sequence[Invoice],
    talks: Sequence[Conversation],
    projects: Sequence[Project],
    who: EngagementPeople,
    names: dict[uuid.UUID, str],
) -> list[Wait]:
    owner = who.owner.first_name
    found = [
        Wait(
            names.get(one.owner_id, owner) if one.owner_id else owner,
            f"answer “{one.topic}”",
            one.waiting_since or one.opened_at,
            "conversation",
            one.id,
        )
        for one in talks
        if one.status == "waiting_us"
    ]
    found += [
        # A quote that they asked for is theirs to know of; what we write unasked is not.
        Wait(
            owner,
            f"{'send' if one.asked_by_id is None else 'quote'} “{one.title}”",
            one.created_at,
            "proposal",
            one.id,
            one.asked_by_id is None,
        )
        for one in proposals
        if one.status == "draft"
    ]
    found += [
        Wait(signers[one.id][0], f"countersign “{one.title}”", one.sent_at, "proposal", one.id)
        for one in proposals
        if one.sent_at and one.status != "draft" and signers.get(one.id, ("", ""))[1] == "staff"
    ]
    found += [
        Wait(owner, f"send the invoice “{one.title}”", one.created_at, "invoice", one.id, True)
        for one in invoices
        if one.status == "stuck" or (one.status == "draft" and not one.waits_for)
    ]
    found += [
        Wait(owner, f"say who leads “{one.title}”", one.created_at, "project", one.id, True)
        for one in projects
        if one.owner_id is None
    ]
    return sorted(found, key=lambda wait: wait.since)


def _work(project: Project, today: date) -> Work:
    late = project.status == "active" and project.due_on is not None and project.due_on < today
    phase, step = shown(project.phase, project.phase_names), PHASES.index(project.phase) + 1
    return Work(project.title, phase, step, len(PHASES), project.status, project.due_on, late)


def _due(invoice: Invoice, today: date) -> Due:
    late = (today - invoice.due_on).days if invoice.due_on else 0
    return Due(invoice.title, invoice.due_on, invoice.due, max(0, late))
