"""The business of an engagement in a few plain lines: proposals, projects, invoices, as page and paper show them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.export import words
from core.money import Money
from core.projects import shown as phase_shown

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Affair:
    """One thing: its title, where it stands, and what there is to say of it."""

    title: str
    state: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """The things of one kind."""

    heading: str
    affairs: tuple[Affair, ...]


def sections(rows: Iterable[tuple[str, Json]], locale: str) -> list[Section]:
    """The business that there is, kind by kind."""
    kinds: dict[str, list[Json]] = {}
    for name, row in rows:
        kinds.setdefault(name, []).append(row)
    found = [
        Section("Proposals", tuple(_proposal(row, locale) for row in kinds.get("proposals", []))),
        Section("Projects", tuple(_project(row, kinds.get("moves", [])) for row in kinds.get("projects", []))),
        Section("Invoices", tuple(_invoice(row, locale) for row in kinds.get("invoices", []))),
    ]
    return [section for section in found if section.affairs]


def _when(iso: str | None) -> str:
    return words.moment(datetime.fromisoformat(iso)) if iso else ""


def _on(iso: str | None) -> str:
    return f"{datetime.fromisoformat(iso):%-d %b %Y}" if iso else ""


def _money(minor: int, currency: str, locale: str) -> str:
    return Money(minor, currency).show(locale)


def _proposal(row: Json, locale: str) -> Affair:
    lines = [
        " · ".join(
            part
            for part in (
                f"{item['quantity']} × {item['title']}" if item["quantity"] > 1 else item["title"],
                _money(item["unit_minor"] * item["quantity"], item["currency"], locale),
            )
        )
        for item in row["items"]
    ]
    total = sum(item["unit_minor"] * item["quantity"] for item in row["items"])
    if len(row["items"]) > 1:
        lines.append(f"In all {_money(total, row['currency'], locale)}")
    if row["purpose"]:
        lines.insert(0, row["purpose"])
    for signature in row["signatures"]:
        title = f", {signature['typed_title']}" if signature["typed_title"] else ""
        lines.append(
            f"Signed by {signature['typed_name']}{title}, {_when(signature['signed_at'])}. "
            f"SHA-256 of what was signed: {signature['document_sha256']}"
        )
    for answer in row["answers"]:
        if answer["words"]:
            lines.append(f"{_when(answer['said_at'])}: “{answer['words']}”")
    sent = f"sent {_on(row['sent_at'])}" if row["sent_at"] else ""
    return Affair(row["title"], " · ".join(part for part in (row["status"], sent) if part), tuple(lines))


def _project(row: Json, moves: Iterable[Json]) -> Affair:
    state = row["status"] if row["status"] != "active" else phase_shown(row["phase"])
    due = f"due {_on(row['due_on'])}" if row["due_on"] else ""
    lines = [
        f"{_when(move['done_at'])}: {phase_shown(move['before'])} → {phase_shown(move['after'])}"
        + (f". {move['sentence']}" if move["sentence"] else "")
        for move in moves
        if move["project_id"] == row["id"] and move["done_at"]
    ]
    return Affair(row["title"], " · ".join(part for part in (state, due) if part), tuple(lines))


def _invoice(row: Json, locale: str) -> Affair:
    lines = [
        f"{line['title']} · {_money(line['unit_minor'] * line['quantity'], line['currency'], locale)}"
        for line in row["lines"]
    ]
    if len(lines) > 1 or not lines:
        lines.append(f"In all {_money(row['total_minor'], row['currency'], locale)}")
    for payment in row["payments"]:
        lines.append(
            f"Paid {_money(payment['amount_minor'], payment['currency'], locale)}, {_when(payment['paid_at'])}"
        )
    due = f"due {_on(row['due_on'])}" if row["due_on"] and row["status"] == "open" else ""
    number = f"{row['serial']}: " if row["serial"] else ""
    return Affair(f"{number}{row['title']}", " · ".join(part for part in (row["status"], due) if part), tuple(lines))
