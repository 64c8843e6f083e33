"""The one door to a row: strangers find nothing, members without the right are told so."""

import uuid

import pytest

from core import access
from core.access import Can
from core.db import Database, Session
from core.engagements import Engagement
from core.errors import NotAllowed, NotFound
from core.people import Organization
from tests.builders import House, house


async def test_the_right_people_come_through_the_door(session: Session, ada_house: House) -> None:
    for actor in (ada_house.ada, ada_house.ben, ada_house.clara):
        found = await access.fetch(session, actor, Can.ENGAGEMENT_SEE, Engagement, ada_house.engagement.id, lock=True)
        assert found.title == "Northwind"


async def test_a_stranger_and_another_client_find_nothing(session: Session, ada_house: House) -> None:
    for actor in (ada_house.stranger, ada_house.gus):
        with pytest.raises(NotFound):
            await access.fetch(session, actor, Can.ENGAGEMENT_SEE, Engagement, ada_house.engagement.id)
        assert ada_house.engagement.id not in {
            row.id for row in (await session.execute(access.visible(actor, Can.ENGAGEMENT_SEE, Engagement))).scalars()
        }


async def test_a_client_who_may_see_may_not_manage(session: Session, ada_house: House) -> None:
    with pytest.raises(NotAllowed):
        await access.fetch(session, ada_house.clara, Can.ENGAGEMENT_MANAGE, Engagement, ada_house.engagement.id)


async def test_what_is_no_id_is_not_found(session: Session, ada_house: House) -> None:
    for wrong in ("", "42", str(uuid.uuid4())):
        with pytest.raises(NotFound):
            await access.fetch(session, ada_house.ada, Can.ENGAGEMENT_SEE, Engagement, wrong)


async def test_settings_are_for_owners(session: Session, ada_house: House) -> None:
    assert isinstance(await access.house(session, ada_house.ada, Can.SETTINGS_CHANGE), Organization)
    with pytest.raises(NotAllowed):
        await access.house(session, ada_house.ben, Can.SETTINGS_CHANGE)


async def test_another_agency_finds_nothing(database: Database, ada_house: House) -> None:
    rival = await house(database, "Rival", "T0RIVAL")
    async with database.transaction(rival.id) as session:
        with pytest.raises(NotFound):
            await access.fetch(session, rival.ada, Can.ENGAGEMENT_SEE, Engagement, ada_house.engagement.id)


def test_every_permission_is_granted_to_someone() -> None:
    assert set(access.GRANTS) == set(Can)
    assert all(grant.area or grant.clients for grant in access.GRANTS.values())
