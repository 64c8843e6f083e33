"""How Slack reaches the bot: three seconds to answer, and events sent again up to three times."""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import aiohttp

from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.state import Json


@dataclass(frozen=True)
class Answer:
    """What came back: the status and body, or why nothing did (http_timeout, connection_failed, http_error)."""

    status: int = 0
    body: bytes = b""
    failure: str = ""
    no_retry: bool = False

    @property
    def ok(self) -> bool:
        """Whether the bot acknowledged."""
        return not self.failure

    def json(self) -> Any:
        """The body as JSON, or None where there is none. Raises ValueError when it is something else."""
        return json.loads(self.body) if self.body.strip() else None


class Carrier(Protocol):
    """A way to the bot."""

    async def event(self, body: Json, attempt: int, reason: str, seconds: float) -> Answer:
        """Hand over an event; `attempt` is 0 at first."""

    async def ask(self, kind: str, path: str, fields: dict[str, str], payload: Json, seconds: float) -> Answer:
        """Hand over an interaction, a command or an options request, and bring back the answer."""


@dataclass(frozen=True)
class Attempt:
    """One try at a delivery, for tests and the page to look at."""

    kind: str
    event_id: str
    number: int
    status: int
    failure: str


class Http:
    """The way over HTTP: each request signed with the signing secret at the moment of sending."""

    def __init__(self, bot_url: Callable[[], str], events_path: str, secret: Callable[[], str]) -> None:
        self._bot_url, self._events_path, self._secret = bot_url, events_path, secret
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """End the connections to the bot."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def event(self, body: Json, attempt: int, reason: str, seconds: float) -> Answer:
        """POST the event as JSON, with retry headers from the second attempt on."""
        extra = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason} if attempt else {}
        raw = json.dumps(body).encode()
        return await self._post(self._events_path, raw, "application/json", extra, seconds)

    async def ask(self, kind: str, path: str, fields: dict[str, str], payload: Json, seconds: float) -> Answer:
        """POST the form that Slack sends: the fields of a command, else one field `payload`."""
        raw = urlencode(fields).encode()
        return await self._post(path, raw, "application/x-www-form-urlencoded", {}, seconds)

    async def _post(self, path: str, raw: bytes, content_type: str, extra: dict[str, str], seconds: float) -> Answer:
        stamp = str(int(time.time()))
        signed = hmac.new(self._secret().encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={signed}",
            **extra,
        }
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200))
        url = self._bot_url().rstrip("/") + path
        limit = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._session.post(url, data=raw, headers=headers, timeout=limit, allow_redirects=False) as got:
                answer = await got.read()
                no_retry = got.headers.get("X-Slack-No-Retry") == "1"
                failure = "" if 200 <= got.status < 300 else "http_error"
                return Answer(got.status, answer, failure, no_retry)
        except TimeoutError:
            return Answer(failure="http_timeout")
        except aiohttp.ClientError:
            return Answer(failure="connection_failed")


class Delivery:
    """Sends events with Slack's retries and applies the faults that tests ask for. Keeps the last thousand attempts."""

    def __init__(self, carrier: Callable[[], Carrier], faults: Faults) -> None:
        self.acknowledge_seconds = 3.0
        self.retry_after: tuple[float, ...] = (0.0, 60.0, 300.0)
        self.attempts: deque[Attempt] = deque(maxlen=1000)
        self._carrier, self._faults = carrier, faults
        self._running: set[asyncio.Task[Any]] = set()
        self._waiting = 0
        self._asking = 0
        faults.on_release = lambda bodies: self.spawn(self._in_turn(bodies))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the gestures; settled() waits for it, close() ends it."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler({"message": "a delivery failed", "exception": error})

    async def close(self) -> None:
        """End whatever is still on its way."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def in_flight(self, *, retries: bool) -> int:
        """How many deliveries and questions are under way, with or without those that wait for their next attempt."""
        return len(self._running) + self._asking - (0 if retries else self._waiting)

    async def ask(self, kind: str, path: str, fields: dict[str, str], payload: Json) -> Answer:
        """Hand the bot an interaction and wait for its acknowledgement, three seconds at most."""
        self._asking += 1
        try:
            answer = await self._carrier().ask(kind, path, fields, payload, self.acknowledge_seconds)
            self.attempts.append(Attempt(kind, "", 0, answer.status, answer.failure))
            return answer
        finally:
            self._asking -= 1

    def event(self, body: Json) -> None:
        """Send this event on its way, through whatever fault is set for its type."""
        fault = self._faults.take_delivery(body["event"]["type"])
        if fault is None:
            self.spawn(self._deliver(body))
        elif fault.kind == "delay":
            self.spawn(self._deliver(body, fault.seconds))
        elif fault.kind == "duplicate":
            for _ in range(fault.copies + 1):
                self.spawn(self._deliver(body))
        elif fault.kind == "another_id":
            for copy in range(fault.copies + 1):
                self.spawn(self._deliver({**body, "event_id": new_event_id()} if copy else body))
        elif fault.kind == "reorder":
            fault.held.append(body)
            if fault.times == 0:
                self.spawn(self._in_turn(fault.held[::-1]))

    async def _in_turn(self, bodies: list[Json]) -> None:
        for body in bodies:
            await self._deliver(body)

    async def _deliver(self, body: Json, later: float = 0.0) -> None:
        if later:
            await asyncio.sleep(later)
        reason = ""
        for number, wait in enumerate((0.0, *self.retry_after)):
            if wait:
                self._waiting += 1
                try:
                    await asyncio.sleep(wait)
                finally:
                    self._waiting -= 1
            answer = await self._carrier().event(body, number, reason, self.acknowledge_seconds)
            self.attempts.append(
                Attempt(body["event"]["type"], body["event_id"], number, answer.status, answer.failure)
            )
            if answer.ok or answer.no_retry:
                return
            reason = answer.failure


def new_event_id() -> str:
    """An event_id, unique for ever."""
    return "Ev" + secrets.token_hex(5).upper()
