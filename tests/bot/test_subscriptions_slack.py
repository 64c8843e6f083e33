"""What staff do with subscriptions by command: the list, and the second look before one ends."""

import pytest

import bot.slack.subscriptions  # noqa: F401
from bot.slack.listener import COMMANDS, FORMS, Heard
from bot.slack.replies import Open, Say
from core import people, subscriptions
from core.db import Session
from core.errors import NotAllowed
from tests.builders import House
from tests.core.test_beginning import begun


async def test_what_recurs_is_listed_and_ended(session: Session, ada_house: House) -> None:
    (care,) = (await begun(session, ada_house, ())).subscriptions
    agency = await people.organization(session, ada_house.id)
    heard = Heard(session, ada_house.ada, agency, "T0STUDIOADA", "U0ADA", value=str(care.id))
    listed = await COMMANDS["subscription", ""].run(heard)
    assert isinstance(listed, Say)
    assert "$300 a month" in str(listed.blocks)
    which = COMMANDS["subscription", "end"].which
    assert which is not None
    assert await which(heard) == [(care.id, "Care · Northwind")]
    asked = await COMMANDS["subscription", "end"].run(heard)
    assert isinstance(asked, Open)
    assert "Nothing more is billed" in str(asked.view)
    told = await FORMS["subscription.end"](heard)
    assert isinstance(told, Say)
    assert (care.status, await subscriptions.running(session, ada_house.ada)) == ("ended", [])
    heard.actor = ada_house.clara
    with pytest.raises(NotAllowed):
        await COMMANDS["subscription", ""].run(heard)
