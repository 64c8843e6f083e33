"""The shapes of Stripe's payments: what an open invoice waits for, each try on a card, and the cards themselves."""

from bot.sandbox.stripe.wire import Json, fresh, stamp


class Card:
    """A card that the page offers: by its last digits it succeeds or is declined, as Stripe's test cards do."""

    def __init__(self, last4: str, brand: str, decline: str | None = None, message: str = "") -> None:
        self.last4 = last4
        self.brand = brand
        self.decline = decline
        self.message = message


CARDS = {
    card.last4: card
    for card in (
        Card("4242", "visa"),
        Card("4444", "mastercard"),
        Card("0002", "visa", "generic_decline", "Your card was declined."),
        Card("9995", "visa", "insufficient_funds", "Your card has insufficient funds."),
    )
}


def payment_intent(bill: Json) -> Json:
    """The payment that an open invoice waits for."""
    here = fresh("pi")
    return {
        "id": here,
        "object": "payment_intent",
        "amount": bill["amount_due"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{here}_secret_{fresh('s', 20)[2:]}",
        "confirmation_method": "automatic",
        "created": stamp(),
        "currency": bill["currency"],
        "customer": bill["customer"],
        "customer_account": None,
        "description": "Payment for Invoice",
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def invoice_payment(bill: Json, intent: str | None, *, paid: int | None = None) -> Json:
    """The tie between an invoice and a payment."""
    payment: Json = (
        {"type": "payment_intent", "payment_intent": intent}
        if intent is not None
        else {"type": "payment_record", "payment_record": fresh("pr")}
    )
    return {
        "id": fresh("inpay"),
        "object": "invoice_payment",
        "amount_paid": paid,
        "amount_requested": bill["amount_due"],
        "created": stamp(),
        "currency": bill["currency"],
        "invoice": bill["id"],
        "is_default": intent is not None,
        "livemode": False,
        "payment": payment,
        "status": "open" if paid is None else "paid",
        "status_transitions": {"canceled_at": None, "paid_at": None if paid is None else stamp()},
    }


def charge(bill: Json, intent: Json, card: Card) -> Json:
    """One try to take money from a card."""
    declined = card.decline is not None
    return {
        "id": fresh("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0 if declined else intent["amount"],
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None if declined else fresh("txn"),
        "billing_details": {
            "address": {
                "city": None,
                "country": None,
                "line1": None,
                "line2": None,
                "postal_code": None,
                "state": None,
            },
            "email": bill["customer_email"],
            "name": bill["customer_name"],
            "phone": None,
            "tax_id": None,
        },
        "calculated_statement_descriptor": "STUDIO ADA",
        "captured": not declined,
        "created": stamp(),
        "currency": bill["currency"],
        "customer": bill["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": "card_declined" if declined else None,
        "failure_message": card.message if declined else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "on_behalf_of": None,
        "outcome": {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "declined_by_network" if declined else "approved_by_network",
            "reason": card.decline,
            "risk_level": "normal",
            "seller_message": "The bank did not approve it." if declined else "Payment complete.",
            "type": "issuer_declined" if declined else "authorized",
        },
        "paid": not declined,
        "payment_intent": intent["id"],
        "payment_method": fresh("pm"),
        "payment_method_details": {
            "card": {
                "brand": card.brand,
                "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
                "country": "US",
                "exp_month": 12,
                "exp_year": 2034,
                "fingerprint": f"sandbox{card.last4}",
                "funding": "credit",
                "last4": card.last4,
                "network": card.brand,
                "three_d_secure": None,
                "wallet": None,
            },
            "type": "card",
        },
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "status": "failed" if declined else "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }
