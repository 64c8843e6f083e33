"""Who is in a channel: conversations.members, .invite, .kick, .leave, .open, and invitations to other workspaces."""

import re

from bot.sandbox.slack import shapes
from bot.sandbox.slack.api.channels import MANAGE, READ, manage, read
from bot.sandbox.slack.api.method import Call, method
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.sharing import send_invite
from bot.sandbox.slack.state import Channel, Json


@method("conversations.members", *READ, tier="4", required=("channel",))
def members(call: Call) -> Json:
    """The ids of the people in a channel."""
    channel = call.channel()
    read(call, channel)
    page, metadata = call.page(list(channel.members), call.number("limit", 100, 1000))
    return {"members": page, "response_metadata": metadata}


@method(
    "conversations.invite",
    *MANAGE,
    "channels:write.invites",
    "groups:write.invites",
    tier="3",
    required=("channel", "users"),
)
def invite(call: Call) -> Json:
    """Bring people in who belong to a workspace of this channel. All or, without `force`, none."""
    channel = call.own_channel()
    if channel.is_archived:
        raise SlackError("is_archived")
    if channel.is_private:
        call.need_scope("groups:write", "groups:write.invites")
    else:
        call.need_scope("channels:manage", "channels:write.invites")
    users = call.args["users"]
    ids = list(users) if isinstance(users, list) else [one.strip() for one in str(users).split(",") if one.strip()]
    if len(ids) > 100:
        raise SlackError("too_many_users")
    problems = [(one, problem) for one in ids if (problem := _refusal(call, channel, one))]
    if problems and not call.flag("force"):
        errors = [{"user": user, "ok": False, "error": problem} for user, problem in problems]
        raise SlackError(problems[0][1], errors=errors)
    for one in ids:
        if one not in dict(problems):
            call.deeds.join(channel, call.person(one), inviter=call.bot)
    return {"channel": shapes.channel(call.world, channel)}


def _refusal(call: Call, channel: Channel, user_id: str) -> str:
    person = call.world.people.get(user_id)
    if person is None or person.deleted:
        return "user_not_found"
    if user_id == call.bot.id:
        return "cant_invite_self"
    if user_id in channel.members:
        return "already_in_channel"
    if person.team_id not in channel.teams:
        return "user_team_not_in_channel"
    return ""


@method("conversations.kick", *MANAGE, tier="3", required=("channel", "user"))
def kick(call: Call) -> Json:
    """Take somebody out."""
    channel = call.own_channel()
    manage(call, channel)
    if call.text("user") == call.bot.id:
        raise SlackError("cant_kick_self")
    if call.text("user") not in channel.members:
        raise SlackError("not_in_channel")
    if channel.name == "general":
        raise SlackError("cant_kick_from_general")
    call.deeds.leave(channel, call.world.people[call.text("user")], actor=call.bot)
    return {"errors": {}}


@method("conversations.leave", *MANAGE, tier="3", required=("channel",))
def leave(call: Call) -> Json:
    """Go. Answers `not_in_channel: true` rather than an error when the bot is not there."""
    channel = call.channel()
    manage(call, channel)
    if call.bot.id not in channel.members:
        return {"not_in_channel": True}
    if channel.name == "general":
        raise SlackError("cant_leave_general")
    call.deeds.leave(channel, call.bot)
    return {}


@method("conversations.join", "channels:join", tier="3", required=("channel",))
def join(call: Call) -> Json:
    """Come into a public channel."""
    channel = call.channel()
    if channel.is_private:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    if call.bot.id not in channel.members:
        call.deeds.join(channel, call.bot)
    return {"channel": shapes.channel(call.world, channel)}


@method("conversations.open", "im:write", "mpim:write", tier="3")
def open_(call: Call) -> Json:
    """The direct message with one person."""
    users = [one.strip() for one in call.text("users").split(",") if one.strip()]
    if call.text("channel"):
        return {"channel": {"id": call.channel().id}}
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > 1:
        raise SlackError("not_enough_users" if len(set(users)) == 1 else "method_not_supported_for_channel_type")
    channel = call.world.im_between(call.bot.id, call.person(users[0]).id)
    return {"channel": {"id": channel.id}, "no_op": False, "already_open": False}


@method("conversations.inviteShared", "conversations.connect:write", tier="2", required=("channel",))
def invite_shared(call: Call) -> Json:
    """Invite one person of another workspace, by e-mail or id; they may only post unless said otherwise."""
    channel = call.own_channel()
    emails, users = _listed(call, "emails"), _listed(call, "user_ids")
    if channel.is_archived:
        raise SlackError("is_archived")
    if channel.host_team != call.world.installation.team_id:
        raise SlackError("not_owner")
    if not emails and not users:
        raise SlackError("recipients_not_specified")
    if len(emails) + len(users) > 1:
        raise SlackError("too_many_emails" if len(emails) > 1 else "too_many_users")
    email, user = (emails or [""])[0], (users or [""])[0]
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise SlackError("invalid_email")
    if user:
        person = call.world.people.get(user)
        if person is None:
            raise SlackError("user_not_found")
        if not call.world.is_outsider(person):
            raise SlackError("invalid_user_id")
    if email and any(one.email == email and not call.world.is_outsider(one) for one in call.world.people.values()):
        raise SlackError("user_is_already_in_team")
    limited = call.flag("external_limited", default=True)
    sent = send_invite(call.hub, channel, call.bot, email=email, user=user, limited=limited)
    url = f"{call.hub.base_url()}/#invite-{sent.id}"
    return {"invite_id": sent.id, "conf_code": sent.id, "url": url, "is_legacy_shared_channel": False}


def _listed(call: Call, name: str) -> list[str]:
    value = call.args.get(name)
    if isinstance(value, list):
        return [str(one) for one in value]
    raw = str(value or "").strip()
    if raw.startswith("["):
        return [str(one) for one in call.structure(name)]
    return [one.strip() for one in raw.split(",") if one.strip()]
