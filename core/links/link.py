"""The table of links: secrets that let somebody in, of which only hashes are stored."""

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import CheckConstraint, ColumnElement, Index, LargeBinary, and_, delete, select, text
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Row, Session
from core.people import User

KEPT = timedelta(days=30)
"""How long a spent link is kept, so that whoever follows it hears that it was used and not that it never was."""

Purpose = Literal["enter", "code", "export", "paper", "reply", "session", "sign"]
State = Literal["live", "used", "expired", "revoked"]


class Link(Row):
    """A secret that lets its bearer in: a personal link, a mailed code, or the session that either was exchanged for.
    A link of purpose `export` leads one colleague to one copy (`export_id`), one of purpose `paper` one person to one
    paper (`paper_id`), one of purpose `sign` one signer to a code with which they read and sign one version
    (`version_id`), one of purpose `reply` lets one person's answers by mail into one conversation, or into its engagement;
    and nowhere else. `origin_id` is the link or the code that this one was exchanged for.

    `token_hash` is the hash of what the browser holds. A code has two halves: the asking browser holds the token, the
    mailbox gets the six digits (`code_hash`, salted with the link's id). A code asked for with an unknown e-mail has no
    user, and is else like any other.
    """

    __tablename__ = "links"
    __table_args__ = (
        Index("uq_links_token_hash", "token_hash", unique=True),
        Index("ix_links_user", "organization_id", "user_id", "purpose"),
        Index("ix_links_asked_for", "asked_for", "created_at", postgresql_where=text("purpose = 'code'")),
        Index("ix_links_asked_from", "asked_from", "created_at", postgresql_where=text("purpose = 'code'")),
        Index("ix_links_expires_at", "expires_at"),
        Index("ix_links_conversation", "conversation_id", postgresql_where=text("purpose = 'reply'")),
        CheckConstraint(
            "purpose IN ('enter', 'code', 'export', 'paper', 'reply', 'session', 'sign')", name="purpose_known"
        ),
        CheckConstraint("purpose = 'code' OR user_id IS NOT NULL", name="somebodys"),
    )
    organization_id: Mapped[uuid.UUID]
    engagement_id: Mapped[uuid.UUID | None]
    user_id: Mapped[uuid.UUID | None]
    export_id: Mapped[uuid.UUID | None]
    paper_id: Mapped[uuid.UUID | None]
    version_id: Mapped[uuid.UUID | None]
    origin_id: Mapped[uuid.UUID | None]
    conversation_id: Mapped[uuid.UUID | None]
    purpose: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    asked_for: Mapped[bytes | None] = mapped_column(LargeBinary)
    asked_from: Mapped[bytes | None] = mapped_column(LargeBinary)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    sent_at: Mapped[datetime | None]
    """When a code was drawn and mailed last."""
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    @property
    def state(self) -> State:
        """Whether it still lets somebody in, and if not, why."""
        if self.revoked_at is not None:
            return "revoked"
        if self.used_at is not None:
            return "used"
        return "live" if self.expires_at > clock.now() else "expired"


def live() -> ColumnElement[bool]:
    """The condition that a link still lets somebody in."""
    return and_(Link.used_at.is_(None), Link.revoked_at.is_(None), Link.expires_at > clock.now())


def digest(*parts: bytes | str) -> bytes:
    """SHA-256 over the parts, each with its length before it, so that no two lists of parts hash alike."""
    hashed = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        hashed.update(len(raw).to_bytes(4, "big") + raw)
    return hashed.digest()


async def find(session: Session, token: str, purpose: Purpose) -> Link | None:
    """The link with this token, in whatever state, without using it up; through either door."""
    return (
        await session.execute(select(Link).where(Link.token_hash == digest(token), Link.purpose == purpose))
    ).scalar_one_or_none()


async def sweep(session: Session) -> None:
    """Forget the links that were spent long ago."""
    await session.execute(delete(Link).where(Link.expires_at < clock.now() - KEPT))


async def client(session: Session, organization_id: uuid.UUID, user_id: uuid.UUID) -> User | None:
    """The client with this id, if they are there: staff have no page, and who has left has none any more."""
    return (
        await session.execute(
            select(User).where(
                User.organization_id == organization_id,
                User.id == user_id,
                User.side == "client",
                User.left_at.is_(None),
                User.deleted_at.is_(None),
            )
        )
    ).scalar_one_or_none()
