"""A client who is not in Slack: letters come, the answer joins the record and the channel, and what staff say there is mailed."""

import aiohttp
import pytest
from sqlalchemy import select

from bot.sandbox.mailbox import Mail
from core import clock
from core.conversations import Attachment, Message
from core.mails import Mail as Incoming
from tests.stories.scene import CLIENT, STAFF, Scene


@pytest.fixture
async def letter(scene: Scene) -> Mail:
    """Clara has left the channel; Ada asks something, and Clara gets it by mail."""
    await scene.slack.leaves("clara", CLIENT)
    await scene.settled()
    await scene.slack.command("/conversation start Which blue for the logo?", by="ada", channel=STAFF)
    await scene.settled()
    return scene.here.sandbox.mail.latest("clara", "Which blue")


async def mailed(scene: Scene) -> list[Message]:
    return [one for one in await scene.kept() if one.source == "mail"]


async def test_an_answer_by_mail_joins_and_what_staff_say_is_mailed_back(scene: Scene, letter: Mail) -> None:
    box = scene.here.sandbox.mail
    assert "Reply to this mail" in letter.text and letter.answer_to().startswith("reply+")
    assert "@studioada.example>" in letter.headers["Message-ID"]
    assert await box.replies(letter, "The dark one.\n\nSee attached.", files=[("blue.txt", b"dark")]) == 200
    await scene.settled()
    [message] = await mailed(scene)
    assert message.raw and message.raw["mail"]["subject"] == f"Re: {letter.subject}"
    assert message.text == "The dark one.\n\nSee attached." and message.author_name == "Clara Chen"
    assert message.raw and "> Hello Clara," in message.raw["mail"]["text"], "the whole is kept"
    async with scene.database() as (session, _):
        [file] = (await session.execute(select(Attachment).where(Attachment.message_id == message.id))).scalars()
    assert file.name == "blue.txt" and file.sha256 and not file.trouble
    [card] = scene.cards("by mail:")
    assert "Clara" in scene.words([card]) and "The dark one." in scene.words([card])
    [talk] = await scene.conversations()
    assert card["thread_ts"] == talk.thread_ts and talk.status == "waiting_us"
    echoes = [one for one in await scene.kept() if "The dark one" in one.text]
    assert len(echoes) == 1, "its echo is not another message"

    await scene.slack.invites("ada", "ben", CLIENT)
    await scene.slack.says("*Dark* it is & done.", by="ada", channel=CLIENT, thread=talk.thread_ts)
    await scene.slack.says("By Friday.", by="ben", channel=CLIENT, thread=talk.thread_ts)
    await scene.settled()
    assert box.latest("clara").id == letter.id, "held for a moment, in which it can be mended"
    clock.move(60)
    await scene.settled()
    back = box.latest("clara")
    assert back.subject.startswith("Re: ") and "Ada: Dark it is & done." in back.text and "Ben: By Friday." in back.text
    assert back.answer_to() == letter.answer_to()
    assert back.headers["In-Reply-To"] == message.source_ref in back.headers["References"]
    count = len(box.messages)
    clock.move(600)
    await scene.calm()
    assert len(box.messages) == count, "each message once"
    assert await box.replies(back, "Thanks, perfect!") == 200
    await scene.calm()
    [talk] = await scene.conversations()
    assert [one.text for one in await mailed(scene)][-1] == "Thanks, perfect!" and talk.status == "waiting_client"


async def test_while_the_client_is_in_no_channel_staff_answer_by_the_control_card(scene: Scene, letter: Mail) -> None:
    box = scene.here.sandbox.mail
    async with scene.database() as (session, actor):
        (await scene.engagement(session, actor)).connection = "mail"
    assert await box.replies(letter, "The dark one.") == 200
    await scene.settled()
    assert not scene.cards("by mail:", CLIENT)
    [card] = scene.cards("by mail:", STAFF)
    assert "The dark one." in scene.words([card]) and card["thread_ts"] != card["ts"]
    await scene.press("Reply to client", by="ada", channel=STAFF)
    await scene.slack.submit({"Your reply": "Dark it is."}, by="ada")
    await scene.settled()
    back = box.latest("clara")
    assert "Dark it is." in back.text and back.answer_to() == letter.answer_to() and back.subject.startswith("Re: ")
    clock.move(600)
    await scene.calm()
    assert box.latest("clara").id == back.id, "it is not carried a second time"
    box.refuse(1, code=550)
    await scene.press("Reply to client", by="ada", channel=STAFF)
    await scene.slack.submit({"Your reply": "And by Friday."}, by="ada")
    await scene.calm()
    assert "comes back" in scene.words(scene.slack.messages(STAFF, "ada")) and not await scene.buried()


async def test_what_is_no_answer_of_hers_does_not_join_and_staff_are_told(scene: Scene, letter: Mail) -> None:
    box = scene.here.sandbox.mail
    assert await box.replies(letter, "Pay me instead", sender="Mallory <mallory@x.example>") == 200
    assert await box.replies(letter, "I am away", headers={"Auto-Submitted": "auto-replied"}) == 200
    assert await box.brings(b"\x00\xff no letter") == 200
    await scene.settled()
    assert not await mailed(scene) and not scene.cards("by mail:")
    told = scene.words(scene.slack.messages(STAFF, "ada"))
    assert "mallory@x.example" in told and "Pay me instead" in told and "not Clara Chen" in told
    assert "Pay me" not in scene.seen(CLIENT, "ada") and "I am away" not in told
    async with scene.database() as (session, _):
        kept = (await session.execute(select(Incoming.reason))).scalars().all()
    assert sorted(kept) == ["automatic_answer", "other_sender", "unknown_address"]
    assert [one.state for one in await scene.deliveries() if one.source == "mail"] == ["applied"] * 3
    async with aiohttp.ClientSession() as http, http.post(f"{scene.here.url}/mail/in", data=b"From: x") as answer:
        assert answer.status == 401
