"""Jobs that make an engagement's channels and invite to them: each outside effect is noted as soon as it is known."""

import contextlib
import uuid
from collections.abc import Iterator
from datetime import datetime

import structlog

from bot.blocks.engagements import several
from bot.gateways.failures import Permanent, Temporary, Unknown
from bot.gateways.slack.profiles import profile_of
from bot.tenants import Tenant
from bot.worker.works import Works, handler
from core import clock, engagements, jobs, people
from core.db import Session
from core.engagements import Engagement, Place, life, making
from core.jobs import Claimed

log = structlog.get_logger(__name__)

BOOKMARK = "Your page"
NAMES = 20
"""How many names are tried before staff are asked for one."""


class Stuck(Exception):
    """Slack refused a step; staff are told, with a way on."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}:{reason}")


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Turn what Slack refuses for good into trouble that staff see; what is only put off is tried
    again by the runner.
    """
    try:
        yield
    except Permanent as failure:
        raise Stuck(name, failure.code) from failure


def stamp(moment: datetime) -> str:
    """A moment as Slack writes its event times."""
    return f"{moment.timestamp():.6f}"


@handler("engagement.prepare")
async def prepare(works: Works, job: Claimed) -> None:
    """Make what is missing of an engagement's two channels, bring the team in, bookmark the client's page; then the
    invitation follows.
    """
    tenant, engagement_id = await works.tenants.of(job.tenant), uuid.UUID(job.payload["engagement"])
    try:
        await _meet_team(works, tenant, engagement_id, job.payload.get("newcomers") or [])
        staff = await _channel(works, tenant, engagement_id, "staff")
        await _bring_in(works, tenant, engagement_id, staff)
        client = await _channel(works, tenant, engagement_id, "client")
        engagement = await _read(works, tenant, engagement_id)
        shared = await _look(works, tenant, engagement, client) if engagement.adopted else False
        if not engagement.adopted:
            await _bring_in(works, tenant, engagement_id, client)
        if engagement.bookmark_id is None:
            with step("bookmark"):
                mark = await works.slack.bookmark(tenant.token, client, BOOKMARK, f"{works.settings.public_url}/portal")
            async with works.db.transaction(tenant.organization_id) as session:
                await making.bookmarked(session, engagement_id, mark)
    except Stuck as trouble:
        log.warning("engagement stuck", engagement=str(engagement_id), trouble=str(trouble))
        async with works.db.transaction(tenant.organization_id) as session:
            await making.stuck(session, engagement_id, str(trouble))
        return
    async with works.db.transaction(tenant.organization_id) as session:
        await making.channels_made(session, engagement_id, told=not shared)
        if shared:
            await engagements.connected(session, engagement_id, event_ts=stamp(clock.now()))


async def _read(works: Works, tenant: Tenant, engagement_id: uuid.UUID) -> Engagement:
    async with works.db.transaction(tenant.organization_id) as session:
        return await engagements.by_id(session, engagement_id)


async def _meet_team(works: Works, tenant: Tenant, engagement_id: uuid.UUID, newcomers: list[str]) -> None:
    """Colleagues who were chosen in the form and whom we have not met."""
    for user in newcomers:
        with step("staff"):
            info = await works.slack.user_info(tenant.token, user)
        async with works.db.transaction(tenant.organization_id) as session:
            known = await people.meet(session, profile_of(info), home_team_id=tenant.team_id)
            await making.met(session, engagement_id, [known])


async def _channel(works: Works, tenant: Tenant, engagement_id: uuid.UUID, place: Place) -> str:
    """The engagement's channel of this kind, made if there is none.

    A name that is taken is met with the next one, unless the channel that has it is ours, made by an attempt whose
    answer was lost.
    """
    after = ""
    for _ in range(NAMES):
        async with works.db.transaction(tenant.organization_id) as session:
            engagement = await engagements.by_id(session, engagement_id)
            there = engagement.staff_channel_id if place == "staff" else engagement.channel_id
            if there:
                return there
            name = await making.claim_name(session, engagement_id, place, after=after)
        made = None
        try:
            made = await works.slack.create_channel(tenant.token, name, private=True)
        except Permanent as failure:
            if failure.code != "name_taken":
                raise Stuck(place, failure.code) from failure
            made = await _ours(works, tenant, name)
        if made is not None:
            async with works.db.transaction(tenant.organization_id) as session:
                await making.channel_made(session, engagement_id, place, made)
            return made
        after = name
    raise Stuck(place, "name_taken")


async def _ours(works: Works, tenant: Tenant, name: str) -> str | None:
    """The channel of this name that we created and that no engagement has."""
    cursor: str | None = None
    while True:
        found, cursor = await works.slack.private_channels(tenant.token, cursor)
        for channel in found:
            if channel.get("name") == name and channel.get("creator") == tenant.bot_user_id:
                async with works.db.transaction(tenant.organization_id) as session:
                    return None if await making.is_held(session, channel["id"]) else str(channel["id"])
        if cursor is None:
            return None


async def _bring_in(works: Works, tenant: Tenant, engagement_id: uuid.UUID, channel: str) -> None:
    """The team into a channel; somebody whom Slack will not bring in does not keep the others out."""
    async with works.db.transaction(tenant.organization_id) as session:
        accounts = await making.team_accounts(session, engagement_id)
    since = stamp(clock.now())
    for account in accounts:
        try:
            await works.slack.invite(tenant.token, channel, [account])
        except Permanent as failure:
            if failure.code not in (
                "user_not_found",
                "user_disabled",
                "cant_invite",
                "cant_invite_self",
                "user_is_restricted",
            ):
                raise Stuck("staff", failure.code) from failure
            log.warning("colleague not brought in", reason=failure.code)
            continue
        async with works.db.transaction(tenant.organization_id) as session:
            await engagements.note_member(session, channel, account, tenant.team_id, present=True, event_ts=since)


async def _look(works: Works, tenant: Tenant, engagement: Engagement, channel: str) -> bool:
    """Who is in an adopted channel, and whether another company is among them."""
    since = stamp(clock.now())
    with step("link"):
        info = await works.slack.channel_info(tenant.token, channel)
        if not info.get("is_member"):
            raise Stuck("link", "not_in_channel")
        members = await works.slack.members(tenant.token, channel)
    async with works.db.transaction(tenant.organization_id) as session:
        await engagements.renamed(session, engagement.id, channel, str(info.get("name", "")), event_ts=since)
        for member in members:
            await engagements.note_member(session, channel, member, "", present=True, event_ts=since)
            await meet_later(session, engagement, member, "client", since)
    return bool(info.get("is_ext_shared"))


@handler("channels.look")
async def look_around(works: Works, job: Claimed) -> None:
    """Note which shared channels we are in, and tell whoever asked what can be linked. Better twice than never."""
    tenant, found, cursor = await works.tenants.of(job.tenant), dict[str, str](), None
    while True:
        page, cursor = await works.slack.private_channels(tenant.token, cursor, kinds="private_channel,public_channel")
        found |= {
            one["id"]: str(one.get("name", "")) for one in page if one.get("is_member") and one.get("is_ext_shared")
        }
        if cursor is None:
            break
    async with works.db.transaction(job.tenant) as session:
        await engagements.seen(session, found)
        free = [one.channel_id for one in await engagements.adoptable(session, people.system(job.tenant))]
    card = several.found(free)
    await works.slack.post(tenant.token, str(job.payload["user"]), card.text, card.blocks)


async def meet_later(session: Session, engagement: Engagement, user: str, place: Place, event_ts: str) -> None:
    """Have Slack asked who an account is that came into one of the engagement's channels."""
    await jobs.enqueue(
        session,
        "person.meet",
        lane=f"person:{user}",
        payload={"user": user, "engagement": str(engagement.id), "place": place, "event_ts": event_ts},
        organization_id=engagement.organization_id,
        dedupe=f"{user}:{engagement.id}:{place}",
    )


@handler("engagement.invite")
async def invite(works: Works, job: Claimed) -> None:
    """Invite the client through Slack Connect, once: Slack mails at each asking, so a lost answer is shown to staff and
    not repeated.
    """
    tenant, engagement_id = await works.tenants.of(job.tenant), uuid.UUID(job.payload["engagement"])
    async with works.db.transaction(tenant.organization_id) as session:
        engagement = await engagements.by_id(session, engagement_id)
        if engagement.connection == "connected":
            return
        if engagement.channel_id is None:
            await engagements.prepare(session, engagement)
            return
        limited = await making.post_only(session, tenant.organization_id)
        if not await making.inviting(session, engagement_id):
            await making.stuck(session, engagement_id, "invite:unknown")
            return
    channel, email = engagement.channel_id, engagement.invite_email
    try:
        sent = await works.slack.invite_shared(tenant.token, channel, email, external_limited=limited)
    except Unknown:
        async with works.db.transaction(tenant.organization_id) as session:
            await making.stuck(session, engagement_id, "invite:unknown")
        return
    except Temporary:
        async with works.db.transaction(tenant.organization_id) as session:
            await making.not_invited(session, engagement_id)
        raise
    except Permanent as failure:
        async with works.db.transaction(tenant.organization_id) as session:
            await making.not_invited(session, engagement_id)
            await making.stuck(session, engagement_id, f"invite:{failure.code}")
        return
    async with works.db.transaction(tenant.organization_id) as session:
        await making.invited(session, engagement_id, invite_id=sent["invite_id"], url=sent["url"])


@handler("engagement.redraw")
async def redraw(works: Works, job: Claimed) -> None:
    """Render anew what stands in an engagement's channels: all of the client's cards, or, daily and whenever the turn
    changes in a conversation, the two status cards.
    """
    daily = bool(job.payload.get("daily"))
    status = daily or bool(job.payload.get("status"))
    async with works.db.transaction(job.tenant) as session:
        engagement = await engagements.by_id(session, uuid.UUID(job.payload["engagement"]))
        if daily and engagement.status == "closed":
            return
        places = [engagement.channel_id] + (
            [None if engagement.exposed_at else engagement.staff_channel_id] if status else []
        )
        for place in filter(None, places):
            for post in await making.standing(session, place):
                pinned = post.purpose in ("engagement.status", "engagement.twin")
                if status and not pinned:
                    continue
                await jobs.enqueue(
                    session,
                    "post.show",
                    lane=f"slack:{place}",
                    payload={"card": post.purpose, "place": place, "subject": str(post.subject_id), "pin": pinned},
                    organization_id=job.tenant,
                    dedupe=f"redraw:{post.id}",
                )
        if daily:
            await life.redraw_daily(session, engagement)


@handler("engagement.resume")
async def resume(works: Works, job: Claimed) -> None:
    """Go on after a pause whose day has come; one that was changed meanwhile stays as it is."""
    async with works.db.transaction(job.tenant) as session:
        engagement = await engagements.locked(session, uuid.UUID(job.payload["engagement"]))
        if engagements.resume_due(engagement):
            await engagements.resume(session, people.system(job.tenant), engagement.id)
