"""App Home, `/tl`, settings, team and mentions, by listeners called with what they would hear."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from bot.blocks import home as home_blocks
from bot.sandbox.slack.blockkit import check_message, check_view
from bot.slack import faces, home, mentions
from bot.slack.forms import Values
from bot.slack.listener import BUTTONS, COMMANDS, FORMS, Heard
from bot.slack.replies import Done, Errors, Open, Reply, Say, Update
from core import clock, engagements, people
from core.conversations import Conversation
from core.db import Session
from core.errors import Conflict, Invalid, NotAllowed
from core.jobs import Job
from core.people import Actor, Identity
from tests.builders import TEAM, House
from tests.core.test_urgent import bill, offer, work

assert faces  # it brings every listener


@pytest.fixture
async def hear(session: Session, ada_house: House) -> AsyncIterator[Any]:
    """Makes what a listener is told."""

    async def make(actor: Actor, place: str = "elsewhere", **told: Any) -> Heard:
        engagement = await engagements.by_id(session, ada_house.engagement.id) if place != "elsewhere" else None
        channel = {"client": ada_house.engagement.channel_id, "staff": ada_house.engagement.staff_channel_id}.get(
            place, ""
        )
        return Heard(
            session=session,
            actor=actor,
            house=await people.organization(session, ada_house.id),
            team_id=TEAM,
            user=actor.slack_user_id or "U0NEW",
            channel=channel or "",
            place=place,  # type: ignore[arg-type]
            engagement=engagement,
            **told,
        )

    yield make


def words(reply: Any) -> str:
    if isinstance(reply, Say):
        if reply.blocks:
            check_message(list(reply.blocks))
        return reply.text + json.dumps(list(reply.blocks), ensure_ascii=False)
    if isinstance(reply, Open | Update):
        check_view(reply.view, "modal")
        return json.dumps(reply.view, ensure_ascii=False)
    return json.dumps(reply, ensure_ascii=False) if isinstance(reply, dict) else ""


async def talk(session: Session, ada_house: House, topic: str, thread: str, status: str = "waiting_us") -> Conversation:
    row = Conversation(
        organization_id=ada_house.id,
        engagement_id=ada_house.engagement.id,
        topic=topic,
        status=status,
        channel_id=ada_house.engagement.channel_id,
        thread_ts=thread,
        opened_at=clock.now(),
        waiting_since=clock.now(),
    )
    session.add(row)
    await session.flush()
    return row


def values(**fields: Any) -> Values:
    def element(value: Any) -> dict[str, Any]:
        if isinstance(value, list):
            return {"selected_options": [{"value": one} for one in value]}
        return {"value": value}

    return Values({"state": {"values": {name: {name: element(value)} for name, value in fields.items()}}})


async def test_home_for_staff_and_for_others(session: Session, ada_house: House, hear: Any) -> None:
    await talk(session, ada_house, "Where is the logo?", "1.1")
    shown = await home.home(await hear(ada_house.ada))
    check_view(shown, "home")
    for expected in ("Where is the logo?", "Still to set up: *Your agency*", "My engagements", "settings.open"):
        assert expected in words(shown)
    member = words(await home.home(await hear(ada_house.ben)))
    assert "settings.open" not in member and "Still to set up: *Your agency*" not in member
    for actor in (ada_house.clara, ada_house.stranger):
        assert "This is for the team" in words(await home.home(await hear(actor)))


async def test_the_first_home_before_any_engagement(session: Session, ada_house: House, hear: Any) -> None:
    steps = await home.first_steps(await hear(ada_house.ada))
    assert [(step.key, step.done) for step in steps] == [
        ("agency", False),
        ("people", False),
        ("paid", False),
        ("first", True),
    ]
    for step in steps:
        for _, action in step.buttons:
            assert action in BUTTONS
    assert [bool(step.buttons) for step in await home.first_steps(await hear(ada_house.ben))] == [
        False,
        False,
        False,
        True,
    ]


async def test_every_button_is_answered(session: Session, ada_house: House, hear: Any) -> None:
    session.add_all([offer(ada_house, "Site", 1), bill(ada_house, "Deposit", 3), work(ada_house, "Build", 2)])
    await talk(session, ada_house, "Logo", "1.1")
    shown = await home.home(await hear(ada_house.ada))
    check_view(shown, "home")
    pressed = {
        one["action_id"]: one.get("value", "")
        for block in [*shown["blocks"], *home_blocks.setup(await home.first_steps(await hear(ada_house.ada)))]
        for one in [*block.get("elements", []), block.get("accessory", {})]
        if one.get("type") == "button"
    }
    assert {"urgent.proposal", "conversation.show", "invoice.show", "setup.new", "team.open"} <= {*pressed}
    for action, value in pressed.items():
        reply = await BUTTONS[action](await hear(ada_house.ada, value=value, view=shown))
        assert isinstance(reply, Open | Say) and words(reply), action


async def test_tl_alone_and_setup(session: Session, ada_house: House, hear: Any) -> None:
    await talk(session, ada_house, "Where is the logo?", "1.1")
    assert "Where is the logo?" in words(await COMMANDS["", ""].run(await hear(ada_house.ada)))
    assert "The first three can wait" in words(await COMMANDS["", "setup"].run(await hear(ada_house.ada)))
    for verb in ("", "setup"):
        with pytest.raises(NotAllowed, match="for the team"):
            await COMMANDS["", verb].run(await hear(ada_house.stranger))
    for name in ("setup.link", "home.help"):
        assert words(await BUTTONS[name](await hear(ada_house.ben)))


FILLED = {
    "name": "Ada & Co", "currency": "EUR", "timezone": "Berlin", "opens": "9", "closes": "17", "workdays": ["0", "1"],
    "due_days": "21", "record_period": "365", "bank_details": "", "hold_seconds": "2", "grouping_seconds": "60",
    "first_response_minutes": "240",
    "waiting_minutes": "0", "post_only_clients": [],
}  # fmt: skip


async def test_settings_by_form(session: Session, ada_house: House, hear: Any) -> None:
    assert "Studio Ada" in words(await COMMANDS["", "settings"].run(await hear(ada_house.ada)))
    with pytest.raises(NotAllowed):
        await COMMANDS["", "settings"].run(await hear(ada_house.ben))
    assert "Saved" in words(await FORMS["settings.set"](await hear(ada_house.ada, form=values(**FILLED))))
    agency = await people.organization(session, ada_house.id)
    assert (agency.name, agency.timezone, agency.setting("hold_seconds")) == ("Ada & Co", "Europe/Berlin", 2)
    assert (await session.execute(select(Job.payload).where(Job.kind == "home.publish"))).scalar_one() == {
        "team": TEAM,
        "user": "U0ADA",
    }
    with pytest.raises(Invalid) as refused:
        await FORMS["settings.set"](await hear(ada_house.ada, form=values(**{**FILLED, "due_days": "soon"})))
    assert refused.value.field == "due_days"


async def test_the_steps_lead_back_to_where_they_came_from(session: Session, ada_house: House, hear: Any) -> None:
    inside = {"type": "modal", "callback_id": "setup", "id": "V1"}
    opened = await BUTTONS["settings.agency"](await hear(ada_house.ada, view=inside))
    assert isinstance(opened, Update) and opened.view["private_metadata"] == "setup"
    assert isinstance(await BUTTONS["settings.paid"](await hear(ada_house.ada, view={"type": "home"})), Open)
    after = await FORMS["settings.agency"](await hear(ada_house.ada, value="setup", form=values(**FILLED)))
    assert isinstance(after, Update) and "✓ Your agency" in words(after)
    assert isinstance(
        await FORMS["settings.paid"](await hear(ada_house.ada, value="home", form=values(**FILLED))), Done
    )
    settled = await BUTTONS["team.settle"](
        await hear(ada_house.ada, value="setup", view={"type": "modal", "callback_id": "team"})
    )
    assert "✓ Your people" in words(settled)


async def test_team_and_roles(session: Session, ada_house: House, hear: Any) -> None:
    assert "team.role" in words(await COMMANDS["team", ""].run(await hear(ada_house.ada)))
    assert "team.role" not in words(await COMMANDS["team", ""].run(await hear(ada_house.ben)))
    given = await COMMANDS["team", "role"].run(await hear(ada_house.ada, words="<@U0BEN|ben> manager"))
    assert "Ben Okafor is Manager now." in words(given)
    assert "What may *Ben Okafor* do?" in words(
        await COMMANDS["team", "role"].run(await hear(ada_house.ada, words="<@U0BEN>"))
    )
    assert "Whom do you mean?" in words(await COMMANDS["team", "role"].run(await hear(ada_house.ada, words="Manager")))
    assert isinstance(await COMMANDS["team", "role"].run(await hear(ada_house.ada)), Open)
    sheet = await FORMS["team.role"](
        await hear(ada_house.ada, value=str(ada_house.ben.user_id), form=values(role="Member"))
    )
    assert "Member · sends" in words(sheet)
    last = await FORMS["team.role"](
        await hear(ada_house.ada, value=str(ada_house.ada.user_id), form=values(role="Member"))
    )
    assert isinstance(last, Errors) and "only owner" in last.fields["role"]
    with pytest.raises(Conflict, match="only owner"):
        await COMMANDS["team", "role"].run(await hear(ada_house.ada, words="<@U0ADA|ada> Member"))
    with pytest.raises(NotAllowed):
        await COMMANDS["team", "role"].run(await hear(ada_house.ben, words="<@U0BEN|ben> Owner"))


async def test_a_guest_joins_the_team_by_a_word_of_an_owner(session: Session, ada_house: House, hear: Any) -> None:
    session.add(
        Identity(organization_id=ada_house.id, slack_user_id="U0VERA", slack_team_id=TEAM, kind="guest", name="Vera")
    )
    await session.flush()
    assert "Add to the team" in words(await COMMANDS["team", ""].run(await hear(ada_house.ada)))
    with pytest.raises(Conflict) as refused:
        await COMMANDS["team", "role"].run(await hear(ada_house.ada, words="<@U0VERA> Member"))
    assert refused.value.way and refused.value.way.action in BUTTONS
    assert "U0VERA" in words(await BUTTONS["team.new"](await hear(ada_house.ada, value="U0VERA")))
    assert "Vera is Member now." in words(
        await COMMANDS["team", "new"].run(await hear(ada_house.ada, words="<@U0VERA|vera> member"))
    )
    assert (await people.recognise(session, "U0VERA")).side == "staff"


US = "<@U0THROUGHLINE>"


@pytest.mark.parametrize(
    "text",
    [
        f"{US} thanks, that is lovely",
        f"thank you {US}!",
        f"{US} reopen the shop on Monday",
        "hello",
        f"{US} help! the site is down",
    ],
)
async def test_a_clients_words_that_are_no_command_are_no_error(hear: Any, ada_house: House, text: str) -> None:
    assert isinstance(await mentions.hear(await hear(ada_house.clara, "client"), text), Done)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (US, "Waiting on Northwind"),
        (f"{US} status please", "Waiting on Studio Ada"),
        (f"Hey {US}, what's waiting on me?", "Nothing waits on you."),
        (f"{US} help", "Write here as you would to a colleague"),
    ],
)
async def test_what_clients_can_say(hear: Any, ada_house: House, text: str, says: str) -> None:
    assert says in words(await mentions.hear(await hear(ada_house.clara, "client"), text))


async def test_a_client_reopens_a_thread(session: Session, ada_house: House, hear: Any) -> None:
    settled = await talk(session, ada_house, "Logo", "7.7", "resolved")
    reply = await mentions.hear(
        await hear(ada_house.clara, "client", message_ts="8.8", thread_ts="7.7"), f"{US} reopen this please"
    )
    assert "open again" in words(reply) and settled.status == "waiting_us"
    again = await mentions.hear(await hear(ada_house.clara, "client", message_ts="9.9"), f"{US} reopen")
    assert "say it in its thread" in words(again)


async def test_strangers_are_told_kindly_and_only_when_they_ask(hear: Any, ada_house: House) -> None:
    assert "do not know who you are" in words(
        await mentions.hear(await hear(ada_house.stranger, "client"), f"{US} status")
    )
    assert isinstance(await mentions.hear(await hear(ada_house.stranger, "client"), f"{US} lovely"), Done)
    assert isinstance(await mentions.hear(await hear(ada_house.clara), f"{US} status"), Done)


@pytest.mark.parametrize("verb", ["take", "resolve", "reopen"])
async def test_staff_handle_the_thread_where_clients_read_along(
    session: Session, ada_house: House, hear: Any, verb: str
) -> None:
    row = await talk(session, ada_house, "Logo", "7.7", "resolved" if verb == "reopen" else "waiting_us")
    reply = await mentions.hear(await hear(ada_house.ben, "client", message_ts="8.8", thread_ts="7.7"), f"{US} {verb}")
    assert "Logo" in words(reply)
    assert {
        "take": row.owner_id == ada_house.ben.user_id,
        "resolve": row.status == "resolved",
        "reopen": row.status == "waiting_us",
    }[verb]


@pytest.mark.parametrize(
    "line", ["proposal new", "project advance", "invoice send", "conversation rename x", "help", "nonsense", "settings"]
)
async def test_all_else_is_sent_to_the_staff_channel(hear: Any, ada_house: House, line: str) -> None:
    reply: Reply = await mentions.hear(await hear(ada_house.ada, "client"), f"{US} {line}")
    assert isinstance(reply, Say)
    assert reply.text == f"Everyone here can read this. Please do it in <#{ada_house.engagement.staff_channel_id}>."


async def test_staff_have_the_whole_grammar_among_themselves(session: Session, ada_house: House, hear: Any) -> None:
    row = await talk(session, ada_house, "Logo", "7.7")
    assert "Logo" in words(await mentions.hear(await hear(ada_house.ada, "staff"), f"{US} conversations"))
    assert "Waiting on Northwind" in words(await mentions.hear(await hear(ada_house.ada, "staff"), f"{US} status"))
    assert "Logo" in words(await mentions.hear(await hear(ada_house.ada, "staff"), f"{US} take logo"))
    assert row.owner_id == ada_house.ada.user_id
    assert "opens a form" in words(await mentions.hear(await hear(ada_house.ada, "staff"), f"{US} team"))
    assert "Did you mean" in words(
        await mentions.hear(await hear(ada_house.ada, "staff"), f"{US} conversation resolv logo")
    )
    assert "What you can type" in words(await mentions.hear(await hear(ada_house.ada, "staff"), f"{US} help"))
    assert "Logo" in words(await mentions.hear(await hear(ada_house.ada), US))
