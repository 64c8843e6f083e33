"""Stripe's answers in our words: an invoice's state, a payment that arrived, and what each failure means."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe

from bot.gateways.failures import Failure, Permanent, Temporary
from bot.gateways.stripe.amounts import from_stripe

OUR_INVOICE = "throughline_invoice"


@dataclass(frozen=True)
class Issued:
    """An invoice as it stands at Stripe, with the page on which it is paid."""

    id: str
    number: str
    hosted_url: str
    pdf_url: str
    status: str


@dataclass(frozen=True)
class Paid:
    """One payment that arrived: `id` is Stripe's id of the payment, `amount` in minor units, `method` fit to show."""

    id: str
    amount: int
    paid_at: datetime
    payment_intent: str | None
    charge: str | None
    method: str | None


@dataclass(frozen=True)
class InvoiceState:
    """An invoice as Stripe has it; amounts in minor units, `invoice` is our own id, if it is one of ours."""

    id: str
    number: str | None
    status: str
    currency: str
    total: int
    amount_due: int
    amount_paid: int
    amount_remaining: int
    paid_at: datetime | None
    customer: str
    invoice: str | None
    hosted_url: str | None
    pdf_url: str | None
    payments: tuple[Paid, ...]


@dataclass(frozen=True)
class Account:
    """Whose Stripe account the key opens."""

    id: str
    name: str
    country: str
    currency: str
    charges_enabled: bool


@dataclass(frozen=True)
class Endpoint:
    """An address to which Stripe sends webhooks."""

    url: str
    status: str
    events: tuple[str, ...]
    api_version: str | None


def failure(error: stripe.StripeError) -> Failure:
    status = error.http_status or 0
    headers = {str(name).lower(): str(value) for name, value in (error.headers or {}).items()}
    code = str(error.code or (error.error.code if error.error else None) or "")
    if isinstance(error, stripe.APIConnectionError):
        return Temporary("stripe", "unreachable", "Stripe could not be reached.")
    if isinstance(error, stripe.RateLimitError) or status == 429:
        wait = headers.get("retry-after", "")
        return Temporary(
            "stripe",
            code or "rate_limit",
            "Stripe asks for a pause.",
            retry_after=float(wait) if wait.isdigit() else None,
        )
    if status >= 500 and headers.get("idempotent-replayed") == "true":
        return Temporary("stripe", "replayed_failure", "Stripe failed at this before and says so again.")
    if status >= 500 or status == 409 or (isinstance(error, stripe.APIError) and not 400 <= status < 500):
        return Temporary("stripe", code or f"http_{status}", "Stripe failed for the moment.")
    kind = code or {401: "authentication", 403: "permission"}.get(status) or type(error).__name__
    return Permanent("stripe", kind, f"Stripe refused: {error.user_message or kind}")


def state(found: stripe.Invoice, payments: tuple[Paid, ...]) -> InvoiceState:
    code = found.currency.upper()
    return InvoiceState(
        id=found.id,
        number=found.number,
        status=str(found.status),
        currency=code,
        total=from_stripe(found.total, code),
        amount_due=from_stripe(found.amount_due, code),
        amount_paid=from_stripe(found.amount_paid, code),
        amount_remaining=from_stripe(found.amount_remaining, code),
        paid_at=moment(found.status_transitions.paid_at),
        customer=id_of(found.customer) or "",
        invoice=metadata_of(found).get(OUR_INVOICE),
        hosted_url=found.hosted_invoice_url,
        pdf_url=found.invoice_pdf,
        payments=payments,
    )


def metadata_of(thing: stripe.Invoice | stripe.Customer) -> dict[str, str]:
    return thing.metadata.to_dict() if thing.metadata else {}


def id_of(thing: Any) -> str | None:
    """The id of something that Stripe gives as an id or, expanded, whole."""
    return thing if isinstance(thing, str) or thing is None else str(thing.id)


def moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def method_of(charge: Any) -> str | None:
    """How it was paid, in words for a receipt: "Visa ending 4242"."""
    details = getattr(charge, "payment_method_details", None)
    if details is None:
        return None
    card = getattr(details, "card", None)
    if card is not None and card.last4:
        return f"{str(card.brand or 'card').replace('_', ' ').title()} ending {card.last4}"
    return str(details.type).replace("_", " ").capitalize()
