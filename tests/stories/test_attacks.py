"""What a client could write to stop the world, and what the world does instead."""

import asyncio

from tests.stories.scene import CLIENT, Scene


async def test_a_message_that_is_built_to_stall_us_stalls_nothing(scene: Scene) -> None:
    async with asyncio.timeout(30):
        await scene.slack.says(":+" * 40 + "x", by="clara", channel=CLIENT)
        await scene.slack.says("Is anybody there?", by="clara", channel=CLIENT)
        await scene.calm()
    assert [message.text for message in await scene.kept()][-1] == "Is anybody there?"


async def test_what_a_client_writes_acts_in_no_card(scene: Scene) -> None:
    """Slack escapes what people type; a name or a topic that reaches a card is escaped by us."""
    await scene.slack.command(
        "/conversation start <!channel> *<https://evil.example|Pay here>*", by="ada", channel=CLIENT
    )
    await scene.calm()
    shown = scene.words(scene.cards("evil.example"))
    assert "<!channel>" not in shown
    assert "<https://evil.example|" not in shown
