"""The story, chapter by chapter, over the same wires as `make story`, in a hurry."""

from bot.demo import Town
from bot.demo.story import CHAPTERS, Story


async def test_every_fact_of_the_story_holds(here: Town) -> None:
    told: list[str] = []
    story = Story(here, told.append)
    for chapter in CHAPTERS:
        await chapter(story)
    assert len(told) >= len(CHAPTERS)
