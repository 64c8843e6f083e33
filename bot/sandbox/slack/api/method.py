"""How a method of the Web API is written: its scopes, tier and required arguments beside the function that does it."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.deeds import Deeds
from bot.sandbox.slack.errors import SlackError, bad_arguments
from bot.sandbox.slack.hub import Hub
from bot.sandbox.slack.interactions import Interactions
from bot.sandbox.slack.state import Channel, Json, Person, World
from bot.sandbox.slack.views import Screens


@dataclass
class Call:
    """One call: its arguments, unknown ones included, and everything that a method may need."""

    hub: Hub
    deeds: Deeds
    screens: Screens
    interactions: Interactions
    args: Json

    @property
    def world(self) -> World:
        """The state."""
        return self.hub.world

    @property
    def bot(self) -> Person:
        """Who calls: the bot's user."""
        return self.hub.world.bot

    def text(self, name: str) -> str:
        """An argument as a string; empty when it is missing."""
        value = self.args.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """An argument as a boolean, in any of the forms that Slack takes."""
        value = self.args.get(name, default)
        return value if isinstance(value, bool) else str(value).lower() in ("1", "true")

    def number(self, name: str, default: int, most: int) -> int:
        """An argument as a whole number from 1 to `most`. Raises invalid_limit."""
        raw = self.args.get(name, default)
        try:
            value = int(raw)
        except (TypeError, ValueError):
            raise SlackError("invalid_limit") from None
        if not 1 <= value <= most:
            raise SlackError("invalid_limit")
        return value

    def structure(self, name: str) -> Any:
        """An argument that is JSON: itself in a JSON body, a string in a form. None when it is missing."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return json.loads(json.dumps(value))
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_arguments(f"must be valid JSON [json-pointer:/{name}]") from None

    def need_scope(self, *scopes: str) -> None:
        """Raise missing_scope unless one of these was granted."""
        granted = self.hub.manifest.scopes
        if not granted & set(scopes):
            provided = ",".join(sorted(granted))
            raise SlackError("missing_scope", needed=",".join(scopes), provided=provided)

    def channel(self, name: str = "channel") -> Channel:
        """The channel of this id, if the bot may know of it. Raises channel_not_found."""
        found = self.world.channels.get(self.text(name))
        if found is None or self.world.installation.team_id not in found.teams:
            raise SlackError("channel_not_found")
        if (found.is_private or found.is_im) and self.bot.id not in found.members:
            raise SlackError("channel_not_found")
        return found

    def own_channel(self, name: str = "channel") -> Channel:
        """A channel that the bot is in. Raises channel_not_found or not_in_channel."""
        found = self.channel(name)
        if self.bot.id not in found.members:
            raise SlackError("not_in_channel")
        return found

    def person(self, user_id: str) -> Person:
        """A user whom the installed workspace can see: its own, and those of workspaces it shares a channel with."""
        found = self.world.people.get(user_id)
        home = self.world.installation.team_id
        if found is None:
            raise SlackError("user_not_found")
        if found.team_id != home and not any(
            home in one.teams and found.team_id in one.teams for one in self.world.channels.values()
        ):
            raise SlackError("user_not_visible")
        return found

    def page(self, items: list[Any], size: int) -> tuple[list[Any], Json]:
        """One page of a list from `cursor` on, with the response_metadata that leads to the next."""
        start = 0
        if cursor := self.text("cursor"):
            try:
                start = int(base64.b64decode(cursor.encode(), validate=True).decode().removeprefix("from:"))
            except ValueError:
                raise SlackError("invalid_cursor") from None
        more = start + size < len(items)
        following = base64.b64encode(f"from:{start + size}".encode()).decode() if more else ""
        return items[start : start + size], {"next_cursor": following}


Handler = Callable[[Call], Json]


@dataclass(frozen=True)
class Method:
    """A method's rules and the function that does it. `scopes`: one of them is enough; none are needed when empty."""

    name: str
    handler: Handler
    scopes: tuple[str, ...]
    tier: str
    required: tuple[str, ...]
    token: str


METHODS: dict[str, Method] = {}


def method(
    name: str, *scopes: str, tier: str, required: tuple[str, ...] = (), token: str = "bot"
) -> Callable[[Handler], Handler]:
    """Register a function as a method of the Web API."""

    def register(handler: Handler) -> Handler:
        METHODS[name] = Method(name, handler, scopes, tier, required, token)
        return handler

    return register
