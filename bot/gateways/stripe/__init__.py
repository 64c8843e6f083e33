"""Stripe as the product uses it: customers, invoices issued once however often asked, payments, signed webhooks."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import stripe
from stripe import StripeClient

from bot.gateways.failures import Permanent, Temporary
from bot.gateways.hosts import is_loopback
from bot.gateways.stripe.amounts import from_stripe, stripe_exponent, to_stripe
from bot.gateways.stripe.answers import (
    OUR_INVOICE,
    Account,
    Endpoint,
    InvoiceState,
    Issued,
    Paid,
    failure,
    id_of,
    metadata_of,
    method_of,
    moment,
    state,
)

__all__ = [
    "Account",
    "Endpoint",
    "InvoiceState",
    "Issued",
    "Paid",
    "Stripe",
    "from_stripe",
    "stripe_exponent",
    "to_stripe",
]

TOLERANCE = 300
OUR_ORGANIZATION = "throughline_organization"
OUR_COMPANY = "throughline_company"
_KEYS = ("", ":2", ":3")


class Stripe:
    """One Stripe account. Every request is safe to repeat, so no failure here is Unknown."""

    def __init__(
        self,
        *,
        api_key: str,
        api_url: str = "https://api.stripe.com",
        webhook_secret: str = "",
        timeout: float = 30.0,
    ) -> None:
        self._key = api_key
        self._url = api_url.rstrip("/")
        self._secret = webhook_secret
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=5.0)
        self._session: aiohttp.ClientSession | None = None
        self._client: StripeClient | None = None

    async def close(self) -> None:
        """Give back the connections; the next call opens new ones."""
        session, self._session, self._client = self._session, None, None
        if session is not None:
            await session.close()

    async def ensure_customer(
        self, *, organization: str, company: str, name: str, email: str | None, idempotency_key: str
    ) -> str:
        """The id of the Stripe customer for this company (or contact), made if there is none."""
        metadata = {OUR_ORGANIZATION: organization, OUR_COMPANY: company}
        if email:
            known: stripe.ListObject[stripe.Customer] = await self._ask(
                lambda v1: v1.customers.list_async({"email": email, "limit": 100})
            )
            for customer in known.data:
                if metadata_of(customer) == metadata:
                    return customer.id
        wanted: Any = {"name": name, "metadata": metadata} | ({"email": email} if email else {})
        made: stripe.Customer = await self._once(
            idempotency_key, lambda v1, key: v1.customers.create_async(wanted, key)
        )
        return made.id

    async def issue_invoice(
        self,
        *,
        invoice: str,
        customer: str,
        currency: str,
        lines: Sequence[tuple[str, int]],
        due_in_days: int | None = None,
        due_at: datetime | None = None,
        number: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Issued:
        """Issue our invoice `invoice` at Stripe: draft, lines (description, amount in minor units), finalised.

        Call it again after any failure: it goes on from what Stripe has, by our id in the metadata; never issued twice.
        Permanent `amount_mismatch` if what stands at Stripe is not the sum of these lines; nothing is finalised then.
        """
        amounts = [to_stripe(minor, currency) for _, minor in lines]
        found = await self._ours(customer, invoice)
        if found is None:
            wanted: Any = {
                "customer": customer,
                "currency": currency.lower(),
                "collection_method": "send_invoice",
                "auto_advance": False,
                "pending_invoice_items_behavior": "exclude",
                "metadata": {**(metadata or {}), OUR_INVOICE: invoice},
            }
            wanted |= {"days_until_due": due_in_days or 0} if due_at is None else {"due_date": int(due_at.timestamp())}
            wanted |= {"number": number} if number else {}
            wanted |= {"description": description} if description else {}
            found = await self._once(f"invoice:{invoice}:create", lambda v1, key: v1.invoices.create_async(wanted, key))
        here = found.id
        if found.status == "draft" and not found.lines.data and lines:
            added: Any = {
                "lines": [
                    {"description": words, "amount": amount} for (words, _), amount in zip(lines, amounts, strict=True)
                ]
            }
            found = await self._once(
                f"invoice:{invoice}:lines", lambda v1, key: v1.invoices.add_lines_async(here, added, key)
            )
        if found.total != sum(amounts) or found.currency != currency.lower():
            raise Permanent(
                "stripe",
                "amount_mismatch",
                "The invoice at Stripe is for another amount than ours.",
            )
        if found.status == "draft":
            found = await self._once(
                f"invoice:{invoice}:finalize",
                lambda v1, key: v1.invoices.finalize_invoice_async(here, {"auto_advance": False}, key),
            )
        return Issued(
            id=found.id,
            number=found.number or "",
            hosted_url=found.hosted_invoice_url or "",
            pdf_url=found.invoice_pdf or "",
            status=str(found.status),
        )

    async def get_invoice(self, id: str) -> InvoiceState:
        """The invoice as Stripe has it now, with every payment that arrived."""
        found = await self._ask(lambda v1: v1.invoices.retrieve_async(id, {"expand": ["payments"]}))
        payments = [one for one in (found.payments.data if found.payments else []) if one.status == "paid"]
        return state(found, tuple([await self._paid(one) for one in payments]))

    async def decline_code(self, id: str) -> str:
        """Why the last attempt to pay an open invoice was declined, in Stripe's word ("insufficient_funds"); "" if it is not known.

        https://docs.stripe.com/declines/codes
        """
        found = await self._ask(lambda v1: v1.invoices.retrieve_async(id, {"expand": ["payments"]}))
        for one in found.payments.data if found.payments else []:
            intent = id_of(one.payment.payment_intent)
            if one.status == "open" and intent is not None:
                return await self._declined(intent)
        return ""

    async def void_invoice(self, id: str) -> InvoiceState:
        """Void an open invoice; one that is void already is no failure, one that is paid is Permanent."""
        found = await self._ask(lambda v1: v1.invoices.retrieve_async(id))
        if found.status != "void":
            await self._once(f"invoice:{id}:void", lambda v1, key: v1.invoices.void_invoice_async(id, {}, key))
        return await self.get_invoice(id)

    async def paid_elsewhere(self, id: str) -> InvoiceState:
        """Tell Stripe that an open invoice was paid outside it, so that its page takes no second payment."""
        found = await self._ask(lambda v1: v1.invoices.retrieve_async(id))
        if found.status != "paid":
            await self._once(
                f"invoice:{id}:elsewhere",
                lambda v1, key: v1.invoices.pay_async(id, {"paid_out_of_band": True}, key),
            )
        return await self.get_invoice(id)

    def verify_webhook(self, body: bytes, signature_header: str | None) -> dict[str, Any]:
        """The event, if Stripe signed these very bytes in the last 300 seconds; else Permanent `signature`."""
        try:
            stripe.WebhookSignature.verify_header(body, signature_header, self._secret, TOLERANCE)
            event = json.loads(body)
        except (stripe.SignatureVerificationError, ValueError) as error:
            raise Permanent("stripe", "signature", "That webhook was not signed by Stripe with our secret.") from error
        if not isinstance(event, dict):
            raise Permanent("stripe", "signature", "That webhook holds no event.")
        return event

    async def check(self) -> Account:
        """Whose account the key opens; raises the Failure that any call would meet."""
        found = await self._ask(lambda v1: v1.accounts.retrieve_current_async())
        profile = found.business_profile
        return Account(
            id=found.id,
            name=(profile.name if profile else None) or found.email or found.id,
            country=found.country or "",
            currency=(found.default_currency or "").upper(),
            charges_enabled=bool(found.charges_enabled),
        )

    async def webhook_endpoints(self) -> list[Endpoint]:
        """Where Stripe sends webhooks now."""
        found = await self._ask(lambda v1: v1.webhook_endpoints.list_async({"limit": 100}))
        return [Endpoint(one.url, one.status, tuple(one.enabled_events), one.api_version) for one in found.data]

    # what the verbs above stand on

    async def _ours(self, customer: str, invoice: str) -> stripe.Invoice | None:
        """The customer's invoice that carries our id. Stripe's list is up to date at once; its search is not."""
        after: str | None = None
        while True:
            wanted: Any = {"customer": customer, "limit": 100} | ({"starting_after": after} if after else {})
            page: stripe.ListObject[stripe.Invoice] = await self._ask(_listing(wanted))
            for one in page.data:
                if metadata_of(one).get(OUR_INVOICE) == invoice:
                    return one
            if not page.has_more or not page.data:
                return None
            after = page.data[-1].id

    async def _declined(self, intent: str) -> str:
        whole: stripe.PaymentIntent = await self._ask(lambda v1: v1.payment_intents.retrieve_async(intent))
        error = whole.last_payment_error
        return str(error.decline_code or error.code or "") if error else ""

    async def _paid(self, payment: stripe.InvoicePayment) -> Paid:
        intent = id_of(payment.payment.payment_intent)
        charge: Any = None
        if intent is not None:
            whole = await self._ask(lambda v1: v1.payment_intents.retrieve_async(intent, {"expand": ["latest_charge"]}))
            charge = whole.latest_charge
        return Paid(
            id=intent or payment.id,
            amount=from_stripe(payment.amount_paid or 0, payment.currency),
            paid_at=moment(payment.status_transitions.paid_at) or datetime.fromtimestamp(payment.created, UTC),
            payment_intent=intent,
            charge=id_of(charge),
            method=method_of(charge),
        )

    def _connected(self) -> StripeClient:
        if self._client is None or self._session is None or self._session.closed:
            local = is_loopback(urlsplit(self._url).hostname)
            self._session = aiohttp.ClientSession(trust_env=not local)
            self._client = StripeClient(
                self._key,
                base_addresses={"api": self._url},
                max_network_retries=0,  # the worker decides when to try again
                http_client=stripe.AIOHTTPClient(timeout=self._timeout, session=self._session),
            )
        return self._client

    async def _ask(self, ask: Callable[[Any], Awaitable[Any]]) -> Any:
        """One request, its failure translated."""
        try:
            return await ask(self._connected().v1)
        except stripe.StripeError as error:
            raise failure(error) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:  # lost while the body was read
            raise Temporary("stripe", "connection_lost", "Stripe's answer was lost.") from error

    async def _once(self, key: str, ask: Callable[[Any, Any], Awaitable[Any]]) -> Any:
        """One change, under a key by which Stripe knows it again.

        Stripe replays a 500 under its key for a day. The caller has just read that the change did not happen, so a key
        of the next generation is safe then.
        """
        for generation in _KEYS[:-1]:
            try:
                return await self._ask(_keyed(ask, key + generation))
            except Temporary as again:
                if again.code != "replayed_failure":
                    raise
        return await self._ask(_keyed(ask, key + _KEYS[-1]))


def _listing(wanted: Any) -> Callable[[Any], Awaitable[Any]]:
    return lambda v1: v1.invoices.list_async(wanted)


def _keyed(ask: Callable[[Any, Any], Awaitable[Any]], key: str) -> Callable[[Any], Awaitable[Any]]:
    return lambda v1: ask(v1, {"idempotency_key": key})
