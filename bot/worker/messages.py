"""Slack's message and reaction events, told to the record: who said, edited, deleted or reacted to what, and where."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from bot.gateways.slack import post_id_of
from core import conversations, engagements, jobs, people, posts
from core.conversations import Said
from core.db import Session
from core.inbox import Delivery

Json = dict[str, Any]

KNOWN = frozenset(
    {
        "message",
        "file_share",
        "thread_broadcast",
        "me_message",
        "bot_message",
        "channel_join",
        "channel_leave",
        "channel_topic",
        "channel_purpose",
        "channel_name",
        "channel_archive",
        "channel_unarchive",
        "group_join",
        "group_leave",
        "group_topic",
        "group_purpose",
        "group_name",
        "channel_convert_to_public",
        "channel_convert_to_private",
        "bot_add",
        "bot_remove",
        "huddle_thread",
    }
)
"""The subtypes that we understand; of others the whole event is kept beside the text."""

CONVERTED = {"channel_convert_to_public": True, "channel_convert_to_private": False}
"""What a channel says when it is made public or private; whether it is public from then on."""

IGNORED = frozenset({"message_replied", "ekm_access_denied"})
"""Slack's bookkeeping: the reply itself comes as a message of its own."""


def said(message: Json, channel: str, app_id: str, us: str = "") -> Said | None:
    """A message object of Slack's as the record takes it; None if it has no ts, and so cannot be told from others."""
    ts = message.get("ts")
    if not isinstance(ts, str) or not ts:
        return None
    kind = message.get("subtype") or "message"
    bot = bool(message.get("bot_id")) or kind == "bot_message"
    own = bot and bool(app_id) and message.get("app_id") == app_id  # the metadata alone anybody's app could copy
    profile = message.get("user_profile") or {}
    edited = message.get("edited")
    text = message.get("text") or ""
    call = f"<@{us}>"
    return Said(
        channel=channel,
        ts=ts,
        thread_ts=message.get("thread_ts"),
        author_ref=message.get("user") or message.get("bot_id") or "",
        author_name=profile.get("real_name") or message.get("username") or "",
        text=text,
        called=text.strip().removeprefix(call).strip() if us and text.strip().startswith(call) else None,
        blocks=message.get("blocks"),
        kind=kind,
        bot=bot,
        own=own,
        post_id=_uuid(post_id_of(message)) if own else None,
        edited_ts=edited.get("ts") if isinstance(edited, dict) else None,
        raw=None if kind in KNOWN else message,
        files=[_file(file) for file in message.get("files") or [] if isinstance(file, dict) and file.get("id")],
    )


def _our_user(content: Json) -> str:
    """Our own account in the workspace, as the event's authorization names it."""
    authorizations = content.get("authorizations") or [{}]
    return str(authorizations[0].get("user_id") or "") if authorizations[0].get("is_bot") else ""


def _uuid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None


def _file(file: Json) -> Json:
    return {
        "file_ref": file["id"],
        "name": file.get("name") or file.get("title") or "",
        "mimetype": file.get("mimetype") or "",
        "size": file.get("size"),
        "url": file.get("url_private") or "",
    }


async def message(session: Session, delivery: Delivery) -> None:
    """Apply a message event: something said, or the edit or the deletion of it. A channel that is not ours changes nothing."""
    content = delivery.content()
    event, app_id, us = content["event"], content.get("api_app_id") or "", _our_user(content)
    channel = event["channel"]
    engagement, place = await engagements.in_channel(session, channel)
    subtype = event.get("subtype") or "message"
    if engagement is None or subtype in IGNORED or (place == "client" and not engagement.kept):
        return
    if place == "staff" and subtype in CONVERTED:
        await engagements.staff_channel_public(
            session, engagement.id, public=CONVERTED[subtype], event_ts=event.get("event_ts") or event["ts"]
        )
    if subtype == "message_changed":
        now = said(event["message"], channel, app_id, us)
        before = said(event["previous_message"], channel, app_id, us) if event.get("previous_message") else None
        if now is None:
            return
        if event["message"].get("subtype") == "tombstone":
            await conversations.delete(session, engagement, place, before or now, conversations.moment(event["ts"]))
        elif now.edited_ts or now.own:
            await conversations.edit(session, engagement, place, now, before)
        else:  # an unfurl, a reply count: nobody edited anything
            await conversations.say(session, engagement, place, now)
        return
    if subtype == "message_deleted":
        previous = event.get("previous_message") or {}
        gone = said({**previous, "ts": event.get("deleted_ts") or previous.get("ts")}, channel, app_id, us)
        if gone is not None:
            await conversations.delete(
                session, engagement, place, gone, conversations.moment(event.get("event_ts") or event["ts"])
            )
        return
    heard = said(event, channel, app_id, us)
    if heard is None:
        raise ValueError("This message has no ts, so it cannot be told from others.")
    await conversations.say(session, engagement, place, heard)
    if not heard.bot and heard.author_ref and await people.identity(session, heard.author_ref) is None:
        await jobs.enqueue(
            session,
            "person.meet",
            lane=f"person:{heard.author_ref}",
            payload={"user": heard.author_ref},
            organization_id=engagement.organization_id,
            dedupe=heard.author_ref,
        )


def reaction(*, present: bool) -> Callable[[Session, Delivery], Awaitable[None]]:
    """What applies reaction_added or reaction_removed."""

    async def apply(session: Session, delivery: Delivery) -> None:
        event = delivery.content()["event"]
        item = event.get("item") or {}
        if item.get("type") != "message":
            return
        engagement, _ = await engagements.in_channel(session, item["channel"])
        if engagement is not None:
            await conversations.react(
                session,
                item["channel"],
                item["ts"],
                event.get("user") or "",
                event["reaction"],
                present=present,
                changed_ts=event["event_ts"],
            )

    return apply


async def mention(session: Session, delivery: Delivery) -> None:
    """Hand a mention of us on, once for each message, whatever the number of events that tell of it."""
    content = delivery.content()
    event = content["event"]
    tenant: uuid.UUID = session.info["tenant"]
    if not event.get("user") or event.get("bot_id"):
        return
    if not await posts.once(session, subject="mention", key=event["ts"], place=event["channel"]):
        return
    await jobs.enqueue(
        session,
        "mention.hear",
        lane=f"mention:{event['channel']}",
        payload={"delivery": delivery.id},  # not its words: they stay where they are forgotten in time
        organization_id=tenant,
    )


async def home_opened(session: Session, delivery: Delivery) -> None:
    """Have somebody's App Home drawn anew."""
    event = delivery.content()["event"]
    tenant: uuid.UUID = session.info["tenant"]
    if event.get("tab", "home") == "home":
        await jobs.enqueue(
            session,
            "home.publish",
            lane=f"home:{event['user']}",
            payload={"team": delivery.team, "user": event["user"]},
            organization_id=tenant,
            dedupe=event["user"],
        )


APPLIERS = {
    ("slack", "message"): message,
    ("slack", "reaction_added"): reaction(present=True),
    ("slack", "reaction_removed"): reaction(present=False),
    ("slack", "app_mention"): mention,
    ("slack", "app_home_opened"): home_opened,
}
