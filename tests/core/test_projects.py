"""Projects: held before they move, undone without a trace, taken back with a reason, given an owner and a day."""

import uuid
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core import clock, events, projects
from core.db import Database, Session, listen_for_queries
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.jobs import Job
from core.people import Actor, Organization, system
from core.projects import PHASES, Move, Project
from tests.builders import House


async def begun(session: Session, house: House, title: str = "Website") -> Project:
    return await projects.start(
        session, house.clara, engagement_id=house.engagement.id, order_line_id=None, title=title
    )


async def moved(session: Session, house: House, project: Project, **words: str) -> Move:
    """Advance it, and let the undo time be over."""
    held = await projects.advance(session, house.ada, project.id, before=project.phase, **words)  # type: ignore[arg-type]
    return await projects.release(session, system(house.id), held.id)


async def kinds(session: Session, house: House) -> list[str]:
    """What happened to projects in the engagement, in order."""
    happened = reversed(await events.history(session, house.engagement.id, 100))
    return [event.kind for event in happened if event.kind.startswith("project.")]


async def test_a_line_of_an_order_starts_one_project_in_kickoff(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    assert (project.phase, project.status, project.next_phase, project.earlier) == ("kickoff", "active", "setup", ())
    assert await kinds(session, ada_house) == ["project.started"]


async def test_an_advance_is_held_and_then_moves(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    held = await projects.advance(
        session, ada_house.ada, str(project.id), before="kickoff", sentence=" We begin. ", needed="The logo files"
    )
    assert (held.state, held.before, held.after, held.sentence) == ("held", "kickoff", "setup", "We begin.")
    assert timedelta(seconds=58) < held.release_at - clock.now() <= timedelta(seconds=60)
    assert project.phase == "kickoff"
    job = (await session.execute(select(Job).where(Job.kind == "project.release"))).scalar_one()
    assert (job.payload, job.run_at, job.lane) == ({"move": str(held.id)}, held.release_at, f"project:{project.id}")

    await projects.release(session, system(ada_house.id), held.id)
    await projects.release(session, system(ada_house.id), held.id)
    assert (project.phase, held.state) == ("setup", "done")
    assert project.phase_since == held.done_at
    assert await kinds(session, ada_house) == ["project.started", "project.advance_held", "project.advanced"]
    told = await projects.telling(session, project, held)
    assert (told.agency, told.needed, told.back) == ("Studio Ada", "The logo files", False)


async def test_a_second_advance_while_one_is_held_is_a_kind_no_with_undo(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    held = await projects.advance(session, ada_house.ada, project.id, before="kickoff")
    for again in (
        projects.advance(session, ada_house.ben, project.id, before="kickoff"),
        projects.pause(session, ada_house.ben, project.id),
    ):
        with pytest.raises(Conflict, match="on its way to Setup already") as refused:
            await again
        assert refused.value.way is not None
        assert (refused.value.way.action, refused.value.way.id) == ("project.undo", str(held.id))


async def test_undo_leaves_no_trace_for_the_client(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    held = await projects.advance(session, ada_house.ada, project.id, before="kickoff")
    await projects.undo(session, ada_house.ben, held.id)
    await projects.undo(session, ada_house.ben, held.id)
    await projects.release(session, system(ada_house.id), held.id)
    assert (project.phase, held.state) == ("kickoff", "undone")
    assert await kinds(session, ada_house) == ["project.started", "project.advance_held", "project.advance_undone"]
    assert await projects.moves_of(session, project.id) == []
    again = await projects.advance(session, ada_house.ada, project.id, before="kickoff")
    await projects.release(session, system(ada_house.id), again.id)
    with pytest.raises(Conflict, match="the client was told") as refused:
        await projects.undo(session, ada_house.ada, again.id)
    assert refused.value.way is not None and refused.value.way.action == "project.back"


async def test_an_advance_from_an_old_form_moves_nothing(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    await moved(session, ada_house, project)
    with pytest.raises(Conflict, match="in Setup by now"):
        await projects.advance(session, ada_house.ada, project.id, before="kickoff")


async def test_from_handoff_an_advance_completes(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    passed = [project.phase]
    for _ in PHASES[1:]:
        await moved(session, ada_house, project)
        passed.append(project.phase)
    assert tuple(passed) == PHASES
    await moved(session, ada_house, project, sentence="Thank you.")
    assert (project.status, project.completed_at is not None) == ("completed", True)
    assert (await kinds(session, ada_house))[-1] == "project.completed"
    with pytest.raises(Conflict, match="completed already"):
        await projects.advance(session, ada_house.ada, project.id, before="handoff")
    with pytest.raises(Conflict):
        await projects.resume(session, ada_house.ada, project.id)
    reopened = await projects.back(session, ada_house.ada, project.id, to="testing", reason="One page is missing.")
    assert (project.status, project.phase, project.completed_at, reopened.before) == (
        "active",
        "testing",
        None,
        "completed",
    )


async def test_back_goes_to_an_earlier_phase_at_once_and_says_why(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    await moved(session, ada_house, project)
    await moved(session, ada_house, project)
    for wrong, field in (({"to": "testing"}, "to"), ({"reason": "  "}, "reason"), ({"reason": "x" * 601}, "reason")):
        with pytest.raises(Invalid) as refused:
            await projects.back(
                session, ada_house.ada, project.id, **{"to": "kickoff", "reason": "New brief.", **wrong}
            )
        assert refused.value.field == field
    move = await projects.back(session, ada_house.ada, project.id, to="kickoff", reason="A new brief came in.")
    assert (project.phase, move.state, move.sentence) == ("kickoff", "done", "A new brief came in.")
    assert (await projects.telling(session, project, move)).back
    assert (await kinds(session, ada_house))[-1] == "project.moved_back"


async def test_an_owner_is_one_of_the_team(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    await projects.assign(session, ada_house.ada, project.id, _id(ada_house.ben))
    await projects.assign(session, ada_house.ada, project.id, _id(ada_house.ben))
    assert project.owner_id == ada_house.ben.user_id
    assert (await kinds(session, ada_house)).count("project.assigned") == 1
    for nobody in (_id(ada_house.clara), uuid.uuid4()):
        with pytest.raises(Invalid):
            await projects.assign(session, ada_house.ada, project.id, nobody)
    shown = await projects.summary(session, project)
    assert (shown.owner, shown.owner_slack_id, shown.client) == ("Ben", "U0BEN", "Northwind")


async def test_a_day_is_set_once_and_may_be_late(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    await projects.set_date(session, ada_house.ada, project.id, date(2020, 1, 3))
    await projects.set_date(session, ada_house.ada, project.id, date(2020, 1, 3))
    assert (await kinds(session, ada_house)).count("project.dated") == 1
    assert (await projects.summary(session, project)).late


async def test_a_paused_project_rests_until_it_is_resumed(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    await projects.pause(session, ada_house.ada, project.id)
    await projects.pause(session, ada_house.ada, project.id)
    with pytest.raises(Conflict, match="paused") as refused:
        await projects.advance(session, ada_house.ada, project.id, before="kickoff")
    assert refused.value.way is not None and refused.value.way.action == "project.resume"
    await projects.resume(session, ada_house.ada, project.id)
    await projects.resume(session, ada_house.ada, project.id)
    assert await kinds(session, ada_house) == ["project.started", "project.paused", "project.resumed"]


async def test_strangers_find_nothing_and_clients_may_only_look(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    held = await projects.advance(session, ada_house.ada, project.id, before="kickoff")

    async def tries(actor: Actor, refusal: type[Exception]) -> None:
        for attempt in (
            projects.advance(session, actor, project.id, before="kickoff"),
            projects.back(session, actor, project.id, to="kickoff", reason="No."),
            projects.assign(session, actor, project.id, _id(ada_house.ada)),
            projects.set_date(session, actor, project.id, date(2030, 1, 1)),
            projects.pause(session, actor, project.id),
            projects.resume(session, actor, project.id),
        ):
            with pytest.raises(refusal):
                await attempt

    await tries(ada_house.stranger, NotFound)
    await tries(ada_house.gus, NotFound)
    await tries(ada_house.clara, NotAllowed)
    for actor in (ada_house.stranger, ada_house.gus, ada_house.clara):
        with pytest.raises(NotFound):
            await projects.undo(session, actor, held.id)
    assert (await projects.look(session, ada_house.clara, project.id)).title == "Website"
    assert await projects.overview(session, ada_house.gus) == []


async def test_a_list_costs_the_same_however_long_it_is(session: Session, database: Database, ada_house: House) -> None:
    statements: list[str] = []

    async def cost() -> int:
        statements.clear()
        await projects.overview(session, ada_house.ada, ada_house.engagement.id)
        return len(statements)

    await begun(session, ada_house, "One")
    stop = listen_for_queries(database.engine, statements)
    try:
        few = await cost()
        for number in range(10):
            await begun(session, ada_house, f"Project {number}")
        assert await cost() == few
    finally:
        stop()


async def test_commands_know_which_projects_they_may_mean(session: Session, ada_house: House) -> None:
    website, audit = await begun(session, ada_house), await begun(session, ada_house, "SEO audit")
    await projects.pause(session, ada_house.ada, audit.id)
    here = ada_house.engagement.id
    assert await projects.candidates(session, ada_house.ada, here, ["active"]) == [(website.id, "Website")]
    assert await projects.candidates(session, ada_house.ada, None, ["paused"]) == [(audit.id, "SEO audit (Northwind)")]


async def test_the_hold_is_a_setting(session: Session, ada_house: House, moved_clock: Path) -> None:
    project = await begun(session, ada_house)
    organization = (await session.execute(select(Organization))).scalar_one()
    organization.settings = {**organization.settings, "hold_seconds": 2}
    held = await projects.advance(session, ada_house.ada, project.id, before="kickoff")
    assert held.release_at - clock.now() <= timedelta(seconds=2)
    clock.move(3)
    assert held.release_at < clock.now()


def _id(actor: Actor) -> uuid.UUID:
    assert actor.user_id is not None
    return actor.user_id
