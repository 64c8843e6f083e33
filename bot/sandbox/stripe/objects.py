"""The shapes of Stripe's objects, in the API version that the pinned library speaks."""

from typing import Any

from bot.sandbox.stripe.wire import Json, Refusal, fresh, stamp, whole

API_VERSION = "2026-10-28.endive"

WHOLE = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}
THOUSANDTHS = {"bhd", "jod", "kwd", "omr", "tnd"}
HUNDREDS = {"isk", "ugx"}
_SIGNS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "cad": "CA$", "aud": "A$", "chf": "CHF "}


def show(amount: int, currency: str) -> str:
    """An amount as the page and the receipt write it: $4,200.00."""
    digits = 0 if currency in WHOLE or currency in HUNDREDS else 3 if currency in THOUSANDTHS else 2
    value = abs(amount) / (100 if currency in HUNDREDS else 10**digits)
    sign = _SIGNS.get(currency)
    words = f"{value:,.{digits}f}"
    return ("−" if amount < 0 else "") + (f"{sign}{words}" if sign else f"{words} {currency.upper()}")


def amount_of(value: Any, currency: str, param: str) -> int:
    """An amount of this currency, by the rules that Stripe has for it."""
    amount = whole(value, param)
    if abs(amount) > 99_999_999:
        raise Refusal("Amount must be no more than 999,999.99.", code="amount_too_large", param=param)
    if currency in THOUSANDTHS and amount % 10:
        raise Refusal(f"Amounts in {currency} end in 0.", code="parameter_invalid_integer", param=param)
    if currency in HUNDREDS and amount % 100:
        raise Refusal(f"Amounts in {currency} are multiples of 100.", code="parameter_invalid_integer", param=param)
    return amount


def currency_of(value: str | None) -> str:
    """A currency in small letters, or Stripe's refusal."""
    code = (value or "usd").lower()
    if len(code) != 3 or not code.isalpha():
        raise Refusal(f"Invalid currency: {code}.", param="currency")
    return code


def listing(things: list[Json], url: str) -> Json:
    """A list that stands inside another object."""
    return {"object": "list", "data": things, "has_more": False, "total_count": len(things), "url": url}


def customer(*, name: str | None, email: str | None, metadata: dict[str, str], **more: Any) -> Json:
    """Someone who is billed."""
    return {
        "id": fresh("cus", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": stamp(),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": email,
        "invoice_prefix": fresh("x", 8)[2:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": metadata,
        "name": name,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
        **more,
    }


def invoice(buyer: Json, *, currency: str, due_date: int | None, method: str, **more: Any) -> Json:
    """A draft with no lines yet."""
    here = fresh("in")
    moment = stamp()
    return {
        "id": here,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Studio Ada",
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": "manual",
        "collection_method": method,
        "created": moment,
        "currency": currency,
        "custom_fields": None,
        "customer": buyer["id"],
        "customer_account": None,
        "customer_address": buyer["address"],
        "customer_email": buyer["email"],
        "customer_name": buyer["name"],
        "customer_phone": buyer["phone"],
        "customer_shipping": buyer["shipping"],
        "customer_tax_exempt": buyer["tax_exempt"],
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": due_date,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": listing([], f"/v1/invoices/{here}/lines"),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": moment,
        "period_start": moment,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_details": None,
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "test_clock": None,
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None,
        **more,
    }


def line(
    bill: Json, *, amount: int, description: str | None, item: str | None, quantity: int, metadata: dict[str, str]
) -> Json:
    """One line of an invoice."""
    return {
        "id": fresh("il"),
        "object": "line_item",
        "amount": amount,
        "currency": bill["currency"],
        "description": description,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": bill["id"],
        "livemode": False,
        "metadata": metadata,
        "parent": {
            "invoice_item_details": {
                "invoice_item": item or fresh("ii"),
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        "period": {"end": bill["created"], "start": bill["created"]},
        "pretax_credit_amounts": [],
        "pricing": None,
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subtotal": amount,
        "taxes": [],
    }


def recount(bill: Json) -> None:
    """The invoice's sums from its lines."""
    lines = bill["lines"]["data"]
    total = sum(one["amount"] for one in lines)
    bill["lines"]["total_count"] = len(lines)
    for name in ("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"):
        bill[name] = total
    bill["amount_due"] = max(total, 0)
    bill["amount_remaining"] = bill["amount_due"] - bill["amount_paid"]
