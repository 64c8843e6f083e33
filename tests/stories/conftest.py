"""The whole small world for a test: the product over its real doors, and the sandbox around it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo import Town, town


@pytest.fixture
async def here(dsn: str, moved_clock: Path) -> AsyncIterator[Town]:
    """Studio Ada on its first day, in a hurry: no pace, no rate limits."""
    async with town(dsn, hurry=True) as started:
        await started.settled()
        yield started
