"""x."""
import time
from bot.demo import Town
from bot.demo.story import Story, opening

async def test_try(here: Town) -> None:
    t=time.monotonic()
    s = Story(here, print)
    await opening(s)
    print("OPENING", time.monotonic()-t)
    t=time.monotonic()
    await s.settled()
    print("SETTLED", time.monotonic()-t)
