"""Replying to the client from the staff channel: a form that says in whose name, where, and who reads it."""

from bot.blocks import conversations as blocks
from bot.slack.listener import Heard, button, form
from bot.slack.replies import Done, Open, Reply
from core import conversations


@button("conversation.reply")
async def reply(heard: Heard) -> Reply:
    """Ask for the reply, and say who will read it."""
    seen = await conversations.preview(heard.session, heard.actor, heard.value)
    replying = blocks.Replying(
        topic=seen.topic,
        speaker=seen.speaker,
        channel_id=seen.channel_id,
        readers=seen.readers.readers if seen.readers else None,
        outsiders=seen.readers.outsiders if seen.readers else 0,
        contact=seen.contact,
        words=seen.words,
    )
    return Open(blocks.reply_form(heard.value, replying, conversations.LONGEST))


@form("conversation.reply")
async def replied(heard: Heard) -> Reply:
    """Say it; the worker posts it in the client's thread."""
    await conversations.reply(heard.session, heard.actor, heard.value, heard.form.text("words"), key=heard.key)
    return Done()
