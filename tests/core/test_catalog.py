"""The catalog: what the agency offers, who may change it, and that what is retired is offered no more."""

import uuid
from dataclasses import replace
from decimal import Decimal

import pytest

from core import catalog, people
from core.catalog import Details, Offered, Service
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


CARE = Details(
    folder="Retainers",
    tags=("web", "care"),
    period="month",
    trial_days=14,
    setup_minor=10_000,
    tax_percent=Decimal("7.5"),
    phases={"deployment": "Launch"},
    checklist=(("kickoff", "Invite the client"), ("build", "Draw: first pages")),
    deliverables=(("Style guide", 10), ("Pages", None)),
)


async def test_a_service_keeps_its_details_until_others_are_given(session: Session, ada_house: House) -> None:
    made = await catalog.new(session, ada_house.ada, name="Care", price=NINE_HUNDRED, kind="fee", details=CARE)
    assert await catalog.details_of(session, made) == replace(CARE, tags=("care", "web"))
    await catalog.edit(session, ada_house.ada, made.id, name="Care plan", price=NINE_HUNDRED, kind="fee")
    assert (await catalog.details_of(session, made)).trial_days == 14
    await catalog.edit(session, ada_house.ada, made.id, name="Care plan", price=NINE_HUNDRED, details=Details())
    assert await catalog.details_of(session, made) == Details()
    assert await catalog.folders(session, [made]) == {}


async def test_folders_and_tags_are_known_whatever_their_capitals(session: Session, ada_house: House) -> None:
    one, two = [
        await catalog.new(
            session, ada_house.ada, name=name, price=NINE_HUNDRED, details=Details(folder=folder, tags=(tag,))
        )
        for name, folder, tag in (("One", "Websites", "Web"), ("Two", " websites ", "web"))
    ]
    assert one.folder_id == two.folder_id
    assert await catalog.folders(session, [one, two]) == {one.folder_id: "Websites"}
    assert (await catalog.details_of(session, two)).tags == ("Web",)


@pytest.mark.parametrize(
    ("details", "field"),
    [
        (Details(trial_days=3), "period"),
        (Details(setup_minor=100), "period"),
        (Details(period="fortnight"), "period"),
        (Details(period="month", trial_days=400), "trial"),
        (Details(tax_percent=Decimal(101)), "tax"),
        (Details(folder="x" * 61), "folder"),
        (Details(owner_id=uuid.uuid4()), "owner"),
    ],
)
async def test_what_cannot_be_is_refused_at_its_field(
    session: Session, ada_house: House, details: Details, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await catalog.new(session, ada_house.ada, name="Care", price=NINE_HUNDRED, details=details)
    assert refusal.value.field == field


async def test_a_client_cannot_be_who_does_it(session: Session, ada_house: House) -> None:
    with pytest.raises(Invalid):
        await catalog.new(
            session,
            ada_house.ada,
            name="Care",
            price=NINE_HUNDRED,
            details=Details(owner_id=ada_house.clara.user_id),
        )


def test_templates_are_typed_one_a_line_and_written_back() -> None:
    assert catalog.phases_from("deployment:  Launch\nBuild: build") == {"deployment": "Launch"}
    assert catalog.checklist_from("• Build: Draw: pages\nCall Ada") == (
        ("build", "Draw: pages"),
        ("kickoff", "Call Ada"),
    )
    assert catalog.deliverables_from("Style guide, 10 days\nPages; within 6 weeks\nMap, for 3 rooms") == (
        ("Style guide", 10),
        ("Pages", 42),
        ("Map, for 3 rooms", None),
    )
    assert catalog.tags_from("#Web, care,, web\nNew") == ("Web", "care", "New")
    for read, write, value in (
        (catalog.checklist_from, catalog.written_checklist, CARE.checklist),
        (catalog.deliverables_from, catalog.written_deliverables, CARE.deliverables),
        (catalog.phases_from, catalog.written_phases, CARE.phases),
    ):
        assert read(write(value)) == value  # type: ignore[arg-type, operator]
    for typed in ("Launch", "Party: yes"):
        with pytest.raises(Invalid):
            catalog.phases_from(typed)


async def test_somebodys_own_price_goes_before_their_companys_and_the_usual_one(
    session: Session, ada_house: House
) -> None:
    house = ada_house
    service = await catalog.new(session, house.ada, name="Logo", price=NINE_HUNDRED)
    whose = {"company_id": house.company.id, "client_id": house.clara.user_id}

    async def costs() -> int:
        return (await catalog.prices_for(session, [service], **whose))[service.id].minor  # type: ignore[arg-type]

    assert await costs() == 90_000
    for amount in (80_000, 81_000):
        await catalog.special(session, house.ada, service.id, Money(amount, "USD"), company_id=house.company.id)
        assert await costs() == amount
    await catalog.special(session, house.ada, service.id, Money(70_000, "USD"), client_id=house.clara.user_id)
    assert await costs() == 70_000
    special = {each.whose: each.price.minor for each in await catalog.specials(session, house.ada)}
    assert special == {"Clara Chen": 70_000, "Northwind": 81_000}
    await catalog.special(session, house.ada, service.id, None, client_id=house.clara.user_id)
    assert await costs() == 81_000
    other = {"company_id": uuid.uuid4(), "client_id": house.gus.user_id}
    assert (await catalog.prices_for(session, [service], **other))[service.id] == NINE_HUNDRED  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        await catalog.special(session, house.ada, service.id, Money(1, "EUR"), company_id=house.company.id)
    with pytest.raises(Invalid):
        await catalog.special(session, house.ada, service.id, Money(1, "USD"), client_id=house.ben.user_id)
    with pytest.raises(NotFound):
        await catalog.special(session, house.clara, service.id, Money(1, "USD"), client_id=house.clara.user_id)


async def test_a_coupon_is_made_and_retired(session: Session, ada_house: House) -> None:
    house = ada_house
    service = await catalog.new(session, house.ada, name="Logo", price=NINE_HUNDRED)
    offered = Offered("spring-10", percent=Decimal(10), service_ids=(service.id,), usage_limit=3)
    coupon = await catalog.new_coupon(session, house.ada, offered, "USD")
    assert (coupon.code, coupon.kind, coupon.duration) == ("SPRING-10", "percent", "first")
    assert await catalog.services_of(session, [coupon]) == {coupon.id: ["Logo"]}
    with pytest.raises(Invalid):
        await catalog.new_coupon(session, house.ada, offered, "USD")
    for _twice in range(2):
        await catalog.retire_coupon(session, house.ada, coupon.id)
    assert await catalog.coupons(session, house.ada) == []
    await catalog.new_coupon(session, house.ada, offered, "USD")
    with pytest.raises(NotAllowed):
        await catalog.new_coupon(session, house.clara, offered, "USD")
    with pytest.raises(NotFound):
        await catalog.retire_coupon(session, house.clara, coupon.id)


@pytest.mark.parametrize(
    ("offered", "field"),
    [
        (Offered("x", percent=Decimal(5)), "code"),
        (Offered("SPRING"), "percent"),
        (Offered("SPRING", percent=Decimal(5), amount=Money(1, "USD")), "percent"),
        (Offered("SPRING", percent=Decimal(101)), "percent"),
        (Offered("SPRING", amount=Money(1, "EUR")), "amount"),
        (Offered("SPRING", percent=Decimal(5), usage_limit=0), "limit"),
        (Offered("SPRING", percent=Decimal(5), service_ids=(uuid.uuid4(),)), "services"),
    ],
)
async def test_a_coupon_that_cannot_be_is_refused_at_its_field(
    session: Session, ada_house: House, offered: Offered, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await catalog.new_coupon(session, ada_house.ada, offered, "USD")
    assert refusal.value.field == field


@pytest.mark.parametrize(("currency", "price"), [("USD", 90_000), ("JPY", 90_000), ("KWD", 900_000)])
async def test_a_fresh_catalog_is_filled_with_examples_once(
    session: Session, ada_house: House, currency: str, price: int
) -> None:
    house = await people.organization(session, ada_house.id)
    house.currency = currency
    added = await catalog.plant(session, people.system(ada_house.id), house)
    assert "SEO audit" in added
    found = {service.name: service for service in await catalog.services(session, ada_house.ada)}
    assert found["SEO audit"].price == Money(price, currency)
    assert found["Website design and build"].phases == {"build": "Design and build", "deployment": "Launch"}
    assert await catalog.plant(session, people.system(ada_house.id), house) == []
