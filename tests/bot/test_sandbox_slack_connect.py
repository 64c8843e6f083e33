"""Slack Connect in the sandbox: invitations, whose team id is in which payload, and what outsiders cannot do."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.slack import NotPossible, NotSeen
from tests.bot.sandbox_bot import Received, Stage, actions, button, field_of, modal, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as made:
        yield made


def teams(stage: Stage) -> tuple[str, str]:
    """The installed workspace's id and Northwind's."""
    return stage.slack.world.installation.team_id, stage.slack.person("clara").team_id


async def test_from_the_invitation_to_the_connection(stage: Stage) -> None:
    where = await stage.channel()
    sent = await stage.ok("conversations.inviteShared", channel=where, emails=["clara@northwind.example"])
    to, subject, text = stage.mail.sent[0]
    assert to == "clara@northwind.example" and "Studio Ada" in subject
    assert f"{stage.url}/#invite-{sent['invite_id']}" in text
    assert stage.slack.snapshot("clara")["invites"][0]["mine"]
    with pytest.raises(NotSeen):
        await stage.slack.says("Hello?", "clara", where)
    await stage.slack.accepts(text.split("Accept the invitation: ")[1].split("\n")[0], by="clara")
    assert stage.slack.snapshot("clara")["invites"][0]["may_approve"]
    pending = (await stage.ok("conversations.info", channel=where))["channel"]
    assert pending["is_pending_ext_shared"] and not pending["is_ext_shared"]
    with pytest.raises(NotPossible, match="Only an admin"):
        await stage.slack.approves(sent["invite_id"], by="dana")
    await stage.slack.approves(sent["invite_id"], by="clara")
    await stage.slack.settled()
    accepted = stage.bot.events("shared_channel_invite_accepted")[0]
    assert accepted["approval_required"] and accepted["accepting_user"]["profile"]["email"] == "clara@northwind.example"
    assert accepted["invite"]["recipient_email"] == "clara@northwind.example" and accepted["channel"]["id"] == where
    home, northwind = teams(stage)
    assert stage.bot.events("shared_channel_invite_approved")[0]["approving_team_id"] == northwind
    assert stage.bot.events("channel_shared")[0]["connected_team_id"] == northwind
    joined = stage.bot.events("member_joined_channel")[-1]
    assert (joined["user"], joined["team"]) == (stage.id("clara"), northwind)
    info = (await stage.ok("conversations.info", channel=where))["channel"]
    assert info["is_ext_shared"] and info["connected_team_ids"] == [northwind]
    listed = (await stage.ok("conversations.list", types="private_channel"))["channels"][0]
    assert "connected_team_ids" not in listed and listed["is_ext_shared"]
    with pytest.raises(NotPossible, match="already been used"):
        await stage.slack.accepts(sent["invite_id"], by="clara")
    assert home in info["shared_team_ids"]


async def test_workspaces_without_approval_and_with_a_no(stage: Stage) -> None:
    where = await stage.channel()
    await stage.ok("conversations.inviteShared", channel=where, emails="gus@globex.example")
    await stage.slack.accepts("gus@globex.example", by="gus")
    assert stage.id("gus") in (await stage.ok("conversations.members", channel=where))["members"]
    await stage.ok("conversations.inviteShared", channel=where, user_ids=[stage.id("dana")])
    assert stage.mail.sent[-1][0] == "dana@northwind.example"
    await stage.slack.declines(stage.id("dana"), by="dana")
    await stage.slack.settled()
    assert stage.bot.events("shared_channel_invite_accepted")[0]["approval_required"] is False
    declined = stage.bot.events("shared_channel_invite_declined")[0]
    assert declined["declining_user"]["id"] == stage.id("dana")
    assert declined["invite"]["recipient_user_id"] == stage.id("dana")


async def test_refusals_of_invite_shared(stage: Stage) -> None:
    where = await stage.channel()
    assert await stage.error("conversations.inviteShared", channel=where) == "recipients_not_specified"
    two = ["a@b.example", "c@d.example"]
    assert await stage.error("conversations.inviteShared", channel=where, emails=two) == "too_many_emails"
    assert await stage.error("conversations.inviteShared", channel=where, emails=["no"]) == "invalid_email"
    assert await stage.error("conversations.inviteShared", channel=where, user_ids=["U404"]) == "user_not_found"
    general = stage.slack.find_channel("#general", stage.slack.person("ada")).id
    assert await stage.error("conversations.inviteShared", channel=general, emails=two[:1]) == "not_in_channel"


async def test_invitations_expire(stage: Stage, moved_clock: Path) -> None:
    where = await stage.channel()
    sent = await stage.ok("conversations.inviteShared", channel=where, emails=["gus@globex.example"])
    moved_clock.write_text(str(15 * 86_400))
    with pytest.raises(NotPossible, match="expired"):
        await stage.slack.accepts(sent["invite_id"], by="gus")


async def test_whose_team_is_in_which_payload(stage: Stage) -> None:
    where = await stage.shared()
    home, northwind = teams(stage)
    await stage.post(where, actions(button("Open")))
    form = modal(field_of("Name", {"type": "plain_text_input", "action_id": "name"}), notify_on_close=True)

    async def answer(received: Received) -> None:
        if received.path == "/slack/actions" and received.body["type"] == "block_actions":
            await stage.ok("views.open", trigger_id=received.body["trigger_id"], view=form)

    stage.bot.answer = answer
    await stage.slack.says("Hello @throughline", "clara", where)
    await stage.slack.settled()
    for body in [one.body for one in stage.bot.received if one.body["event"].get("user") == stage.id("clara")]:
        assert body["team_id"] == body["context_team_id"] == northwind
        assert body["authorizations"][0]["team_id"] == home and body["is_ext_shared_channel"]
        assert body["event"]["user_team"] == body["event"]["team"] == northwind
    assert stage.bot.events("app_mention")
    assert (await stage.slack.press("Open", by="clara")).modal is not None
    pressed = stage.bot.interactions("block_actions")[0]
    assert pressed["team"]["id"] == home and pressed["user"]["team_id"] == northwind
    await stage.slack.submit({"Name": "Clara Chen"}, by="clara")
    sent = stage.bot.interactions("view_submission")[0]
    assert sent["team"]["id"] == sent["user"]["team_id"] == northwind
    assert sent["view"]["app_installed_team_id"] == home and sent["view"]["team_id"] == northwind
    await stage.slack.press("Open", by="clara")
    await stage.slack.close("clara")
    assert stage.bot.interactions("view_closed")[0]["team"]["id"] == northwind


async def test_what_outsiders_cannot_do(stage: Stage) -> None:
    where = await stage.shared()
    ts = await stage.slack.says("Hello", "clara", where)
    with pytest.raises(NotPossible, match="not a valid command"):
        await stage.slack.command("/proposal", "clara", where)
    with pytest.raises(NotPossible, match="not installed in Northwind"):
        await stage.slack.shortcut("message.throughline", "clara", where, ts)
    with pytest.raises(NotPossible, match="not installed in Northwind"):
        await stage.slack.opens_home("clara")
    view = {"type": "home", "blocks": [actions(button("Secret"))]}
    await stage.ok("views.publish", user_id=stage.id("clara"), view=view)
    assert stage.slack.home("clara") is None
    with pytest.raises(NotSeen):
        await stage.slack.press("Secret", by="clara")


async def test_files_are_stubs_in_events_of_shared_channels(stage: Stage) -> None:
    inside, where = await stage.channel("inside"), await stage.shared()
    await stage.slack.uploads("ada", inside, "notes.txt", "Notes")
    await stage.slack.uploads("clara", where, "logo.svg", "<svg/>", text="Our logo")
    await stage.slack.settled()
    own, stub = (one["files"][0] for one in stage.bot.events("message", "file_share"))
    assert own["name"] == "notes.txt"
    assert stub["mode"] == "file_access" and stub["file_access"] == "check_file_info" and "name" not in stub
    whole = (await stage.ok("files.info", file=stub["id"]))["file"]
    assert whole["name"] == "logo.svg" and whole["mimetype"] == "image/svg+xml"
    assert (await stage.ok("conversations.history", channel=where, limit=1))["messages"][0]["files"][0][
        "name"
    ] == "logo.svg"
    right = {"Authorization": "Bearer xoxb-sandbox-bot-token"}
    async with stage.http.get(whole["url_private"], headers=right) as got:
        assert await got.read() == b"<svg/>"
    async with stage.http.get(whole["url_private"]) as got:
        assert got.content_type == "text/html" and b"svg" not in await got.read()
    assert await stage.error("files.info", file="F404") == "file_not_found"


async def test_post_only_outsiders(stage: Stage) -> None:
    where = await stage.shared(limited=True)
    with pytest.raises(NotPossible, match="allowed to add people"):
        await stage.slack.invites("clara", "dana", where)
    await stage.slack.joins("dana", where)
    await stage.post(where, actions(button("Open")))
    assert (await stage.slack.press("Open", by="clara")).ok
    stage.slack.faults.restrict_outsiders()
    with pytest.raises(NotPossible, match="can’t use apps"):
        await stage.slack.press("Open", by="clara")
    await stage.slack.says("I can still write", "clara", where)
    assert (await stage.slack.press("Open", by="ada")).ok
    stage.slack.faults.restrict_outsiders(may_press=True)
    assert (await stage.slack.press("Open", by="clara")).ok
    stage.slack.faults.restrict_outsiders()
    stage.slack.faults.clear()
    assert (await stage.slack.press("Open", by="clara")).ok


async def test_coming_and_going(stage: Stage) -> None:
    where = await stage.shared()
    await stage.slack.invites("clara", "luis", where)
    with pytest.raises(NotPossible, match="works elsewhere"):
        await stage.slack.invites("ada", "gus", where)
    with pytest.raises(NotSeen):
        await stage.slack.joins("ben", where)
    await stage.slack.leaves("luis", where)
    await stage.slack.deactivates("dana")
    await stage.slack.deactivates("clara")
    await stage.slack.removes("ada", "throughline", where)
    await stage.slack.settled()
    assert stage.bot.events("member_left_channel")[0]["user"] == stage.id("luis")
    gone = [one["user"] for one in stage.bot.events("user_change")]
    assert [one["id"] for one in gone] == [stage.id("dana"), stage.id("clara")]
    assert all(one["deleted"] for one in gone)
    assert stage.bot.events("group_left")[0]["channel"] == where
    assert await stage.error("chat.postMessage", channel=where, text="Hi") == "channel_not_found"


async def test_a_workspace_is_cut_off(stage: Stage) -> None:
    where = await stage.shared()
    await stage.slack.says("Before", "clara", where)
    await stage.slack.disconnects(where, "Northwind")
    await stage.slack.settled()
    told = stage.bot.events("channel_unshared")[0]
    assert told["previously_connected_team_id"] == teams(stage)[1] and told["is_ext_shared"] is False
    info = (await stage.ok("conversations.info", channel=where))["channel"]
    assert info["frozen_reason"] == "connection_severed" and not info["is_ext_shared"]
    with pytest.raises(NotSeen):
        await stage.slack.says("Still here?", "clara", where)
    await stage.slack.makes_public("ada", where)
    await stage.slack.settled()
    assert stage.bot.events("message", "channel_convert_to_public")[0]["channel_type"] == "channel"
    await stage.slack.makes_private("ada", where)
    await stage.slack.archives("ada", where)
    await stage.slack.unarchives("ada", where)
    await stage.slack.settled()
    assert stage.bot.events("group_archive") and stage.bot.events("group_unarchive")
