"""What the account holds, and the life of an invoice: draft, open, then paid, void or uncollectible."""

import copy
from collections.abc import Callable
from typing import Any

from bot.sandbox.stripe import objects
from bot.sandbox.stripe.objects import amount_of, recount
from bot.sandbox.stripe.payments import CARDS, Card, charge, invoice_payment, payment_intent
from bot.sandbox.stripe.wire import Json, Refusal, fresh, stamp

KINDS = ("customers", "invoices", "items", "intents", "charges", "payments", "events")
EVENTS_KEPT = 2000


class Ledger:
    """Every object of the account, in the order of making; each change becomes an event, handed to `tell`."""

    def __init__(self, base_url: Callable[[], str], tell: Callable[[Json], None]) -> None:
        self._base = base_url
        self._tell = tell
        self.customers: dict[str, Json] = {}
        self.invoices: dict[str, Json] = {}
        self.items: dict[str, Json] = {}
        self.intents: dict[str, Json] = {}
        self.charges: dict[str, Json] = {}
        self.payments: dict[str, Json] = {}
        self.events: dict[str, Json] = {}
        self.pages: dict[str, str] = {}
        self.asked_by: Json = {"id": None, "idempotency_key": None}
        """The request that makes events now, which each event names."""

    def dump(self) -> Json:
        return {kind: getattr(self, kind) for kind in KINDS} | {"pages": self.pages}

    def load(self, kept: Json) -> None:
        for kind in (*KINDS, "pages"):
            setattr(self, kind, dict(kept.get(kind, {})))

    # reading

    def find(self, kind: str, id: str, param: str = "id") -> Json:
        """The stored thing itself, or Stripe's resource_missing."""
        found: Json | None = getattr(self, kind).get(id)
        if found is None or found.get("deleted"):
            noun = {"items": "invoiceitem", "intents": "payment_intent", "payments": "invoice_payment"}.get(
                kind, kind[:-1]
            )
            raise Refusal(
                f"No such {noun}: '{id}'", code="resource_missing", param=param, status=404 if param == "id" else 400
            )
        return found

    def anything(self, id: str) -> Json | None:
        """A copy of whatever has this id."""
        for kind in KINDS:
            held: dict[str, Json] = getattr(self, kind)
            if id in held:
                return self.shown(held[id])
        return None

    def shown(self, thing: Json) -> Json:
        """A copy as the API gives it: an invoice knows the address of its page only once it is open."""
        seen = copy.deepcopy(thing)
        if seen.get("object") == "invoice" and seen["status"] != "draft":
            secret = next(secret for secret, bill in self.pages.items() if bill == seen["id"])
            seen["hosted_invoice_url"] = f"{self._base()}/stripe/pay/{secret}"
            seen["invoice_pdf"] = f"{self._base()}/stripe/pay/{secret}/pdf"
        return seen

    def payments_of(self, bill: str) -> list[Json]:
        return [payment for payment in self.payments.values() if payment["invoice"] == bill]

    def named(self, name: str) -> Json:
        """The invoice with this id, number, page address or value in its metadata."""
        for bill in reversed(list(self.invoices.values())):
            if name in (bill["id"], bill["number"]) or name in bill["metadata"].values():
                return bill
        secret = name.rstrip("/").rpartition("/")[2]
        if secret in self.pages:
            return self.invoices[self.pages[secret]]
        known = ", ".join(str(bill["number"] or bill["id"]) for bill in self.invoices.values()) or "none yet"
        raise LookupError(f"Stripe has no invoice {name}; it has: {known}.")

    # writing

    def emit(self, type: str, thing: Json) -> None:
        """Record that something happened, with the thing as it is at this moment."""
        event: Json = {
            "id": fresh("evt"),
            "object": "event",
            "api_version": objects.API_VERSION,
            "created": stamp(),
            "data": {"object": self.shown(thing)},
            "livemode": False,
            "pending_webhooks": 1,
            "request": dict(self.asked_by),
            "type": type,
        }
        self.events[event["id"]] = event
        while len(self.events) > EVENTS_KEPT:
            del self.events[next(iter(self.events))]
        self._tell(event)

    def add_customer(self, customer: Json) -> Json:
        self.customers[customer["id"]] = customer
        self.emit("customer.created", customer)
        return customer

    def add_invoice(self, bill: Json) -> Json:
        if bill["number"] is not None:
            self._number_is_free(bill["number"], bill["id"])
        self.invoices[bill["id"]] = bill
        self.emit("invoice.created", bill)
        return bill

    def add_lines(self, bill: Json, lines: list[Json]) -> Json:
        """Put lines on a draft; all of them or none."""
        if bill["status"] != "draft":
            raise Refusal(
                "This invoice is no longer editable because it is finalized.", code="invoice_not_editable", kept=True
            )
        added = []
        for place, entry in enumerate(lines):
            if "amount" not in entry:
                raise Refusal(
                    "Missing required param: amount.", code="parameter_missing", param=f"lines[{place}][amount]"
                )
            amount = amount_of(entry["amount"], bill["currency"], f"lines[{place}][amount]")
            added.append(
                objects.line(
                    bill,
                    amount=amount,
                    description=entry.get("description"),
                    item=entry.get("item"),
                    quantity=int(entry.get("quantity", 1)),
                    metadata=dict(entry.get("metadata", {})),
                )
            )
        bill["lines"]["data"] += added
        recount(bill)
        return bill

    def delete_draft(self, bill: Json) -> Json:
        if bill["status"] != "draft":
            raise Refusal("You can only delete draft invoices.", code="invoice_not_editable", kept=True)
        del self.invoices[bill["id"]]
        self.emit("invoice.deleted", bill)
        return {"id": bill["id"], "object": "invoice", "deleted": True}

    def finalize(self, bill: Json) -> Json:
        """Draft → open: number, page and a payment that waits; an invoice over nothing is paid at once."""
        if bill["status"] != "draft":
            raise Refusal(
                "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
                code="invoice_not_editable",
                kept=True,
            )
        if bill["total"] < 0:
            raise Refusal("An invoice cannot be finalized below zero here.", kept=True)
        buyer = self.find("customers", bill["customer"])
        if bill["number"] is None:
            bill["number"] = f"{buyer['invoice_prefix']}-{buyer['next_invoice_sequence']:04d}"
            buyer["next_invoice_sequence"] += 1
        self._number_is_free(bill["number"], bill["id"])
        bill["status"] = "open"
        bill["effective_at"] = bill["status_transitions"]["finalized_at"] = stamp()
        self.pages[fresh("p", 40)[2:]] = bill["id"]
        if bill["amount_due"] > 0:
            intent = payment_intent(bill)
            self.intents[intent["id"]] = intent
            payment = invoice_payment(bill, intent["id"])
            self.payments[payment["id"]] = payment
            self.emit("payment_intent.created", intent)
        self.emit("invoice.finalized", bill)
        if bill["amount_due"] == 0:
            self._settled(bill)
        return bill

    def void(self, bill: Json) -> Json:
        if bill["status"] not in ("open", "uncollectible"):
            raise Refusal(
                f"You can only void open or uncollectible invoices; this one is {bill['status']}.",
                code="invoice_not_editable",
                kept=True,
            )
        self._close(bill, "void", "voided_at")
        self._cancel_payments(bill)
        self.emit("invoice.voided", bill)
        return bill

    def mark_uncollectible(self, bill: Json) -> Json:
        if bill["status"] != "open":
            raise Refusal(f"Only open invoices become uncollectible; this one is {bill['status']}.", kept=True)
        self._close(bill, "uncollectible", "marked_uncollectible_at")
        self.emit("invoice.marked_uncollectible", bill)
        return bill

    def pay(self, bill: Json, card: Card) -> Json:
        """Take the money from a card, or raise Stripe's card_error and remember the failed try."""
        self._payable(bill)
        payment = next(one for one in self.payments_of(bill["id"]) if one["status"] == "open")
        intent = self.intents[payment["payment"]["payment_intent"]]
        tried = charge(bill, intent, card)
        self.charges[tried["id"]] = tried
        intent["latest_charge"] = tried["id"]
        bill["attempted"] = True
        bill["attempt_count"] += 1
        if card.decline is not None:
            error: Json = {
                "charge": tried["id"],
                "code": "card_declined",
                "decline_code": card.decline,
                "message": card.message,
                "type": "card_error",
            }
            intent["last_payment_error"] = error
            self.emit("charge.failed", tried)
            self.emit("payment_intent.payment_failed", intent)
            self.emit("invoice.payment_failed", bill)
            raise Refusal(
                card.message,
                code="card_declined",
                status=402,
                type="card_error",
                kept=True,
                decline_code=card.decline,
                charge=tried["id"],
            )
        intent.update(
            status="succeeded",
            amount_received=intent["amount"],
            payment_method=tried["payment_method"],
            last_payment_error=None,
        )
        payment.update(status="paid", amount_paid=intent["amount"])
        payment["status_transitions"]["paid_at"] = stamp()
        self.emit("charge.succeeded", tried)
        self.emit("payment_intent.succeeded", intent)
        self.emit("invoice_payment.paid", payment)
        self._settled(bill)
        return bill

    def pay_elsewhere(self, bill: Json) -> Json:
        """Note that the money came by another way."""
        self._payable(bill)
        self._cancel_payments(bill)
        bill["amount_paid_off_stripe"] = bill["amount_due"]
        self._settled(bill)
        return bill

    def pay_with(self, bill: Json, method: str | None) -> Json:
        """Pay by the API, with one of Stripe's test payment methods."""
        known = {"pm_card_visa": "4242", "pm_card_mastercard": "4444", "pm_card_visa_chargeDeclined": "0002"}
        if method not in known:
            raise Refusal(
                "There is no default payment method set on this Customer or Invoice.", code="missing", kept=True
            )
        return self.pay(bill, CARDS[known[method]])

    def _payable(self, bill: Json) -> None:
        if bill["status"] == "paid":
            raise Refusal("Invoice is already paid", code="invoice_already_paid", kept=True)
        if bill["status"] not in ("open", "uncollectible"):
            raise Refusal(f"This invoice is {bill['status']} and cannot be paid.", kept=True)

    def _settled(self, bill: Json) -> None:
        bill["amount_paid"] = bill["amount_due"]
        bill["amount_remaining"] = 0
        bill["attempted"] = True
        self._close(bill, "paid", "paid_at")
        self.emit("invoice.paid", bill)
        self.emit("invoice.payment_succeeded", bill)

    def _close(self, bill: Json, status: str, when: str) -> None:
        bill["status"] = status
        bill["status_transitions"][when] = stamp()

    def _cancel_payments(self, bill: Json) -> None:
        for payment in self.payments_of(bill["id"]):
            if payment["status"] == "open":
                payment["status"] = "canceled"
                payment["status_transitions"]["canceled_at"] = stamp()
                intent = self.intents[payment["payment"]["payment_intent"]]
                intent.update(status="canceled", canceled_at=stamp(), cancellation_reason="void_invoice")
                self.emit("payment_intent.canceled", intent)

    def _number_is_free(self, number: str, bill: str) -> None:
        taken: Any = [one for one in self.invoices.values() if one["number"] == number and one["id"] != bill]
        if taken:
            raise Refusal(
                f"The invoice number {number} is in use already.", code="invoice_number_taken", param="number"
            )
