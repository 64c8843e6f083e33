"""What owners decide about the agency: settings, the first steps, roles; and who may not."""

import pytest
from sqlalchemy import select

from core import house, people
from core.db import Session
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.events import Event, Kind
from core.people import Identity, Role, User
from tests.builders import House


async def events_of(session: Session, kind: Kind) -> list[Event]:
    found = await session.execute(select(Event).where(Event.kind == kind.value).order_by(Event.seq))
    return list(found.scalars())


async def guest(session: Session, ada_house: House, name: str = "Vera Guest", kind: str = "guest") -> Identity:
    account = Identity(
        organization_id=ada_house.id, slack_user_id="U0VERA", slack_team_id="T0STUDIOADA", kind=kind, name=name
    )
    account.email = "vera@elsewhere.example"
    session.add(account)
    await session.flush()
    return account


async def test_settings_are_kept_and_their_names_recorded(session: Session, ada_house: House) -> None:
    changed = await house.set(
        session,
        ada_house.ada,
        name="  Studio   Ada Ltd ",
        currency="eur",
        timezone="berlin",
        opens="8:30",
        closes="5pm",
        workdays=[4, 0, 1],
        hold_seconds=5,
        due_days=30,
        bank_details=" IBAN DE00 ",
        post_only_clients=True,
        step="agency",
    )
    assert (changed.name, changed.currency, changed.timezone) == ("Studio Ada Ltd", "EUR", "Europe/Berlin")
    assert [changed.setting(name) for name in ("opens", "closes", "workdays")] == ["08:30", "17:00", [0, 1, 4]]
    assert changed.setting("bank_details") == "IBAN DE00" and changed.setting("post_only_clients") is True
    (event,) = await events_of(session, Kind.ORGANIZATION_SET)
    assert {"name", "currency", "due_days", "steps_done"} <= {*event.facts["changed"]}
    assert "Ltd" not in event.body and "IBAN" not in event.body


async def test_choosing_what_is_so_already_changes_nothing(session: Session, ada_house: House) -> None:
    for _ in range(2):
        await house.set(session, ada_house.ada, name="Ada & Co", due_days=14, step="agency")
    assert len(await events_of(session, Kind.ORGANIZATION_SET)) == 1


async def test_settings_are_for_owners(session: Session, ada_house: House) -> None:
    for actor in (ada_house.ben, ada_house.clara, ada_house.stranger):
        with pytest.raises(NotAllowed):
            await house.set(session, actor, name="Mine now")


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"name": " "}, "name", "called"),
        ({"currency": "dollars"}, "currency", "three letters"),
        ({"timezone": "Europe/Londn"}, "timezone", "Did you mean Europe/London?"),
        ({"timezone": "Xyzzy"}, "timezone", "Europe/London or"),
        ({"opens": "25:00"}, "opens", "time of day"),
        ({"closes": "13pm"}, "closes", "time of day"),
        ({"opens": "18:00", "closes": "09:00"}, "closes", "close after"),
        ({"opens": "20:00"}, "closes", "close after"),
        ({"workdays": []}, "workdays", "at least one day"),
        ({"due_days": 999}, "due_days", "0 to 365"),
        ({"hold_seconds": -1}, "hold_seconds", "0 to 3600"),
    ],
)
async def test_what_cannot_be_is_said_beside_its_field(
    session: Session, ada_house: House, given: dict[str, object], field: str, says: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await house.set(session, ada_house.ada, **given)  # type: ignore[arg-type]
    assert refused.value.field == field and says in refused.value.sentence


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("europe/london", "Europe/London"),
        ("New York", "America/New_York"),
        ("UTC", "UTC"),
        ("Asia/Tokyo", "Asia/Tokyo"),
    ],
)
def test_a_zone_is_known_by_its_name_or_its_city(typed: str, zone: str) -> None:
    assert house.zone(typed) == zone


async def test_the_first_steps_are_done_one_by_one(session: Session, ada_house: House) -> None:
    assert (await house.setup(session, ada_house.ada)).done == {"first"}  # the builders made an engagement
    await house.set(session, ada_house.ada, due_days=10, step="paid")
    await house.settle(session, ada_house.ada, "people")
    await house.settle(session, ada_house.ada, "people")
    found = await house.setup(session, ada_house.ada)
    assert found.done == {"first", "paid", "people"} and found.team == 2
    assert len(await events_of(session, Kind.ORGANIZATION_SET)) == 2
    with pytest.raises(NotAllowed):
        await house.settle(session, ada_house.ben, "people")


async def test_a_role_is_given_once_and_recorded(session: Session, ada_house: House) -> None:
    assert ada_house.ben.user_id
    for _ in range(2):
        ben = await house.give_role(session, ada_house.ada, ada_house.ben.user_id, "manager")
    (event,) = await events_of(session, Kind.ROLE_GIVEN)
    assert event.subject_id == ben.id and event.facts["role"] == str(ben.role_id)
    assert {one.name: one.role for one in await house.team(session, ada_house.ada)} == {
        "Ada Lovelace": "Owner",
        "Ben Okafor": "Manager",
    }


async def test_the_last_owner_stays_one(session: Session, ada_house: House) -> None:
    assert ada_house.ada.user_id and ada_house.ben.user_id
    with pytest.raises(Conflict, match="only owner"):
        await house.give_role(session, ada_house.ada, ada_house.ada.user_id, "Member")
    await house.give_role(session, ada_house.ada, ada_house.ben.user_id, "Owner")
    await house.give_role(session, ada_house.ada, ada_house.ada.user_id, "Member")
    ben = await people.recognise(session, "U0BEN")
    with pytest.raises(Conflict, match="only owner"):
        await house.give_role(session, ben, ada_house.ben.user_id, "Manager")


async def test_an_owner_who_has_left_does_not_count(session: Session, ada_house: House) -> None:
    from core import clock

    assert ada_house.ada.user_id and ada_house.ben.user_id
    ben = await house.give_role(session, ada_house.ada, ada_house.ben.user_id, "Owner")
    ben.left_at = clock.now()
    await session.flush()
    with pytest.raises(Conflict):
        await house.give_role(session, ada_house.ada, ada_house.ada.user_id, "Member")


async def test_who_may_not_give_roles(session: Session, ada_house: House) -> None:
    assert ada_house.ben.user_id and ada_house.clara.user_id
    for actor in (ada_house.ben, ada_house.clara, ada_house.stranger):
        with pytest.raises(NotAllowed):
            await house.give_role(session, actor, ada_house.ben.user_id, "Owner")
    with pytest.raises(NotFound):
        await house.give_role(session, ada_house.ada, ada_house.id, "Owner")
    with pytest.raises(NotAllowed, match="client's person"):
        await house.give_role(session, ada_house.ada, ada_house.clara.user_id, "Owner")
    for role in ("Client", "Emperor"):
        with pytest.raises(Invalid) as refused:
            await house.give_role(session, ada_house.ada, ada_house.ben.user_id, role)
        assert refused.value.field == "role"


async def test_a_guest_becomes_staff_only_when_staff_say_so(session: Session, ada_house: House) -> None:
    await guest(session, ada_house)
    assert (await people.recognise(session, "U0VERA")).side == "stranger"
    assert [one.name for one in await house.guests(session, ada_house.ada)] == ["Vera Guest"]
    assert await house.guests(session, ada_house.ben) == []
    with pytest.raises(Conflict) as refused:
        await house.of_account(session, ada_house.ada, "U0VERA")
    assert refused.value.way and refused.value.way.action == "team.new"
    with pytest.raises(NotAllowed):
        await house.welcome(session, ada_house.ben, "U0VERA", "Member")
    for _ in range(2):
        await house.welcome(session, ada_house.ada, "U0VERA", "Member")
    assert (await people.recognise(session, "U0VERA")).side == "staff"
    assert await house.guests(session, ada_house.ada) == []
    (event,) = await events_of(session, Kind.ROLE_GIVEN)
    assert event.facts["guest"] is True


async def test_a_clients_account_never_joins_the_team(session: Session, ada_house: House) -> None:
    for account, refusal in (("U0CLARA", NotAllowed), ("U0NOBODY", NotFound)):
        with pytest.raises(refusal):
            await house.welcome(session, ada_house.ada, account, "Owner")
    with pytest.raises(NotFound):
        await house.of_account(session, ada_house.ada, "U0NOBODY")
    clara = (await session.execute(select(User).where(User.id == ada_house.clara.user_id))).scalar_one()
    held = (await session.execute(select(Role).where(Role.id == clara.role_id))).scalar_one()
    assert (clara.side, held.name) == ("client", "Client")


async def test_a_guest_with_a_contacts_address_is_another_person(session: Session, ada_house: House) -> None:
    account = await guest(session, ada_house)
    account.email = "clara@northwind.example"
    welcomed = await house.welcome(session, ada_house.ada, "U0VERA", "Member")
    assert welcomed.id != ada_house.clara.user_id and welcomed.email == ""


async def test_the_team_is_shown_to_staff_alone(session: Session, ada_house: House) -> None:
    assert [one.slack_user_id for one in await house.team(session, ada_house.ben)] == ["U0ADA", "U0BEN"]
    assert await house.team(session, ada_house.clara) == await house.team(session, ada_house.stranger) == []
    ada, ben = await house.team(session, ada_house.ada)
    assert (ada.owner, ada.bills, ben.sends, ben.bills) == (True, True, True, False)
