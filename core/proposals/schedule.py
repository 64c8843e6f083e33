"""Milestones and payment schedules as people type them, one a line, read forgivingly and written back the same."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from core.errors import Invalid
from core.proposals.days import day_in, said
from core.proposals.lines import NewItem
from core.proposals.marks import amount, percent, share
from core.proposals.prices import price
from core.proposals.reckoning import WHOLE, Part, Point

MOST = 20
LONGEST = 100
HOW = "Write it as “30% on signing”, “2000 on 1 Feb”, “20% at Designs ready” or “the rest on completion”."
ADDED = "The payments you wrote left something over, so “the rest on completion” was added."

_BULLET = re.compile(r"^\s*(?:[•·*–—-]\s+|\d{1,2}[.)]\s+)")
_REST = r"(?:the\s+|all\s+the\s+)?(?:rest|remainder|remaining|balance)|everything|all(?:\s+of\s+it)?|(?:the\s+)?whole"
_SUM = (
    rf"(?:(?P<rest>{_REST})|(?P<half>half)|(?P<percent>[-−]?\d[\d.,]*)\s*(?:%|percent)"
    r"|(?P<amount>[-−]?(?:[A-Za-z]{3}\s?|[^\w\s]\s?)?[-−]?\d(?:[\d.,'’]*\d)?[^\s\d:,%]{0,3}(?:\s[A-Za-z]{3}(?=\s|$))?))"
    r"(?:\s+(?P<when>.*))?"
)
_PAY = tuple(
    re.compile(label + _SUM, re.IGNORECASE | re.DOTALL)
    for label in (r"(?P<label>.*?\S)\s*:\s+", "", r"(?P<label>.*?\S)\s*,\s+")
)
"""A payment with its label before a colon, without one, and with one before a comma."""
_SIGNING = re.compile(
    r"(?:(?:on|at|upon|with|after)\s+)?(?:the\s+)?(?:signing|signature)|when\s+signed|up\s?front|now|at\s+once|in\s+advance",
    re.IGNORECASE,
)
_COMPLETION = re.compile(
    r"(?:(?:on|at|upon|with|after)\s+)?(?:the\s+)?(?:completion|end|handoff|hand-off|handover|delivery)"
    r"|when\s+(?:done|finished|completed?|ready)|at\s+the\s+end",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"^(?:on|at|by|when|with|after|upon|due|for)\s+", re.IGNORECASE)
_AT = re.compile(r"^(?:at|when|with|after|upon)\s+", re.IGNORECASE)

_DEPOSIT = r"(?:an?\s+|the\s+)?(?:deposit|down\s+payment|advance)"
_BEGUN = re.compile(rf"{_DEPOSIT}(?:\s+of)?\s+(?=\D?\d)", re.IGNORECASE)
_CALLED = re.compile(rf"(?:as\s+)?{_DEPOSIT}(?:\s+|$)", re.IGNORECASE)

Read = TypeVar("Read")


def read_milestones(typed: str, items: Sequence[NewItem], today: date) -> list[Point]:
    """Each line that was typed as a milestone: “Designs ready, 12 Dec”, “Launch · Website” for that item's, or a title
    alone. Invalid names each line that was not understood, at the field `milestones`."""
    points = _each(typed, "milestones", lambda line: _point(line, items, today))
    seen = set[tuple[str, int | None]]()
    for point in points:
        if (key := (point.title.casefold(), point.item)) in seen:
            raise Invalid(f"“{point.title}” stands there twice. Give each milestone its own name.", field="milestones")
        seen.add(key)
    return points


def write_milestones(points: Sequence[Point], items: Sequence[NewItem]) -> str:
    """Milestones as lines that `read_milestones` understands again."""
    return "\n".join(f"{name(point, items)}{f', {said(point.due_on)}' if point.due_on else ''}" for point in points)


def name(point: Point, items: Sequence[NewItem]) -> str:
    """A milestone by its title and, if it has one, its item."""
    if point.item is None or point.item >= len(items):
        return point.title
    title = items[point.item].title
    alone = [item.title.casefold() for item in items].count(title.casefold()) == 1
    return f"{point.title} · {title if alone and '·' not in title else f'#{point.item + 1}'}"


def moved(points: Sequence[Point], before: Sequence[NewItem], after: Sequence[NewItem]) -> list[Point]:
    """The milestones when the items have changed: each stays with the item of its title, or with none."""
    places = {item.title.casefold(): place for place, item in reversed(list(enumerate(after)))}
    return [
        point
        if point.item is None
        else replace(point, item=places.get(before[point.item].title.casefold()) if point.item < len(before) else None)
        for point in points
    ]


def read_schedule(
    typed: str, currency: str, points: Sequence[Point], items: Sequence[NewItem], today: date
) -> tuple[list[Part], str]:
    """Each line that was typed as a payment, and what to tell about it, if anything was added.

    Nothing typed is all of it on signing. Exactly one line is the rest: where none is written, the last percentage is
    it if they come to 100, else the rest is added on completion. Invalid names each line that was not understood, at
    the field `schedule`.
    """
    parts = _each(typed, "schedule", lambda line: _part(line, currency, points, items, today))
    if not parts:
        return list(WHOLE), ""
    shares = sum((part.percent for part in parts), Decimal(0))
    rests = [place for place, part in enumerate(parts) if part.share == "rest"]
    if shares > 100:
        raise Invalid(f"The percentages come to {percent(shares)}% together, which is more than all.", field="schedule")
    if len(rests) > 1:
        raise Invalid("Only one line can be the rest.", field="schedule")
    fixed = any(part.share == "amount" for part in parts)
    if shares == 100 and (rests or fixed):
        raise Invalid("The percentages come to 100% already, so nothing is left for the others.", field="schedule")
    if shares == 100:
        last = max(place for place, part in enumerate(parts) if part.percent)
        parts[last] = replace(parts[last], share="rest", percent=Decimal(0))
    elif not rests:
        return [*parts, Part(usual_label("rest", "completion", ""), "rest", "completion")], ADDED
    return parts, ""


def write_schedule(parts: Sequence[Part], currency: str, points: Sequence[Point], items: Sequence[NewItem]) -> str:
    """A schedule as lines that `read_schedule` understands again; nothing for all of it on signing."""
    if tuple(parts) == WHOLE:
        return ""
    return "\n".join(_written(part, currency, points, items) for part in parts)


def share_of(part: Part, currency: str) -> str:
    """Which share a payment is, in words: 30%, 2000, the rest."""
    if part.share == "rest":
        return "the rest"
    return f"{percent(part.percent)}%" if part.share == "percent" else amount(part.amount_minor, currency)


def due_of(part: Part, points: Sequence[Point], items: Sequence[NewItem]) -> str:
    """When a payment is due, in words: on signing, on 1 Feb 2026, at Designs ready, on completion."""
    if part.due_on:
        return f"on {said(part.due_on)}"
    if part.milestone is None:
        return f"on {part.due}"
    point = points[part.milestone]
    titles = [each.title.casefold() for each in points]
    return f"at {name(point, items) if titles.count(point.title.casefold()) > 1 else point.title}"


def usual_label(share: str, due: str, title: str) -> str:
    """What a payment is called if nobody says otherwise."""
    if due == "signing":
        return "Payment" if share == "rest" else "Deposit"
    return {"completion": "Final payment", "milestone": title[:LONGEST]}.get(due, "Payment")


def _each(typed: str, field: str, understand: Callable[[str], Read]) -> list[Read]:
    found, wrong = [], []
    lines = [(number, line) for number, line in enumerate(typed.splitlines(), 1) if line.strip()]
    if len(lines) > MOST:
        raise Invalid(f"At most {MOST} lines fit here; these are {len(lines)}.", field=field)
    for number, line in lines:
        try:
            found.append(understand(" ".join(_BULLET.sub("", line).split())))
        except Invalid as refusal:
            wrong.append(f"Line {number}: {refusal.sentence}")
    if wrong:
        more = [f"And {len(wrong) - 3} more lines."] if len(wrong) > 3 else []
        raise Invalid(" ".join([*wrong[:3], *more]), field=field)
    return found


def _point(line: str, items: Sequence[NewItem], today: date) -> Point:
    title, due_on = line, None
    for found in re.finditer(r"\s*(?:,|[:;–—-](?=\s)|\s(?:by|on)(?=\s))\s*(?:(?:by|on|until)\s+)?", line):
        if found.start() and (due_on := day_in(line[found.end() :], today)):
            title = line[: found.start()]
            break
    item = None
    if "·" in title:
        title, _, of = (each.strip() for each in title.rpartition("·"))
        item = _place(of, items)
    title = title.strip(" ,;:·")
    if not title or day_in(title, today):
        raise Invalid("It has no title. Write it as “Designs ready, 12 Dec”.")
    if len(title) > LONGEST:
        raise Invalid(f"Please keep the title to {LONGEST} characters.")
    return Point(title, due_on, item)


def _place(named: str, items: Sequence[NewItem]) -> int:
    titles = [item.title.casefold() for item in items]
    if (number := re.fullmatch(r"#(\d{1,3})", named)) and 0 < int(number[1]) <= len(items):
        return int(number[1]) - 1
    fitting = [place for place, title in enumerate(titles) if title == named.casefold()]
    fitting = fitting or [place for place, title in enumerate(titles) if named and named.casefold() in title]
    if len(fitting) != 1:
        told = "no item" if not fitting else "more than one item"
        raise Invalid(f"There is {told} called “{named}”. Behind the · stands the item that it belongs to.")
    return fitting[0]


def _part(line: str, currency: str, points: Sequence[Point], items: Sequence[NewItem], today: date) -> Part:
    bare = _BEGUN.sub("", line, count=1) if _BEGUN.match(line) else line
    found = next((match for form in _PAY if (match := form.fullmatch(bare))), None)
    if found is None:
        raise Invalid(f"I do not understand “{_short(line)}”. {HOW}")
    share_is = "rest" if found["rest"] else "amount" if found["amount"] else "percent"
    when = _CALLED.sub("", (found["when"] or "").strip(" ,;:"), count=1)
    if not when:
        raise Invalid(f"When is “{_short(line)}” due? {HOW}")
    due, due_on, milestone = _due(when, points, items, today)
    taken = Decimal(50) if found["half"] else Decimal(0)
    if found["percent"]:
        taken = share(found["percent"], places=2, what="A payment")
    minor = price(found["amount"], currency).minor if found["amount"] else 0
    if share_is != "rest" and not taken and not minor:
        raise Invalid(f"“{_short(line)}” comes to nothing.")
    title = points[milestone].title if milestone is not None else ""
    label = (found.groupdict().get("label") or "").strip() or usual_label(share_is, due, title)
    if len(label) > LONGEST:
        raise Invalid(f"Please keep what stands before the colon to {LONGEST} characters.")
    return Part(label, share_is, due, taken, minor, due_on, milestone)


def _due(
    when: str, points: Sequence[Point], items: Sequence[NewItem], today: date
) -> tuple[str, date | None, int | None]:
    bare = _BEFORE.sub("", when)
    exact = [
        place
        for place, point in enumerate(points)
        if bare.casefold() in (point.title.casefold(), name(point, items).casefold())
    ]
    if _AT.match(when) and len(exact) == 1:
        return "milestone", None, exact[0]
    if _SIGNING.fullmatch(when):
        return "signing", None, None
    if _COMPLETION.fullmatch(when):
        return "completion", None, None
    if not exact and (day := day_in(bare, today)):
        return "date", day, None
    near = exact or [place for place, point in enumerate(points) if bare.casefold() in point.title.casefold()]
    if len(near) > 1:
        raise Invalid(f"“{_short(bare)}” may be more than one milestone. Please write its whole name.")
    if near:
        return "milestone", None, near[0]
    raise Invalid(f"There is no day and no milestone called “{_short(bare)}”. {HOW}")


def _written(part: Part, currency: str, points: Sequence[Point], items: Sequence[NewItem]) -> str:
    title = points[part.milestone].title if part.milestone is not None else ""
    label = "" if part.label == usual_label(part.share, part.due, title) else f"{part.label}: "
    return f"{label}{share_of(part, currency)} {due_of(part, points, items)}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59].rstrip() + "…"
