"""App Home, `/tl` alone and `/tl setup`: the first ten minutes, and then what is most urgent."""

from bot.blocks import home as blocks
from bot.blocks.kit import Block
from bot.slack import listener
from bot.slack.listener import COMMANDS, Heard, button, command
from bot.slack.replies import Open, Reply, Say, Update
from core import access, conversations, house, jobs, urgent
from core.access import Can
from core.errors import NotAllowed

URGENT = 3
PLACES = 10
WAITS = 5


def staff_only(heard: Heard) -> None:
    """Refuse kindly whoever is not of the agency's team."""
    if heard.actor.side != "staff":
        raise NotAllowed(blocks.sentence_for_others(heard.house.name))


async def home(heard: Heard) -> Block:
    """The App Home of whoever opened it: the first steps, then what is urgent; for others a kind sentence."""
    if heard.actor.side != "staff":
        return blocks.for_others(heard.house.name)
    steps = await first_steps(heard)
    if not next(step for step in steps if step.key == "first").done:
        return blocks.first_home(heard.house.name, heard.actor.name.split()[0], steps)
    board = await urgent.mine(heard.session, heard.actor, URGENT)
    places, all_places = await urgent.engagements_of(heard.session, heard.actor, PLACES)
    waits = [
        blocks.Wait(str(each.id), each.topic, each.waiting_since, each.owner)
        for each in await conversations.open_ones(heard.session, heard.actor, limit=WAITS)
        if each.status == "waiting_us"
    ]
    return blocks.home(
        heard.house.name,
        [_line(each) for each in board.top],
        board.more,
        [
            blocks.Place(
                each.title,
                each.company,
                each.stage,
                each.connection,
                each.status == "paused",
                each.channel_id,
                each.staff_channel_id,
            )
            for each in places
        ],
        all_places,
        waits,
        [step for step in steps if not step.done and step.buttons],
        access.allowed(heard.actor, Can.SETTINGS_CHANGE),
    )


LOOK = {
    "conversation": "conversation.show",
    "invoice": "invoice.show",
    "project": "project.show",
    "proposal": "urgent.proposal",
}


def _line(each: urgent.Urgent) -> blocks.Line:
    return blocks.Line(
        each.kind,
        str(each.id),
        each.title,
        each.engagement,
        each.why,
        each.since,
        each.until,
        each.channel_id,
        LOOK[each.kind],
    )


async def first_steps(heard: Heard) -> list[blocks.Step]:
    """The four steps as they stand for this person: the buttons of a step are for those who may do it."""
    found = await house.setup(heard.session, heard.actor)
    settings, team, opens = (
        access.allowed(heard.actor, can) for can in (Can.SETTINGS_CHANGE, Can.TEAM_MANAGE, Can.ENGAGEMENT_OPEN)
    )
    agency = f"{found.name} · {found.currency} · {found.opens} to {found.closes} · {found.timezone}"
    people = f"{found.team} {'person' if found.team == 1 else 'people'} so far. Who may send, who may move money?"
    paid = "Bank details are there." if found.bank_details else "Through Stripe, or by transfer to your bank account."

    def change(key: str, first: str) -> str:
        return "Change" if key in found.done else first

    def words(key: str, told: str, may: bool) -> str:
        return told if may or key in found.done else f"{told}\nAn owner sees to this."

    return [
        blocks.Step(
            "agency",
            "Your agency",
            words("agency", agency, settings),
            "agency" in found.done,
            [(change("agency", "Look it over"), "settings.agency")] if settings else [],
        ),
        blocks.Step(
            "people",
            "Your people",
            words("people", people, team),
            "people" in found.done,
            [("See the team", "team.open")] if team else [],
        ),
        blocks.Step(
            "paid",
            "Getting paid",
            words("paid", paid, settings),
            "paid" in found.done,
            [(change("paid", "Say how"), "settings.paid")] if settings else [],
        ),
        blocks.Step(
            "first",
            "First engagement",
            "A channel that you share with a client already, or a new one.",
            "first" in found.done,
            [("New", "setup.new"), ("Link a channel", "setup.link")] if opens else [],
        ),
    ]


async def refresh(heard: Heard) -> None:
    """Have this person's App Home drawn anew after the commit."""
    await jobs.enqueue(
        heard.session,
        "home.publish",
        lane=f"home:{heard.user}",
        payload={"team": heard.team_id, "user": heard.user},
        organization_id=heard.actor.organization_id,
        dedupe=heard.user,
    )


def shown(heard: Heard, view: Block) -> Reply:
    """The view in the place of the modal that is open, else as a new one."""
    return Update(view) if heard.view is not None and heard.view.get("type") == "modal" else Open(view)


@command("", "", "Your three most urgent")
async def most_urgent(heard: Heard) -> Reply:
    """Say what is most urgent for whoever asks."""
    staff_only(heard)
    board = await urgent.mine(heard.session, heard.actor, URGENT)
    card = blocks.urgent([_line(each) for each in board.top], board.more)
    return Say(card.text, card.blocks)


async def setup_view(heard: Heard) -> Block:
    """The four steps in a modal."""
    return blocks.setup_modal(await first_steps(heard))


@command("", "setup", "The four steps of the first ten minutes")
async def setup(heard: Heard) -> Reply:
    """Open the four steps."""
    staff_only(heard)
    return Open(await setup_view(heard))


@button("urgent.proposal")
async def look_at_proposal(heard: Heard) -> Reply:
    """Show a proposal as `/proposal show` does."""
    staff_only(heard)
    return await COMMANDS["proposal", "show"].run(heard)


@button("setup.new")
async def begin(heard: Heard) -> Reply:
    """Open the form that `/engagement new` opens."""
    staff_only(heard)
    return await COMMANDS["engagement", "new"].run(heard)


@button("setup.link")
async def link(heard: Heard) -> Reply:
    """Explain how a channel that exists is linked."""
    staff_only(heard)
    return Open(blocks.link_help())


@button("home.help")
async def help_button(heard: Heard) -> Reply:
    """Show what can be typed."""
    staff_only(heard)
    return Open(blocks.help_sheet(listener.help_text()))
