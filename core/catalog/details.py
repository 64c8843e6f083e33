"""What a service's template holds beside its price, as people type it: phase names, checklist, deliverables, one a line."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from core.errors import Invalid
from core.projects.course import PHASES

PERIODS = ("week", "month", "quarter", "year")
LONGEST, MOST = 150, 60
"""Characters of a title, and how many lines a list takes."""

_DAYS = re.compile(
    r"(?P<title>.+?)\s*[,;]\s*(?:within\s+|after\s+)?(?P<days>\d{1,4})\s*(?P<unit>d|days?|w|weeks?)", re.IGNORECASE
)


@dataclass(frozen=True)
class Details:
    """All of a service but its name, description, kind and price. `deliverables` are (title, days after the start)."""

    folder: str = ""
    tags: tuple[str, ...] = ()
    period: str = ""
    trial_days: int = 0
    setup_minor: int = 0
    tax_percent: Decimal = Decimal(0)
    phases: Mapping[str, str] = field(default_factory=dict)
    checklist: tuple[tuple[str, str], ...] = ()
    deliverables: tuple[tuple[str, int | None], ...] = ()
    owner_id: uuid.UUID | None = None

    def check(self) -> None:
        """Invalid, at its field, for what cannot be."""
        if self.period not in ("", *PERIODS):
            raise Invalid("It is paid for once, or each week, month, quarter or year.", field="period")
        if not self.period and (self.trial_days or self.setup_minor):
            raise Invalid(
                "A trial or a set-up fee belongs to what is paid for again and again. Choose how often that is.",
                field="period",
            )
        if not 0 <= self.trial_days <= 366:
            raise Invalid("A trial lasts up to 366 days.", field="trial")
        if not 0 <= self.tax_percent <= 100:
            raise Invalid("A tax is a percentage between 0 and 100.", field="tax")


def phases_from(typed: str) -> dict[str, str]:
    """Phase names as typed: “Deployment: Launch”, one a line."""
    names: dict[str, str] = {}
    for phase, name in _phased(typed, "phases", needs_phase=True):
        if name.casefold() != phase:
            names[phase] = name
    return names


def checklist_from(typed: str) -> tuple[tuple[str, str], ...]:
    """Tasks as typed: “Build: Draw the pages”, one a line; without a phase a task belongs to the first."""
    return tuple(_phased(typed, "checklist", needs_phase=False))


def deliverables_from(typed: str) -> tuple[tuple[str, int | None], ...]:
    """Deliverables as typed: “Style guide, 10 days” or “Style guide”, one a line."""
    promised: list[tuple[str, int | None]] = []
    for line in _lines(typed, "deliverables"):
        found = _DAYS.fullmatch(line)
        days = int(found["days"]) * (7 if found["unit"].lower().startswith("w") else 1) if found else None
        promised.append((_title(found["title"] if found else line, "deliverables"), days))
    return tuple(promised)


def tags_from(typed: str) -> tuple[str, ...]:
    """Tags as typed, with commas between them; each once, whatever its capitals."""
    found: dict[str, str] = {}
    for word in typed.replace("\n", ",").split(","):
        tag = " ".join(word.split()).lstrip("#")
        if len(tag) > 40:
            raise Invalid(f"“{tag[:40]}…” is long for a tag. Forty characters are plenty.", field="tags")
        if tag:
            found.setdefault(tag.casefold(), tag)
    return tuple(found.values())


def written_phases(names: Mapping[str, str]) -> str:
    """Phase names as lines that `phases_from` reads."""
    return "\n".join(f"{phase.capitalize()}: {names[phase]}" for phase in PHASES if phase in names)


def written_checklist(tasks: Sequence[tuple[str, str]]) -> str:
    """Tasks as lines that `checklist_from` reads."""
    return "\n".join(f"{phase.capitalize()}: {title}" for phase, title in tasks)


def written_deliverables(promised: Sequence[tuple[str, int | None]]) -> str:
    """Deliverables as lines that `deliverables_from` reads."""
    return "\n".join(title if days is None else f"{title}, {days} days" for title, days in promised)


def _phased(typed: str, at: str, *, needs_phase: bool) -> list[tuple[str, str]]:
    pairs = []
    for line in _lines(typed, at):
        before, colon, after = line.partition(":")
        phase = before.strip().casefold()
        if colon and phase in PHASES:
            pairs.append((phase, _title(after, at)))
        elif needs_phase:
            known = ", ".join(each.capitalize() for each in PHASES)
            raise Invalid(
                f"“{line[:60]}” names no phase. Write “Deployment: Launch”; the phases are {known}.", field=at
            )
        else:
            pairs.append((PHASES[0], _title(line, at)))
    return pairs


def _lines(typed: str, at: str) -> list[str]:
    lines = [" ".join(line.split()).lstrip("•*- ") for line in typed.splitlines() if line.strip()]
    if len(lines) > MOST:
        raise Invalid(f"These are {len(lines)} lines; {MOST} are the most.", field=at)
    return lines


def _title(words: str, at: str) -> str:
    title = words.strip()
    if not title:
        raise Invalid("A line has no words in it.", field=at)
    if len(title) > LONGEST:
        raise Invalid(f"“{title[:50]}…” is longer than {LONGEST} characters.", field=at)
    return title
