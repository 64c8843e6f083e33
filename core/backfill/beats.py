"""The beat by which an outage is noticed: while nobody answers Slack's events, nobody beats."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.backfill.tables import Beat
from core.db import Session

OUTAGE = timedelta(minutes=5)
"""Slack sends an event again for about so long, so that a shorter outage loses nothing.

https://docs.slack.dev/apis/events-api/#retries
"""


async def beat(session: Session, name: str, *, first: bool) -> datetime | None:
    """Note that this is up. At the `first` beat of a process: since when it was down, if that is longer ago than Slack's patience.

    Only then: a clock that is moved while the process lives, as in the demo, is no outage.
    """
    tenant: uuid.UUID = session.info["tenant"]
    query = select(Beat.at).where(Beat.name == name).with_for_update()
    before = (await session.execute(query)).scalar_one_or_none()
    now = clock.now()
    statement = insert(Beat).values(id=uuid.uuid4(), organization_id=tenant, created_at=now, name=name, at=now)
    await session.execute(statement.on_conflict_do_update(index_elements=["organization_id", "name"], set_={"at": now}))
    return before if first and before is not None and now - before > OUTAGE else None
