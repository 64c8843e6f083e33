"""People write: messages and slash commands, edits, deletions, reactions, files."""

from bot.sandbox.slack.delivery import Answer
from bot.sandbox.slack.errors import NotPossible, SlackError
from bot.sandbox.slack.gestures.outcome import NONSENSE, Ack, error_of
from bot.sandbox.slack.gestures.stage import Stage
from bot.sandbox.slack.interactions import checked_content
from bot.sandbox.slack.state import Channel, File, Json, Person, new_id
from bot.sandbox.slack.writing import compose


class Talking(Stage):
    """Gestures with words."""

    async def says(
        self,
        text: str,
        by: str,
        channel: str,
        thread: str | None = None,
        broadcast: bool = False,
        files: tuple[tuple[str, bytes], ...] = (),
    ) -> str:
        """Write a message, in a thread or not, with files (name, content) or not. Returns its ts."""
        person = self.actor(by)
        where = self.inside(channel, person)
        if thread is not None:
            root = self.message(where, thread)
            thread = str(root.get("thread_ts", root["ts"]))
        words, blocks = compose(self.world, where, text)
        stored_files = [self._keep(where, person, name, content) for name, content in files]
        subtype = "file_share" if files else "thread_broadcast" if broadcast and thread else None
        more: Json = {"thread_ts": thread, "subtype": subtype, "client_msg_id": new_id("m").lower()}
        more["file_ids"] = [one.id for one in stored_files] or None
        if broadcast and thread:
            more["root"] = {key: where.messages[thread].get(key) for key in ("ts", "user", "text", "type")}
        return str(self.deeds.post(where, person, words, blocks=blocks if text else None, **more)["ts"])

    def _keep(self, channel: Channel, person: Person, name: str, content: bytes) -> File:
        file = File(new_id("F"), name, person.id, person.team_id, self.world.seconds(), content, [channel.id])
        self.world.files[file.id] = file
        return file

    async def uploads(self, by: str, channel: str, filename: str, content: bytes | str, text: str = "") -> str:
        """Share a file, with a line or without. Returns the message's ts."""
        raw = content.encode() if isinstance(content, str) else content
        return await self.says(text, by, channel, files=((filename, raw),))

    async def edits(self, ts: str, text: str, by: str, channel: str) -> None:
        """Change a message of one's own."""
        person = self.actor(by)
        where = self.inside(channel, person)
        stored = self.message(where, ts)
        if stored["user"] != person.id:
            raise NotPossible("Only the author can edit a message.")
        words, blocks = compose(self.world, where, text)
        self.deeds.edit(where, stored, person, text=words, blocks=blocks)

    async def deletes(self, ts: str, by: str, channel: str) -> None:
        """Delete a message: one's own, or any as an admin of the workspace that hosts the channel."""
        person = self.actor(by)
        where = self.inside(channel, person)
        stored = self.message(where, ts)
        if stored["user"] != person.id and not (person.is_admin and person.team_id == where.host_team):
            raise NotPossible("Only the author or an admin can delete a message.")
        self.deeds.delete(where, stored, person)

    async def reacts(self, emoji: str, ts: str, by: str, channel: str) -> None:
        """Put an emoji under a message; a second time changes nothing."""
        person = self.actor(by)
        where = self.inside(channel, person)
        self.deeds.react(where, self.message(where, ts), person, emoji.strip(":"), added=True)

    async def unreacts(self, emoji: str, ts: str, by: str, channel: str) -> None:
        """Take one's emoji back."""
        person = self.actor(by)
        where = self.inside(channel, person)
        self.deeds.react(where, self.message(where, ts), person, emoji.strip(":"), added=False)

    async def command(self, text: str, by: str, channel: str) -> Ack:
        """Type a slash command and wait for the acknowledgement. Raises NotPossible for outsiders."""
        person = self.actor(by)
        where = self.inside(channel, person)
        name, _, words = text.strip().partition(" ")
        known = self.hub.manifest.commands.get(name)
        if known is None or self.world.is_outsider(person):
            raise NotPossible(f"{name} is not a valid command. Messages that start with “/” are read as commands.")
        said, _ = compose(self.world, where, words.strip(), labels=True, mentions=known.should_escape)
        fields = {
            "token": self.hub.token,
            "team_id": person.team_id,
            "team_domain": self.world.teams[person.team_id].domain,
            "channel_id": where.id,
            "channel_name": str(self.channel_part(where)["name"]),
            "user_id": person.id,
            "user_name": person.name,
            "command": name,
            "text": said,
            "api_app_id": self.world.installation.app_id,
            "is_enterprise_install": "false",
            "response_url": self.interactions.response_url(where, person),
            "trigger_id": self.interactions.trigger(person),
        }
        answer = await self.hub.delivery.ask("slash_commands", known.path, fields, dict(fields))
        ack = Ack(answer.status or None, error_of(answer), screen=lambda: self.screen_of(person))
        if answer.ok:
            self._show(ack, answer, where, person)
        if ack.error:
            line = f"{name} failed with the error “{ack.error}”."
            self.deeds.whisper(where, person, line, user="USLACKBOT", bot_id="BSLACKBOT")
        return ack

    def _show(self, ack: Ack, answer: Answer, where: Channel, person: Person) -> None:
        """Show what the acknowledgement of a command carried: JSON, plain words, or nothing."""
        try:
            body = answer.json()
        except ValueError:
            body = {"text": answer.body.decode(errors="replace")}
        if not body:
            return
        try:
            if not isinstance(body, dict):
                raise SlackError("invalid_command_response")
            if "text" in body or "blocks" in body:
                ack.message = self.interactions.answer(where, person, body, checked_content(body))
        except SlackError:
            ack.error = NONSENSE
