"""What every part of the sandbox's Slack shares: the world, the way to the bot, those who look on."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from bot.sandbox.slack import shapes
from bot.sandbox.slack.cast import Secrets, first_world
from bot.sandbox.slack.delivery import Carrier, Delivery, Http, new_event_id
from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.manifest import Manifest
from bot.sandbox.slack.rates import Rates
from bot.sandbox.slack.socket import Sockets
from bot.sandbox.slack.state import Channel, Json, Person, World, new_id

EVENT_SCOPES = {
    "app_mention": {"app_mentions:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "reaction_added": {"reactions:read"},
    "reaction_removed": {"reactions:read"},
    "member_joined_channel": {"channels:read", "groups:read"},
    "member_left_channel": {"channels:read", "groups:read"},
    "user_change": {"users:read"},
    "channel_archive": {"channels:read"},
    "channel_unarchive": {"channels:read"},
    "channel_rename": {"channels:read"},
    "channel_left": {"channels:read"},
    "channel_shared": {"channels:read", "groups:read"},
    "channel_unshared": {"channels:read", "groups:read"},
    "channel_id_changed": {"channels:read", "groups:read"},
    "group_archive": {"groups:read"},
    "group_unarchive": {"groups:read"},
    "group_rename": {"groups:read"},
    "group_left": {"groups:read"},
}

MEMBERS_ONLY = {
    *("message", "app_mention", "reaction_added", "reaction_removed"),
    *("member_joined_channel", "member_left_channel"),
}


class Postman(Protocol):
    """The part of the mailbox that Slack uses to send invitations."""

    def deliver(self, sender: str, to: str, subject: str, text: str, html: str | None = None) -> Any:
        """Put a mail in the box."""


class Hub:
    """The shared centre; parts take it and find in it what they need."""

    def __init__(
        self,
        *,
        bot_url: Callable[[], str],
        manifest: Path,
        base_url: Callable[[], str],
        mail: Postman,
        changed: Callable[[], None],
        secrets: Secrets,
        socket_mode: bool,
    ) -> None:
        self.manifest = Manifest.read(manifest)
        self.world: World = first_world(self.manifest.name, secrets)
        self.world.base_url = base_url
        self.base_url, self.mail, self.socket_mode = base_url, mail, socket_mode
        self.faults, self.rates, self.sockets = Faults(), Rates(), Sockets()
        self.http = Http(bot_url, self.manifest.events_path, lambda: self.world.installation.signing_secret)
        self.delivery = Delivery(self._carrier, self.faults)
        self._changed = changed
        self._watchers: set[asyncio.Queue[Json]] = set()
        self.token = new_id("verification")

    def _carrier(self) -> Carrier:
        return self.sockets if self.socket_mode else self.http

    # Those who look on

    def watch(self) -> "asyncio.Queue[Json]":
        """A queue of what changes from now on: {"kind": …, "channel": …}."""
        queue: asyncio.Queue[Json] = asyncio.Queue()
        self._watchers.add(queue)
        return queue

    def unwatch(self, queue: "asyncio.Queue[Json]") -> None:
        """Stop filling this queue."""
        self._watchers.discard(queue)

    def touch(self, kind: str, channel: str | None = None) -> None:
        """Something changed: it is to be kept, and shown to those who look on."""
        self._changed()
        news = {"kind": kind} if channel is None else {"kind": kind, "channel": channel}
        for queue in self._watchers:
            queue.put_nowait(dict(news))

    # Events

    def emit(self, event: Json, *, actor: Person | None = None, channel: Channel | None = None) -> None:
        """Send this event to the bot, if it subscribed to it, has the scope for it, and may know of it.

        The outer team_id is the actor's workspace, which in a shared channel may be another one than authorizations[0].
        """
        world, installed = self.world, self.world.installation
        if installed.revoked and event["type"] not in ("tokens_revoked", "app_uninstalled"):
            return
        name = event["type"]
        if name == "message" and channel is not None:
            name = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}[channel.kind]
        needed = EVENT_SCOPES.get(name)
        if name not in self.manifest.events or (needed and not needed & self.manifest.scopes):
            return
        if channel is not None and not self._may_know(event, channel):
            return
        outside = actor is not None and world.is_outsider(actor)
        team = actor.team_id if actor is not None and outside else installed.team_id
        grant = {
            "enterprise_id": None,
            "team_id": installed.team_id,
            "user_id": installed.bot_user,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        body = {
            "token": self.token,
            "team_id": team,
            "context_team_id": team,
            "context_enterprise_id": None,
            "api_app_id": installed.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": new_event_id(),
            "event_time": world.seconds(),
            "authorizations": [grant],
            "is_ext_shared_channel": channel is not None and channel.is_ext_shared,
            "event_context": f"4-{installed.app_id}-{time.monotonic_ns()}",
        }
        self.delivery.event(body)

    def _may_know(self, event: Json, channel: Channel) -> bool:
        world = self.world
        if world.installation.team_id not in channel.teams:
            return False
        if world.installation.bot_user in channel.members:
            return True
        if event["type"] in ("channel_left", "group_left"):
            return True
        return not channel.is_private and event["type"] not in MEMBERS_ONLY

    def message_event(self, channel: Channel, stored: Json, actor: Person) -> Json:
        """The `message` event of a stored message, files as stubs where the channel is shared with others."""
        shape = shapes.message(self.world, channel, stored, stubs=channel.is_ext_shared)
        for computed in ("reply_count", "reply_users", "reply_users_count", "latest_reply", "is_locked", "reactions"):
            shape.pop(computed, None)
        shape |= {"channel": channel.id, "event_ts": stored["ts"], "channel_type": channel.kind}
        if channel.is_ext_shared and self.world.is_outsider(actor):
            shape |= {
                "user_team": actor.team_id,
                "source_team": actor.team_id,
                "user_profile": {
                    "real_name": actor.real_name,
                    "display_name": actor.name,
                    "name": actor.name,
                    "team": actor.team_id,
                    "is_restricted": False,
                    "is_ultra_restricted": False,
                },
            }
        return shape
