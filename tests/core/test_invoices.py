"""Invoices: numbered without a gap, issued, paid once whatever is said in whatever order, withdrawn, reminded of."""

import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core import clock, events, invoices, orders, projects
from core.db import Database, Session, listen_for_queries
from core.engagements import Engagement
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.invoices import Arrival, Invoice, Standing, lines_from
from core.jobs import Job
from core.money import Money
from core.orders import Bought
from core.people import Actor, Company, system
from core.proposals import Proposal
from tests.builders import House

AT = datetime(2026, 11, 14, 12, tzinfo=UTC)


def due() -> date:
    return clock.now().date() + timedelta(days=14)


async def a_draft(session: Session, house: House, *, minor: int = 90_000, currency: str = "USD") -> Invoice:
    return await invoices.draft(
        session,
        house.clara,
        engagement_id=house.engagement.id,
        company_id=house.company.id,
        client_id=_id(house.clara),
        order_id=None,
        title="Deposit, Website",
        lines=[(None, "SEO audit", 2, Money(minor, currency))],
    )


async def an_open(session: Session, house: House, *, minor: int = 90_000, currency: str = "USD") -> Invoice:
    draft = await a_draft(session, house, minor=minor, currency=currency)
    await invoices.send(session, house.ada, draft.id, due())
    return await invoices.issued(
        session, system(house.id), draft.id, processor_ref=f"in_{draft.id.hex[:8]}", hosted_url="https://pay.example/1"
    )


def said(invoice: Invoice, status: str = "paid", *amounts: int, ref: str = "") -> Standing:
    """What the processor says of the invoice, with payments of these amounts (of all of it, if it is paid)."""
    amounts = amounts or ((invoice.total_minor,) if status == "paid" else ())
    paid = tuple(
        Arrival(f"pi_{number}_{invoice.id}", Money(amount, invoice.currency), AT, "Visa ending 4242")
        for number, amount in enumerate(amounts)
    )
    return Standing(ref or invoice.processor_ref or f"in_{invoice.id.hex[:8]}", status, invoice.total, paid)


async def settled(session: Session, house: House, invoice: Invoice, standing: Standing) -> Invoice:
    return await invoices.settle(session, system(house.id), invoice.id, standing)


async def kinds(session: Session, house: House) -> list[str]:
    """What happened to invoices in the engagement, in order, without the prefix."""
    happened = reversed(await events.history(session, house.engagement.id, 100))
    return [event.kind.removeprefix("invoice.") for event in happened if event.kind.startswith("invoice.")]


def _id(actor: Actor) -> uuid.UUID:
    assert actor.user_id is not None
    return actor.user_id


# drafting and numbering


async def test_a_draft_adds_up_and_only_staff_see_it(session: Session, ada_house: House) -> None:
    draft = await a_draft(session, ada_house)
    assert (draft.total, draft.status, draft.serial) == (Money(180_000, "USD"), "draft", None)
    assert [(each.title, each.status) for each in await invoices.overview(session, ada_house.ada)] == [
        ("Deposit, Website", "draft")
    ]
    assert await invoices.overview(session, ada_house.clara) == []
    with pytest.raises(NotFound):
        await invoices.look(session, ada_house.clara, draft.id)
    assert await kinds(session, ada_house) == ["drafted"]


async def test_an_invoice_by_hand_goes_to_one_of_the_clients_people(session: Session, ada_house: House) -> None:
    lines = lines_from("Extra work, 2 × 150\nTravel 80.50", "USD")
    made = await invoices.new(
        session,
        ada_house.ada,
        engagement_id=ada_house.engagement.id,
        title=" Extra work ",
        client_id=_id(ada_house.dana),
        lines=lines,
    )
    assert (made.title, made.total, made.order_id) == ("Extra work", Money(38_050, "USD"), None)
    for actor, refusal in (
        (ada_house.clara, NotAllowed),
        (ada_house.ben, NotAllowed),
        (ada_house.stranger, NotAllowed),
    ):
        with pytest.raises(refusal):
            await invoices.new(
                session,
                actor,
                engagement_id=ada_house.engagement.id,
                title="Mine",
                client_id=_id(ada_house.dana),
                lines=lines,
            )
    for wrong in (ada_house.gus, ada_house.ada):
        with pytest.raises(Invalid) as refused:
            await invoices.new(
                session,
                ada_house.ada,
                engagement_id=ada_house.engagement.id,
                title="Extra",
                client_id=_id(wrong),
                lines=lines,
            )
        assert refused.value.field == "client"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Extra work, 2 × 150", ("Extra work", 2, 15_000)),
        ("Extra work 3x$1,250.50", ("Extra work", 3, 125_050)),
        ("Hosting, 12 months: 480", ("Hosting, 12 months", 1, 48_000)),
        ("Logo, 900 USD", ("Logo", 1, 90_000)),
    ],
)
def test_lines_are_read_as_people_type_them(typed: str, found: tuple[str, int, int]) -> None:
    [(title, count, unit)] = lines_from(typed, "USD")
    assert (title, count, unit.minor) == found


@pytest.mark.parametrize("typed", ["", "Extra work", "Extra work, 0 × 150", "Extra work, 2 × 150 EUR", "Work, 1.234"])
def test_a_line_that_cannot_be_read_is_named(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        lines_from(typed, "USD")
    assert refused.value.field == "lines"


async def test_sending_numbers_and_freezes_and_has_it_issued(session: Session, ada_house: House) -> None:
    draft = await a_draft(session, ada_house)
    await invoices.send(session, ada_house.ada, str(draft.id), due())
    year = clock.now().year
    assert (draft.status, draft.serial, draft.due_on) == ("sending", f"{year}-001", due())
    job = (await session.execute(select(Job).where(Job.kind == "invoice.issue"))).scalar_one()
    assert (job.payload, job.lane) == ({"invoice": str(draft.id)}, f"invoice:{draft.id}")
    with pytest.raises(Conflict, match="on its way already"):
        await invoices.send(session, ada_house.ada, draft.id, due())
    wanted = await invoices.to_issue(session, draft.id)
    assert wanted is not None
    assert (wanted.lines, wanted.email) == ((("SEO audit, 2 × $900", 180_000),), "clara@northwind.example")
    assert wanted.due_at.date() == due()
    other = await a_draft(session, ada_house)
    await invoices.send(session, ada_house.ada, other.id, due())
    assert other.serial == f"{year}-002"


async def test_only_those_who_may_move_money_send(session: Session, ada_house: House) -> None:
    draft = await a_draft(session, ada_house)
    for actor, refusal in (
        (ada_house.ben, NotAllowed),
        (ada_house.clara, NotFound),
        (ada_house.gus, NotFound),
        (ada_house.stranger, NotFound),
    ):
        for attempt in (
            invoices.send(session, actor, draft.id, due()),
            invoices.void(session, actor, draft.id, "No."),
            invoices.retry(session, actor, draft.id),
            invoices.mark_paid(session, actor, draft.id, reference="Cash", paid_on=clock.now().date()),
            invoices.remind(session, actor, draft.id),
        ):
            with pytest.raises(refusal):
                await attempt
    with pytest.raises(Invalid) as late:
        await invoices.send(session, ada_house.ada, draft.id, clock.now().date() - timedelta(days=1))
    assert late.value.field == "due_on"
    assert (draft.status, draft.serial) == ("draft", None)


async def test_fifty_at_once_get_fifty_consecutive_numbers_and_a_failure_leaves_no_gap(
    database: Database, ada_house: House
) -> None:
    async with database.transaction(ada_house.id) as session:
        drafts = [(await a_draft(session, ada_house)).id for _ in range(51)]

    async def send(number: int) -> str | None:
        try:
            async with database.transaction(ada_house.id) as session:
                sent = await invoices.send(session, ada_house.ada, drafts[number], due())
                if number == 25:
                    raise RuntimeError("after its number was taken")
                return sent.serial
        except RuntimeError:
            return None

    serials = await asyncio.gather(*(send(number) for number in range(51)))
    year = clock.now().year
    assert sorted(serial for serial in serials if serial) == [f"{year}-{number:03d}" for number in range(1, 51)]


async def test_each_year_is_a_series(session: Session, ada_house: House, moved_clock: Path) -> None:
    await an_open(session, ada_house)
    ahead = datetime(clock.now().year + 1, 1, 2, tzinfo=UTC) - clock.now()
    clock.move(ahead.total_seconds())
    assert (await an_open(session, ada_house)).serial == f"{clock.now().year}-001"


# the processor


async def test_what_the_processor_refuses_waits_for_staff_under_its_number(session: Session, ada_house: House) -> None:
    draft = await a_draft(session, ada_house)
    await invoices.send(session, ada_house.ada, draft.id, due())
    for _ in range(2):
        await invoices.refused(session, system(ada_house.id), draft.id, "Stripe refused: no such currency")
    assert (draft.status, draft.trouble) == ("stuck", "Stripe refused: no such currency")
    serial = draft.serial
    await invoices.retry(session, ada_house.ada, draft.id)
    with pytest.raises(Conflict):
        await invoices.retry(session, ada_house.ada, draft.id)
    assert (draft.status, draft.serial, draft.trouble) == ("sending", serial, "")
    await invoices.issued(session, system(ada_house.id), draft.id, processor_ref="in_1")
    await invoices.refused(session, system(ada_house.id), draft.id, "too late")
    assert draft.status == "open"
    assert await kinds(session, ada_house) == ["drafted", "sending", "stuck", "sending", "issued"]


async def test_it_is_issued_once_and_then_the_client_sees_it(session: Session, ada_house: House) -> None:
    invoice = await an_open(session, ada_house)
    ref = invoice.processor_ref
    await invoices.issued(session, system(ada_house.id), invoice.id, processor_ref="in_other")
    assert (invoice.status, invoice.processor_ref) == ("open", ref)
    assert await kinds(session, ada_house) == ["drafted", "sending", "issued"]
    assert (await invoices.look(session, ada_house.clara, invoice.id)).amount == "$1,800"
    with pytest.raises(NotFound):
        await invoices.look(session, ada_house.gus, invoice.id)


async def test_nothing_to_pay_is_paid_without_a_charge(session: Session, ada_house: House) -> None:
    invoice = await an_open(session, ada_house, minor=0)
    assert (invoice.status, await invoices.payments_of(session, invoice.id)) == ("paid", [])


async def test_a_company_becomes_a_customer_once(session: Session, ada_house: House) -> None:
    for customer in ("cus_1", "cus_2"):
        kept = await invoices.customer_made(session, system(ada_house.id), ada_house.company.id, customer)
        assert kept == "cus_1"
    company = (await session.execute(select(Company).where(Company.id == ada_house.company.id))).scalar_one()
    assert company.stripe_customer_id == "cus_1"


# the money


async def test_a_payment_settles_once_however_often_it_is_told(session: Session, ada_house: House) -> None:
    invoice = await an_open(session, ada_house)
    for _ in range(3):
        await settled(session, ada_house, invoice, said(invoice))
    await settled(session, ada_house, invoice, said(invoice, "open"))
    await settled(session, ada_house, invoice, said(invoice, "void"))
    assert (invoice.status, invoice.paid, invoice.paid_at, invoice.trouble) == ("paid", invoice.total, AT, "")
    assert len(await invoices.payments_of(session, invoice.id)) == 1
    assert (await kinds(session, ada_house)).count("paid") == 1


async def test_a_webhook_that_overtakes_our_own_record_comes_to_the_same_end(
    session: Session, ada_house: House
) -> None:
    draft = await a_draft(session, ada_house)
    await invoices.send(session, ada_house.ada, draft.id, due())
    await settled(session, ada_house, draft, said(draft, ref="in_1"))
    await invoices.issued(session, system(ada_house.id), draft.id, processor_ref="in_1")
    assert (draft.status, draft.processor_ref) == ("paid", "in_1")
    assert await kinds(session, ada_house) == ["drafted", "sending", "issued", "paid"]


async def test_a_draft_at_the_processor_says_nothing_yet(session: Session, ada_house: House) -> None:
    draft = await a_draft(session, ada_house)
    await invoices.send(session, ada_house.ada, draft.id, due())
    await settled(session, ada_house, draft, said(draft, "draft"))
    assert draft.status == "sending"


async def test_parts_are_added_up_until_it_is_covered(session: Session, ada_house: House) -> None:
    invoice = await an_open(session, ada_house)
    await settled(session, ada_house, invoice, said(invoice, "open", 100_000))
    assert (invoice.status, invoice.due) == ("open", Money(80_000, "USD"))
    await settled(session, ada_house, invoice, said(invoice, "paid", 100_000, 80_000))
    assert (invoice.status, invoice.due) == ("paid", Money(0, "USD"))


@pytest.mark.parametrize("wrong", ["total", "currency", "part", "other"])
async def test_what_does_not_add_up_is_told_once_and_marks_nothing_paid(
    session: Session, ada_house: House, wrong: str
) -> None:
    invoice = await an_open(session, ada_house)
    standing = {
        "total": replace(said(invoice), total=Money(1, "USD")),
        "currency": replace(said(invoice), total=Money(180_000, "EUR")),
        "part": said(invoice, "paid", 100),
        "other": said(invoice, ref="in_another"),
    }[wrong]
    for _ in range(2):
        await settled(session, ada_house, invoice, standing)
    assert invoice.status == "open"
    assert invoice.trouble
    assert (await kinds(session, ada_house))[3:] == ["mismatched"]


async def test_money_for_a_void_invoice_is_kept_and_told(session: Session, ada_house: House) -> None:
    invoice = await an_open(session, ada_house)
    await invoices.void(session, ada_house.ada, invoice.id, "A mistake.")
    for _ in range(2):
        await settled(session, ada_house, invoice, said(invoice))
    assert (invoice.status, invoice.paid) == ("void", invoice.total)
    assert "came in after it was voided" in invoice.trouble
    assert (await kinds(session, ada_house))[-2:] == ["voided", "mismatched"]


async def test_a_declined_card_is_told_once_for_each_try(session: Session, ada_house: House) -> None:
    invoice = await an_open(session, ada_house)
    for attempt in ("evt_1", "evt_1", "evt_2"):
        await invoices.declined(session, system(ada_house.id), invoice.id, attempt)
    assert (await kinds(session, ada_house)).count("payment_failed") == 2
    await settled(session, ada_house, invoice, said(invoice))
    await invoices.declined(session, system(ada_house.id), invoice.id, "evt_3")
    assert (await kinds(session, ada_house)).count("payment_failed") == 2


async def test_staff_note_a_payment_by_hand_once(session: Session, ada_house: House) -> None:
    invoice = await an_open(session, ada_house)
    today = clock.now().date()
    for wrong, field in (({"reference": " "}, "reference"), ({"paid_on": today + timedelta(days=2)}, "paid_on")):
        with pytest.raises(Invalid) as refused:
            await invoices.mark_paid(
                session,
                ada_house.ada,
                invoice.id,
                **{"reference": "Transfer 4711", "paid_on": today, **wrong},  # type: ignore[arg-type]
            )
        assert refused.value.field == field
    await invoices.mark_paid(session, ada_house.ada, invoice.id, reference="Transfer 4711", paid_on=today)
    with pytest.raises(Conflict, match="paid"):
        await invoices.mark_paid(session, ada_house.ada, invoice.id, reference="Transfer 4711", paid_on=today)
    [payment] = await invoices.payments_of(session, invoice.id)
    assert (payment.processor, payment.method, payment.amount) == ("manual", "Transfer 4711", invoice.total)
    assert payment.noted_by_id == ada_house.ada.user_id
    job = (await session.execute(select(Job).where(Job.kind == "invoice.close"))).scalar_one()
    assert job.payload["how"] == "paid"
    await settled(session, ada_house, invoice, said(invoice, "paid", 180_000))
    assert "$1,800 more came in" in invoice.trouble


async def test_all_at_once_it_is_paid_once(database: Database, ada_house: House) -> None:
    async with database.transaction(ada_house.id) as session:
        invoice = await an_open(session, ada_house)
    standing = said(invoice)

    async def told() -> None:
        async with database.transaction(ada_house.id) as session:
            await invoices.settle(session, system(ada_house.id), invoice.id, standing)

    async def noted() -> str:
        try:
            async with database.transaction(ada_house.id) as session:
                today = clock.now().date()
                await invoices.mark_paid(session, ada_house.ada, invoice.id, reference="Cash", paid_on=today)
        except Conflict:
            return "refused"
        return "noted"

    await told()
    answers = await asyncio.gather(told(), noted(), told(), noted(), told())
    assert [answer for answer in answers if answer] == ["refused", "refused"]
    async with database.transaction(ada_house.id) as session:
        assert len(await invoices.payments_of(session, invoice.id)) == 1
        assert (await kinds(session, ada_house)).count("paid") == 1


async def test_two_who_note_the_same_payment_note_it_once(database: Database, ada_house: House) -> None:
    async with database.transaction(ada_house.id) as session:
        invoice = await an_open(session, ada_house)

    async def note() -> bool:
        try:
            async with database.transaction(ada_house.id) as session:
                today = clock.now().date()
                await invoices.mark_paid(session, ada_house.ada, invoice.id, reference="Cash", paid_on=today)
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(note(), note(), note())) == [False, False, True]
    async with database.transaction(ada_house.id) as session:
        assert len(await invoices.payments_of(session, invoice.id)) == 1


async def test_void_keeps_its_number_and_the_next_goes_on(session: Session, ada_house: House) -> None:
    invoice = await an_open(session, ada_house)
    with pytest.raises(Invalid):
        await invoices.void(session, ada_house.ada, invoice.id, " ")
    for _ in range(2):
        await invoices.void(session, ada_house.ada, invoice.id, "A mistake.")
    assert (invoice.status, invoice.serial) == ("void", f"{clock.now().year}-001")
    assert (await kinds(session, ada_house)).count("voided") == 1
    other = await an_open(session, ada_house)
    assert other.serial == f"{clock.now().year}-002"
    await settled(session, ada_house, other, said(other))
    with pytest.raises(Conflict, match="is paid"):
        await invoices.void(session, ada_house.ada, other.id, "Too late.")
    draft = await a_draft(session, ada_house)
    await invoices.void(session, ada_house.ada, draft.id, "Not needed.")
    assert (draft.serial, draft.issued_at) == (None, None)


@pytest.mark.parametrize(
    ("currency", "minor", "shown"), [("JPY", 900, "¥1,800"), ("KWD", 12_340, "KWD24.680"), ("ISK", 500, "ISK1,000")]
)
async def test_currencies_with_other_decimals(
    session: Session, ada_house: House, currency: str, minor: int, shown: str
) -> None:
    invoice = await an_open(session, ada_house, minor=minor, currency=currency)
    await settled(session, ada_house, invoice, said(invoice))
    assert invoice.status == "paid"
    assert (await invoices.bill(session, invoice)).amount.replace("\xa0", "") == shown


# the client


async def test_the_contact_pays_and_others_can_have_her_told(session: Session, ada_house: House) -> None:
    invoice = await an_open(session, ada_house)
    with pytest.raises(NotAllowed, match="for Clara to pay") as refused:
        await invoices.look_to_pay(session, ada_house.dana, invoice.id)
    assert refused.value.way is not None
    assert (refused.value.way.label, refused.value.way.action) == ("Tell Clara", "invoice.tell")
    await invoices.tell(session, ada_house.dana, refused.value.way.id)
    with pytest.raises(Conflict, match="Once a day"):
        await invoices.tell(session, ada_house.dana, invoice.id)
    for actor, refusal in ((ada_house.gus, NotFound), (ada_house.stranger, NotFound), (ada_house.ada, NotAllowed)):
        with pytest.raises(refusal):
            await invoices.look_to_pay(session, actor, invoice.id)
    for _ in range(2):
        assert (await invoices.look_to_pay(session, ada_house.clara, invoice.id)).viewed_by_id == _id(ada_house.clara)
    assert (await kinds(session, ada_house))[3:] == ["reminded", "viewed"]
    await settled(session, ada_house, invoice, said(invoice))
    shown = await invoices.bill(session, invoice)
    assert (shown.payer, shown.method, shown.paid_on) == ("Clara", "Visa ending 4242", date(2026, 11, 14))
    with pytest.raises(Conflict, match=r"was paid on 14 Nov\. Thank you"):
        await invoices.look_to_pay(session, ada_house.clara, invoice.id)


async def test_a_billing_contact_pays_in_her_place(session: Session, ada_house: House) -> None:
    engagement = (
        await session.execute(select(Engagement).where(Engagement.id == ada_house.engagement.id))
    ).scalar_one()
    engagement.billing_id = _id(ada_house.dana)
    invoice = await an_open(session, ada_house)
    assert (await invoices.bill(session, invoice)).recipient == "Dana"
    for actor in (ada_house.dana, ada_house.clara):
        await invoices.look_to_pay(session, actor, invoice.id)


async def test_what_was_withdrawn_or_not_sent_is_not_to_be_paid(session: Session, ada_house: House) -> None:
    draft = await a_draft(session, ada_house)
    with pytest.raises(NotFound):
        await invoices.look_to_pay(session, ada_house.clara, draft.id)
    with pytest.raises(Conflict, match="not reached"):
        await invoices.remind(session, ada_house.ada, draft.id)
    invoice = await an_open(session, ada_house)
    await invoices.void(session, ada_house.ada, invoice.id, "A mistake.")
    with pytest.raises(Conflict, match="withdrawn"):
        await invoices.look_to_pay(session, ada_house.clara, invoice.id)


async def test_staff_remind_once_a_day(session: Session, ada_house: House, moved_clock: Path) -> None:
    invoice = await an_open(session, ada_house)
    await invoices.remind(session, ada_house.ada, invoice.id)
    with pytest.raises(Conflict):
        await invoices.remind(session, ada_house.ada, invoice.id)
    clock.move(86_400)
    await invoices.remind(session, ada_house.ada, invoice.id)
    assert (await kinds(session, ada_house)).count("reminded") == 2


async def test_it_grows_late_after_its_due_day(session: Session, ada_house: House, moved_clock: Path) -> None:
    invoice = await an_open(session, ada_house)
    job = (await session.execute(select(Job).where(Job.kind == "invoice.late"))).scalar_one()
    assert job.run_at.date() == due() + timedelta(days=1)
    assert (await invoices.bill(session, invoice)).days_late == 0
    clock.move(timedelta(days=17).total_seconds())
    assert (await invoices.bill(session, invoice)).days_late == 3


# together with orders


async def test_the_order_shows_what_is_paid_and_the_stage_follows(session: Session, ada_house: House) -> None:
    house = ada_house
    proposal = Proposal(
        organization_id=house.id,
        engagement_id=house.engagement.id,
        title="Website",
        currency="USD",
        status="signed",
        expires_at=clock.now(),
        sent_at=clock.now(),
        signed_at=clock.now(),
    )
    session.add(proposal)
    await session.flush()
    order, [line] = await orders.make(
        session,
        house.clara,
        engagement_id=house.engagement.id,
        company_id=house.company.id,
        client_id=_id(house.clara),
        proposal_id=proposal.id,
        title="Website",
        currency="USD",
        lines=[Bought("SEO audit", 2, Money(90_000, "USD"))],
    )
    project = await projects.start(
        session, house.clara, engagement_id=house.engagement.id, order_line_id=line.id, title="SEO audit"
    )
    assert (
        await projects.start(
            session, house.clara, engagement_id=house.engagement.id, order_line_id=line.id, title="SEO audit"
        )
        is project
    )
    invoice = await invoices.draft(
        session,
        house.clara,
        engagement_id=house.engagement.id,
        company_id=house.company.id,
        client_id=_id(house.clara),
        order_id=order.id,
        title="Website",
        lines=[(line.id, "SEO audit", 2, Money(90_000, "USD"))],
    )
    await invoices.send(session, house.ada, invoice.id, due())
    await invoices.issued(session, system(house.id), invoice.id, processor_ref="in_1")
    assert await invoices.paid_of_order(session, order.id) == Money(0, "USD")
    await projects.assign(session, house.ada, project.id, _id(house.ada))
    await settled(session, house, invoice, said(invoice))
    assert await invoices.paid_of_order(session, order.id) == Money(180_000, "USD")
    engagement = (await session.execute(select(Engagement).where(Engagement.id == house.engagement.id))).scalar_one()
    assert engagement.stage == "confirmed"
    while project.status == "active":
        held = await projects.advance(session, house.ada, project.id, before=project.phase)
        await projects.release(session, system(house.id), held.id)
    assert engagement.stage == "complete"


async def test_a_list_costs_the_same_however_long_it_is(session: Session, database: Database, ada_house: House) -> None:
    statements: list[str] = []
    await an_open(session, ada_house)
    stop = listen_for_queries(database.engine, statements)
    try:
        await invoices.overview(session, ada_house.ada)
        few = len(statements)
        for _ in range(5):
            await an_open(session, ada_house)
        statements.clear()
        await invoices.overview(session, ada_house.ada)
        assert len(statements) == few
    finally:
        stop()


async def test_what_needs_somebody_first_comes_first(session: Session, ada_house: House) -> None:
    paid, later, draft, sooner = [
        await (a_draft if number == 2 else an_open)(session, ada_house) for number in range(4)
    ]
    await settled(session, ada_house, paid, said(paid))
    sooner.due_on = due() - timedelta(days=3)
    await session.flush()
    found = await invoices.of_engagement(session, ada_house.engagement.id)
    assert [each.id for each in found] == [sooner.id, later.id, draft.id, paid.id]
    titles = await invoices.candidates(session, ada_house.ada, None, ["draft"])
    assert titles == [(draft.id, "Deposit, Website (Northwind)")]


async def test_its_papers_are_for_staff_and_for_whoever_pays(session: Session, ada_house: House) -> None:
    invoice = await an_open(session, ada_house)
    for allowed in (ada_house.ada, ada_house.clara):
        assert (await invoices.paper(session, allowed, invoice.id)).id == invoice.id
    with pytest.raises(NotAllowed):
        await invoices.paper(session, ada_house.dana, invoice.id)
    for nobody in (ada_house.gus, ada_house.stranger):
        with pytest.raises(NotFound):
            await invoices.paper(session, nobody, invoice.id)
