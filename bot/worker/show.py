"""The send jobs: a card put into its place, once, or updated where it stands; an unknown outcome is looked for before it is sent again."""

import hashlib
import json
import uuid
from dataclasses import replace
from typing import Any

from bot.blocks import kit, mails, pages
from bot.blocks.kit import Card
from bot.gateways.failures import Permanent, Temporary, Unknown
from bot.gateways.slack import own_post
from bot.worker.cards import CARDS, LETTERS, POSTED, THREADS, Sight
from bot.worker.mails import reply_to, threading
from bot.worker.places import may_stand
from bot.worker.works import Works, handler
from core import clock, conversations, engagements, events, people, posts
from core import mails as core_mails
from core.db import Session
from core.engagements import making
from core.jobs import Claimed

UNEDITABLE = frozenset(
    {"edit_window_closed", "cant_update_message", "message_not_found", "is_inactive", "external_channel_migrating"}
)
"""Slack's reasons for which a card that stands can no longer be changed, so that a new one takes its place."""


NO_SUCH_BOX = frozenset({"550", "551", "553"})
"""What a mail server answers where nobody has the address (RFC 5321)."""


def print_of(card: Card) -> str:
    """A short hash of what a card shows, to tell whether an update would change anything."""
    return hashlib.sha256(json.dumps([card.text, card.blocks], sort_keys=True).encode()).hexdigest()[:32]


def or_write(card: Card) -> Card:
    """The card for those who may be allowed to write and nothing else: it says that words do as well as its buttons."""
    if not any(block["type"] == "actions" for block in card.blocks):
        return card
    return replace(card, blocks=[*card.blocks, kit.context("Or write here, in your own words: we do the rest.")])


async def _sight(works: Works, session: Session, payload: dict[str, Any]) -> Sight:
    event = await events.get(session, uuid.UUID(payload["event"])) if payload.get("event") else None
    facts = event.facts if event else {}
    return Sight(session, uuid.UUID(payload["subject"]), event, works.settings.public_url, facts)


async def _render(works: Works, session: Session, payload: dict[str, Any]) -> Card | None:
    return await CARDS[payload["card"]](await _sight(works, session, payload))


def _purpose(payload: dict[str, Any]) -> str:
    return f"{payload['card']}:{payload['event']}" if payload.get("news") else str(payload["card"])


@handler("post.show")
async def show(works: Works, job: Claimed) -> None:
    """Show a card in a Slack channel: render it from its row now, then post it, or update it where it stands."""
    tenant, payload = await works.tenants.of(job.tenant), job.payload
    place = str(payload["place"])
    thread: str | None = None
    async with works.db.transaction(job.tenant) as session:
        engagement, where = await engagements.in_channel(session, place)
        if engagement is None or not may_stand(engagement, where):
            return
        card = await _render(works, session, payload)
        if card is None:
            return
        if where == "client" and await making.post_only(session, job.tenant):
            card = or_write(card)
        post = await posts.at(
            session,
            subject=payload["card"].partition(".")[0],
            subject_id=uuid.UUID(payload["subject"]),
            place=place,
            purpose=_purpose(payload),
            engagement_id=engagement.id,
        )
        shown = print_of(card)
        standing = post.state == "sent" and (post.shown == shown or (payload.get("news") and post.shown != ""))
        before, reference, since = post.state, post.reference, post.attempted_at or post.created_at
        pin = bool(payload.get("pin")) and post.pinned_at is None
        if payload.get("under"):
            thread = await _thread(session, uuid.UUID(payload["subject"]), place, payload["under"])
        elif payload["card"] in THREADS:
            thread = await THREADS[payload["card"]](session, uuid.UUID(payload["subject"]), place)
        if before == "gone":
            post.state = posts.STATES.move(post.state, "waiting")
        if post.state == "waiting":
            posts.attempt(post)
    if not standing:
        if before == "sent" and reference is not None:
            await _update(works, job, tenant.token, place, post.id, reference, card)
        else:
            lost = before in ("attempted", "unknown")
            reference = (
                await works.slack.find_own_post(tenant.token, place, str(post.id), since, thread, bot_id=tenant.bot_id)
                if lost
                else None
            )
            if reference is None:
                reference = await _send(works, job, tenant.token, place, post.id, card, thread, again=lost)
            else:  # what stands there was rendered at the first attempt
                await works.slack.update(tenant.token, place, reference, card.text, card.blocks)
        await _note(works, job, post.id, reference, shown)
    if pin and reference is not None:
        await works.slack.pin(tenant.token, place, reference)
        async with works.db.transaction(job.tenant) as session:
            (await posts.get(session, post.id)).pinned_at = clock.now()


async def _update(
    works: Works, job: Claimed, token: str, place: str, post_id: uuid.UUID, reference: str, card: Card
) -> None:
    """Change the card where it stands; if Slack allows that no longer, the next attempt puts a new one there."""
    try:
        await works.slack.update(token, place, reference, card.text, card.blocks)
    except Permanent as failure:
        if failure.code not in UNEDITABLE:
            raise
        async with works.db.transaction(job.tenant) as session:
            posts.gone(await posts.get(session, post_id))
        raise Temporary(
            "slack", failure.code, "The card can no longer be edited; a new one takes its place."
        ) from failure


async def _send(
    works: Works,
    job: Claimed,
    token: str,
    place: str,
    post_id: uuid.UUID,
    card: Card,
    thread: str | None,
    *,
    again: bool,
) -> str:
    if again:
        async with works.db.transaction(job.tenant) as session:
            post = await posts.get(session, post_id)
            if post.state == "attempted":
                posts.lost(post)
            posts.attempt(post)
    try:
        return await works.slack.post(
            token, place, card.text, card.blocks, metadata=own_post(str(post_id)), thread_ts=thread
        )
    except Unknown:
        async with works.db.transaction(job.tenant) as session:
            post = await posts.get(session, post_id)
            if post.state == "attempted":  # else its echo was here first, and all is well
                posts.lost(post)
        raise
    except (Temporary, Permanent) as failure:
        async with works.db.transaction(job.tenant) as session:
            posts.refused(await posts.get(session, post_id))
        if thread is not None and failure.code == "thread_not_found":  # somebody deleted what it was to stand under
            return await _send(works, job, token, place, post_id, card, None, again=True)
        raise


async def _note(works: Works, job: Claimed, post_id: uuid.UUID, reference: str, shown: str) -> None:
    async with works.db.transaction(job.tenant) as session:
        post = await posts.get(session, post_id)
        posts.sent(post, reference, shown)
        if tell := POSTED.get(job.payload["card"]):
            await tell(session, post)


async def _thread(session: Session, subject_id: uuid.UUID, place: str, under: str) -> str | None:
    standing = await posts.of(session, subject_id, place=place, purpose=under)
    return standing[0].reference if standing else None


@handler("mail.show")
async def mail(works: Works, job: Claimed) -> None:
    """Send a card's mail twin to somebody who is not in the channel; once for each event."""
    if works.mail is None:
        raise Permanent(
            "mail", "not_set_up", "Mail is not set up (SMTP_URL), so a client who is not in Slack was not told."
        )
    user_id = uuid.UUID(str(job.payload["place"]).removeprefix("mail:"))
    async with works.db.transaction(job.tenant) as session:
        card = await _render(works, session, job.payload)
        if card is None:
            return
        house = await people.organization(session, job.tenant)
        to = (await people.get(session, [user_id]))[user_id]
        if to.left_at is not None or to.deleted_at is not None:  # since it was announced
            return
        post = await posts.at(
            session,
            subject="mail",
            subject_id=uuid.UUID(job.payload["event"]),
            place=str(job.payload["place"]),
            purpose=str(job.payload["card"]),
        )
        if post.state == "sent":
            return
        if post.state == "waiting":
            posts.attempt(post)
        event = await events.get(session, uuid.UUID(job.payload["event"]))
        talk = await conversations.of_card(session, job.payload["card"], uuid.UUID(job.payload["subject"]))
        answer = await reply_to(works, session, user_id, event.chain, talk) if event.engagement_id else ""
        subject, headers = await threading(session, works.mail.domain, user_id, talk)
        write, letter = LETTERS.get(job.payload["card"]), None
        if write is not None:
            letter = await write(await _sight(works, session, job.payload), to, card, bool(answer))
    page = pages.address(works.settings.public_url, job.tenant)
    if letter is None:
        letter = mails.twin(card, house.name, to.first_name, page, replies=bool(answer), subject=subject)
    message_id = f"<{post.id}@{works.mail.domain}>"
    try:
        await works.mail.send(
            to.email,
            letter.subject,
            letter.text,
            letter.html,
            {**headers, **({"Reply-To": answer} if answer else {})},
            message_id,
            to_name=to.name,
            from_name=house.name,
        )
    except Permanent as refused:
        if refused.code not in NO_SUCH_BOX or not event.engagement_id:
            raise
        async with works.db.transaction(job.tenant) as session:  # staff are told, and there is nothing to try again
            await core_mails.undeliverable(session, user_id, event.engagement_id, message_id, clock.now())
        return
    async with works.db.transaction(job.tenant) as session:
        posts.sent(await posts.get(session, post.id), message_id, "")
