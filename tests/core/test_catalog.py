"""The catalog: what the agency offers, who may change it, and that what is retired is offered no more."""

import uuid

import pytest

from core import catalog
from core.catalog import Service
from core.db import Session
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.money import Money
from tests.builders import House

NINE_HUNDRED = Money(90_000, "USD")


async def test_a_service_is_offered_changed_and_retired(session: Session, ada_house: House) -> None:
    made = await catalog.new(session, ada_house.ben, name=" SEO  audit ", price=NINE_HUNDRED, description="Forty pages")
    assert [(each.name, each.price) for each in await catalog.services(session, ada_house.ada)] == [
        ("SEO audit", NINE_HUNDRED)
    ]
    await catalog.edit(session, ada_house.ada, made.id, name="SEO audit", price=Money(95_000, "USD"), kind="fee")
    assert (made.price.minor, made.kind) == (95_000, "fee")
    for _twice in range(2):
        await catalog.retire(session, ada_house.ada, made.id)
    assert await catalog.services(session, ada_house.ada) == []
    with pytest.raises(Conflict):
        await catalog.edit(session, ada_house.ada, made.id, name="SEO audit", price=NINE_HUNDRED)
    again = await catalog.new(session, ada_house.ada, name="SEO audit", price=NINE_HUNDRED)
    assert again.id != made.id


async def test_a_name_is_taken_once_whatever_its_capitals(session: Session, ada_house: House) -> None:
    await catalog.new(session, ada_house.ada, name="Hosting", price=NINE_HUNDRED)
    other = await catalog.new(session, ada_house.ada, name="Logo", price=NINE_HUNDRED)
    with pytest.raises(Invalid) as refusal:
        await catalog.new(session, ada_house.ada, name="HOSTING", price=NINE_HUNDRED)
    assert refusal.value.field == "name"
    with pytest.raises(Invalid):
        await catalog.edit(session, ada_house.ada, other.id, name="hosting", price=NINE_HUNDRED)
    await catalog.edit(session, ada_house.ada, other.id, name="LOGO", price=NINE_HUNDRED)
    for wrong in ("", "x" * 76):
        with pytest.raises(Invalid):
            await catalog.new(session, ada_house.ada, name=wrong, price=NINE_HUNDRED)


async def test_the_catalog_is_internal(session: Session, ada_house: House) -> None:
    made = await catalog.new(session, ada_house.ada, name="Hosting", price=NINE_HUNDRED)
    for outsider in (ada_house.clara, ada_house.stranger):
        assert await catalog.services(session, outsider) == []
        with pytest.raises(NotAllowed):
            await catalog.new(session, outsider, name="Mine", price=NINE_HUNDRED)
        with pytest.raises(NotFound):
            await catalog.retire(session, outsider, made.id)
        with pytest.raises(NotFound):
            await catalog.edit(session, outsider, made.id, name="Mine", price=NINE_HUNDRED)
    with pytest.raises(NotFound):
        await catalog.retire(session, ada_house.ada, uuid.uuid4())


async def test_chosen_services_come_in_the_order_chosen(session: Session, ada_house: House) -> None:
    a, b = [await catalog.new(session, ada_house.ada, name=name, price=NINE_HUNDRED) for name in ("A", "B")]
    assert [each.name for each in await catalog.chosen(session, ada_house.ada, [str(b.id), str(a.id)])] == ["B", "A"]
    await catalog.retire(session, ada_house.ada, a.id)
    with pytest.raises(Invalid) as refusal:
        await catalog.chosen(session, ada_house.ada, [str(a.id)])
    assert refusal.value.field == "services"


def test_a_service_knows_its_price() -> None:
    assert Service(price_minor=900, currency="JPY").price == Money(900, "JPY")
