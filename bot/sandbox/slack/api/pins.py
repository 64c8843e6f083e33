"""pins.*: messages kept at hand."""

from bot.sandbox.slack import shapes
from bot.sandbox.slack.api.method import Call, method
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.state import Json


@method("pins.add", "pins:write", tier="2", required=("channel", "timestamp"))
def add(call: Call) -> Json:
    """Pin a message, a hundred in a channel at most."""
    channel, ts = call.own_channel(), call.text("timestamp")
    if channel.is_archived:
        raise SlackError("is_archived")
    if ts not in channel.messages:
        raise SlackError("message_not_found")
    if any(pin["ts"] == ts for pin in channel.pins):
        raise SlackError("already_pinned")
    if len(channel.pins) >= 100:
        raise SlackError("too_many_pins")
    channel.pins.append({"ts": ts, "by": call.bot.id, "created": call.world.seconds()})
    call.hub.touch("channel", channel.id)
    return {}


@method("pins.remove", "pins:write", tier="2", required=("channel", "timestamp"))
def remove(call: Call) -> Json:
    """Unpin a message."""
    channel, ts = call.own_channel(), call.text("timestamp")
    if not any(pin["ts"] == ts for pin in channel.pins):
        raise SlackError("no_pin")
    channel.pins = [pin for pin in channel.pins if pin["ts"] != ts]
    call.hub.touch("channel", channel.id)
    return {}


@method("pins.list", "pins:read", tier="2", required=("channel",))
def list_(call: Call) -> Json:
    """What is pinned."""
    channel = call.own_channel()
    items = [
        {
            "type": "message",
            "channel": channel.id,
            "created": pin["created"],
            "created_by": pin["by"],
            "message": shapes.message(call.world, channel, channel.messages[pin["ts"]]),
        }
        for pin in channel.pins
    ]
    return {"items": items}
