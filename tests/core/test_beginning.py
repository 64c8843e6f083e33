"""What the last signature begins: exactly what was signed, with the options that were chosen, adding up to the last cent."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import select

from core import clock, deliverables, engagements, invoices, orders, projects, stage, subscriptions, tasks
from core.db import Session
from core.invoices import Component, Invoice, Plan, Share, portion
from core.money import Money
from core.people import system
from core.projects import Project
from core.proposals import Document, NewItem, Part, Point, Reduction, parse
from core.signatures.beginning import Begun, begin
from core.subscriptions import period_start
from tests.builders import House
from tests.core.test_proposals import a_draft

DESIGN = NewItem(
    "Design",
    1,
    Money(1_000_000, "USD"),
    tax_percent=Decimal(20),
    template={
        "phases": {"deployment": "Launch"},
        "checklist": [{"phase": "kickoff", "title": "Invite the client"}, {"phase": "build", "title": "Draw"}],
        "deliverables": [{"title": "Style guide", "days": 10}, {"title": "designs READY", "days": None}],
    },
)
COPY = NewItem("Copywriting", 2, Money(50_000, "USD"), optional=True, discount_percent=Decimal(10))
PHOTOS = NewItem("Photos", 1, Money(70_000, "USD"), optional=True)
CARE = NewItem("Care", 1, Money(30_000, "USD"), "fee", period="month", trial_days=14, setup_minor=10_000)


async def document(session: Session, house: House, **changed: object) -> tuple[object, Document]:
    from core import proposals

    draft = await a_draft(session, house)
    plain = parse(await proposals.compose(session, draft))
    paper = replace(plain, items=(DESIGN, COPY, PHOTOS, CARE), **changed)
    return draft, replace(paper, total=paper.sum().once)


async def begun(session: Session, house: House, chosen: tuple[int, ...], **changed: object) -> Begun:
    draft, paper = await document(session, house, **changed)
    made = await begin(session, house.clara, draft, paper, chosen, clock.now())  # type: ignore[arg-type]
    await invoices.send_due(session, system(house.id), made.invoices)
    return made


async def test_only_what_was_chosen_becomes_an_order_and_work(session: Session, ada_house: House) -> None:
    made = await begun(session, ada_house, (1,))
    lines = await orders.lines_of(session, [made.order.id])
    assert [(line.title, line.amount.minor, line.period) for line in lines] == [
        ("Design", 1_200_000, ""),
        ("Copywriting", 90_000, ""),
        ("Care", 30_000, "month"),
        ("Set-up: Care", 10_000, ""),
    ]
    assert made.order.total.minor == 1_300_000
    assert [project.title for project in made.projects] == ["Design", "Copywriting"]
    (bill,) = made.invoices
    assert (bill.status, bill.total.minor) == ("sending", 1_300_000)
    assert [(line.title, line.amount.minor) for line in await invoices.lines_of(session, bill.id)] == [
        ("Design", 1_000_000),
        ("Copywriting (2 × $500, less $100)", 90_000),
        ("Set-up: Care", 10_000),
        ("Tax 20%", 200_000),
    ]


async def test_a_project_begins_with_its_services_template_and_its_milestones(
    session: Session, ada_house: House
) -> None:
    points = (Point("Designs ready", date(2027, 2, 1)), Point("Texts approved", date(2027, 3, 1), item=1))
    owner = str(ada_house.ben.user_id)
    items = (replace(DESIGN, template={**DESIGN.template, "owner": owner}), COPY)
    draft, paper = await document(session, ada_house, milestones=points)
    made = await begin(session, ada_house.clara, draft, replace(paper, items=items), (1,), clock.now())  # type: ignore[arg-type]
    design, copy = made.projects
    assert (design.owner_id, design.due_on, design.phase_names) == (
        ada_house.ben.user_id,
        date(2027, 2, 1),
        {"deployment": "Launch"},
    )
    assert [(task.phase, task.title) for task in await tasks.of_project(session, design.id)] == [
        ("kickoff", "Invite the client"),
        ("build", "Draw"),
    ]
    promised = await deliverables.of_project(session, design.id)
    assert [(each.title, each.milestone, each.status) for each in promised] == [
        ("Designs ready", 0, "pending"),
        ("Style guide", None, "pending"),
    ]
    assert [each.title for each in await deliverables.of_project(session, copy.id)] == ["Texts approved"]


async def test_milestones_of_an_item_that_was_not_chosen_belong_to_the_first(
    session: Session, ada_house: House
) -> None:
    made = await begun(session, ada_house, (), milestones=(Point("Texts approved", None, item=1),))
    (design,) = made.projects
    assert "Texts approved" in [each.title for each in await deliverables.of_project(session, design.id)]


SCHEDULE = (
    Part("Deposit", "percent", "signing", Decimal(30)),
    Part("Second payment", "percent", "date", Decimal("33.33"), due_on=date(2027, 2, 1)),
    Part("Third payment", "amount", "milestone", amount_minor=10_000, milestone=0),
    Part("The rest", "rest", "completion"),
)


async def test_a_schedule_becomes_invoices_and_what_is_due_on_signing_goes_out(
    session: Session, ada_house: House
) -> None:
    made = await begun(session, ada_house, (), schedule=SCHEDULE, milestones=(Point("Designs ready"),))
    assert [(bill.title, bill.status, bill.waits_for, bill.part) for bill in made.invoices] == [
        ("Deposit, Website", "sending", "", 0),
        ("Second payment, Website", "draft", "date", 1),
        ("Third payment, Website", "draft", "milestone", 2),
        ("The rest, Website", "draft", "completion", 3),
    ]
    assert sum(bill.total.minor for bill in made.invoices) == made.order.total.minor == 1_210_000
    assert made.invoices[0].total.minor == 363_000
    assert made.invoices[0].serial
    assert made.invoices[2].deliverable_id is not None
    deposit = await invoices.lines_of(session, made.invoices[0].id)
    assert [(line.title, line.amount.minor) for line in deposit] == [
        ("Deposit", 303_000),
        ("Tax 20% on deposit", 60_000),
    ]


async def test_a_planned_invoice_goes_out_on_its_day_and_once(
    session: Session, ada_house: House, moved_clock: None
) -> None:
    made = await begun(session, ada_house, (), schedule=(SCHEDULE[0], SCHEDULE[1], SCHEDULE[3]))
    planned, house = made.invoices[1], system(ada_house.id)
    assert (await invoices.come(session, house, planned.id)) is planned
    assert planned.status == "draft"
    clock.move((datetime(2027, 2, 1, 9, tzinfo=UTC) - clock.now()).total_seconds())
    await invoices.come(session, house, planned.id)
    assert (planned.status, planned.due_on) == ("sending", date(2027, 2, 15))
    serial = planned.serial
    await invoices.come(session, house, planned.id)
    assert (planned.status, planned.serial) == ("sending", serial)


async def test_the_rest_goes_out_when_all_of_the_work_is_done(session: Session, ada_house: House) -> None:
    made = await begun(session, ada_house, (1,), schedule=(SCHEDULE[0], SCHEDULE[3]))
    rest = made.invoices[1]
    for project in made.projects:
        assert rest.status == "draft"
        project.phase = "handoff"
        await session.flush()
        move = await projects.advance(session, ada_house.ada, project.id, before="handoff")
        await projects.release(session, system(ada_house.id), move.id)
    assert rest.status == "sending"


async def test_two_milestones_of_one_name_are_two_and_the_handoff_reaches_both(
    session: Session, ada_house: House
) -> None:
    points = (Point("Launch"), Point("launch", None, item=1))
    parts = (
        Part("First", "percent", "milestone", Decimal(50), milestone=1),
        Part("Second", "rest", "milestone", milestone=0),
    )
    made = await begun(session, ada_house, (), schedule=parts, milestones=points)
    waited_for = [bill.deliverable_id for bill in made.invoices]
    assert None not in waited_for
    assert len(set(waited_for)) == 2
    (design,) = made.projects
    design.phase = "handoff"
    await session.flush()
    move = await projects.advance(session, ada_house.ada, design.id, before="handoff")
    await projects.release(session, system(ada_house.id), move.id)
    assert [bill.status for bill in made.invoices] == ["sending", "sending"]
    assert [bill.serial for bill in made.invoices] == sorted(str(bill.serial) for bill in made.invoices)


async def test_a_planned_day_in_a_closed_engagement_bills_nobody(
    session: Session, ada_house: House, moved_clock: None
) -> None:
    made = await begun(session, ada_house, (), schedule=(SCHEDULE[0], SCHEDULE[1], SCHEDULE[3]))
    planned = made.invoices[1]
    await engagements.close(session, ada_house.ada, ada_house.engagement.id)
    clock.move((datetime(2027, 2, 1, 9, tzinfo=UTC) - clock.now()).total_seconds())
    await invoices.come(session, system(ada_house.id), planned.id)
    assert (planned.status, planned.serial) == ("draft", None)


async def test_where_nothing_is_due_on_signing_no_deposit_is_awaited(session: Session, ada_house: House) -> None:
    await begun(session, ada_house, (), schedule=(SCHEDULE[3],))
    assert (await stage.facts(session, ada_house.engagement.id)).deposits_settled


async def test_a_deposit_is_awaited_whatever_comes_later(session: Session, ada_house: House) -> None:
    await begun(session, ada_house, (), schedule=(SCHEDULE[0], SCHEDULE[3]))
    assert not (await stage.facts(session, ada_house.engagement.id)).deposits_settled


async def test_what_recurs_is_billed_for_each_period_once_however_late(
    session: Session, ada_house: House, moved_clock: None
) -> None:
    made = await begun(session, ada_house, ())
    (care,) = made.subscriptions
    today = clock.now().date()
    assert care.anchor_on == today + timedelta(days=14)
    house = system(ada_house.id)
    assert await subscriptions.bill(session, house, care.id) == []
    clock.move(timedelta(days=15).total_seconds())
    (first,) = await subscriptions.bill(session, house, care.id)
    assert (first.total.minor, first.status, first.period_start) == (30_000, "sending", care.anchor_on)
    assert await subscriptions.bill(session, house, care.id) == []
    clock.move(timedelta(days=65).total_seconds())
    missed = await subscriptions.bill(session, house, care.id)
    assert [bill.period_start for bill in missed] == [period_start(care.anchor_on, "month", n) for n in (1, 2)]


async def test_a_coupon_for_the_first_payment_lowers_only_that(
    session: Session, ada_house: House, moved_clock: None
) -> None:
    made = await begun(session, ada_house, (), coupon=Reduction("HALF", Decimal(50)))
    (care,) = made.subscriptions
    assert (care.first_amount_minor, care.amount_minor) == (15_000, 30_000)
    assert made.order.total.minor == 600_000 + 10_000
    clock.move(timedelta(days=50).total_seconds())
    bills = await subscriptions.bill(session, system(ada_house.id), care.id)
    assert [bill.total.minor for bill in bills] == [15_000, 30_000]


async def test_one_order_is_planned_once(session: Session, ada_house: House) -> None:
    made = await begun(session, ada_house, ())
    rows = await session.execute(select(Invoice).where(Invoice.order_id == made.order.id))
    assert len(list(rows.scalars())) == 1
    count = await session.execute(select(Project).where(Project.engagement_id == ada_house.engagement.id))
    assert len(list(count.scalars())) == 1


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ("month", ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"]),
        ("quarter", ["2027-01-31", "2027-04-30", "2027-07-31", "2027-10-31"]),
        ("year", ["2027-01-31", "2028-01-31", "2029-01-31", "2030-01-31"]),
        ("week", ["2027-01-31", "2027-02-07", "2027-02-14", "2027-02-21"]),
    ],
)
def test_a_period_begins_on_its_anchors_day_or_the_months_last(period: str, days: list[str]) -> None:
    assert [period_start(date(2027, 1, 31), period, n).isoformat() for n in range(4)] == days


@given(
    nets=some.lists(some.integers(0, 10**7), min_size=1, max_size=6),
    taxes=some.lists(some.integers(0, 10**6), max_size=3),
    weights=some.lists(some.integers(1, 100), min_size=1, max_size=6),
)
def test_the_invoices_of_a_schedule_add_up_to_what_was_signed(
    nets: list[int], taxes: list[int], weights: list[int]
) -> None:
    parts = [Component((uuid.uuid4(), f"Item {n}", 1, Money(net, "JPY"))) for n, net in enumerate(nets)]
    parts += [Component((None, f"Tax {n}", 1, Money(tax, "JPY")), tax=True) for n, tax in enumerate(taxes)]
    whole = Money(sum(nets) + sum(taxes), "JPY")
    shares = [Share(f"Part {n}", amount, Plan()) for n, amount in enumerate(whole.allocate(weights))]
    bills = portion(parts, shares)
    for share, lines in zip(shares, bills, strict=True):
        assert sum(unit.minor * many for _, _, many, unit in lines) == share.amount.minor
        assert all(unit.minor >= 0 for _, _, _, unit in lines)
    for n, tax in enumerate(taxes):
        billed = sum(u.minor for lines in bills for _, title, _, u in lines if title.startswith(f"Tax {n}"))
        assert billed == tax
