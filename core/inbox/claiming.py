"""Which deliveries a worker takes next: those of some lanes of one workspace, the oldest first, and of each lane its share."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy import text

from core import clock
from core.db import Session
from core.inbox.deliveries import Delivery

TOGETHER = 400
"""From how many lanes at most deliveries are applied in one transaction: where each has one, as many as fill it."""

WINDOW = 2_000
"""How many of the oldest deliveries are looked at; what lanes wait behind them is asked only if those are of few lanes."""

LARGE = {"mail": 4}
"""Of what may be large only so many are applied together, for all of them are in memory at once."""

ASIDE = text(
    "WITH due AS MATERIALIZED (SELECT id, source, team, lane FROM deliveries"
    " WHERE state = 'aside' AND next_try_at <= :now ORDER BY next_try_at LIMIT 100)"
    " SELECT source, team, lane, id FROM due"
    " WHERE pg_try_advisory_xact_lock(hashtextextended(concat_ws('/', source, team, lane), 7263002)) LIMIT 1"
)
OLDEST = text(
    "SELECT source, team, lane, count(*) AS waiting FROM"
    " (SELECT id, source, team, lane FROM deliveries WHERE state = 'new' ORDER BY id LIMIT :window) oldest"
    " GROUP BY source, team, lane ORDER BY min(id)"
)
# From lane to lane by the index, so that one in which a million wait costs no more than one in which a single one does.
HIDDEN = text(
    "WITH RECURSIVE lanes AS ((SELECT source, team, lane, id FROM deliveries WHERE state = 'new'"
    " ORDER BY source, team, lane, id LIMIT 1) UNION ALL SELECT next.* FROM lanes CROSS JOIN LATERAL"
    " (SELECT d.source, d.team, d.lane, d.id FROM deliveries d WHERE d.state = 'new'"
    " AND (d.source, d.team, d.lane) > (lanes.source, lanes.team, lanes.lane)"
    " ORDER BY d.source, d.team, d.lane, d.id LIMIT 1) next)"
    " SELECT source, team, lane, 1 AS waiting FROM (SELECT * FROM lanes LIMIT :window) found ORDER BY id"
)
TAKE_LANES = text(
    "SELECT lane FROM unnest(CAST(:lanes AS text[])) lane WHERE pg_try_advisory_xact_lock(hashtextextended("
    "concat_ws('/', CAST(:source AS text), CAST(:team AS text), lane), 7263002))"
)
SHARES = (
    "SELECT chosen.id FROM (SELECT d.id, d.nth FROM unnest(CAST(:lanes AS text[])) AS ours(lane) CROSS JOIN LATERAL"
    " (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM deliveries WHERE state = 'new' AND source = :source"
    " AND team = :team AND lane = ours.lane ORDER BY id LIMIT :share) d ORDER BY d.nth, d.id LIMIT :limit) chosen"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """Lanes of one workspace that are ours until the transaction's end; with `id`, for the sake of one that was set aside."""

    source: str
    team: str
    lanes: Sequence[str]
    id: int | None
    limit: int
    share: int
    """How many are taken from one lane, at most."""


async def claim(session: Session, limit: int) -> Claim | None:
    """Take lanes in which deliveries wait, or one with a delivery whose next attempt is due; None if there are none.

    A lane is one worker's at a time, by a lock that ends with the transaction, so also with the worker. The lanes whose
    deliveries have waited longest come first; however many wait in one lane, the others have their share.
    """
    aside = (await session.execute(ASIDE, {"now": clock.now()})).one_or_none()
    if aside:
        return Claim(aside.source, aside.team, [aside.lane], aside.id, 1, 1)
    oldest = (await session.execute(OLDEST, {"window": WINDOW})).all()
    claimed = None
    hidden = sum(lane.waiting for lane in oldest) == WINDOW
    if not hidden or len(oldest) >= TOGETHER:
        claimed = await _lanes(session, oldest, limit)
    if claimed is None and hidden:
        known = {tuple(lane[:3]) for lane in oldest}
        behind = (await session.execute(HIDDEN, {"window": WINDOW})).all()
        claimed = await _lanes(session, [*oldest, *(lane for lane in behind if tuple(lane[:3]) not in known)], limit)
    return claimed


async def _lanes(session: Session, waiting: Sequence[sa.Row[tuple[str, str, str, int]]], limit: int) -> Claim | None:
    """Lock lanes of the workspace that comes first and has any that are free, as many as fill a transaction."""
    first = {(lane.source, lane.team): number for number, lane in reversed([*enumerate(waiting)])}
    ordered = sorted(waiting, key=lambda lane: first[lane.source, lane.team])
    for (source, team), group in groupby(ordered, lambda lane: (lane.source, lane.team)):
        limit = min(limit, LARGE.get(source, limit))
        wanted = Claim(source, team, [], None, limit, max(limit // 4, 1))
        flooded, others, ours, filled, most = list[str](), dict[str, int](), list[str](), 0, 0
        for lane in group:
            if lane.waiting < limit:
                others[lane.lane] = lane.waiting
            else:
                flooded.append(lane.lane)
        # One lane that would fill a transaction by itself, and no more of them, for other workers want some, too.
        while flooded and not ours:
            ours = await again(session, replace(wanted, lanes=[flooded.pop(0)]))
        room = limit // 2 if ours else limit
        while others and filled < room and len(ours) < TOGETHER:
            tried, full = dict[str, int](), filled
            while others and full < room and len(ours) + len(tried) < TOGETHER:
                name = next(iter(others))
                tried[name] = others.pop(name)
                full += tried[name]
            free = await again(session, replace(wanted, lanes=list(tried)))
            ours += free
            filled += sum(tried[name] for name in free)
            most = max([most, *(tried[name] for name in free)])
        if ours and filled < limit:  # so a lane may hold more than was seen, or is flooded
            most = limit if room < limit else max(limit // 4, -(-limit // len(ours)))
        if ours:
            return replace(wanted, lanes=ours, share=most)
    return None


async def again(session: Session, claimed: Claim) -> list[str]:
    """Those of these lanes that no other worker has, and that are ours from now on."""
    where = {"source": claimed.source, "team": claimed.team, "lanes": list(claimed.lanes)}
    return list((await session.execute(TAKE_LANES, where)).scalars())


async def taken(session: Session, claimed: Claim) -> list[Delivery]:
    """The deliveries that were claimed, in the order of their arrival: the first of each lane, then the second, as far as they fit."""
    which = sa.select(Delivery).order_by(Delivery.id)
    given: dict[str, object] = {}
    if claimed.id is not None:
        which = which.filter_by(id=claimed.id, state="aside")
    else:
        given = {"source": claimed.source, "team": claimed.team, "lanes": list(claimed.lanes)}
        given |= {"limit": claimed.limit, "share": claimed.share}
        which = which.where(text(f"deliveries.id IN ({SHARES})"))
    deliveries = list((await session.execute(which, given)).scalars())
    session.expunge_all()  # an applier's rollback must not expire them
    return deliveries
