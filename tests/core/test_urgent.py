"""What waits on whom: order, ownership, who sees what, and the number of queries."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock, urgent
from core.conversations import Conversation
from core.db import Database, Session, listen_for_queries
from core.engagements import Engagement
from core.errors import NotFound
from core.invoices import Invoice
from core.people import Actor
from core.projects import Project
from core.proposals import Proposal, Signer
from tests.builders import House

NOW = clock.now
DAY = timedelta(days=1)


def talk(
    home: House, topic: str, days: float, *, owner: Actor | None = None, status: str = "waiting_us"
) -> Conversation:
    since = NOW() - days * DAY
    return Conversation(
        organization_id=home.id,
        engagement_id=home.engagement.id,
        topic=topic,
        status=status,
        owner_id=owner.user_id if owner else None,
        opened_at=since,
        waiting_since=since,
    )


def offer(home: House, title: str, days_left: float) -> Proposal:
    return Proposal(
        organization_id=home.id,
        engagement_id=home.engagement.id,
        author_id=home.ada.user_id,
        title=title,
        status="sent",
        currency="USD",
        expires_at=NOW() + days_left * DAY,
        sent_at=NOW() - DAY,
    )


def bill(home: House, title: str, days_late: int, status: str = "open") -> Invoice:
    return Invoice(
        organization_id=home.id,
        engagement_id=home.engagement.id,
        company_id=home.company.id,
        client_id=home.clara.user_id,
        title=title,
        serial=f"2026-{abs(days_late):03}",
        status=status,
        total_minor=420_000,
        currency="USD",
        due_on=NOW().date() - timedelta(days=days_late),
        sent_at=NOW(),
        issued_at=NOW(),
    )


def work(home: House, title: str, days_late: int | None, owner: Actor | None = None) -> Project:
    due = None if days_late is None else NOW().date() - timedelta(days=days_late)
    return Project(
        organization_id=home.id,
        engagement_id=home.engagement.id,
        owner_id=owner.user_id if owner else None,
        title=title,
        phase="build",
        phase_since=NOW(),
        due_on=due,
    )


async def put(session: Session, *rows: object) -> None:
    for row in rows:
        session.add(row)
    await session.flush()


async def test_nothing_waits(session: Session, ada_house: House) -> None:
    board = await urgent.mine(session, ada_house.ada)
    assert (list(board.top), board.more) == ([], 0)


async def test_clients_come_first_then_what_ends(session: Session, ada_house: House) -> None:
    await put(
        session,
        talk(ada_house, "Yesterday", 1),
        talk(ada_house, "Last week", 7),
        talk(ada_house, "Theirs", 30, status="waiting_client"),
        talk(ada_house, "Ben has it", 30, owner=ada_house.ben),
        offer(ada_house, "In May", 30),
        offer(ada_house, "Tomorrow", 1),
        bill(ada_house, "Not due", -3),
        bill(ada_house, "Deposit", 5),
        bill(ada_house, "Refused", 0, status="stuck"),
        work(ada_house, "Website", 4),
        work(ada_house, "No day", None),
    )
    board = await urgent.mine(session, ada_house.ada, limit=10)
    assert [(one.title, one.why) for one in board.top] == [
        ("Last week", "waiting"),
        ("Yesterday", "waiting"),
        ("Tomorrow", "expiring"),
        ("In May", "awaiting"),
        ("Invoice 2026-000", "stuck"),
        ("Invoice 2026-005", "overdue"),
        ("Website", "late"),
    ]
    three = await urgent.mine(session, ada_house.ada)
    assert len(three.top) == 3 and three.more == 4
    assert three.counts == {"conversation": 2, "proposal": 2, "invoice": 2, "project": 1}


async def test_what_has_an_owner_is_the_owners(session: Session, ada_house: House) -> None:
    await put(session, talk(ada_house, "Ben's", 2, owner=ada_house.ben), work(ada_house, "Site", 2, ada_house.ada))
    assert [one.title for one in (await urgent.mine(session, ada_house.ben)).top] == ["Ben's"]
    assert [one.title for one in (await urgent.mine(session, ada_house.ada)).top] == ["Site"]


async def test_a_paused_engagement_waits_for_nobody_but_for_its_money(session: Session, ada_house: House) -> None:
    await put(session, talk(ada_house, "Rests", 2), bill(ada_house, "Deposit", 2))
    (
        await session.execute(select(Engagement).where(Engagement.id == ada_house.engagement.id))
    ).scalar_one().status = "paused"
    await session.flush()
    assert [one.kind for one in (await urgent.mine(session, ada_house.ada)).top] == ["invoice"]


async def test_strangers_and_other_clients_see_nothing(session: Session, ada_house: House) -> None:
    await put(session, talk(ada_house, "Secret", 2))
    for actor in (ada_house.stranger, ada_house.gus):
        assert list((await urgent.mine(session, actor)).top) == []
        with pytest.raises(NotFound):
            await urgent.standing(session, actor, ada_house.engagement.id)
    with pytest.raises(NotFound):
        await urgent.standing(session, ada_house.ada, uuid.uuid4())


async def test_how_it_stands_between_the_two_sides(session: Session, ada_house: House) -> None:
    proposal = offer(ada_house, "Website", 5)
    await put(session, proposal)
    await put(
        session,
        Signer(
            organization_id=ada_house.id,
            proposal_id=proposal.id,
            user_id=ada_house.clara.user_id,
            position=0,
            signed_at=NOW(),
        ),
        Signer(organization_id=ada_house.id, proposal_id=proposal.id, user_id=ada_house.dana.user_id, position=1),
    )
    await put(
        session,
        talk(ada_house, "Logo", 1),
        talk(ada_house, "Texts", 3, status="waiting_client"),
        bill(ada_house, "Deposit", -2),
        bill(ada_house, "Draft", 3, status="draft"),
        work(ada_house, "Site", None),
    )
    for actor in (ada_house.clara, ada_house.ada):
        found = await urgent.standing(session, actor, ada_house.engagement.id)
        assert (found.company, found.agency) == ("Northwind", "Studio Ada")
        assert [(one.title, one.who) for one in found.on_client] == [
            ("Website", "Dana Flores"),
            ("Invoice 2026-002", "Clara Chen"),
            ("Texts", ""),
        ]
        assert [one.title for one in found.on_us] == ["Logo"]
        assert [(one.title, one.phase, one.step, one.steps) for one in found.projects] == [("Site", "Build", 3, 6)]


async def test_my_engagements(session: Session, ada_house: House) -> None:
    found, count = await urgent.engagements_of(session, ada_house.ada)
    assert ([(one.title, one.company) for one in found], count) == (
        [("Globex", "Globex"), ("Northwind", "Northwind")],
        2,
    )
    assert [one.title for one in (await urgent.engagements_of(session, ada_house.ben))[0]] == ["Northwind"]
    assert (await urgent.engagements_of(session, ada_house.stranger)) == ([], 0)


async def test_many_cost_as_many_queries_as_few(database: Database, ada_house: House) -> None:
    async def counted() -> int:
        seen: list[str] = []
        stop = listen_for_queries(database.engine, seen)
        async with database.transaction(ada_house.id) as session:
            await urgent.mine(session, ada_house.ada)
            await urgent.standing(session, ada_house.ada, ada_house.engagement.id)
            await urgent.engagements_of(session, ada_house.ada)
        stop()
        return len(seen)

    async with database.transaction(ada_house.id) as session:
        await put(
            session,
            talk(ada_house, "One", 1),
            offer(ada_house, "One", 1),
            bill(ada_house, "One", 1),
            work(ada_house, "One", 1),
        )
    few = await counted()
    async with database.transaction(ada_house.id) as session:
        for number in range(2, 40):
            await put(
                session,
                talk(ada_house, "T", number),
                offer(ada_house, "P", number),
                bill(ada_house, "I", number),
                work(ada_house, "W", number),
            )
    assert await counted() == few
