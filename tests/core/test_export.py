"""Asking for a copy and fetching it: who may, once, for how long, and what is recorded of it."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core import clock, events, export, links
from core.access import Can
from core.db import Session
from core.errors import Conflict, NotAllowed, NotFound
from core.events import Event, Kind
from core.export import Export
from core.jobs import Job
from core.people import NONE, Actor, User
from tests.builders import House


async def lying(session: Session, house: House, actor: Actor | None = None) -> Export:
    """A copy that is ready."""
    asked = await export.ask(session, actor or house.ada, house.engagement.id)
    assert await export.making(session, asked.id)
    return await export.ready(session, asked.id, messages=3, size=1_000, sha256=bytes(32))


async def test_a_copy_is_asked_for_made_and_recorded(session: Session, ada_house: House) -> None:
    asked = await export.ask(session, ada_house.ada, ada_house.engagement.id)
    assert (asked.state, asked.audience) == ("asked", "staff")
    jobs = await session.execute(select(func.count(Job.id)).where(Job.kind == "export.make"))
    assert jobs.scalar_one() == 1
    begun = await export.making(session, asked.id)
    assert begun is not None and begun[1].user_id == ada_house.ada.user_id
    await export.mark(session, asked.id, 2)
    ready = await export.ready(session, asked.id, messages=3, size=1_000, sha256=bytes(32))
    assert (ready.state, ready.done, ready.size) == ("ready", 3, 1_000)
    assert ready.expires_at is not None and ready.expires_at - clock.now() > timedelta(days=6)
    assert await export.making(session, asked.id) is None
    kinds = [event.kind for event in await events.history(session, ada_house.engagement.id)]
    assert kinds[:2] == [Kind.EXPORT_READY, Kind.EXPORT_ASKED]


async def test_asked_twice_it_is_made_once(session: Session, ada_house: House) -> None:
    first = await export.ask(session, ada_house.ada, ada_house.engagement.id)
    assert (await export.ask(session, ada_house.ada, ada_house.engagement.id)).id == first.id
    other = await export.ask(session, ada_house.ada, ada_house.engagement.id, for_client=True)
    assert other.id != first.id and other.audience == "client"
    assert (await export.ask(session, ada_house.ben, ada_house.engagement.id)).id != first.id


async def test_strangers_and_clients_and_members_without_the_right_get_none(session: Session, ada_house: House) -> None:
    engagement = ada_house.engagement.id
    for nobody in (ada_house.stranger, ada_house.gus):
        with pytest.raises(NotFound):
            await export.ask(session, nobody, engagement)
    with pytest.raises(NotAllowed, match="Ask them for one"):
        await export.ask(session, ada_house.clara, engagement)
    silent = Actor(**{**vars(ada_house.ben), "levels": {**ada_house.ben.levels, "messaging": NONE}})
    with pytest.raises(NotAllowed):
        await export.ask(session, silent, engagement)
    copy = await lying(session, ada_house)
    for nobody in (ada_house.stranger, ada_house.gus, ada_house.clara):
        with pytest.raises(NotFound):
            await export.hand(session, nobody, copy.id)
    with pytest.raises(NotAllowed):
        await export.hand(session, silent, copy.id)
    assert not (await session.execute(export_list(silent))).all()


def export_list(actor: Actor) -> object:
    from core import access

    return access.visible(actor, Can.ENGAGEMENT_EXPORT, Export)


async def test_a_link_is_personal_and_ends(session: Session, ada_house: House, moved_clock: Path) -> None:
    copy = await lying(session, ada_house)
    _, token = await export.hand(session, ada_house.ben, copy.id)
    link = await export.opened(session, token)
    found, actor = await export.collect(session, link, fetched=True)
    assert found.id == copy.id and actor.user_id == ada_house.ben.user_id
    latest = (await events.history(session, ada_house.engagement.id, limit=1))[0]
    assert latest.kind == Kind.EXPORT_FETCHED and latest.actor_id == ada_house.ben.user_id
    with pytest.raises(NotFound):
        await export.opened(session, token + "x")
    await links.revoke(session, ada_house.ben.user_id or copy.id)
    session.expire(link)
    with pytest.raises(Conflict):
        await export.opened(session, token)
    _, token = await export.hand(session, ada_house.ada, copy.id)
    clock.move(3_700)
    with pytest.raises(Conflict, match="expired"):
        await export.opened(session, token)


async def test_who_has_left_fetches_nothing(session: Session, ada_house: House) -> None:
    copy = await lying(session, ada_house)
    _, token = await export.hand(session, ada_house.ben, copy.id)
    user = (await session.execute(select(User).where(User.id == ada_house.ben.user_id))).scalar_one()
    user.left_at = clock.now()
    await session.flush()
    with pytest.raises(NotFound):
        await export.collect(session, await export.opened(session, token))


async def test_what_is_not_ready_or_gone_is_not_handed_out(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    asked = await export.ask(session, ada_house.ada, ada_house.engagement.id)
    with pytest.raises(Conflict, match="not ready"):
        await export.hand(session, ada_house.ada, asked.id)
    await export.making(session, asked.id)
    await export.failed(session, asked.id)
    await export.failed(session, asked.id)
    failures = select(func.count(Event.id)).where(Event.kind == Kind.EXPORT_FAILED)
    assert (await session.execute(failures)).scalar_one() == 1
    copy = await lying(session, ada_house)
    assert await export.expire(session) == []
    clock.move(8 * 86_400)
    assert [one.id for one in await export.expire(session)] == [copy.id]
    assert await export.expire(session) == []
    with pytest.raises(Conflict, match="no longer kept"):
        await export.hand(session, ada_house.ada, copy.id)


async def test_an_engagement_is_found_by_what_people_call_it(session: Session, ada_house: House) -> None:
    assert (await export.find(session, " #NORTHWIND ")).id == ada_house.engagement.id
    assert (await export.find(session, str(ada_house.engagement.id))).id == ada_house.engagement.id
    with pytest.raises(NotFound, match="Several"):
        await export.find(session, "o")
    with pytest.raises(NotFound, match="No engagement"):
        await export.find(session, "")
