"""The tables of papers: the PDFs themselves, and whose paper has which bytes."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core import clock
from core.db import Row, TenantRow


@dataclass(frozen=True)
class Rendered:
    """A paper as it came from the press: the text that it was set from, the PDF, and what set it."""

    source: str
    pdf: bytes
    renderer: str


class Paper(TenantRow):
    """A PDF, byte for byte, and the text that it was set from. Rows are only ever inserted.

    `offer` is what is read and signed; `signed` is the same with the certificate's pages behind it.
    """

    __tablename__ = "papers"
    REFERS: ClassVar[dict[str, str]] = {"version_id": "proposal_versions"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "version_id", "kind"),
        CheckConstraint("kind IN ('offer', 'signed')", name="kind_known"),
    )
    version_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    source: Mapped[str]
    """The rendered document: the text that the PDF was set from."""
    source_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    pdf: Mapped[bytes] = mapped_column(LargeBinary)
    pdf_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    renderer: Mapped[str]
    made_at: Mapped[datetime]


class DocumentHash(Row):
    """Whose paper has these bytes, so that anybody who holds the file can ask; hashes and ids only."""

    __tablename__ = "document_hashes"
    __table_args__ = (
        Index("uq_document_hashes_sha256", "sha256", unique=True),
        CheckConstraint("kind IN ('offer', 'signed')", name="kind_known"),
    )
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    organization_id: Mapped[uuid.UUID]
    paper_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
