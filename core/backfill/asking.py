"""How a search for what is missing begins: after an outage, by the schedule, by hand, or because a channel was linked."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select

from core import access, clock, jobs, people
from core.access import Can
from core.backfill.tables import Backfill, Checked, Part
from core.conversations import Conversation
from core.db import Database, Session, save
from core.engagements import Engagement, locked
from core.errors import Conflict
from core.people import Actor
from core.posts import Post

EVERY = timedelta(days=1)
"""How often each channel is compared with what Slack remembers of it."""

BEFORE = timedelta(minutes=2)
"""So much earlier than what was checked a search begins, for clocks that differ."""

ON_ITS_WAY = timedelta(minutes=10)
"""What was said so lately may still be on its way, so the schedule does not look for it."""

LATELY = timedelta(days=30)
"""Threads of settled conversations, and under our cards, are read again for so long after the last word in them."""

STALE = timedelta(hours=1)


async def ask(
    session: Session,
    actor: Actor,
    engagement_id: uuid.UUID | str,
    reason: str = "asked",
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Backfill | None:
    """Begin to look for what is missing in an engagement's channels; while one search runs, that one is meant.

    `since` widens it: without, it begins where the last one ended; `until` is now, if not given. None if there is no channel that
    may be read.
    """
    engagement = await access.fetch(session, actor, Can.ENGAGEMENT_MANAGE, Engagement, engagement_id, lock=True)
    await locked(session, engagement.id)
    running = select(Backfill).where(Backfill.engagement_id == engagement.id, Backfill.state == "running")
    if standing := (await session.execute(running)).scalar_one_or_none():
        return standing
    channels = _channels(engagement, reason)
    if not channels:
        return None
    checked = await _checked(session, engagement, channels)
    now = clock.now()
    begin = None if reason == "link" else since or min(checked.values())
    run = Backfill(
        organization_id=engagement.organization_id,
        engagement_id=engagement.id,
        reason=reason,
        since=begin,
        until=until or (now - ON_ITS_WAY if reason == "schedule" else now),
        stepped_at=now,
    )
    await save(session, run)
    for channel in channels:
        start = checked[channel] if since is None else min(checked[channel], since)
        oldest = "0" if begin is None else f"{(start - BEFORE).timestamp():.6f}"
        threads = [] if reason == "link" else await _threads(session, channel, thorough=reason != "schedule")
        for thread in ["", *threads]:
            part = Part(
                organization_id=engagement.organization_id,
                backfill_id=run.id,
                channel_id=channel,
                thread_ts=thread,
                oldest=oldest,
            )
            session.add(part)
    await session.flush()
    await go_on(session, run)
    return run


def _channels(engagement: Engagement, reason: str) -> list[str]:
    """The channels that are ours to read: an adopted one only once its people were told."""
    found = []
    if engagement.channel_id and engagement.kept and not engagement.channel_gone:
        found.append(engagement.channel_id)
    if reason != "link" and engagement.staff_channel_id and not engagement.staff_channel_gone:
        found.append(engagement.staff_channel_id)
    return found


async def _checked(session: Session, engagement: Engagement, channels: Sequence[str]) -> dict[str, datetime]:
    """Until when each channel was compared with Slack; at first, since when it is ours to keep."""
    rows = await session.execute(select(Checked).where(Checked.channel_id.in_(channels)))
    known = {row.channel_id: row.checked_at for row in rows.scalars()}
    first = engagement.told_at or engagement.prepared_at or engagement.created_at
    return {channel: known.get(channel, first) for channel in channels}


async def _threads(session: Session, channel: str, *, thorough: bool) -> list[str]:
    """The threads that may have gone on: those of open conversations, and, to be thorough, of others that did lately."""
    lately = clock.now() - LATELY
    open_one = Conversation.status != "resolved"
    wanted = or_(open_one, Conversation.last_message_at > lately) if thorough else open_one
    query = select(Conversation.thread_ts).where(
        Conversation.channel_id == channel,
        Conversation.thread_ts.is_not(None),
        Conversation.deleted_at.is_(None),
        wanted,
    )
    found = [thread for thread in (await session.execute(query)).scalars() if thread]
    if thorough:
        standing = or_(Post.purpose.not_like("%:%"), Post.created_at > lately)
        cards = select(Post.reference).where(and_(Post.place == channel, Post.state == "sent", standing))
        found += [reference for reference in (await session.execute(cards)).scalars() if reference]
    return list(dict.fromkeys(found))


async def go_on(session: Session, run: Backfill, *, after: float = 0.0) -> None:
    """Have the next page read, one at a time in the organization: Slack counts these calls by workspace."""
    await jobs.enqueue(
        session,
        "backfill.step",
        lane=f"history:{run.organization_id}",
        payload={"backfill": str(run.id)},
        organization_id=run.organization_id,
        dedupe=str(run.id),
        method="conversations.history",
        run_at=clock.now() + timedelta(seconds=after) if after else None,
    )


async def due(session: Session) -> list[uuid.UUID]:
    """The engagements of this organization whose channels are to be compared with Slack again, a day after the last time."""
    last = func.coalesce(Checked.checked_at, Engagement.told_at, Engagement.prepared_at)
    lately = select(Backfill.engagement_id).where(Backfill.created_at > clock.now() - EVERY)
    query = (
        select(Engagement.id)
        .outerjoin(Checked, Checked.channel_id == Engagement.channel_id)
        .where(
            Engagement.status != "closed",
            Engagement.prepared_at.is_not(None),
            Engagement.channel_gone == "",
            or_(Engagement.adopted.is_(False), Engagement.told_at.is_not(None)),
            Engagement.id.not_in(lately),
            last < clock.now() - EVERY - ON_ITS_WAY,
        )
    )
    return list((await session.execute(query.order_by(last))).scalars())


async def bring_in(session: Session, engagement_id: uuid.UUID) -> Backfill | None:
    """Read what was said in a linked channel before it was linked; once, and only after its people were told.

    Conflict, to be tried again, while another search of this engagement is under way.
    """
    engagement = await locked(session, engagement_id)
    before = select(Backfill.id).where(Backfill.engagement_id == engagement_id, Backfill.reason == "link")
    if not engagement.adopted or not engagement.kept or (await session.execute(before)).first() is not None:
        return None
    run = await ask(session, people.system(engagement.organization_id), engagement_id, "link")
    if run is not None and run.reason != "link":
        raise Conflict("Something else is being looked for in this engagement.")
    return run


async def shown_in(session: Session, backfill_id: uuid.UUID) -> str | None:
    """The staff channel in which a search's card stands; None for the schedule's while it finds nothing missing."""
    query = (
        select(Engagement.staff_channel_id)
        .join(Backfill, Backfill.engagement_id == Engagement.id)
        .where(
            Backfill.id == backfill_id, or_(Backfill.reason != "schedule", Backfill.found > 0, Backfill.trouble != "")
        )
    )
    return (await session.execute(query)).scalar_one_or_none()


async def unfinished(session: Session) -> None:
    """Go on with searches that came to a stop, as when their job was given up."""
    query = select(Backfill).where(Backfill.state == "running", Backfill.stepped_at < clock.now() - STALE)
    for run in (await session.execute(query)).scalars():
        run.stepped_at = clock.now()
        await go_on(session, run)


@dataclass(frozen=True)
class Asked:
    """An engagement in which something is looked for now."""

    title: str
    since: datetime | None


async def outage(session: Session, since: datetime, *, quietly: bool = False) -> None:
    """Nobody answered Slack's events from then until now: have each engagement's channels read, one after another if need be.

    `quietly`, staff are told only of what was missing: for a sandbox, which is away together with its Slack.
    """
    query = select(Engagement.id).where(Engagement.status != "closed")
    for engagement_id in (await session.execute(query)).scalars():
        ends = {"since": since.isoformat(), "until": clock.now().isoformat()}
        await jobs.enqueue(
            session,
            "backfill.outage",
            lane=f"outage:{engagement_id}",
            payload={"engagement": str(engagement_id), **ends, "quietly": quietly},
            organization_id=session.info["tenant"],
        )


async def after_outage(
    session: Session, engagement_id: uuid.UUID, since: datetime, until: datetime, *, quietly: bool = False
) -> Backfill | None:
    """Look for what was said in an outage. Conflict, to be tried again, while another search of this engagement is under way."""
    actor = people.system(session.info["tenant"])
    reason = "schedule" if quietly else "outage"
    run = await ask(session, actor, engagement_id, reason, since=since, until=until)
    if run is not None and (run.reason, run.until) != (reason, until):
        raise Conflict("Something else is being looked for in this engagement.")
    return run


async def repair(db: Database, which: str = "", *, since: datetime | None = None) -> list[Asked]:
    """Look for what is missing: in the engagement of this title, channel or id, or, if none is named, in all that are not closed."""
    wanted, found = which.strip().removeprefix("#").lower(), []
    async with db.platform() as session:
        houses = [one.id for one in await people.houses(session)]
    for tenant in houses:
        async with db.transaction(tenant) as session:
            rows = list((await session.execute(select(Engagement).order_by(Engagement.created_at))).scalars())
        for one in rows:
            names = {one.title.lower(), one.channel_name.lower(), (one.channel_id or "").lower(), str(one.id)}
            if wanted not in names if wanted else one.status == "closed":
                continue
            async with db.transaction(tenant) as session:
                run = await ask(session, people.system(tenant), one.id, since=since)
                if run is not None:
                    found.append(Asked(one.title, run.since))
    return found
