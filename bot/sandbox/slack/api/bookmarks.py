"""bookmarks.*: links along the top of a channel."""

from bot.sandbox.slack.api.method import Call, method
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.state import Channel, Json, new_id

MOST = 100


@method("bookmarks.add", "bookmarks:write", tier="2", required=("channel_id", "title", "type"))
def add(call: Call) -> Json:
    """Add a link."""
    channel = call.own_channel("channel_id")
    if call.text("type") != "link":
        raise SlackError("invalid_bookmark_type")
    _check_link(call)
    if len(channel.bookmarks) >= MOST:
        raise SlackError("too_many_bookmarks")
    now = call.world.seconds()
    bookmark = {
        "id": new_id("Bk"),
        "channel_id": channel.id,
        "title": call.text("title"),
        "link": call.text("link"),
        "emoji": call.text("emoji"),
        "icon_url": "",
        "type": "link",
        "entity_id": None,
        "date_created": now,
        "date_updated": 0,
        "rank": f"{len(channel.bookmarks):03d}",
        "last_updated_by_user_id": call.bot.id,
        "last_updated_by_team_id": call.bot.team_id,
        "shortcut_id": None,
        "app_id": call.world.installation.app_id,
    }
    channel.bookmarks.append(bookmark)
    call.hub.touch("channel", channel.id)
    return {"bookmark": dict(bookmark)}


@method("bookmarks.edit", "bookmarks:write", tier="2", required=("channel_id", "bookmark_id"))
def edit(call: Call) -> Json:
    """Change a link or its title."""
    channel = call.own_channel("channel_id")
    bookmark = _find(call, channel)
    if call.text("link"):
        _check_link(call)
    for key in ("title", "link", "emoji"):
        if call.args.get(key) is not None:
            bookmark[key] = call.text(key)
    bookmark["date_updated"] = call.world.seconds()
    call.hub.touch("channel", channel.id)
    return {"bookmark": dict(bookmark)}


@method("bookmarks.list", "bookmarks:read", tier="3", required=("channel_id",))
def list_(call: Call) -> Json:
    """All links of a channel."""
    return {"bookmarks": [dict(one) for one in call.own_channel("channel_id").bookmarks]}


@method("bookmarks.remove", "bookmarks:write", tier="2", required=("channel_id", "bookmark_id"))
def remove(call: Call) -> Json:
    """Take a link away."""
    channel = call.own_channel("channel_id")
    channel.bookmarks.remove(_find(call, channel))
    call.hub.touch("channel", channel.id)
    return {}


def _find(call: Call, channel: Channel) -> Json:
    for one in channel.bookmarks:
        if one["id"] == call.text("bookmark_id"):
            return one
    raise SlackError("not_found")


def _check_link(call: Call) -> None:
    if not call.text("link").startswith(("http://", "https://")):
        raise SlackError("invalid_link")
