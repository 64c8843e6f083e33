"""The evidence of a signature: who agreed to what, in which words, and how they were known; hashed and sealed."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core import clock
from core.db import TenantRow
from core.events import canonical
from core.papers import Paper
from core.people import Actor
from core.proposals import Document, Named, Version, digest
from core.seals import Sealer
from core.signatures.statements import DISCLOSURE, STATEMENTS

FORMAT = 2
"""How the evidence is written; a reader of old signatures needs to know."""


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
    """Of the frozen text, recomputed from its stored bytes at the moment of signing."""
    total_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    typed_name: Mapped[str]
    typed_title: Mapped[str] = mapped_column(default="")
    method: Mapped[str]
    """How the person was known: "slack", or by which way into the browser."""
    slack_team_id: Mapped[str] = mapped_column(default="")
    slack_user_id: Mapped[str] = mapped_column(default="")
    evidence: Mapped[str]
    """Canonical JSON: all that speaks for this signature, what stands in the other columns too."""
    evidence_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    pdf_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    """Of the paper that was signed, recomputed from its stored bytes at the moment of signing."""
    options: Mapped[list[Any]]
    """The positions of the optional items that were chosen."""
    key_id: Mapped[str]
    seal: Mapped[bytes] = mapped_column(LargeBinary)
    """The Ed25519 signature over `evidence`, by the key of that id."""
    request_body: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    """The request that signed, as it came: Slack's signed payload, or the browser's form. It is kept whole, or Slack's
    signature over it would prove nothing; it stands nowhere else, and no export has it."""
    request_headers: Mapped[str] = mapped_column(default="")
    shown_at: Mapped[datetime | None]
    signed_at: Mapped[datetime]

    @property
    def before_seals(self) -> bool:
        """Whether it was given before evidence was sealed, and before there were papers: its event alone speaks for it."""
        try:
            return bool(json.loads(self.evidence)["format"] == 1)
        except (ValueError, KeyError, TypeError):
            return False


@dataclass(frozen=True)
class Request:
    """The request that signed, as it came: its body, those of its headers that matter (as JSON), and who signed it."""

    body: bytes = b""
    headers: str = ""
    signed_by: str = ""
    """Whose signature over the body stands in the headers, checked by the face: "Slack", or nobody's."""


@dataclass(frozen=True)
class Shown:
    """What stood before the signer: when it was opened first and when it was shown last, how they were known, and what
    else the face knows of them (address, browser, window)."""

    viewed_at: datetime | None = None
    shown_at: datetime | None = None
    method: str = "slack"
    request: Request = field(default_factory=Request)
    facts: Mapping[str, str] = field(default_factory=dict)


def gather(
    actor: Actor,
    signer: Named,
    version: Version,
    document: Document,
    paper: Paper,
    options: Sequence[int],
    name: str,
    title: str,
    shown: Shown,
    sealer: Sealer,
) -> Signature:
    """The signature with all that speaks for it, sealed. The hashes are recomputed here, from the stored bytes."""
    now, signature_id = clock.now(), uuid.uuid4()
    company = document.company if signer.side == "client" else document.agency
    total, request = document.sum(options), shown.request
    document_sha256, pdf_sha256 = digest(version.body), hashlib.sha256(paper.pdf).digest()
    evidence = canonical(
        {
            "format": FORMAT,
            "signature": str(signature_id),
            "organization": str(actor.organization_id),
            "proposal": str(version.proposal_id),
            "version": {"id": str(version.id), "number": version.number, "sha256": document_sha256.hex()},
            "paper": {"id": str(paper.id), "sha256": pdf_sha256.hex()},
            "options": list(options),
            "chosen": [document.items[position].title for position in options],
            "total_minor": total.once.minor,
            "recurring": [
                {"period": period, "first_minor": first.minor, "later_minor": later.minor}
                for period, first, later in total.recurring
            ],
            "due_on_signing_minor": document.due_on_signing(options).minor,
            "currency": document.currency,
            "signer": {
                "user": str(signer.user_id),
                "side": signer.side,
                "known_as": actor.name,
                "email": signer.email,
                "typed_name": name,
                "typed_title": title,
                "for": company,
            },
            "statements": statements(company, document.agency, now),
            "method": shown.method,
            "slack": {"team": actor.slack_team_id or "", "user": actor.slack_user_id or ""},
            "viewed_at": written(shown.viewed_at),
            "shown_at": written(shown.shown_at),
            "signed_at": written(now),
            "timezone": actor.timezone,
            "signed_at_there": now.astimezone(ZoneInfo(actor.timezone)).isoformat(),
            "request": {
                "sha256": hashlib.sha256(request.body).hexdigest() if request.body else None,
                "headers": request.headers,
                "signed_by": request.signed_by or None,
            },
            "facts": dict(shown.facts),
            "key": sealer.key_id,
        }
    )
    return Signature(
        id=signature_id,
        organization_id=actor.organization_id,
        created_at=now,
        proposal_id=version.proposal_id,
        version_id=version.id,
        user_id=signer.user_id,
        document_sha256=document_sha256,
        pdf_sha256=pdf_sha256,
        options=list(options),
        total_minor=total.once.minor,
        currency=document.currency,
        typed_name=name,
        typed_title=title,
        method=shown.method,
        slack_team_id=actor.slack_team_id or "",
        slack_user_id=actor.slack_user_id or "",
        evidence=evidence,
        evidence_sha256=digest(evidence),
        key_id=sealer.key_id,
        seal=sealer.seal(evidence.encode()).signature,
        request_body=request.body,
        request_headers=request.headers,
        shown_at=shown.shown_at,
        signed_at=now,
    )


def statements(company: str, agency: str, at: datetime) -> list[dict[str, Any]]:
    """What was read and ticked: words, version, hash. Ticks reach us with the signature, so that is their time."""
    return [
        {
            "name": each.name,
            "version": each.version,
            "says": list(each.says),
            "text": each.words(company, agency),
            "sha256": each.sha256(company, agency),
            "ticked": bool(each.asked),
            "ticked_at": written(at) if each.asked else None,
        }
        for each in (DISCLOSURE, *STATEMENTS)
    ]


def written(moment: datetime | None) -> str | None:
    """A moment as the evidence writes it: in UTC."""
    return moment.astimezone(UTC).isoformat() if moment else None
