"""A Stripe account on localhost: its API, its invoice pages, its webhooks; gestures and faults for tests."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from aiohttp import web

from bot.sandbox.stripe import api, objects, page
from bot.sandbox.stripe.invoicing import Account
from bot.sandbox.stripe.ledger import Ledger
from bot.sandbox.stripe.payments import CARDS
from bot.sandbox.stripe.webhooks import Webhooks
from bot.sandbox.stripe.wire import Json, Refusal, decode, fresh, stamp

DAY = 86_400
HOWS = ("429", "500", "500_kept", "lost_before", "lost_after")
EVENTS = [
    "customer.created", "customer.updated", "invoice.created", "invoice.updated", "invoice.finalized", "invoice.sent",
    "invoice.paid", "invoice.payment_succeeded", "invoice.payment_failed", "invoice.voided", "invoice.deleted",
    "invoice.marked_uncollectible", "invoice_payment.paid", "payment_intent.created", "payment_intent.succeeded",
    "payment_intent.payment_failed", "payment_intent.canceled", "charge.succeeded", "charge.failed",
]  # fmt: skip


@dataclass
class Fault:
    """What happens to the next `left` requests that fit."""

    path: str
    how: str
    method: str
    left: int
    retry_after: int | None


class StripeAccount:
    """Everything under /stripe/: the API at /stripe/v1, the invoice pages at /stripe/pay."""

    def __init__(
        self,
        *,
        webhook_url: Callable[[], str],
        webhook_secret: str,
        base_url: Callable[[], str],
        changed: Callable[[], None],
        api_key: str = "sandbox-stripe-key",
    ) -> None:
        self.api_key = api_key
        self.webhook_secret = webhook_secret
        self._base = base_url
        self._changed = changed
        self.webhooks = Webhooks(webhook_url, webhook_secret, changed)
        self.ledger = Ledger(base_url, self.webhooks.send)
        self._api = Account(self.ledger, self._endpoints)
        self._answers: dict[str, Json] = {}
        self._under_way: set[str] = set()
        self._faults: list[Fault] = []
        self._sorry: dict[str, str] = {}

    @property
    def api_url(self) -> str:
        """What STRIPE_API_URL is for the bot."""
        return f"{self._base()}/stripe"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/stripe/v1/{path:.*}", self._request),
            web.get("/stripe/pay/{secret}", self._page),
            web.post("/stripe/pay/{secret}", self._pay),
            web.get("/stripe/pay/{secret}/pdf", self._pdf),
        ]

    def dump(self) -> Json:
        return {"ledger": self.ledger.dump(), "webhooks": self.webhooks.dump(), "answers": self._answers}

    def load(self, kept: Json) -> None:
        """Take up a dumped state; what was not delivered yet is sent again. Needs a running loop."""
        self.ledger.load(kept.get("ledger", {}))
        self._answers = dict(kept.get("answers", {}))
        self.webhooks.load(kept.get("webhooks", {}))

    async def settled(self, timeout: float = 10.0) -> None:
        """Wait until every webhook has arrived or was given up."""
        await self.webhooks.settled(timeout)

    async def close(self) -> None:
        await self.webhooks.close()

    # gestures

    async def pays(self, invoice: str, card: str = "4242") -> Json:
        """A person presses Pay on the invoice's page with this card.

        `invoice` is its id, its number, the address of its page or our own id in its metadata. A declined card is no
        exception: the invoice that comes back is still open.
        """
        bill = self.ledger.named(invoice)
        if bill["status"] not in ("open", "uncollectible"):
            name = bill["number"] or bill["id"]
            raise ValueError(f"The page of invoice {name} has no Pay button: it is {bill['status']}.")
        self._press_pay(bill, card)
        return self.ledger.shown(bill)

    async def declines(self, invoice: str, card: str = "0002") -> Json:
        """A person presses Pay with a card that is declined."""
        return await self.pays(invoice, card)

    def fail(
        self, path: str, times: int = 1, how: str = "500", *, method: str = "*", retry_after: int | None = None
    ) -> None:
        """Let the next requests to this path ("/v1/invoices", "/v1/invoices/*/finalize") fail.

        429 · 500, carried out by nobody · 500_kept, which Stripe remembers under the idempotency key · lost_before, the
        connection breaks and nothing happened · lost_after, it breaks although it happened.
        """
        if how not in HOWS:
            raise ValueError(f"A request fails by {', '.join(HOWS)}.")
        self._faults.append(Fault(path, how, method, times, retry_after))

    def snapshot(self) -> Json:
        """What the account's page shows: customers, invoices, events with what came of each delivery."""
        return {
            "customers": [self.ledger.shown(each) for each in reversed(self.ledger.customers.values())],
            "invoices": [
                self.ledger.shown(bill) | {"shown": objects.show(bill["total"], bill["currency"])}
                for bill in reversed(self.ledger.invoices.values())
            ],
            "events": [
                {
                    "id": event["id"],
                    "type": event["type"],
                    "created": event["created"],
                    "pending": event["id"] in self.webhooks.pending,
                    "deliveries": self.webhooks.tries.get(event["id"], []),
                }
                for event in list(reversed(self.ledger.events.values()))[:100]
            ],
        }

    # the API

    async def _request(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"].rstrip("/")
        asked = fresh("req", 14)
        headers = {
            "Request-Id": asked,
            "Stripe-Version": request.headers.get("Stripe-Version", objects.API_VERSION),
        }
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        if key is not None:
            headers["Idempotency-Key"] = key
        fault = self._fault(request.method, "/v1" + path)
        try:
            self._authorize(request)
            if fault is not None and fault.how == "lost_before":
                return _hang_up(request)
            if fault is not None and fault.how == "429":
                if fault.retry_after is not None:
                    headers["Retry-After"] = str(fault.retry_after)
                raise Refusal(
                    "Request rate limit exceeded.", code="rate_limit", status=429, type="invalid_request_error"
                )
            if fault is not None and fault.how == "500":
                raise Refusal("An unknown error occurred", status=500, type="api_error")
            given = decode(request.query_string if request.method in ("GET", "DELETE") else (await request.text()))
            status, said, replayed = self._answer(request.method, path, given, key, asked, fault)
            if replayed:
                headers["Idempotent-Replayed"] = "true"
        except Refusal as refusal:
            status, said = refusal.status, refusal.body
        if fault is not None and fault.how == "lost_after":
            return _hang_up(request)
        return web.Response(
            status=status, body=json.dumps(said, indent=2).encode(), content_type="application/json", headers=headers
        )

    def _answer(
        self, method: str, path: str, given: Json, key: str | None, asked: str, fault: Fault | None
    ) -> tuple[int, Json, bool]:
        """Carry a request out, or say again what was said under its key within 24 hours: (status, body, replayed)."""
        mark = hashlib.sha256(json.dumps([method, path, given], sort_keys=True).encode()).hexdigest()
        if key is not None:
            before = self._answers.get(key)
            if before is not None and before["at"] + DAY > stamp():
                if before["mark"] != mark:
                    raise Refusal(
                        "Keys for idempotent requests can only be used with the same parameters they were first used "
                        f"with. Try using a key other than '{key}' if you meant to execute a different request.",
                        type="idempotency_error",
                    )
                return before["status"], before["body"], True
        self.ledger.asked_by = {"id": asked, "idempotency_key": key}
        try:
            if fault is not None and fault.how == "500_kept":
                raise Refusal("An unknown error occurred", status=500, type="api_error", kept=True)
            status, said = 200, api.answer(self._api, method, path, given)
            kept = True
        except Refusal as refusal:
            status, said, kept = refusal.status, refusal.body, refusal.kept
        finally:
            self.ledger.asked_by = {"id": None, "idempotency_key": None}
        if key is not None and kept:
            self._answers[key] = {"mark": mark, "status": status, "body": said, "at": stamp()}
            self._answers = {name: one for name, one in self._answers.items() if one["at"] + DAY > stamp()}
        if method != "GET":
            self._changed()
        return status, said, False

    def _authorize(self, request: web.Request) -> None:
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            value = base64.b64decode(value + "==").decode(errors="replace").partition(":")[0]
        if not value:
            raise Refusal("You did not provide an API key.", status=401)
        if not hmac.compare_digest(value.encode(), self.api_key.encode()):
            raise Refusal(f"Invalid API Key provided: {value[:4]}****", status=401)

    def _fault(self, method: str, path: str) -> Fault | None:
        for fault in self._faults:
            if fnmatchcase(path, fault.path) and fault.method in ("*", method):
                fault.left -= 1
                if not fault.left:
                    self._faults.remove(fault)
                return fault
        return None

    def _endpoints(self) -> list[Json]:
        url = self.webhooks.url()
        if not url:
            return []
        return [
            {
                "id": "we_sandbox",
                "object": "webhook_endpoint",
                "api_version": objects.API_VERSION,
                "application": None,
                "created": 1_700_000_000,
                "description": None,
                "enabled_events": EVENTS,
                "livemode": False,
                "metadata": {},
                "status": "enabled",
                "url": url,
            }
        ]

    # the page

    def _bill(self, request: web.Request) -> Json | None:
        id = self.ledger.pages.get(request.match_info["secret"])
        return self.ledger.invoices.get(id) if id is not None else None

    async def _page(self, request: web.Request) -> web.Response:
        bill = self._bill(request)
        if bill is None:
            return web.Response(status=404, text=page.nothing_here(), content_type="text/html")
        shown = page.render(
            self.ledger.shown(bill), paid_with=self._paid_with(bill), sorry=self._sorry.pop(bill["id"], None)
        )
        return web.Response(text=shown, content_type="text/html", headers={"Cache-Control": "no-store"})

    async def _pay(self, request: web.Request) -> web.Response:
        bill = self._bill(request)
        if bill is None:
            return web.Response(status=404, text=page.nothing_here(), content_type="text/html")
        card = str((await request.post()).get("card", ""))
        if bill["status"] in ("open", "uncollectible") and card in CARDS:
            self._press_pay(bill, card)
        raise web.HTTPSeeOther(request.path)

    async def _pdf(self, request: web.Request) -> web.Response:
        bill = self._bill(request)
        if bill is None:
            return web.Response(status=404, text=page.nothing_here(), content_type="text/html")
        name = f'attachment; filename="Invoice-{bill["number"]}.pdf"'.replace("\n", " ")
        return web.Response(body=page.pdf(bill), content_type="application/pdf", headers={"Content-Disposition": name})

    def _press_pay(self, bill: Json, card: str) -> None:
        digits = card.replace(" ", "")[-4:]
        if digits not in CARDS:
            raise ValueError(f"The page offers the cards ending {', '.join(CARDS)}; not {card}.")
        try:
            self.ledger.pay(bill, CARDS[digits])
        except Refusal as refusal:
            if refusal.status != 402:
                raise
            self._sorry[bill["id"]] = str(refusal)
        self._changed()

    def _paid_with(self, bill: Json) -> str | None:
        for payment in self.ledger.payments_of(bill["id"]):
            intent = payment["payment"].get("payment_intent")
            if payment["status"] == "paid" and intent is not None:
                card = self.ledger.charges[self.ledger.intents[intent]["latest_charge"]]["payment_method_details"][
                    "card"
                ]
                return f"{card['brand'].title()} ending {card['last4']}"
        return None


def _hang_up(request: web.Request) -> web.StreamResponse:
    """Break the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
