"""The wrapper around every listener: who is meant, what is answered to refusals and failures, and where the answer goes."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.blocks import kit
from bot.gateways.slack import Slack
from bot.slack import bolt, listener
from bot.slack.listener import AWAY, Ears, Heard
from bot.slack.replies import Done, Errors, Open, Options, Reply, Say, Update
from core.conversations import Conversation
from core.db import Database
from core.errors import Invalid, NotAllowed, NotFound, Way
from core.people import Identity
from tests.bot.sandbox_bot import Stage, button, modal, opener, staged
from tests.builders import TEAM, House

Json = dict[str, Any]


class Known:
    """The one installation."""

    def __init__(self, organization_id: uuid.UUID) -> None:
        self._found = (organization_id, "xoxb-sandbox-bot-token")

    async def of_team(self, team_id: str) -> tuple[uuid.UUID, str] | None:
        return self._found if team_id == TEAM else None


@dataclass
class Room:
    ears: Ears
    stage: Stage
    house: House

    async def run(self, listen: listener.Listener, user: str = "U0ADA", team: str = TEAM, **told: Any) -> Reply:
        return (await self.ears.run(listen, team, user, told))[0]


@pytest.fixture
async def room(database: Database, ada_house: House) -> AsyncIterator[Room]:
    async with staged() as stage:
        slack = Slack(api_url=f"{stage.url}/slack/api/", response_hosts=[stage.url.removeprefix("http://")])
        yield Room(Ears(database, Known(ada_house.id), slack), stage, ada_house)
        await slack.close()


def refusing(error: Exception) -> listener.Listener:
    async def listen(heard: Heard) -> Reply:
        assert heard.engagement is not None
        begun = {"organization_id": heard.actor.organization_id, "engagement_id": heard.engagement.id}
        heard.session.add(Conversation(**begun, topic="x", opened_at=heard.house.created_at))
        raise error

    return listen


async def test_a_listener_is_told_who_and_where(room: Room) -> None:
    seen: list[Heard] = []

    async def listen(heard: Heard) -> Reply:
        seen.append(heard)
        return Done()

    engagement = room.house.engagement
    for channel in (engagement.channel_id, engagement.staff_channel_id, "C0OTHER"):
        await room.run(listen, "U0CLARA", channel=channel)
    assert [heard.place for heard in seen] == ["client", "staff", "elsewhere"]
    assert [heard.engagement.id if heard.engagement else None for heard in seen] == [engagement.id, engagement.id, None]
    assert {heard.actor.user_id for heard in seen} == {room.house.clara.user_id}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            NotAllowed("Only Clara can sign this.", way=Way("Tell Clara", "proposal.tell", "1")),
            "Only Clara can sign this.",
        ),
        (NotFound("There is no such proposal."), "There is no such proposal."),
        (Invalid("When?"), "When?"),
        (RuntimeError("the words of a client"), "Something went wrong on our side, and nothing was changed."),
    ],
)
async def test_a_refusal_is_a_sentence_and_changes_nothing(room: Room, error: Exception, words: str) -> None:
    reply = await room.run(refusing(error), channel=room.house.engagement.channel_id)
    assert isinstance(reply, Say) and words in reply.text and "the words of a client" not in reply.text
    assert ("Tell Clara" in str(reply.blocks)) is isinstance(error, NotAllowed)
    async with room.ears.db.transaction(room.house.id) as session:
        assert (await session.execute(select(func.count(Conversation.id)))).scalar_one() == 0


async def test_a_stranger_is_told_how_to_become_known_and_is_met_once(room: Room) -> None:
    clara = room.stage.id("clara")
    await room.stage.shared()
    for _ in range(2):
        reply = await room.run(
            refusing(NotFound("There is no such proposal.")), clara, channel=room.house.engagement.channel_id
        )
        assert isinstance(reply, Say) and "Ask Studio Ada" in reply.text
    assert [name for name, _ in room.stage.slack.calls].count("users.info") == 1
    async with room.ears.db.transaction(room.house.id) as session:
        known = (await session.execute(select(Identity).where(Identity.slack_user_id == clara))).scalar_one()
        assert known.name == "Clara Chen"


async def test_somebody_whom_slack_does_not_tell_of_is_a_stranger_all_the_same(room: Room) -> None:
    room.stage.slack.faults.server_error("users.info", times=9)
    reply = await room.run(
        refusing(NotFound("There is no such proposal.")), "U0NOBODY", channel=room.house.engagement.channel_id
    )
    assert isinstance(reply, Say) and "Ask Studio Ada" in reply.text


async def test_a_workspace_without_the_app_is_told_so(room: Room) -> None:
    reply = await room.run(refusing(RuntimeError()), team="T0UNKNOWN")
    assert reply == Say(AWAY)


VIEW = kit.modal("test", "A title", [kit.section("Words")])
FORM = {"type": "view_submission", "view": {"blocks": [{"type": "input", "block_id": "title"}]}}


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (Done(), {"response_action": "clear"}),
        (Done(all=False), ""),
        (Errors({"title": "Too long."}), {"response_action": "errors", "errors": {"title": "Too long."}}),
        (Open(VIEW), {"response_action": "push", "view": VIEW}),
        (Update(VIEW), {"response_action": "update", "view": VIEW}),
        (Options(()), {"options": []}),
    ],
)
async def test_the_answer_to_a_form_is_its_acknowledgement(room: Room, reply: Reply, answer: object) -> None:
    assert await room.ears.speak(reply, "token", FORM) == answer
    assert room.stage.slack.calls == [], "Slack is not called for it"


async def test_a_complaint_about_a_field_that_the_form_does_not_have_is_shown_as_words(room: Room) -> None:
    answer = await room.ears.speak(Errors({"topic": "What is it about?"}), "token", FORM)
    assert (
        isinstance(answer, dict)
        and answer["response_action"] == "update"
        and "What is it about?" in str(answer["view"])
    )


async def _pressed(room: Room, answer: Reply, token: str = "xoxb-sandbox-bot-token") -> Any:
    """Ada presses a button in a message; the reply is given as it would be, and what she then sees comes back."""
    spoken: list[object] = []

    async def speak(received: Any) -> None:
        if received.path == "/slack/actions":
            spoken.append(await room.ears.speak(answer, token, received.body))

    where = await room.stage.channel()
    await room.stage.post(where, {"type": "actions", "elements": [button("Press")]})
    room.stage.bot.answer = speak
    await room.stage.slack.press("Press", by="ada")
    assert spoken == [""]
    shown = [one["text"] for one in room.stage.slack.messages(where, "ada") if one.get("is_ephemeral")]
    return room.stage.slack.view("ada"), shown


async def test_the_answer_to_a_press_is_a_window(room: Room) -> None:
    view, shown = await _pressed(room, Say("Only Clara can sign this."))
    assert "Only Clara can sign this." in str(view) and shown == []


@pytest.mark.parametrize(
    ("fault", "answer", "words"),
    [
        ("expired_trigger_id", Open(VIEW), listener.LATE),
        ("expired_trigger_id", Say("Only Clara can sign this."), "Only Clara can sign this."),
        ("token_revoked", Open(VIEW), AWAY),
        ("invalid_blocks", Open(VIEW), listener.LATE),
    ],
)
async def test_a_window_that_slack_refuses_becomes_a_line_for_the_person_alone(
    room: Room, fault: str, answer: Reply, words: str
) -> None:
    room.stage.slack.faults.error("views.open", fault)
    view, shown = await _pressed(room, answer)
    assert view is None and shown == [words]


async def test_a_window_that_cannot_be_pushed_takes_the_place_of_the_one_that_stands(room: Room) -> None:
    where = await room.stage.channel()
    await room.stage.post(where, {"type": "actions", "elements": [button("Press")]})
    opener(room.stage, modal({"type": "actions", "elements": [button("Within")]}, submit=None))
    await room.stage.slack.press("Press", by="ada")

    async def speak(received: Any) -> None:
        if received.path == "/slack/actions":
            await room.ears.speak(Open(VIEW), "xoxb-sandbox-bot-token", received.body)

    room.stage.bot.answer = speak
    room.stage.slack.faults.error("views.push", "expired_trigger_id")
    await room.stage.slack.press("Within", by="ada")
    assert (room.stage.slack.view("ada") or {})["title"]["text"] == "A title"


async def test_an_answer_that_reaches_nobody_raises_nothing(room: Room) -> None:
    room.stage.slack.faults.lose("views.open")
    body = {"type": "block_actions", "trigger_id": "1", "response_url": "https://evil.example/x"}
    assert await room.ears.speak(Open(VIEW), "xoxb-sandbox-bot-token", body) == ""
    assert (
        await room.ears.speak(Open(VIEW), "xoxb-sandbox-bot-token", {"type": "block_actions", "trigger_id": "1"}) == ""
    )


@pytest.mark.parametrize(
    ("body", "team"),
    [
        ({"view": {"app_installed_team_id": "T1"}, "team": {"id": "T2"}, "user": {"team_id": "T3"}}, "T1"),
        ({"team": {"id": "T2"}, "user": {"team_id": "T3"}}, "T2"),
        ({"view": {"app_installed_team_id": None}, "team": None, "user": {"team_id": "T3"}}, "T3"),
    ],
)
def test_the_tenant_is_where_the_app_is_installed(body: Json, team: str) -> None:
    assert bolt._installed(body) == team


def test_a_window_has_one_key_however_often_it_is_submitted(ada_house: House) -> None:
    def key(view: Json | None) -> uuid.UUID | None:
        return Heard(session=None, actor=ada_house.ada, house=None, team_id=TEAM, user="U0ADA", view=view).key  # type: ignore[arg-type]

    assert key({"id": "V1"}) == key({"id": "V1"}) != key({"id": "V2"})
    assert key(None) is None
