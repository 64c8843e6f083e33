"""What is typed and pressed about invoices: each door leads to its verb, with a second look before money moves."""

import uuid
from datetime import timedelta

import pytest

from bot.slack import invoices as doors
from bot.slack.listener import BUTTONS, COMMANDS, FORMS
from bot.slack.replies import Done, Say
from core import clock, conversations, invoices
from core.db import Session
from core.errors import Invalid, NotAllowed, NotFound
from core.invoices import Invoice
from core.money import Money
from core.people import system
from tests.bot.test_projects_slack import heard, modal
from tests.builders import House


async def a_draft(session: Session, house: House) -> Invoice:
    return await invoices.draft(
        session,
        house.clara,
        engagement_id=house.engagement.id,
        company_id=house.company.id,
        client_id=house.clara.user_id or uuid.uuid4(),
        order_id=None,
        title="Deposit, Website",
        lines=[(None, "SEO audit", 2, Money(90_000, "USD"))],
    )


async def an_open(session: Session, house: House) -> Invoice:
    draft = await a_draft(session, house)
    await invoices.send(session, house.ada, draft.id, clock.now().date() + timedelta(days=14))
    return await invoices.issued(
        session, system(house.id), draft.id, processor_ref="in_1", hosted_url="https://pay.example/1"
    )


async def test_every_verb_of_the_grammar_is_there() -> None:
    assert {verb for noun, verb in COMMANDS if noun == "invoice"} == {
        *("", "new", "show", "send", "remind", "paid", "void")
    }


async def test_an_invoice_is_drafted_by_a_form(session: Session, ada_house: House) -> None:
    view = modal(await doors.new(await heard(session, ada_house, ada_house.ada, words="Extra work")))
    assert view["private_metadata"].startswith(str(ada_house.engagement.id))
    assert "Clara Chen" in str(view) and "Dana Flores" in str(view)
    fields = {"title": "Extra work", "lines": "Extra work, 2 × 150", "client": str(ada_house.dana.user_id)}
    for _ in range(2):
        told = await heard(session, ada_house, ada_house.ada, value=view["private_metadata"], fields=fields)
        assert await FORMS["invoice.new"](told) == Done()
    [drafted] = await invoices.of_engagement(session, ada_house.engagement.id)
    assert (drafted.title, drafted.total, drafted.client_id) == (
        "Extra work",
        Money(30_000, "USD"),
        ada_house.dana.user_id,
    )
    with pytest.raises(NotFound, match="engagement's channel"):
        await doors.new(await heard(session, ada_house, ada_house.ada, engagement=None))
    with pytest.raises(NotAllowed):
        await doors.new(await heard(session, ada_house, ada_house.ben))


async def test_sending_gets_a_second_look(session: Session, ada_house: House) -> None:
    draft = await a_draft(session, ada_house)
    view = modal(await BUTTONS["invoice.send"](await heard(session, ada_house, ada_house.ada, value=str(draft.id))))
    assert "$1,800 to Clara, Northwind" in str(view)
    with pytest.raises(Invalid) as refused:
        await FORMS["invoice.send"](await heard(session, ada_house, ada_house.ada, value=str(draft.id)))
    assert refused.value.field == "due_on"
    fields = {"due_on": (clock.now() + timedelta(days=7)).date().isoformat()}
    told = await heard(session, ada_house, ada_house.ada, value=str(draft.id), fields=fields)
    assert await FORMS["invoice.send"](told) == Done()
    assert draft.status == "sending"
    again = await BUTTONS["invoice.send"](await heard(session, ada_house, ada_house.ada, value=str(draft.id)))
    assert isinstance(again, Say) and again.title == "Already sent"
    await invoices.refused(session, system(ada_house.id), draft.id, "Stripe refused: no")
    retried = await BUTTONS["invoice.retry"](await heard(session, ada_house, ada_house.ada, value=str(draft.id)))
    assert isinstance(retried, Say) and "on its way again" in retried.text


async def test_remind_mark_paid_and_void_restate_what_they_do(session: Session, ada_house: House) -> None:
    invoice = await an_open(session, ada_house)
    told = {"value": str(invoice.id)}
    for button in ("invoice.remind", "invoice.mark_paid", "invoice.void"):
        view = modal(await BUTTONS[button](await heard(session, ada_house, ada_house.ada, **told)))
        assert str(invoice.serial) in str(view)
        with pytest.raises(NotAllowed):
            await BUTTONS[button](await heard(session, ada_house, ada_house.ben, **told))
    assert await FORMS["invoice.remind"](await heard(session, ada_house, ada_house.ada, **told)) == Done()
    fields = {"reference": "Transfer 4711", "paid_on": clock.now().date().isoformat()}
    assert (
        await FORMS["invoice.mark_paid"](await heard(session, ada_house, ada_house.ada, **told, fields=fields))
        == Done()
    )
    assert invoice.status == "paid"
    late = await BUTTONS["invoice.remind"](await heard(session, ada_house, ada_house.ada, **told))
    assert isinstance(late, Say) and late.title == "Not to be paid"
    other = await a_draft(session, ada_house)
    reason = await heard(session, ada_house, ada_house.ada, value=str(other.id), fields={"reason": "Not needed"})
    assert await FORMS["invoice.void"](reason) == Done()
    assert other.status == "void"


async def test_the_client_pays_tells_and_asks(session: Session, ada_house: House) -> None:
    invoice = await an_open(session, ada_house)
    told = {"value": str(invoice.id)}
    view = modal(await doors.pay(await heard(session, ada_house, ada_house.clara, **told)))
    assert "$1,800" in str(view) and "https://pay.example/1" in str(view)
    with pytest.raises(NotAllowed, match="for Clara to pay") as refused:
        await doors.pay(await heard(session, ada_house, ada_house.dana, **told))
    assert refused.value.way is not None and refused.value.way.action in BUTTONS
    answer = await doors.tell(await heard(session, ada_house, ada_house.dana, **told))
    assert isinstance(answer, Say) and answer.text.startswith("Told.")
    modal(await doors.ask(await heard(session, ada_house, ada_house.clara, **told)))
    asked = await heard(session, ada_house, ada_house.clara, **told, fields={"words": "Is VAT in it?"})
    assert isinstance(await doors.asked(asked), Say)
    [opened] = await conversations.open_ones(session, ada_house.ada, ada_house.engagement.id)
    assert opened.topic == f"About invoice {invoice.serial}"
    with pytest.raises(NotFound):
        await doors.pay(await heard(session, ada_house, ada_house.gus, **told))


async def test_lists_and_pages(session: Session, ada_house: House) -> None:
    invoice = await an_open(session, ada_house)
    here = await doors.listed(await heard(session, ada_house, ada_house.ada))
    everywhere = await doors.listed(await heard(session, ada_house, ada_house.ada, engagement=None))
    assert "Invoices of Northwind" in str(here) and "All invoices" in str(everywhere)
    assert "SEO audit, 2 × $900" in str(
        await doors.show(await heard(session, ada_house, ada_house.ben, value=str(invoice.id)))
    )
    which = COMMANDS["invoice", "paid"].which
    assert which is not None
    assert await which(await heard(session, ada_house, ada_house.ada)) == [
        (invoice.id, f"{invoice.serial} Deposit, Website")
    ]
