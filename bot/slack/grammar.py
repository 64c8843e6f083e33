"""The grammar of commands: `/tl noun verb [which] [words]`, forgiving about plurals, synonyms, typing errors and dates."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

DOORS: Mapping[str, str] = {
    "/tl": "",
    "/engagement": "engagement",
    "/conversation": "conversation",
    "/proposal": "proposal",
    "/project": "project",
    "/invoice": "invoice",
}
"""The slash commands and the noun that each stands for; `/tl` takes its noun from the words."""

SYNONYMS: Mapping[str, str] = {"add": "new", "create": "new", "make": "new", "?": "help", "h": "help"}

Found = TypeVar("Found")


@dataclass(frozen=True)
class Line:
    """A typed line, understood: what it is about, what is to be done, and the words that are left."""

    noun: str
    verb: str
    words: str


@dataclass(frozen=True)
class Puzzled:
    """A line that was not understood: what was typed, and the nearest right word if there is one."""

    typed: str
    nearest: str
    noun: str


def read(door: str, text: str, verbs: Mapping[str, Sequence[str]]) -> Line | Puzzled:
    """Understand a line. `verbs` maps each noun to its verbs; the noun "" holds the verbs of `/tl` itself."""
    words = plain(text).split()
    noun = DOORS[door]
    if not noun and words:
        named = _near(singular(words[0]), [name for name in verbs if name])
        if named and (named == singular(words[0]) or SYNONYMS.get(words[0].lower(), words[0].lower()) not in verbs[""]):
            noun, words = named, words[1:]
    if not words:
        return Line(noun, "", "")
    typed = SYNONYMS.get(words[0].lower(), words[0].lower())
    known = verbs.get(noun, ())
    if typed in known:
        return Line(noun, typed, " ".join(words[1:]))
    if typed == "help":
        return Line("", "help", noun or " ".join(words[1:]))
    near = _near(typed, [verb for verb in known if verb])
    return Puzzled(words[0], near, noun)


def plain(text: str) -> str:
    """A line as it was typed: Slack writes & < > as entities, and puts links and addresses into angles; mentions stay as they are."""
    text = re.sub(
        r"<(?:mailto:|https?://)[^|>]*\|([^>]*)>|<(https?://[^|>]*)>", lambda found: found[1] or found[2], text
    )
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def noun(words: str, known: Mapping[str, Sequence[str]]) -> str:
    """The noun that the words begin with, in the plural or misspelt too; "" if there is none."""
    return _near(singular(words.split()[0]), [name for name in known if name]) if words.strip() else ""


def singular(word: str) -> str:
    """The noun without its plural."""
    word = word.lower()
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _near(word: str, known: Sequence[str]) -> str:
    if word in known:
        return word
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.7)
    return close[0] if close else ""


def which(words: str, candidates: Sequence[tuple[Found, str]]) -> tuple[list[tuple[Found, str]], str]:
    """Which of the candidates (thing, title) the words begin with, and the words that are left.

    The longest beginning that is part of a title decides; if only one candidate exists, words that do not name it are left as
    they are. Several left over means that the person must choose.
    """
    tokens = words.split()
    for count in range(len(tokens), 0, -1):
        part = " ".join(tokens[:count]).strip("\"'“”").casefold()
        fitting = [one for one in candidates if part in one[1].casefold()]
        if fitting:
            exact = [one for one in fitting if one[1].casefold() == part]
            return exact or fitting, " ".join(tokens[count:])
    return list(candidates), words


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def day(words: str, today: date) -> date | None:
    """A day as people type it: today, tomorrow, fri, 12 dec, +3d, +2w, 2026-12-12; None if it is none of these. Never past."""
    text = words.strip().lower().rstrip(".")
    if text in ("today", "tomorrow"):
        return today + timedelta(days=text == "tomorrow")
    if text[:3] in DAYS and re.fullmatch(r"[a-z]+", text):
        ahead = (DAYS.index(text[:3]) - today.weekday()) % 7
        return today + timedelta(days=ahead or 7)
    if match := re.fullmatch(r"\+?(\d{1,3})\s*([dw])(?:ays?|eeks?)?", text):
        return today + timedelta(days=int(match[1]) * (7 if match[2] == "w" else 1))
    if match := re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    match = re.fullmatch(r"(\d{1,2})\.?\s+([a-z]{3})[a-z]*(?:\s+(\d{4}))?", text)
    swapped = re.fullmatch(r"([a-z]{3})[a-z]*\s+(\d{1,2})(?:,?\s+(\d{4}))?", text)
    if match or swapped:
        number, name, year = (match[1], match[2], match[3]) if match else (swapped[2], swapped[1], swapped[3])  # type: ignore[index]
        if name not in MONTHS:
            return None
        found = _date(int(year) if year else today.year, MONTHS.index(name) + 1, int(number))
        return found if found is None or year or found >= today else _date(today.year + 1, found.month, found.day)
    return None


def _date(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None
