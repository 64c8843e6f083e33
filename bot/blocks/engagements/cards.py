"""The cards of the client channel: the pinned status, the welcome, and the one message that lists what waits."""

from bot.blocks import kit
from bot.blocks.engagements import words
from bot.blocks.kit import Block, Card
from core.engagements.status import Status, Wait

PROJECTS = 5
WAITS = 2

ACTS = {"proposal": ("Review and sign", "proposal.review"), "invoice": ("Pay", "invoice.pay")}
"""What a client can do about what waits on them: the button's label and what it starts."""


def act(found: tuple[Wait, ...]) -> Block | None:
    """The button for the longest waiting thing that a button can do something about."""
    for wait in found:
        if wait.subject in ACTS:
            label, action = ACTS[wait.subject]
            return kit.button(label, action, str(wait.id), style="primary")
    return None


def open_page(engagement_id: object) -> Block:
    """The way to one's own page; answered for whoever presses."""
    return kit.button("Open my page", "page.open", str(engagement_id))


def status(thing: Status) -> Card:
    """The status card that is pinned in the client channel."""
    on_us = tuple(wait for wait in thing.on_us if not wait.mine_only)
    theirs = words.waits(thing.on_client, thing.now, WAITS) or kit.Raw("Nothing waits on you.")
    ours = words.waits(on_us, thing.now, WAITS) or kit.md("Nothing waits on {agency}.", agency=thing.agency)
    blocks = [kit.header(f"{thing.company} × {thing.agency}")]
    if resting := _resting(thing):
        blocks.append(kit.section(resting))
    blocks.append(kit.section(kit.md("*Waiting on {company}*\n{waits}", company=thing.company, waits=theirs)))
    blocks.append(kit.section(kit.md("*Waiting on {agency}*\n{waits}", agency=thing.agency, waits=ours)))
    blocks += projects(thing)
    if after := words.next_steps(thing, amount=thing.show_amounts):
        blocks.append(kit.section(after))
    entries = [
        *([("Ask for a quote", f"proposal.quote:{thing.id}")] if thing.status != "closed" else []),
        ("History", f"engagement.history:{thing.id}"),
        ("People", f"engagement.people:{thing.id}"),
        (f"For {thing.agency}", f"engagement.staff:{thing.id}"),
    ]
    blocks.append(kit.actions(act(thing.on_client), open_page(thing.id), kit.more("engagement.more", entries)))
    return Card(_sentence(thing), blocks)


def projects(thing: Status) -> list[Block]:
    """The projects, a line each, at most five."""
    if not thing.projects:
        return []
    lines = [words.work(one) for one in thing.projects[:PROJECTS]]
    if len(thing.projects) > PROJECTS:
        lines.append(kit.Raw(f"and {len(thing.projects) - PROJECTS} more"))
    return [kit.section(kit.join(lines, "\n"))]


def _resting(thing: Status) -> kit.Raw:
    if thing.status == "closed":
        return kit.Raw("This engagement has ended. Everything stays on your page.")
    if thing.status == "paused":
        until = f" until {kit.day(thing.paused_until)}" if thing.paused_until else ""
        return kit.Raw(f"We are pausing{until}. Write here at any time.")
    return kit.Raw("")


def _sentence(thing: Status) -> kit.Raw:
    """What a locked phone shows of it."""
    name = kit.md("{company} × {agency}", company=thing.company, agency=thing.agency)
    if not thing.on_client:
        return kit.md("{name}: nothing waits on you.", name=name)
    first = thing.on_client[0]
    more = f", and {len(thing.on_client) - 1} more" if len(thing.on_client) > 1 else ""
    return kit.md("{name}: {who} to {what}{more}.", name=name, who=first.who, what=first.what, more=more)


def welcome(*, engagement_id: object, contact: str, agency: str, period: str, earlier: bool = False) -> Card:
    """The first words in a channel, before anything in it is kept; `earlier` where that begins with what was said before."""
    sentence = kit.md(
        "Hello {contact}. Write here as you would to a colleague; threads are optional. "
        "{agency} keeps a record of this channel, {earlier}including edits and deleted messages, {period}.",
        contact=contact,
        earlier="also of what was said here before, " if earlier else "",
        agency=agency,
        period=period,
    )
    return Card(
        kit.md("Hello {contact}. Write here as you would to a colleague.", contact=contact),
        [
            kit.section(sentence),
            kit.actions(kit.button("How it is kept", "engagement.kept", str(engagement_id)), open_page(engagement_id)),
        ],
    )


def waiting(thing: Status) -> Card | None:
    """What waits on the client when they come in; nothing if nothing does."""
    if not thing.on_client:
        return None
    found = words.waits(thing.on_client, thing.now, 10)
    count = len(thing.on_client)
    title = "One thing waits on you" if count == 1 else f"{count} things wait on you"
    blocks = [
        kit.section(kit.md("*{title}*\n{waits}", title=title, waits=found)),
        kit.actions(act(thing.on_client), open_page(thing.id)),
    ]
    text = "{contact}, {title}: {what}."
    first = thing.on_client[0].what
    return Card(kit.md(text, contact=thing.contact, title=title[0].lower() + title[1:], what=first), blocks)


def kept(*, agency: str, period: str) -> Block:
    """How what is said is kept, for whoever asks."""
    return kit.modal(
        "notice",
        "How it is kept",
        [
            kit.section(
                kit.md(
                    "*What.* {agency} keeps what is written in this channel: the words, who wrote them, when, edits, "
                    "deleted messages, reactions and the names of files.",
                    agency=agency,
                )
            ),
            kit.section(kit.md("*How long.* {period}.", period=period[:1].upper() + period[1:])),
            kit.section(
                kit.md(
                    "*Who reads it.* The people of {agency} who work with you, and you. "
                    "Direct messages and other channels are not kept.",
                    agency=agency,
                )
            ),
            kit.section(kit.md("*Your say.* Ask {agency} for a copy, or to have something erased.", agency=agency)),
        ],
    )
