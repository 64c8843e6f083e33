"""The endpoints of customers, invoices and their lines."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.stripe import objects
from bot.sandbox.stripe.ledger import Ledger
from bot.sandbox.stripe.objects import amount_of, currency_of
from bot.sandbox.stripe.wire import Json, Params, Refusal, fresh, page, stamp

DAY = 86_400

_CUSTOMER = ("name", "email", "metadata", "description", "phone", "address", "preferred_locales", "tax_exempt")
_INVOICE_CREATE = (
    "customer", "currency", "collection_method", "auto_advance", "pending_invoice_items_behavior", "metadata",
    "days_until_due", "due_date", "number", "description", "footer",
)  # fmt: skip
_INVOICE_UPDATE = ("metadata", "auto_advance", "days_until_due", "due_date", "number", "description", "footer")
LIST = ("limit", "starting_after", "ending_before", "created")


@dataclass
class Account:
    """What the endpoints act on."""

    ledger: Ledger
    endpoints: Callable[[], list[Json]]


# customers


def create_customer(account: Account, params: Params, _: str) -> Json:
    params.only(*_CUSTOMER)
    made = objects.customer(
        name=params.text("name"),
        email=params.text("email"),
        metadata=params.metadata(),
        description=params.text("description"),
        phone=params.text("phone"),
    )
    return account.ledger.add_customer(made)


def update_customer(account: Account, params: Params, id: str) -> Json:
    params.only(*_CUSTOMER)
    customer = account.ledger.find("customers", id)
    for name in ("name", "email", "description", "phone"):
        if name in params.given:
            customer[name] = params.text(name)
    customer["metadata"] = params.metadata(customer["metadata"])
    account.ledger.emit("customer.updated", customer)
    return customer


def list_customers(account: Account, params: Params, _: str) -> Json:
    params.only(*LIST, "email")
    email = params.text("email")
    found = [each for each in account.ledger.customers.values() if email is None or each["email"] == email]
    return page(found, params, "/v1/customers")


# invoices


def create_invoice(account: Account, params: Params, _: str) -> Json:
    params.only(*_INVOICE_CREATE)
    ledger = account.ledger
    buyer = ledger.find("customers", params.needed("customer"), "customer")
    method = params.one_of("collection_method", "send_invoice", "charge_automatically") or "charge_automatically"
    params.one_of("pending_invoice_items_behavior", "include", "exclude")
    bill = objects.invoice(
        buyer,
        currency=currency_of(params.text("currency") or buyer["currency"]),
        due_date=_due(params, method),
        method=method,
        number=_number(params),
        description=params.text("description"),
        footer=params.text("footer"),
        auto_advance=params.flag("auto_advance", False),
        metadata=params.metadata(),
    )
    buyer["currency"] = buyer["currency"] or bill["currency"]
    return ledger.add_invoice(bill)


def _due(params: Params, method: str) -> int | None:
    days, date = params.integer("days_until_due"), params.integer("due_date")
    if method != "send_invoice":
        if days is not None or date is not None:
            raise Refusal(
                "You can only specify a due date when collection_method is send_invoice.", param="days_until_due"
            )
        return None
    if (days is None) == (date is None):
        raise Refusal(
            "If invoice collection_method is 'send_invoice', you must specify either due_date or days_until_due.",
            param="days_until_due",
        )
    if date is None:
        return stamp() + (days or 0) * DAY
    if date <= stamp():
        raise Refusal("due_date must be in the future.", param="due_date")
    return date


def _number(params: Params) -> str | None:
    number = params.text("number")
    if number is not None and len(number) > 26:
        raise Refusal("Invoice numbers have at most 26 characters.", param="number")
    return number


def update_invoice(account: Account, params: Params, id: str) -> Json:
    params.only(*_INVOICE_UPDATE)
    bill = account.ledger.find("invoices", id)
    frozen = set(params.given) - {"metadata", "expand", "auto_advance"}
    if bill["status"] != "draft" and frozen:
        raise Refusal(
            "Finalized invoices can't be updated in this way", code="invoice_not_editable", param=min(frozen), kept=True
        )
    if "due_date" in params.given or "days_until_due" in params.given:
        bill["due_date"] = _due(params, bill["collection_method"])
    for name in ("description", "footer"):
        if name in params.given:
            bill[name] = params.text(name)
    if "number" in params.given:
        bill["number"] = _number(params)
    bill["metadata"] = params.metadata(bill["metadata"])
    account.ledger.emit("invoice.updated", bill)
    return bill


def list_invoices(account: Account, params: Params, _: str) -> Json:
    params.only(*LIST, "customer", "status", "collection_method", "due_date")
    customer = params.text("customer")
    status = params.one_of("status", "draft", "open", "paid", "uncollectible", "void")
    found = [
        bill
        for bill in account.ledger.invoices.values()
        if (customer is None or bill["customer"] == customer) and (status is None or bill["status"] == status)
    ]
    return page(found, params, "/v1/invoices")


def add_lines(account: Account, params: Params, id: str) -> Json:
    params.only("lines", "invoice_metadata")
    bill = account.ledger.find("invoices", id)
    lines = params.entries("lines")
    for place, entry in enumerate(lines):
        for name in entry:
            if name not in ("amount", "description", "discountable", "metadata", "quantity", "period"):
                raise Refusal(
                    f"Received unknown parameter: lines[{place}][{name}]",
                    code="parameter_unknown",
                    param=f"lines[{place}][{name}]",
                )
    return account.ledger.add_lines(bill, lines)


def finalize(account: Account, params: Params, id: str) -> Json:
    params.only("auto_advance")
    return account.ledger.finalize(account.ledger.find("invoices", id))


def send(account: Account, params: Params, id: str) -> Json:
    params.only()
    bill = account.ledger.find("invoices", id)
    if bill["status"] == "draft":
        account.ledger.finalize(bill)
    if bill["status"] not in ("open", "paid") or bill["collection_method"] != "send_invoice":
        raise Refusal("You can only manually send an invoice that is open, by send_invoice.", kept=True)
    account.ledger.emit("invoice.sent", bill)
    return bill


def void(account: Account, params: Params, id: str) -> Json:
    params.only()
    return account.ledger.void(account.ledger.find("invoices", id))


def mark_uncollectible(account: Account, params: Params, id: str) -> Json:
    params.only()
    return account.ledger.mark_uncollectible(account.ledger.find("invoices", id))


def pay(account: Account, params: Params, id: str) -> Json:
    params.only("paid_out_of_band", "payment_method", "forgive", "off_session")
    bill = account.ledger.find("invoices", id)
    if params.flag("paid_out_of_band", False):
        return account.ledger.pay_elsewhere(bill)
    return account.ledger.pay_with(bill, params.text("payment_method"))


def delete_invoice(account: Account, params: Params, id: str) -> Json:
    return account.ledger.delete_draft(account.ledger.find("invoices", id))


def invoice_lines(account: Account, params: Params, id: str) -> Json:
    params.only(*LIST)
    lines = account.ledger.find("invoices", id)["lines"]["data"]
    return objects.listing(lines[: params.integer("limit") or 10], f"/v1/invoices/{id}/lines")


def create_item(account: Account, params: Params, _: str) -> Json:
    params.only("customer", "invoice", "amount", "currency", "description", "metadata", "quantity", "discountable")
    ledger = account.ledger
    customer = ledger.find("customers", params.needed("customer"), "customer")
    bill = ledger.find("invoices", params.needed("invoice"), "invoice")
    currency = currency_of(params.text("currency") or bill["currency"])
    if currency != bill["currency"]:
        raise Refusal(f"The currency of this item must be {bill['currency']}.", param="currency")
    amount = amount_of(params.needed("amount"), currency, "amount")
    item: Json = {
        "id": fresh("ii"),
        "object": "invoiceitem",
        "amount": amount,
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "date": stamp(),
        "description": params.text("description"),
        "discountable": True,
        "discounts": [],
        "invoice": bill["id"],
        "livemode": False,
        "metadata": params.metadata(),
        "net_amount": amount,
        "parent": None,
        "period": {"end": stamp(), "start": stamp()},
        "pricing": None,
        "proration": False,
        "proration_details": None,
        "quantity": 1,
        "quantity_decimal": "1",
        "tax_rates": [],
        "test_clock": None,
    }
    line = {"amount": amount, "description": item["description"], "metadata": item["metadata"], "item": item["id"]}
    ledger.add_lines(bill, [line])
    ledger.items[item["id"]] = item
    return item
