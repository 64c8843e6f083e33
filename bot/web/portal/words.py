"""How the client's pages speak: templates, and the words for days, amounts and states."""

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.money import Money
from core.portal import InvoiceSeen, OrderSeen, ProjectSeen, ProposalSeen
from core.proposals import Sum

EACH = {"week": "a week", "month": "a month", "quarter": "a quarter", "year": "a year"}
HERE = Path(__file__).parent
LOOK = "".join((HERE / "look" / f"{part}.css").read_text() for part in ("base", "page", "paper", "pen", "wide"))
LOOK_PATH = f"/portal/look-{hashlib.sha256(LOOK.encode()).hexdigest()[:12]}.css"
SCRIPT = (HERE / "look" / "paper.js").read_text()
SCRIPT_PATH = f"/portal/paper-{hashlib.sha256(SCRIPT.encode()).hexdigest()[:12]}.js"


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


def offer_worth(offer: ProposalSeen, locale: str) -> str:
    """What a proposal comes to: the total, what recurs, and both with all options where there is a choice still."""
    least, most = offer.least, offer.most
    if least is None or most is None:
        return offer.total.show(locale)
    if (least.once, least.recurring) == (most.once, most.recurring):
        return _comes_to(least, locale)
    if least.recurring != most.recurring:
        return f"From {_comes_to(least, locale)}, with all options {_comes_to(most, locale)}"
    each = "".join(f"; and {later.show(locale)} {EACH[period]}" for period, _, later in least.recurring)
    return f"From {least.once.show(locale)}, with all options {most.once.show(locale)}{each}"


def _comes_to(known: Sum, locale: str) -> str:
    parts = [known.once.show(locale)] if known.once or not known.recurring else []
    parts += [f"{later.show(locale)} {EACH[period]}" for period, _, later in known.recurring]
    return " and ".join(parts)


def offer_change(offer: ProposalSeen, locale: str, today: date) -> str:
    """What a change of scope makes of what was agreed: the total, and the day by which all is done."""
    change = offer.change
    if change is None:
        return ""
    told = f"Agreed so far {change.before.show(locale)}, with this {change.after.show(locale)}."
    if change.until_before and change.until_after:
        then = ", as before" if change.until_before == change.until_after else f", now {day(change.until_after, today)}"
        told += f" Done by {day(change.until_before, today)}{then}."
    elif change.until_after:
        told += f" Done by {day(change.until_after, today)}."
    return told


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


def said_tries(left: int) -> str:
    """How often somebody may try again."""
    return "one try is left" if left == 1 else f"{left} tries are left"


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
    script=SCRIPT_PATH,
    bill_state=bill_state,
    each=EACH,
    offer_change=offer_change,
    offer_state=offer_state,
    offer_worth=offer_worth,
    order_state=order_state,
    work_state=work_state,
    counted=counted,
)


def render(template: str, told: Mapping[str, Any]) -> str:
    """A template and what it is told, as HTML; everything told is escaped."""
    return _PAGES.get_template(template).render({"agency": "", **told})
