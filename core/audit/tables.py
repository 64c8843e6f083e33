"""The ends of the chains, as they were sealed day by day."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import TenantRow


class SealedHeads(TenantRow):
    """The ends of all chains of an organization on a day, sealed. Rows are only ever inserted."""

    __tablename__ = "sealed_heads"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "day"),)
    day: Mapped[date]
    body: Mapped[str]
    """Canonical JSON: the organization, the moment, and each chain with its last sequence number and hash."""
    key_id: Mapped[str]
    seal: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime]
