"""The stage follows from facts, in whatever order they come, and each step that it passes is recorded."""

from itertools import pairwise, permutations

import pytest
from sqlalchemy import select

from core import clock, db, stage
from core.db import Session
from core.engagements import STAGE
from core.events import Event, Kind
from core.invoices import Invoice
from core.orders import Order
from core.projects import Project
from core.proposals import Proposal
from core.stage import Facts, stage_of, steps
from tests.builders import House

SIGNED = {"sent": True, "signed": True}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(), "draft"),
        (Facts(sent=True), "active"),
        (Facts(**SIGNED), "processing"),
        (Facts(signed=True), "processing"),
        (Facts(**SIGNED, deposits_settled=True), "processing"),
        (Facts(**SIGNED, owned=True), "processing"),
        (Facts(**SIGNED, deposits_settled=True, owned=True), "confirmed"),
        (Facts(**SIGNED, handed_off=True), "fulfilled"),
        (Facts(**SIGNED, deposits_settled=True, owned=True, handed_off=True, settled=True), "complete"),
        (Facts(called_off=True), "cancelled"),
        (Facts(**SIGNED, called_off=True), "cancelled"),
        (Facts(**SIGNED, handed_off=True, called_off=True), "fulfilled"),
        (Facts(**SIGNED, handed_off=True, settled=True, called_off=True), "complete"),
    ],
)
def test_the_stage_follows_from_the_facts(facts: Facts, expected: str) -> None:
    assert stage_of(facts) == expected


def test_every_stage_leads_to_every_other_by_steps_that_the_lifecycle_allows() -> None:
    for before, after in permutations(STAGE.statuses, 2):
        if after == "draft" and before != "cancelled":
            continue  # what was sent stays sent
        if (after == "active" and before not in ("draft", "cancelled")) or (
            after == "cancelled" and before == "complete"
        ):
            continue
        way = [before, *steps(before, after)]
        assert way[-1] == after
        assert all(STAGE.may(one, two) for one, two in pairwise(way))
        assert "cancelled" not in way[1:-1]


def test_a_way_passes_each_stage_between() -> None:
    assert steps("draft", "confirmed") == ["active", "processing", "confirmed"]
    assert steps("complete", "confirmed") == ["processing", "confirmed"]
    assert steps("active", "active") == []


async def test_facts_move_the_stage_once_and_each_step_is_recorded(session: Session, ada_house: House) -> None:
    org, engagement_id = ada_house.id, ada_house.engagement.id

    async def passed() -> list[tuple[str, str]]:
        await stage.restage(session, ada_house.ada, engagement_id)
        query = (
            select(Event)
            .where(Event.chain == engagement_id, Event.kind == Kind.ENGAGEMENT_STAGE_PASSED.value)
            .order_by(Event.seq)
        )
        return [(event.facts["before"], event.facts["after"]) for event in (await session.execute(query)).scalars()]

    assert await passed() == []
    proposal = Proposal(
        organization_id=org,
        engagement_id=engagement_id,
        title="Website",
        currency="USD",
        expires_at=clock.now(),
        sent_at=clock.now(),
    )
    await db.save(session, proposal)
    assert await passed() == [("draft", "active")]
    proposal.signed_at = clock.now()
    order = Order(
        organization_id=org,
        engagement_id=engagement_id,
        proposal_id=proposal.id,
        company_id=ada_house.company.id,
        client_id=ada_house.engagement.contact_id,
        title="Website",
        total_minor=900_00,
        currency="USD",
    )
    await db.save(session, order)
    project = Project(organization_id=org, engagement_id=engagement_id, title="Website", phase_since=clock.now())
    bill = Invoice(
        organization_id=org,
        engagement_id=engagement_id,
        order_id=order.id,
        company_id=ada_house.company.id,
        client_id=ada_house.engagement.contact_id,
        title="Deposit",
        total_minor=900_00,
        currency="USD",
    )
    await db.save(session, project, bill)
    assert (await passed())[-1] == ("active", "processing")
    bill.status, bill.serial = "paid", "2026-001"
    assert (await passed())[-1] == ("active", "processing")  # nobody leads the project yet
    project.owner_id = ada_house.ada.user_id
    assert (await passed())[-1] == ("processing", "confirmed")
    project.status = "completed"
    assert (await passed())[-2:] == [("confirmed", "fulfilled"), ("fulfilled", "complete")]
    extra = Order(
        organization_id=org,
        engagement_id=engagement_id,
        company_id=ada_house.company.id,
        client_id=ada_house.engagement.contact_id,
        title="More pages",
        total_minor=100_00,
        currency="USD",
    )
    more = Project(organization_id=org, engagement_id=engagement_id, title="More pages", phase_since=clock.now())
    await db.save(session, extra, more)
    assert (await passed())[-1] == ("complete", "processing")
    seen = await passed()
    assert seen == await passed()


async def test_a_deposit_that_was_waived_counts_as_settled(session: Session, ada_house: House) -> None:
    org, engagement_id = ada_house.id, ada_house.engagement.id
    order = Order(
        organization_id=org,
        engagement_id=engagement_id,
        company_id=ada_house.company.id,
        client_id=ada_house.engagement.contact_id,
        title="Website",
        total_minor=900_00,
        currency="USD",
    )
    await db.save(session, order)
    assert not (await stage.facts(session, engagement_id)).deposits_settled
    void = Invoice(
        organization_id=org,
        engagement_id=engagement_id,
        order_id=order.id,
        company_id=ada_house.company.id,
        client_id=ada_house.engagement.contact_id,
        title="Deposit",
        status="void",
        total_minor=1,
        currency="USD",
    )
    await db.save(session, void)
    assert (await stage.facts(session, engagement_id)).deposits_settled
    assert (await stage.facts(session, engagement_id)).signed
