"""A message while it is kept: all that is heard of it in one pass, beside what is known of it already."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core import clock
from core.conversations.said import SPOKEN, Said, moment
from core.conversations.tables import Message
from core.db import Session, new_id
from core.engagements import Engagement, Place

Text = tuple[str, list[Any] | None]


@dataclass(slots=True)
class Word:
    """A message while it is kept: what is heard of it now, and the row that it has already, if it has one."""

    engagement: Engagement
    place: Place
    channel: str
    ts: str
    id: uuid.UUID = field(default_factory=new_id)
    row: Message | None = None
    said: Said | None = None
    """What tells best who said it and where; None while nothing of that is known."""
    kind: str = "message"
    thread_ts: str | None = None
    texts: dict[str, Text] = field(default_factory=dict)
    """Every text that it is heard to have had, by the `edited.ts` that made it; "" for the first."""
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    deleted_at: datetime | None = None
    side: str = "stranger"
    author_id: uuid.UUID | None = None
    author_name: str = ""
    conversation_id: uuid.UUID | None = None
    first_is_late: bool = False
    """It was known by a later text only, and what is taken for its first has changed."""
    sent_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.sent_at = moment(self.ts)

    @property
    def ref(self) -> str:
        """What the record knows it by."""
        return f"{self.channel}:{self.ts}"

    @property
    def root(self) -> str:
        """The ts of the message that its thread hangs from; its own, if it stands in none."""
        return self.thread_ts or self.ts

    @property
    def thread(self) -> tuple[str, str]:
        """Its channel, and the ts of the message that its thread hangs from."""
        return self.channel, self.root

    @property
    def first_text(self) -> str:
        """Its first words, as far as is known."""
        return self.texts.get("", self.texts[max(self.texts)])[0] if self.texts else ""

    @property
    def newcomer(self) -> bool:
        """Whether its words are heard for the first time."""
        return self.said is not None and (self.row is None or is_hollow(self.row))

    @property
    def spoken(self) -> bool:
        """Whether it is somebody speaking to the other side, and so belongs to a conversation."""
        return self.place == "client" and self.kind in SPOKEN and self.said is not None and not self.said.bot

    @property
    def retold(self) -> bool:
        """Whether its words are not those that it was first heard with: edited, deleted or erased."""
        gone = self.deleted_at or (self.row and self.row.deleted_at) or (self.said and self.said.erased_at)
        return gone is not None or len(self.texts) > 1

    def hear(self, said: Said) -> None:
        """Take in one more way in which it was told."""
        if said.reply:
            self.thread_ts = self.thread_ts or said.thread_ts
        for file in said.files:
            known = self.files.setdefault(file["file_ref"], file)
            self.files[file["file_ref"]] = {name: known.get(name) or file.get(name) for name in file}
        if said.hollow:
            return
        if self.kind == "message":
            self.kind = said.kind
        if self.said is None or not self.said.author_ref:
            self.said = said
        self.author_name = self.author_name or said.author_name
        self.texts.setdefault(said.edited_ts or "", (said.text, said.blocks))


def is_hollow(row: Message) -> bool:
    """Whether the row stands for a message of which only its deletion is known."""
    return not (row.author_ref or row.text or row.blocks or row.edited_ts)


def columns(session: Session, rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """Rows to be written, as one array for each column, with the tenant and the time that all have in common."""
    arrays = {f"c{number}": list(column) for number, column in enumerate(zip(*rows, strict=True))}
    return {"tenant": session.info["tenant"], "now": clock.now(), **arrays}
