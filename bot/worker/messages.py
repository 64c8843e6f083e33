"""Slack's message and reaction events, told to the record: who said, edited, deleted or reacted to what, and where."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bot.gateways.slack import post_id_of
from core import conversations, engagements, jobs, people, posts
from core.conversations import Fact, Said
from core.db import Session
from core.engagements import Engagement, Place
from core.inbox import Applier, Delivery, Together

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
        files=[file_told(file) for file in message.get("files") or [] if isinstance(file, dict) and file.get("id")],
    )


def _our_user(content: Json) -> str:
    """Our own account in the workspace, as the event's authorization names it."""
    authorizations = content.get("authorizations") or [{}]
    return str(authorizations[0].get("user_id") or "") if authorizations[0].get("is_bot") else ""


def _about(event: Json) -> str:
    """The ts of the message that an event is about."""
    inner = event.get("message") or event.get("previous_message") or {}
    return str(event.get("deleted_ts") or inner.get("ts") or event.get("ts") or "0")


def _uuid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None


def file_told(file: Json) -> Json:
    """What Slack tells of a file, as the record takes it; in channels that are shared often no more than its id."""
    return {
        "file_ref": file["id"],
        "name": file.get("name") or file.get("title") or "",
        "mimetype": file.get("mimetype") or "",
        "size": file.get("size"),
        "url": file.get("url_private") or "",
    }


NOWHERE: tuple[None, Place] = (None, "elsewhere")


async def heard(session: Session, deliveries: Sequence[Delivery]) -> None:
    """Apply message and reaction events: what was said, edited, deleted, reacted to. A channel that is not ours changes nothing."""
    contents = [delivery.content() for delivery in deliveries]
    events = [content["event"] for content in contents]
    channels = {_channel(event) for event in events} - {None}
    homes = await engagements.in_channels(session, [channel for channel in channels if channel is not None])
    facts: list[Fact] = []
    reactions: list[conversations.Reacted] = []
    for content, event in zip(contents, events, strict=True):
        engagement, place = homes.get(_channel(event) or "") or NOWHERE
        if engagement is None or (place == "client" and not engagement.kept):
            continue
        if event["type"] != "message":
            if not conversations.forgotten(engagement, event["item"]["ts"]):
                reactions.append(_reacted(event))
            continue
        subtype = event.get("subtype") or "message"
        if subtype in IGNORED or conversations.forgotten(engagement, _about(event)):
            continue
        if place == "staff" and subtype in CONVERTED:
            await engagements.staff_channel_public(
                session, engagement.id, public=CONVERTED[subtype], event_ts=event.get("event_ts") or event["ts"]
            )
        fact = _fact(content, engagement, place)
        if fact is not None:
            facts.append(fact)
    await conversations.keep(session, facts)
    await conversations.react_all(session, reactions)
    authors = {fact.said.author_ref: fact for fact in facts if _speaks(fact)}
    known = await people.met(session, authors)
    await jobs.enqueue_all(
        session,
        [
            jobs.Wanted(
                "person.meet",
                f"person:{author}",
                {"user": author, **({} if session.info.get("quiet") else _wrote(fact))},
                fact.engagement.organization_id,
                dedupe=author,
            )
            for author, fact in sorted(authors.items())
            if author not in known
        ],
    )


def _wrote(fact: Fact) -> Json:
    """Where somebody whom we do not know speaks now: they are in that channel, though we did not hear them come in."""
    engagement = str(fact.engagement.id)
    return {"engagement": engagement, "place": fact.place, "event_ts": fact.said.ts, "wrote": fact.said.channel}


def _channel(event: Json) -> str | None:
    """The channel of a message, or of the message that was reacted to; None for what is reacted to elsewhere."""
    if event["type"] == "message":
        return str(event["channel"])
    item = event.get("item") or {}
    return str(item["channel"]) if item.get("type") == "message" else None


def _speaks(fact: Fact) -> bool:
    return not fact.said.bot and bool(fact.said.author_ref) and fact.deleted_at is None and not fact.said.edited_ts


def _reacted(event: Json) -> conversations.Reacted:
    item = event["item"]
    present = event["type"] == "reaction_added"
    return item["channel"], item["ts"], event.get("user") or "", event["reaction"], present, event["event_ts"]


def _fact(content: Json, engagement: Engagement, place: Place) -> Fact | None:
    """What a message event tells. An unfurl or a reply count is told as what was said, not as an edit."""
    event, app_id, us = content["event"], content.get("api_app_id") or "", _our_user(content)
    channel, subtype = event["channel"], event.get("subtype") or "message"
    previous = event.get("previous_message") or {}
    at = event.get("event_ts") or event.get("ts") or ""
    if subtype == "message_deleted" or (event.get("message") or {}).get("subtype") == "tombstone":
        ts = event.get("deleted_ts") or previous.get("ts") or (event.get("message") or {}).get("ts")
        gone = said({**previous, "ts": ts}, channel, app_id, us)
        return Fact(engagement, place, gone, deleted_at=conversations.moment(at)) if gone else None
    if subtype == "message_changed":
        now = said(event["message"], channel, app_id, us)
        if now is None:
            return None
        if now.own:
            return Fact(engagement, place, replace(now, edited_ts=at))
        before = said(previous, channel, app_id, us) if previous and now.edited_ts else None
        return Fact(engagement, place, now, before)
    spoken = said(event, channel, app_id, us)
    if spoken is None:
        raise ValueError("This message has no ts, so it cannot be told from others.")
    return Fact(engagement, place, spoken)


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


HEARD = Together(heard)
APPLIERS: dict[tuple[str, str], Applier] = {
    ("slack", "message"): HEARD,
    ("slack", "reaction_added"): HEARD,
    ("slack", "reaction_removed"): HEARD,
    ("slack", "app_mention"): mention,
    ("slack", "app_home_opened"): home_opened,
}
