"""People come and go: channels made, joined, left; invitations accepted, approved, declined; App Home opened."""

from bot.sandbox.slack import shapes, sharing
from bot.sandbox.slack.errors import NotPossible, NotSeen
from bot.sandbox.slack.gestures.stage import Stage
from bot.sandbox.slack.state import Channel, Invite, Json, Person


class Places(Stage):
    """Gestures with one's feet."""

    async def creates(self, by: str, name: str, private: bool = False) -> str:
        """Make a channel. Returns its id."""
        person, name = self.actor(by), name.lstrip("#")
        if person.is_restricted:
            raise NotPossible("Guests can’t create channels.")
        if any(one.name == name and one.host_team == person.team_id for one in self.world.channels.values()):
            raise NotPossible("That name is already taken by a channel.")
        return self.deeds.create(name, person, private=private).id

    async def joins(self, by: str, channel: str) -> None:
        """Come into a channel that is open to one's workspace."""
        person = self.actor(by)
        where = self.find_channel(channel, person)
        if person.id in where.members:
            raise NotPossible(f"{person.real_name} is already in #{where.name}.")
        if not self.is_open_to(where, person):
            raise NotPossible(f"#{where.name} is private: somebody in it has to add {person.real_name}.")
        self.deeds.join(where, person)

    async def leaves(self, by: str, channel: str) -> None:
        """Go."""
        person = self.actor(by)
        self.deeds.leave(self.inside(channel, person), person)

    async def invites(self, by: str, who: str, channel: str) -> None:
        """Bring somebody in, also the bot ("throughline"). People limited to posting cannot."""
        person, guest = self.actor(by), self.actor(who)
        where = self.inside(channel, person)
        if person.is_restricted or self._only_posts(where, person):
            raise NotPossible(f"{person.real_name} isn’t allowed to add people to #{where.name}.")
        if guest.id in where.members:
            raise NotPossible(f"{guest.real_name} is already in #{where.name}.")
        if guest.team_id not in where.teams:
            raise NotPossible(f"{guest.real_name} works elsewhere: send a Slack Connect invitation.")
        self.deeds.join(where, guest, inviter=person)

    async def removes(self, by: str, who: str, channel: str) -> None:
        """Take somebody out, also the bot."""
        person, guest = self.actor(by), self.person(who)
        where = self.inside(channel, person)
        if self.world.is_outsider(person) or person.is_restricted:
            raise NotPossible(f"{person.real_name} isn’t allowed to remove people from #{where.name}.")
        if guest.id not in where.members:
            raise NotSeen(f"{guest.real_name} is not in #{where.name}.")
        self.deeds.leave(where, guest, actor=person)

    def _only_posts(self, channel: Channel, person: Person) -> bool:
        limited = person.team_id in channel.limited_teams
        return self.world.is_outsider(person) and (limited or self.world.installation.outsiders_only_post)

    async def archives(self, by: str, channel: str) -> None:
        """Close a channel."""
        person = self.actor(by)
        where = self.inside(channel, person)
        if person.team_id != where.host_team or person.is_restricted:
            raise NotPossible(f"{person.real_name} isn’t allowed to archive #{where.name}.")
        self.deeds.archive(where, person, archived=True)

    async def unarchives(self, by: str, channel: str) -> None:
        """Open an archived channel again."""
        person = self.actor(by)
        where = self.find_channel(channel, person)
        if not where.is_archived:
            raise NotPossible(f"#{where.name} is not archived.")
        self.deeds.archive(where, person, archived=False)

    async def renames(self, by: str, channel: str, name: str) -> None:
        """Give a channel another name."""
        person = self.actor(by)
        where = self.inside(channel, person)
        if person.team_id != where.host_team:
            raise NotPossible("Only the workspace that owns the channel can rename it.")
        self.deeds.rename(where, person, name.lstrip("#"))

    async def makes_public(self, by: str, channel: str) -> None:
        """Open a private channel to the whole workspace; told by one of Slack's own lines only."""
        self._converts(by, channel, private=False)

    async def makes_private(self, by: str, channel: str) -> None:
        """Close a public channel to all who are not in it."""
        self._converts(by, channel, private=True)

    def _converts(self, by: str, channel: str, *, private: bool) -> None:
        person = self.actor(by)
        where = self.inside(channel, person)
        if not person.is_admin or person.team_id != where.host_team:
            raise NotPossible("Only an admin of the workspace that owns the channel can do this.")
        where.is_private, kind = private, "private" if private else "public"
        self.deeds.system(where, person, f"channel_convert_to_{kind}", f"made this channel {kind}")
        self.hub.touch("channel", where.id)

    # Slack Connect

    def invitation(self, invite: str) -> Invite:
        """An invitation by id, link or the address it went to (the latest). Raises NotSeen."""
        wanted = invite.rsplit("#invite-", 1)[-1]
        for one in reversed(list(self.world.invites.values())):
            if wanted in (one.id, one.email, one.user):
                return one
        raise NotSeen(f"There is no invitation {invite}.")

    async def shares(self, by: str, channel: str, email: str, limited: bool = True) -> str:
        """Invite somebody of another workspace by hand. Returns the invitation's id."""
        person = self.actor(by)
        where = self.inside(channel, person)
        return sharing.send_invite(self.hub, where, person, email=email, user="", limited=limited).id

    async def accepts(self, invite: str, by: str) -> None:
        """Follow the link of an invitation and accept it."""
        person, found = self.actor(by), self.invitation(invite)
        if found.state != "sent":
            raise NotPossible("This invitation has already been used.")
        if self.world.seconds() > found.expires:
            raise NotPossible("This invitation has expired. Ask for a new one.")
        if not self.world.is_outsider(person):
            raise NotPossible("This channel already belongs to your workspace.")
        sharing.accept(self.deeds, found, person)

    async def approves(self, invite: str, by: str) -> None:
        """Approve an accepted invitation as an admin of the invited workspace."""
        person, found = self.actor(by), self.invitation(invite)
        self._decides(person, found)
        if found.state != "accepted":
            raise NotPossible("This invitation is not waiting for approval.")
        sharing.approve(self.deeds, found, person)

    async def declines(self, invite: str, by: str) -> None:
        """Say no to an invitation: whoever got it, or an admin once it was accepted."""
        person, found = self.actor(by), self.invitation(invite)
        if found.state == "accepted":
            self._decides(person, found)
        elif found.state != "sent":
            raise NotPossible("This invitation has already been used.")
        sharing.decline(self.deeds, found, person)

    def _decides(self, person: Person, invite: Invite) -> None:
        if not person.is_admin or person.team_id != invite.target_team:
            raise NotPossible("Only an admin of the invited workspace can decide on this.")

    async def disconnects(self, channel: str, team: str) -> None:
        """Cut a workspace (its id or name) off from a shared channel."""
        found = next(
            (one for one in self.world.teams.values() if team.lower() in (one.id.lower(), one.name.lower())), None
        )
        where = next(
            (
                one
                for one in self.world.channels.values()
                if channel.lstrip("#") in (one.id, one.name) and one.is_ext_shared
            ),
            None,
        )
        if where is None or found is None or found.id not in where.teams or found.id == where.host_team:
            raise NotSeen(f"{team} is not connected to {channel}.")
        sharing.disconnect(self.deeds, where, found)

    # Oneself

    async def deactivates(self, who: str) -> None:
        """Close somebody's account; they are out of every channel."""
        person = self.person(who)
        person.deleted, person.updated = True, self.world.seconds()
        for channel in self.world.channels.values():
            if person.id in channel.members:
                channel.members.remove(person.id)
        self._profile_changed(person)

    async def changes_profile(self, who: str, real_name: str | None = None, email: str | None = None) -> None:
        """Change somebody's name or address."""
        person = self.person(who)
        person.real_name, person.email = real_name or person.real_name, email or person.email
        person.updated = self.world.seconds()
        self._profile_changed(person)

    def _profile_changed(self, person: Person) -> None:
        self.hub.touch("people")
        if self.world.is_outsider(person) and not shapes.shares_a_channel(self.world, person):
            return
        mail = "users:read.email" in self.hub.manifest.scopes
        user = shapes.user(self.world, person, email=mail)
        self.hub.emit(
            {"type": "user_change", "user": user, "cache_ts": self.world.seconds(), "event_ts": self.world.ts()},
            actor=person,
        )

    async def uninstalls(self) -> None:
        """Remove the app from the workspace: its token is revoked and it hears app_uninstalled."""
        self.hub.faults.revoke_token()
        self.hub.emit({"type": "app_uninstalled", "event_ts": self.world.ts()})

    async def reinstalls(self) -> None:
        """Put the app back: its token works again."""
        self.world.installation.revoked = False
        self.hub.touch("people")

    async def opens_home(self, by: str) -> None:
        """Open the app's Home tab. Raises NotPossible for people of workspaces without the app."""
        person = self.actor(by)
        if self.world.is_outsider(person):
            team = self.world.teams[person.team_id].name
            raise NotPossible(
                f"{self.hub.manifest.name} is not installed in {team}; its Home is a work in progress here."
            )
        channel = self.world.im_between(self.world.bot.id, person.id)
        event: Json = {"type": "app_home_opened", "user": person.id, "channel": channel.id, "tab": "home"}
        home = self.world.homes.get(person.id)
        if home is not None:
            event["view"] = shapes.view(self.world, home)
        self.hub.emit({**event, "event_ts": self.world.ts()}, actor=person)

    async def opens_dm(self, by: str, who: str) -> str:
        """Open the direct message with a colleague, the bot, or somebody one shares a channel with. Returns its id."""
        person, other = self.actor(by), self.person(who)
        met = any({person.team_id, other.team_id} <= set(one.teams) for one in self.world.channels.values())
        if other.team_id != person.team_id and not met:
            raise NotPossible(f"{other.real_name} works elsewhere, and you share no channel.")
        channel = self.world.im_between(person.id, other.id)
        self.hub.touch("channel", channel.id)
        return channel.id

    async def opens_channel(self, by: str, channel: str) -> None:
        """Look at a channel; all in it is read."""
        person = self.actor(by)
        where = self.find_channel(channel, person)
        if where.messages and person.id in where.members:
            latest = max(where.messages)
            if where.last_read.get(person.id) != latest:
                where.last_read[person.id] = latest
                self.hub.touch("channel", where.id)
