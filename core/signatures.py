"""Signatures: the evidence of who agreed to what; the last one makes the order, the contract, the projects, once."""

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import TenantRow


class Signature(TenantRow):
    """One person's signature on one version. Rows are only ever inserted."""

    __tablename__ = "signatures"
    REFERS: ClassVar[dict[str, str]] = {"proposal_id": "proposals", "version_id": "proposal_versions", "user_id": "users"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "version_id", "user_id"),)
    proposal_id: Mapped[uuid.UUID]
    version_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID]
    document_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    typed_name: Mapped[str]
    typed_title: Mapped[str] = mapped_column(default="")
    method: Mapped[str]
    """How the person was known: "slack" or "portal"."""
    slack_team_id: Mapped[str] = mapped_column(default="")
    slack_user_id: Mapped[str] = mapped_column(default="")
    evidence: Mapped[str]
    """Canonical JSON: the statements that were ticked, when the document was shown, and what the face knows of the request."""
    evidence_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    shown_at: Mapped[datetime | None]
    signed_at: Mapped[datetime]
