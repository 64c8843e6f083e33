"""The runner: claims jobs, runs their handlers side by side, and records how each attempt ended."""

import asyncio
import os
import socket
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from bot.gateways.failures import Permanent, Temporary
from core import inbox, jobs
from core.db import Database
from core.jobs import PACES, Claimed, Paces

Handler = Callable[[Claimed], Awaitable[None]]
"""Does one job. It may be called again for the same job, so what it does outside must bear repeating."""

ATTEMPTS = 8
"""How often a job is tried that fails by an error of ours: about two minutes, then it is buried."""

TEMPORARY_ATTEMPTS = 300
"""How often a job is tried that the outside world puts off: about a day, so that a long outage buries nothing."""

LOST = 8
"""How many workers may die over a job before it is buried as the likely cause."""

LEASE = 30.0
"""Seconds for which a worker holds a lane unless it renews that: so long after a kill -9 another takes the lane."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: done; to be tried again `after` seconds, `paused` if a rate limit said so; or buried."""

    job: Claimed
    error: str | None = None
    after: float | None = None
    paused: bool = False


class Runner:
    """Runs up to `concurrency` jobs at once, one per lane; any number of runners, in any processes, share the lanes.

    A commit in the same process wakes it; for all others it looks every `poll` seconds. It holds a lane for `lease`
    seconds and renews that while it lives: after a kill -9 others take the lane when the lease has run out.
    """

    def __init__(
        self,
        db: Database,
        handlers: Mapping[str, Handler],
        *,
        concurrency: int = 50,
        poll: float = 0.1,
        lease: float = LEASE,
        paces: Paces = PACES,
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._db = db
        self._handlers = handlers
        self._concurrency = concurrency
        self._poll = poll
        self._lease = lease
        self._paces = paces
        self._running: dict[int, tuple[Claimed, asyncio.Task[None]]] = {}
        self._outcomes: list[Outcome] = []
        self._awake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look for jobs now."""
        self._awake.set()

    def stop(self) -> None:
        """Claim no more; `run` returns once what was started is finished and recorded."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        """Claim and run jobs until `stop`; a database that is away is waited for, but not for ever once stopping."""
        self._db.on_jobs.append(self.wake)
        beating = asyncio.create_task(self._beat())
        patience = 5
        try:
            while patience and (not self._stopping or self._running or self._outcomes):
                self._awake.clear()
                try:
                    await self._turn()
                except Exception as error:
                    log.error("the runner cannot reach its jobs", error=inbox.describe(error))
                    patience -= self._stopping
                    await asyncio.sleep(1)
                else:
                    await self._rest()
        finally:
            self._db.on_jobs.remove(self.wake)
            beating.cancel()
            for _, task in self._running.values():
                task.cancel()

    async def settled(self, timeout: float = 30.0) -> None:
        """Return once no job is due and none is running, for tests; TimeoutError if that does not come about."""
        until = time.monotonic() + timeout
        while True:
            if not self._running and not self._outcomes:
                async with self._db.platform() as session:
                    if not await jobs.due(session):
                        return
            if time.monotonic() > until:
                kinds = sorted({job.kind for job, _ in self._running.values()})
                raise TimeoutError(
                    f"Jobs were still due after {timeout} seconds; running: {', '.join(kinds) or 'none'}."
                )
            self.wake()
            await asyncio.sleep(0.02)

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._awake.wait(), self._poll)
        except TimeoutError:
            return

    async def _turn(self) -> None:
        """Record what ended and start what is ready."""
        await self._record()
        room = 0 if self._stopping else self._concurrency - len(self._running)
        if room <= 0:
            return
        async with self._db.platform() as session:
            claimed = await jobs.claim(session, self.name, room, self._lease)
        for job in claimed:
            self._running[job.id] = (job, asyncio.create_task(self._attempt(job)))

    async def _record(self) -> None:
        ended = self._outcomes[:]
        if not ended:
            return
        async with self._db.platform() as session:
            for outcome in ended:
                if outcome.paused:
                    await jobs.pause(session, outcome.job.organization_id, outcome.job.method, outcome.after or 0)
            await jobs.finish(session, [outcome.job for outcome in ended if outcome.error is None], paces=self._paces)
            for outcome in ended:
                if outcome.error is not None and outcome.after is not None:
                    await jobs.retry(session, outcome.job, outcome.error, outcome.after, paces=self._paces)
                elif outcome.error is not None:
                    notice = jobs.NOTICE in self._handlers
                    await jobs.bury(session, outcome.job, outcome.error, notice=notice, paces=self._paces)
        del self._outcomes[: len(ended)]

    async def _attempt(self, job: Claimed) -> None:
        self._outcomes.append(await self._try(job))
        del self._running[job.id]
        self.wake()

    async def _try(self, job: Claimed) -> Outcome:
        if job.lost >= LOST:
            return self._bury(job, f"Its worker died {job.lost} times while running it.")
        try:
            handler = self._handlers.get(job.kind)
            if handler is None:
                raise LookupError(f"No handler does jobs of the kind {job.kind}.")
            await handler(job)
        except Permanent as error:
            return self._bury(job, inbox.describe(error))
        except Temporary as error:
            return self._again(job, error, TEMPORARY_ATTEMPTS, error.retry_after)
        except Exception as error:
            return self._again(job, error, ATTEMPTS, None)
        return Outcome(job)

    def _again(self, job: Claimed, error: Exception, most: int, told: float | None) -> Outcome:
        sentence = inbox.describe(error)
        if job.attempts >= most:
            return self._bury(job, f"{sentence} (attempt {job.attempts})", error)
        after = jobs.backoff(job.attempts) if told is None else told
        log.warning(
            "job failed", kind=job.kind, id=job.id, attempt=job.attempts, again_in=round(after, 1), error=sentence
        )
        return Outcome(job, sentence, after, paused=told is not None)

    def _bury(self, job: Claimed, sentence: str, error: Exception | None = None) -> Outcome:
        log.error("job buried", kind=job.kind, id=job.id, attempt=job.attempts, error=sentence, exc_info=error)
        return Outcome(job, sentence)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            lanes = [job.lane for job, _ in self._running.values()] + [outcome.job.lane for outcome in self._outcomes]
            try:
                async with self._db.platform() as session:
                    await jobs.heartbeat(session, self.name, lanes, self._lease)
            except Exception as error:
                log.error("the runner cannot renew its leases", error=inbox.describe(error))
