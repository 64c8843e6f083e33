"""Contracts: the formal agreement with a company, made by a signed proposal."""

import uuid
from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import Numbered, TenantRow, numbered
from core.lifecycle import Lifecycle

STATUS = Lifecycle("This contract", {"active": ("ended",), "ended": ()})


class Contract(Numbered, TenantRow):
    """An agreement with a company, with its dates; a company may have several."""

    __tablename__ = "contracts"
    REFERS: ClassVar[dict[str, str]] = {"company_id": "companies", "engagement_id": "engagements", "proposal_id": "proposals"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        numbered(),
        STATUS.check("status"),
        UniqueConstraint("organization_id", "proposal_id"),
        Index("ix_contracts_company_id", "organization_id", "company_id"),
    )
    company_id: Mapped[uuid.UUID]
    engagement_id: Mapped[uuid.UUID]
    proposal_id: Mapped[uuid.UUID]
    status: Mapped[str] = mapped_column(default="active")
    title: Mapped[str]
    signed_at: Mapped[datetime]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
