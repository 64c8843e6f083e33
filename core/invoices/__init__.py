"""Invoices: drafted, sent with a number that leaves no gap, paid or void; their lines, and the payments on them."""

from core.invoices.bill import STATUS, Counter, Invoice, Line, Payment
from core.invoices.issuing import Plan, dispatch, draft, new, retry, send, watch_due_day
from core.invoices.paying import look_to_pay, paper, remind, tell
from core.invoices.planned import Component, Share, come, completed, plan, portion, send_due
from core.invoices.processing import ToIssue, customer_made, issued, refused, to_issue
from core.invoices.reading import (
    BillPeople,
    candidates,
    find,
    get,
    lines_of,
    listing,
    of_engagement,
    paid_of_order,
    payments_of,
    people_of,
    today,
)
from core.invoices.settling import Arrival, Standing, declined, mark_paid, settle, void
from core.invoices.summary import Bill, BillLine, bill, bills, look, overview
from core.invoices.typed import lines_from

__all__ = [
    "STATUS",
    "Arrival",
    "Bill",
    "BillLine",
    "BillPeople",
    "Component",
    "Counter",
    "Invoice",
    "Line",
    "Payment",
    "Plan",
    "Share",
    "Standing",
    "ToIssue",
    "bill",
    "bills",
    "candidates",
    "come",
    "completed",
    "customer_made",
    "declined",
    "dispatch",
    "draft",
    "find",
    "get",
    "issued",
    "lines_from",
    "lines_of",
    "listing",
    "look",
    "look_to_pay",
    "mark_paid",
    "new",
    "of_engagement",
    "overview",
    "paid_of_order",
    "paper",
    "payments_of",
    "people_of",
    "plan",
    "portion",
    "refused",
    "remind",
    "retry",
    "send",
    "send_due",
    "settle",
    "tell",
    "to_issue",
    "today",
    "void",
    "watch_due_day",
]
