"""Where people and channels are found by name, and whether somebody may do something there."""

from bot.sandbox.slack.deeds import Deeds
from bot.sandbox.slack.errors import NotPossible, NotSeen
from bot.sandbox.slack.hub import Hub
from bot.sandbox.slack.interactions import Interactions
from bot.sandbox.slack.state import Channel, Json, Person, World
from bot.sandbox.slack.views import Screens


class Stage:
    """The ground on which the gestures stand."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.deeds = Deeds(hub)
        self.screens = Screens(hub)
        self.interactions = Interactions(hub, self.deeds)
        self._typed: dict[tuple[str, str], Json] = {}

    @property
    def world(self) -> World:
        """The state."""
        return self.hub.world

    def person(self, who: str) -> Person:
        """A person by id, short name, full name or e-mail address. Raises NotSeen."""
        if who in self.world.people:
            return self.world.people[who]
        wanted = who.lstrip("@").lower()
        for one in self.world.people.values():
            if wanted in (one.name, one.real_name.lower(), one.email.lower()):
                return one
        raise NotSeen(f"There is nobody called {who}.")

    def actor(self, who: str) -> Person:
        """A person who is to act. Raises NotPossible for a deactivated account."""
        person = self.person(who)
        if person.deleted:
            raise NotPossible(f"{person.real_name}’s account is deactivated.")
        return person

    def find_channel(self, where: str, by: Person) -> Channel:
        """A channel by id or "#name", or the direct message with "@name". Raises NotSeen."""
        if where.startswith("@"):
            return self.world.im_between(by.id, self.person(where).id)
        name = where.lstrip("#")
        for one in self.world.channels.values():
            if (
                name in (one.id, one.name)
                and by.team_id in one.teams
                and (by.id in one.members or self.is_open_to(one, by))
            ):
                return one
        raise NotSeen(f"{by.real_name} sees no channel {where}.")

    def is_open_to(self, channel: Channel, person: Person) -> bool:
        """Whether this person may come in without being brought in: public channels of their workspace.

        A shared channel is public on the side of the invited workspace, whatever it is at the host's.
        """
        if channel.is_im or person.team_id not in channel.teams or person.is_restricted:
            return False
        return not channel.is_private or person.team_id != channel.host_team

    def inside(self, where: str, by: Person) -> Channel:
        """A channel that this person is in and may write in. Raises NotSeen or NotPossible."""
        channel = self.find_channel(where, by)
        if by.id not in channel.members:
            raise NotPossible(f"{by.real_name} is not in #{channel.name}. Join it first.")
        if channel.is_archived:
            raise NotPossible(f"#{channel.name} has been archived.")
        return channel

    def message(self, channel: Channel, ts: str) -> Json:
        """A message that stands in this channel. Raises NotSeen."""
        found = channel.messages.get(ts)
        if found is None or found.get("subtype") == "tombstone":
            raise NotSeen(f"There is no message {ts} in #{channel.name}.")
        return found

    def screen_of(self, person: Person) -> Json | None:
        """The modal that is open for this person, as the bot knows it."""
        top = self.screens.top(person)
        return None if top is None else self.screens.shape(top)

    # What payloads have in common

    def user_part(self, person: Person) -> Json:
        """The `user` of an interaction payload."""
        return {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team_id}

    def team_part(self, team_id: str) -> Json:
        """The `team` of an interaction payload."""
        return {"id": team_id, "domain": self.world.teams[team_id].domain}

    def channel_part(self, channel: Channel) -> Json:
        """The `channel` of an interaction payload; the names of private ones are not told."""
        name = "directmessage" if channel.is_im else "privategroup" if channel.is_private else channel.name
        return {"id": channel.id, "name": name}

    def base_payload(self, kind: str, person: Person, team_id: str) -> Json:
        """The keys that every interaction payload starts with."""
        return {
            "type": kind,
            "user": self.user_part(person),
            "api_app_id": self.world.installation.app_id,
            "token": self.hub.token,
            "team": self.team_part(team_id),
            "enterprise": None,
            "is_enterprise_install": False,
        }
