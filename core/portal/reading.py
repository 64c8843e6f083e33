"""The one read behind the client's page, in as many queries for one project as for fifty."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on

from core import access, clock, papers, people, signatures
from core.access import Can
from core.contracts import Contract
from core.db import Session
from core.engagements import Engagement
from core.errors import NotAllowed
from core.invoices import Invoice
from core.money import Money
from core.orders import Order
from core.people import Actor, Company, User
from core.portal.offers import line_of, turn_of
from core.portal.seen import (
    ContractSeen,
    EngagementSeen,
    InvoiceSeen,
    OrderSeen,
    PersonSeen,
    Portal,
    ProjectSeen,
    ProposalSeen,
    QuoteSeen,
    SignerSeen,
)
from core.projects import PHASES, Move, Project, shown
from core.proposals import Proposal, Signer, Version, difference, last_day, parse
from core.proposals import latest as frozen

STANDING = {
    "draft": "Getting started",
    "active": "Proposal with you",
    "processing": "Signed, getting ready",
    "confirmed": "Under way",
    "fulfilled": "Delivered",
    "complete": "All settled",
    "cancelled": "Ended",
}
"""A stage in the client's words."""

Key = TypeVar("Key")
Thing = TypeVar("Thing")


async def hydrate(session: Session, actor: Actor) -> Portal:
    """All that this client may see: their engagements and, of each, the work, offers, contract, orders and bills.

    Drafts and what is another client's are not in it (access.visible). Raises NotAllowed for anyone but a client:
    nobody sees as another.
    """
    if actor.side != "client" or actor.user_id is None:
        raise NotAllowed("This page is the client's own.")

    async def rows(query: Select[Any]) -> Sequence[Any]:
        found: Sequence[Any] = (await session.execute(query)).scalars().all()
        return found

    house = await people.organization(session, actor.organization_id)
    engagements: Sequence[Engagement] = await rows(
        access.visible(actor, Can.ENGAGEMENT_SEE, Engagement).order_by(Engagement.created_at, Engagement.id)
    )
    projects: Sequence[Project] = await rows(
        access.visible(actor, Can.PROJECT_SEE, Project)
        .where(Project.deleted_at.is_(None), Project.status != "cancelled")
        .order_by(Project.created_at, Project.id)
    )
    moves: Sequence[Move] = await rows(
        access.visible(actor, Can.PROJECT_SEE, Move)
        .ext(distinct_on(Move.project_id))
        .order_by(Move.project_id, Move.done_at.desc(), Move.created_at.desc())
    )
    proposals: Sequence[Proposal] = await rows(
        access.visible(actor, Can.PROPOSAL_SEE, Proposal).order_by(Proposal.sent_at.desc(), Proposal.id)
    )
    offered = [each.id for each in proposals]
    texts = await frozen(session, offered)
    copies = await papers.listed(session, offered)
    asked: Sequence[Proposal] = await rows(
        # Drafts are the agency's; that somebody asked for one, and in which words, is the client's own.
        select(Proposal)
        .where(
            Proposal.engagement_id.in_([each.id for each in engagements]),
            Proposal.status == "draft",
            Proposal.asked_by_id.is_not(None),
        )
        .order_by(Proposal.created_at)
    )
    chosen = await signatures.chosen(session, [each.id for each in texts.values()])
    signers: Sequence[Signer] = await rows(
        select(Signer).where(Signer.proposal_id.in_(offered)).order_by(Signer.position)
    )
    contracts: Sequence[Contract] = await rows(
        # By engagement, not by company: a colleague who is not in it does not thereby read its contract.
        select(Contract)
        .where(Contract.engagement_id.in_([each.id for each in engagements]))
        .order_by(Contract.signed_at.desc(), Contract.id)
    )
    orders: Sequence[Order] = await rows(
        access.visible(actor, Can.PROJECT_SEE, Order).order_by(Order.created_at.desc(), Order.id)
    )
    invoices: Sequence[Invoice] = await rows(
        access.visible(actor, Can.INVOICE_SEE, Invoice).order_by(Invoice.created_at, Invoice.id)
    )
    companies: Sequence[Company] = await rows(
        select(Company).where(Company.id.in_({actor.company_id, *(each.company_id for each in engagements)}))
    )
    named = {e.owner_id for e in engagements} | {p.owner_id for p in projects} | {s.user_id for s in signers}
    users = await people.get(session, [each for each in named if each])

    eye = _Eye(actor, users, {each.project_id: each for each in moves}, house.timezone, texts, copies, chosen)
    signing = _by(signers, lambda each: each.proposal_id)
    names = {each.id: each.name for each in companies}
    projects_of = _by(projects, _home)
    proposals_of = _by(proposals, _home)
    quotes_of = _by(asked, _home)
    contracts_of = _by(contracts, _home)
    orders_of = _by(orders, _home)
    invoices_of = _by(invoices, _home)
    offers = {each.id: eye.proposal(each, signing[each.id]) for each in proposals}
    return Portal(
        agency=house.name,
        name=actor.name,
        first_name=(actor.name.split() or [actor.name])[0],
        company=names.get(actor.company_id, "") if actor.company_id else "",
        today=eye.today,
        engagements=tuple(
            EngagementSeen(
                id=each.id,
                title=each.title,
                company=names.get(each.company_id, ""),
                status=each.status,
                standing=STANDING.get(each.stage, ""),
                paused_until=eye.day(each.paused_until),
                channel_name=each.channel_name,
                connected=each.connection == "connected",
                owner=eye.person(each.owner_id) or PersonSeen(house.name, ""),
                projects=tuple(eye.project(project) for project in projects_of[each.id]),
                proposals=tuple(offers[proposal.id] for proposal in proposals_of[each.id]),
                contracts=tuple(
                    eye.contract(contract, offers.get(contract.proposal_id)) for contract in contracts_of[each.id]
                ),
                orders=tuple(eye.order(order, invoices_of[each.id]) for order in orders_of[each.id]),
                invoices=tuple(sorted((eye.invoice(invoice) for invoice in invoices_of[each.id]), key=_first_due)),
                quotes=tuple(eye.quote(quote) for quote in quotes_of[each.id]),
            )
            for each in engagements
        ),
    )


@dataclass(frozen=True)
class _Eye:
    """The reader: rows become what they see, with days in their zone."""

    actor: Actor
    users: Mapping[uuid.UUID, User]
    moves: Mapping[uuid.UUID, Move]
    house_zone: str
    """The agency's: the day until which an offer is valid is the one that its text names."""
    texts: Mapping[uuid.UUID, Version]
    copies: Mapping[uuid.UUID, Sequence[papers.Copy]]
    chosen: Mapping[uuid.UUID, Sequence[int]]
    """The options that were chosen, by version, once somebody has signed it."""

    @property
    def zone(self) -> tzinfo:
        try:
            return ZoneInfo(self.actor.timezone or "UTC")
        except (ZoneInfoNotFoundError, ValueError):
            return UTC

    @property
    def today(self) -> date:
        return clock.now().astimezone(self.zone).date()

    def the_day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def day(self, moment: datetime | None) -> date | None:
        return self.the_day(moment) if moment else None

    def person(self, user_id: uuid.UUID | None) -> PersonSeen | None:
        user = self.users.get(user_id) if user_id else None
        return PersonSeen(user.name, user.email) if user else None

    def project(self, row: Project) -> ProjectSeen:
        move = self.moves.get(row.id)
        return ProjectSeen(
            id=row.id,
            title=row.title,
            status=row.status,
            phase=shown(row.phase, row.phase_names),
            step=PHASES.index(row.phase) + 1,
            steps=len(PHASES),
            due_on=row.due_on,
            late=max(0, (self.today - row.due_on).days) if row.due_on and row.status == "active" else 0,
            completed_on=self.day(row.completed_at),
            owner=self.person(row.owner_id),
            next_what=move.next_what if move else "",
            next_on=move.next_on if move else None,
            needed=move.needed if move else "",
        )

    def proposal(self, row: Proposal, signers: Sequence[Signer]) -> ProposalSeen:
        waits = row.status in ("sent", "viewed") and row.expires_at > clock.now()
        version = self.texts.get(row.id)
        text = parse(version.body) if version else None
        bound = self.chosen.get(version.id) if version else None
        return ProposalSeen(
            id=row.id,
            title=row.title,
            purpose=row.purpose,
            status="expired" if row.status in ("sent", "viewed") and not waits else row.status,
            total=(text.sum(bound).once if bound else text.total) if text else Money.zero(row.currency),
            expires_on=last_day(row.expires_at, self.house_zone),
            sent_on=self.day(row.sent_at),
            signed_on=self.day(row.signed_at),
            signers=tuple(
                SignerSeen(user.name, self.day(each.signed_at))
                for each in signers
                if (user := self.users.get(each.user_id)) is not None
            ),
            waits=waits,
            mine=waits and any(each.user_id == self.actor.user_id for each in turn_of(row, signers)),
            lines=tuple(line_of(item, place, bound) for place, item in enumerate(text.items if text else ())),
            terms=text.terms if text else "",
            version=text.number if text else 1,
            least=text.sum(bound or ()) if text else None,
            most=text.sum(text.options if bound is None else bound) if text else None,
            change=difference(text, bound or ()) if text else None,
            paper=self.copy(row, "offer"),
            signed_paper=self.copy(row, "signed"),
        )

    def quote(self, row: Proposal) -> QuoteSeen:
        return QuoteSeen(row.asked_words, self.the_day(row.created_at))

    def copy(self, row: Proposal, kind: str) -> uuid.UUID | None:
        """The paper of this kind, of the newest version that has one."""
        return next((each.id for each in self.copies.get(row.id, ()) if each.kind == kind), None)

    def contract(self, row: Contract, text: ProposalSeen | None) -> ContractSeen:
        return ContractSeen(
            number=row.number,
            title=row.title,
            status=row.status,
            signed_on=self.the_day(row.signed_at),
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            text=text,
        )

    def order(self, row: Order, invoices: Iterable[Invoice]) -> OrderSeen:
        paid = sum(each.paid_minor for each in invoices if each.order_id == row.id and each.currency == row.currency)
        return OrderSeen(row.number, row.title, row.total, Money(paid, row.currency), self.the_day(row.created_at))

    def invoice(self, row: Invoice) -> InvoiceSeen:
        status: Literal["open", "paid", "void"] = (
            "paid" if row.status == "paid" else "void" if row.status == "void" else "open"
        )
        return InvoiceSeen(
            id=row.id,
            serial=row.serial or row.number,
            title=row.title,
            status=status,
            total=row.total,
            due=row.due,
            due_on=row.due_on,
            late=max(0, (self.today - row.due_on).days) if row.due_on and status == "open" else 0,
            paid_on=self.day(row.paid_at),
            hosted_url=_web(row.hosted_url),
            pdf_url=_web(row.pdf_url),
        )


def _home(row: Project | Proposal | Contract | Order | Invoice) -> uuid.UUID:
    return row.engagement_id


def _by(things: Iterable[Thing], key: Callable[[Thing], Key]) -> defaultdict[Key, list[Thing]]:
    found: defaultdict[Key, list[Thing]] = defaultdict(list)
    for each in things:
        found[key(each)].append(each)
    return found


def _first_due(bill: InvoiceSeen) -> tuple[int, int]:
    """What is to be paid first, earliest due first; then what was paid, latest first; then what was cancelled."""
    rank = ("open", "paid", "void").index(bill.status)
    if bill.status == "open":
        return rank, (bill.due_on or date.max).toordinal()
    return rank, -(bill.paid_on or bill.due_on or date.min).toordinal()


def _web(address: str) -> str:
    """The address, if it is one of the web."""
    return address if address.startswith(("https://", "http://")) else ""
