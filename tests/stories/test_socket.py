"""The opening of the story over Socket Mode: the same deliveries through a websocket, which may break at any moment."""

from pathlib import Path

from sqlalchemy import func, select

from bot.demo import town
from bot.demo.story import CHAPTERS
from core.conversations import Message
from core.inbox import Delivery
from tests.stories.scene import CLIENT, STAFF, Scene


async def test_the_opening_over_a_websocket_that_breaks_loses_nothing(dsn: str, moved_clock: Path) -> None:
    async with town(dsn, socket_mode=True, hurry=True) as here:
        scene = Scene(here, lambda line: None)
        slack = scene.slack
        slack.delivery.retry_after = (0.05, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
        await slack.until(lambda: slack.sockets.connections)
        await scene.settled()
        await CHAPTERS[0](scene)
        first = await slack.says("Could we start with the blog?", by="clara", channel=CLIENT)
        slack.faults.drop_sockets()
        await slack.says("It need not be today.", by="clara", channel=CLIENT)
        await slack.edits(first, "Could we start with the blog, please?", by="clara", channel=CLIENT)
        await slack.until(lambda: slack.sockets.connections, timeout=20)
        await scene.calm()
        assert [message.text for message in await scene.kept()] == [
            "Could we start with the blog, please?",
            "It need not be today.",
        ]
        assert (await scene.press("Open my page", "clara", CLIENT)).ok
        assert "/portal/" in scene.modal("clara")
        await slack.sockets.refresh()
        await slack.until(lambda: slack.sockets.connections, timeout=20)
        await slack.command("/conversation start Who writes the texts?", by="ada", channel=STAFF)
        await scene.calm()
        assert len(scene.cards("would like to talk about “Who writes the texts?”")) == 1
        async with here.app.db.platform() as session:
            total, ids = (
                await session.execute(select(func.count(), func.count(Delivery.external_id.distinct())))
            ).one()
        assert total == ids > 0
        async with scene.database() as (tenant, _):
            refs = select(func.count(), func.count(Message.source_ref.distinct()))
            total, distinct = (await tenant.execute(refs)).one()
        assert total == distinct
