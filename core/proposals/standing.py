"""Where a proposal stands for whoever wants to answer it: open, or ended, in a sentence with a way on."""

import uuid
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core import clock
from core.db import Session
from core.engagements import Engagement
from core.errors import Conflict, NotAllowed, NotFound, Way
from core.people import Actor, Organization, User
from core.proposals.documents import last_day
from core.proposals.tables import Proposal, Signer

OPEN = ("sent", "viewed")


def is_open(proposal: Proposal) -> bool:
    """Whether it can be signed: sent, not ended, and not past its time, whether or not the expiry job has run."""
    return proposal.status in OPEN and clock.now() < proposal.expires_at


def is_expired(proposal: Proposal) -> bool:
    """Whether its time is past without an answer."""
    return proposal.status == "expired" or (proposal.status in OPEN and clock.now() >= proposal.expires_at)


async def demand_open(session: Session, proposal: Proposal) -> None:
    """Raise Conflict, with what happened and a way on, if the proposal cannot be answered any more."""
    ended = select(Engagement.status == "closed").where(Engagement.id == proposal.engagement_id)
    if is_open(proposal) and (await session.execute(ended)).scalar_one():
        raise Conflict(
            f"The engagement has ended, so “{proposal.title}” waits for nobody any more.",
            way=Way("Open my page", "page.open", str(proposal.engagement_id)),
        )
    if is_open(proposal):
        return
    house = (
        await session.execute(select(Organization).where(Organization.id == proposal.organization_id))
    ).scalar_one()
    sentence, way = _ended(proposal, house)
    raise Conflict(sentence, way=way)


def _ended(proposal: Proposal, house: Organization) -> tuple[str, Way | None]:
    itself, ask = str(proposal.id), Way("Ask a question", "proposal.ask", str(proposal.id))
    if is_expired(proposal):
        until = last_day(proposal.expires_at, house.timezone)
        return (
            f"“{proposal.title}” was valid until {until:%a %-d %b}, so it can no longer be signed as it stands.",
            Way("Ask for a new date", "proposal.renew", itself),
        )
    if proposal.status == "signed":
        return (
            f"“{proposal.title}” was signed{_on(proposal.signed_at, house)}. Nothing more is needed.",
            Way("Open my page", "page.open", str(proposal.engagement_id)),
        )
    if proposal.status == "declined":
        return (
            f"“{proposal.title}” was declined{_on(proposal.ended_at, house)}. Has something changed? Ask {house.name}.",
            ask,
        )
    if proposal.status == "withdrawn":
        return (
            f"{house.name} withdrew “{proposal.title}”{_on(proposal.ended_at, house)}. Ask them what comes instead.",
            ask,
        )
    return f"“{proposal.title}” has not been sent yet.", None


def _on(moment: datetime | None, house: Organization) -> str:
    return f" on {moment.astimezone(ZoneInfo(house.timezone)):%-d %b %Y}" if moment else ""


async def awaited(session: Session, proposal_id: uuid.UUID) -> list[tuple[Signer, User]]:
    """Who is still to sign, in their order."""
    rows = await session.execute(
        select(Signer, User)
        .join(User, User.id == Signer.user_id)
        .where(Signer.proposal_id == proposal_id, Signer.signed_at.is_(None))
        .order_by(Signer.position)
        .execution_options(populate_existing=True)
    )
    return [(signer, user) for signer, user in rows]


async def own_part(session: Session, actor: Actor, proposal: Proposal) -> Signer:
    """The actor's place among the signers; NotAllowed for the client's other people, with the way to tell who is
    asked."""
    signer = (
        await session.execute(
            select(Signer)
            .where(Signer.proposal_id == proposal.id, Signer.user_id == actor.user_id)
            .execution_options(populate_existing=True)
        )
    ).scalar_one_or_none()
    if signer is not None:
        return signer
    waiting = await awaited(session, proposal.id)
    if not waiting:
        await demand_open(session, proposal)
        raise NotFound(f"Nobody is asked to sign “{proposal.title}”.")
    first = waiting[0][1].first_name
    raise NotAllowed(
        f"This one is for {first} to sign.", way=Way(f"Tell {first}"[:75], "proposal.tell", str(proposal.id))
    )
