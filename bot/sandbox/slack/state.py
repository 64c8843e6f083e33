"""The state of the sandbox's Slack: workspaces, people, channels, messages, views, invitations; kept as JSON."""

import base64
import secrets
import string
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from core import clock

Json = dict[str, Any]

_LETTERS = string.ascii_uppercase + string.digits


def new_id(prefix: str) -> str:
    """An id that looks like Slack's: a letter that tells the kind, then ten capitals and digits."""
    return prefix + "0" + "".join(secrets.choice(_LETTERS) for _ in range(9))


@dataclass
class Team:
    """A workspace. With `approval_required`, an accepted Slack Connect invitation waits for one of its admins."""

    id: str
    name: str
    domain: str
    approval_required: bool = False
    created: int = 0


@dataclass
class Person:
    """A member of one workspace; also the bot's own user."""

    id: str
    team_id: str
    name: str
    real_name: str
    email: str = ""
    is_owner: bool = False
    is_admin: bool = False
    is_restricted: bool = False
    is_bot: bool = False
    deleted: bool = False
    tz: str = "Europe/London"
    updated: int = 0


@dataclass
class Channel:
    """A channel or direct message; its messages by ts in Slack's own shape, without what is computed on reading."""

    id: str
    name: str
    creator: str
    host_team: str
    created: int
    is_private: bool = False
    is_im: bool = False
    is_archived: bool = False
    topic: str = ""
    purpose: str = ""
    teams: list[str] = field(default_factory=list)
    left_teams: list[str] = field(default_factory=list)
    limited_teams: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    messages: dict[str, Json] = field(default_factory=dict)
    threads: dict[str, list[str]] = field(default_factory=dict)
    pins: list[Json] = field(default_factory=list)
    bookmarks: list[Json] = field(default_factory=list)
    last_read: dict[str, str] = field(default_factory=dict)
    previous_names: list[str] = field(default_factory=list)

    @property
    def is_ext_shared(self) -> bool:
        """Whether more than one workspace is in it."""
        return len(self.teams) > 1

    @property
    def kind(self) -> str:
        """Slack's channel_type on messages: channel, group or im."""
        return "im" if self.is_im else "group" if self.is_private else "channel"


@dataclass
class File:
    """An uploaded file with its content."""

    id: str
    name: str
    user: str
    team_id: str
    created: int
    content: bytes
    channels: list[str] = field(default_factory=list)


@dataclass
class View:
    """A modal or an App Home as it now stands on one person's screen, with what they have typed into it."""

    id: str
    user: str
    body: Json
    hash: str
    root: str
    previous: str | None = None
    values: Json = field(default_factory=dict)


@dataclass
class Invite:
    """A Slack Connect invitation on its way: sent, accepted, approved or declined."""

    id: str
    channel: str
    inviting_user: str
    created: int
    expires: int
    email: str = ""
    user: str = ""
    limited: bool = True
    state: str = "sent"
    accepted_by: str = ""
    target_team: str = ""


@dataclass
class Installation:
    """The app as installed in one workspace: who it is there and whether its token still works."""

    team_id: str
    app_id: str
    bot_user: str
    bot_id: str
    bot_token: str
    app_token: str
    signing_secret: str
    revoked: bool = False
    outsiders_only_post: bool = False


class World:
    """Everything that Slack remembers. Whispers and open modals are gone after a restart."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.teams: dict[str, Team] = {}
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.homes: dict[str, View] = {}
        self.invites: dict[str, Invite] = {}
        self.views: dict[str, list[View]] = {}
        self.ephemerals: dict[str, list[Json]] = {}
        self.base_url: Callable[[], str] = lambda: ""
        self._last_ts = 0

    def ts(self) -> str:
        """A message timestamp: the present in microseconds, and later than every other one."""
        self._last_ts = max(int(clock.now().timestamp() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    @staticmethod
    def seconds() -> int:
        """The present in whole seconds, by the movable clock."""
        return int(clock.now().timestamp())

    @property
    def bot(self) -> Person:
        """The bot's user in the workspace that installed it."""
        return self.people[self.installation.bot_user]

    @property
    def home_team(self) -> Team:
        """The workspace in which the app is installed."""
        return self.teams[self.installation.team_id]

    def is_outsider(self, person: Person) -> bool:
        """Whether this person belongs to another workspace than the one that installed the app."""
        return person.team_id != self.installation.team_id

    def im_between(self, one: str, other: str) -> Channel:
        """The direct message channel of two people, made when it is first needed."""
        for channel in self.channels.values():
            if channel.is_im and set(channel.members) == {one, other}:
                return channel
        teams = list(dict.fromkeys([self.people[one].team_id, self.people[other].team_id]))
        channel = Channel(
            new_id("D"),
            "",
            one,
            teams[0],
            self.seconds(),
            is_private=True,
            is_im=True,
            teams=teams,
            members=[one, other],
        )
        self.channels[channel.id] = channel
        return channel

    def dump(self) -> Json:
        """The whole as JSON, without views on screen and ephemeral messages."""
        files = {key: asdict(value) for key, value in self.files.items()}
        for value in files.values():
            value["content"] = base64.b64encode(value["content"]).decode()
        return {
            "installation": asdict(self.installation),
            "teams": {key: asdict(value) for key, value in self.teams.items()},
            "people": {key: asdict(value) for key, value in self.people.items()},
            "channels": {key: asdict(value) for key, value in self.channels.items()},
            "homes": {key: asdict(value) for key, value in self.homes.items()},
            "invites": {key: asdict(value) for key, value in self.invites.items()},
            "files": files,
            "last_ts": self._last_ts,
        }

    def load(self, data: Json) -> None:
        """Take the state of an earlier dump()."""
        self.installation = Installation(**data["installation"])
        self.teams = {key: Team(**value) for key, value in data["teams"].items()}
        self.people = {key: Person(**value) for key, value in data["people"].items()}
        self.channels = {key: Channel(**value) for key, value in data["channels"].items()}
        self.homes = {key: View(**value) for key, value in data["homes"].items()}
        self.invites = {key: Invite(**value) for key, value in data["invites"].items()}
        self.files = {
            key: File(**{**value, "content": base64.b64decode(value["content"])})
            for key, value in data["files"].items()
        }
        self._last_ts = data["last_ts"]
        self.views, self.ephemerals = {}, {}
