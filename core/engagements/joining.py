"""What Slack tells of an engagement's channels: invitations, companies coming and going, names, archives, exposure."""

import uuid

from sqlalchemy import select, update

from core import clock, events, jobs, people
from core.db import Session
from core.engagements.engagement import CONNECTION, ChannelMember, Engagement, in_channel, locked, newer
from core.engagements.newcomers import accepted_by
from core.engagements.roster import not_ours, note_member, went_out
from core.events import Kind
from core.posts import Post

ABOUT_CONNECTION = "connection"


async def _connection(session: Session, engagement: Engagement, after: str, kind: Kind) -> None:
    engagement.connection = CONNECTION.move(engagement.connection, after)
    await events.record(
        session,
        people.system(engagement.organization_id),
        kind,
        "engagement",
        engagement.id,
        engagement_id=engagement.id,
    )


def is_ours(engagement: Engagement, invite_id: str, email: str) -> bool:
    """Whether an invitation is the one that we sent; by its address while Slack's answer has not reached us yet."""
    if engagement.invite_id:
        return engagement.invite_id == invite_id
    return bool(email) and email.lower() == engagement.invite_email.lower()


async def accepted(
    session: Session,
    engagement_id: uuid.UUID,
    *,
    invite_id: str,
    email: str,
    user: str,
    team: str,
    name: str,
    event_ts: str,
) -> None:
    """Somebody took the invitation up; if it is ours, whoever did so is the contact to whom it was sent."""
    engagement = await locked(session, engagement_id)
    ours = is_ours(engagement, invite_id, email)
    if newer(engagement, ABOUT_CONNECTION, event_ts) and engagement.connection not in ("accepted", "connected"):
        await _connection(session, engagement, "accepted", Kind.ENGAGEMENT_ACCEPTED)
    if ours and user:
        await accepted_by(session, engagement, user, team, name)


async def approved(session: Session, engagement_id: uuid.UUID, *, event_ts: str) -> None:
    """An admin agreed. The channel is shared by this, which Slack tells by itself; here it is only no step back."""
    engagement = await locked(session, engagement_id)
    if newer(engagement, ABOUT_CONNECTION, event_ts) and engagement.connection not in ("accepted", "connected"):
        await _connection(session, engagement, "accepted", Kind.ENGAGEMENT_ACCEPTED)


async def declined(session: Session, engagement_id: uuid.UUID, *, invite_id: str, email: str, event_ts: str) -> None:
    """Somebody said no to our invitation, or an admin did."""
    engagement = await locked(session, engagement_id)
    if not is_ours(engagement, invite_id, email) or engagement.connection in ("connected", "disconnected", "declined"):
        return
    if newer(engagement, ABOUT_CONNECTION, event_ts):
        await _connection(session, engagement, "declined", Kind.ENGAGEMENT_DECLINED)


async def connected(session: Session, engagement_id: uuid.UUID, *, event_ts: str) -> None:
    """The client is in the channel: it was shared with their workspace, or one of them has come in."""
    engagement = await locked(session, engagement_id)
    if not newer(engagement, ABOUT_CONNECTION, event_ts) or engagement.connection == "connected":
        return
    engagement.connected_at, engagement.trouble = clock.now(), ""
    await _connection(session, engagement, "connected", Kind.ENGAGEMENT_CONNECTED)


async def disconnected(
    session: Session, engagement_id: uuid.UUID, *, team: str, still_shared: bool, event_ts: str
) -> None:
    """A workspace was cut off from the client channel: its people are out, and with the last of them the client is."""
    engagement = await locked(session, engagement_id)
    members = select(ChannelMember).where(
        ChannelMember.channel_id == engagement.channel_id,
        ChannelMember.slack_team_id == team,
        ChannelMember.present.is_(True),
    )
    for member in (await session.execute(members)).scalars().all():
        if await note_member(session, member.channel_id, member.slack_user_id, team, present=False, event_ts=event_ts):
            await went_out(session, engagement, member.slack_user_id)
    if still_shared or not newer(engagement, ABOUT_CONNECTION, event_ts) or engagement.connection != "connected":
        return
    await _connection(session, engagement, "disconnected", Kind.ENGAGEMENT_DISCONNECTED)


async def staff_channel_shared(session: Session, engagement_id: uuid.UUID, *, shared: bool, event_ts: str) -> None:
    """The staff channel was shared with another company, or is so no longer; being shared exposes it."""
    engagement = await locked(session, engagement_id)
    if newer(engagement, "staff.shared" if shared else "staff.unshared", event_ts) and shared:
        await expose(session, engagement, "shared")


async def staff_channel_public(session: Session, engagement_id: uuid.UUID, *, public: bool, event_ts: str) -> None:
    """The staff channel was opened to the whole workspace, guests included, or closed again; being
    public exposes it.
    """
    engagement = await locked(session, engagement_id)
    if newer(engagement, "staff.public" if public else "staff.private", event_ts) and public:
        await expose(session, engagement, "public")


async def expose(session: Session, engagement: Engagement, how: str) -> None:
    """Somebody who is not of the agency can read the staff channel: nothing more is posted there, and the owner is told
    directly.
    """
    if engagement.exposed_at is not None:
        return
    engagement.exposed_at = clock.now()
    event = await events.record(
        session,
        people.system(engagement.organization_id),
        Kind.ENGAGEMENT_STAFF_CHANNEL_EXPOSED,
        "engagement",
        engagement.id,
        engagement_id=engagement.id,
        how=how,
    )
    await warn_owner(session, engagement, "engagement.exposed", event.id)


async def warn_owner(session: Session, engagement: Engagement, card: str, event_id: uuid.UUID) -> None:
    """Tell the owner in a direct message what cannot be said in the staff channel."""
    await jobs.enqueue(
        session,
        "owner.warn",
        lane=f"owner:{engagement.owner_id}",
        payload={"engagement": str(engagement.id), "card": card, "event": str(event_id)},
        organization_id=engagement.organization_id,
        dedupe=f"{event_id}:{card}",
    )


async def exposed_by(session: Session, engagement_id: uuid.UUID, *, outsider: bool = False) -> None:
    """Look who is in the staff channel, after somebody came in; a guest or an outsider exposes it. `outsider` when that
    is plain already.
    """
    engagement = await locked(session, engagement_id)
    if outsider or (engagement.staff_channel_id and await not_ours(session, engagement.staff_channel_id)):
        await expose(session, engagement, "joined")


async def renamed(session: Session, engagement_id: uuid.UUID, channel_id: str, name: str, *, event_ts: str) -> None:
    """A channel has another name; it is only shown, never looked up."""
    engagement = await locked(session, engagement_id)
    client = engagement.channel_id == channel_id
    if name and newer(engagement, "client.name" if client else "staff.name", event_ts):
        if client:
            engagement.channel_name = name
        else:
            engagement.staff_channel_name = name


async def reachable(session: Session, engagement_id: uuid.UUID, channel_id: str, gone: str, *, event_ts: str) -> None:
    """A channel was archived, or we were taken out of it (`gone`), or it is back (""); the owner is told of a loss."""
    engagement = await locked(session, engagement_id)
    client = engagement.channel_id == channel_id
    place = "client" if client else "staff"
    if not newer(engagement, f"{place}.gone", event_ts):
        return
    if gone == (engagement.channel_gone if client else engagement.staff_channel_gone):
        return
    if client:
        engagement.channel_gone = gone
    else:
        engagement.staff_channel_gone = gone
    kind = Kind.ENGAGEMENT_CHANNEL_LOST if gone else Kind.ENGAGEMENT_CHANNEL_BACK
    event = await events.record(
        session,
        people.system(engagement.organization_id),
        kind,
        "engagement",
        engagement.id,
        engagement_id=engagement.id,
        place=place,
        how=gone,
    )
    if gone and engagement.status != "closed":
        await warn_owner(session, engagement, "engagement.lost", event.id)


async def channel_id_changed(session: Session, before: str, after: str) -> None:
    """Slack gave a channel another id: what we know by the old one is known by the new one from now on."""
    from core import conversations  # it needs this package first

    found, place = await in_channel(session, before)
    if found is not None:
        engagement = await locked(session, found.id)
        if place == "client":
            engagement.channel_id = after
        else:
            engagement.staff_channel_id = after
        await session.flush()
    taken = select(ChannelMember.slack_user_id).where(ChannelMember.channel_id == after)
    await session.execute(
        update(ChannelMember)
        .where(ChannelMember.channel_id == before, ChannelMember.slack_user_id.not_in(taken))
        .values(channel_id=after)
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        update(Post).where(Post.place == before).values(place=after).execution_options(synchronize_session=False)
    )
    await conversations.moved(session, before, after)
    await jobs.move(session, session.info["tenant"], before, after)
