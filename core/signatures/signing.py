"""Signing: under a lock and once; the last signature makes the order, the contract, the projects and the first bill."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from core import access, contracts, events, invoices, orders, projects, proposals, stage
from core.access import Can
from core.db import Session
from core.engagements import Engagement
from core.errors import Conflict, Invalid, NotFound, Way
from core.events import Kind
from core.orders import Bought
from core.people import Actor
from core.proposals import Document, Proposal, Version, digest
from core.signatures.evidence import STATEMENTS, Signature, gather


@dataclass(frozen=True)
class Signed:
    """What a signature brought about: `last` says that nobody else is to sign, so that the work, the order and the
    bill were made."""

    signature: Signature
    proposal: Proposal
    last: bool


async def sign(
    session: Session,
    actor: Actor,
    version_id: uuid.UUID | str,
    *,
    typed_name: str,
    title: str = "",
    ticks: Collection[str],
    shown_sha256: str,
    shown_at: datetime | None = None,
    method: str = "slack",
    facts: Mapping[str, str] | None = None,
) -> Signed:
    """Sign a version; with the last signature, in this transaction and once: the order, its projects, the contract,
    the first bill's draft.

    Under a lock: the person is asked to sign and has not, the version is the latest, it has not ended or expired, and
    the hash of what was shown is that of what is stored, recomputed here. `ticks` are names of STATEMENTS; `facts` is
    what the face knows of the request. Raises Invalid at a blank name or a missing tick, NotAllowed for others than
    the signers, Conflict with a way on for all else.
    """
    version = await _version(session, version_id)
    proposal = await access.fetch(session, actor, Can.PROPOSAL_SIGN, Proposal, version.proposal_id, lock=True)
    signer = await proposals.own_part(session, actor, proposal)
    if signer.signed_at is not None:
        await _refuse_second(session, proposal, signer.signed_at, actor)
    await proposals.demand_open(session, proposal)
    document = await _same_document(session, version, shown_sha256)
    name = " ".join(typed_name.split())
    if not name:
        raise Invalid("Please type your full name; it is your signature.", field="name")
    for statement in STATEMENTS:
        if statement.name not in ticks:
            raise Invalid(statement.asked, field=statement.name)
    signature = gather(
        actor,
        signer,
        version,
        document,
        name,
        " ".join(title.split()),
        shown_at or signer.viewed_at,
        method,
        facts or {},
    )
    session.add(signature)
    signer.signed_at = signature.signed_at
    signer.viewed_at = signer.viewed_at or signature.signed_at
    await session.flush()
    last = not await proposals.awaited(session, proposal.id)
    if last:
        proposal.status, proposal.signed_at = proposals.STATUS.move(proposal.status, "signed"), signature.signed_at
    await events.record(
        session,
        actor,
        Kind.PROPOSAL_SIGNED,
        "proposal",
        proposal.id,
        engagement_id=proposal.engagement_id,
        signature=str(signature.id),
        version=str(version.id),
        sha256=version.sha256.hex(),
        evidence=signature.evidence_sha256.hex(),
        last=last,
    )
    if last:
        await _begin(session, actor, proposal, document, signature.signed_at)
        await stage.restage(session, actor, proposal.engagement_id)
    return Signed(signature, proposal, last)


async def of_proposal(session: Session, proposal_id: uuid.UUID) -> list[Signature]:
    """The signatures on a proposal, in the order in which they were given."""
    query = select(Signature).where(Signature.proposal_id == proposal_id).order_by(Signature.signed_at, Signature.id)
    return list((await session.execute(query)).scalars())


async def _version(session: Session, version_id: uuid.UUID | str) -> Version:
    try:
        found = await proposals.version(
            session, version_id if isinstance(version_id, uuid.UUID) else uuid.UUID(version_id)
        )
    except ValueError:
        found = None
    if found is None:
        raise NotFound(
            "This proposal is not to be found here. It may have been removed, or it belongs to somebody else."
        )
    return found


async def _refuse_second(session: Session, proposal: Proposal, signed_at: datetime, actor: Actor) -> None:
    waiting = await proposals.awaited(session, proposal.id)
    at = signed_at.astimezone(ZoneInfo(actor.timezone))
    rest = (
        f" It waits for {' and '.join(user.first_name for _, user in waiting)} now."
        if waiting
        else " Nothing more is needed."
    )
    raise Conflict(
        f"You signed this on {at:%-d %b %Y at %H:%M %Z}.{rest}",
        way=Way("Open my page", "page.open", str(proposal.engagement_id)),
    )


async def _same_document(session: Session, version: Version, shown_sha256: str) -> Document:
    newest = (
        await session.execute(select(func.max(Version.number)).where(Version.proposal_id == version.proposal_id))
    ).scalar_one()
    itself = str(version.proposal_id)
    if newest != version.number:
        raise Conflict(
            "There is a newer version of this proposal, so this one can no longer be signed.",
            way=Way("See the new one", "proposal.review", itself),
        )
    if digest(version.body) != version.sha256:
        raise Conflict(
            "The text of this proposal is no longer the one that was sent, so it cannot be signed. Please ask for it.",
            way=Way("Ask a question", "proposal.ask", itself),
        )
    if shown_sha256 != version.sha256.hex():
        raise Conflict(
            "What you were shown is not the text as it stands. Please read it once more.",
            way=Way("Review and sign", "proposal.review", itself),
        )
    return proposals.parse(version.body)


async def _begin(session: Session, actor: Actor, proposal: Proposal, document: Document, signed_at: datetime) -> None:
    """What the last signature brings about, from the frozen document alone."""
    engagement = (await session.execute(select(Engagement).where(Engagement.id == proposal.engagement_id))).scalar_one()
    order, lines = await orders.make(
        session,
        actor,
        engagement_id=engagement.id,
        company_id=engagement.company_id,
        client_id=engagement.contact_id,
        proposal_id=proposal.id,
        title=document.title,
        currency=document.total.currency,
        lines=[Bought(item.title, item.quantity, item.unit, item.service_id) for item in document.items],
    )
    await contracts.make(
        session,
        company_id=engagement.company_id,
        engagement_id=engagement.id,
        proposal_id=proposal.id,
        title=document.title,
        signed_at=signed_at,
        starts_on=signed_at.astimezone(ZoneInfo(document.timezone)).date(),
    )
    for item, line in zip(document.items, lines, strict=True):
        if item.kind == "work":
            await projects.start(session, actor, engagement_id=engagement.id, order_line_id=line.id, title=item.title)
    if order.total:
        await invoices.draft(
            session,
            actor,
            engagement_id=engagement.id,
            company_id=engagement.company_id,
            client_id=engagement.billing_id or engagement.contact_id,
            order_id=order.id,
            title=document.title,
            lines=[(line.id, line.title, line.quantity, line.unit) for line in lines],
        )
