"""Clara leaves Northwind: her page closes, Ada hears what rested on her, names Dana, and makes a new version."""

from bot.app import day_one
from core import engagements, proposals
from tests.stories.scene import CLIENT, STAFF, Scene

DRAFT = {"Title": "Website", "Items": "SEO audit, 2 × 900"}


async def offered(scene: Scene) -> None:
    """Ada has sent Clara a proposal."""
    await scene.slack.command("/proposal new", by="ada", channel=STAFF)
    assert (await scene.slack.submit(DRAFT, by="ada")).ok
    assert (await scene.slack.submit(None, by="ada")).ok
    await scene.shut("ada")
    await scene.calm()


async def test_a_contact_leaves_and_somebody_else_is_named(scene: Scene) -> None:
    await scene.slack.says("Could we start with the blog?", by="clara", channel=CLIENT)
    await offered(scene)
    await scene.slack.invites("clara", "dana", CLIENT)
    await scene.calm()
    assert (await scene.press("Say who it is", "ada", STAFF)).ok
    named = {"Somebody new: name": "Dana Flores", "Their e-mail": "dana@northwind.example"}
    assert (await scene.slack.submit(named, by="ada")).ok
    await scene.calm()
    await scene.press("Open my page", "clara", CLIENT)
    assert "/portal/" in scene.modal("clara")
    await scene.shut("clara")

    await scene.slack.deactivates("clara")
    await scene.calm()
    [card] = scene.cards("Clara Chen (Northwind) has left: their Slack account was closed.", STAFF)
    told = scene.words([card])
    assert "Main contact" in told and "“Website”, which is sent and frozen" in told
    await scene.slack.command("/proposal remind", by="ada", channel=STAFF)
    assert "Clara has left" in scene.seen(STAFF, "ada") + scene.modal("ada")

    await scene.press("Name someone else", "ada", STAFF)
    outcome = await scene.slack.submit({"Main contact": "Dana Flores · dana@northwind.example"}, by="ada")
    assert outcome.ok, outcome.errors
    await scene.calm()
    [card] = scene.cards("Clara Chen (Northwind) has left", STAFF)
    assert "Main contact" not in scene.words([card]), "the card says what rests on her still"
    await scene.press("New version", "ada", STAFF)
    assert "Dana Flores" in scene.modal("ada")
    for page in ("the form", "the preview"):
        assert (await scene.slack.submit(None, by="ada")).ok, page
    await scene.shut("ada")
    await scene.calm()
    async with scene.database() as (session, actor):
        [(offered_id, _)] = await proposals.candidates(session, actor)
        version = (await proposals.latest(session, [offered_id]))[offered_id]
        assert (version.number, [each.name for each in proposals.parse(version.body).signers]) == (2, ["Dana Flores"])
        engagement = await scene.engagement(session, actor)
        who = await engagements.people_of(session, engagement.id)
        assert (who.contact.name, who.billing.name) == ("Dana Flores", "Dana Flores")
    assert "Could we start with the blog?" in [message.text for message in await scene.kept()], "what she said stays"
    assert await scene.buried() == []


async def test_cards_that_a_revoked_token_kept_back_are_shown_once_it_works_again(scene: Scene) -> None:
    scene.slack.world.installation.revoked = True
    await scene.slack.command("/conversation start Who writes the texts?", by="ada", channel=STAFF)
    await scene.calm()
    assert any(each.startswith("post.show") for each in await scene.buried())
    assert not scene.cards("Who writes the texts?")
    scene.slack.world.installation.revoked = False
    await day_one(scene.here.app)
    await scene.calm()
    assert scene.cards("Who writes the texts?"), "nobody had to run doctor"
    assert await scene.buried() == []
