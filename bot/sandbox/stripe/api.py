"""The endpoints: which method and path does what; here also payments, events and the account itself."""

import re
from collections.abc import Callable
from typing import Any

from bot.sandbox.stripe import invoicing, objects
from bot.sandbox.stripe.invoicing import LIST, Account
from bot.sandbox.stripe.ledger import Ledger
from bot.sandbox.stripe.wire import Json, Params, Refusal, expand, page

Endpoint = Callable[[Account, Params, str], Json]


def answer(account: Account, method: str, path: str, given: Json) -> Json:
    """Carry out one request; raises Refusal."""
    for wanted, pattern, endpoint in _TABLE:
        found = re.fullmatch(pattern, path)
        if wanted == method and found:
            params = Params(given)
            said = endpoint(account, params, found.group(1) if found.groups() else "")
            return _expanded(account.ledger, _shown(account.ledger, said), params.names("expand"))
    raise Refusal(f"Unrecognized request URL ({method}: /v1{path}).", status=404)


def _shown(ledger: Ledger, said: Json) -> Json:
    if said.get("object") == "list":
        return said | {"data": [ledger.shown(one) for one in said["data"]]}
    return ledger.shown(said) if "deleted" not in said else said


def _expanded(ledger: Ledger, said: Json, paths: list[str]) -> Json:
    """`payments` of an invoice is there only when it is asked for."""
    if any(path.removeprefix("data.").split(".")[0] == "payments" for path in paths):
        for one in said["data"] if said.get("object") == "list" else [said]:
            if one.get("object") == "invoice":
                url = f"/v1/invoice_payments?invoice={one['id']}"
                one["payments"] = objects.listing([ledger.shown(each) for each in ledger.payments_of(one["id"])], url)
    return expand(said, paths, ledger.anything)


# money that moved, events, the account


def _list_payments(account: Account, params: Params, _: str) -> Json:
    params.only(*LIST, "invoice", "status", "payment")
    bill, status = params.text("invoice"), params.text("status")
    wanted: Any = params.given.get("payment") or {}
    found = [
        one
        for one in account.ledger.payments.values()
        if (bill is None or one["invoice"] == bill)
        and (status is None or one["status"] == status)
        and all(one["payment"].get(name) == value for name, value in wanted.items())
    ]
    return page(found, params, "/v1/invoice_payments")


def _list_events(account: Account, params: Params, _: str) -> Json:
    params.only(*LIST, "type", "types", "delivery_success")
    types = set(params.names("types")) | ({params.given["type"]} if "type" in params.given else set())
    found = [event for event in account.ledger.events.values() if not types or event["type"] in types]
    return page(found, params, "/v1/events")


def _lister(kind: str, url: str, *filters: str) -> Endpoint:
    def listed(account: Account, params: Params, _: str) -> Json:
        params.only(*LIST, *filters)
        held: dict[str, Json] = getattr(account.ledger, kind)
        wanted = {name: params.text(name) for name in filters if name in params.given}
        return page(
            [each for each in held.values() if all(each.get(name) == value for name, value in wanted.items())],
            params,
            url,
        )

    return listed


def _getter(kind: str) -> Endpoint:
    def got(account: Account, params: Params, id: str) -> Json:
        params.only()
        return account.ledger.find(kind, id)

    return got


def _account(account: Account, params: Params, _: str) -> Json:
    return {
        "id": "acct_sandbox",
        "object": "account",
        "business_profile": {"name": "Studio Ada", "support_email": None, "url": None},
        "business_type": "company",
        "charges_enabled": True,
        "country": "US",
        "created": 1_700_000_000,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "ada@studioada.example",
        "payouts_enabled": True,
        "settings": {"dashboard": {"display_name": "Studio Ada", "timezone": "Etc/UTC"}},
        "type": "standard",
    }


def _balance(account: Account, params: Params, _: str) -> Json:
    sums: dict[str, int] = {}
    for charge in account.ledger.charges.values():
        if charge["paid"]:
            sums[charge["currency"]] = sums.get(charge["currency"], 0) + charge["amount"]
    held = [
        {"amount": amount, "currency": code, "source_types": {"card": amount}}
        for code, amount in (sums or {"usd": 0}).items()
    ]
    return {"object": "balance", "available": held, "pending": [], "livemode": False}


def _endpoints(account: Account, params: Params, _: str) -> Json:
    params.only(*LIST)
    return page(account.endpoints(), params, "/v1/webhook_endpoints")


_ID = r"/([^/]+)"
_TABLE: list[tuple[str, str, Endpoint]] = [
    ("POST", "/customers", invoicing.create_customer),
    ("GET", "/customers", invoicing.list_customers),
    ("GET", "/customers" + _ID, _getter("customers")),
    ("POST", "/customers" + _ID, invoicing.update_customer),
    ("POST", "/invoices", invoicing.create_invoice),
    ("GET", "/invoices", invoicing.list_invoices),
    ("GET", "/invoices" + _ID, _getter("invoices")),
    ("POST", "/invoices" + _ID, invoicing.update_invoice),
    ("DELETE", "/invoices" + _ID, invoicing.delete_invoice),
    ("GET", "/invoices" + _ID + "/lines", invoicing.invoice_lines),
    ("POST", "/invoices" + _ID + "/add_lines", invoicing.add_lines),
    ("POST", "/invoices" + _ID + "/finalize", invoicing.finalize),
    ("POST", "/invoices" + _ID + "/send", invoicing.send),
    ("POST", "/invoices" + _ID + "/pay", invoicing.pay),
    ("POST", "/invoices" + _ID + "/void", invoicing.void),
    ("POST", "/invoices" + _ID + "/mark_uncollectible", invoicing.mark_uncollectible),
    ("POST", "/invoiceitems", invoicing.create_item),
    ("GET", "/invoiceitems", _lister("items", "/v1/invoiceitems", "customer", "invoice")),
    ("GET", "/invoiceitems" + _ID, _getter("items")),
    ("GET", "/invoice_payments", _list_payments),
    ("GET", "/invoice_payments" + _ID, _getter("payments")),
    ("GET", "/payment_intents", _lister("intents", "/v1/payment_intents", "customer")),
    ("GET", "/payment_intents" + _ID, _getter("intents")),
    ("GET", "/charges", _lister("charges", "/v1/charges", "customer", "payment_intent")),
    ("GET", "/charges" + _ID, _getter("charges")),
    ("GET", "/events", _list_events),
    ("GET", "/events" + _ID, _getter("events")),
    ("GET", "/account", _account),
    ("GET", "/balance", _balance),
    ("GET", "/webhook_endpoints", _endpoints),
]
