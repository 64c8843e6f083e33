"""Putting conversations in order: merge, split, and file a message or a whole conversation elsewhere, each by one press."""

import uuid

from bot.blocks import conversations as blocks
from bot.blocks import kit
from bot.slack.conversations import looking
from bot.slack.listener import Heard, button, command
from bot.slack.replies import Open, Reply, Update
from core import access, conversations
from core.access import Can
from core.conversations import Conversation, Message


@command("conversation", "merge", "Put it into another one", hint="[which]", which=looking.among())
@button("conversation.elsewhere")
async def elsewhere(heard: Heard) -> Reply:
    """Show the conversations into which this one can be put."""
    found = await access.fetch(heard.session, heard.actor, Can.CONVERSATION_HANDLE, Conversation, heard.value)
    lead = kit.md("All of *{topic}* goes into the one that you press; its name stays.", topic=found.topic)
    return Open(await _places(heard, found, lead, "conversation.merge", heard.value))


@button("conversation.merge")
async def merge(heard: Heard) -> Reply:
    """Put one conversation into the other."""
    conversation_id, into_id = heard.value.split()
    into = await conversations.merge(heard.session, heard.actor, conversation_id, into_id)
    return Update(await looking.sheet(heard, into.id))


@command("conversation", "move", "File a message of it elsewhere", hint="[which]", which=looking.among())
async def move(heard: Heard) -> Reply:
    """Show the messages that can be filed elsewhere."""
    return Open(await _messages(heard, "File a message", "Which message belongs elsewhere?", "File elsewhere", "file"))


@command("conversation", "split", "Make a message of it its own topic", hint="[which]", which=looking.among())
async def split(heard: Heard) -> Reply:
    """Show the messages that can become a conversation of their own."""
    lead = "Which message begins another topic? The thread under it goes with it."
    return Open(await _messages(heard, "Split", lead, "Split off", "split_off"))


@button("conversation.file")
async def file(heard: Heard) -> Reply:
    """Show the conversations under which a message can be filed."""
    message = await access.fetch(heard.session, heard.actor, Can.CONVERSATION_HANDLE, Message, heard.value)
    home = await access.fetch(
        heard.session, heard.actor, Can.CONVERSATION_HANDLE, Conversation, message.conversation_id or uuid.UUID(int=0)
    )
    lead = kit.md("“{words}” goes where you press.", words=kit.clip(message.text or "This message", 120))
    view = await _places(heard, home, lead, "conversation.file_here", heard.value)
    return Update(view) if _in_list(heard) else Open(view)


@button("conversation.file_here")
async def file_here(heard: Heard) -> Reply:
    """File the message under the conversation that was pressed."""
    message_id, into_id = heard.value.split()
    into = await conversations.file(heard.session, heard.actor, message_id, into_id)
    return Update(await looking.sheet(heard, into.id))


@button("conversation.split_off")
async def split_off(heard: Heard) -> Reply:
    """Make the message a conversation of its own."""
    made = await conversations.split(heard.session, heard.actor, heard.value)
    return Update(await looking.sheet(heard, made.id))


def _in_list(heard: Heard) -> bool:
    return heard.view is not None and heard.view.get("callback_id") == "notice"


async def _places(heard: Heard, home: Conversation, lead: str, action: str, what: str) -> kit.Block:
    others = await conversations.beside(heard.session, heard.actor, home)
    found = [
        blocks.Choice(each.topic, blocks.state_of(each.status, each.last_message_at), f"{what} {each.id}")
        for each in others
    ]
    none = "There is no other conversation in this engagement yet."
    return blocks.choices("File elsewhere", lead, found, "File here", action, none=none)


async def _messages(heard: Heard, title: str, lead: str, label: str, action: str) -> kit.Block:
    said = await conversations.messages(heard.session, heard.actor, uuid.UUID(heard.value), 40)
    found = [
        blocks.Choice(each.author_name or "Somebody", blocks.said_at(each.text, each.sent_at), str(each.id))
        for each in reversed(said)
        if conversations.can_be_filed(each)
    ]
    none = "Nothing in it was written in the client's channel."
    return blocks.choices(title, lead, found, label, f"conversation.{action}", none=none)
