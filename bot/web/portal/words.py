"""How the client's pages speak: templates, and the words for days, amounts and states."""

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.money import Money
from core.portal import InvoiceSeen, OrderSeen, ProjectSeen, ProposalSeen

HERE = Path(__file__).parent
LOOK = "".join((HERE / "look" / f"{part}.css").read_text() for part in ("base", "page"))
LOOK_PATH = f"/portal/look-{hashlib.sha256(LOOK.encode()).hexdigest()[:12]}.css"


def day(moment: date, today: date) -> str:
    """A day, short and dated: Fri 28 Nov; with the year where it is another than this one."""
    return f"{moment:%a %-d %b}" if moment.year == today.year else f"{moment:%a %-d %b %Y}"


def late(days: int) -> str:
    """How late something is, in words."""
    return "1 day late" if days == 1 else f"{days} days late"


def bill_state(bill: InvoiceSeen, today: date) -> str:
    """Where an invoice stands."""
    if bill.status == "paid":
        return f"Paid {day(bill.paid_on, today)}" if bill.paid_on else "Paid"
    if bill.status == "void":
        return "Cancelled, nothing to pay"
    due = f"Due {day(bill.due_on, today)}" if bill.due_on else "Open"
    return f"{due}, {late(bill.late)}" if bill.late else due


def offer_state(offer: ProposalSeen, today: date) -> str:
    """Where a proposal stands."""
    if offer.waits:
        return f"Open until {day(offer.expires_on, today)}"
    if offer.status == "signed":
        return f"Signed {day(offer.signed_on, today)}" if offer.signed_on else "Signed"
    if offer.status == "expired":
        return f"Was open until {day(offer.expires_on, today)}"
    return offer.status.capitalize()


def order_state(order: OrderSeen, locale: str) -> str:
    """How much of an order is paid."""
    if order.settled:
        return "Paid"
    if order.paid:
        return f"{order.paid.show(locale)} of it paid"
    return "Not paid yet"


def work_state(work: ProjectSeen, today: date) -> str:
    """Where a piece of work stands, in the client's words."""
    if work.status == "completed":
        return f"Delivered {day(work.completed_on, today)}" if work.completed_on else "Delivered"
    step = f"{work.phase} · step {work.step} of {work.steps}"
    return f"Paused in {step}" if work.status == "paused" else step


def counted(number: int, one: str, many: str) -> str:
    """A number of things, in words up to nine."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return f"{words[number] if number < len(words) else number} {one if number == 1 else many}"


def show_money(amount: Money, locale: str) -> str:
    """An amount in its currency's form for the reader."""
    return amount.show(locale)


_PAGES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters.update(day=day, money=show_money, late=late)
_PAGES.globals.update(
    look=LOOK_PATH,
    bill_state=bill_state,
    offer_state=offer_state,
    order_state=order_state,
    work_state=work_state,
    counted=counted,
)


def render(template: str, told: Mapping[str, Any]) -> str:
    """A template and what it is told, as HTML; everything told is escaped."""
    return _PAGES.get_template(template).render({"agency": "", **told})
