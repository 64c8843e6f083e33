"""Conversations put in order by staff: given, merged, split, filed elsewhere; notes under the control card; replies to the client."""

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from core import access, clock, conversations, events, posts
from core.access import Can
from core.conversations import Conversation, Message, Said
from core.db import Session
from core.engagements import Engagement
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.events import Event
from core.jobs import Job
from core.people import Actor
from tests.builders import House

CHANNEL, STAFF = "C0STUDIOADACLIENT", "C0STUDIOADASTAFF"


def said(text: str, ts: float, by: str = "U0CLARA", under: float | None = None, where: str = CHANNEL) -> Said:
    return Said(where, f"{ts:.6f}", by, text, thread_ts=f"{under:.6f}" if under else None)


async def heard(session: Session, house: House, *sayings: Said, place: str = "client") -> list[Message]:
    return [await conversations.say(session, house.engagement, place, each) for each in sayings]  # type: ignore[arg-type]


async def home(session: Session, message: Message) -> Conversation:
    await session.refresh(message)
    query = select(Conversation).where(Conversation.id == message.conversation_id)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


async def kinds(session: Session, house: House) -> list[str]:
    found = await events.history(session, house.engagement.id)
    return [event.kind.removeprefix("conversation.") for event in reversed(found)]


T = 1_700_000_000.0


async def test_who_may_put_conversations_in_order(session: Session, ada_house: House) -> None:
    one, two = await heard(session, ada_house, said("The logo?", T), said("The date?", T + 1000, "U0DANA"))
    here, there = await home(session, one), await home(session, two)
    refused: list[tuple[Actor, type[Exception]]] = [
        (ada_house.clara, NotAllowed),
        (ada_house.gus, NotFound),
        (ada_house.stranger, NotFound),
    ]
    for actor, error in refused:
        for verb in (
            lambda a: conversations.assign(session, a, here.id, ada_house.ben.user_id),
            lambda a: conversations.merge(session, a, here.id, there.id),
            lambda a: conversations.split(session, a, one.id),
            lambda a: conversations.file(session, a, one.id, there.id),
            lambda a: conversations.reply(session, a, here.id, "Hello"),
            lambda a: conversations.preview(session, a, here.id),
        ):
            with pytest.raises(error):
                await verb(actor)
        assert await conversations.to_file(session, actor, CHANNEL, one.ts) is None
        assert await conversations.beside(session, actor, here) == []
    assert await kinds(session, ada_house) == ["opened", "opened"]


async def test_giving_it_to_somebody(session: Session, ada_house: House) -> None:
    [message] = await heard(session, ada_house, said("The logo?", T))
    conversation = await home(session, message)
    for _ in range(2):
        given = await conversations.assign(session, ada_house.ada, conversation.id, ada_house.ben.user_id)
        assert given.owner_id == ada_house.ben.user_id
    await conversations.take(session, ada_house.ada, conversation.id)
    assert await kinds(session, ada_house) == ["opened", "assigned", "taken"]
    for nobody in (ada_house.clara.user_id, uuid.uuid4(), None):
        with pytest.raises(Invalid):
            await conversations.assign(session, ada_house.ada, conversation.id, nobody)
    eyes = select(func.count(Job.id)).where(Job.kind == "conversation.eyes")
    assert (await session.execute(eyes)).scalar_one() == 2
    place = await conversations.last_words(session, conversation.id)
    assert place and (place.channel_id, place.ts) == (CHANNEL, message.ts)


async def test_merging_keeps_the_name_and_every_word_and_is_done_once(session: Session, ada_house: House) -> None:
    one, two = await heard(session, ada_house, said("The logo?", T), said("The date?", T + 1000))
    older, newer = await home(session, one), await home(session, two)
    note = await conversations.note(session, ada_house.ada, older.id, "They pay late")
    for _ in range(2):
        into = await conversations.merge(session, ada_house.ada, older.id, newer.id)
        assert (into.id, into.topic, into.status) == (newer.id, "The date?", "waiting_us")
    assert {(await home(session, each)).id for each in (one, two, note)} == {newer.id}
    assert into.thread_ts == one.ts, "its thread is the one that began first"
    assert (await kinds(session, ada_house))[2:] == ["noted", "renamed", "merged"]
    assert (await conversations.whole(session, older.id)).id == newer.id
    [late] = await heard(session, ada_house, said("In which format?", T + 2000, "U0ADA", T))
    assert (await home(session, late)).id == newer.id
    assert (await home(session, late)).topic == "The date?"
    with pytest.raises(Conflict):
        await conversations.assign(session, ada_house.ada, older.id, ada_house.ben.user_id)
    with pytest.raises(Conflict):
        await conversations.merge(session, ada_house.ada, newer.id, older.id)
    with pytest.raises(Invalid):
        await conversations.merge(session, ada_house.ada, newer.id, newer.id)


async def test_what_waits_is_not_settled_by_being_merged_into_what_is(session: Session, ada_house: House) -> None:
    one, two = await heard(session, ada_house, said("The logo?", T), said("The date?", T + 1000))
    older, newer = await home(session, one), await home(session, two)
    await conversations.resolve(session, ada_house.ada, newer.id)
    into = await conversations.merge(session, ada_house.ada, older.id, newer.id)
    assert (into.status, into.resolved_at) == ("waiting_us", None)


async def test_conversations_of_two_engagements_are_never_put_together(session: Session, ada_house: House) -> None:
    [message] = await heard(session, ada_house, said("The logo?", T))
    query = select(Engagement).where(Engagement.title == "Globex")
    globex = (await session.execute(query)).scalar_one()
    other = await conversations.start(session, ada_house.ada, engagement_id=globex.id, topic="Globex's own")
    with pytest.raises(Conflict):
        await conversations.merge(session, ada_house.ada, message.conversation_id or "", other.id)
    with pytest.raises(Conflict):
        await conversations.file(session, ada_house.ada, message.id, other.id)
    assert await conversations.beside(session, ada_house.ada, await home(session, message)) == []


async def test_splitting_off_a_reply(session: Session, ada_house: House) -> None:
    root, answer, aside = await heard(
        session,
        ada_house,
        said("The logo?", T),
        said("Friday", T + 100, "U0ADA", T),
        said("Also: who pays the photographer?", T + 200, under=T),
    )
    old = await home(session, root)
    for _ in range(2):
        new = await conversations.split(session, ada_house.ada, aside.id)
        assert (new.topic, new.status) == ("Also: who pays the photographer?", "waiting_us")
    assert new.id != old.id
    await session.refresh(old)
    assert (old.topic, old.status) == ("The logo?", "waiting_client")
    assert {(await home(session, each)).id for each in (root, answer)} == {old.id}
    assert (await kinds(session, ada_house))[-1] == "split"
    # what goes on in the thread goes on where the thread began, and nothing is put together again
    [more] = await heard(session, ada_house, said("Friday is fine", T + 300, under=T))
    assert (await home(session, more)).id == old.id
    assert (await home(session, aside)).id == new.id
    place = await conversations.last_words(session, new.id)
    assert place and place.thread_ts == root.ts, "a reply to it stands in the thread in which it was said"


async def test_what_was_split_stays_apart_from_what_was_said_in_the_same_minute(
    session: Session, ada_house: House
) -> None:
    first, second = await heard(session, ada_house, said("The logo?", T), said("And the date?", T + 30))
    assert first.conversation_id == second.conversation_id
    new = await conversations.split(session, ada_house.ada, second.id)
    [under, near] = await heard(
        session, ada_house, said("I mean the launch", T + 300, under=T + 30), said("Hm.", T + 60)
    )
    assert (await home(session, under)).id == new.id == (await home(session, second)).id
    assert (await home(session, near)).id == (await home(session, first)).id != new.id


async def test_the_only_message_is_not_split(session: Session, ada_house: House) -> None:
    root, _ = await heard(session, ada_house, said("The logo?", T), said("Friday", T + 100, "U0ADA", T))
    with pytest.raises(Conflict):
        await conversations.split(session, ada_house.ada, root.id)
    note = await conversations.note(session, ada_house.ada, root.conversation_id or "", "Between us")
    with pytest.raises(NotFound):
        await conversations.split(session, ada_house.ada, note.id)


async def test_filing_a_message_under_an_older_conversation(session: Session, ada_house: House) -> None:
    older, first, second, under = await heard(
        session,
        ada_house,
        said("The logo?", T),
        said("The date?", T + 1000),
        said("And the logo in blue, please", T + 1030),
        said("Which blue?", T + 1200, "U0ADA", T + 1030),
    )
    logo, date = await home(session, older), await home(session, first)
    await conversations.resolve(session, ada_house.ada, logo.id)
    for _ in range(2):
        into = await conversations.file(session, ada_house.ada, second.id, logo.id)
        assert (into.id, into.topic, into.thread_ts) == (logo.id, "The logo?", older.ts)
    assert {(await home(session, each)).id for each in (older, second, under)} == {logo.id}
    await session.refresh(date)
    assert (date.topic, date.status, date.deleted_at) == ("The date?", "waiting_us", None)
    assert (await kinds(session, ada_house)).count("moved") == 1
    [later] = await heard(session, ada_house, said("Sky", T + 1300, under=T + 1030))
    assert (await home(session, later)).id == logo.id


async def test_filing_all_there_is_merges(session: Session, ada_house: House) -> None:
    one, two = await heard(session, ada_house, said("The logo?", T), said("In blue, please", T + 1000))
    emptied = await home(session, two)
    into = await conversations.file(session, ada_house.ada, two.id, one.conversation_id or "")
    await session.refresh(emptied)
    assert emptied.deleted_at is not None
    assert (await home(session, two)).id == into.id
    assert (await kinds(session, ada_house))[-1] == "merged"
    [under] = await heard(session, ada_house, said("Sky", T + 2000, under=T + 1000))
    assert (await home(session, under)).id == into.id


# notes under the control card


async def control_of(session: Session, conversation_id: uuid.UUID, ts: str) -> posts.Post:
    card = await posts.at(
        session, subject="conversation", subject_id=conversation_id, place=STAFF, purpose="conversation.control"
    )
    posts.attempt(card)
    posts.sent(card, ts, "")
    await session.flush()
    return card


@pytest.mark.parametrize("late", [False, True], ids=["the card is known", "the card is known late"])
async def test_what_staff_say_under_the_control_card_is_a_note(session: Session, ada_house: House, late: bool) -> None:
    [asked] = await heard(session, ada_house, said("The logo?", clock.now().timestamp()))
    conversation = await home(session, asked)
    if not late:
        await control_of(session, conversation.id, f"{T + 500:.6f}")
    [note] = await heard(session, ada_house, said("They pay late", T + 600, "U0ADA", T + 500, STAFF), place="staff")
    if late:
        await conversations.gather(session, await control_of(session, conversation.id, f"{T + 500:.6f}"))
    assert (await home(session, note)).id == conversation.id
    assert (note.staff_only, note.kind) == (True, "note")
    await session.refresh(conversation)
    assert conversation.status == "waiting_us", "what staff say among themselves answers nobody"
    [beside] = await heard(session, ada_house, said("Lunch?", T + 700, "U0ADA", where=STAFF), place="staff")
    assert beside.conversation_id is None
    before = said("They pay late", T + 600, "U0ADA", T + 500, STAFF)
    edited = replace(before, text="They pay very late", edited_ts=f"{T + 650:.6f}")
    await conversations.edit(session, ada_house.engagement, "staff", edited, before)
    await session.refresh(note)
    assert (note.text, note.kind, note.conversation_id) == ("They pay very late", "note", conversation.id)
    assert [each.text for each in await conversations.messages(session, ada_house.clara, conversation.id)] == [
        "The logo?"
    ]


async def test_under_the_card_of_what_was_merged_notes_go_on(session: Session, ada_house: House) -> None:
    one, two = await heard(session, ada_house, said("The logo?", T), said("The date?", T + 1000))
    gone = await home(session, one)
    await control_of(session, gone.id, f"{T + 500:.6f}")
    into = await conversations.merge(session, ada_house.ada, gone.id, two.conversation_id or "")
    [note] = await heard(session, ada_house, said("Hm", T + 600, "U0ADA", T + 500, STAFF), place="staff")
    assert (await home(session, note)).id == into.id
    seen = await conversations.control(session, gone.id)
    assert (seen.part_of, seen.due) == ("The date?", None)


# replies


async def test_a_reply_is_said_once_by_its_speaker_and_its_echo_is_not_another(
    session: Session, ada_house: House
) -> None:
    [asked] = await heard(session, ada_house, said("The logo?", T))
    conversation, key = await home(session, asked), uuid.uuid4()
    for _ in range(2):
        reply = await conversations.reply(session, ada_house.ben, conversation.id, "  Friday. ", key=key)
    assert (reply.text, reply.author_id, reply.side, reply.staff_only) == (
        "Friday.",
        ada_house.ben.user_id,
        "staff",
        False,
    )
    await session.refresh(conversation)
    assert conversation.status == "waiting_client"
    assert (await kinds(session, ada_house))[1:] == ["replied"]
    shown = await conversations.replied(session, reply.id)
    assert shown and (shown.who, shown.words, shown.thread_ts) == ("Ben", "Friday.", asked.ts)


@pytest.mark.parametrize("first", [True, False], ids=["the echo comes first", "the echo comes after"])
async def test_the_echo_of_a_reply(session: Session, ada_house: House, first: bool) -> None:
    [asked] = await heard(session, ada_house, said("The logo?", T))
    reply = await conversations.reply(session, ada_house.ben, asked.conversation_id or "", "Friday.")
    ts = f"{T + 50:.6f}"
    echo = Said(CHANNEL, ts, "B0BOT", "Ben: Friday.", thread_ts=asked.ts, bot=True, own=True, kind="bot_message")
    for step in ("echo", "posted", "echo") if first else ("posted", "echo", "posted"):
        if step == "echo":
            await conversations.say(session, ada_house.engagement, "client", echo)
        else:
            await conversations.arrived(session, reply.id, CHANNEL, ts)
    changed = Said(
        CHANNEL, ts, "B0BOT", "Ben: Friday.", thread_ts=asked.ts, bot=True, own=True, edited_ts=f"{T + 60:.6f}"
    )
    await conversations.edit(session, ada_house.engagement, "client", changed, None)
    told = await conversations.messages(session, ada_house.clara, asked.conversation_id or uuid.uuid4())
    assert [(each.author_name, each.text) for each in told] == [("Clara Chen", "The logo?"), ("Ben Okafor", "Friday.")]
    rows = (
        (
            await session.execute(
                select(Message).where(Message.channel_id == CHANNEL).execution_options(populate_existing=True)
            )
        )
        .scalars()
        .all()
    )
    assert len(rows) == 2
    [under] = await heard(session, ada_house, said("Thanks, and the date?", T + 100, under=T))
    assert under.conversation_id == asked.conversation_id
    gone = Said(CHANNEL, ts, "B0BOT", "Ben: Friday.", thread_ts=asked.ts, bot=True, own=True)
    await conversations.delete(session, ada_house.engagement, "client", gone, clock.now())
    told = await conversations.messages(session, ada_house.clara, asked.conversation_id or uuid.uuid4())
    assert "Friday." not in [each.text for each in told]
    assert await conversations.replied(session, reply.id) is None


async def test_a_reply_needs_words_and_says_who_will_read_it(session: Session, ada_house: House) -> None:
    [asked] = await heard(session, ada_house, said("The logo?", T))
    for words in ("", "  ", "x" * 2901):
        with pytest.raises(Invalid):
            await conversations.reply(session, ada_house.ada, asked.conversation_id or "", words)
    seen = await conversations.preview(session, ada_house.ada, asked.conversation_id or "")
    assert (seen.speaker, seen.channel_id, seen.contact, seen.words) == ("Ada", CHANNEL, "Clara", "The logo?")
    assert seen.readers is not None
    here = (await session.execute(select(Engagement).where(Engagement.id == ada_house.engagement.id))).scalar_one()
    here.connection = "mail"
    await session.flush()
    assert (await conversations.preview(session, ada_house.ada, asked.conversation_id or "")).readers is None


async def test_every_event_of_handling_is_in_the_engagements_own_chain(session: Session, ada_house: House) -> None:
    one, two = await heard(session, ada_house, said("The logo?", T), said("The date?", T + 1000))
    await conversations.merge(session, ada_house.ada, one.conversation_id or "", two.conversation_id or "")
    chains = set((await session.execute(select(Event.chain).where(Event.kind.like("conversation.%")))).scalars())
    assert chains == {ada_house.engagement.id}
    assert access.allowed(ada_house.ben, Can.CONVERSATION_HANDLE)
