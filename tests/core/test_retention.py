"""Retention: a record is deleted when its time is over, not a day sooner, for good, and it is written down."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core import clock, conversations, engagements, export, house, people, retention
from core.conversations import Attachment, Conversation, Message, Reaction, Revision, Said, files
from core.db import Database
from core.engagements import Engagement
from core.errors import Invalid, NotAllowed
from core.events import Event, Kind
from core.inbox import Delivery
from core.jobs import Job
from tests.builders import TEAM, House
from tests.builders import house as build

DAY = 86_400


async def closed(db: Database, here: House, *, days: int = 30) -> None:
    """Words with all that belongs to them, in both channels; then the engagement is closed."""
    client, staff = here.engagement.channel_id or "", here.engagement.staff_channel_id or ""
    at = clock.now().timestamp()
    async with db.transaction(here.id) as session:
        await house.set(session, here.ada, record_period=days)
        engagement = await session.get(Engagement, here.engagement.id)
        assert engagement is not None
        file = {"file_ref": "F1", "name": "plan.pdf", "mimetype": "", "size": 1, "url": ""}
        for number in range(7):
            place, channel = ("staff", staff) if number == 6 else ("client", client)
            ts = f"{at + number:.6f}"
            first = Said(channel=channel, ts=ts, author_ref="U0CLARA", text=f"Word {number}", files=[file])
            await conversations.say(session, engagement, place, first)  # type: ignore[arg-type]
            await conversations.react(session, channel, ts, "U0ADA", "eyes", present=True, changed_ts=ts)
        now = Said(channel=client, ts=f"{at:.6f}", author_ref="U0CLARA", text="Other", edited_ts=f"{at + 9:.6f}")
        await conversations.edit(session, engagement, "client", now, None)
        await engagements.close(session, here.ada, here.engagement.id)


async def counts(db: Database, here: House) -> dict[str, int]:
    async with db.transaction(here.id) as session:
        kinds = (Message, Revision, Reaction, Attachment)
        return {kind.__tablename__: (await session.execute(select(func.count(kind.id)))).scalar_one() for kind in kinds}


async def test_a_record_is_deleted_when_its_time_is_over(
    database: Database, ada_house: House, moved_clock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    await closed(database, ada_house)
    kept = await counts(database, ada_house)
    assert kept == {"conversation_messages": 7, "message_revisions": 1, "message_reactions": 7, "message_files": 7}
    clock.move(29 * DAY)
    assert await retention.carry_out(database, ada_house.id) == []
    assert await counts(database, ada_house) == kept
    clock.move(2 * DAY)
    done = await retention.carry_out(database, ada_house.id)
    assert [one.messages for one in done] == [7]
    assert set((await counts(database, ada_house)).values()) == {0}
    async with database.transaction(ada_house.id) as session:
        told = (await session.execute(select(Event).where(Event.kind == Kind.ENGAGEMENT_RECORD_FORGOTTEN))).scalar_one()
        assert told.facts == {"messages": 7}
        topics = set((await session.execute(select(Conversation.topic))).scalars())
        assert topics == {retention.GONE}
    assert await retention.carry_out(database, ada_house.id) == []


async def test_what_was_deleted_is_not_kept_again_but_new_words_are(
    database: Database, ada_house: House, moved_clock: Path
) -> None:
    await closed(database, ada_house)
    clock.move(31 * DAY)
    await retention.carry_out(database, ada_house.id)
    async with database.transaction(ada_house.id) as session:
        engagement = await session.get(Engagement, ada_house.engagement.id)
        assert engagement is not None and engagement.forgotten_at is not None
        old, new = engagement.forgotten_at - timedelta(days=20), engagement.forgotten_at + timedelta(seconds=1)
        assert conversations.forgotten(engagement, f"{old.timestamp():.6f}")
        assert not conversations.forgotten(engagement, f"{new.timestamp():.6f}")


async def test_an_engagement_taken_up_again_is_left_alone(
    database: Database, ada_house: House, moved_clock: Path
) -> None:
    await closed(database, ada_house)
    async with database.transaction(ada_house.id) as session:
        await engagements.resume(session, ada_house.ada, ada_house.engagement.id)
    clock.move(31 * DAY)
    assert await retention.carry_out(database, ada_house.id) == []
    assert (await counts(database, ada_house))["conversation_messages"] == 7


async def test_for_ever_is_for_ever_and_copies_go_with_the_record(
    database: Database, ada_house: House, moved_clock: Path
) -> None:
    await closed(database, ada_house, days=0)
    clock.move(4_000 * DAY)
    async with database.platform() as session:
        assert await retention.organizations(session) == []
    assert await retention.carry_out(database, ada_house.id) == []
    async with database.transaction(ada_house.id) as session:
        asked = await export.ask(session, ada_house.ada, ada_house.engagement.id)
        await house.set(session, ada_house.ada, record_period=90)
    async with database.platform() as session:
        assert await retention.organizations(session) == [ada_house.id]
    assert (await retention.carry_out(database, ada_house.id))[0].copies == [asked.file]


async def test_another_agencys_record_is_not_touched(database: Database, ada_house: House, moved_clock: Path) -> None:
    other = await build(database, "Studio Bo", "T0STUDIOBO")
    await closed(database, ada_house)
    await closed(database, other, days=0)
    shared = str(ada_house.engagement.channel_id)  # as Slack Connect does, by one id for all that share it
    async with database.platform() as session:
        for team in (TEAM, "T0STUDIOBO"):
            lane = f"slack:{team}:{shared}"
            told = {"source": "slack", "team": team, "external_id": "Ev1", "lane": lane, "kind": "message"}
            session.add(Delivery(**told, headers="{}", body=b"{}", received_at=clock.now(), state="applied"))
    clock.move(31 * DAY)
    await retention.carry_out(database, ada_house.id)
    assert (await counts(database, other))["conversation_messages"] == 7
    async with database.platform() as session:
        assert (await session.execute(select(Delivery.team))).scalars().all() == ["T0STUDIOBO"]


async def test_a_file_that_arrives_after_its_time_is_not_kept(
    database: Database, ada_house: House, moved_clock: Path
) -> None:
    await closed(database, ada_house)
    async with database.transaction(ada_house.id) as session:
        file_id = (await session.execute(select(Attachment.id).limit(1))).scalar_one()
        assert await files.fetched(session, file_id, "0" * 64)
    clock.move(31 * DAY)
    await retention.carry_out(database, ada_house.id)
    async with database.transaction(ada_house.id) as session:
        assert not await files.fetched(session, file_id, "1" * 64)
    async with database.platform() as session:
        queued = (await session.execute(select(Job.payload).where(Job.kind == "file.remove"))).scalars().all()
    assert queued == [{"keys": ["0" * 64]}], "a job removes them, should whoever asked fail over that"


async def test_the_time_is_chosen_by_owners_within_reason(database: Database, ada_house: House) -> None:
    async with database.transaction(ada_house.id) as session:
        agency = await people.organization(session, ada_house.id)
        assert agency.setting("record_period") == 0
        with pytest.raises(Invalid):
            await house.set(session, ada_house.ada, record_period=-1)
        with pytest.raises(NotAllowed):
            await house.set(session, ada_house.ben, record_period=30)
