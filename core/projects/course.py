"""The course of a project: its phases, its rows, and which status may follow which."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, ClassVar

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import Numbered, TenantRow, numbered
from core.lifecycle import Lifecycle

PHASES = ("kickoff", "setup", "build", "testing", "deployment", "handoff")

PHASE = Lifecycle(
    "This project",
    {phase: (*PHASES[:i], *PHASES[i + 1 : i + 2]) for i, phase in enumerate(PHASES)},
)
"""Forward one phase at a time, back to any earlier one."""

PLAIN: Mapping[str, str] = MappingProxyType({})
"""No names of its own."""

COMPLETED = "completed"
"""Where a move leads past the last phase."""

STATUS = Lifecycle(
    "This project",
    {
        "active": ("paused", "completed", "cancelled"),
        "paused": ("active", "cancelled"),
        "completed": ("active",),
        "cancelled": (),
    },
)

MOVE = Lifecycle("This move", {"held": ("done", "undone"), "done": (), "undone": ()})


class Project(Numbered, TenantRow):
    """A piece of work with a clear end, made from an item of a signed proposal."""

    __tablename__ = "projects"
    REFERS: ClassVar[dict[str, str]] = {
        "engagement_id": "engagements",
        "order_line_id": "order_lines",
        "owner_id": "users",
    }
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        numbered(),
        STATUS.check("status"),
        PHASE.check("phase"),
        Index("uq_projects_order_line", "organization_id", "order_line_id", unique=True),
        Index("ix_projects_engagement", "organization_id", "engagement_id", "status"),
    )
    engagement_id: Mapped[uuid.UUID]
    order_line_id: Mapped[uuid.UUID | None]
    owner_id: Mapped[uuid.UUID | None]
    title: Mapped[str]
    status: Mapped[str] = mapped_column(default="active")
    phase: Mapped[str] = mapped_column(default="kickoff")
    phase_since: Mapped[datetime]
    phase_names: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the client reads instead of a phase's own name, where the service says so ("Launch" for deployment)."""
    due_on: Mapped[date | None]
    completed_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    @property
    def next_phase(self) -> str:
        """Where an advance leads: the next phase, or COMPLETED."""
        here = PHASES.index(self.phase)
        return PHASES[here + 1] if here + 1 < len(PHASES) else COMPLETED

    @property
    def earlier(self) -> tuple[str, ...]:
        """The phases that it can go back to; a completed project also to its last one."""
        return PHASES if self.status == COMPLETED else PHASES[: PHASES.index(self.phase)]


def shown(phase: str, names: Mapping[str, str] = PLAIN) -> str:
    """A phase, or COMPLETED, as people read it: by the name that the project's service gives it, if it gives one."""
    return "Completed" if phase == COMPLETED else names.get(phase) or phase.capitalize()


class Move(TenantRow):
    """A change of phase: held for a while, so that it can be undone before the client hears of it, then done."""

    __tablename__ = "project_moves"
    REFERS: ClassVar[dict[str, str]] = {"engagement_id": "engagements", "project_id": "projects", "by_id": "users"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        MOVE.check("state"),
        Index(
            "uq_project_moves_held",
            "organization_id",
            "project_id",
            unique=True,
            postgresql_where=text("state = 'held'"),
        ),
    )
    engagement_id: Mapped[uuid.UUID]
    project_id: Mapped[uuid.UUID]
    by_id: Mapped[uuid.UUID | None]
    before: Mapped[str]
    after: Mapped[str]
    """A phase, or COMPLETED."""
    sentence: Mapped[str] = mapped_column(default="")
    next_what: Mapped[str] = mapped_column(default="")
    next_on: Mapped[date | None]
    needed: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="held")
    release_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
