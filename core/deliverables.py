"""Deliverables: what the client gets of a project; made from a signed proposal's milestones and the service's template."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import Numbered, Session, TenantRow, numbered, save
from core.lifecycle import Lifecycle
from core.projects import Project

STATUS = Lifecycle(
    "This deliverable",
    {
        "pending": ("in_progress", "blocked"),
        "in_progress": ("submitted", "blocked"),
        "blocked": ("in_progress",),
        "submitted": ("completed", "changes_requested"),
        "changes_requested": ("in_progress", "submitted", "blocked"),
        "completed": (),
    },
)


class Deliverable(Numbered, TenantRow):
    """Something that the client gets, with its day; `milestone` is its place among the signed proposal's milestones."""

    __tablename__ = "deliverables"
    REFERS: ClassVar[dict[str, str]] = {"engagement_id": "engagements", "project_id": "projects"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        numbered(),
        STATUS.check("status"),
        Index("ix_deliverables_project", "organization_id", "project_id", "position"),
        Index("ix_deliverables_engagement", "organization_id", "engagement_id", "status"),
    )
    engagement_id: Mapped[uuid.UUID]
    project_id: Mapped[uuid.UUID]
    position: Mapped[int]
    milestone: Mapped[int | None]
    title: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    due_on: Mapped[date | None]
    completed_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True)
class Promised:
    """What the client is to get: its title, by when, and its place among the milestones that were signed, if it is one."""

    title: str
    due_on: date | None = None
    milestone: int | None = None


async def begin(session: Session, project: Project, promised: Sequence[Promised]) -> list[Deliverable]:
    """What a project is to deliver from the start, in this order. A title that occurs twice is one deliverable, but each
    milestone is its own: a payment may wait for it. The verb that starts the project has authorised it."""
    rows: list[Deliverable] = []
    seen: set[str] = set()
    for each in promised:
        if each.milestone is None and each.title.casefold() in seen:
            continue
        seen.add(each.title.casefold())
        rows.append(
            Deliverable(
                organization_id=project.organization_id,
                engagement_id=project.engagement_id,
                project_id=project.id,
                position=len(rows),
                milestone=each.milestone,
                title=each.title,
                due_on=each.due_on,
            )
        )
    await save(session, *rows)
    return rows


async def of_project(session: Session, project_id: uuid.UUID) -> list[Deliverable]:
    """What a project delivers, in order."""
    query = select(Deliverable).where(Deliverable.project_id == project_id, Deliverable.deleted_at.is_(None))
    return list((await session.execute(query.order_by(Deliverable.position))).scalars())
