"""How a project is begun, given an owner and a day, paused and resumed; and the lists in which projects are read."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import case, select

from core import access, clock, events, stage
from core.db import Session, save
from core.engagements import Engagement
from core.errors import Conflict, Invalid
from core.events import Kind
from core.people import Actor, User
from core.projects.course import COMPLETED, STATUS, Move, Project
from core.projects.moving import refuse_held


async def start(
    session: Session,
    actor: Actor,
    *,
    engagement_id: uuid.UUID,
    order_line_id: uuid.UUID | None,
    title: str,
    owner_id: uuid.UUID | None = None,
    due_on: date | None = None,
    phase_names: Mapping[str, str] | None = None,
) -> Project:
    """Begin a project in Kickoff, once for each line of an order. Its caller, such as a signature, authorises it."""
    if order_line_id is not None:
        known = (
            await session.execute(select(Project).where(Project.order_line_id == order_line_id))
        ).scalar_one_or_none()
        if known is not None:
            return known
    project = Project(
        organization_id=actor.organization_id,
        engagement_id=engagement_id,
        order_line_id=order_line_id,
        owner_id=owner_id,
        title=title,
        phase_since=clock.now(),
        due_on=due_on,
        phase_names=dict(phase_names or {}),
    )
    await start_all(session, actor, [project])
    return project


async def start_all(session: Session, actor: Actor, begun: Sequence[Project]) -> None:
    """Begin these projects, of which none is there yet, in one go."""
    await save(session, *begun)
    for project in begun:
        await _record(session, actor, Kind.PROJECT_STARTED, project)


async def assign(session: Session, actor: Actor, project_id: uuid.UUID | str, owner_id: uuid.UUID) -> Project:
    """Give the project to somebody of the agency. To give it to whoever has it changes nothing."""
    project = await access.fetch(session, actor, access.Can.PROJECT_MANAGE, Project, project_id, lock=True)
    owner = (await session.execute(select(User).where(User.id == owner_id))).scalar_one_or_none()
    if owner is None or owner.side != "staff" or owner.left_at or owner.deleted_at:
        raise Invalid("A project belongs to somebody of your own team. Choose one of them.", field="owner")
    if project.owner_id == owner.id:
        return project
    project.owner_id = owner.id
    await session.flush()
    await _record(session, actor, Kind.PROJECT_ASSIGNED, project, owner=str(owner.id))
    await stage.restage(session, actor, project.engagement_id)
    return project


async def set_date(session: Session, actor: Actor, project_id: uuid.UUID | str, due_on: date) -> Project:
    """Say by which day the project is to be done."""
    project = await access.fetch(session, actor, access.Can.PROJECT_MANAGE, Project, project_id, lock=True)
    if project.status not in ("active", "paused"):
        raise Conflict(f"{project.title} is {project.status}, so it needs no date.")
    if project.due_on == due_on:
        return project
    project.due_on = due_on
    await session.flush()
    await _record(session, actor, Kind.PROJECT_DATED, project, due_on=due_on.isoformat())
    return project


async def pause(session: Session, actor: Actor, project_id: uuid.UUID | str) -> Project:
    """Rest the project, without blame; nothing of it is asked for until it is resumed. Twice is once."""
    project = await access.fetch(session, actor, access.Can.PROJECT_MANAGE, Project, project_id, lock=True)
    if project.status == "paused":
        return project
    await refuse_held(session, project)
    project.status = STATUS.move(project.status, "paused")
    await session.flush()
    await _record(session, actor, Kind.PROJECT_PAUSED, project)
    return project


async def resume(session: Session, actor: Actor, project_id: uuid.UUID | str) -> Project:
    """Go on with a paused project. Twice is once."""
    project = await access.fetch(session, actor, access.Can.PROJECT_MANAGE, Project, project_id, lock=True)
    if project.status == "active":
        return project
    if project.status == COMPLETED:
        raise Conflict(f"{project.title} is completed. To reopen it, take it back to a phase.")
    project.status = STATUS.move(project.status, "active")
    await session.flush()
    await _record(session, actor, Kind.PROJECT_RESUMED, project)
    return project


async def _record(session: Session, actor: Actor, kind: Kind, project: Project, **facts: str) -> None:
    await events.record(
        session, actor, kind, "project", project.id, engagement_id=project.engagement_id, announce=True, **facts
    )


# the lists

_ORDER = (
    case({"active": 0, "paused": 1, COMPLETED: 2}, value=Project.status, else_=3),
    Project.created_at,
    Project.title,
)


async def of_engagement(session: Session, engagement_id: uuid.UUID) -> list[Project]:
    """The projects of an engagement: those under way first, each in the order in which they began."""
    query = (
        select(Project).where(Project.engagement_id == engagement_id, Project.deleted_at.is_(None)).order_by(*_ORDER)
    )
    return list((await session.execute(query)).scalars())


async def listing(
    session: Session, actor: Actor, engagement_id: uuid.UUID | None = None
) -> list[tuple[Project, Engagement]]:
    """The projects that the actor may see, of one engagement or of all, each with its engagement."""
    seen = access.visible(actor, access.Can.PROJECT_SEE, Project).where(Project.deleted_at.is_(None))
    if engagement_id is not None:
        seen = seen.where(Project.engagement_id == engagement_id)
    query = (
        seen.join(Engagement, Engagement.id == Project.engagement_id)
        .add_columns(Engagement)
        .order_by(Engagement.title, *_ORDER)
    )
    return [(project, engagement) for project, engagement in await session.execute(query)]


async def candidates(
    session: Session, actor: Actor, engagement_id: uuid.UUID | None, statuses: Sequence[str]
) -> list[tuple[uuid.UUID, str]]:
    """Which projects a command may mean: id and title, with the client's name where all engagements are meant."""
    return [
        (project.id, project.title if engagement_id else f"{project.title} ({engagement.title})")
        for project, engagement in await listing(session, actor, engagement_id)
        if project.status in statuses
    ]


async def get(session: Session, project_id: uuid.UUID) -> Project:
    """The project with this id, for the worker, which acts for nobody."""
    return (await session.execute(select(Project).where(Project.id == project_id))).scalar_one()


async def get_move(session: Session, move_id: uuid.UUID) -> Move:
    """The move with this id, for the worker, which acts for nobody."""
    return (await session.execute(select(Move).where(Move.id == move_id))).scalar_one()


async def moves_of(session: Session, project_id: uuid.UUID) -> list[Move]:
    """The moves of a project that were carried out, latest first."""
    query = select(Move).where(Move.project_id == project_id, Move.state == "done").order_by(Move.done_at.desc())
    return list((await session.execute(query)).scalars())
