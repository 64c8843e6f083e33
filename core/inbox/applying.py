"""The worker's order of work: many deliveries of many lanes in a transaction, the failing ones set aside."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import text

from core import clock, jobs
from core.db import Database, Refused, Session, enter
from core.inbox.claiming import Claim, again, claim, taken
from core.inbox.deliveries import Delivery, clean

ATTEMPTS = 6
"""How often a delivery is tried before it stays aside, for a person to look at."""

LIMIT = 400
"""How many deliveries are applied in one transaction, if so many wait."""

Applier = Callable[[Session, Delivery], Awaitable[None]]
"""Applies one delivery in the given transaction; correct in any order and any number of times."""


@dataclass(frozen=True)
class Together:
    """An applier that takes several deliveries in one pass; if one of them fails, they are given to it in smaller parts."""

    many: Callable[[Session, Sequence[Delivery]], Awaitable[None]]

    async def __call__(self, session: Session, delivery: Delivery) -> None:
        """Apply one delivery."""
        await self.many(session, [delivery])


Appliers = Mapping[tuple[str, str], Applier]
"""Which applier takes (source, kind); (source, "*") takes what no other does."""

TenantOf = Callable[[Session, str, str], Awaitable[uuid.UUID | None]]
"""Finds the organization of (source, team) in a platform transaction."""

STANDING = text("SELECT 1")
"""Fails where the transaction itself is lost: then no delivery is to blame for what comes after."""

# What is applied is written once for all with the next commit that waits for the disk, a fifth of a second later at most. Should
# Postgres die before, its deliveries are new again; and whoever acts on what was applied commits after it, and so with it.
UNHURRIED = text("SELECT set_config('synchronous_commit', 'off', true)")


async def apply_some(db: Database, appliers: Appliers, tenant_of: TenantOf, *, limit: int = LIMIT) -> int:
    """Apply up to `limit` deliveries of some lanes of one workspace in one transaction, or one set aside; returns how many were tried.

    Each stands under a savepoint, or several do that are applied together: one that fails is set aside with its error and tried
    again later, alone, while its lane goes on.
    """
    claimed: list[Claim] = []
    try:
        return await _apply(db, appliers, tenant_of, limit, claimed)
    except Exception as error:
        if not claimed:
            raise
        if claimed[0].limit == 1:
            return await _put_aside(db, claimed[0], error)
    return await _in_parts(db, appliers, tenant_of, claimed[0])


async def _in_parts(db: Database, appliers: Appliers, tenant_of: TenantOf, failed: Claim) -> int:
    """What fails outside a savepoint, as at the commit, names no culprit: apply less and less in a transaction, to find it."""
    part, tried = replace(failed, limit=max(1, failed.limit // 8)), 0
    while tried < failed.limit:
        try:
            found = await _apply(db, appliers, tenant_of, part.limit, [part])
        except Exception as error:
            if part.limit > 1:
                found = await _in_parts(db, appliers, tenant_of, part)
            else:
                found = await _put_aside(db, part, error)
        if not found:
            break
        tried += found
    return tried


async def _apply(db: Database, appliers: Appliers, tenant_of: TenantOf, limit: int, claimed: list[Claim]) -> int:
    """Apply what is claimed, else what is to be claimed next, which is added to the list before anything is done with it."""
    async with db.platform() as session:
        if claimed:
            mine = replace(claimed[0], lanes=await again(session, claimed[0]))
        else:
            found = await claim(session, limit)
            if found is None:
                return 0
            claimed.append(found)
            mine = found
        tenant = await tenant_of(session, mine.source, mine.team)
        if tenant is not None:
            await enter(session, tenant)
        await session.execute(UNHURRIED)
        deliveries = await taken(session, mine) if mine.lanes else []
        together: dict[Together, list[Delivery]] = {}
        alone: list[tuple[Applier | None, list[Delivery]]] = []
        for delivery in deliveries:
            applier = _applier(appliers, delivery)
            if isinstance(applier, Together):
                together.setdefault(applier, []).append(delivery)
            else:
                alone.append((applier, [delivery]))
        failed: list[tuple[Delivery, str]] = []
        # What is applied together comes first, in one go, so that all workers lock the same rows in the same order.
        for run_by, run in [*together.items(), *alone]:
            failed += await _run(session, tenant, run_by, run)
        unapplied = {delivery.id for delivery, _ in failed}
        await _record(session, [delivery.id for delivery in deliveries if delivery.id not in unapplied], failed)
        return len(deliveries)


async def _run(
    session: Session, tenant: uuid.UUID | None, applier: Applier | None, deliveries: Sequence[Delivery]
) -> list[tuple[Delivery, str]]:
    """Apply what one applier takes, in one pass if it can, else by halves; returns what failed, with the errors."""
    first = deliveries[0]
    try:
        if tenant is None:
            raise LookupError(f"No organization is known for {first.source} {first.team}.")
        if applier is None:
            raise LookupError(f"Nothing applies {first.kind} from {first.source}.")
        async with session.begin_nested():
            if isinstance(applier, Together):
                await applier.many(session, deliveries)
            else:
                await applier(session, first)
    except Exception as error:
        await session.execute(STANDING)
        if len(deliveries) == 1:
            return [(first, describe(error))]
        half = len(deliveries) // 2
        return [
            *await _run(session, tenant, applier, deliveries[:half]),
            *await _run(session, tenant, applier, deliveries[half:]),
        ]
    return []


async def _put_aside(db: Database, claimed: Claim, error: Exception) -> int:
    async with db.platform() as session:
        mine = replace(claimed, lanes=await again(session, claimed))
        deliveries = await taken(session, mine) if mine.lanes else []
        await _record(session, [], [(delivery, describe(error)) for delivery in deliveries])
        return len(deliveries)


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


APPLIED = text(
    "UPDATE deliveries SET state = 'applied', attempts = attempts + 1, applied_at = :now, error = NULL, next_try_at = NULL"
    " WHERE id = ANY(CAST(:ids AS bigint[]))"
)


async def _record(session: Session, applied: Sequence[int], failed: Sequence[tuple[Delivery, str]]) -> None:
    now = clock.now()
    if applied:
        await session.execute(APPLIED, {"ids": applied, "now": now})
    for delivery, error in failed:
        attempts = delivery.attempts + 1
        later = now + timedelta(seconds=jobs.backoff(attempts)) if attempts < ATTEMPTS else None
        aside = {"state": "aside", "attempts": attempts, "error": error, "next_try_at": later}
        await session.execute(sa.update(Delivery).where(Delivery.id == delivery.id).values(aside))
