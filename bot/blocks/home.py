"""How App Home and `/tl` look: the first steps, what is most urgent, one's engagements, how an engagement stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.blocks import find, kit
from bot.blocks.kit import Block, Card

STAGES = {
    "draft": "Getting started",
    "active": "Proposal with the client",
    "processing": "Signed, getting ready",
    "confirmed": "Under way",
    "fulfilled": "Delivered",
    "complete": "All settled",
    "cancelled": "Called off",
}
CONNECTIONS = {
    "none": "the invitation is not out yet",
    "invited": "waiting for the client to accept the invitation",
    "accepted": "accepted; waiting for the client's Slack admin",
    "declined": "the invitation was declined",
    "disconnected": "the channel is no longer shared",
    "mail": "by e-mail for now",
}
WHY = {
    "waiting": "waits for an answer",
    "awaiting": "waits for a signature",
    "expiring": "is not signed yet and ends soon",
    "overdue": "is past its due day",
    "stuck": "could not be sent",
    "late": "is past its day",
}
KINDS = {"conversation": "conversation", "proposal": "proposal", "invoice": "invoice", "project": "project"}


@dataclass(frozen=True)
class Step:
    """One of the four first steps: what it is, how it stands, its buttons as (label, action)."""

    key: str
    title: str
    words: str
    done: bool
    buttons: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Line:
    """One urgent thing: its kind, title, engagement and why; the button that opens it, where there is one."""

    kind: str
    id: str
    title: str
    engagement: str
    why: str
    since: datetime | None = None
    until: date | None = None
    channel_id: str | None = None
    action: str = ""


@dataclass(frozen=True)
class Place:
    """One engagement in a list."""

    title: str
    company: str
    stage: str
    connection: str
    paused: bool
    channel_id: str | None
    staff_channel_id: str | None


@dataclass(frozen=True)
class Wait:
    """An open conversation in the list of waits."""

    id: str
    topic: str
    since: datetime | None
    owner: str


@dataclass(frozen=True)
class Awaited:
    """Something that is waited for, in a client's words."""

    kind: str
    title: str
    who: str = ""
    until: date | None = None


@dataclass(frozen=True)
class Work:
    """A project under way."""

    title: str
    phase: str
    step: int
    steps: int
    due_on: date | None
    paused: bool


def setup(steps: Sequence[Step]) -> list[Block]:
    """The four steps, each with its button; the first three can wait."""
    left = sum(not step.done for step in steps)
    lead = "Four steps, ten minutes. The first three can wait." if left else "All four steps are done."
    blocks: list[Block] = [kit.section(lead)]
    for number, step in enumerate(steps, 1):
        mark = "✓" if step.done else f"{number}."
        blocks.append(kit.section(kit.md("*{mark} {title}*\n{words}", mark=mark, title=step.title, words=step.words)))
        row = [kit.button(label, action, step.key) for label, action in step.buttons]
        if row:
            if not step.done and step.key == "first":  # the others can wait
                row[0]["style"] = "primary"
            blocks.append(kit.actions(*row))
    return blocks


def setup_modal(steps: Sequence[Step]) -> Block:
    """The four steps in a modal, for `/tl setup`."""
    return kit.modal("setup", "The first ten minutes", setup(steps))


def first_home(agency: str, name: str, steps: Sequence[Step]) -> Block:
    """App Home before the first engagement."""
    return kit.home([kit.header(f"Welcome, {name}"), kit.context(f"Throughline for {agency}"), *setup(steps)])


def board(lines: Sequence[Line], more: int) -> list[Block]:
    """The most urgent things, a line each, with the button that opens it."""
    if not lines:
        return [kit.section("Nothing waits on you. Enjoy the quiet.")]
    blocks = [
        kit.section(_line(line), kit.button("Look", line.action, line.id) if line.action else None) for line in lines
    ]
    if more:
        blocks.append(kit.context(f"and {more} more"))
    return blocks


def _line(line: Line) -> kit.Raw:
    day = kit.day(line.until) if line.until else ""
    at = kit.when(line.since) if line.since else kit.Raw("")
    sentences = {
        "waiting": kit.md("Waits for an answer since {at}", at=at) if line.since else kit.Raw("Waits for an answer"),
        "awaiting": kit.md("With the client since {at}; valid until {day}", at=at, day=day),
        "expiring": kit.md("Not signed yet; valid until {day}", day=day),
        "overdue": kit.md("Was due {day}", day=day),
        "stuck": kit.Raw("Could not be sent; have a look"),
        "late": kit.md("Was planned for {day}", day=day),
    }
    where = kit.channel(line.channel_id) if line.channel_id else line.engagement
    return kit.md("*{title}*\n{why} · {where}", title=line.title, why=sentences[line.why], where=where)


def urgent(lines: Sequence[Line], more: int) -> Card:
    """The answer to `/tl` alone: the three most urgent."""
    if not lines:
        text = "Nothing waits on you. Enjoy the quiet. `/tl help` shows what you can type."
        return Card(text, [kit.section(kit.Raw(text))])
    count = len(lines) + more
    waits = "1 thing waits" if count == 1 else f"{count} things wait"
    text = f"{waits} on you; first: {lines[0].title}, which {WHY[lines[0].why]}."
    return Card(text, [kit.header("Most urgent"), *board(lines, more)])


def home(
    agency: str,
    lines: Sequence[Line],
    more: int,
    places: Sequence[Place],
    all_places: int,
    waits: Sequence[Wait],
    left: Sequence[Step],
    owner: bool,
) -> Block:
    """App Home for staff, once there is an engagement."""
    blocks: list[Block] = [kit.header("Most urgent"), *board(lines, more)]
    for step in left:
        label, action = step.buttons[0] if step.buttons else ("", "")
        sentence = kit.md("Still to set up: *{title}*", title=step.title)
        blocks.append(kit.section(sentence, kit.button(label, action, step.key) if action else None))
    blocks += [kit.divider(), *find.in_home()]
    blocks += [kit.divider(), kit.header("My engagements")]
    blocks += [kit.section(_place(place)) for place in places] or [kit.section("You are in no engagement yet.")]
    if all_places > len(places):
        blocks.append(kit.context(kit.md("and {n} more: `/engagement list mine`", n=all_places - len(places))))
    blocks += [kit.divider(), kit.header("Waiting longest for an answer")]
    blocks += [kit.section(_wait(wait), kit.button("Look", "conversation.show", wait.id)) for wait in waits] or [
        kit.section("Nobody waits for an answer.")
    ]
    blocks.append(kit.divider())
    blocks.append(
        kit.actions(
            kit.button("New engagement", "setup.new", style="primary"),
            kit.button("Link a channel", "setup.link"),
            kit.button("Team", "team.open"),
            kit.button("Settings", "settings.open") if owner else None,
            kit.button("What I can type", "home.help"),
        )
    )
    blocks.append(kit.context(f"Throughline for {agency}. Only you see this page."))
    return kit.home(blocks)


def _place(place: Place) -> kit.Raw:
    states = [
        STAGES.get(place.stage, place.stage),
        CONNECTIONS.get(place.connection, ""),
        "paused" if place.paused else "",
    ]
    channels = [kit.channel(each) for each in (place.channel_id, place.staff_channel_id) if each]
    title = place.title if place.company in place.title else f"{place.title} ({place.company})"
    return kit.md("*{title}*\n{states}", title=title, states=kit.join([*states, *channels]))


def _wait(wait: Wait) -> kit.Raw:
    since = kit.md("Since {at}", at=kit.when(wait.since)) if wait.since else ""
    owner = f"{wait.owner} sees to it" if wait.owner else "nobody has taken it yet"
    return kit.md("*{topic}*\n{rest}", topic=wait.topic, rest=kit.join([since, owner]))


def for_others(agency: str) -> Block:
    """App Home for somebody who is not of the agency's team."""
    return kit.home([kit.section(sentence_for_others(agency))])


def sentence_for_others(agency: str) -> str:
    """What somebody reads who is not of the team."""
    return f"This is for the team of {agency}. If you are one of them, ask an owner to add you with /tl team."


def link_help() -> Block:
    """How a channel that exists already becomes an engagement's."""
    return kit.notice(
        "Link a channel",
        kit.Raw(
            "1. Open the channel that you share with the client.\n"
            "2. If it is private, add me: `/invite @throughline`.\n"
            "3. Type `/engagement link` there.\n\n"
            "The channel stays as it is. A private channel for your team is made beside it, and what was said before is brought in."
        ),
        kit.button("Link several", "engagement.look_around"),
    )


def help_sheet(card: Card) -> Block:
    """What can be typed, in a modal."""
    return kit.modal("help", "What you can type", kit.fits(card.blocks, 100))


ASKS = {"proposal": "to sign", "invoice": "to pay", "conversation": "to answer"}


def waiting(company: str, awaited: Sequence[Awaited]) -> Card:
    """What waits on the client, for the client."""
    if not awaited:
        text = "Nothing waits on you."
        return Card(text, [kit.section(text)])
    lines = [_awaited(each) for each in awaited[:10]]
    text = kit.md("Waiting on {company}: {what}", company=company, what=awaited[0].title)
    return Card(
        text, [kit.section(kit.md("*Waiting on {company}*\n{lines}", company=company, lines=kit.join(lines, "\n")))]
    )


def standing(company: str, agency: str, client: Sequence[Awaited], us: Sequence[Awaited], work: Sequence[Work]) -> Card:
    """How an engagement stands, in words that a client may read; no amounts."""
    theirs = (
        kit.join([_awaited(each) for each in client[:3]], "\n")
        if client
        else kit.md("Nothing waits on {who}.", who=company)
    )
    ours = kit.join([_awaited(each) for each in us[:3]], "\n") if us else kit.md("Nothing waits on {who}.", who=agency)
    blocks = [
        kit.section(kit.md("*Waiting on {who}*\n{what}", who=company, what=theirs)),
        kit.section(kit.md("*Waiting on {who}*\n{what}", who=agency, what=ours)),
    ]
    if work:
        blocks.append(kit.section(kit.join([_work(each) for each in work[:5]], "\n")))
    if len(work) > 5:
        blocks.append(kit.context(f"and {len(work) - 5} more"))
    return Card(f"{company} × {agency}: {len(client)} waiting on {company}, {len(us)} on {agency}", blocks)


def _awaited(each: Awaited) -> kit.Raw:
    until = f"by {kit.day(each.until)}" if each.until else ""
    return kit.join(
        [
            kit.md("*{title}*", title=each.title),
            f"{each.who.split()[0]}, {ASKS[each.kind]}" if each.who else ASKS[each.kind],
            until,
        ]
    )


def _work(work: Work) -> kit.Raw:
    dots = "●" * work.step + "○" * (work.steps - work.step)
    day = kit.day(work.due_on) if work.due_on else ""
    steps = f"{work.phase}, step {work.step} of {work.steps} {dots}"
    return kit.join([kit.md("*{title}*", title=work.title), steps, "paused" if work.paused else "", day])


def client_help(agency: str) -> Card:
    """What a client can say to us, beside simply writing."""
    text = f"Write here as you would to a colleague; {agency} reads along."
    lines = kit.Raw(
        "`@throughline status`: how things stand\n`@throughline waiting`: what waits on you\n"
        "`@throughline quote`: ask for a proposal\n"
        "`@throughline reopen`, in a thread: take that topic up again"
    )
    return Card(text, [kit.section(text), kit.section(lines)])
