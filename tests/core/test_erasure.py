"""Erasure: a person's words, name and address are nowhere any more, a replay brings none back, and what is kept is told."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from bot.worker.tables import APPLIERS, tenant_of
from core import clock, conversations, erasure, export, inbox, people
from core.conversations import Attachment, Conversation, Message, Revision
from core.db import Database, Session
from core.engagements import Engagement
from core.errors import NotFound
from core.events import Event, Kind
from core.inbox import Delivery, Incoming, Keeper, apply_some
from core.people import Identity, User
from core.proposals import Answer, Proposal
from tests.builders import TEAM, House, house

START = 1_763_974_800
SECRETS = ("Clara Chen", "clara@northwind.example", "my mother is ill", "earlier words of hers", "passport.pdf")


def ts(seconds: int) -> str:
    return f"{START + seconds}.000100"


def event(number: int, inner: dict[str, Any]) -> Incoming:
    body = {"type": "event_callback", "event_id": f"Ev{number}", "team_id": TEAM, "api_app_id": "A1", "event": inner}
    lane = f"slack:{TEAM}:{inner.get('channel', 'x')}"
    raw = json.dumps(body).encode()
    return Incoming("slack", TEAM, f"Ev{number}", lane, inner["type"], "{}", raw, clock.now())


def events_of(here: House) -> list[Incoming]:
    """What Clara and Ada said in the channel, as Slack sends it."""
    channel = here.engagement.channel_id
    base = {"type": "message", "channel": channel, "channel_type": "group"}
    profile = {"real_name": "Clara Chen", "email": "clara@northwind.example"}
    clara = {"user": "U0CLARA", "user_profile": profile}
    file = {
        "id": "F1",
        "name": "passport.pdf",
        "mimetype": "application/pdf",
        "size": 9,
        "url_private": "https://files.example/F1",
    }
    blocks = [{"type": "rich_text", "elements": [{"type": "text", "text": "my mother is ill"}]}]
    now = {**base, **clara, "text": "Never mind", "ts": ts(30), "edited": {"user": "U0CLARA", "ts": ts(40)}}
    before = {**base, **clara, "text": "earlier words of hers", "ts": ts(30)}
    ada = {**base, "user": "U0ADA", "text": "Take all the time you need, <@U0CLARA>", "ts": ts(60), "thread_ts": ts(0)}
    return [
        event(1, {**base, **clara, "text": "Sorry, my mother is ill", "blocks": blocks, "ts": ts(0), "event_ts": ts(0)}),
        event(2, {**before, "event_ts": ts(30)}),
        event(3, {**base, "subtype": "message_changed", "message": now, "previous_message": before, "ts": ts(41), "event_ts": ts(41)}),
        event(4, {**base, **clara, "subtype": "file_share", "text": "", "files": [file], "ts": ts(50), "event_ts": ts(50)}),
        event(5, {**ada, "event_ts": ts(60)}),
    ]  # fmt: skip


async def deliver(db: Database, incoming: list[Incoming]) -> None:
    keeper = Keeper(db)
    for one in incoming:
        await keeper.keep(one)
    await keeper.close()
    await settle(db)


async def settle(db: Database) -> None:
    while await apply_some(db, APPLIERS, tenant_of):
        pass


async def record(session: Session) -> list[tuple[Any, ...]]:
    """The record as it is compared: author, text, revisions, files, thread, by ts; no surrogate ids, no times of ours."""
    found = []
    for message in (await session.execute(select(Message).order_by(Message.ts))).scalars():
        revisions = await session.execute(
            select(Revision.edited_ts, Revision.text)
            .where(Revision.message_id == message.id)
            .order_by(Revision.edited_ts)
        )
        files = await session.execute(
            select(Attachment.file_ref, Attachment.name, Attachment.url).where(Attachment.message_id == message.id)
        )
        shape = (message.ts, message.thread_ts, message.author_ref, message.author_name, message.text, message.blocks)
        found.append(
            (*shape, [tuple(row) for row in revisions], [tuple(row) for row in files], message.erased_at is None)
        )
    return found


async def everywhere(db: Database, here: House) -> str:
    """Every value of every table, as one text: whatever still stands anywhere is found in it."""
    found = []
    for door in (db.platform(), db.transaction(here.id)):
        async with door as session:
            names = await session.execute(
                text(
                    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1"
                )
            )
            for name in names.scalars():
                rows = await session.execute(text(f"SELECT row_to_json(t)::text FROM {name} t"))
                found += [f"{name} {row}" for row in rows.scalars()]
            bodies = await session.execute(select(Delivery.body))
            found += [f"deliveries {body.decode('utf-8', 'replace')}" for body in bodies.scalars()]
    return "\n".join(found)


async def find(db: Database, here: House, who: str) -> erasure.Person:
    async with db.transaction(here.id) as session:
        return await erasure.find(session, who)


async def test_nothing_of_a_person_stands_anywhere_and_others_words_stay(database: Database, ada_house: House) -> None:
    await deliver(database, events_of(ada_house))
    async with database.transaction(ada_house.id) as session:
        proposal = Proposal(
            organization_id=ada_house.id,
            engagement_id=ada_house.engagement.id,
            title="Logo, my mother is ill",
            asked_by_id=ada_house.clara.user_id,
            asked_words="A logo soon, my mother is ill",
            currency="USD",
            expires_at=clock.now(),
        )
        session.add(proposal)
        await session.flush()
        words = {"kind": "changes", "words": "my mother is ill", "said_at": clock.now()}
        session.add(
            Answer(organization_id=ada_house.id, proposal_id=proposal.id, user_id=ada_house.clara.user_id, **words)
        )
        await export.ask(session, ada_house.ada, ada_house.engagement.id)
    before = await everywhere(database, ada_house)
    assert all(secret in before for secret in SECRETS)
    person = await find(database, ada_house, "Clara@northwind.example")
    assert person.accounts == ("U0CLARA",) and person.user_id == ada_house.clara.user_id
    plan = await erasure.foresee(database, person)
    assert (plan.messages, plan.revisions, plan.files, plan.answers, plan.deliveries) == (3, 1, 1, 1, 4)
    assert [kept.what for kept in plan.kept] == ["messages of others that mention them"]
    assert plan.parts == ("Northwind",)
    assert await everywhere(database, ada_house) == before, "to foresee changes nothing"
    report = await erasure.erase(database, person)
    assert (report.messages, report.topics, len(report.copies)) == (3, 1, 1)
    after = await everywhere(database, ada_house)
    assert not [secret for secret in SECRETS if secret.lower() in after.lower()]
    assert "Take all the time you need" in after
    async with database.transaction(ada_house.id) as session:
        user = (await session.execute(select(User).where(User.id == ada_house.clara.user_id))).scalar_one()
        identity = (await session.execute(select(Identity).where(Identity.slack_user_id == "U0CLARA"))).scalar_one()
        assert (user.name, user.email, identity.name) == (people.NAMELESS, "", "")
        assert user.erased_at and user.left_at and identity.erased_at
        told = (await session.execute(select(Event).where(Event.kind == Kind.PERSON_ERASED))).scalar_one()
        assert told.subject_id == user.id and told.facts["messages"] == 3


async def test_a_replay_honours_it(database: Database, ada_house: House) -> None:
    incoming = events_of(ada_house)
    await deliver(database, incoming)
    await erasure.erase(database, await find(database, ada_house, "U0CLARA"))
    async with database.transaction(ada_house.id) as session:
        erased = await record(session)
    async with database.platform() as session:
        await inbox.replay(session)
    await settle(database)
    async with database.transaction(ada_house.id) as session:
        assert await record(session) == erased
    # Slack's history brings the very words again, as new deliveries, into a record that was lost.
    async with database.transaction(ada_house.id) as session:
        for table in (Attachment, Revision, Message):
            await session.execute(table.__table__.delete())
        await session.execute(Conversation.__table__.delete())
    await deliver(database, [one._replace(external_id=f"again-{one.external_id}") for one in incoming])
    async with database.transaction(ada_house.id) as session:
        assert await record(session) == erased
        topics = (await session.execute(select(Conversation.topic))).scalars().all()
    assert not [topic for topic in topics for secret in SECRETS if secret in topic]


async def test_the_name_does_not_come_back_but_new_words_are_kept(
    database: Database, ada_house: House, moved_clock: Path
) -> None:
    await erasure.erase(database, await find(database, ada_house, "U0CLARA"))
    profile = people.Profile("U0CLARA", "T0NORTHWIND", "Clara Chen", "clara@northwind.example")
    later = f"{clock.now().timestamp() + 60:.6f}"
    async with database.transaction(ada_house.id) as session:
        met = await people.meet(session, profile, home_team_id=TEAM)
        assert (met.name, met.email) == ("", "")
        engagement = await session.get(Engagement, ada_house.engagement.id)
        assert engagement is not None
        said = conversations.Said(
            channel=engagement.channel_id or "", ts=later, author_ref="U0CLARA", text="Hello again"
        )
        kept = await conversations.say(session, engagement, "client", said)
        assert kept.text == "Hello again" and kept.erased_at is None


async def test_to_erase_twice_changes_nothing_more(database: Database, ada_house: House) -> None:
    await deliver(database, events_of(ada_house))
    await erasure.erase(database, await find(database, ada_house, "U0CLARA"))
    once = await everywhere(database, ada_house)
    again = await erasure.erase(database, await find(database, ada_house, "U0CLARA"))
    assert (again.messages, again.deliveries, again.topics) == (0, 0, 0)
    assert len((await everywhere(database, ada_house)).splitlines()) == len(once.splitlines())


async def test_nobody_is_found_for_a_wrong_name_or_in_another_agency(database: Database, ada_house: House) -> None:
    other = await house(database, "Studio Bo", "T0STUDIOBO")
    for who in ("", "U0NOBODY", "nobody@example.com", "%"):
        with pytest.raises(NotFound):
            await find(database, ada_house, who)
    await erasure.erase(database, await find(database, other, "U0CLARA"))
    async with database.transaction(ada_house.id) as session:
        mine = (await session.execute(select(User.name).where(User.id == ada_house.clara.user_id))).scalar_one()
    assert mine == "Clara Chen"


async def test_somebody_whom_we_never_met_can_be_erased_by_their_account(database: Database, ada_house: House) -> None:
    channel = ada_house.engagement.channel_id
    await deliver(
        database,
        [event(9, {"type": "message", "channel": channel, "user": "U0STRANGER", "text": "I was here", "ts": ts(5)})],
    )
    person = await find(database, ada_house, "U0STRANGER")
    assert person.user_id is None and (await erasure.erase(database, person)).messages == 1
    assert "I was here" not in await everywhere(database, ada_house)


def test_words_are_taken_out_however_deep_they_stand() -> None:
    quoted = {"type": "message", "user": "U2", "text": "as she said", "ts": "1.1", "attachments": [
        {"author_id": "U1", "text": "hers", "fallback": "hers", "ts": "1.0"}, {"author_id": "U3", "text": "his", "ts": "1.0"}
    ], "root": {"user": "U1", "text": "hers", "ts": "1.0", "blocks": [1], "files": [{"id": "F1", "name": "hers.pdf"}]}}  # fmt: skip
    cleaned = erasure.redact(quoted, {"U1"}, {"clara chen"})
    assert "hers" not in json.dumps(cleaned)
    assert cleaned["text"] == "as she said" and cleaned["attachments"][1]["text"] == "his"
    assert cleaned["root"]["files"] == [{"id": "F1"}] and cleaned["root"]["ts"] == "1.0"
    changed = {
        "type": "user_change",
        "user": {"id": "U1", "real_name": "Clara Chen", "profile": {"email": "c@x.example"}},
    }
    assert erasure.redact(changed, {"U1"}, set()) == {"type": "user_change", "user": {"id": "U1", "real_name": ""}}
    bill = {"object": {"customer_name": "Clara Chen", "customer_email": "C@x.example", "amount_due": 5}}
    assert erasure.redact(bill, set(), {"clara chen", "c@x.example"}) == {
        "object": {"customer_name": "", "customer_email": "", "amount_due": 5}
    }
