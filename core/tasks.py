"""Tasks: the checklist of a project's phase; made from the service's template when the work begins."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import Numbered, Session, TenantRow, numbered, save
from core.projects.course import PHASE, PHASES, Project


class Task(Numbered, TenantRow):
    """Something to do in a phase of a project; staff see it, clients do not."""

    __tablename__ = "tasks"
    REFERS: ClassVar[dict[str, str]] = {
        "engagement_id": "engagements",
        "project_id": "projects",
        "assignee_id": "users",
        "done_by_id": "users",
    }
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        numbered(),
        PHASE.check("phase"),
        UniqueConstraint("organization_id", "project_id", "phase", "position"),
    )
    engagement_id: Mapped[uuid.UUID]
    project_id: Mapped[uuid.UUID]
    assignee_id: Mapped[uuid.UUID | None]
    done_by_id: Mapped[uuid.UUID | None]
    phase: Mapped[str]
    position: Mapped[int]
    title: Mapped[str]
    due_on: Mapped[date | None]
    done_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


async def begin(session: Session, project: Project, checklist: Sequence[tuple[str, str]]) -> list[Task]:
    """The checklist, (phase, title) each, that a project begins with; what names no phase belongs to the first. The
    verb that starts the project has authorised it."""
    rows, counted = [], dict.fromkeys(PHASES, 0)
    for named, title in checklist:
        phase = named if named in PHASES else PHASES[0]
        rows.append(
            Task(
                organization_id=project.organization_id,
                engagement_id=project.engagement_id,
                project_id=project.id,
                phase=phase,
                position=counted[phase],
                title=title,
            )
        )
        counted[phase] += 1
    await save(session, *rows)
    return rows


async def of_project(session: Session, project_id: uuid.UUID) -> list[Task]:
    """The tasks of a project, phase by phase."""
    query = select(Task).where(Task.project_id == project_id, Task.deleted_at.is_(None))
    found = (await session.execute(query)).scalars()
    return sorted(found, key=lambda task: (PHASES.index(task.phase), task.position))
