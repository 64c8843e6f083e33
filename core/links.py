"""Personal, single-use, expiring links, mailed codes and browser sessions; only hashes of their secrets are stored."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Row


class Link(Row):
    """A secret that lets its bearer in: a personal link, a mailed code, or the session that either was exchanged for."""

    __tablename__ = "links"
    __table_args__ = (
        Index("uq_links_token_hash", "token_hash", unique=True),
        Index("ix_links_user", "organization_id", "user_id", "purpose"),
        CheckConstraint("purpose IN ('enter', 'code', 'session')", name="purpose_known"),
    )
    organization_id: Mapped[uuid.UUID]
    engagement_id: Mapped[uuid.UUID | None]
    user_id: Mapped[uuid.UUID]
    purpose: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
