"""The four ways in which the domain says no, each a sentence fit to show to a person, if possible with a way on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Way:
    """A way on, offered beside a refusal: what a button would say, which action it starts, on what."""

    label: str
    action: str
    id: str


class Refusal(Exception):
    """A request that changes nothing; `sentence` tells the person why and, where one exists, `way` what to do instead.

    `trace`, where there is one, writes into the trail that it was refused; `Database.attempt` has it do so in a
    transaction of its own, after the one that was undone. `code` is the word for it there.
    """

    def __init__(self, sentence: str, *, way: Way | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.way = way
        self.code = ""
        self.trace: Callable[[Any], Awaitable[None]] | None = None


class NotFound(Refusal):
    """There is no such thing, or none that this person may know of."""


class NotAllowed(Refusal):
    """The person may see the thing, but may not do this with it."""


class Conflict(Refusal):
    """The thing is no longer, or not yet, in a state in which this can be done."""


class Invalid(Refusal):
    """What was typed cannot be taken; `field` names the form's field it stands in, where there is one."""

    def __init__(self, sentence: str, *, field: str | None = None, way: Way | None = None) -> None:
        super().__init__(sentence, way=way)
        self.field = field
