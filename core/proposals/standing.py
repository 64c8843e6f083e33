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


async def asked(session: Session, proposal: Proposal) -> list[tuple[Signer, User]]:
    """All who are asked to sign, in their order."""
    rows = await session.execute(
        select(Signer, User)
        .join(User, User.id == Signer.user_id)
        .where(Signer.proposal_id == proposal.id)
        .order_by(Signer.position)
        .execution_options(populate_existing=True)
    )
    return [(signer, user) for signer, user in rows]


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


async def turn(session: Session, proposal: Proposal) -> list[tuple[Signer, User]]:
    """Who may sign now: all of the client's who have not, or the first of them where it goes in order; and ours when
    all of them have."""
    waiting = await awaited(session, proposal.id)
    clients = [each for each in waiting if each[0].side == "client"]
    now = clients or waiting
    return now[:1] if proposal.in_order else now


async def own_part(session: Session, actor: Actor, proposal: Proposal, *, early: bool = False) -> Signer:
    """The actor's place among the signers.

    NotAllowed for all others, and Conflict for one whose turn has not come, unless they may come `early` (who says no
    need not wait); each with the way to tell whose it is.
    """
    signer = (
        await session.execute(
            select(Signer)
            .where(Signer.proposal_id == proposal.id, Signer.user_id == actor.user_id, Signer.side == actor.side)
            .execution_options(populate_existing=True)
        )
    ).scalar_one_or_none()
    if signer is not None and (early or signer.signed_at is not None):
        return signer
    waiting = await turn(session, proposal)
    if signer is not None and signer.id in {each.id for each, _ in waiting}:
        return signer
    if not waiting:
        await demand_open(session, proposal)
        raise NotFound(f"Nobody is asked to sign “{proposal.title}”.")
    names = " and ".join(user.first_name for _, user in waiting)
    first = waiting[0][1].first_name
    action = "proposal.remind" if actor.side == "staff" else "proposal.tell"
    way = Way(f"Tell {first}"[:75], action, str(proposal.id)) if waiting[0][0].side == "client" else None
    if signer is not None:
        raise Conflict(
            f"{names} {'signs' if len(waiting) == 1 else 'sign'} first. You hear when it is your turn.", way=way
        )
    raise NotAllowed(f"This one is for {first} to sign.", way=way)
