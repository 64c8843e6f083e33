"""What is typed and pressed about projects: each door leads to its verb, and says what it did."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from bot.sandbox.slack.blockkit import check_view
from bot.slack import projects as doors
from bot.slack.forms import Values
from bot.slack.listener import BUTTONS, COMMANDS, FORMS, Heard
from bot.slack.replies import Done, Open, Reply, Say, Update
from core import clock, conversations, people, projects
from core.db import Session
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.people import Actor
from core.projects import Project
from tests.builders import TEAM, House


async def heard(session: Session, house: House, actor: Actor, **told: Any) -> Heard:
    """Somebody acting in the staff channel; `fields` are those of a submitted form."""
    fields = told.pop("fields", {})
    state = {
        name: {name: {"selected_date" if name.endswith("_on") else "value": value}} for name, value in fields.items()
    }
    return Heard(
        session=session,
        actor=actor,
        house=await people.organization(session, house.id),
        team_id=TEAM,
        user=actor.slack_user_id or "",
        place="staff",
        engagement=told.pop("engagement", house.engagement),
        form=Values({"state": {"values": state}}),
        **told,
    )


async def begun(session: Session, house: House, title: str = "Website") -> Project:
    return await projects.start(
        session, house.clara, engagement_id=house.engagement.id, order_line_id=None, title=title
    )


def modal(reply: Reply) -> dict[str, Any]:
    """The modal that was opened, as Slack would take it."""
    assert isinstance(reply, Open | Update)
    check_view(reply.view, "modal")
    return reply.view


async def test_every_verb_of_the_grammar_is_there() -> None:
    assert {verb for noun, verb in COMMANDS if noun == "project"} == {
        *("", "show", "advance", "back", "assign", "date", "pause", "resume")
    }


async def test_advance_is_a_form_with_a_preview_and_then_held(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    by = ada_house.ada
    view = modal(await doors.advance(await heard(session, ada_house, by, value=str(project.id))))
    assert "Website moved from Kickoff to Setup." in str(view) and "Needed from you:* nothing" in str(view)
    filled = {"sentence": "We begin.", "next_what": "Drafts", "next_on": "2026-12-12", "needed": "Logo files"}
    again = modal(await BUTTONS["project.preview"](await heard(session, ada_house, by, view=view, fields=filled)))
    assert "Drafts, by Sat 12 Dec" in str(again) and "Logo files" in str(again)
    told = await heard(session, ada_house, by, value=again["private_metadata"], fields=filled)
    assert await FORMS["project.advance"](told) == Done()
    held = await projects.held_of(session, project.id)
    assert held is not None and (held.sentence, held.needed) == ("We begin.", "Logo files")
    with pytest.raises(Conflict, match="on its way"):
        await doors.advance(await heard(session, ada_house, by, value=str(project.id)))
    undone = await BUTTONS["project.undo"](await heard(session, ada_house, by, value=str(held.id)))
    assert isinstance(undone, Say) and "heard nothing" in undone.text


async def test_back_assign_date_pause_resume_by_words(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    held = await projects.advance(session, ada_house.ada, project.id, before="kickoff")
    await projects.release(session, people.system(ada_house.id), held.id)

    async def do(verb: str, words: str = "") -> Reply:
        return await COMMANDS["project", verb].run(
            await heard(session, ada_house, ada_house.ada, value=str(project.id), words=words)
        )

    assert "New brief" in str(modal(await do("back", "New brief")))
    for words, owner in (("<@U0BEN|ben>", "Ben"), ("@ada", "Ada"), ("okafor", "Ben")):
        assert str(await do("assign", words)).count(f"{owner} has *Website* now")
    for unknown in ("<@U0CLARA>", "nobody"):
        with pytest.raises(NotFound, match="which of your team"):
            await do("assign", unknown)
    assert "Ben Okafor" in str(modal(await do("assign")))
    await do("date", "+3d")
    assert project.due_on == clock.now().date() + timedelta(days=3)
    with pytest.raises(Invalid, match="as a day"):
        await do("date", "some time")
    modal(await do("date"))
    await do("pause")
    assert isinstance(await do("resume"), Say)
    assert project.status == "active"
    for form, fields in (
        ("project.assign", {"owner": str(ada_house.ada.user_id)}),
        ("project.date", {"due_on": "2027-01-08"}),
        ("project.back", {"to": "kickoff", "reason": "New brief."}),
    ):
        told = await heard(session, ada_house, ada_house.ada, value=str(project.id), fields=fields)
        assert await FORMS[form](told) == Done()
    assert (project.owner_id, str(project.due_on), project.phase) == (ada_house.ada.user_id, "2027-01-08", "kickoff")


async def test_lists_and_pages(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    here = await doors.listed(await heard(session, ada_house, ada_house.ada))
    everywhere = await doors.listed(await heard(session, ada_house, ada_house.ada, engagement=None))
    assert "Projects of Northwind" in str(here) and "All projects" in str(everywhere)
    page = await doors.show(await heard(session, ada_house, ada_house.ada, value=str(project.id)))
    assert "step 1 of 6" in str(page)
    which = COMMANDS["project", "pause"].which
    assert which is not None
    assert await which(await heard(session, ada_house, ada_house.ada)) == [(project.id, "Website")]


async def test_a_client_asks_and_looks_but_moves_nothing(session: Session, ada_house: House) -> None:
    project = await begun(session, ada_house)
    told = {"value": str(project.id)}
    modal(await doors.phases(await heard(session, ada_house, ada_house.dana, **told)))
    assert "Website" in str(modal(await doors.ask(await heard(session, ada_house, ada_house.clara, **told))))
    answer = await doors.asked(
        await heard(session, ada_house, ada_house.clara, **told, fields={"words": "What do you need?"})
    )
    assert isinstance(answer, Say) and "Passed to Studio Ada" in answer.text
    [opened] = await conversations.open_ones(session, ada_house.ada, ada_house.engagement.id)
    assert opened.topic == "About Website"
    for door in (doors.advance, doors.back, doors.pause, doors.assign):
        with pytest.raises(NotAllowed):
            await door(await heard(session, ada_house, ada_house.clara, **told))
        with pytest.raises(NotFound):
            await door(await heard(session, ada_house, ada_house.gus, **told))
    with pytest.raises(NotFound):
        await doors.ask(await heard(session, ada_house, ada_house.stranger, value=str(uuid.uuid4())))
