"""Deliveries: the raw record of what arrived, how it is read, and what doctor and retention do with it."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, defer, mapped_column

from core import clock, jobs
from core.db import Base, Session


class Delivery(Base):
    """One thing that was delivered: `new` until it is `applied`, or set `aside` with its error.

    `external_id` is the sender's (Slack's event_id, Stripe's event id), unique for source and team; what arrives again
    is not kept again. `lane` is what it concerns, such as a channel: one worker at a time applies it, in the order of
    arrival.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("source", "team", "external_id"),
        CheckConstraint("state IN ('new', 'applied', 'aside')", name="state"),
        Index("ix_deliveries_new", "id", postgresql_where=text("state = 'new'")),
        Index("ix_deliveries_new_lane", "source", "team", "lane", "id", postgresql_where=text("state = 'new'")),
        Index("ix_deliveries_aside", "next_try_at", postgresql_where=text("state = 'aside'")),
        Index("ix_deliveries_applied", "received_at", postgresql_where=text("state = 'applied'")),
        {"postgresql_with": jobs.CHURN},
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    source: Mapped[str]
    team: Mapped[str]
    external_id: Mapped[str]
    lane: Mapped[str]
    kind: Mapped[str]
    headers: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="new")
    attempts: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]
    next_try_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]

    def content(self) -> Any:
        """The body read as JSON, with U+FFFD for what Postgres' text cannot hold; ValueError if it is no JSON."""
        return read(self.body)


def read(body: bytes) -> Any:
    """Read JSON however odd: NUL characters, lone surrogates and bytes that are no UTF-8 become U+FFFD.

    ValueError for what is no JSON, or is nested too deeply.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            return clean(json.loads(body.decode("utf-8", "replace")))
        except RecursionError as error:
            raise ValueError("This JSON is nested too deeply.") from error
    return clean(value) if b"\\u0000" in body else value


def clean(value: Any) -> Any:
    """The same value with U+FFFD in the place of NUL characters and lone surrogates, in all its texts."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return value


class Incoming(NamedTuple):
    """A delivery on its way in. All its texts are plain (no NUL, no surrogates); the body may be any bytes."""

    source: str
    team: str
    external_id: str
    lane: str
    kind: str
    headers: str
    body: bytes
    received_at: datetime


async def due(session: Session) -> bool:
    """Whether a delivery waits to be applied now; those set aside count when their next attempt is due."""
    found = await session.execute(
        text(
            "SELECT EXISTS (SELECT FROM deliveries WHERE state = 'new')"
            " OR EXISTS (SELECT FROM deliveries WHERE state = 'aside' AND next_try_at <= :now)"
        ),
        {"now": clock.now()},
    )
    return bool(found.scalar_one())


async def body_of(session: Session, delivery_id: int) -> bytes | None:
    """The raw body of a delivery, while it is kept. Through the platform's door."""
    return (await session.execute(sa.select(Delivery.body).where(Delivery.id == delivery_id))).scalar_one_or_none()


async def set_aside(session: Session) -> list[Delivery]:
    """The deliveries that could not be applied yet, oldest first, without their bodies; no `next_try_at`: given up."""
    waiting = sa.select(Delivery).where(Delivery.state == "aside").order_by(Delivery.id)
    return list((await session.execute(waiting.options(defer(Delivery.body, raiseload=True)))).scalars())


LANE_OVER = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(concat_ws('/', source, team, lane), 7263002))"
    " FROM (SELECT DISTINCT source, team, lane FROM deliveries WHERE lane = :lane) known"
)


async def replay(
    session: Session, *, ids: Sequence[int] | None = None, team: str | None = None, lane: str | None = None
) -> int:
    """Apply again, from the raw bodies, what was kept: these ids, this team or this lane; all, if none is given.

    A lane is waited for while a worker has it, so that what is applied at this moment is applied again as well.
    """
    if lane is not None:
        await session.execute(LANE_OVER, {"lane": lane})
    again = sa.update(Delivery).where(Delivery.state != "new")
    if ids is not None:
        again = again.where(Delivery.id.in_(ids))
    if team is not None:
        again = again.where(Delivery.team == team)
    if lane is not None:
        again = again.where(Delivery.lane == lane)
    fresh = {"state": "new", "attempts": 0, "error": None, "next_try_at": None, "applied_at": None}
    return len((await session.execute(again.values(fresh).returning(Delivery.id))).all())


async def kept(session: Session, delivery_id: int) -> Delivery | None:
    """A delivery by its id, while it is kept."""
    return await session.get(Delivery, delivery_id)


async def forget(session: Session, before: datetime) -> int:
    """Delete what was received before this time and was applied, or given up, raw bodies and all; returns how many."""
    ended = sa.or_(Delivery.state == "applied", sa.and_(Delivery.state == "aside", Delivery.next_try_at.is_(None)))
    old = sa.delete(Delivery).where(ended, Delivery.received_at < before)
    return len((await session.execute(old.returning(Delivery.id))).all())
