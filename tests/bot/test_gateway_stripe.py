"""The Stripe gateway against the sandbox's account, over real HTTP: issued once whatever fails, paid, verified."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gateways.failures import Permanent, Temporary, Unknown
from bot.gateways.stripe import Issued, Stripe, from_stripe, stripe_exponent, to_stripe
from bot.sandbox.stripe import signature
from bot.sandbox.stripe.objects import API_VERSION
from core.clock import now
from core.money import exponent
from tests.bot.test_sandbox_stripe import SECRET, Rig, running


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as one:
        yield one


@pytest.fixture
async def gateway(rig: Rig) -> AsyncIterator[Stripe]:
    one = Stripe(api_key=rig.account.api_key, api_url=rig.account.api_url, webhook_secret=SECRET)
    yield one
    await one.close()


async def issue(gateway: Stripe, **changes: Any) -> Issued:
    customer = await gateway.ensure_customer(
        organization="org-1",
        company="northwind",
        name="Northwind",
        email="clara@northwind.example",
        idempotency_key="customer:northwind",
    )
    wanted: dict[str, Any] = {
        "invoice": "our-invoice-1",
        "customer": customer,
        "currency": "USD",
        "lines": [("SEO audit, 2 × 900", 180000), ("Less: retainer", -30000)],
        "due_in_days": 14,
        "number": "2026-014",
        "description": "Deposit, Website",
    }
    return await gateway.issue_invoice(**(wanted | changes))


# amounts


@pytest.mark.parametrize(
    ("currency", "ours", "theirs"),
    [
        ("USD", 1250, 1250),
        ("eur", 1250, 1250),
        ("JPY", 1250, 1250),
        ("KRW", 1, 1),
        ("CLP", 990, 990),
        ("KWD", 12340, 12340),
        ("ISK", 500, 50000),
        ("UGX", 7, 700),
        ("HUF", 1205, 1205),
        ("USD", -300, -300),
    ],
)
def test_amounts_cross_stripes_border_exactly(currency: str, ours: int, theirs: int) -> None:
    assert to_stripe(ours, currency) == theirs
    assert from_stripe(theirs, currency) == ours


def test_an_amount_that_stripe_cannot_hold_is_refused_not_rounded() -> None:
    with pytest.raises(Permanent) as refused:
        to_stripe(12345, "KWD")
    assert refused.value.code == "amount_precision"
    with pytest.raises(Permanent):
        from_stripe(50050, "ISK")


@given(st.sampled_from(["USD", "JPY", "KWD", "ISK", "UGX", "MGA", "XOF", "HUF", "BHD"]), st.integers(-(10**9), 10**9))
def test_what_stripe_takes_comes_back_as_it_was(currency: str, minor: int) -> None:
    if stripe_exponent(currency) == 3:
        minor -= minor % 10
    amount = to_stripe(minor, currency)
    assert from_stripe(amount, currency) == minor
    assert amount * 10 ** exponent(currency) == minor * 10 ** stripe_exponent(currency)


# issuing


async def test_an_invoice_is_issued_paid_and_told_by_webhook(rig: Rig, gateway: Stripe) -> None:
    issued = await issue(gateway)
    assert (issued.status, issued.number) == ("open", "2026-014")
    assert issued.hosted_url.startswith(rig.url) and issued.pdf_url.startswith(rig.url)
    state = await gateway.get_invoice(issued.id)
    assert (state.status, state.total, state.amount_due, state.amount_paid) == ("open", 150000, 150000, 0)
    assert (state.currency, state.invoice, state.payments) == ("USD", "our-invoice-1", ())

    async with rig.http.post(issued.hosted_url, data={"card": "4242"}) as page:
        assert "Paid with Visa ending 4242" in await page.text()
    await rig.account.settled()

    events = [gateway.verify_webhook(body, header) for body, header in rig.arrived]
    paid = next(event for event in events if event["type"] == "invoice.paid")
    assert paid["data"]["object"]["id"] == issued.id
    assert paid["data"]["object"]["metadata"] == {"throughline_invoice": "our-invoice-1"}
    state = await gateway.get_invoice(issued.id)
    assert (state.status, state.amount_paid, state.amount_remaining) == ("paid", 150000, 0)
    assert state.paid_at is not None and abs(state.paid_at - now()) < timedelta(seconds=10)
    [payment] = state.payments
    assert (payment.amount, payment.method) == (150000, "Visa ending 4242")
    assert payment.id == payment.payment_intent and payment.charge is not None


async def test_a_declined_card_leaves_the_invoice_open(rig: Rig, gateway: Stripe) -> None:
    issued = await issue(gateway)
    await rig.account.declines(issued.number)
    await rig.account.settled()
    state = await gateway.get_invoice(issued.id)
    assert (state.status, state.amount_paid, state.payments) == ("open", 0, ())
    assert "invoice.payment_failed" in rig.types()
    await rig.account.pays("our-invoice-1", "4444")
    assert (await gateway.get_invoice(issued.id)).payments[0].method == "Mastercard ending 4444"


async def test_a_customer_is_made_once(rig: Rig, gateway: Stripe) -> None:
    async def ensure(company: str, key: str) -> str:
        return await gateway.ensure_customer(
            organization="o", company=company, name="N", email="a@b.example", idempotency_key=key
        )

    first = await ensure("northwind", "k1")
    assert await ensure("northwind", "k2") == first, "found by what it is, though the key is another"
    assert await ensure("globex", "k3") != first
    assert len(rig.account.ledger.customers) == 2


async def test_asking_again_issues_nothing_twice(rig: Rig, gateway: Stripe) -> None:
    first = await issue(gateway)
    assert await issue(gateway) == first
    rig.account._answers.clear()  # a day later, Stripe has forgotten the keys
    assert await issue(gateway) == first
    assert len(rig.account.ledger.invoices) == 1


STEPS = ["/v1/invoices", "/v1/invoices/*/add_lines", "/v1/invoices/*/finalize"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("how", ["lost_before", "lost_after", "429", "500", "500_kept"])
async def test_issuing_goes_on_after_a_failure_at_any_step(rig: Rig, gateway: Stripe, step: str, how: str) -> None:
    rig.account.fail(step, how=how, method="POST", retry_after=7)
    with pytest.raises(Temporary) as failed:
        await issue(gateway)
    assert not isinstance(failed.value, Unknown), "a key makes every request safe to repeat"
    assert failed.value.retry_after == (7 if how == "429" else None)
    issued = await issue(gateway)
    assert issued.status == "open"
    [bill] = rig.account.ledger.invoices.values()
    assert (bill["total"], len(bill["lines"]["data"])) == (150000, 2)
    assert len(rig.account.ledger.intents) == 1


async def test_an_invoice_of_another_amount_at_stripe_is_not_finalised(rig: Rig, gateway: Stripe) -> None:
    rig.account.fail("/v1/invoices/*/finalize", how="500")
    with pytest.raises(Temporary):
        await issue(gateway)
    with pytest.raises(Permanent) as refused:
        await issue(gateway, lines=[("SEO audit", 99)])
    assert refused.value.code == "amount_mismatch"
    assert [bill["status"] for bill in rig.account.ledger.invoices.values()] == ["draft"]


async def test_an_invoice_over_nothing_is_paid_when_it_is_issued(gateway: Stripe) -> None:
    issued = await issue(gateway, lines=[("Audit", 5000), ("Coupon, 100 %", -5000)])
    assert issued.status == "paid"
    assert (await gateway.get_invoice(issued.id)).payments == ()


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 120000), ("KWD", 12340), ("ISK", 5500)])
async def test_other_currencies_come_back_as_they_went(rig: Rig, gateway: Stripe, currency: str, amount: int) -> None:
    issued = await issue(gateway, currency=currency, lines=[("Work", amount)], due_at=now() + timedelta(days=3))
    await rig.account.pays(issued.id)
    state = await gateway.get_invoice(issued.id)
    assert (state.currency, state.total, state.payments[0].amount) == (currency, amount, amount)


async def test_voiding_and_payment_elsewhere_are_safe_to_repeat(rig: Rig, gateway: Stripe) -> None:
    first = await issue(gateway)
    assert (await gateway.void_invoice(first.id)).status == "void"
    assert (await gateway.void_invoice(first.id)).status == "void"
    with pytest.raises(Permanent):
        await gateway.paid_elsewhere(first.id)
    second = await issue(gateway, invoice="our-invoice-2", number="2026-015")
    assert (await gateway.paid_elsewhere(second.id)).status == "paid"
    assert (await gateway.paid_elsewhere(second.id)).status == "paid"
    with pytest.raises(Permanent):
        await gateway.void_invoice(second.id)


# failures and checks


async def test_what_stripe_refuses_is_permanent_with_its_code(rig: Rig, gateway: Stripe) -> None:
    with pytest.raises(Permanent) as refused:
        await gateway.get_invoice("in_nobody")
    assert (refused.value.service, refused.value.code) == ("stripe", "resource_missing")
    stranger = Stripe(api_key="another-key", api_url=rig.account.api_url, webhook_secret=SECRET)
    with pytest.raises(Permanent) as locked:
        await stranger.check()
    assert locked.value.code == "authentication"
    assert "another-key" not in repr(locked.value)
    await stranger.close()


async def test_a_stripe_that_is_not_there_is_temporary() -> None:
    nowhere = Stripe(api_key="k", api_url="http://127.0.0.1:1", webhook_secret=SECRET)
    with pytest.raises(Temporary) as failed:
        await nowhere.check()
    assert failed.value.code == "unreachable"
    await nowhere.close()


async def test_doctor_sees_whose_account_it_is_and_where_webhooks_go(rig: Rig, gateway: Stripe) -> None:
    account = await gateway.check()
    assert (account.name, account.currency, account.charges_enabled) == ("Studio Ada", "USD", True)
    [endpoint] = await gateway.webhook_endpoints()
    assert (endpoint.url, endpoint.status) == (f"{rig.url}/stripe/webhook", "enabled")
    assert {"invoice.paid", "invoice.payment_failed"} <= set(endpoint.events)
    assert endpoint.api_version == API_VERSION


def test_only_what_stripe_signed_lately_is_taken() -> None:
    gateway = Stripe(api_key="k", webhook_secret=SECRET)
    body = b'{"id": "evt_1", "object": "event", "type": "invoice.paid"}'
    moment = int(time.time())
    assert gateway.verify_webhook(body, signature(body, SECRET))["id"] == "evt_1"
    assert gateway.verify_webhook(body, signature(body, SECRET, moment - 295))["id"] == "evt_1"
    for bad_body, header in (
        (body, None),
        (body, ""),
        (body, "nonsense"),
        (body, signature(body, "another secret")),
        (body, signature(body, SECRET, moment - 305)),
        (body + b" ", signature(body, SECRET)),
        (b"[]", signature(b"[]", SECRET)),
        (b"\xff", signature(b"\xff", SECRET)),
    ):
        with pytest.raises(Permanent) as refused:
            gateway.verify_webhook(bad_body, header)
        assert refused.value.code == "signature"
    for unset in ("", " "):
        with pytest.raises(Permanent):
            Stripe(api_key="k", webhook_secret=unset).verify_webhook(body, signature(body, unset))
