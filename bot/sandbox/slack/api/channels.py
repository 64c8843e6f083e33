"""conversations.*: channels made, named, described, archived, looked up and listed."""

import re

from bot.sandbox.slack import shapes
from bot.sandbox.slack.api.method import Call, method
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.state import Channel, Json

MANAGE = ("channels:manage", "groups:write")
READ = ("channels:read", "groups:read", "im:read", "mpim:read")
NAME = 80


def manage(call: Call, channel: Channel) -> None:
    """Raise missing_scope unless the bot may manage this kind of channel."""
    call.need_scope("groups:write" if channel.is_private else "channels:manage")


def read(call: Call, channel: Channel) -> None:
    """Raise missing_scope unless the bot may read about this kind of channel."""
    call.need_scope({"channel": "channels:read", "group": "groups:read", "im": "im:read"}[channel.kind])


def checked_name(call: Call, name: str) -> str:
    """A channel name as Slack takes it: lower case, at most 80 letters, digits, hyphens and underscores, and free."""
    if not name:
        raise SlackError("invalid_name_required")
    if len(name) > NAME:
        raise SlackError("invalid_name_maxlength")
    if not re.fullmatch(r"[\w-]+", name) or name != name.lower():
        raise SlackError("invalid_name_specials")
    if not re.search(r"[^\W_]", name):
        raise SlackError("invalid_name_punctuation")
    home = call.world.installation.team_id
    if any(one.name == name and one.host_team == home for one in call.world.channels.values()):
        raise SlackError("name_taken")
    return name


@method("conversations.create", *MANAGE, tier="2", required=("name",))
def create(call: Call) -> Json:
    """A new channel with the bot in it."""
    private = call.flag("is_private")
    call.need_scope("groups:write" if private else "channels:manage")
    channel = call.deeds.create(checked_name(call, call.text("name")), call.bot, private=private)
    return {"channel": shapes.channel(call.world, channel)}


@method("conversations.archive", *MANAGE, tier="2", required=("channel",))
def archive(call: Call) -> Json:
    """Close a channel for good."""
    channel = call.own_channel()
    manage(call, channel)
    if channel.is_archived:
        raise SlackError("already_archived")
    if channel.name == "general":
        raise SlackError("cant_archive_general")
    call.deeds.archive(channel, call.bot, archived=True)
    return {}


@method("conversations.rename", *MANAGE, tier="2", required=("channel", "name"))
def rename(call: Call) -> Json:
    """Give a channel that the bot made another name."""
    channel = _managed(call)
    if channel.creator != call.bot.id:
        raise SlackError("not_authorized")
    call.deeds.rename(channel, call.bot, checked_name(call, call.text("name")))
    return {"channel": shapes.channel(call.world, channel)}


@method(
    "conversations.setTopic", *MANAGE, "channels:write.topic", "groups:write.topic", tier="2", required=("channel",)
)
def set_topic(call: Call) -> Json:
    """Set the line over the channel."""
    return _describe(call, "topic")


@method(
    "conversations.setPurpose", *MANAGE, "channels:write.topic", "groups:write.topic", tier="2", required=("channel",)
)
def set_purpose(call: Call) -> Json:
    """Set the channel's description."""
    return _describe(call, "purpose")


def _describe(call: Call, what: str) -> Json:
    channel = _managed(call)
    if len(call.text(what)) > 250:
        raise SlackError("too_long")
    call.deeds.describe(channel, call.bot, what, call.text(what))
    return {"channel": shapes.channel(call.world, channel), what: call.text(what)}


def _managed(call: Call) -> Channel:
    channel = call.own_channel()
    manage(call, channel)
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel


@method("conversations.info", *READ, tier="3", required=("channel",))
def info(call: Call) -> Json:
    """About one channel, with the workspaces that are connected to it."""
    channel = call.channel()
    read(call, channel)
    shape = shapes.channel(call.world, channel, info=True)
    if call.flag("include_num_members"):
        shape["num_members"] = len(channel.members)
    return {"channel": shape}


@method("conversations.list", *READ, tier="2")
def list_(call: Call) -> Json:
    """Channels of the kinds asked for: public ones, and others that the bot is in."""
    wanted = [one.strip() for one in (call.text("types") or "public_channel").split(",")]
    scopes = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read", "mpim": "mpim:read"}
    for one in wanted:
        if one not in scopes:
            raise SlackError("invalid_types")
        call.need_scope(scopes[one])
    kinds = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
    found = [one for one in call.world.channels.values() if one.kind in {kinds[kind] for kind in wanted}]
    home = call.world.installation.team_id
    found = [one for one in found if home in one.teams and (one.kind == "channel" or call.bot.id in one.members)]
    if call.flag("exclude_archived"):
        found = [one for one in found if not one.is_archived]
    page, metadata = call.page(found, call.number("limit", 100, 1000))
    shown = [{**shapes.channel(call.world, one), "num_members": len(one.members)} for one in page]
    return {"channels": shown, "response_metadata": metadata}
