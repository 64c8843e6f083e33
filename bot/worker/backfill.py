"""Reading again what Slack remembers: pages become deliveries, an outage is noticed, and each channel is compared every day."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any

import structlog

from bot.gateways.failures import Permanent, Temporary
from bot.settings import Settings
from bot.tenants import Tenant
from bot.worker.messages import IGNORED
from bot.worker.works import Works, chore, handler
from core import backfill, clock, inbox, jobs, people
from core.backfill import Backfill, Found, Turn
from core.db import APP_ROLE, Database, Session
from core.errors import Conflict
from core.inbox import Applier, Delivery, Incoming, Together
from core.jobs import Claimed

log = structlog.get_logger(__name__)

Json = dict[str, Any]

MARK = "X-Throughline-Backfill"
"""The header by which a delivery is known that Slack did not send but we read."""

SPOKEN = frozenset({"message", "file_share", "thread_broadcast", "me_message", "bot_message"})

PAGE, LIMITED_PAGE = 200, 15
LIMITED_REST = 60.0
"""What Slack allows: 50 calls a minute to an agency's own app; to one that is distributed, one call a minute, of 15 messages.

https://docs.slack.dev/changelog/2025/05/29/rate-limit-changes-for-non-marketplace-apps/
"""
BEAT = 60.0
PATIENCE = 20.0


Many = Callable[[Session, Sequence[Delivery]], Awaitable[None]]


def quietly(applier: Applier) -> Applier:
    """An applier that announces nothing of what was backfilled: it is recorded, but no news; the cards are drawn once, at the end."""
    return Together(_apart(applier.many)) if isinstance(applier, Together) else applier


@cache
def _apart(many: Many) -> Many:
    """The same for several at a time: what Slack told, then what we read, each among its own."""

    async def apply(session: Session, deliveries: Sequence[Delivery]) -> None:
        for read in (False, True):
            among = [delivery for delivery in deliveries if (MARK in delivery.headers) == read]
            if not among:
                continue
            session.info["quiet"] = read
            try:
                await many(session, among)
            finally:
                session.info["quiet"] = False

    return apply


def found_in(message: Json, channel: str, tenant: Tenant) -> list[Found]:
    """A message as Slack remembers it, and the reactions on it, as the events that would have told of them.

    Their ids are made of channel, ts and latest edit, so that what is read again is the same delivery.
    """
    ts = message.get("ts")
    if not isinstance(ts, str) or not ts or message.get("subtype") in IGNORED:
        return []
    edited = message.get("edited")
    app_id = str(message.get("app_id") or "") if tenant.bot_id and message.get("bot_id") == tenant.bot_id else ""
    # Our own cards change without being edited by anybody.
    edited_ts = str(edited.get("ts") or "") if isinstance(edited, dict) and not app_id else ""
    gone = message.get("subtype") == "tombstone"
    event: Json = {"type": "message", "channel": channel}
    if gone:
        name = f"{ts}:gone"
        now = f"{clock.now().timestamp():.6f}"
        event |= {"subtype": "message_deleted", "deleted_ts": ts, "ts": now, "event_ts": now}
        if message.get("thread_ts"):
            event["previous_message"] = {"ts": ts, "thread_ts": message["thread_ts"], "text": ""}
    elif edited_ts:
        name = f"{ts}:{edited_ts}"
        event |= {"subtype": "message_changed", "message": {**message, "channel": channel}, "ts": edited_ts}
        event["event_ts"] = edited_ts
    else:
        name = ts
        event = {**message, **event, "event_ts": ts}
    kept = partial(_delivery, tenant, channel, app_id or tenant.app_id)
    spoken = not app_id and (message.get("subtype") or "message") in SPOKEN
    found = [Found(ts, kept(f"{channel}:{name}", event), edited_ts, gone, spoken or gone)]
    for reaction in message.get("reactions") or []:
        for user in reaction.get("users") or []:
            emoji = str(reaction.get("name") or "")
            item = {"type": "message", "channel": channel, "ts": ts}
            # As old as the message, so that whatever we heard of it ourselves counts for more.
            told = {"type": "reaction_added", "user": user, "reaction": emoji, "item": item, "event_ts": ts}
            found.append(Found(ts, kept(f"{channel}:{ts}:{emoji}:{user}", told), reaction=(user, emoji)))
    return found


def _delivery(tenant: Tenant, channel: str, app_id: str, name: str, event: Json) -> Incoming:
    """The event as Slack wraps it, on its way into the inbox, in its channel's lane."""
    us = {"team_id": tenant.team_id, "user_id": tenant.bot_user_id, "is_bot": True}
    body = {
        "type": "event_callback",
        "team_id": tenant.team_id,
        "api_app_id": app_id,
        "event_id": f"backfill:{name}",
        "event_time": int(float(event["event_ts"])),
        "authorizations": [us],
        "event": event,
    }
    return Incoming(
        source="slack",
        team=tenant.team_id,
        external_id=f"backfill:{name}"[:255],
        lane=f"slack:{tenant.team_id}:{channel}",
        kind=event["type"],
        headers=json.dumps({MARK: "1"}),
        body=json.dumps(body).encode(),
        received_at=clock.now(),
    )


def _threads(messages: Sequence[Json], turn: Turn) -> list[str]:
    """The threads under these messages that have anything new in them."""
    if turn.thread_ts:
        return []
    return [
        str(message["ts"])
        for message in messages
        if message.get("reply_count") and str(message.get("latest_reply") or "9") > turn.oldest
    ]


@handler("backfill.step")
async def step(works: Works, job: Claimed) -> None:
    """Read one page and keep what is missing of it; when all is read and applied, end the search."""
    run_id = uuid.UUID(job.payload["backfill"])
    tenant = await works.tenants.of(job.tenant)
    limited = works.settings.slack_history_limited
    rest = LIMITED_REST if limited else 0.0
    async with works.db.transaction(job.tenant) as session:
        turn = await backfill.turn(session, run_id)
    if turn is None:
        await _end(works, tenant, run_id)
        return
    size = LIMITED_PAGE if limited else PAGE
    read = works.slack.history
    if turn.thread_ts:
        read = partial(works.slack.replies, thread_ts=turn.thread_ts)
    try:
        page = await read(
            tenant.token,
            turn.channel_id,
            oldest=turn.oldest if turn.oldest != "0" else None,
            latest=f"{turn.until.timestamp():.6f}",  # what is said later is heard
            limit=size,
            cursor=turn.cursor or None,
        )
    except Permanent as failure:
        log.warning("history not read", channel=turn.channel_id, reason=failure.code)
        async with works.db.transaction(job.tenant) as session:
            await backfill.pass_over(session, run_id, turn, failure.code, after=rest)
        return
    found = [one for message in page.messages for one in found_in(message, turn.channel_id, tenant)]
    async with works.db.transaction(job.tenant) as session:
        await backfill.take(
            session,
            run_id,
            turn,
            found,
            _threads(page.messages, turn),
            cursor=page.cursor or "",
            after=rest,
        )
        await _show(session, run_id)


async def _end(works: Works, tenant: Tenant, run_id: uuid.UUID) -> None:
    """Once all that was found is applied: settle what is long past, mark the gaps, tell staff, draw the cards."""
    for _ in range(int(PATIENCE / 0.2)):
        async with works.db.transaction(tenant.organization_id) as session:
            if not await backfill.waiting(session, run_id, tenant.team_id):
                break
        await asyncio.sleep(0.2)
    else:
        raise Temporary("inbox", "still_applying", "What was found is still being applied.")
    while True:
        async with works.db.transaction(tenant.organization_id) as session:
            if not await backfill.settle_old(session, run_id):
                break
    async with works.db.transaction(tenant.organization_id) as session:
        run = await backfill.finish(session, run_id)
        if run is None:
            return
        await _show(session, run_id)
        if run.found:
            await backfill.follow(session, run)
            await jobs.enqueue(
                session,
                "engagement.redraw",
                lane=f"redraw:{run.engagement_id}",
                payload={"engagement": str(run.engagement_id), "status": True},
                organization_id=tenant.organization_id,
                dedupe=f"status:{run.engagement_id}",
            )


async def _show(session: Session, run_id: uuid.UUID) -> None:
    """Have the search's card drawn in the staff channel, if there is anything to tell."""
    place = await backfill.shown_in(session, run_id)
    if place is not None:
        await jobs.enqueue(
            session,
            "post.show",
            lane=f"slack:{place}",
            payload={"card": "backfill.card", "place": place, "subject": str(run_id)},
            organization_id=session.info["tenant"],
            dedupe=f"backfill:{run_id}",
        )


@handler("backfill.import")
async def bring_in(works: Works, job: Claimed) -> None:
    """Bring in what was said in a linked channel before, now that its people have been told."""
    await _begin(works, job, backfill.bring_in)


@handler("backfill.outage")
async def after_outage(works: Works, job: Claimed) -> None:
    """Look for what was said while nobody answered Slack's events."""
    since, until = (datetime.fromisoformat(job.payload[end]) for end in ("since", "until"))
    quietly = bool(job.payload.get("quietly"))
    await _begin(works, job, partial(backfill.after_outage, since=since, until=until, quietly=quietly))


async def _begin(works: Works, job: Claimed, begin: Callable[[Session, uuid.UUID], Awaitable[Backfill | None]]) -> None:
    """Begin a search, as soon as no other of this engagement is under way."""
    try:
        async with works.db.transaction(job.tenant) as session:
            run = await begin(session, uuid.UUID(job.payload["engagement"]))
            if run is not None:
                await _show(session, run.id)
    except Conflict as busy:
        raise Temporary("backfill", "busy", busy.sentence) from busy


async def by_hand(settings: Settings, which: str, since: datetime | None) -> list[str]:
    """Ask, for the command line, for a look at one engagement or at all; returns a line for each that is looked at."""
    db = Database(settings.app_url, role=None if settings.database_app_url else APP_ROLE)
    try:
        asked = await backfill.repair(db, which, since=since)
    finally:
        await db.close()
    return [
        f"{one.title}: from {f'{one.since:%-d %b %Y, %H:%M} UTC' if one.since else 'the beginning'} on."
        for one in asked
    ]


@chore("backfill.look")
async def look(works: Works) -> None:
    """Compare with Slack what was not compared for a day, and go on with what came to a stop."""
    for house in await _houses(works):
        async with works.db.transaction(house) as session:
            await backfill.unfinished(session)
            due = await backfill.due(session)
        for engagement_id in due:
            async with works.db.transaction(house) as session:
                await backfill.ask(session, people.system(house), engagement_id, "schedule")


async def _houses(works: Works) -> list[uuid.UUID]:
    async with works.db.platform() as session:
        return [house.id for house in await people.houses(session)]


async def beating(works: Works) -> None:
    """Beat as long as Slack's events are answered here; at the start, look for what was said while nobody was."""
    first = True
    while True:
        try:
            for house in await _houses(works):
                async with works.db.transaction(house) as session:
                    down = await backfill.beat(session, "serve", first=first)
                    if down is not None:
                        log.warning("events were not answered", since=down.isoformat())
                        await backfill.outage(session, down, quietly=not works.settings.outage_notice)
            first = False
        except Exception as error:
            log.error("the beat failed", error=inbox.describe(error))
        await asyncio.sleep(BEAT)
