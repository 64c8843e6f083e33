"""Contacts as they go: rights end at once, staff name who takes over, and who comes back has what was not given away."""

import asyncio
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from core import clock, contacts, engagements, events, invoices, jobs, links, people, proposals
from core.db import Database, Session
from core.engagements import ChannelMember, Engagement, lists
from core.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from core.events import Event
from core.jobs import Job
from core.money import Money
from core.people import Actor, Identity, Profile, User
from core.proposals import NewItem, Proposal, Signer
from tests.builders import NORTHWIND_TEAM, TEAM, House

AUDIT = NewItem("SEO audit", 2, Money(90_000, "USD"))


def of(actor: Actor) -> uuid.UUID:
    assert actor.user_id is not None
    return actor.user_id


async def happened(session: Session, chain: uuid.UUID) -> list[str]:
    query = select(Event.kind).where(Event.chain == chain, Event.kind.like("contact.%")).order_by(Event.seq)
    return list((await session.execute(query)).scalars())


async def user(session: Session, who: Actor) -> User:
    return (await people.get(session, [of(who)]))[of(who)]


async def drafted(session: Session, house: House, *signers: Actor, title: str = "Website") -> Proposal:
    asked = [of(one) for one in signers or (house.clara,)]
    return await proposals.draft(
        session, house.ada, engagement_id=house.engagement.id, title=title, items=[AUDIT], signer_ids=asked
    )


async def test_who_has_left_gets_in_nowhere_from_that_moment(session: Session, ada_house: House) -> None:
    clara, engagement = ada_house.clara, ada_house.engagement
    proposal = await proposals.send(session, ada_house.ada, (await drafted(session, ada_house)).id)
    token = await links.mint(session, clara, user_id=of(clara), engagement_id=engagement.id)
    waiting = await links.mint(session, clara, user_id=of(clara), engagement_id=engagement.id)
    begun, _ = await links.exchange(session, token)
    reply = await links.reply_token(session, key=b"k", user_id=of(clara), engagement_id=engagement.id)
    await contacts.leave(session, ada_house.ada, of(clara))
    await contacts.leave(session, ada_house.ada, of(clara))
    assert await happened(session, engagement.id) == ["contact.left"]
    assert await links.bearer(session, begun) is None
    found = await links.reply_link(session, [reply], clock.now())
    assert found and found[1] == "revoked"
    with pytest.raises(Conflict):
        await links.exchange(session, waiting)
    with pytest.raises(NotFound):
        await links.mint(session, clara, user_id=of(clara), engagement_id=engagement.id)
    pressing = await people.recognise(session, "U0CLARA")
    assert pressing.side == "stranger"
    with pytest.raises(Refusal):
        await proposals.decline(session, pressing, proposal.id, reason="No")
    with pytest.raises(Conflict, match="Clara has left"):
        await proposals.remind(session, ada_house.ada, proposal.id)


@pytest.mark.parametrize("verb", [contacts.leave, contacts.come_back])
async def test_staff_alone_say_who_has_left_and_who_is_back(verb: object, session: Session, ada_house: House) -> None:
    assert callable(verb)
    for who in (ada_house.clara, ada_house.gus, ada_house.stranger):
        with pytest.raises(NotFound):
            await verb(session, who, of(ada_house.dana))
    limited = Actor(ada_house.id, "staff", user_id=of(ada_house.ben), levels={"messaging": 3})
    with pytest.raises(Refusal):
        await verb(session, limited, of(ada_house.dana))
    with pytest.raises(Conflict, match="own team"):
        await verb(session, ada_house.ada, of(ada_house.ben))
    with pytest.raises(NotFound):
        await verb(session, ada_house.ada, uuid.uuid4())


async def test_what_rested_on_them_is_named_and_given_to_others(session: Session, ada_house: House) -> None:
    engagement = await engagements.locked(session, ada_house.engagement.id)
    engagement.approver_id = of(ada_house.clara)  # as if it had been said
    draft = await drafted(session, ada_house, title="Photos")
    both = await drafted(session, ada_house, ada_house.clara, ada_house.dana, title="Words")
    frozen = await proposals.send(session, ada_house.ada, (await drafted(session, ada_house)).id)
    bill = await invoices.new(
        session,
        ada_house.ada,
        engagement_id=engagement.id,
        title="Extra",
        client_id=of(ada_house.clara),
        lines=[("Work", 1, Money(100, "USD"))],
    )
    with pytest.raises(Conflict, match="has not left"):
        await contacts.succeed(session, ada_house.ada, engagement.id, of(ada_house.clara), {})
    await contacts.leave(session, people.system(ada_house.id), of(ada_house.clara), how="slack")
    rest = await contacts.resting(session, engagement.id, of(ada_house.clara))
    assert (rest.left, rest.how, rest.roles) == (True, "slack", ("contact", "approver", "signer"))
    assert [title for _, title in rest.drafts] == ["Photos", "Words"]
    assert rest.proposals == ((frozen.id, "Website"),)
    dana = of(ada_house.dana)
    for wrong in (of(ada_house.clara), of(ada_house.gus), of(ada_house.ben), uuid.uuid4()):
        with pytest.raises(Invalid) as refused:
            await contacts.succeed(session, ada_house.ada, engagement.id, of(ada_house.clara), {"contact": wrong})
        assert refused.value.field == "contact"
    for who, error in ((ada_house.dana, NotAllowed), (ada_house.gus, NotFound), (ada_house.stranger, NotFound)):
        with pytest.raises(error):
            await contacts.succeed(session, who, engagement.id, of(ada_house.clara), {"contact": dana})
    named = dict.fromkeys(contacts.ROLES, dana)
    for _ in range(2):
        await contacts.succeed(session, ada_house.ada, engagement.id, of(ada_house.clara), named)
    assert (engagement.contact_id, engagement.approver_id, engagement.billing_id) == (dana, None, None)
    assert bill.client_id == dana, "an invoice that nobody has seen yet goes to whoever gets them now"
    for proposal in (draft, both):
        signers = select(Signer.user_id).where(Signer.proposal_id == proposal.id)
        assert list((await session.execute(signers)).scalars()) == [dana]
    rest = await contacts.resting(session, engagement.id, of(ada_house.clara))
    assert (rest.roles, rest.unpaid, rest.contact) == ((), (), "Dana Flores")
    assert rest.proposals, "what was sent is frozen, and waits for a new version"
    assert await happened(session, engagement.id) == ["contact.left", "contact.succeeded"]


async def test_of_a_proposal_whose_signer_left_a_new_version_is_made_once(session: Session, ada_house: House) -> None:
    frozen = await proposals.send(session, ada_house.ada, (await drafted(session, ada_house)).id)
    await contacts.leave(session, ada_house.ada, of(ada_house.clara))
    copy = await proposals.copy(session, ada_house.ada, frozen.id)
    again = await proposals.copy(session, ada_house.ada, frozen.id)
    assert copy.id == again.id
    assert [party.name for party in await proposals.parties(session, copy.id)] == ["Dana Flores"]
    await proposals.withdraw(session, ada_house.ada, copy.id)
    await contacts.leave(session, ada_house.ada, of(ada_house.dana))
    with pytest.raises(Conflict) as refused:
        await proposals.copy(session, ada_house.ada, frozen.id)
    assert refused.value.way and refused.value.way.action == "contact.successor"


async def test_where_nobody_is_left_somebody_new_takes_over_all(session: Session, ada_house: House) -> None:
    engagement = await engagements.locked(session, ada_house.engagement.id)
    for who in (ada_house.clara, ada_house.dana):
        await contacts.leave(session, ada_house.ada, of(who))
    with pytest.raises(Invalid) as refused:
        await contacts.succeed(
            session,
            ada_house.ada,
            engagement.id,
            of(ada_house.clara),
            {},
            name="Clara",
            email="CLARA@northwind.example",
        )
    assert "had left" in refused.value.sentence
    await contacts.succeed(
        session,
        ada_house.ada,
        engagement.id,
        of(ada_house.clara),
        {},
        name="Luis Ortega",
        email="luis@northwind.example",
    )
    who = await engagements.people_of(session, engagement.id)
    assert (who.contact.name, who.approver.name, who.billing.name) == ("Luis Ortega",) * 3


async def test_who_is_back_has_what_was_not_given_away_and_no_old_link(session: Session, ada_house: House) -> None:
    clara, engagement = ada_house.clara, ada_house.engagement
    token = await links.mint(session, clara, user_id=of(clara), engagement_id=engagement.id)
    await contacts.leave(session, ada_house.ada, of(clara))
    assert [one.name for one in await contacts.gone(session, ada_house.company.id)] == ["Clara Chen"]
    for _ in range(2):
        await contacts.come_back(session, ada_house.ada, of(clara))
    assert await happened(session, engagement.id) == ["contact.left", "contact.returned"]
    assert (await people.recognise(session, "U0CLARA")).side == "client"
    with pytest.raises(Conflict):
        await links.exchange(session, token)
    assert await links.mint(session, clara, user_id=of(clara), engagement_id=engagement.id)
    assert not await contacts.gone(session, ada_house.company.id)


async def test_leaving_one_channel_is_told_and_is_not_leaving_the_company(session: Session, ada_house: House) -> None:
    engagement = await engagements.locked(session, ada_house.engagement.id)
    session.add(ChannelMember(organization_id=ada_house.id, channel_id="C0ELSE", slack_user_id="U0DANA"))
    await session.flush()
    for account in ("U0DANA", "U0BEN", "U0GUS", "U0NOBODY"):
        await contacts.went_out(session, engagement, account)
    assert await happened(session, engagement.id) == ["contact.went_out"]
    rest = await contacts.resting(session, engagement.id, of(ada_house.dana))
    assert (rest.left, rest.last) == (False, True), "a channel that is none of ours does not count"


async def test_who_had_left_and_joins_again_is_asked_about(session: Session, ada_house: House) -> None:
    engagement = await engagements.locked(session, ada_house.engagement.id)
    dana = await people.identity(session, "U0DANA")
    assert dana is not None
    await contacts.leave(session, ada_house.ada, of(ada_house.dana))
    await engagements.take_out(session, engagement, of(ada_house.dana))
    for _ in range(2):
        await engagements.came_in(session, engagement, dana)
    joined = select(Event.id).where(Event.kind == "person.joined")
    assert len((await session.execute(joined)).all()) == 1
    thing = await engagements.newcomer(session, dana.id, engagement.id)
    assert thing is not None and thing.left_id == of(ada_house.dana)
    assert of(ada_house.dana) not in {one.id for one in (await engagements.people_of(session, engagement.id)).clients}


# Who is who


async def test_an_address_alone_gives_no_account_what_another_has(session: Session, ada_house: House) -> None:
    """Whoever sets their Slack address to Clara's does not become Clara, nor somebody who has left."""
    engagement = await engagements.locked(session, ada_house.engagement.id)
    thief = Profile("U0THIEF", "T0ELSE", "Clara Chen", email="clara@northwind.example")
    known = await engagements.meet(session, engagement, thief, home_team_id=TEAM)
    assert known.user_id is None
    await engagements.came_in(session, engagement, known)
    thing = await engagements.newcomer(session, known.id, engagement.id)
    assert thing is not None and thing.known_as == "", "staff are asked"
    free = await people.contact(
        session, ada_house.id, name="Luis", email="luis@northwind.example", company=ada_house.company
    )
    await contacts.leave(session, ada_house.ada, free.id)
    luis = Profile("U0LUIS", NORTHWIND_TEAM, "Luis Ortega", email="luis@northwind.example")
    assert (await engagements.meet(session, engagement, luis, home_team_id=TEAM)).user_id is None
    await contacts.come_back(session, ada_house.ada, free.id)
    assert (await engagements.meet(session, engagement, luis, home_team_id=TEAM)).user_id == free.id


async def test_departed_staff_lose_their_rights_at_once(session: Session, ada_house: House) -> None:
    ben = Profile("U0BEN", TEAM, "Ben Okafor", email="ben@studioada.example", deactivated=True)
    await people.meet(session, ben, home_team_id=TEAM)
    acting = await people.recognise(session, "U0BEN")
    assert acting.side == "stranger"
    with pytest.raises(Refusal):
        await drafted(session, _as(ada_house, acting))
    assert of(ada_house.ben) not in {one.id for one in await people.staff(session)}
    with pytest.raises(Invalid):
        await engagements.name_people(
            session,
            ada_house.ada,
            ada_house.engagement.id,
            owner_id=of(ada_house.ben),
            contact_id=of(ada_house.clara),
            approver_id=None,
            billing_id=None,
        )


def _as(house: House, actor: Actor) -> House:
    return House(**{**house.__dict__, "ada": actor})


# What was found in reviews


async def test_what_waits_for_a_channel_follows_it_to_its_new_id(database: Database, ada_house: House) -> None:
    before, engagement = str(ada_house.engagement.channel_id), ada_house.engagement
    async with database.transaction(ada_house.id) as session:
        for number in range(3):
            await jobs.enqueue(
                session,
                "post.show",
                lane=f"slack:{before}",
                payload={"card": "engagement.status", "place": before, "subject": str(engagement.id), "n": number},
                organization_id=ada_house.id,
            )
    async with database.platform() as session:
        [running] = await jobs.claim(session, "worker", 5, 30)
    async with database.transaction(ada_house.id) as session:
        await engagements.channel_id_changed(session, before, "C0NEW")
    async with database.platform() as session:
        others = await jobs.claim(session, "other", 5, 30)
        assert [(job.lane, job.payload["place"], job.payload["n"]) for job in others] == [("slack:C0NEW", "C0NEW", 1)]
        await jobs.retry(session, running, "lost", 0, paces={})
        await jobs.finish(session, others, paces={})
        left = await jobs.claim(session, "other", 5, 30)
        assert sorted((job.payload["place"], job.payload["n"]) for job in left) == [("C0NEW", 0), ("C0NEW", 2)]


async def test_what_died_of_a_revoked_token_lives_again_and_nothing_else(database: Database, ada_house: House) -> None:
    errors = ("Permanent: Slack refused chat.postMessage: token_revoked.", "Permanent: Slack refused it: msg_too_long.")
    async with database.transaction(ada_house.id) as session:
        for number in range(2):
            await jobs.enqueue(session, "post.show", lane=f"slack:C{number}", organization_id=ada_house.id)
        await jobs.enqueue(session, jobs.NOTICE, lane="operators", organization_id=ada_house.id)
    async with database.platform() as session:
        claimed = await jobs.claim(session, "worker", 5, 30)
        for job in claimed:
            await jobs.bury(session, job, errors[job.lane == "slack:C1"])
        assert await jobs.revive_told(session, ada_house.id, (": token_revoked",)) == 1
        assert {job.kind for job in await jobs.dead(session)} == {"post.show", jobs.NOTICE}
        waiting = (await session.execute(select(Job.lane).where(Job.dead_at.is_(None)))).scalars()
        assert list(waiting) == ["slack:C0"]


async def test_two_who_stand_in_each_others_way_both_get_through(dsn: str, ada_house: House) -> None:
    """Postgres looks for deadlocks before our patience with a lock ends: one of the two begins again, the other goes on."""
    db = Database(dsn)
    tried: list[str] = []
    both = asyncio.Barrier(2)

    async def work(session: Session, first: uuid.UUID, second: uuid.UUID) -> None:
        tried.append("")
        lock = text("SELECT id FROM users WHERE id = :id FOR NO KEY UPDATE")
        await session.execute(lock, {"id": first})
        if len(tried) <= 2:
            await both.wait()
        await session.execute(lock, {"id": second})

    one, other = of(ada_house.clara), of(ada_house.dana)
    try:
        await asyncio.gather(
            db.attempt(ada_house.id, lambda session: work(session, one, other)),
            db.attempt(ada_house.id, lambda session: work(session, other, one)),
        )
    finally:
        await db.close()
    assert len(tried) in (3, 4)


async def test_engagements_of_the_same_title_are_told_apart_where_one_is_chosen(
    session: Session, ada_house: House
) -> None:
    session.add(
        Engagement(
            organization_id=ada_house.id,
            company_id=ada_house.company.id,
            title="northwind",
            owner_id=of(ada_house.ada),
            contact_id=of(ada_house.clara),
            channel_name="northwind-2",
        )
    )
    await session.flush()
    words = [one for _, one in lists.choices(await lists.listing(session, ada_house.ada))]
    assert sorted(words) == ["Globex", "Northwind", "northwind · #northwind-2"]
    assert len(set(words)) == 3


async def test_a_change_of_name_does_not_rewrite_what_was_said(session: Session, ada_house: House) -> None:
    from core import conversations
    from core.conversations import Message, Said

    engagement = await engagements.by_id(session, ada_house.engagement.id)
    channel = str(engagement.channel_id)
    start = clock.now() - timedelta(minutes=9)

    def words(number: int, author: str) -> Said:
        ts = f"{start.timestamp() + number:.6f}"
        return Said(channel=channel, ts=ts, author_ref=author, text=f"Words {number}")

    for number, (account, name) in enumerate((("U0CLARA", "Clara Chen"), ("U0NEW", "Pat"))):
        profile = Profile(account, NORTHWIND_TEAM, name)
        await people.meet(session, profile, home_team_id=TEAM)
        await conversations.say(session, engagement, "client", words(number, account))
    for account, name in (("U0CLARA", "Clara Chen-Díaz"), ("U0NEW", "Patricia")):
        await people.meet(session, Profile(account, NORTHWIND_TEAM, name), home_team_id=TEAM)
    await conversations.say(session, engagement, "client", words(2, "U0CLARA"))
    said = (await session.execute(select(Message).order_by(Message.ts))).scalars().all()
    assert [one.author_name for one in said] == ["Clara Chen", "Pat", "Clara Chen-Díaz"]
    assert [one.side for one in said] == ["client", "stranger", "client"]


async def test_somebody_unknown_who_writes_has_no_right_until_staff_say(session: Session, ada_house: House) -> None:
    engagement = await engagements.locked(session, ada_house.engagement.id)
    known = await engagements.meet(session, engagement, Profile("U0PAT", NORTHWIND_TEAM, "Pat"), home_team_id=TEAM)
    assert isinstance(known, Identity)
    acting = await people.recognise(session, "U0PAT")
    proposal = await proposals.send(session, ada_house.ada, (await drafted(session, ada_house)).id)
    for attempt in (
        proposals.decline(session, acting, proposal.id, reason="No"),
        events_of(session, acting, engagement.id),
    ):
        with pytest.raises(Refusal):
            await attempt


async def events_of(session: Session, actor: Actor, engagement_id: uuid.UUID) -> None:
    from core import access

    await access.fetch(session, actor, access.Can.ENGAGEMENT_SEE, Engagement, engagement_id)
    await events.history(session, engagement_id)
