"""Step 1 of the story over the wire: an engagement begins, its channels are made, the client joins and is known."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.app import App, Work, day_one, serving, working
from bot.gateways.failures import Permanent
from bot.sandbox import Sandbox
from bot.settings import Settings
from core import clock, engagements, people
from core.engagements import Engagement, lists
from core.people import Actor
from tests.builders import SIGNING_KEY

MANIFEST = Path(__file__).parents[2] / "manifest.yml"


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass
class Stage:
    """The whole product against the sandbox, in one process."""

    sandbox: Sandbox
    app: App
    work: Work

    @property
    def slack(self) -> Any:
        return self.sandbox.slack

    async def settled(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0.05)
            await self.work.settled(20)

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait for what a retry brings about: jobs that are put off are not due, so `settled` does not
        wait for them.
        """
        for _ in range(100):
            if await holds():
                return await self.settled()
            await asyncio.sleep(0.1)
        raise TimeoutError("It did not come about in ten seconds.")

    async def tenant(self) -> Any:
        team = next(one["id"] for one in self.slack.snapshot("ada")["teams"] if one["agency"])
        found = await self.app.tenants.of_team(team)
        assert found is not None
        return found[0]

    async def only(self) -> Engagement:
        tenant = await self.tenant()
        async with self.app.db.transaction(tenant) as session:
            found = await lists.listing(session, Actor(tenant, "system"))
            return await engagements.by_id(session, found[-1].id)

    async def only_any(self) -> Engagement:
        """The engagement of the staff channel, closed or not."""
        tenant = await self.tenant()
        channel = next(one["id"] for one in self.slack.snapshot("ada")["channels"] if one["name"].endswith("-internal"))
        async with self.app.db.transaction(tenant) as session:
            found, _ = await engagements.in_channel(session, channel)
            assert found is not None
            return found

    def texts(self, channel: str, by: str = "ada") -> str:
        return "\n".join(str(message) for message in self.slack.messages(channel, by))


@pytest.fixture
async def stage(dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Stage]:
    monkeypatch.setitem(os.environ, "CLOCK_FILE", str(tmp_path / "clock"))
    async with AsyncExitStack() as stack:
        sandbox = Sandbox(manifest=MANIFEST)
        sandbox.slack.rates.scale = 0  # as in the story: what a pause that Slack asks for does, other tests show
        await sandbox.start()
        stack.push_async_callback(sandbox.stop)
        port = free_port()
        sandbox.bot_url = f"http://127.0.0.1:{port}"
        given = {name.lower(): value for name, value in sandbox.environment().items()}
        settings = Settings(
            **{
                **given,
                "database_url": dsn,
                "secret_key": "test",
                "signing_key": SIGNING_KEY,
                "host": "127.0.0.1",
                "port": port,
                "public_url": sandbox.bot_url,
            }
        )
        app = App(settings)
        stack.push_async_callback(app.close)
        await day_one(app)
        await stack.enter_async_context(serving(app))
        work = await stack.enter_async_context(working(app))
        work.runner._paces = {"slack:": 0.01}  # what a second per message would teach, the runner's own tests do
        found = Stage(sandbox, app, work)
        await found.settled()
        yield found


FORM = {"Company": "Northwind", "Contact's name": "Clara Chen", "Contact's e-mail": "clara@northwind.example"}


async def begin(stage: Stage, **more: Any) -> Engagement:
    ack = await stage.slack.command("/engagement new", by="ada", channel="#general")
    assert ack.ok
    outcome = await stage.slack.submit({**FORM, **more}, by="ada")
    assert outcome.ok, outcome.errors
    await stage.settled()
    return await stage.only()


async def connect(stage: Stage) -> None:
    invite = stage.slack.snapshot("clara")["invites"][-1]["id"]
    await stage.slack.accepts(invite, by="clara")
    await stage.slack.approves(invite, by="clara")
    await stage.settled()


async def test_an_engagement_begins_and_the_client_comes_in(stage: Stage) -> None:
    engagement = await begin(stage)
    view = stage.slack.view("ada")
    assert "Next" in str(view)
    assert engagement.channel_name == "northwind"
    channels = {one["name"]: one for one in stage.slack.snapshot("ada")["channels"]}
    assert channels["northwind"]["is_private"]
    assert channels["northwind-internal"]["is_private"]
    assert [mark["link"] for mark in channels["northwind"]["bookmarks"]] == [f"{stage.app.settings.public_url}/portal"]
    assert engagement.connection == "invited"
    assert "waiting for Clara to accept" in stage.texts("#northwind-internal")
    assert len(channels["northwind-internal"]["pins"]) == 1
    invite = stage.slack.snapshot("clara")["invites"][-1]["id"]
    await stage.slack.accepts(invite, by="clara")
    await stage.settled()
    assert (await stage.only()).connection == "accepted"
    assert "waiting for Northwind's Slack admin" in stage.texts("#northwind-internal")
    await stage.slack.approves(invite, by="clara")
    await stage.settled()
    engagement = await stage.only()
    assert engagement.connection == "connected"
    seen = stage.texts("#northwind", "clara")
    assert "Hello Clara." in seen
    assert "How it is kept" in seen
    assert "Nothing waits on you." in seen
    client = next(one for one in stage.slack.snapshot("clara")["channels"] if one["name"] == "northwind")
    assert len(client["pins"]) == 1
    async with stage.app.db.transaction(engagement.organization_id) as session:
        clara = await engagements.people_of(session, engagement.id)
        assert [user.email for user in clara.clients] == ["clara@northwind.example"]
        audience = await engagements.audience(session, engagement)
        assert (audience.readers, audience.outsiders) == (2, 1)
    assert "clara@northwind.example" in stage.texts("#northwind-internal")
    outcome = await stage.slack.press("How it is kept", by="clara", channel="#northwind")
    assert "Direct messages" in str(outcome.modal)
    await stage.slack.close("clara")
    outcome = await stage.slack.press("For Studio Ada", by="clara", channel="#northwind")
    assert "tool box" in str(outcome.modal)
    await stage.slack.close("clara")
    outcome = await stage.slack.press("For Studio Ada", by="ada", channel="#northwind")
    assert "New proposal" in str(outcome.modal)
    outcome = await stage.slack.press("History", by="clara", channel="#northwind")
    assert "came into the channel" in str(outcome.modal)


async def test_a_colleague_joins_and_staff_say_who_it_is(stage: Stage) -> None:
    await begin(stage)
    await connect(stage)
    await stage.slack.invites("clara", "dana", "#northwind")
    await stage.settled()
    assert "Who is it?" in stage.texts("#northwind-internal")
    await stage.slack.press("Say who it is", by="ada", channel="#northwind-internal")
    outcome = await stage.slack.submit({"Their e-mail": "dana@northwind.example"}, by="ada")
    assert outcome.ok, outcome.errors
    await stage.settled()
    engagement = await stage.only()
    async with stage.app.db.transaction(engagement.organization_id) as session:
        names = [user.name for user in (await engagements.people_of(session, engagement.id)).clients]
    assert names == ["Clara Chen", "Dana Flores"]
    assert "dana@northwind.example: Ada said so." in stage.texts("#northwind-internal")


async def test_a_taken_name_and_a_lost_answer_are_met(stage: Stage) -> None:
    await stage.slack.creates("ben", "northwind", private=True)
    stage.slack.faults.lose("conversations.create", after=True)
    await begin(stage)

    async def invited() -> bool:
        return (await stage.only()).connection == "invited"

    await stage.until(invited)
    names = sorted(one["name"] for one in stage.slack.snapshot("ada")["channels"] if "northwind" in one["name"])
    assert names == ["northwind-2", "northwind-internal"]
    assert (await stage.only()).channel_name == "northwind-2"


async def test_what_slack_refuses_is_told_with_a_way_on(stage: Stage) -> None:
    stage.slack.faults.error("conversations.inviteShared", "not_paid")
    await begin(stage)
    told = stage.texts("#northwind-internal")
    assert "needs a paid Slack plan" in told
    assert "Use e-mail meanwhile" in told
    await stage.slack.press("Use e-mail meanwhile", by="ada", channel="#northwind-internal")
    await stage.settled()
    assert (await stage.only()).connection == "mail"
    await stage.slack.close("ada")
    await stage.slack.press("Send it again", by="ada", channel="#northwind-internal")
    await stage.settled()
    assert stage.slack.snapshot("clara")["invites"][-1]["state"] == "sent"
    assert (await stage.only()).trouble == ""


async def test_a_channel_that_cannot_be_made_is_told_to_the_owner_directly(stage: Stage) -> None:
    stage.slack.faults.error("conversations.create", "restricted_action")
    engagement = await begin(stage)
    assert engagement.staff_channel_id is None
    with_bot = next(one for one in stage.slack.snapshot("ada")["channels"] if one["is_im"])
    assert "Try again" in stage.texts(with_bot["id"])
    await stage.slack.press("Try again", by="ada", channel=with_bot["id"])
    await stage.settled()
    assert (await stage.only()).connection == "invited"


async def test_a_channel_is_adopted_and_its_people_are_told_first(stage: Stage) -> None:
    channel = await stage.slack.creates("ada", "globex-work")
    bot = next(key for key, one in stage.slack.snapshot("ada")["people"].items() if one["bot"])
    await stage.slack.shares("ada", channel, "gus@globex.example", False)
    await stage.slack.accepts("gus@globex.example", by="gus")
    await stage.settled()
    await stage.slack.command("/engagement link Globex", by="ada", channel=channel)
    values = {"Contact's name": "Gus Gray", "Contact's e-mail": "gus@globex.example"}
    outcome = await stage.slack.submit(values, by="ada")
    assert outcome.ok, outcome.errors
    await stage.settled()
    engagement = await stage.only()
    assert engagement.trouble == "link:not_in_channel"
    assert not engagement.kept
    await stage.slack.invites("ada", bot, channel)
    await stage.settled()
    engagement = await stage.only()
    assert (engagement.trouble, engagement.connection) == ("", "connected")
    assert engagement.kept
    assert "Hello Gus." in stage.texts(channel, "gus")
    ack = await stage.slack.command("/engagement link", by="ada", channel=channel)
    assert "belongs to the engagement" in str(ack.text)


async def test_a_staff_channel_that_others_can_read_is_left_alone(stage: Stage) -> None:
    await begin(stage)
    await stage.slack.invites("ada", "vera", "#northwind-internal")
    await stage.settled()
    assert (await stage.only()).exposed_at is not None
    before = len(stage.slack.messages("#northwind-internal", "ada"))
    await connect(stage)
    assert len(stage.slack.messages("#northwind-internal", "ada")) == before
    with_bot = next(one for one in stage.slack.snapshot("ada")["channels"] if one["is_im"])
    outcome = await stage.slack.press("It is private again", by="ada", channel=with_bot["id"])
    assert "Vera Guest can still read" in str(outcome.modal)
    await stage.slack.removes("ada", "vera", "#northwind-internal")
    await stage.settled()
    await stage.slack.close("ada")
    await stage.slack.press("It is private again", by="ada", channel=with_bot["id"])
    await stage.settled()
    assert (await stage.only()).exposed_at is None
    assert "is connected" in stage.texts("#northwind-internal")


async def test_staff_run_it_by_commands_in_either_channel(stage: Stage) -> None:
    await begin(stage)
    await connect(stage)
    here = "#northwind-internal"
    assert "Northwind × Studio Ada" in str(await stage.slack.command("/engagement", by="ada", channel=here))
    assert "Northwind" in str(await stage.slack.command("/engagement list mine", by="ada", channel="#general"))
    assert "None is quiet." in str(await stage.slack.command("/engagement list quiet", by="ada", channel=here))
    assert "I can list" in str(await stage.slack.command("/engagement list loud", by="ada", channel=here))
    await stage.slack.command("/engagement money", by="ada", channel=here)
    assert "2 people read this channel, 1 from other companies." in str(stage.slack.view("ada"))
    assert (await stage.slack.submit(None, by="ada")).ok
    await stage.settled()
    assert (await stage.only()).show_amounts
    await stage.slack.close("ada")
    await stage.slack.command("/engagement people", by="ada", channel=here)
    assert (await stage.slack.submit({"Owner, on our side": "Ben Okafor"}, by="ada")).ok
    await stage.slack.command("/engagement pause +2w", by="ada", channel=here)
    assert (await stage.slack.submit(None, by="ada")).ok
    await stage.settled()
    assert (await stage.only()).status == "paused"
    assert "We are pausing until" in stage.texts("#northwind", "clara")
    await stage.slack.close("ada")
    await stage.slack.command("/engagement resume", by="ada", channel=here)
    await stage.slack.command("/engagement close", by="ada", channel="#northwind")
    assert (await stage.slack.submit(None, by="ada")).ok
    await stage.settled()
    engagement = await stage.only_any()
    assert (engagement.status, engagement.stage) == ("closed", "cancelled")
    assert "has ended" in stage.texts("#northwind", "clara")
    await stage.slack.close("ada")
    await stage.slack.command("/engagement history", by="ada", channel=here)
    assert "Ada closed the engagement" in str(stage.slack.view("ada"))


async def test_a_disconnected_client_comes_back(stage: Stage) -> None:
    await begin(stage)
    await connect(stage)
    await stage.slack.disconnects("#northwind", "Northwind")
    await stage.settled()
    engagement = await stage.only()
    assert engagement.connection == "disconnected"
    async with stage.app.db.transaction(engagement.organization_id) as session:
        assert (await engagements.audience(session, engagement)).outsiders == 0
    assert "no longer connected" in stage.texts("#northwind-internal")
    await stage.slack.press("Send it again", by="ada", channel="#northwind-internal")
    await stage.settled()
    await connect(stage)
    assert (await stage.only()).connection == "connected"


async def test_the_days_on_the_cards_go_on_by_themselves(stage: Stage) -> None:
    await begin(stage)
    clock.move(3 * 86_400 + 60)
    await stage.settled()
    assert "Invited 3 days ago; waiting for Clara to accept." in stage.texts("#northwind-internal")


async def test_a_change_of_name_is_learned_and_an_uninstalled_app_is_silent(stage: Stage) -> None:
    engagement = await begin(stage)
    await stage.slack.changes_profile("ben", real_name="Benjamin Okafor")
    await stage.settled()
    ben = next(key for key, one in stage.slack.snapshot("ada")["people"].items() if one["name"] == "ben")
    async with stage.app.db.transaction(engagement.organization_id) as session:
        known = await people.identity(session, ben)
        assert known is not None
        assert known.name == "Benjamin Okafor"
    await stage.slack.uninstalls()
    await stage.settled()
    with pytest.raises(Permanent):
        await stage.app.tenants.of(engagement.organization_id)
