"""Jobs: work that happens after the commit, in lanes that keep their order, paced, leased, at least once."""

import random
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Identity, Index, TextClause, text
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, Session
from core.wanted import Wanted as Wanted
from core.wanted import enqueue as enqueue
from core.wanted import enqueue_all as enqueue_all

Paces = Mapping[str, float]
PACES: Paces = {"slack:": 1.0, "history:": 1.3}
"""Seconds that a lane rests after each job, by the start of its key: Slack takes a message a second per channel, fifty reads a minute."""

NOTICE = "operator.notice"
"""The kind of job by which operators hear of a job that died. Nobody hears of a notice that died: doctor counts it."""

CHURN = {
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_vacuum_threshold": "1000",
    "autovacuum_vacuum_cost_delay": "0",
}


class Job(Base):
    """One piece of work. A finished job is deleted; a dead one stays, with its error, until someone revives it.

    `fresh` says that no claim has seen the job yet, so that its lane may still have to be made: writers touch no lane,
    and so never wait for each other. `lost` counts the workers that died while they ran it.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_lane", "lane", "id", postgresql_where=text("dead_at IS NULL")),
        Index("ix_jobs_fresh", "id", postgresql_where=text("fresh")),
        Index("ix_jobs_dead", "dead_at", postgresql_where=text("dead_at IS NOT NULL")),
        Index(
            "uq_jobs_dedupe",
            "organization_id",
            "kind",
            "dedupe",
            unique=True,
            postgresql_where=text("dedupe IS NOT NULL AND attempts = 0 AND dead_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        {"postgresql_with": CHURN},
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    organization_id: Mapped[uuid.UUID | None]
    kind: Mapped[str]
    lane: Mapped[str]
    method: Mapped[str]
    payload: Mapped[dict[str, Any]]
    dedupe: Mapped[str | None]
    created_at: Mapped[datetime]
    run_at: Mapped[datetime]
    fresh: Mapped[bool] = mapped_column(server_default=sa.true())
    attempts: Mapped[int] = mapped_column(server_default="0")
    lost: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]
    dead_at: Mapped[datetime | None]


class Lane(Base):
    """Where jobs stand in line. It exists while jobs wait in it or its pace still runs; `pause:…` lanes hold no jobs.

    `leased_until` is real time, the database's; `ready_at` is the clock's. Neither has an index, so that an update can
    stay on its page and leaves nothing behind for the next claim to step over.
    """

    __tablename__ = "lanes"
    __table_args__ = ({"postgresql_with": {**CHURN, "fillfactor": "50"}},)
    key: Mapped[str] = mapped_column(primary_key=True)
    ready_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    worker: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that a worker holds. `attempts` includes this one, and is the proof of holding it: each claim raises it."""

    id: int
    organization_id: uuid.UUID | None
    kind: str
    lane: str
    method: str
    payload: dict[str, Any]
    attempts: int
    lost: int

    @property
    def tenant(self) -> uuid.UUID:
        """The organization that the job belongs to; LookupError for the platform's own jobs."""
        if self.organization_id is None:
            raise LookupError(f"The job {self.kind} belongs to no organization, and needs one.")
        return self.organization_id


CLAIMING = text("SELECT pg_advisory_xact_lock(7263001)")
ADMIT = text(
    "WITH seen AS MATERIALIZED"
    " (SELECT id, lane, run_at FROM jobs WHERE fresh ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED),"
    " marked AS (UPDATE jobs SET fresh = false FROM seen WHERE jobs.id = seen.id)"
    " INSERT INTO lanes (key, ready_at) SELECT DISTINCT ON (lane) lane, run_at FROM seen ORDER BY lane, id"
    " ON CONFLICT (key) DO NOTHING"
)
CLAIM = text(
    "WITH due AS MATERIALIZED (SELECT l.key, l.leased_until, j.id FROM lanes l"
    " CROSS JOIN LATERAL (SELECT id FROM jobs WHERE lane = l.key AND dead_at IS NULL ORDER BY id LIMIT 1) head"
    " JOIN jobs j ON j.id = head.id"
    " WHERE l.ready_at <= :now AND (l.leased_until IS NULL OR l.leased_until < now()) AND j.run_at <= :now"
    " AND NOT EXISTS (SELECT FROM lanes p WHERE p.ready_at > :now"
    " AND p.key = 'pause:' || coalesce(j.organization_id::text, '') || ':' || j.method)"
    " ORDER BY l.ready_at, j.id LIMIT :limit FOR UPDATE OF l, j SKIP LOCKED),"
    " leased AS (UPDATE lanes SET leased_until = now() + make_interval(secs => :lease), worker = :worker"
    " FROM due WHERE lanes.key = due.key)"
    " UPDATE jobs j SET attempts = j.attempts + 1, fresh = false, lost = j.lost + (due.leased_until IS NOT NULL)::int"
    " FROM due WHERE j.id = due.id"
    " RETURNING j.id, j.organization_id, j.kind, j.lane, j.method, j.payload, j.attempts, j.lost"
).columns(Job.id, Job.organization_id, Job.kind, Job.lane, Job.method, Job.payload, Job.attempts, Job.lost)
SWEEP = text(
    "DELETE FROM lanes WHERE key IN (SELECT key FROM lanes l WHERE ready_at <= :now"
    " AND (leased_until IS NULL OR leased_until < now())"
    " AND NOT EXISTS (SELECT FROM jobs WHERE lane = l.key AND dead_at IS NULL) FOR UPDATE SKIP LOCKED)"
)


async def claim(session: Session, worker: str, limit: int, lease: float) -> list[Claimed]:
    """Take the first job of up to `limit` lanes that are ready, for `lease` seconds of real time, oldest lanes first.

    The attempt is counted here, so that a job that kills its worker is known by it. Claims run one after another (an
    advisory lock), and only they make and sweep lanes: a lane cannot vanish under a job that was just added to it.
    """
    now = clock.now()
    await session.execute(CLAIMING)
    await session.execute(ADMIT)
    rows = (await session.execute(CLAIM, {"now": now, "limit": limit, "lease": float(lease), "worker": worker})).all()
    if len(rows) < limit:
        await session.execute(SWEEP, {"now": now})
    return sorted((Claimed(*row) for row in rows), key=lambda job: job.id)


MINE = (
    "unnest(CAST(:ids AS bigint[]), CAST(:attempts AS integer[])) AS mine (id, attempts)"
    " WHERE jobs.id = mine.id AND jobs.attempts = mine.attempts AND jobs.dead_at IS NULL RETURNING jobs.lane"
)
FINISH = text("DELETE FROM jobs USING " + MINE)  # noqa: S608  (constants only, here and below)
RETRY = text("UPDATE jobs SET run_at = :run_at, error = :error FROM " + MINE)  # noqa: S608
BURY = text("UPDATE jobs SET dead_at = :now, error = :error FROM " + MINE)  # noqa: S608
FREE = text(
    "UPDATE lanes SET leased_until = NULL, worker = NULL, ready_at = greatest("
    " CAST(:now AS timestamptz) + make_interval(secs => held.pace),"
    " (SELECT run_at FROM jobs WHERE lane = lanes.key AND dead_at IS NULL ORDER BY id LIMIT 1))"
    " FROM (SELECT l.key, want.pace FROM lanes l"
    " JOIN unnest(CAST(:lanes AS text[]), CAST(:paces AS double precision[])) AS want (key, pace) ON want.key = l.key"
    " ORDER BY l.key FOR UPDATE OF l) held WHERE lanes.key = held.key"
)


def pace_of(lane: str, paces: Paces = PACES) -> float:
    """The seconds that this lane rests after a job; 0 for a lane without a pace."""
    return next((seconds for prefix, seconds in paces.items() if lane.startswith(prefix)), 0.0)


async def _end(session: Session, how: TextClause, jobs: Sequence[Claimed], paces: Paces, **values: object) -> list[str]:
    """End these attempts and free their lanes; returns the lanes that were still ours."""
    ours = {"ids": [job.id for job in jobs], "attempts": [job.attempts for job in jobs], **values}
    lanes = list((await session.execute(how, ours)).scalars())
    freed = {"now": clock.now(), "lanes": lanes, "paces": [pace_of(lane, paces) for lane in lanes]}
    await session.execute(FREE, freed)
    return lanes


async def finish(session: Session, jobs: Sequence[Claimed], *, paces: Paces = PACES) -> None:
    """These are done: delete them and free their lanes, each for the time after its pace.

    A job that another worker has claimed since (our lease had run out) is left alone, here and in `retry` and `bury`.
    """
    await _end(session, FINISH, jobs, paces)


def backoff(attempts: int) -> float:
    """Seconds to wait after the nth failed attempt: 1, 2, 4 … at most 5 minutes, a fifth more or less."""
    return min(300.0, 2.0 ** min(attempts - 1, 9)) * random.uniform(0.8, 1.2)  # noqa: S311


async def retry(session: Session, job: Claimed, error: str, after: float, *, paces: Paces = PACES) -> None:
    """Try this again in `after` seconds; until then its lane waits behind it, for order matters more than speed."""
    await _end(session, RETRY, [job], paces, run_at=clock.now() + timedelta(seconds=after), error=error)


async def bury(session: Session, job: Claimed, error: str, *, notice: bool = False, paces: Paces = PACES) -> None:
    """This can never succeed: keep it, dead, with its error; free its lane; with `notice`, tell the operators."""
    buried = await _end(session, BURY, [job], paces, now=clock.now(), error=error)
    if buried and notice and job.kind != NOTICE:
        payload = {"job": job.id, "kind": job.kind, "error": error}
        await enqueue(session, NOTICE, lane="operators", payload=payload, organization_id=job.organization_id)


async def heartbeat(session: Session, worker: str, lanes: Sequence[str], lease: float) -> None:
    """Extend the leases of those of the lanes that this worker still holds."""
    await session.execute(
        text(
            "UPDATE lanes SET leased_until = now() + make_interval(secs => :lease) FROM (SELECT key FROM lanes"
            " WHERE key = ANY(CAST(:lanes AS text[])) AND worker = :worker ORDER BY key FOR UPDATE) held"
            " WHERE lanes.key = held.key"
        ),
        {"lease": float(lease), "lanes": list(lanes), "worker": worker},
    )


async def pause(session: Session, organization_id: uuid.UUID | None, method: str, seconds: float) -> None:
    """Claim no job of this organization and method for so long, in any lane: Slack limits each method per workspace.

    A pause is a lane without jobs, swept when it is over. The lanes that it concerns now are put off, so that claims
    need not look at them again and again; a lane that it concerns later is passed over by the claim itself.
    """
    until = clock.now() + timedelta(seconds=seconds)
    await session.execute(CLAIMING)
    await session.execute(
        text(
            "INSERT INTO lanes (key, ready_at) VALUES (:key, :until)"
            " ON CONFLICT (key) DO UPDATE SET ready_at = greatest(lanes.ready_at, excluded.ready_at)"
        ),
        {"key": f"pause:{organization_id or ''}:{method}", "until": until},
    )
    await session.execute(
        text(
            "UPDATE lanes SET ready_at = :until WHERE key IN (SELECT l.key FROM lanes l"
            " CROSS JOIN LATERAL (SELECT organization_id, method FROM jobs"
            " WHERE lane = l.key AND dead_at IS NULL ORDER BY id LIMIT 1) head"
            " WHERE l.leased_until IS NULL AND l.ready_at < :until"
            " AND head.organization_id IS NOT DISTINCT FROM :organization_id AND head.method = :method"
            " FOR UPDATE OF l SKIP LOCKED)"
        ).bindparams(sa.bindparam("organization_id", type_=sa.Uuid())),
        {"until": until, "organization_id": organization_id, "method": method},
    )


async def due(session: Session) -> bool:
    """Whether any lane's first job is due or running; a lane that waits for a retry does not count."""
    found = await session.execute(
        text(
            "SELECT EXISTS (SELECT FROM"
            " (SELECT DISTINCT ON (lane) run_at FROM jobs WHERE dead_at IS NULL ORDER BY lane, id) head"
            " WHERE run_at <= :now)"
        ),
        {"now": clock.now()},
    )
    return bool(found.scalar_one())


async def dead(session: Session) -> list[Job]:
    """The jobs that died and wait for an operator, latest first."""
    died = sa.select(Job).where(Job.dead_at.is_not(None)).order_by(Job.dead_at.desc(), Job.id.desc())
    return list((await session.execute(died)).scalars())


MOVE = text(
    "UPDATE jobs SET payload = jsonb_set(payload, '{place}', to_jsonb(CAST(:after AS text)), false),"
    " fresh = dead_at IS NULL, lane = CASE"
    " WHEN id = (SELECT id FROM jobs WHERE lane = :lane AND dead_at IS NULL ORDER BY id LIMIT 1)"
    " AND EXISTS (SELECT FROM lanes WHERE key = :lane AND leased_until > now()) THEN lane ELSE :to END"
    " WHERE organization_id = :tenant AND lane = :lane"
)


async def move(session: Session, organization_id: uuid.UUID, before: str, after: str) -> None:
    """Have what waits for a channel go to the id that it has from now on, what died there included.

    What a worker is at now stays in its lane; if it fails, its next attempt goes to the new place.
    """
    await session.execute(CLAIMING)  # so that nothing is claimed while it moves
    await session.execute(
        MOVE, {"tenant": organization_id, "lane": f"slack:{before}", "to": f"slack:{after}", "after": after}
    )
    session.info["jobs"] = True


async def revive_told(session: Session, organization_id: uuid.UUID, reasons: Collection[str]) -> int:
    """Give a new life to all dead jobs of an organization whose error names one of these reasons; how many there were."""
    died = sa.select(Job.id).where(
        Job.organization_id == organization_id,
        Job.dead_at.is_not(None),
        Job.kind != NOTICE,  # what it tells of is mended by this
        sa.or_(*(Job.error.contains(reason, autoescape=True) for reason in reasons)),
    )
    ids = list((await session.execute(died.order_by(Job.id))).scalars())
    return sum([await revive(session, job_id) for job_id in ids])


async def revive(session: Session, job_id: int) -> bool:
    """Give a dead job a new life, at its old place in its lane; False if there is no such dead job."""
    revived = await session.execute(
        text(
            "UPDATE jobs SET dead_at = NULL, dedupe = NULL, error = NULL, attempts = 0, lost = 0, fresh = true,"
            " run_at = :now WHERE id = :id AND dead_at IS NOT NULL RETURNING id"
        ),
        {"id": job_id, "now": clock.now()},
    )
    session.info["jobs"] = True
    return revived.scalar_one_or_none() is not None
