"""What is said at the moment of sending: owners are told once, who left meanwhile gets no mail, unknown writers are asked about."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select, update

from bot.worker import connect, notices, show
from core import contacts, conversations, engagements, people
from core.conversations import Said
from core.events import Event
from core.jobs import Claimed
from core.people import Identity, Role, User
from tests.bot.test_show import Shop
from tests.bot.test_show import shop as shop


def job(shop: Shop, name: str, **payload: Any) -> Claimed:
    return Claimed(7, shop.house.id, name, "lane", name, payload, 1, 0)


async def test_owners_hear_once_of_what_could_not_be_done(shop: Shop) -> None:
    ids = {handle: shop.stage.slack.person(handle).id for handle in ("ada", "ben")}
    async with shop.works.db.transaction(shop.house.id) as session:
        owner = (await session.execute(select(Role.id).where(Role.name == "Owner"))).scalar_one()
        await session.execute(update(User).where(User.id == shop.house.ben.user_id).values(role_id=owner))
        for handle, account in ids.items():
            known = update(Identity).where(Identity.slack_user_id == f"U0{handle.upper()}")
            await session.execute(known.values(slack_user_id=account))
    told = job(shop, "operator.notice", job=3, kind="post.show", error="It did not go.")
    for _ in range(2):
        await notices.notice(shop.works, told)
    for handle in ids:
        direct = await shop.stage.slack.opens_dm(handle, "throughline")
        assert len([one for one in shop.stage.slack.messages(direct, handle) if "It did not go." in str(one)]) == 1


class Post:
    """A mail server that takes everything."""

    domain = "studioada.example"

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, to: str, *_: object, **__: object) -> None:
        self.sent.append(to)


async def test_who_left_after_it_was_announced_gets_no_mail(shop: Shop) -> None:
    server: Any = Post()
    works = replace(shop.works, mail=server)
    event, clara = await shop.event(), shop.house.clara.user_id
    letter = job(shop, "mail.show", card="test.card", place=f"mail:{clara}", subject=str(shop.subject), event=event)
    async with shop.works.db.transaction(shop.house.id) as session:
        await contacts.leave(session, shop.house.ada, str(clara))
    await show.mail(works, letter)
    assert server.sent == []
    async with shop.works.db.transaction(shop.house.id) as session:
        await contacts.come_back(session, shop.house.ada, str(clara))
    await show.mail(works, letter)
    assert server.sent == ["clara@northwind.example"]


async def test_staff_are_asked_who_somebody_is_that_writes_and_was_never_heard_to_come_in(shop: Shop) -> None:
    await shop.stage.shared("elsewhere")  # so that Slack lets us know of Northwind's people
    dana = shop.stage.slack.person("dana").id
    async with shop.works.db.transaction(shop.house.id) as session:
        engagement = await engagements.by_id(session, shop.house.engagement.id)
        said = Said(channel=shop.channel, ts="1700000000.000100", author_ref=dana, text="Hello, I am new here")
        await conversations.say(session, engagement, "client", said)
    wrote = {"engagement": str(shop.house.engagement.id), "place": "client", "event_ts": "1700000000.000100"}
    for _ in range(2):
        await connect.meet(shop.works, job(shop, "person.meet", user=dana, wrote=shop.channel, **wrote))
    async with shop.works.db.transaction(shop.house.id) as session:
        known = await people.identity(session, dana)
        assert known is not None and known.user_id is None and known.name == "Dana Flores"
        assert (await people.recognise(session, dana)).side == "stranger"
        asked = select(Event.id).where(Event.kind == "person.joined", Event.subject_id == known.id)
        assert len((await session.execute(asked)).all()) == 1
