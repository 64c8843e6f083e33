"""Conversations as staff control them: the control card, notes beneath it, replies to the client, and the warning in time."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.conversations import Message
from core.posts import Post
from tests.stories.scene import CLIENT, STAFF, Scene


@pytest.fixture(autouse=True)
async def tuesday_morning(scene: Scene) -> None:
    """Half past nine on a working day, in the agency's zone or in any near it; Ben has come into the staff channel."""
    now = datetime.now(UTC)
    then = (now + timedelta(days=(1 - now.weekday()) % 7 or 7)).replace(hour=9, minute=30, second=0)
    clock.move((then - now).total_seconds())
    await scene.slack.invites("ada", "ben", STAFF)
    await scene.settled()


def controls(scene: Scene, by: str = "ada") -> list[tuple[str, str]]:
    """The control cards: the ts of each, and what it shows."""
    seen = [(one["ts"], scene.words([one])) for one in scene.slack.messages(STAFF, by)]
    return [(ts, shown) for ts, shown in seen if "Reply to client" in shown or "is part of" in shown]


async def says(scene: Scene, text: str, by: str = "clara", under: str | None = None, channel: str = CLIENT) -> str:
    ts = await scene.slack.says(text, by=by, channel=channel, thread=under)
    await scene.settled()
    return ts


def control(scene: Scene, topic: str) -> tuple[str, str]:
    """The one control card that names this topic."""
    [card] = [one for one in controls(scene) if topic in one[1]]
    return card


async def test_taking_it_opens_the_control_card_and_the_client_sees_eyes(scene: Scene) -> None:
    asked = await says(scene, "Could we see the logo in blue?")
    assert not controls(scene), "not for everything"
    await scene.slack.command("/conversation take", by="ben", channel=STAFF)
    await scene.settled()
    card, shown = control(scene, "Could we see the logo in blue?")
    assert "Waiting on us" in shown and "Ben sees to it" in shown and "Clara: “Could we see the logo in blue?”" in shown
    assert "Open the thread" in shown and f"{asked}" in shown
    assert "Ben sees to" in scene.words(scene.slack.messages(STAFF, "ada", card)[1:]), "news stands under the card"
    [message] = [one for one in scene.slack.messages(CLIENT, "clara") if one["ts"] == asked]
    assert [one["name"] for one in message["reactions"]] == ["eyes"]
    assert "🔒" not in scene.seen(CLIENT, "clara") and "Ben sees to" not in scene.seen(CLIENT, "clara")
    await says(scene, "Or in green?", under=asked)
    card_again, shown = control(scene, "Could we see the logo in blue?")
    assert card_again == card and "Clara: “Or in green?”" in shown, "updated in place"
    await says(scene, "Blue it is", "ada", asked)
    assert "Waiting on Northwind" in control(scene, "Could we see")[1]
    await scene.slack.command("/conversation resolve", by="ben", channel=STAFF)
    await scene.settled()
    assert "Resolved" in control(scene, "Could we see")[1]
    assert len(await scene.posts("conversation.control")) == 1


async def test_notes_stay_under_the_card_and_replies_go_to_the_clients_thread(scene: Scene) -> None:
    asked = await says(scene, "Could we see the logo in blue?")
    await scene.slack.shortcut("message.note", by="ada", channel=CLIENT, ts=asked)
    await scene.slack.submit({"Note": "They pay late"}, by="ada")
    await scene.settled()
    card, shown = control(scene, "Could we see the logo")
    assert "I'll take this" in shown
    assert "They pay late" in scene.words(scene.slack.messages(STAFF, "ada", card))
    await says(scene, "Two weeks, last time", "ben", card, STAFF)
    await scene.press("Reply to client", by="ben", channel=STAFF)
    form = scene.modal("ben")
    assert "Posts as Ben in" in form and "from other companies" in form and "Could we see the logo" in form
    await scene.slack.submit({"Your reply": "On Friday, <both> & in green."}, by="ben")
    await scene.settled()
    thread = scene.slack.messages(CLIENT, "clara", asked)
    assert "Ben: On Friday" in thread[-1]["text"] and len(thread) == 2
    for words in ("They pay late", "Two weeks", "🔒"):
        assert words not in scene.seen(CLIENT, "clara")
    [conversation] = await scene.conversations()
    assert conversation.status == "waiting_client"
    async with scene.database() as (session, _):
        query = select(Message).where(Message.conversation_id == conversation.id).order_by(Message.sent_at)
        kept = [
            (one.author_name.split()[0], one.text, one.staff_only) for one in (await session.execute(query)).scalars()
        ]
        echoes = (await session.execute(select(Message).where(Message.text.contains("On Friday")))).scalars().all()
    assert kept == [
        ("Clara", "Could we see the logo in blue?", False),
        ("Ada", "They pay late", True),
        ("Ben", "Two weeks, last time", True),
        ("Ben", "On Friday, <both> & in green.", False),
    ]
    assert len(echoes) == 1, "its echo is not another message"
    assert "Waiting on Northwind" in control(scene, "Could we see")[1]


async def test_a_reply_whose_answer_was_lost_stands_once(scene: Scene) -> None:
    await says(scene, "Could we see the logo in blue?")
    await scene.slack.command("/conversation take", by="ben", channel=STAFF)
    await scene.settled()
    await scene.press("Reply to client", by="ben", channel=STAFF)
    scene.faults.lose("chat.postMessage", after=True)
    await scene.slack.submit({"Your reply": "On Friday."}, by="ben")
    await scene.calm()
    assert scene.seen(CLIENT, "clara").count("On Friday.") == 1 + scene.seen(CLIENT, "clara").count("*Ben:* On Friday.")
    async with scene.database() as (session, _):
        said = (await session.execute(select(Message).where(Message.text.contains("On Friday")))).scalars().all()
    assert [(one.text, one.side) for one in said] == [("On Friday.", "staff")]


async def test_staff_are_warned_before_a_target_is_missed_once_over_a_restart(scene: Scene) -> None:
    await says(scene, "Could we see the logo in blue?")
    assert not controls(scene)
    clock.move(2 * 3600)
    await scene.settled()
    assert not controls(scene), "there is time yet"
    clock.move(4 * 3600)
    await scene.calm()
    card, shown = control(scene, "Could we see the logo")
    under = scene.words(scene.slack.messages(STAFF, "ada", card)[1:])
    assert "first answer by" in shown and "the first answer is due by" in under
    assert scene.id("ada") in under, "who runs the engagement is called, as nobody has taken it"
    clock.move(24 * 3600)
    await scene.calm()
    assert scene.words(scene.slack.messages(STAFF, "ada", card)).count("is due by") == under.count("is due by")
    assert "due by" not in scene.seen(CLIENT, "clara")


async def test_what_is_answered_in_time_brings_no_card(scene: Scene) -> None:
    asked = await says(scene, "Could we see the logo in blue?")
    await says(scene, "On Friday.", "ada", asked)
    clock.move(30 * 3600)
    await scene.calm()
    assert not controls(scene)


async def test_filing_a_message_elsewhere_from_the_shortcut(scene: Scene) -> None:
    logo = await says(scene, "Could we see the logo in blue?")
    clock.move(600)
    again = await says(scene, "And the letterhead too?")
    assert len(await scene.conversations()) == 2
    await scene.slack.shortcut("message.throughline", by="ada", channel=CLIENT, ts=again)
    await scene.opened("ada")
    await scene.press("File it elsewhere", by="ada")
    await scene.opened("ada")
    assert "Could we see the logo" in scene.modal("ada")
    await scene.press("File here", by="ada")
    [only] = await scene.conversations()
    assert only.topic == "Could we see the logo in blue?" and only.thread_ts == logo
    await says(scene, "In A4", under=again)
    assert len(await scene.conversations()) == 1


async def test_splitting_merging_and_giving_by_command(scene: Scene) -> None:
    logo = await says(scene, "Could we see the logo in blue?")
    await says(scene, "Also: who pays the photographer?", under=logo)
    await scene.slack.command("/conversation split", by="ada", channel=STAFF)
    await scene.opened("ada")
    await scene.slack.press("Split off", by="ada")
    await scene.settled()
    await scene.shut("ada")
    topics = [topic for topic, _ in await scene.topics()]
    assert sorted(topics) == ["Also: who pays the photographer?", "Could we see the logo in blue?"]
    ack = await scene.slack.command(f"/conversation assign photographer <@{scene.id('ben')}>", by="ada", channel=STAFF)
    await scene.settled()
    assert "is with Ben now" in scene.words([ack.message or {}])
    card, _ = control(scene, "photographer")
    assert f"<@{scene.id('ben')}>" in scene.words(scene.slack.messages(STAFF, "ada", card)[1:])
    await scene.slack.command("/conversation merge photographer", by="ada", channel=STAFF)
    await scene.opened("ada")
    await scene.press("File here", by="ada")
    assert [topic for topic, _ in await scene.topics()] == ["Could we see the logo in blue?"]
    _, shown = control(scene, "photographer")
    assert "is part of “Could we see the logo in blue?” now" in shown


async def test_nothing_is_posted_for_staff_while_outsiders_read_there(scene: Scene) -> None:
    await says(scene, "Could we see the logo in blue?")
    async with scene.database() as (session, actor):
        (await scene.engagement(session, actor)).exposed_at = clock.now()
    await scene.slack.command("/conversation take", by="ben", channel=STAFF)
    await scene.settled()
    assert not controls(scene)
    async with scene.database() as (session, _):
        cards = (await session.execute(select(Post).where(Post.purpose == "conversation.control"))).scalars().all()
    assert [one for one in cards if one.reference] == []
