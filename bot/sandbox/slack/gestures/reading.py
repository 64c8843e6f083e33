"""What people see: their modal, their App Home, the messages of a channel, and a snapshot for the page."""

from bot.sandbox.slack import shapes
from bot.sandbox.slack.errors import NotSeen
from bot.sandbox.slack.gestures.stage import Stage
from bot.sandbox.slack.state import Channel, Json, Person
from core import clock


class Reading(Stage):
    """Looks, and changes nothing."""

    def view(self, by: str) -> Json | None:
        """The modal on top of this person's screen."""
        top = self.screens.top(self.person(by))
        return None if top is None else self.screens.shape(top)

    def home(self, by: str) -> Json | None:
        """The App Home as this person sees it; outsiders see none, whatever was published."""
        person = self.person(by)
        home = self.world.homes.get(person.id)
        return None if home is None or self.world.is_outsider(person) else self.screens.shape(home)

    def messages(self, channel: str, by: str, thread: str | None = None) -> list[Json]:
        """What this person sees in a channel, or in one of its threads, oldest first, whispers included."""
        person = self.person(by)
        where = self.find_channel(channel, person)
        if person.id not in where.members and where.is_private:
            raise NotSeen(f"{person.real_name} is not in #{where.name}.")
        whispers = [one for one in self.world.ephemerals.get(where.id, ()) if one["to"] == person.id]
        stored = [one for one in [*where.messages.values(), *whispers] if self._belongs(one, thread)]
        return [shapes.message(self.world, where, one) for one in sorted(stored, key=lambda one: str(one["ts"]))]

    @staticmethod
    def _belongs(stored: Json, thread: str | None) -> bool:
        root = stored.get("thread_ts", stored["ts"])
        if thread is not None:
            return bool(root == thread)
        return bool(root == stored["ts"]) or stored.get("subtype") == "thread_broadcast"

    def permalink(self, channel: str, ts: str) -> str:
        """The address of a message in the sandbox's own page."""
        return f"{self.hub.base_url()}/#message-{channel}-{ts}"

    def snapshot(self, by: str) -> Json:
        """All that the page shows to this person, but for the messages."""
        me = self.person(by)
        teams, home = self.world.teams, self.world.installation.team_id
        agency = not self.world.is_outsider(me)
        mine = [one for one in self.world.channels.values() if me.id in one.members]
        joinable = [
            one for one in self.world.channels.values() if me.id not in one.members and self.is_open_to(one, me)
        ]
        commands = [
            {"command": one.command, "description": one.description, "usage_hint": one.usage_hint}
            for one in self.hub.manifest.commands.values()
        ]
        shortcuts = [
            {"name": one.name, "callback_id": one.callback_id, "description": one.description}
            for one in self.hub.manifest.shortcuts.values()
        ]
        return {
            "me": {**self._who(me, me), "agency": agency, "guest": me.is_restricted},
            "people": {one.id: self._who(one, me) for one in [*self.world.people.values(), self._slackbot(me)]},
            "teams": [{"id": one.id, "name": one.name, "agency": one.id == home} for one in teams.values()],
            "channels": [self._channel(one, me) for one in mine],
            "joinable": [{"id": one.id, "name": one.name} for one in joinable if not one.is_archived],
            "invites": self._invites(me),
            "home": self.home(by),
            "modals": [self.screens.shape(one) for one in self.screens.stack(me)],
            "commands": commands if agency else [],
            "shortcuts": shortcuts if agency else [],
            "now": clock.now().isoformat(),
        }

    @staticmethod
    def _slackbot(me: Person) -> Person:
        return Person("USLACKBOT", me.team_id, "slackbot", "Slackbot", is_bot=True)

    def _who(self, person: Person, me: Person) -> Json:
        return {
            "id": person.id,
            "name": person.name,
            "real_name": person.real_name,
            "team_id": person.team_id,
            "team_name": self.world.teams[person.team_id].name,
            "external": person.team_id != me.team_id,
            "bot": person.is_bot,
            "admin": person.is_admin,
            "deleted": person.deleted,
            "email": person.email,
        }

    def _channel(self, channel: Channel, me: Person) -> Json:
        read = channel.last_read.get(me.id, "")
        unread = [
            one
            for one in channel.messages.values()
            if one["ts"] > read and one["user"] != me.id and not str(one.get("subtype", "")).startswith("channel_")
        ]
        others = [one for one in channel.members if one != me.id] if channel.is_im else []
        return {
            "id": channel.id,
            "name": channel.name or self.world.people[others[0]].real_name,
            "is_private": channel.is_private,
            "is_im": channel.is_im,
            "im_with": others[0] if others else None,
            "is_ext_shared": channel.is_ext_shared,
            "is_archived": channel.is_archived,
            "topic": channel.topic,
            "purpose": channel.purpose,
            "teams": [self.world.teams[one].name for one in channel.teams],
            "members": list(channel.members),
            "unread": len(unread),
            "mentioned": any(f"<@{me.id}" in one.get("text", "") for one in unread) or (channel.is_im and bool(unread)),
            "last_ts": max(channel.messages, default=""),
            "bookmarks": [{"id": one["id"], "title": one["title"], "link": one["link"]} for one in channel.bookmarks],
            "pins": [pin["ts"] for pin in channel.pins],
        }

    def _invites(self, me: Person) -> list[Json]:
        shown = []
        for one in self.world.invites.values():
            inviter = self.world.people[one.inviting_user]
            addressed = one.user == me.id or (bool(one.email) and one.email.lower() == me.email.lower())
            decides = one.state == "accepted" and me.is_admin and one.target_team == me.team_id
            if not (addressed or decides or inviter.team_id == me.team_id or one.target_team == me.team_id):
                continue
            shown.append(
                {
                    "id": one.id,
                    "channel_name": self.world.channels[one.channel].name,
                    "from_team": self.world.teams[inviter.team_id].name,
                    "by_name": inviter.real_name,
                    "to_email": one.email or self.world.people[one.user].email,
                    "state": one.state,
                    "mine": addressed or decides,
                    "may_approve": decides,
                }
            )
        return shown
