"""reactions.*: emoji on messages."""

import re

from bot.sandbox.slack import shapes
from bot.sandbox.slack.api.method import Call, method
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.state import Channel, Json


def _message(call: Call) -> tuple[Channel, Json]:
    channel = call.own_channel()
    stored = channel.messages.get(call.text("timestamp"))
    if stored is None:
        raise SlackError("message_not_found")
    return channel, stored


@method("reactions.add", "reactions:write", tier="3", required=("channel", "timestamp", "name"))
def add(call: Call) -> Json:
    """React as the bot."""
    channel, stored = _message(call)
    if channel.is_archived:
        raise SlackError("is_archived")
    if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", call.text("name")):
        raise SlackError("invalid_name")
    if not call.deeds.react(channel, stored, call.bot, call.text("name"), added=True):
        raise SlackError("already_reacted")
    return {}


@method("reactions.remove", "reactions:write", tier="2", required=("channel", "timestamp", "name"))
def remove(call: Call) -> Json:
    """Take the bot's reaction back."""
    channel, stored = _message(call)
    if not call.deeds.react(channel, stored, call.bot, call.text("name"), added=False):
        raise SlackError("no_reaction")
    return {}


@method("reactions.get", "reactions:read", tier="3", required=("channel", "timestamp"))
def get(call: Call) -> Json:
    """A message with its reactions."""
    channel, stored = _message(call)
    shape = shapes.message(call.world, channel, stored)
    return {"type": "message", "channel": channel.id, "message": shape}
