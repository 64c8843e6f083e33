"""How people, channels, messages, files and views look on the wire, seen from the workspace that installed the app."""

import mimetypes
from pathlib import PurePath
from typing import Any

from bot.sandbox.slack.state import Channel, File, Json, Person, Team, View, World


def user(world: World, person: Person, *, email: bool) -> Json:
    """A user object. Outsiders come as strangers do: their names in the profile only, no e-mail address, no zone."""
    outsider = world.is_outsider(person)
    profile: Json = {
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "first_name": person.real_name.split(" ")[0],
        "last_name": person.real_name.partition(" ")[2],
        "team": person.team_id,
        "status_text": "",
        "status_emoji": "",
    }
    shape: Json = {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "deleted": person.deleted,
        "profile": profile,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": person.updated,
    }
    if person.is_bot:
        profile["api_app_id"], profile["bot_id"] = world.installation.app_id, world.installation.bot_id
    if outsider:
        shape["is_stranger"] = not shares_a_channel(world, person)
        return shape
    if email and person.email:
        profile["email"] = person.email
    if not person.deleted:
        shape |= {
            "real_name": person.real_name,
            "tz": person.tz,
            "tz_label": person.tz,
            "tz_offset": 0,
            "is_admin": person.is_admin,
            "is_owner": person.is_owner,
            "is_primary_owner": person.is_owner,
            "is_restricted": person.is_restricted,
            "is_ultra_restricted": False,
        }
    return shape


def shares_a_channel(world: World, person: Person) -> bool:
    """Whether the installed workspace and this person's meet in any channel."""
    home = world.installation.team_id
    return any(home in one.teams and person.team_id in one.teams for one in world.channels.values())


def person_card(world: World, person: Person) -> Json:
    """The short user object of Slack Connect events; only there is the e-mail address of an outsider told."""
    return {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "updated": person.updated,
        "profile": {
            "real_name": person.real_name,
            "display_name": person.name,
            "real_name_normalized": person.real_name,
            "display_name_normalized": person.name,
            "team": person.team_id,
            "email": person.email,
        },
    }


def team_card(team: Team) -> Json:
    """The short team object of Slack Connect events."""
    return {
        "id": team.id,
        "name": team.name,
        "icon": {"image_default": True},
        "is_verified": False,
        "domain": team.domain,
        "date_created": team.created,
        "requires_sponsorship": False,
    }


def channel(world: World, one: Channel, *, info: bool = False) -> Json:
    """A conversation object; which workspaces are connected is told by conversations.info only."""
    if one.is_im:
        other = next((member for member in one.members if member != world.installation.bot_user), one.members[0])
        return {
            "id": one.id,
            "created": one.created,
            "is_im": True,
            "is_archived": False,
            "user": other,
            "updated": one.created,
        }
    pending = [invite for invite in world.invites.values() if invite.channel == one.id and invite.state == "accepted"]
    shape: Json = {
        "id": one.id,
        "name": one.name,
        "name_normalized": one.name,
        "is_channel": True,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": one.is_private,
        "created": one.created,
        "is_archived": one.is_archived,
        "is_general": one.name == "general",
        "unlinked": 0,
        "creator": one.creator,
        "is_shared": one.is_ext_shared,
        "is_ext_shared": one.is_ext_shared,
        "is_org_shared": False,
        "is_pending_ext_shared": bool(pending),
        "pending_shared": [],
        "pending_connected_team_ids": [invite.target_team for invite in pending],
        "context_team_id": world.installation.team_id,
        "updated": one.created * 1000,
        "parent_conversation": None,
        "is_member": world.installation.bot_user in one.members,
        "topic": {"value": one.topic, "creator": "", "last_set": 0},
        "purpose": {"value": one.purpose, "creator": "", "last_set": 0},
        "previous_names": list(one.previous_names),
    }
    if info and one.is_ext_shared:
        home = world.installation.team_id
        shape |= {
            "conversation_host_id": one.host_team,
            "shared_team_ids": list(one.teams),
            "connected_team_ids": [team for team in one.teams if team != home],
            "internal_team_ids": [home],
        }
    if one.left_teams and not one.is_ext_shared:
        shape["frozen_reason"] = "connection_severed"
    return shape


def bot_profile(world: World) -> Json:
    """The short description of the bot that its messages carry."""
    installed = world.installation
    return {
        "id": installed.bot_id,
        "app_id": installed.app_id,
        "user_id": installed.bot_user,
        "name": world.bot.real_name,
        "icons": {},
        "deleted": False,
        "updated": world.bot.updated,
        "team_id": installed.team_id,
    }


def message(world: World, where: Channel, stored: Json, *, metadata: bool = True, stubs: bool = False) -> Json:
    """A message with what Slack adds on reading: the thread's count, reactions, files (stubs in some events)."""
    shape = {key: value for key, value in stored.items() if key not in ("file_ids", "metadata", "reactions")}
    if metadata and "metadata" in stored:
        shape["metadata"] = stored["metadata"]
    if stored.get("reactions"):
        shape["reactions"] = [
            {**one, "users": list(one["users"]), "count": len(one["users"])} for one in stored["reactions"]
        ]
    if stored.get("file_ids"):
        files = [world.files[one] for one in stored["file_ids"]]
        shape["files"] = [file_stub(one) if stubs else file(world, one) for one in files]
        shape["upload"] = False
    if stored.get("thread_ts") and stored["thread_ts"] != stored["ts"]:
        root = where.messages.get(stored["thread_ts"])
        if root is not None:
            shape["parent_user_id"] = root.get("user", "")
    replies = replies_to(where, stored["ts"])
    if replies:
        shape |= {
            "thread_ts": stored["ts"],
            "reply_count": len(replies),
            "reply_users": list(dict.fromkeys(one["user"] for one in replies)),
            "reply_users_count": len({one["user"] for one in replies}),
            "latest_reply": replies[-1]["ts"],
            "is_locked": False,
        }
    return shape


def replies_to(where: Channel, ts: str) -> list[Json]:
    """The replies in the thread under this message, oldest first."""
    return [where.messages[one] for one in where.threads.get(ts, ())]


def file_stub(one: File) -> Json:
    """What events of Slack Connect channels carry in place of a file: its id, and the advice to call files.info."""
    return {
        "id": one.id,
        "created": one.created,
        "timestamp": one.created,
        "mode": "file_access",
        "file_access": "check_file_info",
    }


def file(world: World, one: File) -> Json:
    """A file object."""
    kind = mimetypes.guess_type(one.name)[0] or "application/octet-stream"
    address = f"/slack/files/{one.id}/{one.name}"
    return {
        "id": one.id,
        "created": one.created,
        "timestamp": one.created,
        "name": one.name,
        "title": one.name,
        "mimetype": kind,
        "filetype": PurePath(one.name).suffix.lstrip(".") or "binary",
        "pretty_type": kind,
        "user": one.user,
        "user_team": one.team_id,
        "editable": False,
        "size": len(one.content),
        "mode": "hosted",
        "is_external": False,
        "is_public": False,
        "public_url_shared": False,
        "url_private": world.base_url() + address,
        "url_private_download": world.base_url() + address,
        "permalink": world.base_url() + address,
        "channels": list(one.channels),
    }


def view(world: World, one: View) -> Json:
    """A view object as the bot sees it, with the state of its inputs."""
    person = world.people[one.user]
    installed = world.installation
    plain: dict[str, Any] = {
        "id": one.id,
        "team_id": person.team_id,
        "type": one.body["type"],
        "blocks": one.body["blocks"],
        "private_metadata": one.body.get("private_metadata", ""),
        "callback_id": one.body.get("callback_id", ""),
        "state": {"values": one.values},
        "hash": one.hash,
        "title": one.body.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
        "clear_on_close": one.body.get("clear_on_close", False),
        "notify_on_close": one.body.get("notify_on_close", False),
        "close": one.body.get("close"),
        "submit": one.body.get("submit"),
        "previous_view_id": one.previous,
        "root_view_id": one.root,
        "app_id": installed.app_id,
        "external_id": one.body.get("external_id", ""),
        "app_installed_team_id": installed.team_id,
        "bot_id": installed.bot_id,
    }
    return plain
