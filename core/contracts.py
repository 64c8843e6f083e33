"""Contracts: the formal agreement with a company, made by a signed proposal."""

import uuid
from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import Numbered, Session, TenantRow, numbered, save
from core.lifecycle import Lifecycle

STATUS = Lifecycle("This contract", {"active": ("ended",), "ended": ()})


class Contract(Numbered, TenantRow):
    """An agreement with a company, with its dates; a company may have several."""

    __tablename__ = "contracts"
    REFERS: ClassVar[dict[str, str]] = {
        "company_id": "companies",
        "engagement_id": "engagements",
        "proposal_id": "proposals",
    }
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


async def make(
    session: Session,
    *,
    company_id: uuid.UUID,
    engagement_id: uuid.UUID,
    proposal_id: uuid.UUID,
    title: str,
    signed_at: datetime,
    starts_on: date,
) -> Contract:
    """The contract that a signed proposal makes with a company; one for each proposal. The signature records and
    announces it."""
    tenant: uuid.UUID = session.info["tenant"]
    contract = Contract(
        organization_id=tenant,
        company_id=company_id,
        engagement_id=engagement_id,
        proposal_id=proposal_id,
        title=title,
        signed_at=signed_at,
        starts_on=starts_on,
    )
    await save(session, contract)
    return contract


async def of_engagement(session: Session, engagement_id: uuid.UUID) -> list[Contract]:
    """The contracts that were made in an engagement, newest first."""
    query = (
        select(Contract).where(Contract.engagement_id == engagement_id).order_by(Contract.signed_at.desc(), Contract.id)
    )
    return list((await session.execute(query)).scalars())
