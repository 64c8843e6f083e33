"""The Web API over HTTP, one module for each noun."""

from bot.sandbox.slack.api import (
    apps,
    bookmarks,
    channels,
    chat,
    files,
    history,
    members,
    pins,
    reactions,
    users,
    views,
)
from bot.sandbox.slack.api.door import Door

__all__ = [
    "Door",
    "apps",
    "bookmarks",
    "channels",
    "chat",
    "files",
    "history",
    "members",
    "pins",
    "reactions",
    "users",
    "views",
]
