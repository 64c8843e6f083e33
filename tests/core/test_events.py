"""The chain of events: every link holds the one before, and recording is what announces."""

import json

from sqlalchemy import select

from core import events, people
from core.db import Database, Session
from core.events import GENESIS, Event, Kind, link_hash
from core.jobs import Job
from tests.builders import House


async def test_each_event_is_chained_to_the_one_before(session: Session, ada_house: House) -> None:
    for name in ("name", "zone"):
        await events.record(session, ada_house.ada, Kind.ORGANIZATION_SET, "organization", ada_house.id, changed=[name])
    first, second = (await session.execute(select(Event).order_by(Event.seq))).scalars()
    assert (first.seq, first.prev_hash, second.seq, second.prev_hash) == (1, GENESIS, 2, first.hash)
    for event in (first, second):
        assert event.hash == link_hash(event.prev_hash, event.body)
        assert json.loads(event.body)["actor"] == {"side": "staff", "id": str(ada_house.ada.user_id)}
    assert second.facts == {"changed": ["zone"]}


async def test_an_engagement_has_a_chain_of_its_own(session: Session, ada_house: House) -> None:
    await events.record(session, ada_house.ada, Kind.ORGANIZATION_SET, "organization", ada_house.id)
    own = await events.record(
        session,
        ada_house.ada,
        Kind.ENGAGEMENT_PAUSED,
        "engagement",
        ada_house.engagement.id,
        engagement_id=ada_house.engagement.id,
    )
    assert (own.seq, own.engagement_id) == (1, ada_house.engagement.id)


async def test_recording_enqueues_one_announcement_in_the_same_transaction(
    database: Database, ada_house: House
) -> None:
    class Undo(Exception):
        pass

    try:
        async with database.transaction(ada_house.id) as session:
            await events.record(session, ada_house.ada, Kind.ORGANIZATION_SET, "organization", ada_house.id)
            raise Undo
    except Undo:
        pass
    async with database.platform() as session:
        assert (await session.execute(select(Job).where(Job.kind == "event.announce"))).first() is None
    async with database.transaction(ada_house.id) as session:
        event = await events.record(
            session, people.system(ada_house.id), Kind.ORGANIZATION_SET, "organization", ada_house.id
        )
    async with database.platform() as session:
        job = (await session.execute(select(Job).where(Job.kind == "event.announce"))).scalar_one()
    assert job.payload == {"event": str(event.id)}
