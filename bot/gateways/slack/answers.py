"""What Slack answers with, and how a message of ours is known again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.gateways.slack.wire import Json

POST_EVENT = "throughline_post"


@dataclass(frozen=True)
class Auth:
    """Whose token it is, and what it may do."""

    team_id: str
    team: str
    user_id: str
    bot_id: str
    url: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class Page:
    """Some messages, in Slack's order, and the cursor of the next page, if there is one."""

    messages: list[Json]
    cursor: str | None


def own_post(post_id: str) -> Json:
    """The metadata that marks a message as our post: only an opaque id, for everyone in the channel can read it."""
    return {"event_type": POST_EVENT, "event_payload": {"id": post_id}}


def post_id_of(message: Mapping[str, Any]) -> str | None:
    """The opaque id that own_post() put on this message, if it is one of ours."""
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != POST_EVENT:
        return None
    found = (metadata.get("event_payload") or {}).get("id")
    return found if isinstance(found, str) else None
