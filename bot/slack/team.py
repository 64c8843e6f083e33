"""The team and their roles: `/tl team`, `/tl team role @who Role`, `/tl team new @guest Role`."""

import re

from bot.blocks import house as blocks
from bot.blocks import kit
from bot.slack import home
from bot.slack.listener import Heard, button, command, form
from bot.slack.replies import Errors, Open, Reply, Say, Update
from core import access, house
from core.access import Can
from core.errors import Conflict
from core.people import User

MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")


async def _sheet(heard: Heard, back: str = "") -> kit.Block:
    people = await house.team(heard.session, heard.actor)
    owner = access.allowed(heard.actor, Can.TEAM_MANAGE)
    return blocks.team(
        [
            blocks.Person(str(one.user_id), one.name, one.slack_user_id, one.role, one.sends, one.bills)
            for one in people
        ],
        [blocks.Guest(one.slack_user_id, one.name) for one in await house.guests(heard.session, heard.actor)],
        owner,
        "people" not in heard.house.setting("steps_done"),
        back,
    )


async def _offered(heard: Heard) -> list[blocks.Offered]:
    said = {
        "Owner": "Everything, and the team and settings",
        "Manager": "Sends and moves money",
        "Member": "Sends; moves no money",
    }
    return [blocks.Offered(role.name, said.get(role.name, "")) for role in await house.roles(heard.session)]


def _back(heard: Heard) -> str:
    """ "setup" where the open modal is that of the four steps, or was opened from it; it leads back there."""
    view = heard.view if heard.view is not None and heard.view.get("type") == "modal" else {}
    return "setup" if "setup" in (view.get("callback_id"), view.get("private_metadata")) else ""


@command("team", "", "People and roles")
@button("team.open")
async def team(heard: Heard) -> Reply:
    """Open the team with their roles."""
    home.staff_only(heard)
    return home.shown(heard, await _sheet(heard, _back(heard)))


@button("team.settle")
async def settle(heard: Heard) -> Reply:
    """Call the second of the first steps done."""
    await house.settle(heard.session, heard.actor, "people")
    await home.refresh(heard)
    return Update(await home.setup_view(heard) if heard.value == "setup" else await _sheet(heard))


@command("team", "role", "Give somebody another role", hint="@who Role")
async def role(heard: Heard) -> Reply:
    """Give a role at once where the words say whom and which, else by a form."""
    access.demand(heard.actor, Can.TEAM_MANAGE)
    account, words = _named(heard.words)
    if account and words:
        return await _given(heard, await house.of_account(heard.session, heard.actor, account), words)
    if account:
        user = await house.of_account(heard.session, heard.actor, account)
        return Open(blocks.role_form("team.role", await _offered(heard), name=user.name, private=str(user.id)))
    if words:
        return Say(
            kit.md("Whom do you mean? Write it like `/tl team role @Ben {role}`.", role=words.split()[-1].capitalize())
        )
    return Open(blocks.role_form("team.role", await _offered(heard)))


@command("team", "new", "Put a guest of your workspace on the team", hint="@guest Role")
async def new(heard: Heard) -> Reply:
    """Make a guest one of the team, at once or by a form."""
    access.demand(heard.actor, Can.TEAM_MANAGE)
    account, words = _named(heard.words)
    if account and words:
        return _said(await house.welcome(heard.session, heard.actor, account, words), words)
    return Open(blocks.role_form("team.new", await _offered(heard), account=account))


def _named(words: str) -> tuple[str, str]:
    """The Slack account that the words mention, and what is left of them, which is a role."""
    match = MENTION.search(words)
    rest = MENTION.sub(" ", words).strip()
    return (match[1] if match else ""), " ".join(rest.split())


async def _given(heard: Heard, user: User, wanted: str) -> Reply:
    changed = await house.give_role(heard.session, heard.actor, user.id, wanted)
    await home.refresh(heard)
    return _said(changed, wanted)


def _said(user: User, wanted: str) -> Say:
    return Say(kit.md("{name} is {role} now.", name=user.name, role=wanted.strip().capitalize()), title="Team")


@button("team.role")
async def role_button(heard: Heard) -> Reply:
    """Ask which role somebody of the team shall have."""
    access.demand(heard.actor, Can.TEAM_MANAGE)
    known = {str(one.user_id): one for one in await house.team(heard.session, heard.actor)}
    one = known.get(heard.value)
    if one is None:
        return Say("They are not on the team any more.", title="Team")
    return home.shown(
        heard,
        blocks.role_form(
            "team.role",
            await _offered(heard),
            name=one.name,
            role=one.role,
            private=f"{heard.value} {_back(heard)}".strip(),
        ),
    )


@button("team.new")
async def new_button(heard: Heard) -> Reply:
    """Ask which role a guest shall have."""
    access.demand(heard.actor, Can.TEAM_MANAGE)
    return home.shown(
        heard, blocks.role_form("team.new", await _offered(heard), account=heard.value, private=_back(heard))
    )


@form("team.role")
async def role_given(heard: Heard) -> Reply:
    """Give the role that the form names."""
    known, _, back = heard.value.partition(" ")
    user_id = known or str((await house.of_account(heard.session, heard.actor, heard.form.text("who"))).id)
    try:
        await house.give_role(heard.session, heard.actor, user_id, heard.form.text("role"))
    except Conflict as refused:  # said beside the choice, so that another one can be made at once
        return Errors({"role": refused.sentence})
    return await _after(heard, back)


@form("team.new")
async def welcomed(heard: Heard) -> Reply:
    """Put the guest on the team."""
    await house.welcome(heard.session, heard.actor, heard.form.text("who"), heard.form.text("role"))
    return await _after(heard, heard.value)


async def _after(heard: Heard, back: str) -> Reply:
    await home.refresh(heard)
    return Update(await _sheet(heard, back))
