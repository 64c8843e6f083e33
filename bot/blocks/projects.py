"""Projects as people see them: the staff's twin, what the client reads of a change of phase, lists and forms."""

from collections.abc import Sequence

from bot.blocks import kit
from bot.blocks.kit import Block, Card
from core.projects import COMPLETED, PHASES, Summary, Telling, shown

SENTENCES = {
    "setup": "We have what we need to begin, and are setting things up.",
    "build": "Everything is set up. Now we build.",
    "testing": "The building is done, and we are testing it.",
    "deployment": "It passed our tests. We are putting it live.",
    "handoff": "It is live, and we are getting ready to hand it over to you.",
    COMPLETED: "The work is done and in your hands. Thank you for working with us.",
}
"""What the form suggests to tell the client when a project enters a phase."""


def progress(work: Summary) -> str:
    """Where it stands, in a line: "Build, step 3 of 6 ●●●○○○"."""
    if work.status == COMPLETED:
        return f"Completed {'●' * len(PHASES)}"
    line = f"{shown(work.phase, work.names)}, step {work.step} of {len(PHASES)} {'●' * work.step}{'○' * (len(PHASES) - work.step)}"
    return f"{line} · paused" if work.status == "paused" else line


def _owner(work: Summary) -> str:
    return kit.user(work.owner_slack_id) if work.owner_slack_id else work.owner


def _when(work: Summary) -> str:
    if work.due_on is None or work.status == COMPLETED:
        return ""
    return f"was due {kit.day(work.due_on)}" if work.late else f"due {kit.day(work.due_on)}"


def line(work: Summary) -> kit.Raw:
    """A project in one line of a list."""
    head = kit.md("*{title}*", title=work.title)
    return kit.join(
        [head, progress(work), _when(work), _owner(work) or ("" if work.status == COMPLETED else "no owner yet")]
    )


def twin(work: Summary) -> Card:
    """The card in the staff channel, with staff's buttons; while a move is held, Undo."""
    blocks = [kit.section(kit.md("*{title}*\n{progress}", title=work.title, progress=progress(work)))]
    owner = kit.md("Owner: {owner}", owner=_owner(work)) if work.owner else "No owner yet"
    since = kit.md("since {since}", since=kit.when(work.since)) if work.status == "active" else ""
    blocks.append(kit.context(kit.join([owner, _when(work), since])))
    text = kit.md("{title}: {progress}", title=work.title, progress=progress(work))
    if work.held is not None:
        goal = "Is complete" if work.held.to == COMPLETED else f"Moves to {shown(work.held.to, work.names)}"
        notice = kit.md("{goal} at {at}. Until then the client hears nothing.", goal=goal, at=kit.when(work.held.at))
        blocks += [kit.section(notice), kit.actions(kit.button("Undo", "project.undo", work.held.move_id))]
        text = kit.md("{title}: {notice}", title=work.title, notice=notice)
    elif work.status == "active":
        blocks.append(
            kit.actions(
                kit.button(
                    "Complete" if work.next_phase == COMPLETED else "Advance",
                    "project.advance",
                    work.id,
                    style="primary",
                ),
                kit.button("Back", "project.back", work.id) if work.step > 1 else None,
                kit.button("Assign", "project.assign", work.id),
                kit.more(
                    "project.more", [("Set a date", f"project.date:{work.id}"), ("Pause", f"project.pause:{work.id}")]
                ),
            )
        )
    elif work.status == "paused":
        resume = kit.button("Resume", "project.resume", work.id)
        blocks.append(kit.actions(resume, kit.button("Assign", "project.assign", work.id)))
    elif work.status == COMPLETED:
        blocks.append(kit.actions(kit.button("Reopen", "project.back", work.id)))
    return Card(text, blocks)


def _headline(moved: Telling) -> str:
    if moved.after == COMPLETED:
        return f"{moved.title} is complete."
    if moved.before not in PHASES:
        return f"{moved.title} was taken up again, in {shown(moved.after, moved.names)}."
    if moved.back:
        return f"{moved.title} went back from {shown(moved.before, moved.names)} to {shown(moved.after, moved.names)}."
    return f"{moved.title} moved from {shown(moved.before, moved.names)} to {shown(moved.after, moved.names)}."


def preview(moved: Telling) -> list[Block]:
    """What the client reads, without the buttons: the card and its preview are the same."""
    blocks = [kit.section(kit.md("*{headline}*", headline=_headline(moved)))]
    if moved.sentence:
        blocks.append(kit.said(moved.sentence))
    lines = []
    if moved.next_what or moved.next_on:
        day = f"by {kit.day(moved.next_on)}" if moved.next_on else ""
        lines.append(kit.md("*Next:* {what}", what=kit.join([moved.next_what, day], ", ")))
    if moved.needed or not (moved.back or moved.after == COMPLETED):
        lines.append(kit.md("*Needed from you:* {needed}", needed=moved.needed or "nothing"))
    if lines:
        blocks.append(kit.section(kit.join(lines, "\n")))
    return blocks


def moved_card(moved: Telling) -> Card:
    """The card in the client channel."""
    need = f" Needed from you: {moved.needed}" if moved.needed else ""
    row = kit.actions(
        kit.button("Ask about this", "project.ask", moved.project_id),
        kit.button("Open my page", "page.open", moved.engagement_id),
        kit.more(
            "project.client_more",
            [
                ("All phases", f"project.phases:{moved.project_id}"),
                (f"For {moved.agency}", f"engagement.staff:{moved.engagement_id}"),
            ],
        ),
    )
    return Card(kit.md("{headline}{need}", headline=_headline(moved), need=need), [*preview(moved), row])


# the list and the page of one


def listing(works: Sequence[Summary], title: str, *, everywhere: bool) -> Card:
    """The phases of all projects; under each client's name where all engagements are meant."""
    blocks = [kit.header(title)]
    client = ""
    for work in works:
        if everywhere and work.client != client:
            blocks.append(kit.context(kit.md("*{client}*", client=work.client)))
            client = work.client
        blocks.append(kit.section(line(work)))
    if not works:
        blocks.append(kit.section("No projects yet. They begin when a proposal is signed: `/proposal new`."))
    return Card(title, kit.fits(blocks))


def page(work: Summary, history: Sequence[Telling]) -> Card:
    """One project, for staff, with how it came to where it is."""
    card = twin(work)
    return Card(card.text, [*card.blocks, *_history(history)])


def phases(work: Summary, history: Sequence[Telling]) -> Block:
    """One project, for the client: where it stands, and how it came there."""
    head = kit.section(kit.join([kit.md("*{title}*", title=work.title), kit.join([progress(work), _when(work)])], "\n"))
    return kit.modal("project.phases", "All phases", [head, *_history(history)])


def _history(history: Sequence[Telling]) -> list[Block]:
    steps = [
        kit.md("{at} · {headline}", at=kit.when(moved.at), headline=_headline(moved)) for moved in history if moved.at
    ]
    return [kit.divider(), kit.section(kit.join(steps[:10], "\n"))] if steps else []


# the forms


def advance_form(work: Summary, channel: str, told: Telling) -> Block:
    """The form of an advance: what the client is told, and below it their card as it stands; Preview shows it anew."""
    done = told.after == COMPLETED
    goal = "is complete" if done else f"moves to {shown(told.after, told.names)}"
    lead = kit.md("*{title}* {goal}. {channel} will read:", title=work.title, goal=goal, channel=kit.Raw(channel))
    return kit.modal(
        "project.advance",
        "Complete the project" if done else "Advance the project",
        [
            kit.text_input(
                "sentence", "A sentence for the client", initial=told.sentence, multiline=True, optional=True, limit=600
            ),
            kit.text_input(
                "next_what",
                "What happens next",
                initial=told.next_what,
                placeholder="First drafts of three pages",
                optional=True,
                limit=150,
            ),
            kit.date_input("next_on", "By when", initial=told.next_on, optional=True),
            kit.text_input(
                "needed",
                "What do you need from them",
                initial=told.needed,
                hint="Left empty, it says: nothing." if not done else "",
                optional=True,
                limit=300,
            ),
            kit.divider(),
            kit.section(lead),
            *preview(told),
            kit.actions(kit.button("Preview", "project.preview", work.id)),
        ],
        submit="Complete" if done else "Advance",
        close="Cancel",
        private=f"{work.id} {told.before}",
    )


def back_form(work: Summary, earlier: Sequence[str], reason: str, channel: str) -> Block:
    """The form that takes a project back."""
    latest = earlier[-1]
    reads = kit.md("It goes back at once, and {channel} reads why.", channel=kit.Raw(channel))
    return kit.modal(
        "project.back",
        "Take it back",
        [
            kit.section(kit.md("*{title}* is in {progress}.", title=work.title, progress=progress(work))),
            kit.select(
                "to", "Back to", [kit.option(shown(phase, work.names), phase) for phase in earlier], initial=latest
            ),
            kit.text_input("reason", "Why, in a sentence for the client", initial=reason, multiline=True, limit=600),
            kit.context(reads),
        ],
        submit="Take it back",
        close="Cancel",
        private=work.id,
    )


def assign_form(work: Summary, team: Sequence[tuple[str, str]]) -> Block:
    """The form that gives a project to somebody: (id, name) of the team."""
    people = [kit.option(name, user_id) for user_id, name in team]
    return kit.modal(
        "project.assign",
        "Assign the project",
        [
            kit.section(kit.md("*{title}*", title=work.title)),
            kit.select("owner", "Who takes it", people, initial=work.owner_id),
        ],
        submit="Assign",
        close="Cancel",
        private=work.id,
    )


def date_form(work: Summary) -> Block:
    """The form that sets the day."""
    return kit.modal(
        "project.date",
        "Set a date",
        [
            kit.section(kit.md("*{title}*", title=work.title)),
            kit.date_input("due_on", "To be done by", initial=work.due_on),
        ],
        submit="Set date",
        close="Cancel",
        private=work.id,
    )


def ask_form(callback_id: str, thing_id: str, about: str, agency: str) -> Block:
    """The client's question about a thing: it opens a conversation, with their words first."""
    return kit.modal(
        callback_id,
        "Ask about this",
        [
            kit.section(kit.md("About *{about}*", about=about)),
            kit.text_input(
                "words", "Your question", multiline=True, limit=2800, hint=f"{agency} answers in this channel."
            ),
        ],
        submit="Ask",
        close="Cancel",
        private=thing_id,
    )
