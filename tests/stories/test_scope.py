"""A client asks for a quote, gets a second version of it, signs; their next message becomes a change of scope."""

from core import proposals
from tests.stories.scene import CLIENT, STAFF, Scene

NAMED = {"Full name": "Clara Chen"}


async def sends(scene: Scene, **values: object) -> None:
    """Ada fills the form that is open in, and sends what its preview shows."""
    outcome = await scene.slack.submit(values, by="ada")
    assert outcome.ok, outcome.errors
    outcome = await scene.slack.submit(None, by="ada")
    assert outcome.ok, outcome.errors
    await scene.shut("ada")
    await scene.settled()


async def signs(scene: Scene) -> None:
    """Clara signs what the newest card that can be signed is about."""
    await scene.press("Review and sign", by="clara", channel=CLIENT)
    await scene.opened("clara")
    view = scene.slack.view("clara")
    assert view is not None
    ticks = [
        block["label"]["text"]
        for block in view["blocks"]
        if block["type"] == "input" and block["element"]["type"] == "checkboxes" and not block.get("optional")
    ]
    outcome = await scene.slack.submit({**NAMED, **dict.fromkeys(ticks, True)}, by="clara")
    assert outcome.ok, outcome.errors
    await scene.shut("clara")
    await scene.settled()


async def test_a_quote_a_second_version_and_a_change_of_scope(scene: Scene) -> None:
    slack = scene.slack
    await scene.press("Ask for a quote", by="clara", channel=CLIENT)
    outcome = await slack.submit(
        {"What do you need?": "A landing page, please.", "By when?": "mid December"}, by="clara"
    )
    assert outcome.ok, outcome.errors
    assert "Passed to Ada. The proposal comes here." in scene.modal("clara")
    await scene.shut("clara")
    await scene.settled()
    (draft,) = scene.cards("A quote to write", STAFF)
    assert "A landing page, please.\nBy when: mid December" in scene.words([draft])
    assert not scene.cards("A quote to write", CLIENT), "the draft is ours alone"
    assert "quote “A landing page, please”" in scene.pinned(CLIENT), "they see that it waits on Ada"

    await scene.press("Write the quote", by="ada", channel=STAFF)
    assert "Clara asked for: “A landing page, please." in await scene.opened("ada")
    await sends(scene, Title="Landing page", Items="Landing page, 1 × 4,000")
    (first,) = scene.cards("sent a proposal: Landing page", CLIENT)

    await scene.press("New version", by="ada", channel=STAFF)
    await scene.opened("ada")
    await sends(scene, Items="Landing page, 1 × 4,000\nForms, 1 × 500 (optional)")
    shown = {one["ts"]: scene.words([one]) for one in scene.cards("Landing page", CLIENT)}
    assert "Version 1. Version 2 took its place" in shown[first["ts"]]
    assert "See the new one" in shown[first["ts"]] and "Review and sign" not in shown[first["ts"]]
    (second,) = [text for ts, text in shown.items() if "sent version 2 of Landing page" in text]
    assert "Forms · optional" in second and "$" not in second

    await scene.press("See the new one", by="clara", channel=CLIENT)
    assert "Forms" in await scene.opened("clara")
    await scene.shut("clara")
    await signs(scene)
    assert scene.cards("Clara Chen signed on", CLIENT)
    ts = await slack.says("Could you add a shop?", by="clara", channel=CLIENT)
    await scene.settled()
    await slack.command("/proposal new", by="ada", channel=STAFF)
    assert "Is this more of the same work?" in await scene.opened("ada")
    await scene.shut("ada")
    await slack.command("/conversation take", by="ada", channel=STAFF)
    await scene.settled()
    await scene.press("Make it…", by="ada", channel=STAFF)
    assert "Which message asks for it?" in await scene.opened("ada")
    await scene.press("Change of scope", by="ada")
    await scene.opened("ada")
    await scene.shut("ada")
    (begun,) = scene.cards("Clara Chen wrote:", STAFF)
    assert "https://slack.com/archives/" in str(begun) and "Could you add a shop?" in scene.words([begun])
    await slack.shortcut("message.throughline", by="ada", channel=CLIENT, ts=ts)
    await scene.opened("ada")
    await scene.press("Change of scope", by="ada")
    assert "asked for: “Could you add a shop?”" in await scene.opened("ada"), "the same draft"
    await sends(scene, Title="A shop", Items="Shop, 1 × 2,500")
    (twin,) = scene.cards("A shop waits for Clara", STAFF)
    assert "Agreed so far $4,000 → *$6,500*" in scene.words([twin])
    (card,) = scene.cards("sent a change of scope: A shop", CLIENT)
    assert "This adds to what we agreed" in scene.words([card]) and "$" not in scene.words([card])
    await signs(scene)
    async with scene.database() as (session, actor):
        engagement = await scene.engagement(session, actor)
        assert engagement.stage == "processing"
        offers = await proposals.of_engagement(session, engagement.id)
        assert [(each.title, each.kind, each.status) for each in offers] == [
            ("A shop", "scope", "signed"),
            ("Landing page", "offer", "signed"),
        ]
    assert await scene.buried() == []
