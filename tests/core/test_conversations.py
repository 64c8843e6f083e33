"""The record keeps every word, whatever the order in which it hears of them; conversations open, wait and settle."""

import itertools
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from core import clock, conversations, events, people
from core.conversations import Conversation, Message, Reaction, Revision, Said
from core.db import Session
from core.engagements import Engagement
from core.errors import Invalid, NotAllowed, NotFound
from core.jobs import Job
from core.people import Actor
from tests.builders import House


def said(text: str, ts: str = "1800000000.000100", by: str = "U0CLARA", **more: object) -> Said:
    return Said(channel="C0CLIENT", ts=ts, author_ref=by, text=text, **more)  # type: ignore[arg-type]


async def heard(session: Session, house: House, *sayings: Said, place: str = "client") -> list[Message]:
    return [await conversations.say(session, house.engagement, place, each) for each in sayings]  # type: ignore[arg-type]


async def one(session: Session, message: Message) -> Conversation:
    return (await session.execute(select(Conversation).where(Conversation.id == message.conversation_id))).scalar_one()


async def test_a_clients_message_opens_a_conversation_that_waits_on_us(session: Session, ada_house: House) -> None:
    [message] = await heard(session, ada_house, said("Could we move the launch to <http://x.example|Friday>?"))
    conversation = await one(session, message)
    assert (conversation.topic, conversation.status, message.side) == (
        "Could we move the launch to Friday?",
        "waiting_us",
        "client",
    )
    assert message.author_id == ada_house.clara.user_id
    assert [event.kind for event in await events.history(session, ada_house.engagement.id)] == ["conversation.opened"]


async def test_a_reply_in_its_thread_belongs_to_it_and_turns_the_wait(session: Session, ada_house: House) -> None:
    root, reply = await heard(
        session,
        ada_house,
        said("A question"),
        said("An answer", "1800000100.000000", "U0ADA", thread_ts="1800000000.000100"),
    )
    assert reply.conversation_id == root.conversation_id
    assert (await one(session, root)).status == "waiting_client"


async def test_two_messages_within_two_minutes_are_one_conversation(session: Session, ada_house: House) -> None:
    first, second, later, other = await heard(
        session,
        ada_house,
        said("One thing"),
        said("and another", "1800000060.000000"),
        said("Something else", "1800000999.000000"),
        said("I am Dana", "1800000061.000000", "U0DANA"),
    )
    assert first.conversation_id == second.conversation_id
    assert len({first.conversation_id, later.conversation_id, other.conversation_id}) == 3


async def test_a_thread_under_its_second_message_is_the_conversations_too(session: Session, ada_house: House) -> None:
    first, _ = await heard(session, ada_house, said("One thing"), said("and another", "1800000060.000000"))
    under = ("C0CLIENT", "1800000070.000000", "1800000060.000000")
    found = await conversations.of_message(session, ada_house.ada, *under)
    assert found is not None
    assert found.id == first.conversation_id


@pytest.mark.parametrize(
    ("called", "kind", "opens"),
    [
        ("", "message", False),
        ("what is waiting on us?", "message", False),
        ("status", "message", False),
        ("could you look at the blog", "message", True),
        ("thanks", "message", True),
        ("", "file_share", True),
    ],
)
async def test_what_a_client_asks_of_us_is_no_conversation(
    session: Session, ada_house: House, called: str, kind: str, opens: bool
) -> None:
    [message] = await heard(session, ada_house, said(f"<@U0US> {called}", called=called, kind=kind))
    assert (message.conversation_id is not None) is opens


async def test_what_was_begun_before_the_client_came_waits_to_be_shown(session: Session, ada_house: House) -> None:
    begun = await conversations.start(session, ada_house.ada, engagement_id=ada_house.engagement.id, topic="The texts")
    assert await conversations.unthreaded(session, ada_house.engagement.id) == [begun.id]
    await conversations.threaded(session, begun.id, "1800000000.000100")
    assert await conversations.unthreaded(session, ada_house.engagement.id) == []


async def test_a_reply_that_overtakes_its_root_shares_its_conversation(session: Session, ada_house: House) -> None:
    reply, root = await heard(
        session,
        ada_house,
        said("An answer", "1800000100.000000", "U0ADA", thread_ts="1800000000.000100"),
        said("A question"),
    )
    assert reply.conversation_id == root.conversation_id


async def test_what_is_said_in_the_staff_channel_is_for_staff_and_opens_nothing(
    session: Session, ada_house: House
) -> None:
    [message] = await heard(session, ada_house, said("Between us", by="U0ADA"), place="staff")
    assert message.staff_only
    assert message.conversation_id is None


async def test_thanks_and_an_emoji_reopen_nothing_but_words_do(session: Session, ada_house: House) -> None:
    [message] = await heard(session, ada_house, said("Is it done?"))
    conversation = await conversations.resolve(session, ada_house.ada, message.conversation_id or "")
    thread = {"thread_ts": "1800000000.000100"}
    await heard(
        session, ada_house, said("Thank you!", "1800000200.0", **thread), said(":tada:", "1800000300.0", **thread)
    )
    assert conversation.status == "resolved"
    await heard(session, ada_house, said("One more thing", "1800000400.0", **thread))
    await session.refresh(conversation)
    assert conversation.status == "waiting_us"


FIRST, SECOND, THIRD = (
    said(text, edited_ts=ts) for text, ts in (("v1", None), ("v2", "1800000010.0"), ("v3", "1800000020.0"))
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_edits_in_any_order_and_twice_end_the_same(
    session: Session, ada_house: House, order: tuple[int, ...]
) -> None:
    for step in (*order, *order):
        if step == 0:
            await conversations.say(session, ada_house.engagement, "client", FIRST)
        elif step == 1:
            await conversations.edit(session, ada_house.engagement, "client", SECOND, FIRST)
        else:
            await conversations.edit(session, ada_house.engagement, "client", THIRD, SECOND)
    message = (await session.execute(select(Message))).scalar_one()
    kept = dict((await session.execute(select(Revision.edited_ts, Revision.text))).all())
    assert (message.text, message.edited_ts) == ("v3", "1800000020.0")
    assert kept == {"": "v1", "1800000010.0": "v2"}


@pytest.mark.parametrize("late", [False, True])
async def test_a_deletion_leaves_a_tombstone_even_if_it_comes_first(
    session: Session, ada_house: House, late: bool
) -> None:
    steps = [
        conversations.say(session, ada_house.engagement, "client", FIRST),
        conversations.delete(session, ada_house.engagement, "client", said(""), clock.now()),
    ]
    for step in steps[::-1] if late else steps:
        await step
    message = (await session.execute(select(Message))).scalar_one()
    assert message.text == "v1"
    assert message.deleted_at is not None
    assert await conversations.messages(session, ada_house.clara, message.conversation_id or uuid.uuid4()) == []


async def test_the_newest_word_on_a_reaction_counts(session: Session, ada_house: House) -> None:
    for present, ts in ((False, "1800000002.0"), (True, "1800000001.0")):
        await conversations.react(
            session, "C0CLIENT", "1800000000.000100", "U0CLARA", "eyes", present=present, changed_ts=ts
        )
    assert (await session.execute(select(Reaction.present))).scalar_one() is False


async def test_a_card_of_our_own_is_recorded_once_and_has_no_revisions(session: Session, ada_house: House) -> None:
    card = said("A card", by="B0BOT", bot=True, own=True, kind="bot_message")
    await conversations.say(session, ada_house.engagement, "client", card)
    await conversations.edit(
        session,
        ada_house.engagement,
        "client",
        said("A newer card", by="B0BOT", bot=True, own=True, edited_ts="1800000010.000000"),
        None,
    )
    message = (await session.execute(select(Message))).scalar_one()
    assert (message.text, message.conversation_id) == ("A newer card", None)
    assert (await session.execute(select(func.count(Revision.id)))).scalar_one() == 0


async def test_a_strangers_words_become_theirs_once_they_are_known(session: Session, ada_house: House) -> None:
    [message] = await heard(session, ada_house, said("Hello", by="U0NEW"))
    assert (message.side, message.author_id) == ("stranger", None)
    dana = (await people.get(session, [ada_house.dana.user_id or uuid.uuid4()]))[ada_house.dana.user_id or uuid.uuid4()]
    await conversations.attribute(session, "U0NEW", dana)
    await session.refresh(message)
    assert (message.side, message.author_id) == ("client", dana.id)


async def test_starting_one_from_a_form(session: Session, ada_house: House) -> None:
    opened = await conversations.start(
        session, ada_house.clara, engagement_id=ada_house.engagement.id, topic="Logo", words="Which file?"
    )
    told = await conversations.told(session, opened.id)
    assert (opened.status, told.first_words, told.by_client, told.began_in_channel) == (
        "waiting_us",
        "Which file?",
        True,
        False,
    )
    with pytest.raises(Invalid):
        await conversations.start(session, ada_house.ada, engagement_id=ada_house.engagement.id, topic="  ")
    for actor in (ada_house.stranger, ada_house.gus):
        with pytest.raises(NotFound):
            await conversations.start(session, actor, engagement_id=ada_house.engagement.id, topic="Hm")


async def test_who_may_handle_a_conversation(session: Session, ada_house: House) -> None:
    opened = await conversations.start(session, ada_house.ada, engagement_id=ada_house.engagement.id, topic="Logo")
    assert (await conversations.take(session, ada_house.ben, opened.id)).owner_id == ada_house.ben.user_id
    assert (await conversations.rename(session, ada_house.ada, opened.id, "The logo")).topic == "The logo"
    refused: list[tuple[Actor, type[Exception]]] = [
        (ada_house.clara, NotAllowed),
        (ada_house.gus, NotFound),
        (ada_house.stranger, NotFound),
    ]
    for actor, error in refused:
        with pytest.raises(error):
            await conversations.resolve(session, actor, opened.id)


async def test_notes_are_never_a_clients_to_read(session: Session, ada_house: House) -> None:
    opened = await conversations.start(
        session, ada_house.ada, engagement_id=ada_house.engagement.id, topic="Logo", words="Hello"
    )
    await conversations.note(session, ada_house.ben, opened.id, "They pay late")
    assert [m.text for m in await conversations.messages(session, ada_house.clara, opened.id)] == ["Hello"]
    assert [m.text for m in await conversations.messages(session, ada_house.ada, opened.id)] == [
        "Hello",
        "They pay late",
    ]


async def test_the_list_puts_the_longest_wait_on_us_first(session: Session, ada_house: House) -> None:
    engagement: Engagement = ada_house.engagement
    for minutes, text in ((5, "Young"), (60, "Old")):
        at = clock.now() - timedelta(minutes=minutes)
        await conversations.say(session, engagement, "client", said(text, f"{at.timestamp():.6f}"))
    await conversations.start(session, ada_house.ada, engagement_id=engagement.id, topic="Theirs")
    assert [row.topic for row in await conversations.open_ones(session, ada_house.ada)] == ["Old", "Young", "Theirs"]
    assert await conversations.open_ones(session, ada_house.gus) == []


async def test_a_topic_made_of_words_follows_them_wherever_they_go(session: Session, ada_house: House) -> None:
    here, ada = ada_house.engagement, ada_house.ada

    async def talk(ts: str, text: str, by: str = "U0CLARA") -> tuple[Conversation, Said]:
        first = Said("C0STUDIOADACLIENT", ts, by, text)
        message = await conversations.say(session, here, "client", first)
        return await session.get_one(Conversation, message.conversation_id), first

    async def edited(first: Said, text: str, ts: str) -> None:
        await conversations.edit(session, here, "client", replace(first, text=text, edited_ts=ts), first)

    own, words = await talk("1800000000.000001", "My password is swordfish")
    await conversations.say(session, here, "client", Said(words.channel, "1800000001.000001", "U0ADA", "Ok", words.ts))
    await edited(replace(words, ts="1800000001.000001", text="Ok"), "Okay", "1800000002.000001")
    assert own.topic == "My password is swordfish", "what others say is not its topic"
    await edited(words, "The login", "1800000100.000001")
    assert own.topic == "The login"
    queued = (await session.execute(select(Job.kind).where(Job.dedupe == f"status:{here.id}"))).scalars().all()
    assert "engagement.redraw" in queued
    late, typed = await talk("1800001000.000001", "swordfish again")
    early, _ = await talk("1800000900.000001", "Before all that", by="U0DANA")
    await conversations.merge(session, ada, early.id, late.id)
    assert late.topic == "swordfish again", "by staff's word it is called as before"
    await conversations.delete(session, here, "client", typed, datetime(2027, 2, 1, tzinfo=UTC))
    assert late.topic == "A deleted message"
    named, first = await talk("1800002000.000001", "Something else")
    await conversations.rename(session, ada, named.id, "The footer")
    await edited(first, "Nothing", "1800002100.000001")
    await conversations.delete(session, here, "client", first, datetime(2027, 2, 1, tzinfo=UTC))
    assert named.topic == "The footer"
    unheard = Said("C0STUDIOADACLIENT", "1800003000.000001", "U0CLARA", "Never mind", edited_ts="1800003100.000001")
    before = replace(unheard, text="swordfish!", edited_ts=None)
    message = await conversations.edit(session, here, "client", unheard, before)
    assert (await session.get_one(Conversation, message.conversation_id)).topic == "Never mind"
