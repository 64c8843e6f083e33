"""The send job against Slack's own answers: one card for one post, whatever became of the attempts before."""

import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import select, update

from bot import settings
from bot.blocks import kit
from bot.blocks.kit import Card
from bot.gateways.failures import Permanent, Temporary, Unknown
from bot.gateways.slack import Slack, own_post, post_id_of
from bot.tenants import Tenants
from bot.worker import show
from bot.worker.cards import CARDS, POSTED, Sight
from bot.worker.works import Works
from core import conversations, people, posts
from core.db import Database, Session
from core.engagements import Engagement
from core.events import Event
from core.jobs import Claimed
from core.people import Installation
from core.posts import Post
from tests.bot.sandbox_bot import Stage, staged
from tests.builders import TEAM, House

Json = dict[str, Any]


@dataclass
class Shop:
    """A worker's hands, a channel of an engagement, and a card whose words the test chooses."""

    works: Works
    stage: Stage
    house: House
    channel: str
    words: str | None = "Hello"
    told: list[str] = field(default_factory=list)
    subject: uuid.UUID = field(default_factory=uuid.uuid4)

    async def show(self, **more: object) -> None:
        """Run the job once, as the runner does."""
        payload = {"card": "test.card", "place": self.channel, "subject": str(self.subject), **more}
        await show.show(
            self.works, Claimed(1, self.house.id, "post.show", f"slack:{self.channel}", "post.show", payload, 1, 0)
        )

    async def post(self, purpose: str = "test.card") -> Post:
        async with self.works.db.transaction(self.house.id) as session:
            return (await session.execute(select(Post).where(Post.purpose == purpose))).scalar_one()

    async def event(self) -> str:
        """The id of something that happened in the engagement."""
        async with self.works.db.transaction(self.house.id) as session:
            talk = await conversations.start(
                session, self.house.ada, engagement_id=self.house.engagement.id, topic="Logo"
            )
            return str((await session.execute(select(Event.id).where(Event.subject_id == talk.id))).scalar_one())

    async def set(self, **values: object) -> None:
        async with self.works.db.transaction(self.house.id) as session:
            await session.execute(update(Post).values(**values))

    def standing(self) -> list[Json]:
        return [
            one
            for one in self.stage.slack.messages(self.channel, "ada")
            if one.get("bot_id") and not one.get("subtype")
        ]

    def calls(self, method: str) -> int:
        return [name for name, _ in self.stage.slack.calls].count(method)


@pytest.fixture
async def shop(database: Database, ada_house: House) -> AsyncIterator[Shop]:
    async with staged() as stage:
        channel = await stage.channel()
        async with database.transaction(ada_house.id) as session:
            await session.execute(
                update(Engagement).where(Engagement.id == ada_house.engagement.id).values(channel_id=channel)
            )
        slack = Slack(api_url=f"{stage.url}/slack/api/")
        tenants = Tenants(database, "only for tests")
        installed = Installation(
            organization_id=ada_house.id,
            team_id=TEAM,
            bot_user_id="U0BOT",
            bot_id=stage.slack.world.installation.bot_id,
            team_name="Studio Ada",
        )
        await tenants.install(installed, "xoxb-sandbox-bot-token")
        shop = Shop(Works(database, slack, None, None, tenants, settings.read()), stage, ada_house, channel)
        for _ in _registered(shop):
            yield shop
        await slack.close()


def _registered(shop: Shop) -> Iterator[None]:
    """The card, for as long as the test runs."""

    async def render(_: Sight) -> Card | None:
        return Card(shop.words, [kit.section(shop.words)]) if shop.words else None

    async def tell(_: Session, post: Post) -> None:
        shop.told.append(post.reference or "")

    CARDS["test.card"], POSTED["test.card"] = render, tell
    try:
        yield
    finally:
        del CARDS["test.card"], POSTED["test.card"]


async def test_it_is_posted_once_then_updated_only_when_it_shows_something_else(shop: Shop) -> None:
    await shop.show()
    await shop.show()
    assert (shop.calls("chat.postMessage"), shop.calls("chat.update")) == (1, 0)
    shop.words = "Hello again"
    await shop.show()
    [card] = shop.standing()
    assert card["text"] == "Hello again" and (await shop.post()).reference == card["ts"]
    assert (shop.calls("chat.postMessage"), shop.calls("chat.update")) == (1, 1)


async def test_nothing_to_show_leaves_what_stands(shop: Shop) -> None:
    await shop.show()
    shop.words = None
    await shop.show()
    assert [one["text"] for one in shop.standing()] == ["Hello"]


async def test_news_stands_anew_for_each_event_and_is_never_changed(shop: Shop) -> None:
    event = await shop.event()
    await shop.show(news=True, event=event)
    shop.words = "Said otherwise"
    await shop.show(news=True, event=event)
    assert [one["text"] for one in shop.standing()] == ["Hello"]


@pytest.mark.parametrize("after", [False, True])
async def test_a_lost_answer_is_looked_for(shop: Shop, after: bool) -> None:
    shop.stage.slack.faults.lose("chat.postMessage", after=after)
    with pytest.raises(Unknown):
        await shop.show()
    assert (await shop.post()).state == "unknown"
    shop.words = "Changed meanwhile"
    await shop.show()
    [card] = shop.standing()
    post = await shop.post()
    assert (post.state, post.reference, card["text"]) == ("sent", card["ts"], "Changed meanwhile")
    assert shop.told == [card["ts"]]


async def test_an_attempt_whose_worker_died_is_looked_for(shop: Shop) -> None:
    await shop.show()
    [before] = shop.standing()
    await shop.set(state="attempted", reference=None, shown="")
    await shop.show()
    [card] = shop.standing()
    assert card["ts"] == before["ts"] and (await shop.post()).reference == before["ts"]


async def test_an_echo_that_overtakes_the_lost_answer_settles_it(shop: Shop) -> None:
    await shop.show()
    [card] = shop.standing()
    await shop.set(state="attempted", reference=None, shown="")
    shop.stage.slack.faults.lose("chat.postMessage")
    async with shop.works.db.transaction(shop.house.id) as session:  # what the echo's applier does
        posts.sent((await session.execute(select(Post))).scalar_one(), card["ts"], "")
    await shop.show()
    assert [one["ts"] for one in shop.standing()] == [card["ts"]]
    assert (await shop.post()).shown, "what stands is known again"


async def test_an_answer_lost_after_the_echo_was_kept_is_no_error_of_ours(shop: Shop) -> None:
    """The echo settles the post while its answer is still on its way; then the answer is lost."""

    class Overtaken(Slack):
        async def post(self, *given: Any, **named: Any) -> str:
            ts = await super().post(*given, **named)
            async with shop.works.db.transaction(shop.house.id) as session:
                posts.sent((await session.execute(select(Post))).scalar_one(), ts, "")
            raise Unknown("slack", "connection_lost", "Slack's answer was lost.")

    calm, slack = shop.works, Overtaken(api_url=f"{shop.stage.url}/slack/api/")
    shop.works = replace(calm, slack=slack)
    with pytest.raises(Unknown):
        await shop.show()
    await slack.close()
    shop.works = calm
    await shop.show()
    [card] = shop.standing()
    post = await shop.post()
    assert (post.state, post.reference) == ("sent", card["ts"]) and shop.told == [card["ts"]]


async def test_what_was_refused_is_simply_tried_again(shop: Shop) -> None:
    shop.stage.slack.faults.rate_limit("chat.postMessage", retry_after=7)
    with pytest.raises(Temporary) as limited:
        await shop.show()
    assert limited.value.retry_after == 7 and (await shop.post()).state == "waiting"
    shop.stage.slack.faults.error("chat.postMessage", "restricted_action")
    with pytest.raises(Permanent):
        await shop.show()
    await shop.show()
    assert len(shop.standing()) == 1 and shop.calls("conversations.history") == 0


async def test_a_card_that_is_gone_is_followed_by_a_new_one_with_its_pin(shop: Shop) -> None:
    await shop.show(pin=True)
    [old] = shop.standing()
    await shop.stage.ok("chat.delete", channel=shop.channel, ts=old["ts"])
    shop.words = "Anew"
    with pytest.raises(Temporary):
        await shop.show(pin=True)
    await shop.show(pin=True)
    [new] = shop.standing()
    assert new["ts"] != old["ts"] and (await shop.post()).reference == new["ts"]
    assert [pin["ts"] for pin in shop.stage.slack.world.channels[shop.channel].pins] == [new["ts"]]


async def test_the_pin_follows_when_the_first_attempt_died_before_it(shop: Shop) -> None:
    shop.stage.slack.faults.server_error("pins.add")
    with pytest.raises(Temporary):
        await shop.show(pin=True)
    await shop.show(pin=True)
    await shop.show(pin=True)
    [card] = shop.standing()
    assert [pin["ts"] for pin in shop.stage.slack.world.channels[shop.channel].pins] == [card["ts"]]
    assert (shop.calls("chat.postMessage"), shop.calls("pins.add")) == (1, 1), (
        "the failed call does not count; the third show pins no more"
    )


async def test_news_whose_card_was_deleted_stands_by_itself(shop: Shop) -> None:
    await shop.show()
    [card] = shop.standing()
    first, second = await shop.event(), await shop.event()
    shop.words = "News"
    await shop.show(news=True, event=first, under="test.card")
    assert shop.standing()[0]["reply_count"] == 1, "news stands under its card"
    [reply] = shop.stage.slack.messages(shop.channel, "ada", card["ts"])[1:]
    for ts in (reply["ts"], card["ts"]):
        await shop.stage.ok("chat.delete", channel=shop.channel, ts=ts)
    await shop.show(news=True, event=second, under="test.card")
    assert [one["text"] for one in shop.standing()] == ["News"]
    assert (await shop.post(f"test.card:{second}")).state == "sent"


async def test_a_place_that_is_no_engagements_gets_nothing(shop: Shop) -> None:
    shop.channel = await shop.stage.channel("elsewhere")
    await shop.show()
    assert shop.standing() == []


def test_the_id_of_a_post_is_read_back_from_its_message() -> None:
    post_id = str(uuid.uuid4())
    assert post_id_of({"metadata": own_post(post_id)}) == post_id
    for odd in ({}, {"metadata": None}, {"metadata": {"event_type": "other", "event_payload": {"post_id": post_id}}}):
        assert post_id_of(odd) is None


async def test_where_clients_may_only_write_a_card_with_buttons_says_that_words_do(shop: Shop) -> None:
    async def buttons(_: Sight) -> Card | None:
        return Card("Sign?", [kit.section("Sign?"), kit.actions(kit.button("Review", "test.review", "x"))])

    async def said() -> str:
        await shop.show()
        return str(shop.standing()[-1]["blocks"])

    CARDS["test.card"] = buttons
    assert "Or write here" not in await said()
    async with shop.works.db.transaction(shop.house.id) as session:
        house = await people.organization(session, shop.house.id)
        house.settings = {**house.settings, "post_only_clients": True}
    assert "Or write here, in your own words" in await said() and len(shop.standing()) == 1
    assert show.or_write(Card("No button", [kit.section("No button")])).blocks == [kit.section("No button")]
