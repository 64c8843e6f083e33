"""The client's page: all that they may see, nothing that they may not, in a constant number of queries."""

from datetime import date, timedelta

import pytest

from core import clock, db, portal
from core.contracts import Contract
from core.db import Database, Session, listen_for_queries
from core.engagements import Engagement, EngagementPerson
from core.errors import NotAllowed
from core.invoices import Invoice
from core.money import Money
from core.orders import Order
from core.people import Actor
from core.projects import Move, Project
from core.proposals import Item, Proposal, Signer, Version, compose, digest
from tests.builders import House, house


def offer(here: Engagement, title: str, status: str, **more: object) -> Proposal:
    sent = None if status == "draft" else clock.now()
    given = {"sent_at": sent, "currency": "USD", "expires_at": clock.now() + timedelta(days=14), **more}
    return Proposal(organization_id=here.organization_id, engagement_id=here.id, title=title, status=status, **given)


def bill(here: Engagement, client: Actor, title: str, status: str, minor: int = 90_000, **more: object) -> Invoice:
    issued = None if status == "draft" else clock.now()
    given = {"issued_at": issued, "total_minor": minor, "currency": "USD", **more}
    return Invoice(
        organization_id=here.organization_id,
        engagement_id=here.id,
        company_id=here.company_id,
        client_id=client.user_id,
        title=title,
        status=status,
        **given,
    )


def work(here: Engagement, title: str, phase: str = "build", **more: object) -> Project:
    given = {"phase_since": clock.now(), **more}
    return Project(organization_id=here.organization_id, engagement_id=here.id, title=title, phase=phase, **given)


async def furnish(session: Session, a: House, projects: int = 2) -> None:
    """Fill the engagement with Northwind: a signed website, a new offer, work in several phases, all sorts of bills."""
    here, now, today = a.engagement, clock.now(), clock.now().date()
    signed = offer(here, "Website", "signed", signed_at=now - timedelta(days=20), author_id=a.ada.user_id)
    await db.save(session, signed)
    fresh = offer(here, "SEO audit", "sent", purpose="Find out why the shop is hard to find.", author_id=a.ada.user_id)
    draft = offer(here, "Secret draft", "draft")
    await db.save(session, fresh, draft)
    for proposal, title, minor in ((signed, "Website", 840_000), (fresh, "SEO audit", 90_000), (draft, "Plan", 1)):
        await db.save(
            session,
            Item(
                organization_id=a.id,
                proposal_id=proposal.id,
                position=1,
                title=title,
                quantity=2,
                unit_minor=minor // 2,
                currency="USD",
            ),
            Signer(
                organization_id=a.id,
                proposal_id=proposal.id,
                user_id=a.clara.user_id,
                position=1,
                signed_at=proposal.signed_at,
            ),
        )
        if proposal.sent_at:
            body = await compose(session, proposal)
            frozen = {"number": 1, "body": body, "sha256": digest(body), "sent_at": proposal.sent_at}
            await db.save(session, Version(organization_id=a.id, proposal_id=proposal.id, **frozen))
    order = Order(
        organization_id=a.id,
        engagement_id=here.id,
        proposal_id=signed.id,
        company_id=here.company_id,
        client_id=a.clara.user_id,
        title="Website",
        total_minor=840_000,
        currency="USD",
    )
    contract = Contract(
        organization_id=a.id,
        company_id=here.company_id,
        engagement_id=here.id,
        proposal_id=signed.id,
        title="Website",
        signed_at=now - timedelta(days=20),
        starts_on=today - timedelta(days=20),
    )
    await db.save(session, order, contract)
    names = ("Website", "Newsletter", "Brand photographs", "Shop search")
    rows = [
        work(
            here,
            names[number] if number < len(names) else f"Landing page {number}",
            ("build", "handoff", "kickoff", "testing")[number % 4],
            owner_id=a.ben.user_id,
            status="completed" if number % 4 == 1 else "active",
            completed_at=now - timedelta(days=2) if number % 4 == 1 else None,
            due_on=today + timedelta(days=(14, 2, -3, 30)[number % 4]),
        )
        for number in range(projects)
    ]
    await db.save(session, *rows)
    for state, needed, ago in (
        ("done", "an older wish", 9),
        ("done", "The last six product photographs", 1),
        ("held", "not yet said", 0),
    ):
        session.add(
            Move(
                organization_id=a.id,
                engagement_id=here.id,
                project_id=rows[0].id,
                before="setup",
                after="build",
                next_what="First pages to look at",
                next_on=today + timedelta(days=7),
                needed=needed,
                state=state,
                release_at=now,
                done_at=now - timedelta(days=ago) if state == "done" else None,
            )
        )
    clara = a.clara
    await db.save(
        session,
        bill(
            here,
            clara,
            "Deposit, Website",
            "paid",
            420_000,
            serial="2026-001",
            paid_minor=420_000,
            paid_at=now - timedelta(days=15),
            due_on=today - timedelta(days=10),
            order_id=order.id,
            hosted_url="https://pay.example/1",
        ),
        bill(
            here,
            clara,
            "Second part, Website",
            "open",
            210_000,
            serial="2026-003",
            due_on=today + timedelta(days=12),
            order_id=order.id,
            hosted_url="https://pay.example/3",
        ),
        bill(
            here,
            clara,
            "Hosting, first quarter",
            "open",
            13_550,
            serial="2026-002",
            due_on=today - timedelta(days=3),
            hosted_url="https://pay.example/2",
            pdf_url="javascript:alert(1)",
        ),
        bill(here, clara, "Typing error", "void", 99_900, serial="2026-004"),
        bill(here, clara, "Secret bill", "draft", 1),
    )


async def test_a_client_sees_what_is_theirs(session: Session, ada_house: House) -> None:
    await furnish(session, ada_house)
    seen = await portal.hydrate(session, ada_house.clara)
    assert (seen.agency, seen.first_name, seen.company) == ("Studio Ada", "Clara", "Northwind")
    [here] = seen.engagements
    assert [each.title for each in here.projects] == ["Website", "Newsletter"]
    first, second = here.projects
    assert (first.phase, first.step, first.steps, first.late) == ("Build", 3, 6, 0)
    assert first.owner and first.owner.name == "Ben Okafor"
    assert first.needed == "The last six product photographs"
    assert second.status == "completed" and second.completed_on
    assert here.sentence == "Website is in Build, step 3 of 6. 1 of 2 pieces are delivered."
    assert {each.title: each.total.show() for each in here.proposals} == {"SEO audit": "$900", "Website": "$8,400"}
    assert [(each.title, each.status) for each in here.contracts] == [("Website", "active")]
    assert [(each.total, each.paid, each.settled) for each in here.orders] == [
        (Money(840_000, "USD"), Money(420_000, "USD"), False)
    ]
    assert [each.serial for each in here.invoices] == ["2026-002", "2026-003", "2026-001", "2026-004"]
    assert here.invoices[0].late == 3 and here.invoices[0].pdf_url == ""
    assert [each.kind for each in here.waits] == ["sign", "pay", "pay", "needed"]
    assert seen.waiting == 4 and seen.counts == (1, 2)
    assert seen.next_payment and seen.next_payment.serial == "2026-002"
    assert seen.next_date and seen.next_date[1] == "Website: First pages to look at"


async def test_drafts_are_never_in_it(session: Session, ada_house: House) -> None:
    await furnish(session, ada_house)
    told = repr(await portal.hydrate(session, ada_house.clara))
    assert "Secret" not in told and "not yet said" not in told
    assert "Website" in told


async def test_a_colleague_is_not_asked_to_sign_for_another(session: Session, ada_house: House) -> None:
    await furnish(session, ada_house)
    [here] = (await portal.hydrate(session, ada_house.dana)).engagements
    assert [each.kind for each in here.waits] == ["pay", "pay", "needed"]
    assert [each.title for each in here.proposals if each.waits] == ["SEO audit"]


async def test_another_client_sees_nothing_of_it(session: Session, ada_house: House) -> None:
    await furnish(session, ada_house)
    seen = await portal.hydrate(session, ada_house.gus)
    assert [each.title for each in seen.engagements] == ["Globex"]
    assert not any(e.projects or e.invoices or e.proposals or e.contracts or e.orders for e in seen.engagements)
    assert seen.waiting == 0 and seen.next_date is None and seen.next_payment is None
    assert seen.engagements[0].sentence == "We are getting started."


async def test_a_contract_is_seen_by_those_of_its_engagement(session: Session, ada_house: House) -> None:
    await furnish(session, ada_house)
    a = ada_house
    other = Engagement(
        organization_id=a.id,
        company_id=a.company.id,
        title="Northwind shop",
        owner_id=a.ada.user_id,
        contact_id=a.clara.user_id,
    )
    await db.save(session, other)
    await db.save(session, EngagementPerson(organization_id=a.id, engagement_id=other.id, user_id=a.clara.user_id))
    both = await portal.hydrate(session, a.clara)
    assert [(each.title, len(each.contracts)) for each in both.engagements] == [("Northwind", 1), ("Northwind shop", 0)]


async def test_another_agency_sees_nothing_of_it(database: Database, ada_house: House) -> None:
    async with database.transaction(ada_house.id) as session:
        await furnish(session, ada_house)
    rival = await house(database, "Rival", "T0RIVAL")
    async with database.transaction(rival.id) as session:
        seen = await portal.hydrate(session, rival.clara)
        assert seen.agency == "Rival" and not seen.engagements[0].projects
        crossed = Actor(rival.id, "client", user_id=ada_house.clara.user_id, levels=ada_house.clara.levels)
        assert (await portal.hydrate(session, crossed)).engagements == ()


async def test_it_is_nobody_elses(session: Session, ada_house: House) -> None:
    for other in (ada_house.ada, ada_house.stranger):
        with pytest.raises(NotAllowed):
            await portal.hydrate(session, other)


async def test_fifty_projects_cost_the_queries_of_one(database: Database, ada_house: House) -> None:
    counts = []
    for number in (1, 49):
        async with database.transaction(ada_house.id) as session:
            if number == 1:
                await furnish(session, ada_house, 1)
            else:
                await db.save(session, *(work(ada_house.engagement, f"More {each}") for each in range(number)))
        async with database.transaction(ada_house.id) as session:
            seen: list[str] = []
            stop = listen_for_queries(database.engine, seen)
            projects = (await portal.hydrate(session, ada_house.clara)).engagements[0].projects
            stop()
            counts.append((len(projects), len(seen)))
    assert [projects for projects, _ in counts] == [1, 50]
    assert counts[0][1] == counts[1][1] <= 15


async def test_days_are_the_readers(session: Session, ada_house: House) -> None:
    late = clock.now().replace(hour=23, minute=30)
    await db.save(session, offer(ada_house.engagement, "Website", "signed", signed_at=late))
    there = Actor(**{**vars(ada_house.clara), "timezone": "Asia/Tokyo"})
    for reader, day in ((ada_house.clara, late.date()), (there, late.date() + timedelta(days=1))):
        [seen] = (await portal.hydrate(session, reader)).engagements[0].proposals
        assert seen.signed_on == day
    nowhere = Actor(**{**vars(ada_house.clara), "timezone": "Mars/Olympus"})
    assert (await portal.hydrate(session, nowhere)).today == clock.now().date()


@pytest.mark.parametrize(
    ("status", "sentence"),
    [("closed", "This work is finished. Everything stays here for you."), ("paused", "The work is paused for now.")],
)
async def test_the_sentence_follows_the_relationship(
    session: Session, ada_house: House, status: str, sentence: str
) -> None:
    here = await session.merge(ada_house.engagement)
    here.status = status
    await session.flush()
    [seen] = (await portal.hydrate(session, ada_house.clara)).engagements
    assert seen.sentence == sentence


async def test_an_offer_past_its_day_waits_no_more(session: Session, ada_house: House) -> None:
    past = offer(ada_house.engagement, "Website", "viewed", expires_at=clock.now() - timedelta(minutes=1))
    await db.save(session, past)
    await db.save(
        session, Signer(organization_id=ada_house.id, proposal_id=past.id, user_id=ada_house.clara.user_id, position=1)
    )
    [here] = (await portal.hydrate(session, ada_house.clara)).engagements
    assert here.proposals[0].status == "expired" and not here.waits


def test_nothing_is_due_before_anything_is_there() -> None:
    empty = portal.Portal("Studio Ada", "Clara Chen", "Clara", "", date(2026, 11, 20), ())
    assert empty.next_date is None and empty.next_payment is None and empty.waiting == 0 and empty.counts == (0, 0)
