"""The evidence of a signature: who agreed to what, in which words, and how they were known."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from sqlalchemy import BigInteger, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core import clock
from core.db import TenantRow
from core.events import canonical
from core.people import Actor
from core.proposals import Document, Signer, Version, digest


class Signature(TenantRow):
    """One person's signature on one version. Rows are only ever inserted."""

    __tablename__ = "signatures"
    REFERS: ClassVar[dict[str, str]] = {
        "proposal_id": "proposals",
        "version_id": "proposal_versions",
        "user_id": "users",
    }
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
    """Canonical JSON: the statements that were ticked, when the document was shown, and what the face knows of the
    request."""
    evidence_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    shown_at: Mapped[datetime | None]
    signed_at: Mapped[datetime]


@dataclass(frozen=True)
class Statement:
    """A sentence that a signer ticks, kept with each signature in the very words that were shown."""

    name: str
    version: int
    text: str
    asked: str
    """What is said if it is not ticked."""

    def words(self, company: str) -> str:
        """The sentence as the signer of this company reads it."""
        return self.text.replace("{company}", company)


STATEMENTS = (
    Statement(
        "electronic",
        1,
        "I agree to sign this electronically.",
        "Please tick this to sign here; otherwise ask for another way to sign.",
    ),
    Statement(
        "agree",
        1,
        "I agree to this proposal and may sign for {company}.",
        "Please tick this if you agree and may sign.",
    ),
)
"""The two ticks: one for signing electronically, one for the agreement itself. Neither is ever ticked beforehand."""


def gather(
    actor: Actor,
    signer: Signer,
    version: Version,
    document: Document,
    name: str,
    title: str,
    shown_at: datetime | None,
    method: str,
    facts: Mapping[str, str],
) -> Signature:
    """The signature with all that speaks for it: canonical JSON, and the SHA-256 of that."""
    now = clock.now()
    evidence = canonical(
        {
            "format": 1,
            "proposal": str(version.proposal_id),
            "version": str(version.id),
            "document_sha256": version.sha256.hex(),
            "total_minor": document.total.minor,
            "currency": document.total.currency,
            "signer": {"user": str(signer.user_id), "known_as": actor.name, "typed_name": name, "typed_title": title},
            "for_company": document.company,
            "statements": [
                {"name": each.name, "version": each.version, "text": each.words(document.company), "ticked": True}
                for each in STATEMENTS
            ],
            "method": method,
            "slack": {"team": actor.slack_team_id or "", "user": actor.slack_user_id or ""},
            "shown_at": shown_at.astimezone(UTC).isoformat() if shown_at else None,
            "signed_at": now.astimezone(UTC).isoformat(),
            "timezone": actor.timezone,
            "request": dict(facts),
        }
    )
    return Signature(
        organization_id=actor.organization_id,
        proposal_id=version.proposal_id,
        version_id=version.id,
        user_id=signer.user_id,
        document_sha256=digest(version.body),
        total_minor=document.total.minor,
        currency=document.total.currency,
        typed_name=name,
        typed_title=title,
        method=method,
        slack_team_id=actor.slack_team_id or "",
        slack_user_id=actor.slack_user_id or "",
        evidence=evidence,
        evidence_sha256=digest(evidence),
        shown_at=shown_at,
        signed_at=now,
    )
