"""What a face heard said: a message as it stood at one moment, and a fact that an event tells of it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.engagements import Engagement, Place
from core.people import mail_ref

SPOKEN = frozenset({"message", "file_share", "thread_broadcast", "me_message"})
"""The kinds of message that are somebody speaking, and so belong to a conversation; the rest are notices of the channel."""


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Said:
    """One message as a face heard it. `ref` is unique in its source; `post_id` marks a card of our own."""

    channel: str
    ts: str
    author_ref: str
    text: str
    thread_ts: str | None = None
    author_name: str = ""
    blocks: list[Any] | None = None
    kind: str = "message"
    bot: bool = False
    own: bool = False
    post_id: uuid.UUID | None = None
    edited_ts: str | None = None
    """Which of its texts this is. Of our own cards: the event that brought it, for they change without being edited."""
    raw: dict[str, Any] | None = None
    files: Sequence[dict[str, Any]] = ()
    called: str | None = None
    """What follows when the message begins by calling us by name."""
    erased_at: datetime | None = None
    """When its author was erased on request, if that was after it was said: its words are not kept."""

    @property
    def ref(self) -> str:
        """Channel and ts: what a Slack message is known by."""
        return f"{self.channel}:{self.ts}"

    @property
    def reply(self) -> bool:
        """Whether it stands in a thread below another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def hollow(self) -> bool:
        """Whether nothing is known of it but that it was there, as by a deletion that does not tell what was deleted."""
        return not (self.author_ref or self.text or self.blocks or self.files)


@dataclass(frozen=True, slots=True)
class Fact:
    """What one event tells of a message: how it reads, how it read before an edit, and that it was deleted."""

    engagement: Engagement
    place: Place
    said: Said
    before: Said | None = None
    deleted_at: datetime | None = None


def moment(ts: str) -> datetime:
    """Slack's ts as a time."""
    seconds, _, fraction = ts.partition(".")
    return EPOCH + timedelta(seconds=int(seconds), microseconds=int(fraction.ljust(6, "0")[:6]))


def honoured(erasures: Mapping[str, datetime], said: Said) -> Said:
    """What was said as the record may keep it: without its words, if its author was erased on request after saying it.

    The message itself stays: who replied to whom, and when, is others' too.
    """
    if not erasures or said.erased_at is not None:
        return said
    at = erasures.get(mail_ref(said.author_ref) if "@" in said.author_ref else said.author_ref)
    if at is None or moment(said.ts) > at:
        return said
    files = [{**file, "name": "", "mimetype": "", "size": None, "url": ""} for file in said.files]
    return replace(said, text="", blocks=None, raw=None, author_name="", called=None, files=files, erased_at=at)
