"""The loop that applies deliveries, lane by lane, as long as any are due."""

import asyncio
import time

import structlog

from core import inbox
from core.db import Database
from core.inbox import Appliers, TenantOf

log = structlog.get_logger(__name__)


class Deliveries:
    """Applies what the inbox keeps; `wake` makes it look at once, else it looks every `poll` seconds."""

    def __init__(self, db: Database, appliers: Appliers, tenant_of: TenantOf, *, poll: float = 0.1) -> None:
        self._db = db
        self._appliers = appliers
        self._tenant_of = tenant_of
        self._poll = poll
        self._awake = asyncio.Event()
        self._stopping = False
        self._busy = False

    def wake(self) -> None:
        """Look for deliveries now."""
        self._awake.set()

    def stop(self) -> None:
        """Begin nothing more; `run` returns once what was begun is committed."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        """Apply deliveries until `stop`; a database that is away is waited for."""
        while not self._stopping:
            self._awake.clear()
            self._busy = True
            try:
                tried = await inbox.apply_some(self._db, self._appliers, self._tenant_of)
            except Exception as error:
                log.error("deliveries cannot be applied", error=inbox.describe(error))
                await asyncio.sleep(1)
                continue
            finally:
                self._busy = False
            if not tried:
                try:
                    await asyncio.wait_for(self._awake.wait(), self._poll)
                except TimeoutError:
                    continue

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
