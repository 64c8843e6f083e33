"""A proposal out of the house: sent as a frozen version, viewed, reminded of, withdrawn, expired."""

import uuid
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core import access, clock, events, jobs, stage
from core.access import Can
from core.catalog import Coupon
from core.db import Session
from core.engagements import Engagement
from core.errors import Conflict, Invalid, Way
from core.events import Kind
from core.people import Actor, Organization, User
from core.proposals.composing import compose
from core.proposals.content import Content, coming, drop_aside, fill
from core.proposals.coupons import coupon
from core.proposals.documents import digest, latest, parse
from core.proposals.reminding import REMIND_AFTER, plan
from core.proposals.standing import OPEN, demand_open, turn
from core.proposals.tables import STATUS, Proposal, Signer, Version
from core.proposals.wishes import possible_countersigners, possible_signers


async def send(session: Session, actor: Actor, proposal_id: uuid.UUID | str, *, seen: str = "") -> Proposal:
    """Send a draft, or the new version that was written of a proposal: it is frozen with its SHA-256, and expires by
    itself.

    A new version takes the place of the one before, which can no longer be signed; who signed that one signs anew.
    `seen` is the hash of the preview; if the draft has changed since, Conflict, and it is looked at again. What was
    sent already stays as it is: pressing twice sends once.
    """
    proposal = await access.fetch(session, actor, Can.PROPOSAL_SEND, Proposal, proposal_id, lock=True)
    if proposal.status != "draft" and not proposal.revising:
        return _sent_already(proposal, seen)
    engagement = (await session.execute(select(Engagement).where(Engagement.id == proposal.engagement_id))).scalar_one()
    if engagement.status == "closed":
        raise Conflict(f"{engagement.title} is closed. Resume it with /engagement resume, then send the proposal.")
    content = await coming(session, proposal)
    await _demand_sendable(session, proposal, engagement, content)
    body = await compose(session, proposal, content)
    if seen and seen != digest(body).hex():
        raise Conflict(
            "This draft has changed since you looked at it. Look once more before it goes out.",
            way=Way("Preview and send", "proposal.preview", str(proposal.id)),
        )
    replaced = (await latest(session, [proposal.id])).get(proposal.id)
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
    if proposal.revising:
        drop_aside(proposal)
        await fill(session, proposal, content)
        proposal.viewed_at = proposal.ended_at = proposal.ended_by_id = None
        proposal.ended_reason = ""
    proposal.status, proposal.sent_at = STATUS.move(proposal.status, "sent"), now
    await session.flush()
    await _follow_up(session, proposal, version)
    if replaced is not None:
        await events.record(
            session,
            actor,
            Kind.PROPOSAL_SUPERSEDED,
            "proposal",
            proposal.id,
            engagement_id=proposal.engagement_id,
            version=str(replaced.id),
            by=str(version.id),
        )
    await events.record(
        session,
        actor,
        Kind.PROPOSAL_SENT,
        "proposal",
        proposal.id,
        engagement_id=proposal.engagement_id,
        version=str(version.id),
        number=version.number,
        sha256=version.sha256.hex(),
        total_minor=document.total.minor,
        currency=document.total.currency,
    )
    await stage.restage(session, actor, proposal.engagement_id)
    return proposal


def _sent_already(proposal: Proposal, seen: str) -> Proposal:
    """What sending says of what is no draft: nothing, if it is out; why not, and a way on, otherwise."""
    if proposal.status in OPEN or (proposal.status == "signed" and not seen):
        return proposal
    if proposal.status == "signed":
        raise Conflict(
            f"“{proposal.title}” was signed meanwhile, as it stood, so nothing new goes out. A copy can be sent instead.",
            way=Way("Make a new draft", "proposal.copy", str(proposal.id)),
        )
    if proposal.sent_at is None:
        raise Conflict(
            f"“{proposal.title}” was discarded. A copy can be sent instead.",
            way=Way("Make a new draft", "proposal.copy", str(proposal.id)),
        )
    raise Conflict(
        f"“{proposal.title}” has ended. A new version of it can be written and sent.",
        way=Way("New version", "proposal.change", str(proposal.id)),
    )


async def _demand_sendable(session: Session, proposal: Proposal, engagement: Engagement, content: Content) -> None:
    """Conflict, with the way to the form, for what has come to be wrong since it was written."""
    edit = Way("Edit", "proposal.edit", str(proposal.id))
    house = (
        await session.execute(select(Organization).where(Organization.id == proposal.organization_id))
    ).scalar_one()
    if content.expires_at <= clock.now():
        raise Conflict("The day until which it is valid has passed. Choose a later one.", way=edit)
    if not content.items or not content.signers:
        raise Conflict("It has no items or no signer yet.", way=edit)
    today = clock.now().astimezone(ZoneInfo(house.timezone)).date()
    if late := next((part for part in content.schedule if part.due_on and part.due_on < today), None):
        raise Conflict(
            f"“{late.label}” is due on {late.due_on:%-d %b}, which has passed. Choose a later day.", way=edit
        )
    here = {user.id for user in await possible_signers(session, engagement)}
    here |= {user.id for user in await possible_countersigners(session, engagement)}
    asked = [*content.signers, *([content.countersigner] if content.countersigner else [])]
    if gone := [each for each in asked if each not in here]:
        named = (await session.execute(select(User).where(User.id.in_(gone)))).scalars()
        who = " and ".join(sorted(user.first_name for user in named))
        raise Conflict(f"{who} cannot sign any more: they have left this engagement. Choose somebody else.", way=edit)
    if content.coupon_id:
        # Locked, so that two proposals that go out at once do not both take its last use.
        row = select(Coupon).where(Coupon.id == content.coupon_id).with_for_update(key_share=True)
        found = (await session.execute(row)).scalar_one()
        try:
            await coupon(
                session, found.code, proposal=proposal, engagement=engagement, house=house, items=content.items
            )
        except Invalid as refusal:
            raise Conflict(refusal.sentence, way=edit) from refusal


async def _follow_up(session: Session, proposal: Proposal, version: Version) -> None:
    """What is done after the commit: the version's PDF at once, its expiry when its time has come, a word before."""
    payload = {"proposal": str(proposal.id), "version": str(version.id)}
    tenant = proposal.organization_id
    await jobs.enqueue(
        session, "proposal.paper", lane=f"proposal:{proposal.id}", payload=payload, organization_id=tenant
    )
    # Harmless after a newer version: expiring asks for the time of the one that is out. In a lane of its own, for a job
    # that waits for its day holds up all that stand behind it.
    await jobs.enqueue(
        session,
        "proposal.expire",
        lane=f"proposal-expiry:{version.id}",
        payload=payload,
        organization_id=tenant,
        run_at=proposal.expires_at,
    )
    await plan(session, proposal, version)


async def view(session: Session, actor: Actor, proposal_id: uuid.UUID | str) -> Proposal:
    """Note that a signer has opened the text, the first time that they do. A look by staff, or by a colleague, never
    counts; our countersigner's is noted for themselves, and changes nothing else."""
    proposal = await access.fetch(session, actor, Can.PROPOSAL_SEE, Proposal, proposal_id)
    if actor.side not in ("client", "staff") or proposal.status not in OPEN:
        return proposal
    unseen = select(Signer.id).where(
        Signer.proposal_id == proposal.id,
        Signer.user_id == actor.user_id,
        Signer.side == actor.side,
        Signer.viewed_at.is_(None),
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
    if actor.side == "staff":
        await session.flush()
        return proposal
    if proposal.status == "sent":
        proposal.status, proposal.viewed_at = STATUS.move(proposal.status, "viewed"), signer.viewed_at
    await session.flush()
    await events.record(
        session, actor, Kind.PROPOSAL_VIEWED, "proposal", proposal.id, engagement_id=proposal.engagement_id
    )
    return proposal


async def remind(session: Session, actor: Actor, proposal_id: uuid.UUID | str) -> list[str]:
    """Tell those whose turn it is to sign that it waits for them: by staff, or by a colleague of theirs. Returns their
    first names.

    Once a day is plenty: Conflict if all of them heard within the day; and if it waits for our own signature.
    """
    can = Can.PROPOSAL_SEND if actor.side == "staff" else Can.PROPOSAL_ANSWER
    proposal = await access.fetch(session, actor, can, Proposal, proposal_id, lock=True)
    due = await due_reminder(session, actor, proposal)
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


def _ours(actor: Actor, proposal: Proposal, countersigner: User) -> Conflict:
    """Why nobody of the client's is reminded when only our own signature is missing."""
    told = f"All of the client's have signed “{proposal.title}”; it waits for {countersigner.first_name}'s signature."
    if actor.user_id == countersigner.id:
        told = f"All of the client's have signed “{proposal.title}”; it waits for yours."
    way = Way("Read and countersign", "proposal.countersign", str(proposal.id)) if actor.side == "staff" else None
    return Conflict(told, way=way)


async def due_reminder(session: Session, actor: Actor, proposal: Proposal) -> list[tuple[Signer, User]]:
    """Whom a reminder would reach now: those whose turn it is, who are there, and heard of it not today. Conflict if it is nobody."""
    if proposal.status == "draft":
        raise Conflict("It has not been sent yet.", way=Way("Preview and send", "proposal.preview", str(proposal.id)))
    await demand_open(session, proposal)
    every = await turn(session, proposal)
    if every and every[0][0].side == "staff":
        raise _ours(actor, proposal, every[0][1])
    waiting = [(signer, user) for signer, user in every if user.left_at is None]
    if not waiting:
        way = Way("New version", "proposal.change", str(proposal.id))
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
