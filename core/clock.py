"""The only clock: every time that the product stores, compares or shows comes from now()."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

_seen: tuple[str, int, float] = ("", 0, 0.0)


def now() -> datetime:
    """The present moment in UTC, moved by the number of seconds written in the file that CLOCK_FILE names, if any.

    All processes that share the file see the same time. Security tolerances (request signatures) and leases use real time instead.
    """
    return datetime.now(UTC) + timedelta(seconds=offset())


def offset() -> float:
    """How many seconds the clock is ahead of real time; 0 without CLOCK_FILE."""
    global _seen
    name = os.environ.get("CLOCK_FILE")
    if not name:
        return 0.0
    try:
        changed = os.stat(name).st_mtime_ns  # noqa: PTH116  (a Path object on each reading of the clock costs more than the stat)
    except FileNotFoundError:
        return 0.0
    if _seen[:2] != (name, changed):
        written = Path(name).read_text().strip()
        _seen = (name, changed, float(written) if written else 0.0)
    return _seen[2]


def move(seconds: float) -> None:
    """Move the clock of every process that shares CLOCK_FILE; only forward, because records are ordered by time."""
    name = os.environ.get("CLOCK_FILE")
    if not name:
        raise RuntimeError("The clock can only be moved where CLOCK_FILE names a file to keep the offset in.")
    if seconds < 0:
        raise ValueError("The clock only moves forward.")
    path, target = Path(name), Path(name + ".new")
    target.write_text(repr(offset() + seconds))
    target.replace(path)
