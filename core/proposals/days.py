"""Days as people type them, in milestones and schedules: “12 Dec”, “Fri”, “+3w”, “2026-12-12”."""

import re
from datetime import date, timedelta

from core.errors import Invalid

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONG = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
LONG_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FARTHEST = timedelta(days=5 * 366)

_MONTH = f"(?P<month>{'|'.join((*LONG, 'sept', *MONTHS))})\\.?"
_NAMED = re.compile(rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?{_MONTH}(?:,?\s+(?P<year>\d{{4}}))?")
_SWAPPED = re.compile(rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?")
_WEEKDAY = rf"(?:(?:{'|'.join((*LONG_WEEK, *WEEK))})[.,]?\s+)?"
_WRITTEN = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})")
_DOTTED = re.compile(r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})")
_AHEAD = re.compile(r"(?:in\s+|\+)(?P<count>\d{1,3})\s*(?P<unit>d|days?|w|weeks?)")


def day_in(typed: str, today: date) -> date | None:
    """The day that was typed, the next of its kind if no year is said; None if it is no day at all.

    Invalid for one that is not in the calendar, has passed, or is too far away to be meant.
    """
    text = " ".join(typed.casefold().split()).rstrip(".,")
    if text in ("today", "tomorrow"):
        return today + timedelta(days=text == "tomorrow")
    if text in WEEK or text in LONG_WEEK:
        ahead = (WEEK.index(text[:3]) - today.weekday()) % 7
        return today + timedelta(days=ahead or 7)
    if ahead_of := _AHEAD.fullmatch(text):
        return today + timedelta(days=int(ahead_of["count"]) * (7 if ahead_of["unit"][0] == "w" else 1))
    bare = re.sub(rf"^{_WEEKDAY}", "", text)
    found = _WRITTEN.fullmatch(bare) or _DOTTED.fullmatch(bare) or _NAMED.fullmatch(bare) or _SWAPPED.fullmatch(bare)
    if found is None:
        return None
    month = int(found["month"]) if found["month"].isdigit() else MONTHS.index(found["month"][:3]) + 1
    year = int(found["year"] or today.year)
    try:
        day = date(year, month, int(found["day"]))
        if not found["year"] and day < today:
            day = date(year + 1, month, int(found["day"]))
    except ValueError:
        raise Invalid(f"“{typed.strip()}” is not in the calendar.") from None
    if day < today:
        raise Invalid(f"{said(day)} has passed.")
    if day > today + FARTHEST:
        raise Invalid(f"{said(day)} is too far away to be meant.")
    return day


def said(day: date) -> str:
    """A day as `day_in` reads it again: 12 Dec 2026."""
    return f"{day.day} {MONTHS[day.month - 1].capitalize()} {day.year}"
