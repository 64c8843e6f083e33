"""What an interaction hands to the bot: trigger ids, good once for three seconds, and response URLs."""

import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.sandbox.slack.blockkit import check_message
from bot.sandbox.slack.deeds import Deeds
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.hub import Hub
from bot.sandbox.slack.state import Channel, Json, Person

TRIGGER_SECONDS = 3.0
RESPONSE_USES = 5
RESPONSE_SECONDS = 30 * 60


@dataclass
class Trigger:
    """A trigger_id: whose it is, when it was given (real time), and the modal in which it arose."""

    user: str
    given: float
    root_view: str | None
    used: bool = False


@dataclass
class ResponseUrl:
    """A response_url: where it answers, to whom, and the message that it may replace."""

    channel: str
    user: str
    expires: int
    message_ts: str | None = None
    ephemeral: bool = False
    uses: int = 0


class Interactions:
    """Gives out trigger ids and response URLs and honours them."""

    def __init__(self, hub: Hub, deeds: Deeds) -> None:
        self.hub, self.deeds = hub, deeds
        self.trigger_seconds = TRIGGER_SECONDS
        self._triggers: dict[str, Trigger] = {}
        self._urls: dict[str, ResponseUrl] = {}

    def trigger(self, person: Person, root_view: str | None = None) -> str:
        """A new trigger_id for this person."""
        key = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._triggers[key] = Trigger(person.id, time.monotonic(), root_view)
        return key

    def exchange(self, trigger_id: Any) -> Trigger:
        """Use a trigger_id up. Raises invalid_trigger_id, exchanged_trigger_id or expired_trigger_id."""
        trigger = self._triggers.get(str(trigger_id))
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if time.monotonic() - trigger.given > self.trigger_seconds:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def response_url(self, channel: Channel, person: Person, message: Json | None = None) -> str:
        """A new response_url, good for five answers within thirty minutes."""
        key = f"{self.hub.world.installation.team_id}/{secrets.token_urlsafe(18)}"
        self._urls[key] = ResponseUrl(
            channel.id,
            person.id,
            self.hub.world.seconds() + RESPONSE_SECONDS,
            message["ts"] if message else None,
            bool(message and message.get("is_ephemeral")),
        )
        return f"{self.hub.base_url()}/slack/response/{key}"

    async def handle(self, request: web.Request) -> web.Response:
        """The door of response URLs: text or blocks, for the person alone unless said otherwise."""
        url = self._urls.get(request.match_info["key"])
        try:
            if url is None:
                return _refuse(404, "invalid_url")
            if url.uses >= RESPONSE_USES:
                return _refuse(404, "used_url")
            if self.hub.world.seconds() > url.expires:
                return _refuse(404, "expired_url")
            body = json.loads(await request.read())
            if not isinstance(body, dict):
                return _refuse(400, "invalid_payload")
            url.uses += 1
            self.respond(url, body)
        except ValueError:
            return _refuse(400, "invalid_payload")
        except SlackError as error:
            return web.json_response(error.body(), status=400 if error.error != "no_text" else 500)
        return web.Response(text="ok")

    def respond(self, url: ResponseUrl, body: Json) -> None:
        """Do what an answer to an interaction asks for."""
        world = self.hub.world
        channel, person = world.channels[url.channel], world.people[url.user]
        source = self._source(channel, url)
        if body.get("delete_original"):
            if source is not None and url.ephemeral:
                world.ephemerals[channel.id].remove(source)
                self.hub.touch("message", channel.id)
            elif source is not None:
                self.deeds.delete(channel, source, world.bot)
            return
        content = checked_content(body)
        if body.get("replace_original") and source is not None:
            if url.ephemeral:
                source.pop("blocks", None)
                source.update({key: value for key, value in content.items() if value is not None})
                self.hub.touch("message", channel.id)
            else:
                self.deeds.edit(channel, source, world.bot, **content)
            return
        self.answer(channel, person, body, content)

    def answer(self, channel: Channel, person: Person, body: Json, content: Json) -> Json:
        """Show an answer: to everyone with response_type in_channel, else to the person alone."""
        words, blocks = content["text"] or "", content["blocks"]
        thread = body.get("thread_ts")
        if body.get("response_type") == "in_channel":
            metadata = body.get("metadata")
            return self.deeds.post(
                channel, self.hub.world.bot, words, blocks=blocks, thread_ts=thread, metadata=metadata
            )
        return self.deeds.whisper(channel, person, words, blocks=blocks, thread_ts=thread)

    def _source(self, channel: Channel, url: ResponseUrl) -> Json | None:
        if url.message_ts is None:
            return None
        if url.ephemeral:
            whispers = self.hub.world.ephemerals.get(channel.id, [])
            return next((one for one in whispers if one["ts"] == url.message_ts), None)
        return channel.messages.get(url.message_ts)


def checked_content(body: Json) -> Json:
    """The text and blocks of an answer. Raises no_text or invalid_blocks."""
    text, blocks = body.get("text"), body.get("blocks")
    if blocks:
        check_message(blocks)
    elif not text:
        raise SlackError("no_text")
    return {"text": text or "", "blocks": blocks or None}


def _refuse(status: int, error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error}, status=status)
