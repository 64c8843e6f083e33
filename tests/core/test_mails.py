"""Mail that comes in: a person's answer joins their conversation; whatever else comes to their address is kept with its reason."""

import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from core import clock, conversations, engagements, links, mails, people
from core.conversations import Attachment, Conversation, Message, Said
from core.db import Database, Session
from core.engagements import EngagementPerson
from core.erasure import erase, find
from core.errors import NotAllowed, NotFound
from core.events import Event, Kind
from core.inbox import Delivery, Incoming, Keeper
from core.jobs import Job
from core.links import Link
from core.mails import Arrived, Mail
from tests.builders import House, house

KEY = b"a key for tests"
CLARA = "clara@northwind.example"


async def token_for(session: Session, home: House, conversation_id: uuid.UUID | None = None) -> str:
    assert home.clara.user_id
    return await conversations.reply_token(
        session,
        key=KEY,
        user_id=home.clara.user_id,
        engagement_id=home.engagement.id,
        conversation_id=conversation_id,
    )


def arrived(token: str, said: str = "Yes, blue please.", ref: str = "<one@x>", **more: Any) -> Arrived:
    return replace(Arrived(ref, [token], CLARA, "Re: The logo", said, f"{said}\n> quoted", clock.now(), 1), **more)


async def kinds(session: Session, home: House) -> list[str]:
    query = select(Event.kind).where(Event.chain == home.engagement.id).order_by(Event.seq)
    return list((await session.execute(query)).scalars())


async def said(session: Session) -> list[Message]:
    return list((await session.execute(select(Message).order_by(Message.sent_at))).scalars())


async def talks(session: Session) -> list[Conversation]:
    return list((await session.execute(select(Conversation).order_by(Conversation.opened_at))).scalars())


async def test_an_answer_to_a_letter_opens_a_conversation_and_further_ones_join_it(
    session: Session, ada_house: House
) -> None:
    token = await token_for(session, ada_house)
    kept = await mails.arrive(session, arrived(token))
    assert (kept.state, kept.sender, kept.reason) == ("joined", CLARA, "")
    [talk] = await talks(session)
    assert (talk.topic, talk.status, talk.by_mail, talk.thread_ts) == ("Yes, blue please.", "waiting_us", True, None)
    [message] = await said(session)
    assert (message.source, message.source_ref, message.side) == ("mail", "<one@x>", "client")
    assert (message.author_id, message.author_ref, message.text) == (
        ada_house.clara.user_id,
        CLARA,
        "Yes, blue please.",
    )
    assert message.raw == {"mail": {"subject": "Re: The logo", "references": [], "text": "Yes, blue please.\n> quoted"}}
    await mails.arrive(session, arrived(token, "And by Friday?", "<two@x>"))
    assert [one.conversation_id for one in await said(session)] == [talk.id, talk.id]
    assert await kinds(session, ada_house) == [
        Kind.CONVERSATION_OPENED,
        Kind.CONVERSATION_MAILED,
        Kind.CONVERSATION_MAILED,
    ]


async def test_twice_is_once(session: Session, ada_house: House) -> None:
    token = await token_for(session, ada_house)
    first = await mails.arrive(session, arrived(token))
    again = await mails.arrive(session, arrived(token, "Something else"))
    assert first.id == again.id and len(await said(session)) == 1


async def test_nobody_keeps_a_mail_out_by_bearing_its_id_first(session: Session, ada_house: House) -> None:
    token = await token_for(session, ada_house)
    for number, tokens in ((7, ["a" * 26]), (8, [token])):
        early = arrived(token, "x", tokens=tokens, sender="mallory@x.example", delivery_id=number)
        first, again = await mails.arrive(session, early), await mails.arrive(session, early)
        assert first.state == "refused" and first.id == again.id
    assert (await mails.arrive(session, arrived(token, delivery_id=9))).state == "joined"


async def test_it_joins_the_conversation_of_its_address_and_reopens_it(session: Session, ada_house: House) -> None:
    talk = await conversations.start(session, ada_house.ada, engagement_id=ada_house.engagement.id, topic="The logo")
    token = await token_for(session, ada_house, talk.id)
    assert await token_for(session, ada_house, talk.id) == token, "one address for one conversation"
    await conversations.resolve(session, ada_house.ada, talk.id)
    await mails.arrive(session, arrived(token, "Thanks!", "<thanks@x>"))
    assert talk.status == "resolved", "thanks reopens nothing"
    await mails.arrive(session, arrived(token))
    assert talk.status == "waiting_us" and talk.topic == "The logo"
    assert (await kinds(session, ada_house))[-2:] == [Kind.CONVERSATION_REOPENED, Kind.CONVERSATION_MAILED]
    assert {one.conversation_id for one in await said(session)} == {talk.id}


async def test_it_follows_a_conversation_into_what_it_was_merged_into(session: Session, ada_house: House) -> None:
    one = await conversations.start(session, ada_house.ada, engagement_id=ada_house.engagement.id, topic="The logo")
    two = await conversations.start(session, ada_house.ada, engagement_id=ada_house.engagement.id, topic="The letters")
    token = await token_for(session, ada_house, one.id)
    await conversations.merge(session, ada_house.ada, one.id, two.id)
    await mails.arrive(session, arrived(token))
    assert [each.conversation_id for each in await said(session)] == [two.id] and two.by_mail
    assert await token_for(session, ada_house, two.id) == token


async def test_only_the_hash_of_a_token_is_stored_and_it_is_nobody_elses(session: Session, ada_house: House) -> None:
    token = await token_for(session, ada_house)
    [link] = (await session.execute(select(Link).where(Link.purpose == "reply"))).scalars()
    assert link.token_hash == links.digest(token) and len(token) == 26 and token == token.lower()
    assert await token_for(session, ada_house) != token, "each letter about something else has its own"
    assert link.expires_at > clock.now() + timedelta(days=364)
    assert await links.house_of_reply(session, link.token_hash.hex()) == ada_house.id
    assert await links.house_of_reply(session, "00") is None and await links.house_of_reply(session, "no hash") is None


REFUSED: dict[str, dict[str, Any]] = {
    "unknown_address": {"tokens": ["a" * 26]},
    "other_sender": {"sender": "mallory@x.example"},
    "automatic_answer": {"automatic": "automatic_answer"},
    "empty": {"said": " \n"},
    "report": {"automatic": "report"},
}


@pytest.mark.parametrize("reason", REFUSED)
async def test_what_is_no_answer_of_theirs_is_kept_out_of_the_record_with_its_reason(
    session: Session, ada_house: House, reason: str
) -> None:
    token = await token_for(session, ada_house)
    kept = await mails.arrive(session, replace(arrived(token), **REFUSED[reason]))
    assert kept.reason == reason and kept.state in ("refused", "ignored") and kept.message_id is None
    assert not await said(session) and not await talks(session)
    told = [Kind.MAIL_REFUSED] if reason == "other_sender" else []
    assert await kinds(session, ada_house) == told
    if reason == "unknown_address":
        assert (kept.sender, kept.subject, kept.engagement_id) == ("", "", None)


async def test_staff_hear_of_the_same_stranger_once_a_day(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    token = await token_for(session, ada_house)
    for number in range(3):
        await mails.arrive(session, arrived(token, "Buy!", f"<{number}@x>", sender="mallory@x.example"))
    assert await kinds(session, ada_house) == [Kind.MAIL_REFUSED]
    clock.move(90_000)
    kept = await mails.arrive(session, arrived(token, "Buy!", "<9@x>", sender="mallory@x.example"))
    assert await kinds(session, ada_house) == [Kind.MAIL_REFUSED] * 2
    told = await mails.told(session, kept.id)
    assert told and (told.person, told.sender, told.words) == ("Clara Chen", "mallory@x.example", "Buy!")


async def test_an_address_that_slack_knows_of_theirs_is_theirs(session: Session, ada_house: House) -> None:
    token = await token_for(session, ada_house)
    identity = await people.identity(session, "U0CLARA")
    assert identity
    identity.email = "C.Chen@northwind.example"
    await session.flush()
    assert (await mails.arrive(session, arrived(token, sender="c.chen@Northwind.example"))).state == "joined"


async def test_an_address_ends_with_its_year_its_owner_or_their_place(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    clara = ada_house.clara.user_id
    assert clara
    token = await token_for(session, ada_house)
    await session.execute(
        update(EngagementPerson).where(EngagementPerson.user_id == clara).values(user_id=ada_house.gus.user_id)
    )
    assert (await mails.arrive(session, arrived(token, ref="<1@x>"))).reason == "not_in_engagement"
    await session.execute(
        update(EngagementPerson)
        .where(
            EngagementPerson.user_id == ada_house.gus.user_id, EngagementPerson.engagement_id == ada_house.engagement.id
        )
        .values(user_id=clara)
    )
    await links.revoke(session, clara)
    assert (await mails.arrive(session, arrived(token, ref="<2@x>"))).reason == "revoked"
    early = clock.now() - timedelta(hours=1)
    assert (await mails.arrive(session, arrived(token, ref="<3@x>", received_at=early))).state == "joined", (
        "it came before"
    )
    other = await token_for(session, ada_house)
    clock.move(366 * 86_400)
    assert (await mails.arrive(session, arrived(other, ref="<4@x>"))).reason == "expired"
    user = (await people.get(session, [clara]))[clara]
    user.left_at = clock.now()
    await session.flush()
    assert (await mails.arrive(session, arrived(other, ref="<5@x>"))).reason == "left"


async def test_another_houses_address_leads_nowhere_here(database: Database, ada_house: House) -> None:
    rival = await house(database, "Rival", "T0RIVAL")
    async with database.transaction(rival.id) as session:
        token = await token_for(session, rival)
    async with database.transaction(ada_house.id) as session:
        assert (await mails.arrive(session, arrived(token))).reason == "unknown_address"


async def test_a_bounce_marks_the_address_until_they_write(session: Session, ada_house: House) -> None:
    token = await token_for(session, ada_house)
    bounce = arrived(token, "Nobody here", sender="mailer-daemon@x.example", automatic="report", bounced=True)
    assert (await mails.arrive(session, bounce)).state == "bounced"
    await mails.arrive(session, replace(bounce, ref="<again@x>"))
    assert await kinds(session, ada_house) == [Kind.MAIL_BOUNCED], "told once"
    clara = ada_house.clara.user_id
    assert clara
    user = (await people.get(session, [clara]))[clara]
    assert user.bounced_at
    await mails.arrive(session, arrived(token, ref="<alive@x>"))
    assert user.bounced_at is None


async def test_what_is_refused_as_it_is_handed_over_marks_the_address_too(session: Session, ada_house: House) -> None:
    clara = ada_house.clara.user_id
    assert clara
    for ref in ("<a@x>", "<a@x>", "<b@x>"):
        await mails.undeliverable(session, clara, ada_house.engagement.id, ref, clock.now())
    assert await kinds(session, ada_house) == [Kind.MAIL_BOUNCED]
    assert (await people.get(session, [clara]))[clara].bounced_at
    assert not (await session.execute(select(Link).where(Link.purpose == "reply"))).all()


async def test_files_stand_with_the_message(session: Session, ada_house: House) -> None:
    token = await token_for(session, ada_house)
    file = {"file_ref": "mail:0:ab", "name": "logo.png", "mimetype": "image/png", "size": 3}
    kept = await mails.arrive(session, arrived(token, "", files=[file]))
    [attached] = (await session.execute(select(Attachment))).scalars()
    assert (attached.message_id, attached.name, attached.fetched_at) == (kept.message_id, "logo.png", None)
    [talk] = await talks(session)
    assert talk.topic == "A file"


async def in_thread(session: Session, home: House, words: str, at: float, root: str, by: str = "U0ADA") -> None:
    here = await engagements.by_id(session, home.engagement.id)
    channel = here.channel_id
    assert channel
    await conversations.say(session, here, "client", Said(channel, f"{at:.6f}", by, words, thread_ts=root))


async def test_what_staff_say_in_its_thread_is_carried_to_who_is_not_in_the_channel(
    session: Session, ada_house: House
) -> None:
    token = await token_for(session, ada_house)
    kept = await mails.arrive(session, arrived(token))
    assert kept.message_id
    now = clock.now().timestamp()
    root = f"{now + 1:.6f}"
    channel = ada_house.engagement.channel_id
    assert channel
    await conversations.mirrored(session, kept.message_id, channel, root)
    [talk] = await talks(session)
    assert (talk.channel_id, talk.thread_ts) == (channel, root)
    await in_thread(session, ada_house, "On Friday.", now + 2, root)
    await in_thread(session, ada_house, "Me too", now + 3, root, "U0DANA")
    carries = (await session.execute(select(Job).where(Job.kind == "conversation.carry"))).scalars().all()
    assert [job.payload for job in carries] == [{"conversation": str(talk.id)}]
    [carried] = await conversations.to_carry(session, talk.id)
    assert carried.user.email == CLARA and [(who, said) for _, who, said, _ in carried.words] == [("Ada", "On Friday.")]
    assert talk.topic == "Yes, blue please." and talk.thread_ts == root, "worked out anew, it is the same"
    await engagements.note_member(session, channel, "U0CLARA", "", present=True, event_ts="9.0")
    assert await conversations.to_carry(session, talk.id) == [], "she reads it there now"


async def test_notes_and_what_was_said_before_are_carried_to_nobody(session: Session, ada_house: House) -> None:
    talk = await conversations.start(session, ada_house.ada, engagement_id=ada_house.engagement.id, topic="The logo")
    talk.thread_ts = f"{clock.now().timestamp() - 100:.6f}"
    await in_thread(session, ada_house, "Old words", clock.now().timestamp() - 50, talk.thread_ts)
    await token_for(session, ada_house, talk.id)
    await conversations.note(session, ada_house.ada, talk.id, "They pay late")
    await conversations.reply(session, ada_house.ada, talk.id, "This has a letter of its own")
    assert await conversations.to_carry(session, talk.id) == []


async def test_the_whole_is_for_staff(session: Session, ada_house: House) -> None:
    kept = await mails.arrive(session, arrived(await token_for(session, ada_house)))
    assert kept.message_id
    found = await conversations.whole_mail(session, ada_house.ada, kept.message_id)
    assert (found.who, found.subject, found.text) == ("Clara Chen", "Re: The logo", "Yes, blue please.\n> quoted")
    for actor, refusal in ((ada_house.clara, NotAllowed), (ada_house.gus, NotFound), (ada_house.stranger, NotFound)):
        with pytest.raises(refusal):
            await conversations.whole_mail(session, actor, kept.message_id)


async def test_erased_with_the_person(database: Database, ada_house: House) -> None:
    async with database.transaction(ada_house.id) as session:
        token = await token_for(session, ada_house)
        await mails.arrive(session, arrived(token))
        await mails.arrive(session, arrived(token, "Buy", "<2@x>", sender="mallory@x.example"))
        clara = await find(session, CLARA)
    keeper, team = Keeper(database), links.digest(token).hex()
    for number, (whose, body) in enumerate(
        [
            (team, b"From: x@y.example\n\nSGVsbG8="),
            ("", f"From: {CLARA}\n\nHi".encode()),
            ("", b"From: z@y.example\n\nHi"),
        ]
    ):
        await keeper.keep(Incoming("mail", whose, f"{number}", "mail:", "letter", "{}", body, clock.now()))
    await keeper.close()
    report = await erase(database, clara)
    assert report.deliveries == 2
    async with database.platform() as session:
        left = (await session.execute(select(Delivery.body))).scalars().all()
    assert left == [b"From: z@y.example\n\nHi"]
    async with database.transaction(ada_house.id) as session:
        [message] = await said(session)
        assert (message.text, message.raw, "@" in message.author_ref) == ("", None, False)
        kept = (await session.execute(select(Mail))).scalars().all()
        assert {(one.sender, one.subject, one.words) for one in kept} == {("", "", "")}
        late = await mails.arrive(session, arrived(token, "I am back", "<3@x>"))
        assert (late.state, late.reason, late.words) == ("refused", "left", "")
        assert len(await said(session)) == 1
