"""What can happen in a workspace, by bot or person: each deed changes the world and tells of it in events."""

from typing import Any

from bot.sandbox.slack import shapes
from bot.sandbox.slack.hub import Hub
from bot.sandbox.slack.state import Channel, Json, Person, new_id


class Deeds:
    """Deeds do not ask whether they are allowed; the API and the gestures do."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    # Messages

    def post(self, channel: Channel, author: Person, text: str, **more: Any) -> Json:
        """A new message; `more` are further keys of its stored form, those that are None left out."""
        world = self.hub.world
        ts = world.ts()
        stored: Json = {"type": "message", "user": author.id, "ts": ts, "text": text, "team": author.team_id}
        if author.is_bot:
            installed = world.installation
            stored |= {"bot_id": installed.bot_id, "app_id": installed.app_id, "bot_profile": shapes.bot_profile(world)}
        stored |= {key: value for key, value in more.items() if value is not None}
        for index, block in enumerate(stored.get("blocks", ())):
            block.setdefault("block_id", f"b{ts[-4:]}{index}")
        channel.messages[ts] = stored
        if stored.get("thread_ts"):
            channel.threads.setdefault(stored["thread_ts"], []).append(ts)
        channel.last_read[author.id] = ts
        self.hub.touch("message", channel.id)
        event = self.hub.message_event(channel, stored, author)
        self.hub.emit(event, actor=author, channel=channel)
        if not author.is_bot and f"<@{world.installation.bot_user}>" in text and not stored.get("subtype"):
            mention = {key: value for key, value in event.items() if key not in ("channel_type", "subtype")}
            self.hub.emit({**mention, "type": "app_mention"}, actor=author, channel=channel)
        return stored

    def system(self, channel: Channel, person: Person, subtype: str, text: str, **more: Any) -> None:
        """One of Slack's own lines, such as that somebody joined."""
        self.post(channel, person, text, subtype=subtype, **more)

    def edit(self, channel: Channel, stored: Json, editor: Person, **changes: Any) -> None:
        """Change a message; the bot hears message_changed with what it was before."""
        before = shapes.message(self.hub.world, channel, stored, stubs=channel.is_ext_shared)
        now = self.hub.world.ts()
        for key, value in changes.items():
            if value is None:
                stored.pop(key, None)
            else:
                stored[key] = value
        for index, block in enumerate(stored.get("blocks", ())):
            block.setdefault("block_id", f"b{now[-4:]}{index}")
        stored["edited"] = {"user": editor.id, "ts": now}
        self._changed(channel, stored, before, now, editor)

    def _changed(self, channel: Channel, stored: Json, before: Json, now: str, actor: Person) -> None:
        self.hub.touch("message", channel.id)
        event = {
            "type": "message",
            "subtype": "message_changed",
            "message": shapes.message(self.hub.world, channel, stored, stubs=channel.is_ext_shared),
            "previous_message": before,
            "channel": channel.id,
            "hidden": True,
            "ts": now,
            "event_ts": now,
            "channel_type": channel.kind,
        }
        self.hub.emit(event, actor=actor, channel=channel)

    def delete(self, channel: Channel, stored: Json, actor: Person) -> None:
        """Delete a message. One with replies leaves a tombstone: Slack then tells of a change, not of a deletion."""
        before = shapes.message(self.hub.world, channel, stored, stubs=channel.is_ext_shared)
        now = self.hub.world.ts()
        channel.pins = [pin for pin in channel.pins if pin["ts"] != stored["ts"]]
        if shapes.replies_to(channel, stored["ts"]):
            for key in [key for key in stored if key not in ("type", "ts", "team", "thread_ts")]:
                del stored[key]
            stored |= {"subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted.", "hidden": True}
            self._changed(channel, stored, before, now, actor)
            return
        del channel.messages[stored["ts"]]
        if stored.get("thread_ts") in channel.threads:
            channel.threads[stored["thread_ts"]].remove(stored["ts"])
        self.hub.touch("message", channel.id)
        event = {
            "type": "message",
            "subtype": "message_deleted",
            "deleted_ts": stored["ts"],
            "previous_message": before,
            "channel": channel.id,
            "hidden": True,
            "ts": now,
            "event_ts": now,
            "channel_type": channel.kind,
        }
        self.hub.emit(event, actor=actor, channel=channel)

    def whisper(self, channel: Channel, to: Person, text: str, **more: Any) -> Json:
        """An ephemeral message: seen by one person, kept by nobody, told in no event."""
        world, ts = self.hub.world, self.hub.world.ts()
        stored: Json = {"type": "message", "subtype": "bot_message", "user": world.bot.id, "ts": ts, "text": text}
        stored |= {"is_ephemeral": True, "bot_id": world.installation.bot_id, "app_id": world.installation.app_id}
        stored |= {"team": world.installation.team_id, "to": to.id}
        stored |= {key: value for key, value in more.items() if value is not None}
        for index, block in enumerate(stored.get("blocks", ())):
            block.setdefault("block_id", f"b{ts[-4:]}{index}")
        world.ephemerals.setdefault(channel.id, []).append(stored)
        self.hub.touch("message", channel.id)
        return stored

    def react(self, channel: Channel, stored: Json, person: Person, emoji: str, *, added: bool) -> bool:
        """Add or take away a reaction. False when there was nothing to do."""
        reactions: list[Json] = stored.setdefault("reactions", [])
        found = next((one for one in reactions if one["name"] == emoji), None)
        if added == (found is not None and person.id in found["users"]):
            return False
        if found is None:
            found = {"name": emoji, "users": []}
            reactions.append(found)
        if added:
            found["users"].append(person.id)
        else:
            found["users"].remove(person.id)
            stored["reactions"] = [one for one in reactions if one["users"]]
        self.hub.touch("message", channel.id)
        event = {
            "type": "reaction_added" if added else "reaction_removed",
            "user": person.id,
            "reaction": emoji,
            "item": {"type": "message", "channel": channel.id, "ts": stored["ts"]},
            "item_user": stored["user"],
            "event_ts": self.hub.world.ts(),
        }
        self.hub.emit(event, actor=person, channel=channel)
        return True

    # Channels and who is in them

    def create(self, name: str, creator: Person, *, private: bool) -> Channel:
        """A new channel with its creator in it."""
        world = self.hub.world
        channel = Channel(new_id("C"), name, creator.id, creator.team_id, world.seconds(), is_private=private)
        channel.teams, channel.members = [creator.team_id], [creator.id]
        world.channels[channel.id] = channel
        self.hub.touch("channel", channel.id)
        return channel

    def join(self, channel: Channel, person: Person, inviter: Person | None = None) -> None:
        """Somebody comes in."""
        world = self.hub.world
        channel.members.append(person.id)
        channel.last_read[person.id] = world.ts()
        event = {
            "type": "member_joined_channel",
            "user": person.id,
            "channel": channel.id,
            "channel_type": "G" if channel.is_private else "C",
            "team": person.team_id,
            "event_ts": world.ts(),
        }
        more = {"inviter": inviter.id} if inviter is not None else {}
        self.hub.emit({**event, **more}, actor=person, channel=channel)
        self.system(channel, person, "channel_join", f"<@{person.id}> has joined the channel", **more)
        self.hub.touch("channel", channel.id)

    def leave(self, channel: Channel, person: Person, actor: Person | None = None) -> None:
        """Somebody goes, or is taken out."""
        channel.members.remove(person.id)
        stamp = self.hub.world.ts()
        if person.is_bot:
            name = "group_left" if channel.is_private else "channel_left"
            event: Json = {"type": name, "channel": channel.id, "actor_id": (actor or person).id, "event_ts": stamp}
        else:
            event = {
                "type": "member_left_channel",
                "user": person.id,
                "channel": channel.id,
                "channel_type": "G" if channel.is_private else "C",
                "team": person.team_id,
                "event_ts": stamp,
            }
        self.hub.emit(event, actor=person, channel=channel)
        self.system(channel, person, "channel_leave", f"<@{person.id}> has left the channel")
        self.hub.touch("channel", channel.id)

    def archive(self, channel: Channel, actor: Person, *, archived: bool) -> None:
        """Close a channel, or open it again."""
        channel.is_archived = archived
        name = ("group_" if channel.is_private else "channel_") + ("archive" if archived else "unarchive")
        event = {"type": name, "channel": channel.id, "user": actor.id, "event_ts": self.hub.world.ts()}
        self.hub.emit(event, actor=actor, channel=channel)
        self.hub.touch("channel", channel.id)

    def rename(self, channel: Channel, actor: Person, name: str) -> None:
        """Give a channel another name."""
        old, channel.name = channel.name, name
        channel.previous_names.append(old)
        told = {"id": channel.id, "name": name, "name_normalized": name, "created": channel.created}
        kind = "group_rename" if channel.is_private else "channel_rename"
        self.hub.emit({"type": kind, "channel": told, "event_ts": self.hub.world.ts()}, actor=actor, channel=channel)
        line = f'has renamed the channel from "{old}" to "{name}"'
        self.system(channel, actor, "channel_name", line, old_name=old, name=name)
        self.hub.touch("channel", channel.id)

    def describe(self, channel: Channel, actor: Person, what: str, words: str) -> None:
        """Set the `topic` or the `purpose`."""
        setattr(channel, what, words)
        self.system(channel, actor, f"channel_{what}", f"set the channel {what}: {words}", **{what: words})
        self.hub.touch("channel", channel.id)
