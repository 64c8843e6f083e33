"""Stripe's webhooks: every event signed and sent, tried again on a schedule, in no order that can be relied on."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import aiohttp

from bot.sandbox.stripe.wire import Json

SCHEDULE: tuple[float, ...] = (1, 3, 10, 30, 60, 300, 1800, 3600, 3600, 3600)


def signature(body: bytes, secret: str, at: int | None = None) -> str:
    """The Stripe-Signature header for these bytes; `at` is real time, which security tolerances go by."""
    moment = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


@dataclass
class Trouble:
    """A fault laid on the next `left` events whose type fits."""

    how: str
    type: str
    left: int
    seconds: float = 0.0


class Webhooks:
    """Sends events to one address. Set `pace` to stretch (or, under 1, shorten) the waits between tries."""

    def __init__(self, url: Callable[[], str], secret: str, changed: Callable[[], None]) -> None:
        self.url = url
        self.secret = secret
        self.pace = 1.0
        self.schedule: Sequence[float] = SCHEDULE
        self.tries: dict[str, list[Json]] = {}
        """For each event, what came of every try: {"at", "status", "error"}."""
        self.pending: dict[str, Json] = {}
        self._changed = changed
        self._troubles: list[Trouble] = []
        self._held: list[tuple[Trouble, Json]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    # faults

    def drop(self, times: int = 1, type: str = "*") -> None:
        """Never send the next events of this type (a pattern such as "invoice.*")."""
        self._troubles.append(Trouble("drop", type, times))

    def delay(self, seconds: float, times: int = 1, type: str = "*") -> None:
        """Send the next events of this type later."""
        self._troubles.append(Trouble("delay", type, times, seconds))

    def duplicate(self, times: int = 1, type: str = "*") -> None:
        """Send the next events of this type twice."""
        self._troubles.append(Trouble("duplicate", type, times))

    def reorder(self, count: int, type: str = "*") -> None:
        """Hold the next `count` events of this type and then send them last first, one after the other."""
        self._troubles.append(Trouble("reorder", type, count))

    # sending

    def send(self, event: Json) -> None:
        """Send an event soon, or do what a fault wants done with it."""
        if not self.url():
            return
        trouble = next((one for one in self._troubles if one.left and fnmatchcase(event["type"], one.type)), None)
        if trouble is None:
            self._start([event])
            return
        trouble.left -= 1
        if not trouble.left:
            self._troubles.remove(trouble)
        if trouble.how == "delay":
            self._start([event], wait=trouble.seconds)
        elif trouble.how == "duplicate":
            self._start([event])
            self._start([event])
        elif trouble.how == "reorder":
            self._held.append((trouble, event))
            if not trouble.left:
                self._start([held for by, held in reversed(self._held) if by is trouble])
                self._held = [(by, held) for by, held in self._held if by is not trouble]

    def resend(self, event: Json) -> None:
        """Send an event once more, as the button in Stripe's dashboard does."""
        self._start([event])

    async def settled(self, timeout: float = 10.0) -> None:
        """Wait until nothing is on its way, waits for its next try or is held back; TimeoutError says what still is."""
        end = time.monotonic() + timeout
        while self._tasks and time.monotonic() < end:
            await asyncio.wait(set(self._tasks), timeout=end - time.monotonic(), return_when=asyncio.FIRST_COMPLETED)
        if self._tasks or self._held:
            waiting = [event["type"] for event in self.pending.values()] + [event["type"] for _, event in self._held]
            raise TimeoutError(f"Webhooks still on their way: {', '.join(waiting)}.")

    async def close(self) -> None:
        """Stop sending; what is pending goes on after the next load()."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def dump(self) -> Json:
        return {"pending": list(self.pending.values()), "tries": self.tries}

    def load(self, kept: Json) -> None:
        self.tries = dict(kept.get("tries", {}))
        for event in kept.get("pending", []):
            self._start([event])

    def _start(self, events: list[Json], wait: float = 0.0) -> None:
        for event in events:
            self.pending[event["id"]] = event
        task = asyncio.get_running_loop().create_task(self._deliver(events, wait))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, events: list[Json], wait: float) -> None:
        await asyncio.sleep(wait * self.pace if wait else 0)
        for event in events:
            for pause in (*self.schedule, None):
                if await self._try(event) or pause is None:
                    break
                await asyncio.sleep(pause * self.pace)
            self.pending.pop(event["id"], None)
            self._changed()

    async def _try(self, event: Json) -> bool:
        body = json.dumps(event, indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(body, self.secret),
        }
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        outcome: dict[str, Any] = {"at": datetime.now(UTC).isoformat(), "status": None, "error": None}
        try:
            async with self._session.post(self.url(), data=body, headers=headers, allow_redirects=False) as response:
                await response.read()
                outcome["status"] = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            outcome["error"] = str(error) or type(error).__name__
        self.tries.setdefault(event["id"], []).append(outcome)
        while len(self.tries) > 2000:
            del self.tries[next(iter(self.tries))]
        self._changed()
        return outcome["status"] is not None and 200 <= outcome["status"] < 300
