"""The sandbox's Slack as one object: its HTTP doors, its gestures, its faults."""

import asyncio
import secrets as secrets_
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from aiohttp import web

from bot.sandbox.slack import shapes
from bot.sandbox.slack.api import Door
from bot.sandbox.slack.api.files import FileDoor
from bot.sandbox.slack.cast import Secrets
from bot.sandbox.slack.delivery import Attempt, Delivery
from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.gestures import Forms, Places, Reading, Talking
from bot.sandbox.slack.hub import Hub, Postman
from bot.sandbox.slack.rates import Rates
from bot.sandbox.slack.socket import Sockets
from bot.sandbox.slack.state import Json, new_id

T = TypeVar("T")


class Slack(Talking, Forms, Places, Reading):
    """A Slack on localhost. `by` is a person's id or first name, `channel` an id or "#name"."""

    def __init__(
        self,
        *,
        bot_url: Callable[[], str],
        manifest: Path,
        base_url: Callable[[], str],
        mail: Postman,
        changed: Callable[[], None],
        secrets: Secrets | None = None,
        socket_mode: bool = False,
    ) -> None:
        shared = secrets if secrets is not None else Secrets()
        hub = Hub(
            bot_url=bot_url,
            manifest=manifest,
            base_url=base_url,
            mail=mail,
            changed=changed,
            secrets=shared,
            socket_mode=socket_mode,
        )
        super().__init__(hub)
        self.door = Door(hub, self.deeds, self.screens, self.interactions)
        hub.faults.on_drop_sockets = hub.sockets.drop
        hub.faults.on_revoke = self._revoke
        hub.faults.on_restrict = self._restrict
        hub.faults.on_new_channel_id = self._new_channel_id

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return self.hub.faults

    @property
    def rates(self) -> Rates:
        """The rate limits; `rates.scale = 0` turns them off."""
        return self.hub.rates

    @property
    def delivery(self) -> Delivery:
        """How events travel: `retry_after`, `acknowledge_seconds`."""
        return self.hub.delivery

    @property
    def sockets(self) -> Sockets:
        """The websockets of Socket Mode."""
        return self.hub.sockets

    @property
    def attempts(self) -> list[Attempt]:
        """The latest attempts to reach the bot, oldest first."""
        return list(self.hub.delivery.attempts)

    @property
    def calls(self) -> list[tuple[str, Json]]:
        """The latest calls of the Web API, with their arguments."""
        return self.door.calls

    def routes(self) -> list[web.RouteDef]:
        """The doors, all under /slack/."""
        files = FileDoor(self.hub)
        return [
            web.route("*", "/slack/api/{method}", self.door.handle),
            web.post("/slack/response/{key:.+}", self.interactions.handle),
            web.get("/slack/files/{id}/{name}", files.handle),
            web.get("/slack/socket", self.sockets.handle),
        ]

    async def verifies_url(self) -> bool:
        """Send url_verification, as Slack does when an address is first entered; True when the challenge comes back."""
        challenge = secrets_.token_hex(20)
        body = {"token": self.hub.token, "challenge": challenge, "type": "url_verification"}
        answer = await self.hub.http.event(body, 0, "", self.delivery.acknowledge_seconds)
        return answer.ok and challenge.encode() in answer.body

    def dump(self) -> Json:
        """The state as JSON."""
        return self.world.dump()

    def load(self, data: Json) -> None:
        """Take an earlier state."""
        self.world.load(data)

    async def stop(self) -> None:
        """End all that is under way."""
        await self.delivery.close()
        await self.sockets.close()
        await self.hub.http.close()

    # Live

    def watch(self) -> "asyncio.Queue[Json]":
        """A queue of what changes: {"kind": "message|view|home|channel|people", "channel": id?}."""
        return self.hub.watch()

    def unwatch(self, queue: "asyncio.Queue[Json]") -> None:
        """Stop filling this queue."""
        self.hub.unwatch(queue)

    async def settled(self, timeout: float = 10.0, *, retries: bool = True) -> None:
        """Wait until nothing is on its way to the bot, nor, with `retries`, waits for its next attempt.

        Raises TimeoutError.
        """
        end = time.monotonic() + timeout
        while count := self.delivery.in_flight(retries=retries):
            if time.monotonic() > end:
                raise TimeoutError(f"{count} deliveries are still under way after {timeout} s.")
            await asyncio.sleep(0.005)

    async def until(self, condition: Callable[[], T], timeout: float = 5.0) -> T:
        """Wait until the condition holds, looking at every change, and return what it gave. Raises TimeoutError."""
        queue, end = self.watch(), time.monotonic() + timeout
        try:
            while not (value := condition()):
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"It did not come about within {timeout} s.")
                try:
                    await asyncio.wait_for(queue.get(), min(left, 0.1))
                except TimeoutError:
                    continue
            return value
        finally:
            self.unwatch(queue)

    async def modal(self, by: str, title: str = "", timeout: float = 3.0) -> Json:
        """Wait until this person has a modal open, with this title if one is named. Raises TimeoutError."""

        def opened() -> Json | None:
            view = self.view(by)
            return view if view is not None and title in ("", view["title"]["text"]) else None

        found = await self.until(opened, timeout)
        assert found is not None
        return found

    async def sees(self, words: str, by: str, channel: str | None = None, timeout: float = 5.0) -> Json:
        """Wait until this person can see these words in a message, and return the newest that has them.

        Raises TimeoutError.
        """
        person = self.person(by)

        def shown() -> Json | None:
            where = self.find_channel(channel, person) if channel is not None else None
            found = (one for one in self.visible_messages(person, where) if words in self.words_of(one[1]))
            pair = next(found, None)
            return None if pair is None else {**shapes.message(self.world, *pair), "channel": pair[0].id}

        seen = await self.until(shown, timeout)
        assert seen is not None
        return seen

    def file_content(self, file_id: str) -> bytes:
        """What is in an uploaded file."""
        return self.world.files[file_id].content

    # Faults that change the world

    def _revoke(self) -> None:
        installed = self.world.installation
        installed.revoked = True
        tokens = {"oauth": [], "bot": [installed.bot_user]}
        self.hub.emit({"type": "tokens_revoked", "tokens": tokens, "event_ts": self.world.ts()})

    def _restrict(self, may_press: bool) -> None:
        self.world.installation.outsiders_only_post = not may_press

    def _new_channel_id(self, where: str) -> str:
        channel = next(one for one in self.world.channels.values() if where.lstrip("#") in (one.id, one.name))
        old, channel.id = channel.id, new_id("C")
        self.world.channels = {one.id: one for one in self.world.channels.values()}
        self.world.ephemerals[channel.id] = self.world.ephemerals.pop(old, [])
        for invite in self.world.invites.values():
            invite.channel = channel.id if invite.channel == old else invite.channel
        for file in self.world.files.values():
            file.channels = [channel.id if one == old else one for one in file.channels]
        event = {"type": "channel_id_changed", "old_channel_id": old, "new_channel_id": channel.id}
        self.hub.emit({**event, "event_ts": self.world.ts()}, channel=channel)
        self.hub.touch("channel", channel.id)
        return channel.id
