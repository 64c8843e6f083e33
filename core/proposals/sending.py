"""A proposal out of the house: sent as a frozen version, viewed, reminded of, withdrawn, expired."""

import uuid
from datetime import timedelta

from sqlalchemy import select

from core import access, clock, events, jobs, stage
from core.access import Can
from core.db import Session
from core.engagements import Engagement
from core.errors import Conflict, Invalid, Way
from core.events import Kind
from core.people import Actor, User
from core.proposals.documents import compose, digest, parse
from core.proposals.drafting import items_of
from core.proposals.standing import OPEN, awaited, demand_open
from core.proposals.tables import STATUS, Proposal, Signer, Version

REMIND_AFTER = timedelta(hours=20)
"""How long a person is left alone after a reminder: a little less than a day, so that the same hour of the next day
is fine."""


async def send(session: Session, actor: Actor, proposal_id: uuid.UUID | str, *, seen: str = "") -> Proposal:
    """Send a draft to the client: it is frozen as a version with its SHA-256, and expires by itself.

    `seen` is the hash of the preview; if the draft has changed since, Conflict, and it is looked at again. What was
    sent already stays as it is: pressing twice sends once.
    """
    proposal = await access.fetch(session, actor, Can.PROPOSAL_SEND, Proposal, proposal_id, lock=True)
    if proposal.status in (*OPEN, "signed"):
        return proposal
    if proposal.status != "draft":
        raise Conflict(
            f"“{proposal.title}” has ended already. A copy can be sent instead.",
            way=Way("Copy it", "proposal.copy", str(proposal.id)),
        )
    engagement = (await session.execute(select(Engagement).where(Engagement.id == proposal.engagement_id))).scalar_one()
    if engagement.status == "closed":
        raise Conflict(f"{engagement.title} is closed. Resume it with /engagement resume, then send the proposal.")
    if proposal.expires_at <= clock.now():
        raise Conflict(
            "The day until which it is valid has passed. Choose a later one.",
            way=Way("Edit", "proposal.edit", str(proposal.id)),
        )
    if not await items_of(session, proposal.id) or not await awaited(session, proposal.id):
        raise Conflict("It has no items or no signer yet.", way=Way("Edit", "proposal.edit", str(proposal.id)))
    body = await compose(session, proposal)
    if seen and seen != digest(body).hex():
        raise Conflict(
            "This draft has changed since you looked at it. Look once more before it goes out.",
            way=Way("Preview and send", "proposal.preview", str(proposal.id)),
        )
    document, now = parse(body), clock.now()
    version = Version(
        organization_id=actor.organization_id,
        proposal_id=proposal.id,
        author_id=actor.user_id,
        number=document.number,
        body=body,
        sha256=digest(body),
        sent_at=now,
    )
    session.add(version)
    proposal.status, proposal.sent_at = STATUS.move(proposal.status, "sent"), now
    await session.flush()
    await jobs.enqueue(
        session,
        "proposal.expire",
        lane=f"proposal:{proposal.id}",
        payload={"proposal": str(proposal.id)},
        organization_id=actor.organization_id,
        run_at=proposal.expires_at,
    )
    await events.record(
        session,
        actor,
        Kind.PROPOSAL_SENT,
        "proposal",
        proposal.id,
        engagement_id=proposal.engagement_id,
        version=str(version.id),
        sha256=version.sha256.hex(),
        total_minor=document.total.minor,
        currency=document.total.currency,
    )
    await stage.restage(session, actor, proposal.engagement_id)
    return proposal


async def view(session: Session, actor: Actor, proposal_id: uuid.UUID | str) -> Proposal:
    """Note that a signer has opened the text, the first time that they do. A look by staff, or by a colleague, never
    counts."""
    proposal = await access.fetch(session, actor, Can.PROPOSAL_SEE, Proposal, proposal_id)
    if actor.side != "client" or proposal.status not in OPEN:
        return proposal
    unseen = select(Signer.id).where(
        Signer.proposal_id == proposal.id, Signer.user_id == actor.user_id, Signer.viewed_at.is_(None)
    )
    if (await session.execute(unseen)).first() is None:
        return proposal
    proposal = await access.fetch(session, actor, Can.PROPOSAL_SEE, Proposal, proposal.id, lock=True)
    signer = (
        await session.execute(
            select(Signer)
            .where(Signer.proposal_id == proposal.id, Signer.user_id == actor.user_id)
            .execution_options(populate_existing=True)
        )
    ).scalar_one()
    if signer.viewed_at is not None or proposal.status not in OPEN:
        return proposal
    signer.viewed_at = clock.now()
    if proposal.status == "sent":
        proposal.status, proposal.viewed_at = STATUS.move(proposal.status, "viewed"), signer.viewed_at
    await session.flush()
    await events.record(
        session, actor, Kind.PROPOSAL_VIEWED, "proposal", proposal.id, engagement_id=proposal.engagement_id
    )
    return proposal


async def remind(session: Session, actor: Actor, proposal_id: uuid.UUID | str) -> list[str]:
    """Tell those who are still to sign that it waits for them: by staff, or by a colleague of theirs. Returns their
    first names.

    Once a day is plenty: Conflict if all of them heard within the day.
    """
    can = Can.PROPOSAL_SEND if actor.side == "staff" else Can.PROPOSAL_ANSWER
    proposal = await access.fetch(session, actor, can, Proposal, proposal_id, lock=True)
    due = await due_reminder(session, proposal)
    for signer, _ in due:
        signer.reminded_at = clock.now()
    await session.flush()
    await events.record(
        session,
        actor,
        Kind.PERSON_NUDGED,
        "proposal",
        proposal.id,
        engagement_id=proposal.engagement_id,
        people=[str(user.id) for _, user in due],
    )
    return [user.first_name for _, user in due]


async def due_reminder(session: Session, proposal: Proposal) -> list[tuple[Signer, User]]:
    """Whom a reminder would reach now: those still to sign who are there and heard of it not today. Conflict if it is nobody."""
    if proposal.status == "draft":
        raise Conflict("It has not been sent yet.", way=Way("Preview and send", "proposal.preview", str(proposal.id)))
    await demand_open(session, proposal)
    every = await awaited(session, proposal.id)
    waiting = [(signer, user) for signer, user in every if user.left_at is None]
    if not waiting:
        way = Way("Make a new draft", "proposal.copy", str(proposal.id))
        gone = " and ".join(user.first_name for _, user in every)
        raise Conflict(f"{gone} has left, so nobody is there to sign it. A new version names somebody else.", way=way)
    since = clock.now() - REMIND_AFTER
    due = [(signer, user) for signer, user in waiting if signer.reminded_at is None or signer.reminded_at <= since]
    if not due:
        names = " and ".join(user.first_name for _, user in waiting)
        raise Conflict(f"{names} heard of it today. Tomorrow is soon enough.")
    return due


async def withdraw(session: Session, actor: Actor, proposal_id: uuid.UUID | str, *, reason: str = "") -> Proposal:
    """Take a proposal back before its last signature, with a reason that the client reads; or discard a draft,
    without one."""
    proposal = await access.fetch(session, actor, Can.PROPOSAL_SEND, Proposal, proposal_id, lock=True)
    if proposal.status == "withdrawn":
        return proposal
    if proposal.status == "signed":
        raise Conflict(f"“{proposal.title}” is signed, so it cannot be taken back.")
    words = " ".join(reason.split())
    if proposal.status != "draft" and not words:
        raise Invalid("Please give a reason; the client reads it.", field="reason")
    end(proposal, actor, "withdrawn", words)
    await session.flush()
    await events.record(
        session,
        actor,
        Kind.PROPOSAL_WITHDRAWN,
        "proposal",
        proposal.id,
        engagement_id=proposal.engagement_id,
        reached=proposal.sent_at is not None,
    )
    await stage.restage(session, actor, proposal.engagement_id)
    return proposal


async def expire(session: Session, actor: Actor, proposal_id: uuid.UUID | str) -> Proposal:
    """Mark a proposal whose time is past as expired; nothing if it was answered meanwhile, or if its time has not
    come."""
    proposal = await access.fetch(session, actor, Can.PROPOSAL_SEND, Proposal, proposal_id, lock=True)
    if proposal.status not in OPEN or clock.now() < proposal.expires_at:
        return proposal
    end(proposal, actor, "expired", "")
    await session.flush()
    await events.record(
        session, actor, Kind.PROPOSAL_EXPIRED, "proposal", proposal.id, engagement_id=proposal.engagement_id
    )
    await stage.restage(session, actor, proposal.engagement_id)
    return proposal


def end(proposal: Proposal, actor: Actor, status: str, reason: str) -> None:
    """Bring a proposal to an end that is no signature, with who ended it and why."""
    proposal.status = STATUS.move(proposal.status, status)
    proposal.ended_at, proposal.ended_by_id, proposal.ended_reason = clock.now(), actor.user_id, reason
