"""The keeper: deliveries go into Postgres many in one commit, before anybody is answered."""

import asyncio
from collections.abc import Callable, Sequence

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db import Database
from core.inbox.deliveries import Incoming

KEEP = (
    "INSERT INTO deliveries (source, team, external_id, lane, kind, headers, body, received_at) SELECT * FROM unnest("
    "$1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::timestamptz[])"
    " ON CONFLICT (source, team, external_id) DO NOTHING"
)
BROKEN = (
    OSError,
    SQLAlchemyError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)


def is_broken(error: Exception) -> bool:
    """Whether the connection failed, not the delivery (whose faults asyncpg counts as interface errors, too)."""
    return isinstance(error, BROKEN) and not isinstance(error, ValueError)


class Keeper:
    """Keeps deliveries, many in one commit: `keep` returns once Postgres has the delivery for good.

    Deliveries of one turn of the event loop, and those that arrive while a commit is under way, go in together. A batch
    that fails is tried again row by row, and what cannot be kept raises for its own caller only. `on_kept` is called
    after each commit, to wake a worker in the same process.
    """

    def __init__(self, db: Database, *, most: int = 500) -> None:
        self.on_kept: list[Callable[[], None]] = []
        self._db = db
        self._most = most
        self._waiting: list[tuple[Incoming, asyncio.Future[None]]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._connection: AsyncConnection | None = None
        self._raw: asyncpg.Connection | None = None

    async def keep(self, incoming: Incoming) -> None:
        """Keep a delivery, unless it was kept before; an error means that it is not kept."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((incoming, kept))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        await kept

    async def close(self) -> None:
        """Keep what still waits, then give the connection back."""
        while self._flushing is not None:
            await asyncio.wait([self._flushing])
        await self._leave()

    async def _flush(self) -> None:
        try:
            while self._waiting:
                # Those who were just answered go first, so that what they send next joins this commit: a commit costs
                # as much as ten deliveries.
                await asyncio.sleep(0)
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._keep(batch)
        finally:
            self._flushing = None

    async def _keep(self, batch: Sequence[tuple[Incoming, asyncio.Future[None]]]) -> None:
        error = await self._written([incoming for incoming, _ in batch])
        if error and len(batch) > 1 and not is_broken(error):
            for one in batch:
                await self._keep([one])
            return
        for _, kept in batch:
            if not kept.done():
                if error:
                    kept.set_exception(error)
                else:
                    kept.set_result(None)
        if not error:
            for wake in self.on_kept:
                wake()

    async def _written(self, rows: Sequence[Incoming]) -> Exception | None:
        """Write the rows in one commit, over a new connection if the old one is gone; returns what went wrong."""
        columns = list(zip(*rows, strict=True))
        for attempt in (1, 2):
            try:
                await (await self._connected()).execute(KEEP, *columns)
                return None
            except Exception as error:
                if not is_broken(error):
                    return error
                await self._leave(broken=True)
                if attempt == 2:
                    return error
        return None

    async def _connected(self) -> asyncpg.Connection:
        """The bare connection. A pool may hold several that died together: those are thrown away."""
        while self._raw is None or self._raw.is_closed():
            await self._leave(broken=True)
            self._connection = await self._db.engine.connect()
            self._raw = (await self._connection.get_raw_connection()).driver_connection
        return self._raw

    async def _leave(self, *, broken: bool = False) -> None:
        connection, self._connection, self._raw = self._connection, None, None
        if connection is None:
            return
        if broken:
            await connection.invalidate()
        await connection.close()
