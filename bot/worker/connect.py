"""What Slack tells of channels and their people, applied to engagements; right in any order, any number of times."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from bot.gateways.failures import Permanent
from bot.gateways.slack.profiles import profile_of
from bot.worker.cards import CARDS, Sight
from bot.worker.channels import meet_later
from bot.worker.works import Works, handler
from core import clock, contacts, engagements, events, inbox, jobs, people, posts
from core.db import Session
from core.engagements import Engagement, Place
from core.inbox import Delivery
from core.jobs import Claimed

log = structlog.get_logger(__name__)

Json = dict[str, Any]
About = Callable[[Session, Engagement, Place, Json, Delivery], Awaitable[None]]
Applier = Callable[[Session, Delivery], Awaitable[None]]


def _event(delivery: Delivery) -> Json:
    body = delivery.content()
    event: Json = dict(body["event"])
    event.setdefault("event_ts", str(body.get("event_time", "0")))
    return event


def _channel(event: Json) -> str:
    channel = event.get("channel")
    return str(channel.get("id", "") if isinstance(channel, dict) else channel or "")


def about_channel(apply: About) -> Applier:
    """An applier that is told the engagement and the place of the event's channel; other channels are none of our
    concern.
    """

    async def applier(session: Session, delivery: Delivery) -> None:
        event = _event(delivery)
        engagement, place = await engagements.in_channel(session, _channel(event))
        if engagement is not None:
            await apply(session, engagement, place, event, delivery)

    return applier


async def accepted(session: Session, engagement: Engagement, place: Place, event: Json, delivery: Delivery) -> None:
    """Somebody took up an invitation to the client channel."""
    if place != "client":
        return
    invite, who = event.get("invite") or {}, event.get("accepting_user") or {}
    profile = who.get("profile") or {}
    await engagements.accepted(
        session,
        engagement.id,
        invite_id=invite.get("id", ""),
        email=invite.get("recipient_email", ""),
        user=who.get("id", ""),
        team=who.get("team_id") or profile.get("team") or "",
        name=profile.get("real_name") or who.get("name", ""),
        event_ts=event["event_ts"],
    )


async def approved(session: Session, engagement: Engagement, place: Place, event: Json, delivery: Delivery) -> None:
    """An admin agreed to an invitation."""
    if place == "client":
        await engagements.approved(session, engagement.id, event_ts=event["event_ts"])


async def declined(session: Session, engagement: Engagement, place: Place, event: Json, delivery: Delivery) -> None:
    """Somebody said no to an invitation."""
    if place == "client":
        invite = event.get("invite") or {}
        await engagements.declined(
            session,
            engagement.id,
            invite_id=invite.get("id", ""),
            email=invite.get("recipient_email", ""),
            event_ts=event["event_ts"],
        )


async def shared(session: Session, engagement: Engagement, place: Place, event: Json, delivery: Delivery) -> None:
    """A channel is shared with another workspace: the client is in, or the staff channel is exposed."""
    if place == "client":
        await engagements.connected(session, engagement.id, event_ts=event["event_ts"])
    else:
        await engagements.staff_channel_shared(session, engagement.id, shared=True, event_ts=event["event_ts"])


async def unshared(session: Session, engagement: Engagement, place: Place, event: Json, delivery: Delivery) -> None:
    """A workspace was cut off from a channel."""
    if place == "client":
        await engagements.disconnected(
            session,
            engagement.id,
            team=event.get("previously_connected_team_id", ""),
            still_shared=bool(event.get("is_ext_shared")),
            event_ts=event["event_ts"],
        )
    elif not event.get("is_ext_shared"):
        await engagements.staff_channel_shared(session, engagement.id, shared=False, event_ts=event["event_ts"])


async def joined(session: Session, engagement: Engagement, place: Place, event: Json, delivery: Delivery) -> None:
    """Somebody came in. Who they are Slack is asked afterwards; that they are from another workspace
    is plain at once.
    """
    channel, user, team = _channel(event), event["user"], event.get("team") or ""
    if not await engagements.note_member(session, channel, user, team, present=True, event_ts=event["event_ts"]):
        return
    outsider = bool(team) and team != delivery.team
    if outsider and place == "client":
        await engagements.connected(session, engagement.id, event_ts=event["event_ts"])
    if outsider and place == "staff":
        await engagements.exposed_by(session, engagement.id, outsider=True)
    await meet_later(session, engagement, user, place, event["event_ts"])


async def left(session: Session, engagement: Engagement, place: Place, event: Json, delivery: Delivery) -> None:
    """Somebody left, or was taken out."""
    channel, user = _channel(event), event["user"]
    gone = await engagements.note_member(
        session, channel, user, event.get("team") or "", present=False, event_ts=event["event_ts"]
    )
    if gone and place == "client":
        await engagements.went_out(session, await engagements.locked(session, engagement.id), user)
        await contacts.went_out(session, engagement, user)


async def renamed(session: Session, engagement: Engagement, place: Place, event: Json, delivery: Delivery) -> None:
    """A channel has another name."""
    name = str(event["channel"].get("name", "")) if isinstance(event["channel"], dict) else ""
    await engagements.renamed(session, engagement.id, _channel(event), name, event_ts=event["event_ts"])


def reachable(gone: str) -> About:
    """An applier for a channel that was archived, brought back, or that we were taken out of."""

    async def apply(session: Session, engagement: Engagement, place: Place, event: Json, delivery: Delivery) -> None:
        await engagements.reachable(session, engagement.id, _channel(event), gone, event_ts=event["event_ts"])

    return apply


async def id_changed(session: Session, delivery: Delivery) -> None:
    """A channel has another id."""
    event = _event(delivery)
    before, after = event["old_channel_id"], event["new_channel_id"]
    engagement, _ = await engagements.in_channel(session, before)
    await engagements.channel_id_changed(session, before, after)
    if engagement is not None:  # what was said under the new id, before we heard that it is ours
        await inbox.replay(session, team=delivery.team, lane=f"slack:{delivery.team}:{after}")


async def user_changed(session: Session, delivery: Delivery) -> None:
    """Something about an account changed. Slack is asked anew, so that the latest counts, in whatever order it is
    told.
    """
    user = _event(delivery).get("user") or {}
    if await people.identity(session, user.get("id", "")) is None:
        return
    await jobs.enqueue(
        session,
        "person.meet",
        lane=f"person:{user['id']}",
        payload={"user": user["id"]},
        organization_id=session.info["tenant"],
        dedupe=user["id"],
    )


async def uninstalled(session: Session, delivery: Delivery) -> None:
    """The app was removed from the workspace, or its token revoked."""
    event = _event(delivery)
    if event["type"] == "tokens_revoked" and not (event.get("tokens") or {}).get("bot"):
        return
    await jobs.enqueue(
        session,
        "installation.revoke",
        lane=f"installation:{delivery.team}",
        payload={"team": delivery.team, "at": float(delivery.content().get("event_time") or 0)},
        organization_id=session.info["tenant"],
        dedupe=delivery.team,
    )


@handler("person.meet")
async def meet(works: Works, job: Claimed) -> None:
    """Ask Slack who an account is, and do what follows from it in the engagement whose channel it came into."""
    tenant, user = await works.tenants.of(job.tenant), str(job.payload["user"])
    try:
        profile = profile_of(await works.slack.user_info(tenant.token, user))
    except Permanent as failure:
        if failure.code not in ("user_not_found", "user_not_visible"):
            raise
        log.warning("nobody to meet", user=user, reason=failure.code)
        return
    async with works.db.transaction(job.tenant) as session:
        if profile.deactivated or "engagement" not in job.payload:
            known = await people.meet(session, profile, home_team_id=tenant.team_id)
            if profile.deactivated:
                await engagements.account_closed(session, user)
            if profile.deactivated and known.kind == "external" and known.user_id is not None:
                await contacts.leave(session, people.system(job.tenant), known.user_id, how="slack")
            return
        engagement = await engagements.locked(session, uuid.UUID(job.payload["engagement"]))
        place: Place = job.payload["place"]
        channel = engagement.channel_id if place == "client" else engagement.staff_channel_id
        known = await engagements.meet(session, engagement, profile, home_team_id=tenant.team_id)
        if wrote := job.payload.get("wrote"):
            # "0": whatever Slack told, or tells yet, of their coming and going counts more
            team = profile.slack_team_id
            await engagements.note_member(session, wrote, user, team, present=True, event_ts="0")
        if channel is None or not await engagements.is_in(session, channel, user):
            return
        if user == tenant.bot_user_id:
            await engagements.reachable(session, engagement.id, channel, "", event_ts=job.payload["event_ts"])
            if engagement.trouble:
                await engagements.prepare(session, engagement)
        elif place == "client":
            await engagements.came_in(session, engagement, known)
        else:
            await engagements.exposed_by(session, engagement.id)


@handler("owner.warn")
async def warn(works: Works, job: Claimed) -> None:
    """Tell an engagement's owner, in a direct message, what cannot be said in its staff channel. Better twice than
    never.
    """
    tenant = await works.tenants.of(job.tenant)
    engagement_id, event_id = uuid.UUID(job.payload["engagement"]), uuid.UUID(job.payload["event"])
    async with works.db.transaction(job.tenant) as session:
        engagement = await engagements.by_id(session, engagement_id)
        account = (await people.identities_of(session, [engagement.owner_id])).get(engagement.owner_id)
        if account is None:
            raise Permanent(
                "slack", "owner_unknown", "The engagement's owner has no Slack account here, so nobody could be warned."
            )
        event = await events.get(session, event_id)
        card = await CARDS[job.payload["card"]](
            Sight(session, engagement_id, event, works.settings.public_url, event.facts)
        )
        purpose = f"{job.payload['card']}:{event_id}"
        post = await posts.at(
            session,
            subject="engagement",
            subject_id=engagement_id,
            place=account,
            purpose=purpose,
            engagement_id=engagement_id,
        )
        if card is None or post.state == "sent":
            return
        if post.state == "waiting":
            posts.attempt(post)
    ts = await works.slack.post(tenant.token, account, card.text, card.blocks)
    async with works.db.transaction(job.tenant) as session:
        posts.sent(await posts.get(session, post.id), ts, "")


@handler("installation.revoke")
async def revoke(works: Works, job: Claimed) -> None:
    """Note that the app is no longer in a workspace; an installation made after that stays."""
    async with works.db.platform() as session:
        found = await people.installation(session, team_id=job.payload["team"])
        told = job.payload["at"] or clock.now().timestamp()  # Slack tells whole seconds
        if found is not None and int(found.installed_at.timestamp()) <= told:
            found.revoked_at = clock.now()
    works.tenants.forget()


APPLIERS: dict[tuple[str, str], Applier] = {
    ("slack", "app_uninstalled"): uninstalled,
    ("slack", "channel_archive"): about_channel(reachable("archived")),
    ("slack", "channel_id_changed"): id_changed,
    ("slack", "channel_left"): about_channel(reachable("left")),
    ("slack", "channel_rename"): about_channel(renamed),
    ("slack", "channel_shared"): about_channel(shared),
    ("slack", "channel_unarchive"): about_channel(reachable("")),
    ("slack", "channel_unshared"): about_channel(unshared),
    ("slack", "group_archive"): about_channel(reachable("archived")),
    ("slack", "group_left"): about_channel(reachable("left")),
    ("slack", "group_rename"): about_channel(renamed),
    ("slack", "group_unarchive"): about_channel(reachable("")),
    ("slack", "member_joined_channel"): about_channel(joined),
    ("slack", "member_left_channel"): about_channel(left),
    ("slack", "shared_channel_invite_accepted"): about_channel(accepted),
    ("slack", "shared_channel_invite_approved"): about_channel(approved),
    ("slack", "shared_channel_invite_declined"): about_channel(declined),
    ("slack", "tokens_revoked"): uninstalled,
    ("slack", "user_change"): user_changed,
}
