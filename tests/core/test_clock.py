"""The clock: real without a file, moved for all by the file, and only forward."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core import clock


def test_without_a_file_it_is_the_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOCK_FILE", raising=False)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)
    with pytest.raises(RuntimeError):
        clock.move(5)


def test_moving_it_moves_it_for_every_reader_of_the_file(moved_clock: Path) -> None:
    clock.move(3600)
    clock.move(60)
    assert timedelta(seconds=3655) < clock.now() - datetime.now(UTC) < timedelta(seconds=3665)
    assert float(moved_clock.read_text()) == 3660
    with pytest.raises(ValueError, match="forward"):
        clock.move(-1)
