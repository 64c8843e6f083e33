"""What manifest.yml declares: scopes, events, commands, shortcuts and the paths at which the bot is reached."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml


@dataclass(frozen=True)
class Command:
    """A slash command as declared."""

    command: str
    description: str
    usage_hint: str
    should_escape: bool
    path: str


@dataclass(frozen=True)
class Shortcut:
    """A message or global shortcut as declared."""

    name: str
    callback_id: str
    description: str
    type: str


@dataclass(frozen=True)
class Manifest:
    """The parts of an app's manifest that decide what Slack lets it do. Paths are without scheme and host."""

    name: str
    scopes: frozenset[str]
    events: frozenset[str]
    commands: dict[str, Command]
    shortcuts: dict[str, Shortcut]
    events_path: str
    actions_path: str
    options_path: str
    home_tab: bool

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """The manifest in this file."""
        data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        features, settings = data.get("features", {}), data.get("settings", {})
        interactivity = settings.get("interactivity", {})
        subscriptions = settings.get("event_subscriptions", {})
        actions = _path(interactivity.get("request_url", ""))
        return cls(
            name=data["display_information"]["name"],
            scopes=frozenset(data.get("oauth_config", {}).get("scopes", {}).get("bot", ())),
            events=frozenset(subscriptions.get("bot_events", ())),
            commands={
                one["command"]: Command(
                    one["command"],
                    one.get("description", ""),
                    one.get("usage_hint", ""),
                    bool(one.get("should_escape", False)),
                    _path(one.get("url", "")),
                )
                for one in features.get("slash_commands", ())
            },
            shortcuts={
                one["callback_id"]: Shortcut(one["name"], one["callback_id"], one.get("description", ""), one["type"])
                for one in features.get("shortcuts", ())
            },
            events_path=_path(subscriptions.get("request_url", "")),
            actions_path=actions,
            options_path=_path(interactivity.get("message_menu_options_url", "")) or actions,
            home_tab=bool(features.get("app_home", {}).get("home_tab_enabled", False)),
        )


def _path(url: str) -> str:
    return urlsplit(url).path
