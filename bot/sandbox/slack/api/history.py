"""conversations.history and .replies: what was said, newest first in a channel, oldest first in a thread."""

from bot.sandbox.slack import shapes
from bot.sandbox.slack.api.method import Call, method
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.state import Channel, Json

SCOPES = ("channels:history", "groups:history", "im:history", "mpim:history")


def _readable(call: Call) -> Channel:
    channel = call.own_channel()
    call.need_scope({"channel": "channels:history", "group": "groups:history", "im": "im:history"}[channel.kind])
    return channel


def _within(call: Call, messages: list[Json]) -> list[Json]:
    oldest, latest, inclusive = call.text("oldest") or "0", call.text("latest") or "9999999999", call.flag("inclusive")
    try:
        low, high = float(oldest), float(latest)
    except ValueError:
        raise SlackError("invalid_ts_oldest") from None

    def inside(ts: str) -> bool:
        at = float(ts)
        return low < at < high or (inclusive and ts in (oldest, latest))

    return [one for one in messages if inside(one["ts"])]


def _shape(call: Call, channel: Channel, stored: Json) -> Json:
    return shapes.message(call.world, channel, stored, metadata=call.flag("include_all_metadata"))


@method("conversations.history", *SCOPES, tier="3", required=("channel",))
def history(call: Call) -> Json:
    """The channel's own messages and broadcast replies, without the rest of its threads."""
    channel = _readable(call)
    top = [
        one
        for one in channel.messages.values()
        if one.get("thread_ts", one["ts"]) == one["ts"] or one.get("subtype") == "thread_broadcast"
    ]
    found = sorted(_within(call, top), key=lambda one: str(one["ts"]), reverse=True)
    page, metadata = call.page(found, call.number("limit", 100, 999))
    return {
        "messages": [_shape(call, channel, one) for one in page],
        "has_more": bool(metadata["next_cursor"]),
        "pin_count": len(channel.pins),
        "response_metadata": metadata,
    }


@method("conversations.replies", *SCOPES, tier="3", required=("channel", "ts"))
def replies(call: Call) -> Json:
    """A message and all replies to it, found by the ts of any of them."""
    channel = _readable(call)
    stored = channel.messages.get(call.text("ts"))
    if stored is None:
        raise SlackError("thread_not_found")
    root_ts = str(stored.get("thread_ts", stored["ts"]))
    below = _within(call, shapes.replies_to(channel, root_ts))
    thread = [channel.messages[root_ts], *below] if root_ts in channel.messages else below
    page, metadata = call.page(thread, call.number("limit", 1000, 1000))
    return {
        "messages": [_shape(call, channel, one) for one in page],
        "has_more": bool(metadata["next_cursor"]),
        "response_metadata": metadata,
    }
