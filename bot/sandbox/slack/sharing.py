"""Slack Connect: invitations sent, accepted, approved or declined, workspaces joined to a channel and cut off again."""

from bot.sandbox.slack import shapes
from bot.sandbox.slack.deeds import Deeds
from bot.sandbox.slack.hub import Hub
from bot.sandbox.slack.state import Channel, Invite, Json, Person, Team, new_id

VALID_SECONDS = 14 * 24 * 3600


def send_invite(hub: Hub, channel: Channel, by: Person, *, email: str, user: str, limited: bool) -> Invite:
    """A new invitation, told by mail with the link that accepts it."""
    world = hub.world
    address = email or world.people[user].email
    invite = Invite(
        new_id("I"),
        channel.id,
        by.id,
        world.seconds(),
        world.seconds() + VALID_SECONDS,
        email=email,
        user=user,
        limited=limited,
    )
    world.invites[invite.id] = invite
    team, link = world.teams[by.team_id], f"{hub.base_url()}/#invite-{invite.id}"
    subject = f"{by.real_name} invited you to work with {team.name} in Slack"
    text = f"{team.name} would like to share the channel #{channel.name} with you.\n\nAccept the invitation: {link}\n"
    text += "\nThe invitation is good for 14 days.\n"
    hub.mail.deliver("Slack (sandbox) <feedback@slack.example>", address, subject, text)
    hub.touch("people")
    return invite


def accept(deeds: Deeds, invite: Invite, by: Person) -> None:
    """Somebody takes the invitation up; it is in force at once unless their workspace wants an admin's approval."""
    hub = deeds.hub
    team = hub.world.teams[by.team_id]
    invite.state, invite.accepted_by, invite.target_team = "accepted", by.id, team.id
    needed = team.approval_required and team.id not in hub.world.channels[invite.channel].teams
    event = {"type": "shared_channel_invite_accepted", "approval_required": needed, **_told(hub, invite)}
    _emit(hub, {**event, "accepting_user": shapes.person_card(hub.world, by)}, invite, by)
    if not needed:
        connect(deeds, invite)


def approve(deeds: Deeds, invite: Invite, by: Person) -> None:
    """An admin of the invited workspace agrees, and the channel is shared."""
    event = {"type": "shared_channel_invite_approved", "approving_team_id": by.team_id, **_told(deeds.hub, invite)}
    event["approving_user"] = shapes.person_card(deeds.hub.world, by)
    _emit(deeds.hub, event, invite, by)
    connect(deeds, invite)


def decline(deeds: Deeds, invite: Invite, by: Person) -> None:
    """Somebody says no."""
    invite.state, invite.target_team = "declined", by.team_id
    event = {"type": "shared_channel_invite_declined", "declining_team_id": by.team_id, **_told(deeds.hub, invite)}
    event["declining_user"] = shapes.person_card(deeds.hub.world, by)
    _emit(deeds.hub, event, invite, by)


def connect(deeds: Deeds, invite: Invite) -> None:
    """The workspace joins the channel, and the one who accepted comes in."""
    hub, world = deeds.hub, deeds.hub.world
    channel, person = world.channels[invite.channel], world.people[invite.accepted_by]
    invite.state = "approved"
    if person.team_id not in channel.teams:
        channel.teams.append(person.team_id)
        if invite.limited:
            channel.limited_teams.append(person.team_id)
        told = {"type": "channel_shared", "connected_team_id": person.team_id, "channel": channel.id}
        hub.emit({**told, "event_ts": world.ts()}, channel=channel)
    hub.touch("channel", channel.id)
    if person.id not in channel.members:
        deeds.join(channel, person, inviter=world.people[invite.inviting_user])


def disconnect(deeds: Deeds, channel: Channel, team: Team) -> None:
    """A workspace is cut off from a channel: its people are out, what was said stays with the host."""
    hub = deeds.hub
    channel.teams.remove(team.id)
    channel.left_teams.append(team.id)
    channel.limited_teams = [one for one in channel.limited_teams if one != team.id]
    channel.members = [one for one in channel.members if hub.world.people[one].team_id != team.id]
    event = {
        "type": "channel_unshared",
        "previously_connected_team_id": team.id,
        "channel": channel.id,
        "is_ext_shared": channel.is_ext_shared,
        "event_ts": hub.world.ts(),
    }
    hub.emit(event, channel=channel)
    hub.touch("channel", channel.id)


def _told(hub: Hub, invite: Invite) -> Json:
    world = hub.world
    channel, inviter = world.channels[invite.channel], world.people[invite.inviting_user]
    shape: Json = {
        "id": invite.id,
        "date_created": invite.created,
        "date_invalid": invite.expires,
        "inviting_team": shapes.team_card(world.teams[inviter.team_id]),
        "inviting_user": shapes.person_card(world, inviter),
    }
    if invite.email:
        shape["recipient_email"] = invite.email
    if invite.user:
        shape["recipient_user_id"] = invite.user
    about = {"id": channel.id, "is_private": channel.is_private, "is_im": False, "name": channel.name}
    teams = [shapes.team_card(world.teams[one]) for one in channel.teams]
    return {"invite": shape, "channel": about, "teams_in_channel": teams, "event_ts": world.ts()}


def _emit(hub: Hub, event: Json, invite: Invite, by: Person) -> None:
    hub.touch("people")
    hub.emit(event, actor=by)
