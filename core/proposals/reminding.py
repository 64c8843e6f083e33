"""Reminders before a proposal expires: three days and one day ahead to whoever signs next, on the last day to our side."""

import uuid
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core import access, clock, events, jobs
from core.access import Can
from core.db import Session
from core.engagements import Engagement
from core.events import Event, Kind
from core.people import Actor, Organization, User
from core.proposals.documents import last_day, latest
from core.proposals.standing import is_open, turn
from core.proposals.tables import Proposal, Version

BEFORE = (3, 1, 0)
"""How many days before its last day a proposal is spoken of; on the last day, to our own people."""

REMIND_AFTER = timedelta(hours=20)
"""How long a person is left alone after a reminder: a little less than a day, so that the same hour of the next day
is fine."""


async def plan(session: Session, proposal: Proposal, version: Version) -> None:
    """Have a version that goes out now spoken of before its end; not so soon after it came that it would only press."""
    house = (
        await session.execute(select(Organization).where(Organization.id == proposal.organization_id))
    ).scalar_one()
    client = await session.execute(
        select(User.timezone)
        .join(Engagement, Engagement.contact_id == User.id)
        .where(Engagement.id == proposal.engagement_id)
    )
    zone = client.scalar_one_or_none() or house.timezone
    for days in BEFORE:
        at = _morning(proposal.expires_at, house, days, zone if days else house.timezone)
        if at < version.sent_at + (REMIND_AFTER if days else timedelta()):
            continue
        await jobs.enqueue(
            session,
            "proposal.remind",
            lane=f"proposal-ends:{version.id}:{days}",
            payload={"proposal": str(proposal.id), "version": str(version.id), "days": days},
            organization_id=proposal.organization_id,
            run_at=at,
        )


def _morning(expires_at: datetime, house: Organization, days: int, zone: str) -> datetime:
    """When the working day begins, so many days before the last one; the working day before, if it is none."""
    day = last_day(expires_at, house.timezone) - timedelta(days=days)
    workdays = house.setting("workdays")
    while workdays and day.weekday() not in workdays:
        day -= timedelta(days=1)
    opens = time.fromisoformat(house.setting("opens"))
    return datetime.combine(day, opens, ZoneInfo(zone)).astimezone(UTC)


async def _spoken(session: Session, proposal: Proposal) -> bool:
    """Whether our side heard of its end within the day: two of the mornings may be the same Friday's."""
    said = select(Event.id).where(
        Event.subject_id == proposal.id,
        Event.kind == Kind.PROPOSAL_ENDING,
        Event.at > clock.now() - REMIND_AFTER,
    )
    return (await session.execute(said.limit(1))).first() is not None


async def speak(
    session: Session, actor: Actor, proposal_id: uuid.UUID | str, version_id: uuid.UUID, *, days: int
) -> list[str]:
    """What is said so many days before the end: those of the client's whose turn it is are reminded, who heard nothing
    within the day; our side hears on the last day, and of its own signature each time. Returns who was reminded.

    Nothing if it was answered meanwhile, a newer version took its place, or the engagement rests.
    """
    proposal = await access.fetch(session, actor, Can.PROPOSAL_SEND, Proposal, proposal_id, lock=True)
    newest = (await latest(session, [proposal.id])).get(proposal.id)
    engagement = (await session.execute(select(Engagement).where(Engagement.id == proposal.engagement_id))).scalar_one()
    if newest is None or newest.id != version_id or not is_open(proposal) or engagement.status != "active":
        return []
    now = clock.now()
    waiting = await turn(session, proposal)
    ours = all(signer.side == "staff" for signer, _ in waiting)
    due = [
        (signer, user)
        for signer, user in waiting
        if days and signer.side == "client" and (signer.reminded_at is None or signer.reminded_at + REMIND_AFTER <= now)
    ]
    for signer, _ in due:
        signer.reminded_at = now
    await session.flush()
    if due:
        await events.record(
            session,
            actor,
            Kind.PERSON_NUDGED,
            "proposal",
            proposal.id,
            engagement_id=proposal.engagement_id,
            people=[str(user.id) for _, user in due],
            version=str(version_id),
        )
    if (not days or ours) and not await _spoken(session, proposal):
        await events.record(
            session,
            actor,
            Kind.PROPOSAL_ENDING,
            "proposal",
            proposal.id,
            engagement_id=proposal.engagement_id,
            version=str(version_id),
        )
    return [user.first_name for _, user in due]
