"""Jobs on their way in: added in the writer's own transaction, one or many in one statement."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text

from core import clock
from core.db import Session

ENQUEUE = text(
    "INSERT INTO jobs (organization_id, kind, lane, method, payload, dedupe, created_at, run_at)"
    " SELECT organization_id, kind, lane, method, CAST(payload AS jsonb), dedupe, :now, run_at FROM unnest("
    "CAST(:organizations AS uuid[]), CAST(:kinds AS text[]), CAST(:lanes AS text[]), CAST(:methods AS text[]),"
    " CAST(:payloads AS text[]), CAST(:dedupes AS text[]), CAST(:times AS timestamptz[]))"
    " AS wanted(organization_id, kind, lane, method, payload, dedupe, run_at)"
    " ON CONFLICT (organization_id, kind, dedupe) WHERE dedupe IS NOT NULL AND attempts = 0 AND dead_at IS NULL"
    " DO UPDATE SET dedupe = excluded.dedupe"
)


async def enqueue(
    session: Session,
    kind: str,
    *,
    lane: str,
    payload: dict[str, Any] | None = None,
    organization_id: uuid.UUID | None = None,
    run_at: datetime | None = None,
    dedupe: str | None = None,
    method: str | None = None,
) -> None:
    """Add a job in the writer's own transaction; it runs at least once, after the commit, in the order of its lane.

    A job that is not due yet holds its lane, so delayed jobs take lanes of their own. A second job of the same
    organization, kind and `dedupe` is not added while the first has not started; the first then starts only after this
    transaction's commit, so that it sees what was written. `method` names what a rate limit would pause together with
    it, such as `chat.postMessage`; its kind, if not given.
    """
    await enqueue_all(session, [Wanted(kind, lane, payload or {}, organization_id, run_at, dedupe, method)])


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job as `enqueue` takes it."""

    kind: str
    lane: str
    payload: dict[str, Any]
    organization_id: uuid.UUID | None = None
    run_at: datetime | None = None
    dedupe: str | None = None
    method: str | None = None


async def enqueue_all(session: Session, wanted: Sequence[Wanted]) -> None:
    """Add several jobs at once, each as `enqueue` would."""
    # One statement cannot meet the same row twice, so of those that stand for each other only the first is added.
    once = {
        (one.organization_id, one.kind, one.dedupe or number): one for number, one in reversed([*enumerate(wanted)])
    }
    chosen, now = list(reversed(once.values())), clock.now()
    if not chosen:
        return
    columns = {
        "organizations": [one.organization_id for one in chosen],
        "kinds": [one.kind for one in chosen],
        "lanes": [one.lane for one in chosen],
        "methods": [one.method or one.kind for one in chosen],
        "payloads": [orjson.dumps(one.payload).decode() for one in chosen],
        "dedupes": [one.dedupe for one in chosen],
        "times": [one.run_at or now for one in chosen],
    }
    await session.execute(ENQUEUE, {"now": now, **columns})
    session.info["jobs"] = True
