"""chat.*: messages of the bot, posted, changed, deleted, whispered."""

import re
from typing import Any

from bot.sandbox.slack import shapes
from bot.sandbox.slack.api.method import Call, method
from bot.sandbox.slack.blockkit import check_message
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.state import Channel, Json

LONGEST_POST = 40_000
LONGEST_UPDATE = 4_000
METADATA_BYTES = 8_000


def _content(call: Call, longest: int) -> Json:
    blocks, attachments, text = call.structure("blocks"), call.structure("attachments"), call.text("text")
    if blocks is not None:
        check_message(blocks)
    if not text and not blocks and not attachments:
        raise SlackError("no_text")
    if len(text) > longest:
        raise SlackError("msg_too_long")
    return {"text": text, "blocks": blocks or None, "attachments": attachments or None}


def _metadata(call: Call) -> Any:
    metadata = call.structure("metadata")
    if metadata is None:
        return None
    sound = isinstance(metadata, dict) and isinstance(metadata.get("event_payload"), dict)
    if not sound or not re.fullmatch(r"[A-Za-z0-9_.\-]{1,255}", str(metadata.get("event_type", ""))):
        raise SlackError("invalid_metadata_format")
    if len(str(metadata)) > METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return {"event_type": metadata["event_type"], "event_payload": metadata["event_payload"]}


def _target(call: Call) -> Channel:
    """A channel that the bot may write in; a user's id means the direct message with them."""
    where = call.text("channel")
    if where[:1] in ("U", "W"):
        person = call.person(where)
        if person.is_bot or person.deleted:
            raise SlackError("cannot_dm_bot" if person.is_bot else "user_disabled")
        return call.world.im_between(call.bot.id, person.id)
    if where.startswith("#") or not re.fullmatch(r"[CDG][A-Z0-9]{6,}", where):
        named = [one for one in call.world.channels.values() if one.name == where.lstrip("#")]
        call.args["channel"] = next((one.id for one in named if call.bot.id in one.members), where)
    channel = call.own_channel()
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel


def _thread(call: Call, channel: Channel) -> str | None:
    thread = call.text("thread_ts")
    if not thread:
        return None
    root = channel.messages.get(thread)
    if root is None:
        raise SlackError("thread_not_found")
    if root.get("thread_ts", thread) != thread or root.get("subtype") in ("channel_join", "channel_leave"):
        raise SlackError("cannot_reply_to_message")
    return thread


@method("chat.postMessage", "chat:write", tier="special", required=("channel",))
def post_message(call: Call) -> Json:
    """Post in a channel that the bot is in, in a thread of it, or to a person."""
    channel = _target(call)
    call.hub.rates.count_post(call.world.installation.team_id, channel.id)
    content, metadata, thread = _content(call, LONGEST_POST), _metadata(call), _thread(call, channel)
    broadcast = bool(thread) and call.flag("reply_broadcast")
    more = {"thread_ts": thread, "metadata": metadata, "subtype": "thread_broadcast" if broadcast else None}
    text, rest = content.pop("text"), {**content, **more}
    stored = call.deeds.post(channel, call.bot, text, **rest)
    return {"channel": channel.id, "ts": stored["ts"], "message": shapes.message(call.world, channel, stored)}


@method("chat.update", "chat:write", tier="3", required=("channel", "ts"))
def update(call: Call) -> Json:
    """Change a message of the bot's own. Old metadata stays; blocks go when only text is given, text stays when not."""
    channel = call.channel()
    stored = _own(call, channel, "cant_update_message")
    content, metadata = _content(call, LONGEST_UPDATE), _metadata(call)
    if call.args.get("blocks") is None and call.args.get("text") is not None:
        content["blocks"] = None
    if call.args.get("text") is None:
        del content["text"]
    if metadata is not None:
        content["metadata"] = metadata
    call.deeds.edit(channel, stored, call.bot, **content)
    shape = shapes.message(call.world, channel, stored)
    return {"channel": channel.id, "ts": stored["ts"], "text": stored["text"], "message": shape}


@method("chat.delete", "chat:write", tier="3", required=("channel", "ts"))
def delete(call: Call) -> Json:
    """Delete a message of the bot's own."""
    channel = call.channel()
    stored = _own(call, channel, "cant_delete_message")
    call.deeds.delete(channel, stored, call.bot)
    return {"channel": channel.id, "ts": stored["ts"]}


def _own(call: Call, channel: Channel, refusal: str) -> Json:
    stored = channel.messages.get(call.text("ts"))
    if stored is None or stored.get("subtype") == "tombstone":
        raise SlackError("message_not_found")
    if channel.is_archived:
        raise SlackError("is_archived")
    if stored.get("bot_id") != call.world.installation.bot_id or stored.get("subtype") not in (
        None,
        "thread_broadcast",
    ):
        raise SlackError(refusal)
    return stored


@method("chat.postEphemeral", "chat:write", tier="4", required=("channel", "user"))
def post_ephemeral(call: Call) -> Json:
    """Show a message to one person in the channel, now only."""
    channel = call.own_channel()
    if channel.is_archived:
        raise SlackError("is_archived")
    if call.text("user") not in channel.members:
        raise SlackError("user_not_in_channel")
    content, thread = _content(call, LONGEST_POST), _thread(call, channel)
    text = content.pop("text")
    stored = call.deeds.whisper(channel, call.person(call.text("user")), text, thread_ts=thread, **content)
    return {"message_ts": stored["ts"]}


@method("chat.getPermalink", tier="special", required=("channel", "message_ts"))
def get_permalink(call: Call) -> Json:
    """The address of a message; in the sandbox it leads to the sandbox's own page."""
    channel = call.channel()
    stored = channel.messages.get(call.text("message_ts"))
    if stored is None:
        raise SlackError("message_not_found")
    return {"channel": channel.id, "permalink": f"{call.hub.base_url()}/#message-{channel.id}-{stored['ts']}"}
