"""The loop that applies deliveries, lane by lane, as long as any are due."""

import asyncio
import time

import structlog

from core import inbox
from core.db import Database
from core.inbox import Appliers, TenantOf

log = structlog.get_logger(__name__)


BREATH = 0.02
"""Seconds that the loop lets more arrive after it has applied a few: what a transaction costs by itself is shared by more."""

FEW, MANY = 10, 200
"""Fewer deliveries than these are no traffic and are applied at once; from so many on, more probably wait than one loop can apply."""


class Deliveries:
    """Applies what the inbox keeps; `wake` makes it look at once, else it looks every `poll` seconds.

    While one transaction waits for Postgres, a second loop goes on with other lanes, if there is work for two.
    """

    def __init__(self, db: Database, appliers: Appliers, tenant_of: TenantOf, *, poll: float = 0.1) -> None:
        self._db = db
        self._appliers = appliers
        self._tenant_of = tenant_of
        self._poll = poll
        self._awake = asyncio.Event()
        self._much = asyncio.Event()
        self._stopping = False
        self._busy = 0

    def wake(self) -> None:
        """Look for deliveries now."""
        self._awake.set()

    def stop(self) -> None:
        """Begin nothing more; `run` returns once what was begun is committed."""
        self._stopping = True
        self._much.set()
        self.wake()

    async def run(self) -> None:
        """Apply deliveries until `stop`; a database that is away is waited for."""
        await asyncio.gather(self._look(), self._help())

    async def _look(self) -> None:
        while not self._stopping:
            self._awake.clear()
            tried = await self._apply()
            if tried is None:
                await asyncio.sleep(1)
            elif not tried:
                await _either(self._awake, self._poll)
            elif FEW < tried < MANY:
                await asyncio.sleep(BREATH)

    async def _help(self) -> None:
        """Apply as well, as long as there is more to do than one loop can."""
        while not self._stopping:
            if self._much.is_set():
                self._much.clear()
            elif not await _either(self._much, self._poll) and not self._busy:
                continue
            while not self._stopping and (await self._apply() or 0) >= MANY:
                continue

    async def _apply(self) -> int | None:
        """Apply some; None, and a line in the log, if that is not possible now."""
        self._busy += 1
        try:
            tried = await inbox.apply_some(self._db, self._appliers, self._tenant_of)
        except Exception as error:
            log.error("deliveries cannot be applied", error=inbox.describe(error))
            return None
        finally:
            self._busy -= 1
        if tried >= MANY:
            self._much.set()
        return tried

    async def settled(self, timeout: float = 30.0) -> None:
        """Return once nothing waits to be applied, for tests; TimeoutError if that does not come about.

        What was set aside and is not due again yet does not count.
        """
        until = time.monotonic() + timeout
        while True:
            async with self._db.platform() as session:
                if not self._busy and not await inbox.due(session):
                    return
            if time.monotonic() > until:
                raise TimeoutError(f"Deliveries were still waiting after {timeout} seconds.")
            self.wake()
            await asyncio.sleep(0.02)


async def _either(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, but only so long; whether it came."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
