"""The rows of conversations: messages with their revisions, reactions and files, and which status may follow which."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Computed, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import Numbered, TenantRow, numbered
from core.lifecycle import Lifecycle

STATUS = Lifecycle(
    "This conversation",
    {
        "open": ("waiting_us", "waiting_client", "resolved"),
        "waiting_us": ("waiting_client", "resolved"),
        "waiting_client": ("waiting_us", "resolved"),
        "resolved": ("waiting_us", "waiting_client", "open"),
    },
)


class Conversation(Numbered, TenantRow):
    """A topic talked about in an engagement; a thread is its usual container (`channel_id`, `thread_ts`)."""

    __tablename__ = "conversations"
    REFERS: ClassVar[dict[str, str]] = {"engagement_id": "engagements", "owner_id": "users", "opened_by_id": "users"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        numbered(),
        STATUS.check("status"),
        Index("uq_conversations_thread", "organization_id", "channel_id", "thread_ts", unique=True),
        Index("ix_conversations_engagement", "organization_id", "engagement_id", "status"),
    )
    engagement_id: Mapped[uuid.UUID]
    topic: Mapped[str]
    status: Mapped[str] = mapped_column(default="open")
    channel_id: Mapped[str | None]
    thread_ts: Mapped[str | None]
    owner_id: Mapped[uuid.UUID | None]
    opened_by_id: Mapped[uuid.UUID | None]
    subject: Mapped[str] = mapped_column(default="")
    """What it is tied to, if to something: "proposal", "project" or "invoice"."""
    subject_id: Mapped[uuid.UUID | None]
    opened_at: Mapped[datetime]
    waiting_since: Mapped[datetime | None]
    last_message_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    link: Mapped[str] = mapped_column(default="")
    """Where its thread is read in Slack, once staff needed to know."""
    by_mail: Mapped[bool] = mapped_column(default=False)
    """Somebody takes part by mail, so that what staff say in its thread is carried to them."""


class Message(TenantRow):
    """One thing said. `source_ref` is unique for its source: for Slack, channel and ts. Cards that we post belong to no conversation."""

    __tablename__ = "conversation_messages"
    REFERS: ClassVar[dict[str, str]] = {
        "engagement_id": "engagements",
        "conversation_id": "conversations",
        "author_id": "users",
    }
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "source", "source_ref"),
        CheckConstraint("source IN ('slack', 'portal', 'mail', 'api', 'import')", name="source_known"),
        CheckConstraint("side IN ('staff', 'client', 'stranger', 'bot', 'system')", name="side_known"),
        Index("ix_conversation_messages_conversation", "organization_id", "conversation_id", "sent_at"),
        Index("ix_conversation_messages_engagement", "organization_id", "engagement_id", "sent_at"),
        Index("ix_conversation_messages_lexemes", "lexemes", postgresql_using="gin"),
    )
    engagement_id: Mapped[uuid.UUID]
    conversation_id: Mapped[uuid.UUID | None]
    source: Mapped[str]
    source_ref: Mapped[str]
    kind: Mapped[str] = mapped_column(default="message")
    """Slack's subtype where there is one, else "message"."""
    staff_only: Mapped[bool] = mapped_column(default=False)
    """Decided by the place where it was said, never by its text."""
    side: Mapped[str]
    author_id: Mapped[uuid.UUID | None]
    author_ref: Mapped[str] = mapped_column(default="")
    author_name: Mapped[str] = mapped_column(default="")
    channel_id: Mapped[str] = mapped_column(default="")
    ts: Mapped[str] = mapped_column(default="")
    thread_ts: Mapped[str | None]
    text: Mapped[str] = mapped_column(default="")
    blocks: Mapped[list[Any] | None]
    raw: Mapped[dict[str, Any] | None]
    """The event as it came, for subtypes that we do not know; of a mail (`mail`) its subject, its ids and its whole text."""
    sent_at: Mapped[datetime]
    edited_ts: Mapped[str | None]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    filed_at: Mapped[datetime | None]
    """When staff put it into the conversation in which it is; what was said near it does not move it from there."""
    erased_at: Mapped[datetime | None]
    """When its words were erased because its author asked for it; the text is empty since then."""
    lexemes: Mapped[str | None] = mapped_column(
        TSVECTOR(),
        Computed(
            "search_vector(kind, side, text, organization_id, engagement_id, coalesce(author_id::text, author_ref), sent_at)",
            persisted=True,
        ),
        deferred=True,
        deferred_raiseload=True,
    )
    """What it is found by (migration 0004): Postgres derives it, and `search_messages` alone reads it."""


class Revision(TenantRow):
    """A text that a message had before an edit. `until_ts` is the edit that replaced it."""

    __tablename__ = "message_revisions"
    REFERS: ClassVar[dict[str, str]] = {"message_id": "conversation_messages"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "message_id", "edited_ts"),)
    message_id: Mapped[uuid.UUID]
    edited_ts: Mapped[str]
    """The `edited.ts` that this text had, "" for the text as first sent."""
    text: Mapped[str] = mapped_column(default="")
    blocks: Mapped[list[Any] | None]


class Reaction(TenantRow):
    """An emoji that somebody put on a message; kept by channel and ts, because it may be told before the message is."""

    __tablename__ = "message_reactions"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "channel_id", "ts", "author_ref", "emoji"),
    )
    channel_id: Mapped[str]
    ts: Mapped[str]
    author_ref: Mapped[str]
    emoji: Mapped[str]
    changed_ts: Mapped[str]
    """The event that last set or took it; an older event changes nothing."""
    present: Mapped[bool] = mapped_column(default=True)


class Attachment(TenantRow):
    """A file that came with a message: what Slack tells of it, and where its bytes are kept."""

    __tablename__ = "message_files"
    REFERS: ClassVar[dict[str, str]] = {"message_id": "conversation_messages"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "message_id", "file_ref"),
        Index("ix_message_files_named", text("search_named(name)"), postgresql_using="gin"),
    )
    message_id: Mapped[uuid.UUID]
    file_ref: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    mimetype: Mapped[str] = mapped_column(default="")
    size: Mapped[int | None] = mapped_column(BigInteger)
    url: Mapped[str] = mapped_column(default="")
    sha256: Mapped[str | None]
    """What its bytes are kept under in the store, once they were fetched."""
    fetched_at: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(default="")
    """Why its bytes are not kept, as a code, if they cannot be had."""
