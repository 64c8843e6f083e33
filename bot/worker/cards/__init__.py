"""The cards by name: each loads its thing and renders it at the moment of sending; one file a noun."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.blocks.kit import Card
from bot.blocks.mails import Letter
from core.db import Session
from core.events import Event
from core.people import User
from core.posts import Post


@dataclass(frozen=True)
class Sight:
    """What a card is rendered for: the subject, and the event that brought it, where one did."""

    session: Session
    subject_id: uuid.UUID
    event: Event | None
    public_url: str
    facts: dict[str, Any] = field(default_factory=dict)


Render = Callable[[Sight], Awaitable[Card | None]]

Posted = Callable[[Session, Post], Awaitable[None]]

Thread = Callable[[Session, uuid.UUID, str], Awaitable[str | None]]

Write = Callable[[Sight, User, Card, bool], Awaitable[Letter | None]]
"""How a letter is written: what is seen, to whom, the card, and whether an answer by mail arrives."""

CARDS: dict[str, Render] = {}
POSTED: dict[str, Posted] = {}
THREADS: dict[str, Thread] = {}
LETTERS: dict[str, Write] = {}


def card(name: str, *, posted: Posted | None = None, thread: Thread | None = None) -> Callable[[Render], Render]:
    """Register how a card is rendered; None means that there is nothing (any more) to show.

    `posted` runs in the transaction that notes that the card stands, for what depends on its reference. `thread` names
    the message under which it is to stand, by its subject and the place, where that is not under a card about the same subject.
    """

    def register(render: Render) -> Render:
        if name in CARDS:
            raise ValueError(f"the card {name} is rendered twice")
        CARDS[name] = render
        if posted is not None:
            POSTED[name] = posted
        if thread is not None:
            THREADS[name] = thread
        return render

    return register


def letter(name: str) -> Callable[[Write], Write]:
    """Register how a card's letter to one person is written, where it is more than the card's own words; None means that
    these will do for them."""

    def register(write: Write) -> Write:
        LETTERS[name] = write
        return write

    return register
