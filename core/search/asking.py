"""A search as people type it: words, "phrases", -without, from: in: before: after: on: has:file; what is odd is put right or noted."""

import html
import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta

LONGEST = 300
QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″", '"'))
FILTERS = "from|by|in|before|after|since|until|on|during|has"
TOKEN = re.compile(rf'-?"[^"]*"|(?P<name>{FILTERS}):\s*(?P<value>"[^"]*"|<[^<>]*>|[^\s"]+)?|[^\s"]+', re.IGNORECASE)
FILES = frozenset({"file", "files", "attachment", "attachments", "pdf", "image", "picture"})
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Asked:
    """A search, understood. `words` is what the texts must hold, in the way of search engines; days are the asker's own.

    `since` is the first day that counts, `until` the first that does not. `odd` are sentences on what was left out.
    """

    words: str = ""
    people: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    since: date | None = None
    until: date | None = None
    files: bool = False
    odd: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing is left to look for."""
        return not (self.words or self.narrowed)

    @property
    def narrowed(self) -> bool:
        """Whether anything is asked beside the words."""
        return bool(self.people or self.places or self.since or self.until or self.files)

    @property
    def positive(self) -> str:
        """The words that hits contain, without those that they must not."""
        return re.sub(r'(?<!\S)-(?:"[^"]*"|\S+)', " ", self.words)


def clean(typed: str) -> str:
    """What was typed, as text that any database takes: no NUL, no half characters, straight quotes, one line, not too long."""
    text = html.unescape(typed.encode("utf-8", "ignore").decode()).translate(QUOTES)
    text = "".join(" " if unicodedata.category(sign) in ("Cc", "Cf") and sign != "\u200d" else sign for sign in text)
    return " ".join(text.split())[:LONGEST]


def read(typed: str, today: date) -> Asked:
    """Understand a search. It never fails: a quote left open is dropped, and a day that is none is noted in `odd`."""
    text = _closed(_together(clean(typed)))
    words: list[str] = []
    asked: dict[str, list[str]] = {"people": [], "places": [], "odd": []}
    since: date | None = None
    until: date | None = None
    files = False
    for match in TOKEN.finditer(text):
        name, value = (match["name"] or "").lower(), (match["value"] or "").strip('"').strip()
        if not name:
            words.append(match[0])
        elif not value:
            asked["odd"].append(f"{name}: has nothing after it, so I left it out.")
        elif name in ("from", "by"):
            asked["people"].append(value)
        elif name == "in":
            asked["places"].append(value)
        elif name == "has":
            if value.lower() in FILES:
                files = True
            else:
                asked["odd"].append(f"I know has:file, but not has:{value}, so I left it out.")
        elif (found := period(value, today)) is None:
            asked["odd"].append(
                f"“{value}” is no day that I know, so I left it out. I read 2026-11-20, 20nov, nov, fri, 2w."
            )
        else:
            first, last = found
            if name in ("after", "on", "during", "since"):
                start = first if name != "after" else last + timedelta(days=1)
                since = max(since, start) if since else start
            if name in ("before", "on", "during", "until"):
                end = first if name == "before" else last + timedelta(days=1)
                until = min(until, end) if until else end
    if not any(sign.isalnum() for word in words for sign in word):
        words = []  # signs alone stand in no text's index
    return Asked(" ".join(words), asked["people"], asked["places"], since, until, files, asked["odd"])


def _closed(text: str) -> str:
    """Without the last quote, if it was left open: the words after it are looked for as they are."""
    if text.count('"') % 2:
        before, _, after = text.rpartition('"')
        return f"{before} {after}"
    return text


def _together(text: str) -> str:
    """The days that people write as two words, in one: before:12 dec."""
    months = "|".join(MONTHS)
    return re.sub(rf"(?i)(:\s*)(\d{{1,2}})\.?\s+((?:{months})[a-z]*)(?:\s+(\d{{4}})\b)?", r"\1\2\3\4", text)


def period(words: str, today: date) -> tuple[date, date] | None:
    """The first and last day of what people call a day, a month or a year, never in the future unless they say the year; None
    if it is none of these.

    today, yesterday, fri, 3d, 2w, 6m (ago), 2026-11-20, 2026-11, 2026, 20nov, nov, 20.11.2026.
    """
    text = words.strip().lower().strip(".,")
    if text in ("today", "yesterday"):
        day = today - timedelta(days=text == "yesterday")
        return day, day
    if text[:3] in DAYS and text.isalpha() and len(text) <= 9:
        day = today - timedelta(days=(today.weekday() - DAYS.index(text[:3])) % 7 or 7)
        return day, day
    if match := re.fullmatch(r"[-+]?(\d{1,4})([dwmy])(?:ays?|eeks?|onths?|ears?)?(?:ago)?", text):
        days = int(match[1]) * {"d": 1, "w": 7, "m": 30, "y": 365}[match[2]]
        day = today - timedelta(days=min(days, 36_500))
        return day, day
    if match := re.fullmatch(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", text):
        return _span(int(match[1]), int(match[2] or 0), int(match[3] or 0))
    if match := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text):
        return _span(int(match[3]), int(match[2]), int(match[1]))
    if match := re.fullmatch(r"(?:(\d{1,2})[-/]?)?([a-z]{3})[a-z]{0,6}[-/]?(\d{4})?", text):
        if match[2] not in MONTHS:
            return None
        month, number = MONTHS.index(match[2]) + 1, int(match[1] or 0)
        if match[3]:
            return _span(int(match[3]), month, number)
        past = [span for back in range(5) if (span := _span(today.year - back, month, number)) and span[0] <= today]
        return past[0] if past else None
    return None


def _span(year: int, month: int, day: int) -> tuple[date, date] | None:
    if not 1970 <= year <= 2200:
        return None
    try:
        if day:
            return date(year, month, day), date(year, month, day)
        if month:
            return date(year, month, 1), date(year, month, monthrange(year, month)[1])
        return date(year, 1, 1), date(year, 12, 31)
    except ValueError:
        return None
