"""The worker's order of work: lane by lane, many deliveries in a transaction, the failing ones set aside."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy import text

from core import clock, jobs
from core.db import Database, Refused, Session
from core.inbox.deliveries import Delivery, clean

ATTEMPTS = 6
"""How often a delivery is tried before it stays aside, for a person to look at."""

Applier = Callable[[Session, Delivery], Awaitable[None]]
"""Applies one delivery in the given transaction; correct in any order and any number of times."""


@dataclass(frozen=True)
class Together:
    """An applier that takes several deliveries in one pass; if one of them fails, each is given to it alone."""

    many: Callable[[Session, Sequence[Delivery]], Awaitable[None]]

    async def __call__(self, session: Session, delivery: Delivery) -> None:
        """Apply one delivery."""
        await self.many(session, [delivery])


Appliers = Mapping[tuple[str, str], Applier]
"""Which applier takes (source, kind); (source, "*") takes what no other does."""

TenantOf = Callable[[Session, str, str], Awaitable[uuid.UUID | None]]
"""Finds the organization of (source, team) in a platform transaction."""

OPEN_LANES = text(
    "WITH lanes AS MATERIALIZED (SELECT source, team, lane, count(*) AS waiting FROM"
    " (SELECT id, source, team, lane FROM deliveries WHERE state = 'new' ORDER BY id LIMIT :window) oldest"
    " GROUP BY source, team, lane ORDER BY min(id))"
    " SELECT source, team, lane, waiting FROM lanes"
    " WHERE pg_try_advisory_xact_lock(hashtextextended(concat_ws('/', source, team, lane), 7263002)) LIMIT :lanes"
)
OPEN_ASIDE = text(
    "WITH due AS MATERIALIZED (SELECT id, source, team, lane FROM deliveries"
    " WHERE state = 'aside' AND next_try_at <= :now ORDER BY next_try_at LIMIT 100)"
    " SELECT source, team, lane, id FROM due"
    " WHERE pg_try_advisory_xact_lock(hashtextextended(concat_ws('/', source, team, lane), 7263002)) LIMIT 1"
)
TAKE_LANES = text(
    "SELECT lane FROM unnest(CAST(:lanes AS text[])) lane WHERE pg_try_advisory_xact_lock(hashtextextended("
    "concat_ws('/', CAST(:source AS text), CAST(:team AS text), lane), 7263002))"
)
LARGE = {"mail": 4}
"""Of what may be large only so many are applied together, for all of them are in memory at once."""

TOGETHER = 50
"""From how many lanes of one workspace deliveries are applied in one transaction."""


async def apply_some(db: Database, appliers: Appliers, tenant_of: TenantOf, *, limit: int = 400) -> int:
    """Apply up to `limit` deliveries of some lanes of one workspace in one transaction, or one set aside; returns how many were tried.

    Each stands under a savepoint, or several do that are applied together: one that fails is set aside with its error and tried
    again later, alone, while its lane goes on. A lane is one worker's at a time, by a lock that ends with the transaction, so also
    with the worker.
    """
    turn = await _next(db, tenant_of, limit)
    if turn is None:
        return 0
    try:
        return await _apply(db, appliers, turn)
    except Exception as error:
        if turn.limit == 1:
            return await _put_aside(db, turn, error)
    # What fails outside a savepoint, as at the commit, names no culprit: each is tried in a transaction of its own.
    tried, alone = 0, replace(turn, limit=1)
    while tried < limit:
        try:
            found = await _apply(db, appliers, alone)
        except Exception as error:
            found = await _put_aside(db, alone, error)
        if not found:
            break
        tried += found
    return tried


@dataclass(frozen=True, slots=True)
class Turn:
    """What to apply next: the new deliveries of some lanes, or, with `id`, one that was set aside."""

    tenant: uuid.UUID | None
    source: str
    team: str
    lanes: Sequence[str]
    id: int | None
    limit: int


async def _next(db: Database, tenant_of: TenantOf, limit: int) -> Turn | None:
    async with db.platform() as session:
        aside = (await session.execute(OPEN_ASIDE, {"now": clock.now()})).one_or_none()
        if aside:
            tenant = await tenant_of(session, aside.source, aside.team)
            return Turn(tenant, aside.source, aside.team, [aside.lane], aside.id, 1)
        # The oldest thousand may all stand in lanes that others are applying.
        for window in (1_000, 1_000_000):
            new = (await session.execute(OPEN_LANES, {"window": window, "lanes": 1})).all()
            if new and new[0].waiting < limit:
                new = (await session.execute(OPEN_LANES, {"window": window, "lanes": TOGETHER})).all()
            if new:
                source, team = new[0].source, new[0].team
                lanes: list[str] = []
                waiting = 0
                for one in new:  # no more lanes than fill a transaction: the others are for other workers
                    if (one.source, one.team) == (source, team) and waiting < limit:
                        lanes.append(one.lane)
                        waiting += one.waiting
                most = min(limit, LARGE.get(source, limit))
                return Turn(await tenant_of(session, source, team), source, team, lanes, None, most)
    return None


async def _apply(db: Database, appliers: Appliers, turn: Turn) -> int:
    async with db.transaction(turn.tenant) if turn.tenant else db.platform() as session:
        deliveries = await _take(session, turn)
        failed: list[tuple[Delivery, str]] = []
        for applier, run in groupby(deliveries, lambda delivery: _applier(appliers, delivery)):
            failed += await _run(session, turn, applier, list(run))
        unapplied = {delivery.id for delivery, _ in failed}
        await _record(session, [delivery.id for delivery in deliveries if delivery.id not in unapplied], failed)
        return len(deliveries)


async def _run(
    session: Session, turn: Turn, applier: Applier | None, deliveries: Sequence[Delivery]
) -> list[tuple[Delivery, str]]:
    """Apply what one applier takes, all in one pass if it can; returns what failed, with the errors."""
    if turn.tenant is not None and isinstance(applier, Together) and len(deliveries) > 1:
        with suppress(Exception):  # which of them failed, and why, comes out below
            async with session.begin_nested():
                await applier.many(session, deliveries)
            return []
    failed = []
    for delivery in deliveries:
        try:
            if turn.tenant is None:
                raise LookupError(f"No organization is known for {turn.source} {turn.team}.")
            if applier is None:
                raise LookupError(f"Nothing applies {delivery.kind} from {delivery.source}.")
            async with session.begin_nested():
                await applier(session, delivery)
        except Exception as error:
            failed.append((delivery, describe(error)))
    return failed


async def _put_aside(db: Database, turn: Turn, error: Exception) -> int:
    async with db.platform() as session:
        deliveries = await _take(session, turn)
        await _record(session, [], [(delivery, describe(error)) for delivery in deliveries])
        return len(deliveries)


async def _take(session: Session, turn: Turn) -> list[Delivery]:
    """The deliveries, once their lanes are ours until the transaction's end; none if other workers have them."""
    where = {"source": turn.source, "team": turn.team}
    lanes = (await session.execute(TAKE_LANES, {**where, "lanes": list(turn.lanes)})).scalars().all()
    if not lanes:
        return []
    which = sa.select(Delivery).filter_by(**where).where(Delivery.lane.in_(lanes)).order_by(Delivery.id)
    which = which.where(Delivery.state == "new") if turn.id is None else which.filter_by(id=turn.id, state="aside")
    deliveries = list((await session.execute(which.limit(turn.limit))).scalars())
    session.expunge_all()  # an applier's rollback must not expire them
    return deliveries


def _applier(appliers: Appliers, delivery: Delivery) -> Applier | None:
    return appliers.get((delivery.source, delivery.kind)) or appliers.get((delivery.source, "*"))


def describe(error: Exception) -> str:
    """The error in a line or a few, for the record; of the database's only what it objects to, never the values."""
    said: object = error
    if isinstance(error, Refused):
        state = str(getattr(error.orig, "sqlstate", None) or "")
        # Where a value itself is refused (22…, or by the driver, which has no state), the first line quotes it.
        said = state if state[:2] in ("", "22") else f"{state} {str(error.orig).partition(chr(10))[0]}"
    return str(clean(f"{type(error).__name__}: {said}"[:2_000]))


async def _record(session: Session, applied: Sequence[int], failed: Sequence[tuple[Delivery, str]]) -> None:
    now = clock.now()
    done = {
        "state": "applied",
        "attempts": Delivery.attempts + 1,
        "applied_at": now,
        "error": None,
        "next_try_at": None,
    }
    await session.execute(sa.update(Delivery).where(Delivery.id.in_(applied)).values(done))
    for delivery, error in failed:
        attempts = delivery.attempts + 1
        later = now + timedelta(seconds=jobs.backoff(attempts)) if attempts < ATTEMPTS else None
        aside = {"state": "aside", "attempts": attempts, "error": error, "next_try_at": later}
        await session.execute(sa.update(Delivery).where(Delivery.id == delivery.id).values(aside))
