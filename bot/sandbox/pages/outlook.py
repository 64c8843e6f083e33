"""What the workspace page is told: Slack's snapshot for one person, the clock, the mails and who else one may be."""

from typing import TYPE_CHECKING, Any

from bot.sandbox.slack import shapes
from bot.sandbox.slack.state import File, Person, World, new_id
from core import clock

if TYPE_CHECKING:
    from bot.sandbox import Sandbox

Json = dict[str, Any]


def person(world: World, by: str, invite: str = "") -> str:
    """Who looks: the one asked for, else the one whom an invitation is for, else the agency's first person."""
    if by in world.people:
        return by
    found = world.invites.get(invite)
    if found is not None:
        for one in world.people.values():
            if one.id == found.user or (found.email and one.email.lower() == found.email.lower()):
                return one.id
    home = world.installation.team_id
    return next(one.id for one in world.people.values() if one.team_id == home and not one.is_bot)


def state(sandbox: "Sandbox", by: str, invite: str) -> Json:
    """The snapshot, with what the page needs beyond it; `invite` is an invitation whose link this browser followed."""
    world = sandbox.slack.world
    seen = sandbox.slack.snapshot(by)
    for channel in seen["channels"]:
        channel["last_read"] = world.channels[channel["id"]].last_read.get(by, "")
    for shape in seen["invites"]:
        shape["mine"] = shape["mine"] or (shape["id"] == invite and not seen["me"]["agency"])
    seen["invites"] += _followed(world, invite, seen)
    mails = [mail.id for mail in sandbox.mail.messages]
    return seen | {"now": clock.now().isoformat(), "everyone": _everyone(world), "mails": mails}


def keep_file(world: World, by: str, name: str, content: bytes) -> Json:
    """A file that was put into a form, and so is in no channel; its shape is what the form's state names."""
    file = File(new_id("F"), name, by, world.people[by].team_id, world.seconds(), content)
    world.files[file.id] = file
    return shapes.file(world, file)


def _followed(world: World, invite: str, seen: Json) -> list[Json]:
    """An invitation whose link was followed by somebody whom it was not addressed to: in Slack, the link is enough."""
    found = world.invites.get(invite)
    if found is None or seen["me"]["agency"] or any(shape["id"] == invite for shape in seen["invites"]):
        return []
    inviter = world.people[found.inviting_user]
    return [
        {
            "id": found.id,
            "channel_name": world.channels[found.channel].name,
            "from_team": world.teams[inviter.team_id].name,
            "by_name": inviter.real_name,
            "to_email": found.email,
            "state": found.state,
            "mine": True,
            "may_approve": False,
        }
    ]


def _everyone(world: World) -> list[Json]:
    """The people of all workspaces, the agency's first: for the switch that says who one is."""
    home = world.installation.team_id
    return [
        {
            "name": team.name,
            "agency": team.id == home,
            "people": [
                {"id": one.id, "real_name": one.real_name, "role": _role(one)}
                for one in world.people.values()
                if one.team_id == team.id and not one.is_bot and not one.deleted
            ],
        }
        for team in sorted(world.teams.values(), key=lambda team: team.id != home)
    ]


def _role(one: Person) -> str:
    """The word beside a name in the switch: only what makes a difference in Slack."""
    if one.is_restricted:
        return "guest"
    return "owner" if one.is_owner else "admin" if one.is_admin else ""
