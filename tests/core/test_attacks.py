"""What others might try, and bad luck: words that are built to stall us, presses that cross, errors that quote, rights that outlive."""

import asyncio
import re
import time
import uuid
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text

from bot import logs
from bot.blocks.engagements import history
from bot.blocks.engagements.history import Happened
from core import access, clock, conversations, db, engagements, events, house, inbox, invoices, people, posts, proposals
from core.conversations import Conversation, Message, Said
from core.conversations.turning import is_thanks, topic_of
from core.db import Database, Session
from core.errors import Conflict, Invalid, NotAllowed
from core.invoices import Standing
from core.jobs import Job
from core.money import Money
from core.people import Actor, Profile, Role, User
from core.proposals import Answer
from tests.builders import TEAM, House
from tests.core.test_proposals import a_draft, a_sent
from tests.core.test_signatures import offered, refused


@pytest.mark.parametrize(
    "words", [":+" * 34 + "x", ":+:" * 5_000 + "x", "ok " * 9_000 + "x", "<" * 30_000, ": " * 9_000 + "x"]
)
def test_no_words_of_a_clients_keep_the_worker_busy(words: str) -> None:
    begun = time.perf_counter()
    is_thanks(words)
    topic_of(words)
    assert time.perf_counter() - begun < 1


def test_emoji_alone_are_thanks_and_emoji_with_words_are_not() -> None:
    assert [is_thanks(words) for words in (":+1:", "👍🏽 :tada:", ":)", ":tada: but when?", "3")] == [
        True,
        True,
        True,
        False,
        False,
    ]


async def test_a_message_and_a_press_that_cross_wait_for_each_other_in_one_order(
    database: Database, ada_house: House
) -> None:
    """The worker applies a message and then something about the channel, while somebody presses a button."""
    here = ada_house.engagement.id

    async def pressing(session: Session) -> Conversation:
        return await conversations.start(session, ada_house.ada, engagement_id=here, topic="From a form")

    async with database.transaction(ada_house.id) as session:
        said = Said(
            channel=str(ada_house.engagement.channel_id), ts="1800000000.000100", author_ref="U0CLARA", text="Hello"
        )
        await conversations.say(session, ada_house.engagement, "client", said)
        press = asyncio.create_task(database.attempt(ada_house.id, pressing))
        await asyncio.sleep(0.3)
        assert not press.done()
        begun = time.perf_counter()
        await engagements.locked(session, here)
        assert time.perf_counter() - begun < 0.4, "a deadlock, which Postgres ends after a second"
    assert (await press).topic == "From a form"
    async with database.transaction(ada_house.id) as session:
        assert len(await events.history(session, here)) == 2


async def test_errors_of_the_database_quote_nothing_that_people_wrote(session: Session, ada_house: House) -> None:
    clara = (await session.execute(select(User).where(User.id == ada_house.clara.user_id))).scalar_one()
    twice = User(
        organization_id=clara.organization_id, side="client", role_id=clara.role_id, name="A secret", email=clara.email
    )
    with pytest.raises(db.Clash) as clash:
        async with session.begin_nested():
            session.add(twice)
            await session.flush()
    with pytest.raises(db.Refused) as wrong:
        async with session.begin_nested():
            await session.execute(text("SELECT CAST(:words AS uuid)"), {"words": "clara@northwind.example"})
    for error in (clash.value, wrong.value):
        assert "secret" not in str(error)
        kept, shown = inbox.describe(error), logs.redacted(None, "", {"exception": f"{error}"})["exception"]
        for words in (kept, shown):
            assert "clara@northwind.example" not in words
    assert "uq_users_email" in inbox.describe(clash.value)


def test_a_discarded_draft_is_no_news_for_clients() -> None:
    at = clock.now()
    told = [
        Happened(at, "Ada", kind, {"reached": reached})
        for kind in ("proposal.withdrawn", "invoice.voided")
        for reached in ("True", "False")
    ]
    for client, count in ((True, 2), (False, 4)):
        shown = str(history.window("Northwind", told, client=client))
        assert len(re.findall("withdrew|voided", shown)) == count


async def test_what_was_taken_back_says_whether_the_client_had_seen_it(session: Session, ada_house: House) -> None:
    draft, sent = await a_draft(session, ada_house), await a_sent(session, ada_house)
    await proposals.withdraw(session, ada_house.ada, draft.id)
    await proposals.withdraw(session, ada_house.ada, sent.id, reason="Another comes")
    found = [
        event for event in await events.history(session, ada_house.engagement.id) if event.kind == "proposal.withdrawn"
    ]
    assert {event.subject_id: event.facts["reached"] for event in found} == {draft.id: False, sent.id: True}
    bill = await _bill(session, ada_house.ada, ada_house)
    await invoices.void(session, ada_house.ada, bill.id, "Not needed")
    assert (await events.history(session, ada_house.engagement.id))[0].facts["reached"] is False


async def _bill(session: Session, actor: Actor, here: House, *, key: uuid.UUID | None = None) -> invoices.Invoice:
    assert here.clara.user_id
    return await invoices.new(
        session,
        actor,
        engagement_id=here.engagement.id,
        title="Extra work",
        client_id=here.clara.user_id,
        lines=[("Hours", 2, Money(15_000, "USD"))],
        invoice_id=key,
    )


def _member(guest: bool) -> Profile:
    return Profile("U0BEN", TEAM, "Ben Okafor", email="ben@studioada.example", guest=guest)


async def test_a_member_who_is_made_a_guest_is_nobody_until_staff_say(session: Session, ada_house: House) -> None:
    await people.meet(session, _member(guest=False), home_team_id=TEAM)
    assert (await people.recognise(session, "U0BEN")).side == "staff"
    await people.meet(session, _member(guest=True), home_team_id=TEAM)
    assert (await people.recognise(session, "U0BEN")).side == "stranger"
    assert ada_house.ben.user_id not in {user.id for user in await people.staff(session)}
    await house.welcome(session, ada_house.ada, "U0BEN", "Member")
    again = await people.recognise(session, "U0BEN")
    assert (again.side, again.user_id) == ("staff", ada_house.ben.user_id)
    await people.meet(session, _member(guest=True), home_team_id=TEAM)
    assert (await people.recognise(session, "U0BEN")).side == "staff"


async def test_nothing_is_signed_in_an_engagement_that_has_ended(session: Session, ada_house: House) -> None:
    proposal, version = await offered(session, ada_house)
    await engagements.close(session, ada_house.ada, ada_house.engagement.id)
    assert "has ended" in (await refused(session, ada_house.clara, version, Conflict)).sentence
    with pytest.raises(Conflict):
        await proposals.remind(session, ada_house.ada, proposal.id)
    await engagements.resume(session, ada_house.ada, ada_house.engagement.id)
    await proposals.demand_open(session, proposal)


async def test_an_invoice_by_hand_needs_the_right_to_move_money_there(session: Session, ada_house: House) -> None:
    role = (await session.execute(select(Role).where(Role.name == "Member"))).scalar_one()
    role.permissions = {**role.permissions, "invoice_management": people.OWN}
    cara = User(
        organization_id=ada_house.id, side="staff", role_id=role.id, name="Cara New", email="cara@studioada.example"
    )
    session.add(cara)
    await session.flush()
    with pytest.raises(NotAllowed):
        await _bill(session, await people.actor_of(session, cara), ada_house)


async def test_a_form_that_arrives_twice_at_once_makes_one_invoice(database: Database, ada_house: House) -> None:
    key = uuid.uuid4()
    made = await asyncio.gather(
        *(
            database.attempt(ada_house.id, lambda session: _bill(session, ada_house.ada, ada_house, key=key))
            for _ in range(3)
        )
    )
    assert {invoice.id for invoice in made} == {key}


async def test_a_form_that_arrives_twice_at_once_opens_one_engagement(database: Database, ada_house: House) -> None:
    key = uuid.uuid4()

    async def opening(session: Session) -> engagements.Engagement:
        return await engagements.open(
            session, ada_house.ada, company="Initech", contact="Ida Berg", email="ida@initech.example", key=key
        )

    made = await asyncio.gather(*(database.attempt(ada_house.id, opening) for _ in range(3)))
    assert {engagement.id for engagement in made} == {key}


@pytest.mark.parametrize("typed", ["\n".join(["Work 99999 x 99,999,999,999.99"] * 50)])
def test_no_sum_is_larger_than_what_we_can_keep(typed: str) -> None:
    with pytest.raises(Invalid):
        invoices.lines_from(typed, "USD")


async def test_no_day_is_so_far_away_that_the_calendar_ends(session: Session, ada_house: House) -> None:
    far = date(9999, 12, 31)
    with pytest.raises(Invalid):
        await a_draft(session, ada_house, valid_until=far)
    bill = await _bill(session, ada_house.ada, ada_house)
    with pytest.raises(Invalid):
        await invoices.send(session, ada_house.ada, bill.id, far)
    await invoices.send(session, ada_house.ada, bill.id, clock.now().date() + timedelta(days=700))


async def test_the_same_wish_twice_is_told_once(session: Session, ada_house: House) -> None:
    sent = await a_sent(session, ada_house)
    first = await proposals.request_changes(session, ada_house.clara, sent.id, words="Two phases, please")
    again = await proposals.request_changes(session, ada_house.clara, sent.id, words=" Two phases, please ")
    other = await proposals.request_changes(session, ada_house.clara, sent.id, words="Or three")
    assert first.id == again.id != other.id
    assert len((await session.execute(select(Answer))).scalars().all()) == 2


async def test_a_note_is_no_clients_to_read(session: Session, ada_house: House) -> None:
    begun = await conversations.start(session, ada_house.clara, engagement_id=ada_house.engagement.id, topic="Launch")
    await conversations.note(session, ada_house.ada, begun.id, "They are late with the money")
    seen = access.visible(ada_house.clara, access.Can.CONVERSATION_SEE, Message)
    assert (await session.execute(seen)).scalars().all() == []
    assert (await conversations.messages(session, ada_house.ada, begun.id))[0].staff_only


async def test_something_answered_once_in_a_place_is_known_for_good(session: Session, ada_house: House) -> None:
    for place, key, first in (("C1", "1.0", True), ("C1", "1.0", False), ("C2", "1.0", True), ("C1", "2.0", True)):
        assert await posts.once(session, subject="mention", key=key, place=place) is first


async def test_what_was_voided_on_its_way_is_closed_where_it_arrived(session: Session, ada_house: House) -> None:
    draft = await invoices.draft(
        session,
        ada_house.ada,
        engagement_id=ada_house.engagement.id,
        company_id=ada_house.company.id,
        client_id=ada_house.clara.user_id or uuid.uuid4(),
        order_id=None,
        title="Audit",
        lines=[(None, "Audit", 1, Money(90_000, "USD"))],
    )
    sent = await invoices.send(session, ada_house.ada, draft.id, clock.now().date() + timedelta(days=14))
    await invoices.refused(session, people.system(ada_house.id), sent.id, "No.")
    await invoices.void(session, ada_house.ada, sent.id, "A mistake")
    arrived = Standing(ref="in_1", status="open", total=Money(90_000, "USD"), arrivals=())
    invoice = await invoices.settle(session, people.system(ada_house.id), sent.id, arrived)
    closing = (await session.execute(select(Job).where(Job.kind == "invoice.close"))).scalar_one()
    assert (invoice.status, closing.payload["processor_ref"], closing.payload["how"]) == ("void", "in_1", "void")
