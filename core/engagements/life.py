"""The life of an engagement as staff lead it: the invitation, amounts, pauses, its end, its staff channel."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select

from core import access, clock, events, jobs, people, stage
from core.access import Can
from core.db import Session
from core.engagements.beginning import prepare
from core.engagements.engagement import CONNECTION, STATUS, Engagement, moment
from core.engagements.roster import add_person, not_ours
from core.errors import Conflict, Invalid, Way
from core.events import Kind
from core.people import Actor, Company

OPENINGS = (
    ("staff.shared", "staff.unshared", "shared with another company"),
    ("staff.public", "staff.private", "public"),
)
"""The ways in which a staff channel is open to others: what begins each, what ends it, and how it is said."""

DAY = timedelta(days=1)
ONCE = timedelta(minutes=1)
"""Within this time, asking again for the same invitation is the same press."""


async def retry(session: Session, actor: Actor, engagement_id: uuid.UUID | str) -> Engagement:
    """Try again what was in trouble: the channels, then the invitation if it had not gone out."""
    engagement = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, Engagement, engagement_id, lock=True)
    await prepare(session, engagement)
    return engagement


async def invite(
    session: Session, actor: Actor, engagement_id: uuid.UUID | str, *, email: str = "", name: str = ""
) -> Engagement:
    """Invite the client through Slack Connect, for the first time or anew; by default the main contact at their
    address.

    Another address becomes a contact of the same company, and of the engagement. Refused once the client is connected.
    """
    engagement = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, Engagement, engagement_id, lock=True)
    company = (await session.execute(select(Company).where(Company.id == engagement.company_id))).scalar_one()
    if engagement.status == "closed":
        raise Conflict(
            "This engagement is closed. Take it up again first.",
            way=Way("Take it up again", "engagement.resume", str(engagement.id)),
        )
    if engagement.connection == "connected":
        raise Conflict(f"{company.name} is in the channel already. People there can add their own colleagues.")
    contact = (await people.get(session, [engagement.contact_id]))[engagement.contact_id]
    address = people.email_address(email) if email.strip() else contact.email
    if not address:
        raise Invalid(f"{contact.name} has no e-mail address yet. Where should the invitation go?", field="email")
    just_now = (
        engagement.connection == "invited"
        and engagement.invited_at is not None
        and clock.now() - engagement.invited_at < ONCE
    )
    if just_now and address.lower() == engagement.invite_email.lower() and not engagement.trouble:
        return engagement
    if address.lower() != contact.email.lower():
        other = await people.contact(
            session, engagement.organization_id, name=name or address.partition("@")[0], email=address, company=company
        )
        await add_person(session, engagement, other.id)
    await session.flush()
    await send_invitation(session, engagement, address)
    return engagement


async def send_invitation(session: Session, engagement: Engagement, address: str) -> None:
    """Have the invitation sent. Slack mails at each asking, so an earlier one of unknown outcome is forgotten only
    here.
    """
    engagement.invite_email, engagement.invite_tried_at = address, None
    await jobs.enqueue(
        session,
        "engagement.invite",
        lane=f"engagement:{engagement.id}",
        payload={"engagement": str(engagement.id)},
        organization_id=engagement.organization_id,
        dedupe=str(engagement.id),
    )


async def choose_mail(session: Session, actor: Actor, engagement_id: uuid.UUID | str) -> Engagement:
    """Write to the client by e-mail meanwhile; an invitation that was sent stands."""
    engagement = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, Engagement, engagement_id, lock=True)
    if engagement.connection == "mail":
        return engagement
    if engagement.connection == "connected":
        raise Conflict("The client is in the channel, so they read everything there.")
    engagement.connection = CONNECTION.move(engagement.connection, "mail")
    await events.record(
        session, actor, Kind.ENGAGEMENT_MAIL_CHOSEN, "engagement", engagement.id, engagement_id=engagement.id
    )
    return engagement


async def set_amounts(session: Session, actor: Actor, engagement_id: uuid.UUID | str, *, shown: bool) -> Engagement:
    """Say whether amounts may stand in the client channel; what stands there already is drawn anew."""
    engagement = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, Engagement, engagement_id, lock=True)
    if engagement.show_amounts is shown:
        return engagement
    engagement.show_amounts = shown
    await redraw(session, engagement)
    await events.record(
        session,
        actor,
        Kind.ENGAGEMENT_AMOUNTS_SET,
        "engagement",
        engagement.id,
        engagement_id=engagement.id,
        shown=shown,
    )
    return engagement


async def redraw(session: Session, engagement: Engagement) -> None:
    """Have every standing card of the client channel rendered anew; those that would not change stay untouched."""
    await jobs.enqueue(
        session,
        "engagement.redraw",
        lane=f"engagement:{engagement.id}",
        payload={"engagement": str(engagement.id)},
        organization_id=engagement.organization_id,
        dedupe=str(engagement.id),
    )


async def redraw_daily(session: Session, engagement: Engagement) -> None:
    """Have the engagement's cards looked at tomorrow again: "3 days ago" changes by itself."""
    await jobs.enqueue(
        session,
        "engagement.redraw",
        lane=f"daily:{engagement.id}",
        payload={"engagement": str(engagement.id), "daily": True},
        organization_id=engagement.organization_id,
        run_at=clock.now() + DAY,
        dedupe=f"daily:{engagement.id}",
    )


async def pause(
    session: Session, actor: Actor, engagement_id: uuid.UUID | str, *, until: datetime | None = None
) -> Engagement:
    """Rest for a while; with `until`, it goes on by itself."""
    engagement = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, Engagement, engagement_id, lock=True)
    if until is not None and until <= clock.now():
        raise Invalid("Please choose a day that is still to come.", field="until")
    if engagement.status == "paused" and engagement.paused_until == until:
        return engagement
    if engagement.status != "paused":
        engagement.status = STATUS.move(engagement.status, "paused")
    engagement.paused_until = until
    if until is not None:
        await jobs.enqueue(
            session,
            "engagement.resume",
            lane=f"resume:{engagement.id}",
            payload={"engagement": str(engagement.id)},
            organization_id=engagement.organization_id,
            run_at=until,
        )
    await events.record(
        session,
        actor,
        Kind.ENGAGEMENT_PAUSED,
        "engagement",
        engagement.id,
        engagement_id=engagement.id,
        until=until.isoformat() if until else None,
    )
    return engagement


async def resume(session: Session, actor: Actor, engagement_id: uuid.UUID | str) -> Engagement:
    """Go on, after a pause or after it was closed."""
    engagement = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, Engagement, engagement_id, lock=True)
    if engagement.status == "active":
        return engagement
    engagement.status = STATUS.move(engagement.status, "active")
    engagement.paused_until = engagement.closed_at = None
    await events.record(
        session, actor, Kind.ENGAGEMENT_RESUMED, "engagement", engagement.id, engagement_id=engagement.id
    )
    await stage.restage(session, actor, engagement.id)
    await redraw_daily(session, engagement)
    return engagement


def resume_due(engagement: Engagement) -> bool:
    """Whether a pause has run out, by the clock; a pause that was made longer or has ended is not."""
    return (
        engagement.status == "paused" and engagement.paused_until is not None and engagement.paused_until <= clock.now()
    )


async def close(session: Session, actor: Actor, engagement_id: uuid.UUID | str) -> Engagement:
    """End the engagement. Nothing is deleted, and it can be taken up again."""
    engagement = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, Engagement, engagement_id, lock=True)
    if engagement.status == "closed":
        return engagement
    engagement.status = STATUS.move(engagement.status, "closed")
    engagement.closed_at, engagement.paused_until = clock.now(), None
    await events.record(
        session, actor, Kind.ENGAGEMENT_CLOSED, "engagement", engagement.id, engagement_id=engagement.id
    )
    await stage.restage(session, actor, engagement.id)
    return engagement


async def make_private(session: Session, actor: Actor, engagement_id: uuid.UUID | str) -> Engagement:
    """Staff say that only they read the staff channel again; refused while we know of somebody else in it."""
    engagement = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, Engagement, engagement_id, lock=True)
    if engagement.exposed_at is None:
        return engagement
    if engagement.staff_channel_id and (others := await not_ours(session, engagement.staff_channel_id)):
        raise Conflict(f"{' and '.join(others)} can still read the staff channel. Take them out, then press again.")
    for begun, ended, way in OPENINGS:
        if moment(str(engagement.heard.get(begun, "0"))) > moment(str(engagement.heard.get(ended, "0"))):
            raise Conflict(f"The staff channel is still {way}. End that in Slack, then press again.")
    engagement.exposed_at = None
    await events.record(
        session, actor, Kind.ENGAGEMENT_STAFF_CHANNEL_PRIVATE, "engagement", engagement.id, engagement_id=engagement.id
    )
    return engagement
