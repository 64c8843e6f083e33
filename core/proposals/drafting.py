"""Writing a proposal: drafted, edited, revised, copied; nothing of it leaves the agency before it is sent."""

import uuid
from typing import Unpack

from sqlalchemy import select

from core import access, clock, events
from core.access import Can
from core.catalog import Coupon
from core.db import Session
from core.engagements import Engagement
from core.errors import Conflict, Invalid, Way
from core.events import Kind
from core.people import Actor, Organization
from core.proposals.composing import compose
from core.proposals.content import Content, coming, content_of, drop_aside, fill, put_aside
from core.proposals.coupons import coupon
from core.proposals.tables import Proposal
from core.proposals.wishes import Wish, granted, possible_countersigners, possible_signers


async def draft(
    session: Session,
    actor: Actor,
    *,
    engagement_id: uuid.UUID | str,
    proposal_id: uuid.UUID | None = None,
    copied_from_id: uuid.UUID | None = None,
    kind: str = "offer",
    asked_by_id: uuid.UUID | None = None,
    asked_words: str = "",
    from_message_id: uuid.UUID | None = None,
    **wish: Unpack[Wish],
) -> Proposal:
    """Write a proposal in an engagement; only staff see it until it is sent.

    Valid for two weeks, to be signed by the main contact and paid on signing, if nothing else is said. `proposal_id` is
    chosen by the form, so that a form which arrives twice makes one draft. `kind` is `scope` for a change of scope.
    """
    engagement = await access.fetch(session, actor, Can.PROPOSAL_DRAFT, Engagement, engagement_id, lock=True)
    if engagement.status == "closed":
        raise Conflict(f"{engagement.title} is closed. Resume it with /engagement resume, then write the proposal.")
    if proposal_id is not None:
        known = (await session.execute(select(Proposal).where(Proposal.id == proposal_id))).scalar_one_or_none()
        if known is not None:
            return await edit(session, actor, known.id, **wish)
    house = await _house(session, actor)
    proposal = Proposal(
        id=proposal_id or uuid.uuid4(),
        organization_id=actor.organization_id,
        engagement_id=engagement.id,
        author_id=actor.user_id,
        copied_from_id=copied_from_id,
        kind=kind,
        asked_by_id=asked_by_id,
        asked_words=asked_words,
        from_message_id=from_message_id,
        title="",
        currency=house.currency,
        status="draft",
        expires_at=clock.now(),
    )
    content = await granted(session, house, engagement, proposal, None, wish)
    proposal.title = content.title
    session.add(proposal)
    await session.flush()
    await fill(session, proposal, content)
    await events.record(session, actor, Kind.PROPOSAL_DRAFTED, "proposal", proposal.id, engagement_id=engagement.id)
    return proposal


async def edit(session: Session, actor: Actor, proposal_id: uuid.UUID | str, **wish: Unpack[Wish]) -> Proposal:
    """Change a draft. What was sent is frozen, and can only be revised; a form that changes nothing leaves no trace."""
    proposal = await access.fetch(session, actor, Can.PROPOSAL_DRAFT, Proposal, proposal_id, lock=True)
    if proposal.status != "draft":
        raise Conflict(
            f"“{proposal.title}” was sent already, so its text is frozen. A new version of it can be written and sent.",
            way=Way("New version", "proposal.change", str(proposal.id)),
        )
    before = await compose(session, proposal)
    content = await _granted(session, actor, proposal, await content_of(session, proposal), wish)
    if await compose(session, proposal, content) == before:
        return proposal
    await fill(session, proposal, content)
    proposal.author_id = proposal.author_id or actor.user_id  # of a quote that a client asked for
    await _edited(session, actor, proposal)
    return proposal


async def revise(session: Session, actor: Actor, proposal_id: uuid.UUID | str, **wish: Unpack[Wish]) -> Proposal:
    """Write a new version of a proposal that was sent, whether it waits still or has ended otherwise than by signature.

    Only staff see it until it is sent; meanwhile the version that is out stays as it is and can be signed. What says
    the same as the version that waits is no new one. Signed is signed: Conflict, with the way to a copy.
    """
    proposal = await access.fetch(session, actor, Can.PROPOSAL_DRAFT, Proposal, proposal_id, lock=True)
    demand_revisable(proposal)
    written = await coming(session, proposal)
    content = await _granted(session, actor, proposal, written, wish)
    if proposal.revising and content == written:
        return proposal
    if proposal.status in ("sent", "viewed") and content == await content_of(session, proposal):
        if proposal.revising:
            drop_aside(proposal)
            await session.flush()
            await _edited(session, actor, proposal)
        return proposal
    put_aside(proposal, content)
    await session.flush()
    await _edited(session, actor, proposal)
    return proposal


async def abandon(session: Session, actor: Actor, proposal_id: uuid.UUID | str) -> Proposal:
    """Throw away the new version that is being written; the one that is out stays as it is. Twice is once."""
    proposal = await access.fetch(session, actor, Can.PROPOSAL_DRAFT, Proposal, proposal_id, lock=True)
    if proposal.revising:
        drop_aside(proposal)
        await session.flush()
        await _edited(session, actor, proposal)
    return proposal


def demand_revisable(proposal: Proposal) -> None:
    """Conflict, with a way on, unless a new version of the proposal can be written."""
    itself = str(proposal.id)
    if proposal.status == "signed":
        raise Conflict(
            f"“{proposal.title}” is signed, so it stays as it is. A copy can be changed and sent instead.",
            way=Way("Make a new draft", "proposal.copy", itself),
        )
    if proposal.sent_at is None:
        told = "has not been sent yet" if proposal.status == "draft" else "was discarded before it was sent"
        way = Way("Edit", "proposal.edit", itself) if proposal.status == "draft" else None
        raise Conflict(
            f"“{proposal.title}” {told}, so there is no version to follow.",
            way=way or Way("Make a new draft", "proposal.copy", itself),
        )


async def copy(session: Session, actor: Actor, proposal_id: uuid.UUID | str) -> Proposal:
    """A new draft with all that another proposal says, valid for two weeks from now. The other stays as it is.

    A draft that was copied from it and is a draft still is that copy: pressing twice makes one. Signers who have left, and a
    coupon that cannot be used any more, are left out; Conflict, with the way on, where nobody is there to sign.
    """
    source = await access.fetch(session, actor, Can.PROPOSAL_DRAFT, Proposal, proposal_id, lock=True)
    made = select(Proposal).where(Proposal.copied_from_id == source.id, Proposal.status == "draft")
    known = (await session.execute(made.order_by(Proposal.created_at.desc()).limit(1))).scalar_one_or_none()
    if known is not None:
        return known
    engagement = (await session.execute(select(Engagement).where(Engagement.id == source.engagement_id))).scalar_one()
    if not await possible_signers(session, engagement):
        way = Way("Name someone else", "contact.successor", f"{engagement.id} {engagement.contact_id}")
        raise Conflict("Nobody of the client's is there to sign it.", way=way)
    wish = await as_wish(session, actor, source, engagement)
    return await draft(
        session, actor, engagement_id=source.engagement_id, copied_from_id=source.id, kind=source.kind, **wish
    )


async def as_wish(session: Session, actor: Actor, source: Proposal, engagement: Engagement) -> Wish:
    """All that a proposal says, as what one in this engagement could say again; its day is not taken over."""
    content, house = await content_of(session, source), await _house(session, actor)
    clients = [user.id for user in await possible_signers(session, engagement)]
    ours = {user.id for user in await possible_countersigners(session, engagement)}
    code = ""
    if content.coupon_id:
        code = (await session.execute(select(Coupon.code).where(Coupon.id == content.coupon_id))).scalar_one()
        again = Proposal(id=uuid.uuid4(), currency=house.currency)
        try:
            await coupon(session, code, proposal=again, engagement=engagement, house=house, items=content.items)
        except Invalid:
            code = ""
    return Wish(
        title=source.title,
        items=content.items,
        signer_ids=[each for each in content.signers if each in clients] or clients[:1],
        purpose=content.purpose,
        terms=content.terms,
        milestones=content.milestones,
        schedule=content.schedule,
        coupon=code,
        in_order=content.in_order,
        countersigner=str(content.countersigner) if content.countersigner in ours else "",
    )


async def _granted(session: Session, actor: Actor, proposal: Proposal, before: Content, wish: Wish) -> Content:
    house = await _house(session, actor)
    engagement = (await session.execute(select(Engagement).where(Engagement.id == proposal.engagement_id))).scalar_one()
    return await granted(session, house, engagement, proposal, before, wish)


async def _edited(session: Session, actor: Actor, proposal: Proposal) -> None:
    await events.record(
        session, actor, Kind.PROPOSAL_EDITED, "proposal", proposal.id, engagement_id=proposal.engagement_id
    )


async def _house(session: Session, actor: Actor) -> Organization:
    return (await session.execute(select(Organization).where(Organization.id == actor.organization_id))).scalar_one()
