"""What staff do with projects, and what a client asks about them: by command, button and form."""

import re
import uuid
from collections.abc import Sequence
from typing import Any

from bot.blocks import kit
from bot.blocks import projects as blocks
from bot.slack import grammar
from bot.slack.listener import Candidates, Heard, button, command, form
from bot.slack.replies import Done, Open, Reply, Say, Update
from core import access, conversations, engagements, invoices, people, projects
from core.errors import Invalid, NotFound
from core.projects import Move, Project, Summary, Telling

MENTION = re.compile(r"<@(\w+)(?:\|[^>]*)?>")


def among(*statuses: str) -> Candidates:
    """The projects that a command may mean: the channel's engagement's, else all that the person may see."""

    async def candidates(heard: Heard) -> Sequence[tuple[uuid.UUID, str]]:
        here = heard.engagement.id if heard.engagement else None
        return await projects.candidates(heard.session, heard.actor, here, statuses)

    return candidates


ANY = among("active", "paused", "completed")
GOING = among("active", "paused")


@command("project", "", "The phases of all projects")
async def listed(heard: Heard) -> Reply:
    """List the projects of this engagement, or of all."""
    here = heard.engagement
    found = await projects.overview(heard.session, heard.actor, here.id if here else None)
    card = blocks.listing(found, f"Projects of {here.title}" if here else "All projects", everywhere=here is None)
    return Say(card.text, card.blocks)


@command("project", "show", "One project and how it came there", hint="[which]", which=ANY)
@button("project.show")
async def show(heard: Heard) -> Reply:
    """Show one project, with its moves."""
    found, history = await _history(heard)
    card = blocks.page(found, history)
    return Say(card.text, card.blocks, title="Project")


@button("project.phases")
async def phases(heard: Heard) -> Reply:
    """Show one project to whoever asks in the client channel: where it stands, and how it came there."""
    return Open(blocks.phases(*await _history(heard)))


async def _history(heard: Heard) -> tuple[Summary, list[Telling]]:
    project = await access.fetch(heard.session, heard.actor, access.Can.PROJECT_SEE, Project, heard.value)
    moves = await projects.moves_of(heard.session, project.id)
    told = [await projects.telling(heard.session, project, move) for move in moves[:10]]
    return await projects.summary(heard.session, project), told


# advance, undo, back


@command(
    "project",
    "advance",
    "Move it to the next phase; from Handoff: complete it",
    hint="[which]",
    which=among("active", "paused"),
)
@button("project.advance")
async def advance(heard: Heard) -> Reply:
    """Ask what the client shall read of the move."""
    project = await access.fetch(heard.session, heard.actor, access.Can.PROJECT_MANAGE, Project, heard.value)
    await projects.refuse_advance(heard.session, project)
    move = Move(before=project.phase, after=project.next_phase, sentence=blocks.SENTENCES.get(project.next_phase, ""))
    return Open(await _advance_form(heard, project, move))


@button("project.preview")
async def preview(heard: Heard) -> Reply:
    """Show in the form what the client will read, as it is filled in now."""
    project_id, before = str((heard.view or {})["private_metadata"]).split()
    project = await access.fetch(heard.session, heard.actor, access.Can.PROJECT_MANAGE, Project, project_id)
    move = Move(before=before, after=project.next_phase, **_told(heard))
    return Update(await _advance_form(heard, project, move))


@form("project.advance")
async def advanced(heard: Heard) -> Reply:
    """Hold the move until its undo time is over."""
    project_id, before = heard.value.split()
    await projects.advance(heard.session, heard.actor, project_id, before=before, **_told(heard))
    return Done()


def _told(heard: Heard) -> dict[str, Any]:
    words = {name: heard.form.text(name) for name in ("sentence", "next_what", "needed")}
    return {**words, "next_on": heard.form.day("next_on")}


async def _advance_form(heard: Heard, project: Project, move: Move) -> kit.Block:
    return blocks.advance_form(
        await projects.summary(heard.session, project),
        await _readers(heard, project.engagement_id),
        await projects.telling(heard.session, project, move),
    )


@button("project.undo")
async def undo(heard: Heard) -> Reply:
    """Take a held move back before anybody hears of it."""
    await projects.undo(heard.session, heard.actor, heard.value)
    return Say("Undone. The client heard nothing of it.", title="Undone")


@command(
    "project", "back", "Take it back to an earlier phase", hint="[which] reason", which=among("active", "completed")
)
@button("project.back")
async def back(heard: Heard) -> Reply:
    """Ask where it goes back to, and why."""
    project = await access.fetch(heard.session, heard.actor, access.Can.PROJECT_MANAGE, Project, heard.value)
    if not project.earlier:
        raise Invalid(f"{project.title} is in its first phase, so there is nothing to go back to.")
    await projects.refuse_held(heard.session, project)
    found = await projects.summary(heard.session, project)
    return Open(blocks.back_form(found, project.earlier, heard.words, await _readers(heard, project.engagement_id)))


@form("project.back")
async def taken_back(heard: Heard) -> Reply:
    """Take it back, at once."""
    await projects.back(
        heard.session, heard.actor, heard.value, to=heard.form.text("to"), reason=heard.form.text("reason")
    )
    return Done()


# owner, day, pause


@command("project", "assign", "Give it to somebody of your team", hint="[which] @who", which=GOING)
@button("project.assign")
async def assign(heard: Heard) -> Reply:
    """Give the project to whom the words name, or ask."""
    if heard.words:
        owner = await person_of(heard, heard.words)
        project = await projects.assign(heard.session, heard.actor, heard.value, owner.id)
        return Say(kit.md("{owner} has *{title}* now.", owner=owner.first_name, title=project.title))
    project = await access.fetch(heard.session, heard.actor, access.Can.PROJECT_MANAGE, Project, heard.value)
    team = [(str(user.id), user.name) for user in await people.staff(heard.session)]
    return Open(blocks.assign_form(await projects.summary(heard.session, project), team))


@form("project.assign")
async def assigned(heard: Heard) -> Reply:
    """Give the project to whom the form names."""
    await projects.assign(heard.session, heard.actor, heard.value, uuid.UUID(heard.form.text("owner")))
    return Done()


@command("project", "date", "Set the day by which it is to be done", hint="[which] day", which=GOING)
@button("project.date")
async def date(heard: Heard) -> Reply:
    """Set the day that the words name, or ask."""
    if heard.words:
        day = grammar.day(heard.words, invoices.today(heard.house))
        if day is None:
            raise Invalid(f"I cannot read “{heard.words}” as a day. Try `fri`, `12 dec` or `+3d`.")
        if day < invoices.today(heard.house):
            raise Invalid(f"{kit.day(day)} {day.year} is past. Which day is it to be?")
        project = await projects.set_date(heard.session, heard.actor, heard.value, day)
        return Say(kit.md("*{title}* is to be done by {day}.", title=project.title, day=kit.day(day)))
    project = await access.fetch(heard.session, heard.actor, access.Can.PROJECT_MANAGE, Project, heard.value)
    return Open(blocks.date_form(await projects.summary(heard.session, project)))


@form("project.date")
async def dated(heard: Heard) -> Reply:
    """Set the day that the form names."""
    day = heard.form.day("due_on")
    if day is None:
        raise Invalid("Which day is it?", field="due_on")
    await projects.set_date(heard.session, heard.actor, heard.value, day)
    return Done()


@command("project", "pause", "Rest it, without blame", hint="[which]", which=among("active"))
@button("project.pause")
async def pause(heard: Heard) -> Reply:
    """Pause the project."""
    project = await projects.pause(heard.session, heard.actor, heard.value)
    return Say(kit.md("*{title}* rests now. `/project resume` goes on with it.", title=project.title), title="Paused")


@command("project", "resume", "Go on with it", hint="[which]", which=among("paused"))
@button("project.resume")
async def resume(heard: Heard) -> Reply:
    """Go on with the project."""
    project = await projects.resume(heard.session, heard.actor, heard.value)
    return Say(
        kit.md(
            "*{title}* goes on, in {phase}.",
            title=project.title,
            phase=projects.shown(project.phase, project.phase_names),
        ),
        title="Resumed",
    )


# the client's question


@button("project.ask")
async def ask(heard: Heard) -> Reply:
    """Ask for the question; staff are told whose button it is."""
    found: Summary = await projects.look(heard.session, heard.actor, heard.value)
    if heard.actor.side == "staff":
        return Say("This opens the client's question to you. To write to them, use `/conversation start`.")
    return Open(blocks.ask_form("project.ask", found.id, found.title, heard.house.name))


@form("project.ask")
async def asked(heard: Heard) -> Reply:
    """Open a conversation about the project, with the words of the question first."""
    project = await access.fetch(heard.session, heard.actor, access.Can.PROJECT_SEE, Project, heard.value)
    await conversations.start(
        heard.session,
        heard.actor,
        engagement_id=project.engagement_id,
        topic=f"About {project.title}",
        words=heard.form.text("words"),
        subject="project",
        subject_id=project.id,
        key=heard.key,
    )
    return Say(f"Passed to {heard.house.name}. The answer comes in this channel.", title="Thank you")


async def _readers(heard: Heard, engagement_id: uuid.UUID) -> str:
    """Where the client reads what is told: their channel, else who they are."""
    engagement = await engagements.by_id(heard.session, engagement_id)
    if engagement.connection == "connected" and engagement.channel_id:
        return kit.channel(engagement.channel_id)
    contact = (await people.get(heard.session, [engagement.contact_id]))[engagement.contact_id]
    return kit.md("{name}, by mail,", name=contact.first_name)


async def person_of(heard: Heard, words: str) -> people.User:
    """Whom of the team the words name: a mention, or a part of a name that fits only one."""
    team = await people.staff(heard.session)
    mention = MENTION.search(words)
    if mention:
        known = await people.identity(heard.session, mention[1])
        fitting = [user for user in team if known and user.id == known.user_id]
    else:
        part = words.strip().lstrip("@").casefold()
        fitting = [user for user in team if part == user.first_name.casefold()] or [
            user for user in team if part in user.name.casefold()
        ]
    if len(fitting) != 1:
        raise NotFound(
            f"I do not know which of your team “{words.strip()}” is. "
            "Mention them with @, or leave the name out to choose."
        )
    return fitting[0]
