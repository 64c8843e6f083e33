"""What clients may read: every face, tried with every kind of message; one table in core/access.py decides for all of them."""

import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from bot.blocks import mails
from bot.slack.conversations import looking
from bot.slack.listener import Heard
from bot.worker.announce import ANNOUNCED
from bot.worker.cards import CARDS, Sight
from bot.worker.places import subjects
from bot.worker.tables import HANDLERS
from core import access, clock, conversations, engagements, events, export, people, portal, posts, search
from core.access import Can
from core.conversations import Attachment, Conversation, Message, Said
from core.db import Database, Session
from core.errors import Refusal
from core.events import Kind
from core.export import Reader
from core.people import Actor
from tests.builders import House

assert HANDLERS  # importing them registers every card

CLIENT, STAFF, NOW = "C0STUDIOADACLIENT", "C0STUDIOADASTAFF", 1_760_000_000.0

FOR_THEM = frozenset({"alphasaid", "bravonow", "golfform", "hotelstranger", "indiareply", "julietfile", "kilomail"})
"""What a client of the engagement may read: a word of each message that was said to them, by them, or beside them."""

NOT_FOR_THEM = frozenset(
    {"bravofirst", "charliedeleted", "deltanote", "echomirror", "foxtrotstaff", "limafile", "mikequote"}
)
"""And what they never may: an earlier text, a deleted one, a note, what staff say under a control card and in their channel,
what stands in a mail below its words."""

Face = Callable[[Database, House, Actor], Awaitable[str]]


@dataclass(frozen=True)
class Told:
    house: House
    conversation_id: uuid.UUID


@pytest.fixture
async def told(database: Database, ada_house: House) -> Told:
    """An engagement in which a message of every kind was kept, committed."""

    def said(
        word: str, after: int, by: str = "U0CLARA", where: str = CLIENT, under: int | None = 0, **more: Any
    ) -> Said:
        thread = f"{NOW + under:.6f}" if under is not None else None
        return Said(where, f"{NOW + after:.6f}", by, f"{word} is a word", thread_ts=thread, **more)

    async with database.transaction(ada_house.id) as session:
        here = await engagements.by_id(session, ada_house.engagement.id)
        first = await conversations.say(session, here, "client", said("alphasaid", 0, under=None))
        conversation_id = first.conversation_id
        assert conversation_id is not None
        before = said("bravofirst", 10)
        await conversations.say(session, here, "client", before)
        now = replace(before, text="bravonow is a word", edited_ts=f"{NOW + 15:.6f}")
        await conversations.edit(session, here, "client", now, before)
        gone = said("charliedeleted", 20)
        await conversations.say(session, here, "client", gone)
        await conversations.delete(session, here, "client", gone, datetime.fromtimestamp(NOW + 25, UTC))
        await conversations.say(session, here, "client", said("hotelstranger", 30, "U0NOBODY"))
        file = {"file_ref": "F1", "name": "julietfile.pdf", "mimetype": "", "size": 1, "url": ""}
        await conversations.say(session, here, "client", said("alphasaid", 40, kind="file_share", files=[file]))
        card = await posts.at(
            session, subject="conversation", subject_id=conversation_id, place=STAFF, purpose="conversation.control"
        )
        posts.attempt(card)
        posts.sent(card, f"{NOW + 50:.6f}", "")
        await session.flush()
        secret = {**file, "file_ref": "F2", "name": "limafile.pdf"}
        await conversations.say(
            session, here, "staff", said("echomirror", 60, "U0ADA", STAFF, under=50, kind="file_share", files=[secret])
        )
        await conversations.say(session, here, "staff", said("foxtrotstaff", 70, "U0ADA", STAFF, under=None))
        await conversations.note(session, ada_house.ada, conversation_id, "deltanote is a word")
        await conversations.start(
            session, ada_house.clara, engagement_id=here.id, topic="The form", words="golfform is a word"
        )
        await conversations.assign(session, ada_house.ada, conversation_id, ada_house.ben.user_id)
        await conversations.reply(session, ada_house.ben, conversation_id, "indiareply is a word")
        letter = conversations.Letter(
            "<1@x>", "clara@northwind.example", "kilomail is a word", "Re: it", "kilomail\n> mikequote", clock.now()
        )
        await conversations.mailed(session, ada_house.clara, here.id, None, letter)
    return Told(ada_house, conversation_id)


async def _talks(session: Session, house: House) -> list[uuid.UUID]:
    query = select(Conversation.id).where(Conversation.engagement_id == house.engagement.id)
    return list((await session.execute(query)).scalars())


async def the_record(db: Database, house: House, actor: Actor) -> str:
    async with db.transaction(house.id) as session:
        rows = (await session.execute(access.visible(actor, Can.CONVERSATION_SEE, Message))).scalars().all()
        files = select(Attachment.name).where(Attachment.message_id.in_([row.id for row in rows]))
        return " ".join([*(row.text for row in rows), *(await session.execute(files)).scalars()])


async def the_conversation(db: Database, house: House, actor: Actor) -> str:
    found = []
    async with db.transaction(house.id) as session:
        for each in await _talks(session, house):
            found += [one.text for one in await conversations.messages(session, actor, each)]
        found += [topic for _, topic in await conversations.candidates(session, actor, house.engagement.id)]
        for ts in ("60", "70"):
            hidden = f"{NOW + int(ts):.6f}"
            if await conversations.of_message(session, actor, STAFF, hidden) and actor.side != "staff":
                found.append("a message of the staff channel led to its conversation")
    return " ".join(found)


async def the_window(db: Database, house: House, actor: Actor) -> str:
    """The modal that shows one conversation, as if this person had got hold of its button."""
    found = []
    async with db.transaction(house.id) as session:
        for each in await _talks(session, house):
            heard = Heard(session, actor, await people.organization(session, house.id), "T0", "U0", value=str(each))
            try:
                found.append(json.dumps(await looking.sheet(heard, each)))
            except Refusal as refusal:
                found.append(refusal.sentence)
    return " ".join(found)


async def the_search(db: Database, house: House, actor: Actor) -> str:
    found = []
    async with db.transaction(house.id) as session:
        for word in [*FOR_THEM, *NOT_FOR_THEM]:
            for asked in (word, f"{word} has:file"):
                try:
                    hits = (await search.find(session, actor, asked)).hits
                except Refusal:
                    continue
                found += [f"{word} {hit!r}" for hit in hits]
    return " ".join(found)


async def the_page(db: Database, house: House, actor: Actor) -> str:
    async with db.transaction(house.id) as session:
        try:
            return repr(await portal.hydrate(session, actor))
        except Refusal as refusal:
            return refusal.sentence


async def the_export(db: Database, house: House, actor: Actor) -> str:
    """The copy that staff make for the client; clients themselves cannot make one."""
    found = []
    async with db.transaction(house.id) as session:
        if actor.side != "staff":
            with pytest.raises(Refusal):
                await export.scope(session, actor, house.engagement.id, for_client=True)
        scope = await export.scope(session, house.ada, house.engagement.id, for_client=actor.side != "staff")
        found.append(repr(await export.cover(session, scope)))
    async for talks in export.conversations_of(db, scope):
        found += [one.topic for one in talks]
    async for page in export.messages(db, scope, Reader()):
        found += [repr(one) for one in page]
    return " ".join(found)


async def the_channel_and_the_mail(db: Database, house: House, actor: Actor) -> str:
    """Every card that any event of the engagement brings into the client's channel or their mail."""
    found = []
    async with db.transaction(house.id) as session:
        for event in await events.history(session, house.engagement.id, 100):
            for show in ANNOUNCED.get(Kind(event.kind), ()):
                if show.where == "staff" and actor.side != "staff":
                    continue
                for subject in await subjects(session, event, show):
                    card = await CARDS[show.card](Sight(session, subject, event, "https://x.example", event.facts))
                    if card is not None:
                        letter = mails.twin(card, "Studio Ada", "Clara", "https://x.example")
                        found.append(
                            f"{card.text} {json.dumps(card.blocks)} {letter.subject} {letter.text} {letter.html}"
                        )
    return " ".join(found)


EVERYTHING: dict[str, Face] = {
    "record": the_record,
    "conversation": the_conversation,
    "search": the_search,
    "export": the_export,
}
"""The faces that show every message that their reader may see."""

FACES: dict[str, Face] = {
    **EVERYTHING,
    "window": the_window,
    "page": the_page,
    "channel and mail": the_channel_and_the_mail,
}


def words_in(text: str) -> set[str]:
    return {word for word in FOR_THEM | NOT_FOR_THEM if word in text}


@pytest.mark.parametrize("face", FACES)
async def test_no_face_shows_a_client_what_is_not_for_them(database: Database, told: Told, face: str) -> None:
    for actor in (told.house.clara, told.house.dana):
        assert words_in(await FACES[face](database, told.house, actor)) & NOT_FOR_THEM == set()


@pytest.mark.parametrize("face", EVERYTHING)
async def test_these_faces_show_a_client_all_that_is_for_them(database: Database, told: Told, face: str) -> None:
    wanted = FOR_THEM - ({"julietfile"} if face == "conversation" else set())
    for actor in (told.house.clara, told.house.dana):
        assert words_in(await FACES[face](database, told.house, actor)) >= wanted


@pytest.mark.parametrize("face", [face for face in FACES if face not in ("export", "channel and mail")])
async def test_no_face_shows_anything_to_others(database: Database, told: Told, face: str) -> None:
    for actor in (told.house.gus, told.house.stranger):
        assert words_in(await FACES[face](database, told.house, actor)) == set()


@pytest.mark.parametrize("face", EVERYTHING)
async def test_staff_with_the_right_see_what_clients_do_not(database: Database, told: Told, face: str) -> None:
    seen = words_in(await FACES[face](database, told.house, told.house.ada))
    hidden = {
        "record": {"bravofirst", "mikequote"},
        "conversation": {"bravofirst", "foxtrotstaff", "julietfile", "limafile", "mikequote"},
        "search": {"bravofirst", "mikequote"},
        "export": set(),
    }
    assert seen == (FOR_THEM | NOT_FOR_THEM) - hidden[face]


async def test_the_staff_side_cards_would_have_been_caught(database: Database, told: Told) -> None:
    """The same look at the staff channel finds the note, so that finding nothing at the client's means something."""
    assert "deltanote" in await the_channel_and_the_mail(database, told.house, told.house.ada)


async def test_a_deleted_text_is_for_staff_with_the_right_alone(database: Database, told: Told) -> None:
    levels = {**told.house.ben.levels, "messaging": people.OWN}
    junior = replace(told.house.ben, levels=levels)
    async with database.transaction(told.house.id) as session:
        theirs = [one.text for one in await conversations.messages(session, junior, told.conversation_id)]
    assert words_in(" ".join(theirs)) == {
        "alphasaid",
        "bravonow",
        "hotelstranger",
        "indiareply",
        "deltanote",
        "echomirror",
    }


async def test_a_topic_does_not_tell_what_was_taken_back(database: Database, told: Told) -> None:
    async with database.transaction(told.house.id) as session:
        here = await engagements.by_id(session, told.house.engagement.id)
        talk = await session.get_one(Conversation, told.conversation_id)
        first = Said(CLIENT, f"{NOW:.6f}", "U0CLARA", "alphasaid is a word")
        before = replace(first, text="alphasaid is a word", edited_ts=None)
        now = replace(first, text="A word", edited_ts=f"{NOW + 60:.6f}")
        await conversations.edit(session, here, "client", now, before)
        assert "alphasaid" not in talk.topic
        await conversations.delete(session, here, "client", first, datetime.fromtimestamp(NOW + 90, UTC))
        assert talk.topic == "A deleted message"
        await conversations.rename(session, told.house.ada, talk.id, "The word")
        await conversations.edit(session, here, "client", replace(now, edited_ts=f"{NOW + 70:.6f}"), now)
        assert talk.topic == "The word"


async def test_a_count_tells_a_client_nothing_of_what_they_do_not_see(database: Database, told: Told) -> None:
    async with database.transaction(told.house.id) as session:
        theirs = await conversations.summary(session, told.house.clara, told.conversation_id)
        ours = await conversations.summary(session, told.house.ada, told.conversation_id)
    assert (theirs.messages, ours.messages) == (5, 7)


def test_every_table_that_clients_see_is_decided_in_one_place() -> None:
    assert {"conversation_messages", "conversations"} <= set(access.FOR_CLIENTS)
    for kind in (conversations.Revision, Attachment, conversations.Reaction):
        assert kind.__tablename__ not in access.FOR_CLIENTS, "reached only through a message that was seen"
