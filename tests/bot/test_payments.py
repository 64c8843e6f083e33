"""Invoices at the sandbox's Stripe over real HTTP: issued, paid, refused, closed, and told in any order."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from sqlalchemy import select

from bot.gateways.slack import Slack
from bot.gateways.stripe import OUR_ORGANIZATION, Stripe
from bot.sandbox.stripe import StripeAccount, signature
from bot.settings import Settings
from bot.tenants import Tenants
from bot.web.hooks import stripe_events
from bot.worker import payments
from bot.worker.deliveries import Deliveries
from bot.worker.runner import Runner
from bot.worker.works import HANDLERS, Works
from core import clock, events, invoices, jobs, posts
from core.db import Database, Session
from core.inbox import Keeper
from core.invoices import Invoice
from core.jobs import Claimed, Job
from core.money import Money
from core.people import Actor, Organization, system
from tests.builders import House, house

SECRET = "sandbox-webhook-secret"
OURS = ("invoice.issue", "invoice.close", "invoice.late", "stripe.settle")


@dataclass
class Till:
    """An agency with Stripe: its account, the door for webhooks, the loops of the worker."""

    house: House
    db: Database
    account: StripeAccount
    works: Works
    runner: Runner
    deliveries: Deliveries
    url: str
    done: list[Claimed] = field(default_factory=list)

    async def settled(self) -> None:
        """Wait until nothing is on its way: webhooks, deliveries, jobs, and what each causes."""
        for _ in range(3):
            await self.account.settled()
            await self.deliveries.settled()
            await self.runner.settled()

    async def drafted(self, minor: int = 90_000, currency: str = "USD") -> uuid.UUID:
        async with self.db.transaction(self.house.id) as session:
            draft = await invoices.draft(
                session,
                self.house.clara,
                engagement_id=self.house.engagement.id,
                company_id=self.house.company.id,
                client_id=self.house.clara.user_id or uuid.uuid4(),
                order_id=None,
                title="Deposit, Website",
                lines=[(None, "SEO audit", 2, Money(minor, currency)), (None, "Extra", 1, Money(minor, currency))],
            )
            return draft.id

    async def sent(self, minor: int = 90_000, currency: str = "USD") -> uuid.UUID:
        invoice_id = await self.drafted(minor, currency)
        await self.verb(
            lambda session, ada: invoices.send(session, ada, invoice_id, clock.now().date() + timedelta(days=14))
        )
        return invoice_id

    async def verb(self, work: Callable[[Session, Actor], Awaitable[Any]]) -> None:
        async with self.db.transaction(self.house.id) as session:
            await work(session, self.house.ada)

    async def invoice(self, invoice_id: uuid.UUID) -> Invoice:
        async with self.db.transaction(self.house.id) as session:
            return await invoices.get(session, invoice_id)

    async def kinds(self) -> list[str]:
        """What happened, in order, without the prefix and the looks."""
        async with self.db.transaction(self.house.id) as session:
            happened = reversed(await events.history(session, self.house.engagement.id, 100))
        return [event.kind.removeprefix("invoice.") for event in happened if event.kind.startswith("invoice.")]

    async def webhook(self, kind: str, about: dict[str, Any], name: str) -> int:
        """A webhook of our own making, signed as Stripe signs."""
        body = json.dumps({"id": name, "object": "event", "type": kind, "data": {"object": about}}).encode()
        async with (
            ClientSession() as http,
            http.post(
                f"{self.url}/stripe/webhook", data=body, headers={"Stripe-Signature": signature(body, SECRET)}
            ) as answer,
        ):
            return answer.status


@asynccontextmanager
async def opened(db: Database, ada: House, *, stripe: bool = True) -> AsyncIterator[Till]:
    address = ""
    account = StripeAccount(
        webhook_url=lambda: f"{address}/stripe/webhook",
        webhook_secret=SECRET,
        base_url=lambda: address,
        changed=lambda: None,
    )
    account.webhooks.pace = 0.01
    keeper = Keeper(db)
    # Its address is known only once the server runs.
    gateway = Stripe(api_key=account.api_key, api_url="http://127.0.0.1:1", webhook_secret=SECRET)
    app = web.Application()
    app.add_routes(account.routes())
    app.router.add_post("/stripe/webhook", stripe_events(verify=gateway.verify_webhook, keeper=keeper))
    server = web.AppRunner(app)
    await server.setup()
    site = web.TCPSite(server, "127.0.0.1", 0)
    await site.start()
    address = f"http://127.0.0.1:{server.addresses[0][1]}"
    gateway = Stripe(api_key=account.api_key, api_url=account.api_url, webhook_secret=SECRET)
    slack = Slack(api_url="http://127.0.0.1:1/api/")
    works = Works(db, slack, gateway if stripe else None, None, Tenants(db, "a secret"), Settings(_env_file=None))  # type: ignore[call-arg]

    async def run(job: Claimed) -> None:
        one.done.append(job)
        if job.kind in OURS:
            await HANDLERS[job.kind](works, job)

    async def tenant_of(session: Session, source: str, team: str) -> uuid.UUID:
        return ada.id

    kinds = (*OURS, "event.announce", "post.show")
    runner = Runner(db, dict.fromkeys(kinds, run), paces={})
    deliveries = Deliveries(db, payments.APPLIERS, tenant_of)
    one = Till(ada, db, account, works, runner, deliveries, address)
    loops = [asyncio.create_task(runner.run()), asyncio.create_task(deliveries.run())]
    try:
        yield one
    finally:
        runner.stop()
        deliveries.stop()
        await asyncio.gather(*loops)
        await account.close()
        await keeper.close()
        await gateway.close()
        await slack.close()
        await server.cleanup()


@pytest.fixture
async def till(database: Database, ada_house: House) -> AsyncIterator[Till]:
    async with opened(database, ada_house) as one:
        yield one


async def test_sent_issued_paid_and_told_once(till: Till) -> None:
    invoice_id = await till.sent()
    await till.settled()
    invoice = await till.invoice(invoice_id)
    year = clock.now().year
    assert (invoice.status, invoice.serial) == ("open", f"{year}-001")
    there = till.account.ledger.named(str(invoice_id))
    assert (there["number"], there["total"], there["id"]) == (f"{year}-001", 270_000, invoice.processor_ref)
    assert there["metadata"][OUR_ORGANIZATION] == str(till.house.id)
    assert invoice.hosted_url.startswith(till.url)

    till.account.webhooks.duplicate(10, "invoice.*")
    await till.account.pays(str(invoice_id))
    await till.settled()
    paid = await till.invoice(invoice_id)
    assert (paid.status, paid.paid, paid.trouble) == ("paid", Money(270_000, "USD"), "")
    async with till.db.transaction(till.house.id) as session:
        [payment] = await invoices.payments_of(session, invoice_id)
    assert (payment.amount, payment.method) == (Money(270_000, "USD"), "Visa ending 4242")
    assert await till.kinds() == ["drafted", "sending", "issued", "paid"]


async def test_the_same_company_is_one_customer(till: Till) -> None:
    for _ in range(2):
        await till.sent()
    await till.settled()
    await till.sent()
    await till.settled()
    assert len(till.account.ledger.customers) == 1


async def test_a_declined_card_is_told_to_staff_and_the_next_one_pays(till: Till) -> None:
    invoice_id = await till.sent()
    await till.settled()
    await till.account.declines(str(invoice_id))
    await till.settled()
    assert (await till.invoice(invoice_id)).status == "open"
    await till.account.pays(str(invoice_id), "4444")
    await till.settled()
    assert await till.kinds() == ["drafted", "sending", "issued", "payment_failed", "paid"]


async def test_webhooks_in_any_order_come_to_the_same_end(till: Till) -> None:
    invoice_id = await till.sent()
    till.account.webhooks.reorder(4, "invoice.*")
    await till.runner.settled()
    await till.account.pays(str(invoice_id))
    await till.settled()
    assert (await till.invoice(invoice_id)).status == "paid"
    assert (await till.kinds()).count("paid") == 1


@pytest.mark.parametrize("how", ["429", "500", "500_kept", "lost_before", "lost_after"])
async def test_stripe_failing_on_the_way_issues_one_invoice(till: Till, how: str, moved_clock: Path) -> None:
    till.account.fail("/v1/invoices/*/finalize", how=how)
    invoice_id = await till.sent()
    for _ in range(5):
        await till.settled()
        clock.move(10)
    await till.settled()
    assert (await till.invoice(invoice_id)).status == "open"
    assert [bill["status"] for bill in till.account.ledger.invoices.values()] == ["open"]
    assert await till.kinds() == ["drafted", "sending", "issued"]


async def test_what_stripe_refuses_can_be_tried_again_under_the_same_number(till: Till) -> None:
    invoice_id = await till.drafted(minor=12_345, currency="KWD")
    await till.verb(lambda session, ada: invoices.send(session, ada, invoice_id, clock.now().date()))
    await till.settled()
    stuck = await till.invoice(invoice_id)
    assert stuck.status == "stuck"
    assert "too many decimals" in stuck.trouble
    await till.verb(lambda session, ada: invoices.retry(session, ada, invoice_id))
    await till.settled()
    again = await till.invoice(invoice_id)
    assert (again.status, again.serial) == ("stuck", stuck.serial)
    assert await till.kinds() == ["drafted", "sending", "stuck", "sending", "stuck"]
    async with till.db.platform() as session:
        assert await jobs.dead(session) == [], "staff act on it; no operator need to"


async def test_paid_by_hand_closes_stripes_page(till: Till) -> None:
    invoice_id = await till.sent()
    await till.settled()
    today = clock.now().date()
    await till.verb(
        lambda session, ada: invoices.mark_paid(session, ada, invoice_id, reference="Transfer", paid_on=today)
    )
    await till.settled()
    assert till.account.ledger.named(str(invoice_id))["status"] == "paid"
    paid = await till.invoice(invoice_id)
    assert (paid.status, paid.paid, paid.trouble) == ("paid", paid.total, "")
    assert (await till.kinds()).count("paid") == 1


async def test_void_closes_stripes_page(till: Till) -> None:
    invoice_id = await till.sent()
    await till.settled()
    await till.verb(lambda session, ada: invoices.void(session, ada, invoice_id, "A mistake."))
    await till.settled()
    assert till.account.ledger.named(str(invoice_id))["status"] == "void"
    assert await till.kinds() == ["drafted", "sending", "issued", "voided"]


async def test_money_that_came_in_before_the_void_is_told_to_staff(till: Till) -> None:
    invoice_id = await till.sent()
    await till.settled()
    till.account.webhooks.drop(10, "invoice.*")
    await till.account.pays(str(invoice_id))
    await till.verb(lambda session, ada: invoices.void(session, ada, invoice_id, "A mistake."))
    await till.settled()
    invoice = await till.invoice(invoice_id)
    assert (invoice.status, invoice.paid) == ("void", invoice.total)
    assert "came in after it was voided" in invoice.trouble


async def test_a_webhook_decides_nothing_by_its_own_words(till: Till) -> None:
    invoice_id = await till.sent()
    await till.settled()
    open_ = await till.invoice(invoice_id)
    metadata = {"throughline_invoice": str(invoice_id), OUR_ORGANIZATION: str(till.house.id)}
    lie = {"id": open_.processor_ref, "object": "invoice", "status": "paid", "amount_paid": 1, "metadata": metadata}
    assert await till.webhook("invoice.paid", lie, "evt_lie") == 200
    await till.settled()
    assert (await till.invoice(invoice_id)).status == "open"


async def test_another_tenants_name_on_an_invoice_moves_nothing(till: Till) -> None:
    rival = await house(till.db, "Rival", "T0RIVAL")
    invoice_id = await till.sent()
    await till.settled()
    open_ = await till.invoice(invoice_id)
    till.account.ledger.named(str(invoice_id))["status"] = "paid"
    metadata = {"throughline_invoice": str(invoice_id), OUR_ORGANIZATION: str(rival.id)}
    about = {"id": open_.processor_ref, "object": "invoice", "metadata": metadata}
    await till.webhook("invoice.paid", about, "evt_other")
    await till.settled()
    assert (await till.invoice(invoice_id)).status == "open"
    async with till.db.platform() as session:
        [dead] = await jobs.dead(session)
    assert "does not have" in (dead.error or "")


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"id": "in_1", "metadata": {}},
        {"id": "in_1", "metadata": {"throughline_invoice": "42", OUR_ORGANIZATION: "x"}},
        {"id": 7, "metadata": {"throughline_invoice": str(uuid.uuid4()), OUR_ORGANIZATION: str(uuid.uuid4())}},
    ],
)
async def test_what_is_not_ours_is_passed_by(till: Till, about: dict[str, Any]) -> None:
    for number, kind in enumerate(("invoice.paid", "charge.succeeded", "customer.created")):
        assert await till.webhook(kind, about, f"evt_{number}") == 200
    await till.settled()
    assert [job for job in till.done if job.kind == "stripe.settle"] == []


async def test_without_stripe_the_bank_details_serve(database: Database, ada_house: House) -> None:
    async with opened(database, ada_house, stripe=False) as till:
        invoice_id = await till.sent()
        await till.settled()
        stuck = await till.invoice(invoice_id)
        assert stuck.status == "stuck" and "bank details" in stuck.trouble
        async with database.transaction(ada_house.id) as session:
            organization = (await session.execute(select(Organization))).scalar_one()
            organization.settings = {"bank_details": "IBAN DE00 0000"}
        await till.verb(lambda session, ada: invoices.retry(session, ada, invoice_id))
        await till.settled()
        invoice = await till.invoice(invoice_id)
        assert (invoice.status, invoice.hosted_url, invoice.processor_ref) == ("open", "", None)


async def test_each_morning_an_overdue_invoice_shows_how_late_it_is(till: Till, moved_clock: Path) -> None:
    invoice_id = await till.sent()
    await till.settled()
    async with till.db.transaction(till.house.id) as session:
        post = await posts.at(
            session, subject="invoice", subject_id=invoice_id, place="C0CLIENT", purpose="invoice.card"
        )
        posts.attempt(post)
        posts.sent(post, "1.2", "")
    # To noon of the day after it was due, whatever the hour is now, and to noon of the next.
    now = clock.now()
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    for wait in (noon + timedelta(days=15) - now, timedelta(days=1)):
        clock.move(wait.total_seconds())
        await till.settled()
    shown = [job for job in till.done if job.kind == "post.show"]
    assert [job.payload["card"] for job in shown] == ["invoice.card", "invoice.card"]
    async with till.db.transaction(till.house.id) as session:
        await invoices.void(session, system(till.house.id), invoice_id, "Enough.")
    clock.move(timedelta(days=2).total_seconds())
    await till.settled()
    async with till.db.platform() as session:
        assert (await session.execute(select(Job).where(Job.kind == "invoice.late"))).scalars().all() == []
