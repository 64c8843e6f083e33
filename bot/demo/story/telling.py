"""The story's means: what holds and what does not, and what each person sees on their screen."""

import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from bot.demo import Town
from core import access, people
from core.access import Can
from core.db import Session
from core.engagements import Engagement
from core.people import Actor

Json = dict[str, Any]


class Untrue(Exception):
    """A fact of the story does not hold."""


class Story:
    """The people of the story, and what has come about so far."""

    def __init__(self, here: Town, say: Callable[[str], None]) -> None:
        self.here, self._say = here, say
        self.slack, self.mail, self.stripe = here.sandbox.slack, here.sandbox.mail, here.sandbox.stripe
        self.began = time.monotonic()

    def holds(self, fact: object, what: str) -> None:
        """Raise Untrue, with what was expected, unless the fact holds."""
        if not fact:
            raise Untrue(what)

    def step(self, sentence: str) -> None:
        """Print a step that holds."""
        self._say(f"  ✓ {time.monotonic() - self.began:5.1f} s  {sentence}")

    async def settled(self) -> None:
        """Wait until everything that was caused has come about."""
        await self.here.settled()

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncIterator[tuple[Session, Actor]]:
        """A transaction in the agency's tenant, and the system as an actor."""
        team = self.slack.world.installation.team_id
        found = await self.here.app.tenants.of_team(team)
        self.holds(found, "the app is installed")
        tenant = found[0] if found else uuid.UUID(int=0)
        async with self.here.app.db.transaction(tenant) as session:
            yield session, people.system(tenant)

    async def engagement(self, session: Session, actor: Actor) -> Engagement:
        """The one engagement of the story."""
        return (await session.execute(access.visible(actor, Can.ENGAGEMENT_SEE, Engagement))).scalars().one()

    def channel(self, name: str) -> str:
        """The id of a channel by its name."""
        return next(one.id for one in self.slack.world.channels.values() if one.name == name)

    def words(self, messages: Iterable[Json]) -> str:
        """Everything that these messages show."""
        return "\n".join(_texts(message) for message in messages)

    def seen(self, channel: str, by: str) -> str:
        """Everything that somebody sees in a channel, threads included."""
        found = self.slack.messages(channel, by)
        threads = [
            reply
            for message in found
            if message.get("reply_count")
            for reply in self.slack.messages(channel, by, message["ts"])
        ]
        return self.words([*found, *threads])

    def modal(self, by: str) -> str:
        """Everything that somebody's modal shows."""
        view = self.slack.view(by)
        return _texts(view).replace("*", "") if view else ""

    async def opened(self, by: str) -> str:
        """Everything that somebody's modal shows, once it is there: a button is acknowledged before its modal opens."""
        await self.slack.modal(by)
        return self.modal(by)

    async def shut(self, by: str) -> None:
        """Close what is open on somebody's screen."""
        while self.slack.view(by):
            await self.slack.close(by)


SHOWN = frozenset({"text", "url", "initial_value"})
"""The keys under which a message or a modal holds what a person reads."""


def _texts(thing: Any) -> str:
    if isinstance(thing, dict):
        parts = [
            value if key in SHOWN else "" if isinstance(value, str) else _texts(value)
            for key, value in thing.items()
            if key != "metadata"
        ]
        parts = [part if isinstance(part, str) else _texts(part) for part in parts]
        return "\n".join(filter(None, parts))
    return "\n".join(filter(None, map(_texts, thing))) if isinstance(thing, list) else ""
