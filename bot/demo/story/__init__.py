"""The story, played over the same HTTP wires without a browser: each step a line, and every fact checked."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bot.demo import town
from bot.demo.story.chapters import CHAPTERS
from bot.demo.story.telling import Story, Untrue
from bot.postgres import CARELESS, throw_away


async def play(say: Callable[[str], None]) -> bool:
    """Play the whole story in a throw-away database; whether every fact held."""
    with tempfile.TemporaryDirectory() as folder, throw_away(*CARELESS) as dsn:
        os.environ["CLOCK_FILE"] = str(Path(folder) / "clock")
        async with town(dsn) as here:
            story = Story(here, say)
            say("The story of Studio Ada and Northwind")
            for chapter in CHAPTERS:
                try:
                    await chapter(story)
                except (Untrue, LookupError) as untrue:
                    say(f"  ✗ {time.monotonic() - story.began:5.1f} s  This did not hold: {untrue}")
                    return False
            say(f"Every fact held, in {time.monotonic() - story.began:.1f} s.")
            return True


__all__ = ["CHAPTERS", "Story", "Untrue", "play"]
