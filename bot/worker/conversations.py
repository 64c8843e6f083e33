"""Jobs of conversations: what follows when one changes, the look at its target, and the 👀 that the client sees."""

import uuid

import structlog

from bot.gateways.failures import Permanent
from bot.worker.works import Works, handler
from core import conversations, jobs, people
from core.conversations import Conversation
from core.db import Session
from core.jobs import Claimed

log = structlog.get_logger(__name__)

OUT_OF_REACH = frozenset(
    {"message_not_found", "channel_not_found", "is_archived", "not_in_channel", "thread_not_found"}
)
"""Slack's reasons for which nobody can see the message any more, or nothing can be put under it."""


async def _conversation(session: Session, job: Claimed) -> Conversation:
    found = await session.get_one(Conversation, uuid.UUID(job.payload["conversation"]))
    await session.refresh(found)
    return found


@handler("conversation.follow")
async def follow(works: Works, job: Claimed) -> None:
    """Have its control cards drawn anew where they stand, and its target watched."""
    async with works.db.transaction(job.tenant) as session:
        conversation = await _conversation(session, job)
        await conversations.watch(session, conversation)
        for post in await conversations.standing(session, conversation.id):
            await jobs.enqueue(
                session,
                "post.show",
                lane=f"slack:{post.place}",
                payload={"card": post.purpose, "place": post.place, "subject": str(conversation.id)},
                organization_id=job.tenant,
                dedupe=f"redraw:{post.id}",
            )


@handler("conversation.watch")
async def watch(works: Works, job: Claimed) -> None:
    """Warn the staff channel if the conversation still waits and its target is near; once for each wait."""
    async with works.db.transaction(job.tenant) as session:
        await conversations.warn(session, people.system(job.tenant), job.payload["conversation"])


@handler("conversation.eyes")
async def eyes(works: Works, job: Claimed) -> None:
    """Put 👀 under the client's last words, so that they see that somebody has taken it."""
    async with works.db.transaction(job.tenant) as session:
        place = await conversations.last_words(session, uuid.UUID(job.payload["conversation"]))
    if place is None:
        return
    tenant = await works.tenants.of(job.tenant)
    try:
        await works.slack.react(tenant.token, place.channel_id, place.ts, "eyes")
    except Permanent as failure:
        if failure.code not in OUT_OF_REACH:
            raise
        log.info("nobody sees that it is taken", reason=failure.code)


@handler("conversation.link")
async def link(works: Works, job: Claimed) -> None:
    """Ask Slack where its thread is read, for the control card."""
    conversation_id = uuid.UUID(job.payload["conversation"])
    async with works.db.transaction(job.tenant) as session:
        place = await conversations.last_words(session, conversation_id)
    if place is None:
        return
    tenant = await works.tenants.of(job.tenant)
    try:
        address = await works.slack.permalink(tenant.token, place.channel_id, place.ts)
    except Permanent as failure:
        if failure.code not in OUT_OF_REACH:
            raise
        log.info("a thread has no address", reason=failure.code)
        return
    async with works.db.transaction(job.tenant) as session:
        await conversations.linked(session, conversation_id, address)
