"""The sandbox's Stripe account: strict as Stripe, in the pinned library's shapes, with its faults on demand."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import stripe
from aiohttp import web

from bot.sandbox.stripe import StripeAccount, signature
from core import clock

SECRET = "sandbox-webhook-secret"
Json = dict[str, Any]


@dataclass
class Rig:
    """An account on a real port, a door for its webhooks, and a client that speaks form parameters."""

    account: StripeAccount
    http: aiohttp.ClientSession
    url: str
    arrived: list[tuple[bytes, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    changes: int = 0

    @property
    def events(self) -> list[Json]:
        return [json.loads(body) for body, _ in self.arrived]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    async def ask(self, method: str, path: str, key: str | None = None, **params: str) -> tuple[int, Json, Any]:
        headers = {"Authorization": f"Bearer {self.account.api_key}"} | ({"Idempotency-Key": key} if key else {})
        how: Any = {"params": params} if method in ("GET", "DELETE") else {"data": params}
        async with self.http.request(method, f"{self.url}/stripe{path}", headers=headers, **how) as response:
            return response.status, await response.json(), response.headers

    async def post(self, path: str, key: str | None = None, **params: str) -> Json:
        status, body, _ = await self.ask("POST", path, key, **params)
        assert status == 200, body
        return body

    async def draft(self, amount: str = "180000", currency: str = "usd", **more: str) -> Json:
        buyer = await self.post("/v1/customers", name="Northwind", email="clara@northwind.example")
        bill = await self.post(
            "/v1/invoices",
            customer=buyer["id"],
            currency=currency,
            collection_method="send_invoice",
            days_until_due="14",
            **more,
        )
        lines = {"lines[0][description]": "SEO audit", "lines[0][amount]": amount}
        return await self.post(f"/v1/invoices/{bill['id']}/add_lines", **lines)

    async def open(self, **more: str) -> Json:
        return await self.post(f"/v1/invoices/{(await self.draft(**more))['id']}/finalize")


@asynccontextmanager
async def running(kept: Json | None = None) -> AsyncIterator[Rig]:
    """A rig around a new account, or one that takes up a dumped state."""
    address = ""
    account = StripeAccount(
        webhook_url=lambda: f"{address}/stripe/webhook",
        webhook_secret=SECRET,
        base_url=lambda: address,
        changed=lambda: setattr(rig, "changes", rig.changes + 1),
    )
    account.webhooks.pace = 0.01

    async def hook(request: web.Request) -> web.Response:
        rig.arrived.append((await request.read(), request.headers["Stripe-Signature"]))
        return web.Response(status=rig.answers.pop(0) if rig.answers else 200)

    app = web.Application()
    app.add_routes(account.routes())
    app.router.add_post("/stripe/webhook", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession() as http:
        rig = Rig(account, http, address)
        if kept is not None:
            account.load(kept)
        try:
            yield rig
        finally:
            await account.close()
            await runner.cleanup()


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as one:
        yield one


# shapes


def check_shape(thing: Json, kind: type) -> None:
    """Every field is one that the library's class has, and every field that is never null is there."""
    fields = {name: str(hint) for name, hint in kind.__annotations__.items() if not name.startswith("_")}
    assert not set(thing) - set(fields) - {"object"}, f"{kind.__name__} has no such fields"
    never_null = {name for name, hint in fields.items() if not re.search(r"Optional\[|NoneType|ClassVar", hint)}
    assert never_null - set(thing) <= {"object"}, f"{kind.__name__} lacks fields"
    assert not {name for name in never_null & set(thing) if thing[name] is None}


async def test_every_object_has_the_shape_of_the_pinned_librarys_version(rig: Rig) -> None:
    bill = await rig.open()
    await rig.account.pays(bill["id"])
    _, paid, headers = await rig.ask("GET", f"/v1/invoices/{bill['id']}", **{"expand[]": "payments"})
    assert headers["Stripe-Version"] == stripe.api_version
    assert headers["Request-Id"].startswith("req_")
    payment = paid["payments"]["data"][0]
    intent = (await rig.ask("GET", f"/v1/payment_intents/{payment['payment']['payment_intent']}"))[1]
    charge = (await rig.ask("GET", f"/v1/charges/{intent['latest_charge']}"))[1]
    customer = (await rig.ask("GET", f"/v1/customers/{bill['customer']}"))[1]
    item_bill = await rig.draft()
    item = await rig.post(
        "/v1/invoiceitems", customer=item_bill["customer"], invoice=item_bill["id"], amount="500", description="Extra"
    )
    event = (await rig.ask("GET", "/v1/events"))[1]["data"][0]
    endpoint = (await rig.ask("GET", "/v1/webhook_endpoints"))[1]["data"][0]
    for thing, kind in (
        (paid, stripe.Invoice),
        (paid["lines"]["data"][0], stripe.InvoiceLineItem),
        (payment, stripe.InvoicePayment),
        (intent, stripe.PaymentIntent),
        (charge, stripe.Charge),
        (customer, stripe.Customer),
        (item, stripe.InvoiceItem),
        (event, stripe.Event),
        (endpoint, stripe.WebhookEndpoint),
        ((await rig.ask("GET", "/v1/account"))[1], stripe.Account),
        ((await rig.ask("GET", "/v1/balance"))[1], stripe.Balance),
    ):
        check_shape(thing, kind)
    assert event["api_version"] == stripe.api_version


async def test_payments_and_whole_objects_are_there_only_when_they_are_asked_for(rig: Rig) -> None:
    bill = await rig.open()
    assert "payments" not in bill
    path = "data.payment.payment_intent"
    listed = (await rig.ask("GET", "/v1/invoice_payments", invoice=bill["id"], **{"expand[0]": path}))[1]
    assert listed["data"][0]["payment"]["payment_intent"]["status"] == "requires_payment_method"
    status, said, _ = await rig.ask("GET", f"/v1/invoices/{bill['id']}", **{"expand[]": "nonsense"})
    assert (status, said["error"]["param"]) == (400, "expand")


# the life of an invoice


async def test_a_draft_is_numbered_and_gets_its_page_when_it_is_finalised(rig: Rig) -> None:
    draft = await rig.draft()
    assert (draft["status"], draft["number"], draft["hosted_invoice_url"]) == ("draft", None, None)
    opened = await rig.post(f"/v1/invoices/{draft['id']}/finalize")
    assert opened["status"] == "open"
    assert re.fullmatch(r"[A-Z0-9]{8}-0001", opened["number"])
    assert opened["hosted_invoice_url"].startswith(f"{rig.url}/stripe/pay/")
    assert (opened["amount_due"], opened["amount_paid"], opened["amount_remaining"]) == (180000, 0, 180000)
    assert opened["due_date"] - opened["created"] == 14 * 86400


@pytest.mark.parametrize(
    ("before", "verb", "status"),
    [
        ("open", "finalize", 400),
        ("open", "add_lines", 400),
        ("draft", "void", 400),
        ("draft", "mark_uncollectible", 400),
        ("draft", "pay", 400),
        ("paid", "pay", 400),
        ("paid", "void", 400),
        ("void", "pay", 400),
        ("void", "finalize", 400),
        ("uncollectible", "void", 200),
        ("uncollectible", "pay", 200),
        ("open", "void", 200),
    ],
)
async def test_an_invoice_may_do_only_what_its_status_allows(rig: Rig, before: str, verb: str, status: int) -> None:
    bill = await rig.draft()
    here = f"/v1/invoices/{bill['id']}"
    if before != "draft":
        await rig.post(f"{here}/finalize")
    if before in ("void", "uncollectible"):
        await rig.post(f"{here}/{'void' if before == 'void' else 'mark_uncollectible'}")
    if before == "paid":
        await rig.account.pays(bill["id"])
    more = {"paid_out_of_band": "true"} if verb == "pay" else {}
    more |= {"lines[0][amount]": "100"} if verb == "add_lines" else {}
    got, said, _ = await rig.ask("POST", f"{here}/{verb}", **more)
    assert got == status, said
    if status == 400:
        assert said["error"]["type"] == "invalid_request_error"
        assert (await rig.ask("GET", here))[1]["status"] == before


async def test_a_finished_invoice_cannot_be_edited_and_a_draft_can_be_deleted(rig: Rig) -> None:
    bill = await rig.open()
    status, said, _ = await rig.ask("POST", f"/v1/invoices/{bill['id']}", description="Other words")
    assert (status, said["error"]["code"]) == (400, "invoice_not_editable")
    assert (await rig.post(f"/v1/invoices/{bill['id']}", **{"metadata[note]": "kept"}))["metadata"] == {"note": "kept"}
    draft = await rig.draft()
    assert (await rig.ask("DELETE", f"/v1/invoices/{draft['id']}"))[1]["deleted"] is True
    assert (await rig.ask("GET", f"/v1/invoices/{draft['id']}"))[0] == 404


async def test_an_invoice_over_nothing_is_paid_at_once(rig: Rig) -> None:
    bill = await rig.open(amount="0")
    assert bill["status"] == "paid"
    await rig.account.settled()
    assert rig.types()[-2:] == ["invoice.paid", "invoice.payment_succeeded"]


async def test_a_number_of_ours_is_used_once(rig: Rig) -> None:
    assert (await rig.open(number="2026-014"))["number"] == "2026-014"
    with pytest.raises(AssertionError, match="2026-014 is in use"):
        await rig.draft(number="2026-014")


# strictness


@pytest.mark.parametrize(
    ("path", "params", "status", "code", "param"),
    [
        ("/v1/invoices", {}, 400, "parameter_missing", "customer"),
        ("/v1/invoices", {"customer": "cus_nobody"}, 400, "resource_missing", "customer"),
        ("/v1/invoices/in_none/finalize", {}, 404, "resource_missing", "id"),
        ("/v1/customers", {"nmae": "x"}, 400, "parameter_unknown", "nmae"),
        ("/v1/customers", {"metadata[" + "k" * 41 + "]": "x"}, 400, None, "metadata[" + "k" * 41 + "]"),
        ("/v1/nothing", {}, 404, None, None),
    ],
)
async def test_refusals_have_stripes_body(
    rig: Rig, path: str, params: dict[str, str], status: int, code: str | None, param: str | None
) -> None:
    got, said, _ = await rig.ask("POST", path, **params)
    error = said["error"]
    assert (got, error["type"], error.get("code"), error.get("param")) == (status, "invalid_request_error", code, param)
    assert error["message"]


async def test_amounts_follow_the_currencys_rules(rig: Rig) -> None:
    for currency, amount, fits in (
        ("kwd", "5000", True),
        ("kwd", "5001", False),
        ("isk", "50000", True),
        ("isk", "50050", False),
        ("jpy", "1", True),
        ("usd", "12.50", False),
        ("usd", "100000000", False),
    ):
        try:
            await rig.draft(amount=amount, currency=currency)
        except AssertionError:
            assert not fits, (currency, amount)
        else:
            assert fits, (currency, amount)


async def test_a_due_date_lies_ahead_and_belongs_to_invoices_that_are_sent(rig: Rig) -> None:
    buyer = await rig.post("/v1/customers", name="Northwind")
    for params in (
        {"collection_method": "send_invoice"},
        {"collection_method": "send_invoice", "due_date": "1000"},
        {"collection_method": "send_invoice", "due_date": "4000000000", "days_until_due": "3"},
        {"days_until_due": "3"},
    ):
        assert (await rig.ask("POST", "/v1/invoices", customer=buyer["id"], **params))[0] == 400


async def test_only_the_accounts_key_opens_it(rig: Rig) -> None:
    url = f"{rig.url}/stripe/v1/balance"
    async with rig.http.get(url) as without, rig.http.get(url, headers={"Authorization": "Bearer other"}) as wrong:
        assert (without.status, wrong.status) == (401, 401)
    basic_auth = {"Authorization": aiohttp.encode_basic_auth(rig.account.api_key, "")}
    async with rig.http.get(url, headers=basic_auth) as basic:
        assert basic.status == 200


async def test_lists_go_newest_first_in_pages(rig: Rig) -> None:
    made = [(await rig.post("/v1/customers", name=str(number)))["id"] for number in range(5)]
    first = (await rig.ask("GET", "/v1/customers", limit="2"))[1]
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (made[:-3:-1], True)
    rest = (await rig.ask("GET", "/v1/customers", limit="3", starting_after=first["data"][-1]["id"]))[1]
    assert ([one["id"] for one in rest["data"]], rest["has_more"]) == (made[2::-1], False)
    assert (await rig.ask("GET", "/v1/customers", limit="101"))[0] == 400
    none = (await rig.ask("GET", "/v1/customers", **{"created[lt]": "5"}))[1]
    assert none["data"] == []


# idempotency


async def test_a_key_replays_its_answer_for_a_day(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOCK_FILE", str(tmp_path / "clock"))
    first = await rig.post("/v1/customers", key="once", name="Northwind")
    status, again, headers = await rig.ask("POST", "/v1/customers", "once", name="Northwind")
    assert (status, again, headers["Idempotent-Replayed"]) == (200, first, "true")
    status, other, _ = await rig.ask("POST", "/v1/customers", "once", name="Globex")
    assert (status, other["error"]["type"]) == (400, "idempotency_error")
    assert len(rig.account.ledger.customers) == 1
    clock.move(24 * 3600 + 1)
    assert (await rig.post("/v1/customers", key="once", name="Northwind"))["id"] != first["id"]


async def test_a_key_forgets_refusals_of_parameters_and_keeps_refusals_of_state(rig: Rig) -> None:
    assert (await rig.ask("POST", "/v1/customers", "k", nmae="x"))[0] == 400
    assert (await rig.ask("POST", "/v1/customers", "k", name="x"))[0] == 200
    bill = await rig.draft()
    assert (await rig.ask("POST", f"/v1/invoices/{bill['id']}/void", "v"))[0] == 400
    await rig.post(f"/v1/invoices/{bill['id']}/finalize")
    status, _, headers = await rig.ask("POST", f"/v1/invoices/{bill['id']}/void", "v")
    assert (status, headers["Idempotent-Replayed"]) == (400, "true")


# webhooks


async def test_webhooks_are_signed_and_tell_the_life_in_order(rig: Rig) -> None:
    bill = await rig.open()
    await rig.account.settled()
    await rig.account.declines(bill["id"])
    await rig.account.settled()
    await rig.account.pays(bill["number"])
    await rig.account.settled()
    assert set(rig.types()) == {
        "customer.created",
        "invoice.created",
        "invoice.finalized",
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.payment_failed",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice_payment.paid",
        "invoice.paid",
        "invoice.payment_succeeded",
    }
    for body, header in rig.arrived:
        assert stripe.WebhookSignature.verify_header(body, header, SECRET, 300)
    finalized = next(event for event in rig.events if event["type"] == "invoice.finalized")
    assert finalized["data"]["object"]["status"] == "open", "an event keeps the thing as it was"
    assert finalized["request"]["id"].startswith("req_")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body, signature(body, "another secret"), SECRET, 300)


async def test_a_webhook_that_is_not_taken_is_tried_again(rig: Rig) -> None:
    rig.answers += [500, 503, 301]
    await rig.post("/v1/customers", name="Northwind")
    await rig.account.settled()
    assert rig.types() == ["customer.created"] * 4
    assert len({event["id"] for event in rig.events}) == 1
    [deliveries] = [event["deliveries"] for event in rig.account.snapshot()["events"]]
    assert [one["status"] for one in deliveries] == [500, 503, 301, 200]


async def test_webhooks_can_be_dropped_doubled_delayed_and_reordered(rig: Rig) -> None:
    hooks = rig.account.webhooks
    hooks.drop(type="customer.created")
    hooks.duplicate(type="invoice.created")
    bill = await rig.draft()
    await rig.account.settled()
    assert rig.types() == ["invoice.created", "invoice.created"]
    rig.arrived.clear()
    hooks.reorder(3, type="invoice*")
    await rig.post(f"/v1/invoices/{bill['id']}/finalize")
    with pytest.raises(TimeoutError, match=r"invoice\.finalized"):
        await rig.account.settled(0.05)
    await rig.account.pays(bill["id"])
    await rig.account.settled()
    kept = [one for one in rig.types() if one.startswith("invoice") and one != "invoice.payment_succeeded"]
    assert kept == ["invoice.paid", "invoice_payment.paid", "invoice.finalized"]
    rig.arrived.clear()
    hooks.delay(10, type="customer.*")
    await rig.post("/v1/customers", name="late")
    assert rig.types() == []
    await rig.account.settled()
    assert rig.types() == ["customer.created"]


async def test_a_restart_keeps_everything_and_sends_what_was_pending(rig: Rig) -> None:
    bill = await rig.open()
    await rig.account.settled()
    rig.account.webhooks.pace = 1000
    rig.answers += [500] * 9
    await rig.account.pays(bill["id"])
    await asyncio.sleep(0.05)
    kept = json.loads(json.dumps(rig.account.dump()))
    assert rig.changes > 5
    async with running(kept) as second:
        await second.account.settled()
        assert set(second.types()) >= {"invoice.paid", "payment_intent.succeeded"}
        again = (await second.ask("GET", f"/v1/invoices/{bill['id']}"))[1]
        assert (again["status"], again["number"]) == ("paid", bill["number"])
        assert again["hosted_invoice_url"].startswith(second.url)


# the page


async def test_the_invoice_is_paid_on_its_page(rig: Rig) -> None:
    bill = await rig.open(description="Deposit <b>", currency="eur", amount="420000")
    url = bill["hosted_invoice_url"]

    async def look() -> str:
        async with rig.http.get(url) as response:
            assert (response.status, response.content_type) == (200, "text/html")
            return await response.text()

    async def press(card: str) -> str:
        async with rig.http.post(url, data={"card": card}) as response:
            assert (response.status, response.method) == (200, "GET")
            return await response.text()

    first = await look()
    assert "€4,200.00" in first and "Deposit &lt;b&gt;" in first and "SEO audit" in first and "sandbox" in first
    assert bill["number"] in first and "Pay €4,200.00" in first
    declined = await press("0002")
    assert "Your card was declined." in declined and "Pay €4,200.00" in declined
    assert "Your card was declined." not in await look(), "told once"
    paid = await press("4242")
    assert "Paid with Visa ending 4242" in paid and "<form" not in paid
    assert await press("4242") == paid, "a second press takes no second payment"
    assert sum(charge["paid"] for charge in rig.account.ledger.charges.values()) == 1
    async with rig.http.get(bill["invoice_pdf"]) as response:
        assert (response.content_type, (await response.read())[:5]) == ("application/pdf", b"%PDF-")
    async with rig.http.get(f"{rig.url}/stripe/pay/nobody") as response:
        assert response.status == 404


async def test_a_void_invoice_has_no_pay_button(rig: Rig) -> None:
    bill = await rig.open()
    await rig.post(f"/v1/invoices/{bill['id']}/void")
    async with rig.http.get(bill["hosted_invoice_url"]) as response:
        page = await response.text()
    assert "voided" in page and "<form" not in page
    with pytest.raises(ValueError, match="no Pay button: it is void"):
        await rig.account.pays(bill["number"])
    with pytest.raises(LookupError, match=re.escape(bill["number"])):
        await rig.account.pays("another")
