"""What becomes of an engagement when the app, the client's workspace or the privacy of its channels goes."""

from sqlalchemy import select

from bot.app import day_one
from core import people
from core.people import Installation
from tests.stories.scene import CLIENT, STAFF, Scene


async def test_after_the_token_is_revoked_nothing_breaks_and_presses_say_what_to_do(scene: Scene) -> None:
    posted = len(scene.cards(""))
    scene.slack.world.installation.revoked = True  # before anything tells us of it
    assert (await scene.slack.press("Open my page", by="clara", channel=CLIENT)).ok
    assert "not set up in this workspace now" in scene.whispers("clara")
    await scene.slack.command("/conversation start Who writes the texts?", by="ada", channel=STAFF)
    scene.slack.world.installation.revoked = False
    await scene.slack.uninstalls()
    await scene.slack.uninstalls()
    await scene.calm()
    async with scene.here.app.db.platform() as session:
        assert (await session.execute(select(Installation.revoked_at))).scalar_one() is not None
    ack = await scene.slack.command("/conversation", by="ada", channel=STAFF)
    assert "not set up in this workspace now" in ack.text
    outcome = await scene.slack.press("Open my page", by="clara", channel=CLIENT)
    assert outcome.ok and scene.whispers("clara").count("not set up in this workspace now") == 2
    assert len(scene.cards("")) == posted, "nothing is posted"
    await scene.slack.reinstalls()
    await day_one(scene.here.app)
    await scene.press("Open my page", "clara", CLIENT)
    assert "/portal/" in scene.modal("clara"), "put back, it goes on where it was"
    await scene.slack.command("/conversation start And the photos?", by="ada", channel=STAFF)
    await scene.calm()
    assert len(scene.cards("would like to talk about “And the photos?”")) == 1


async def test_when_the_client_is_disconnected_its_channel_hears_nothing_more(scene: Scene) -> None:
    await scene.slack.disconnects(CLIENT, "Northwind")
    await scene.calm()
    async with scene.database() as (session, actor):
        assert (await scene.engagement(session, actor)).connection == "disconnected"
    assert "longer connected to the client channel" in scene.seen(STAFF, "ada"), "staff are told"
    posted = len(scene.cards(""))
    await scene.slack.command("/conversation start Who writes the texts?", by="ada", channel=STAFF)
    await scene.calm()
    assert len(scene.cards("")) == posted
    assert await scene.buried() == []


async def test_a_staff_channel_that_outsiders_can_read_hears_nothing_more_and_the_owner_is_told(scene: Scene) -> None:
    await scene.slack.invites("ada", "vera", STAFF)
    await scene.calm()
    posted = len(scene.cards("", STAFF))
    await scene.slack.says("Could we start with the blog?", by="clara", channel=CLIENT)
    await scene.slack.says("@throughline status", by="ada", channel=CLIENT)
    await scene.calm()
    assert len(scene.cards("", STAFF)) == posted
    direct = await scene.slack.opens_dm("ada", "throughline")
    assert "Throughline posts nothing there" in scene.seen(direct, "ada")
    assert "Could we start" not in scene.words(one for one in scene.slack.messages(STAFF, "vera") if one.get("bot_id"))
    async with scene.database() as (session, _):
        vera = await people.identity(session, scene.id("vera"))
        assert vera is None or vera.kind == "guest"


async def test_a_channel_that_we_were_taken_out_of_or_that_is_archived_stops_nothing_else(scene: Scene) -> None:
    await scene.slack.removes("ada", "throughline", CLIENT)
    await scene.calm()
    await scene.slack.command("/conversation start Who writes the texts?", by="ada", channel=STAFF)
    await scene.calm()
    await scene.slack.invites("ada", "throughline", CLIENT)
    await scene.calm()
    await scene.slack.says("I am back", by="clara", channel=CLIENT)
    await scene.calm()
    assert "I am back" in [message.text for message in await scene.kept()]
    assert "I am back" in scene.pinned()
    await scene.slack.archives("ada", CLIENT)
    await scene.calm()
    await scene.slack.unarchives("ada", CLIENT)
    await scene.calm()
    await scene.slack.says("And again", by="clara", channel=CLIENT)
    await scene.calm()
    assert "And again" in [message.text for message in await scene.kept()]
