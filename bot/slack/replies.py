"""What a listener returns: what to show, never how it is sent; every answer is private to the person who acted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Block = dict[str, Any]


@dataclass(frozen=True)
class Say:
    """Words to the person alone: an ephemeral answer, or, to a button's presser inside a modal, a notice."""

    text: str
    blocks: Sequence[Block] = ()
    title: str = "Throughline"


@dataclass(frozen=True)
class Open:
    """A modal; on top of the one that is open, if one is."""

    view: Block


@dataclass(frozen=True)
class Update:
    """Another view in the place of the modal that was submitted or whose button was pressed."""

    view: Block


@dataclass(frozen=True)
class Errors:
    """What is wrong in a form, by the name of the field; the form stays open."""

    fields: Mapping[str, str]


@dataclass(frozen=True)
class Options:
    """The entries of a menu that is filled while a person types."""

    entries: Sequence[Block] = field(default_factory=list)


@dataclass(frozen=True)
class Done:
    """Nothing more to show; a form closes, with the whole stack if `all` is set."""

    all: bool = True


Reply = Say | Open | Update | Errors | Options | Done
