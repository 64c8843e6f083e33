"""How a project moves: advanced after a while in which it can be undone, or taken back at once."""

import uuid
from datetime import date, timedelta

from sqlalchemy import select

from core import access, clock, events, invoices, jobs, orders, people, stage
from core.db import Session, save
from core.errors import Conflict, Invalid, Way
from core.events import Kind
from core.people import Actor
from core.projects.course import COMPLETED, MOVE, PHASE, STATUS, Move, Project, shown

LONGEST_SENTENCE, LONGEST_NEXT, LONGEST_NEEDED = 600, 150, 300


async def advance(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID | str,
    *,
    before: str,
    sentence: str = "",
    next_what: str = "",
    next_on: date | None = None,
    needed: str = "",
) -> Move:
    """Hold a move to the next phase, from Handoff to completed, until the undo time is over.

    `before` is the phase that the person saw: if the project has moved on since, nothing happens. Conflict while
    another move is held, and while the project is paused or complete.
    """
    project = await access.fetch(session, actor, access.Can.PROJECT_MANAGE, Project, project_id, lock=True)
    await refuse_advance(session, project)
    if project.phase != before:
        raise Conflict(
            f"{project.title} is in {shown(project.phase, project.phase_names)} by now. Have another look before you move it on."
        )
    house = await people.organization(session, actor.organization_id)
    now = clock.now()
    move = Move(
        organization_id=actor.organization_id,
        engagement_id=project.engagement_id,
        project_id=project.id,
        by_id=actor.user_id,
        before=project.phase,
        after=project.next_phase,
        sentence=_short(sentence, LONGEST_SENTENCE, "sentence"),
        next_what=_short(next_what, LONGEST_NEXT, "next_what"),
        next_on=next_on,
        needed=_short(needed, LONGEST_NEEDED, "needed"),
        state="held",
        release_at=now + timedelta(seconds=int(house.setting("hold_seconds"))),
    )
    await save(session, move)
    await jobs.enqueue(
        session,
        "project.release",
        lane=f"project:{project.id}",
        payload={"move": str(move.id)},
        organization_id=actor.organization_id,
        run_at=move.release_at,
        dedupe=str(move.id),
    )
    await _record(session, actor, Kind.PROJECT_ADVANCE_HELD, project, move)
    return move


async def undo(session: Session, actor: Actor, move_id: uuid.UUID | str) -> Move:
    """Take a held move back, so that the client never hears of it; twice is once. Conflict once it is done."""
    move = await access.fetch(session, actor, access.Can.PROJECT_MANAGE, Move, move_id, lock=True)
    project = await access.fetch(session, actor, access.Can.PROJECT_MANAGE, Project, move.project_id, lock=True)
    if move.state == "undone":
        return move
    if move.state == "done":
        raise Conflict(
            f"{project.title} has moved to {shown(move.after, project.phase_names)}, and the client was told. You can still take it back.",
            way=Way("Move it back", "project.back", str(project.id)),
        )
    move.state = MOVE.move(move.state, "undone")
    await session.flush()
    await _record(session, actor, Kind.PROJECT_ADVANCE_UNDONE, project, move)
    return move


async def release(session: Session, actor: Actor, move_id: uuid.UUID) -> Move:
    """Carry out a held move, for good; one that was undone or is done already stays as it is."""
    move = await access.fetch(session, actor, access.Can.PROJECT_MANAGE, Move, move_id, lock=True)
    project = await access.fetch(session, actor, access.Can.PROJECT_MANAGE, Project, move.project_id, lock=True)
    if move.state != "held":
        return move
    now = clock.now()
    move.state, move.done_at = MOVE.move(move.state, "done"), now
    if move.after == COMPLETED:
        project.status, project.completed_at = STATUS.move(project.status, COMPLETED), now
    else:
        project.phase, project.phase_since = PHASE.move(project.phase, move.after), now
    await session.flush()
    await _record(
        session, actor, Kind.PROJECT_COMPLETED if move.after == COMPLETED else Kind.PROJECT_ADVANCED, project, move
    )
    if move.after == COMPLETED:
        await invoices.completed(session, actor, project.engagement_id, await _finished_orders(session, project))
    await stage.restage(session, actor, project.engagement_id)
    return move


async def _finished_orders(session: Session, project: Project) -> list[uuid.UUID]:
    """The project's order, if all of its work is done; what was called off does not count."""
    line = orders.OrderLine
    order_id = select(line.order_id).where(line.id == project.order_line_id).scalar_subquery()
    undone = (
        select(Project.id)
        .join(line, line.id == Project.order_line_id)
        .where(line.order_id == order_id, Project.deleted_at.is_(None), Project.status.in_(("active", "paused")))
    )
    if project.order_line_id is None or (await session.execute(undone.limit(1))).first():
        return []
    return list((await session.execute(select(line.order_id).where(line.id == project.order_line_id))).scalars())


async def back(session: Session, actor: Actor, project_id: uuid.UUID | str, *, to: str, reason: str) -> Move:
    """Take a project back to an earlier phase, at once; the client reads why. A completed one becomes active again."""
    project = await access.fetch(session, actor, access.Can.PROJECT_MANAGE, Project, project_id, lock=True)
    await refuse_held(session, project)
    if project.status not in ("active", COMPLETED):
        raise Conflict(f"{project.title} is {project.status}. Resume it, then take it back.")
    if to not in project.earlier:
        raise Invalid(
            f"{project.title} is in {shown(project.phase, project.phase_names)}, so it cannot go back to {shown(to, project.phase_names)}.",
            field="to",
        )
    if not reason.strip():
        raise Invalid("Why does it go back? A sentence is enough; the client reads it.", field="reason")
    now = clock.now()
    before = COMPLETED if project.status == COMPLETED else project.phase
    move = Move(
        organization_id=actor.organization_id,
        engagement_id=project.engagement_id,
        project_id=project.id,
        by_id=actor.user_id,
        before=before,
        after=to,
        sentence=_short(reason, LONGEST_SENTENCE, "reason"),
        state="done",
        release_at=now,
        done_at=now,
    )
    if project.status == COMPLETED:
        project.status, project.completed_at = STATUS.move(project.status, "active"), None
    if project.phase != to:
        project.phase = PHASE.move(project.phase, to)
    project.phase_since = now
    await save(session, move)
    await _record(session, actor, Kind.PROJECT_MOVED_BACK, project, move)
    await stage.restage(session, actor, project.engagement_id)
    return move


async def held_of(session: Session, project_id: uuid.UUID) -> Move | None:
    """The move of this project that is held now, if one is."""
    return (
        await session.execute(select(Move).where(Move.project_id == project_id, Move.state == "held"))
    ).scalar_one_or_none()


async def refuse_advance(session: Session, project: Project) -> None:
    """Conflict, with a way on, while the project cannot be advanced: another move is held, it rests, or it is done."""
    await refuse_held(session, project)
    if project.status == "paused":
        raise Conflict(
            f"{project.title} is paused. Resume it, then move it on.",
            way=Way("Resume", "project.resume", str(project.id)),
        )
    if project.status != "active":
        raise Conflict(f"{project.title} is {project.status} already.")


async def refuse_held(session: Session, project: Project) -> None:
    """Conflict, with Undo as the way on, while a move of this project is held."""
    held = await held_of(session, project.id)
    if held is not None:
        to = "completion" if held.after == COMPLETED else shown(held.after, project.phase_names)
        raise Conflict(
            f"{project.title} is on its way to {to} already. Undo that first, or let it go.",
            way=Way("Undo", "project.undo", str(held.id)),
        )


async def _record(session: Session, actor: Actor, kind: Kind, project: Project, move: Move) -> None:
    await events.record(
        session,
        actor,
        kind,
        "project",
        project.id,
        engagement_id=project.engagement_id,
        move=str(move.id),
        before=move.before,
        after=move.after,
    )


def _short(words: str, most: int, field: str) -> str:
    words = words.strip()
    if len(words) > most:
        raise Invalid(f"That is {len(words)} characters; {most} fit on a card.", field=field)
    return words
