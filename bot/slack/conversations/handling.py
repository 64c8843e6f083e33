"""Whose a conversation is, what it is called, and whether it is settled: by command, button and form."""

import uuid

from bot.blocks import conversations as blocks
from bot.blocks import kit
from bot.slack.conversations import looking
from bot.slack.listener import Heard, button, command, form
from bot.slack.projects import person_of
from bot.slack.replies import Done, Open, Reply, Say, Update
from core import access, conversations, people
from core.access import Can
from core.conversations import Conversation


@command("conversation", "take", "Say that you see to it", hint="[which]", which=looking.among(), mention=True)
@button("conversation.take")
async def take(heard: Heard) -> Reply:
    """Take a conversation."""
    taken = await conversations.take(heard.session, heard.actor, heard.value)
    return await _done(heard, taken, "You see to “{topic}” now.")


@command("conversation", "resolve", "Say that it is settled", hint="[which]", which=looking.among(), mention=True)
@button("conversation.resolve")
async def resolve(heard: Heard) -> Reply:
    """Resolve a conversation."""
    resolved = await conversations.resolve(heard.session, heard.actor, heard.value)
    return await _done(heard, resolved, "“{topic}” is settled. If the client writes again, it opens by itself.")


@command("conversation", "reopen", "Take it up again", hint="[which]", which=looking.among(resolved=True), mention=True)
@button("conversation.reopen")
async def reopen(heard: Heard) -> Reply:
    """Reopen a conversation."""
    reopened = await conversations.reopen(heard.session, heard.actor, heard.value)
    return await _done(heard, reopened, "“{topic}” is open again.")


async def _done(heard: Heard, conversation: Conversation, sentence: str) -> Reply:
    if heard.view is not None:
        return Update(await looking.sheet(heard, conversation.id))
    return Say(kit.md(sentence, topic=conversation.topic))


@command("conversation", "rename", "Give it another topic", hint="[which] [topic]", which=looking.among())
@button("conversation.rename")
async def rename(heard: Heard) -> Reply:
    """Ask for the new topic."""
    found = await conversations.summary(heard.session, heard.actor, uuid.UUID(heard.value))
    return Open(
        blocks.words_form(
            "conversation.rename",
            "Rename",
            "Topic",
            "Rename",
            heard.value,
            name="topic",
            multiline=False,
            initial=kit.clip(heard.words, 200) or found.topic,
        )
    )


@form("conversation.rename")
async def renamed(heard: Heard) -> Reply:
    """Rename the conversation."""
    await conversations.rename(heard.session, heard.actor, heard.value, heard.form.text("topic"))
    return Done()


@command("conversation", "assign", "Give it to somebody of your team", hint="[which] @who", which=looking.among())
@button("conversation.assign")
async def assign(heard: Heard) -> Reply:
    """Give it to whom the words name, or ask."""
    if heard.words:
        owner = await person_of(heard, heard.words)
        given = await conversations.assign(heard.session, heard.actor, heard.value, owner.id)
        return await _done(heard, given, f"“{{topic}}” is with {kit.esc(owner.first_name)} now.")
    found = await access.fetch(heard.session, heard.actor, Can.CONVERSATION_HANDLE, Conversation, heard.value)
    team = [(str(user.id), user.name) for user in await people.staff(heard.session)]
    return Open(blocks.assign_form(heard.value, found.topic, team, str(found.owner_id or "")))


@form("conversation.assign")
async def assigned(heard: Heard) -> Reply:
    """Give it to whom the form names."""
    await conversations.assign(heard.session, heard.actor, heard.value, uuid.UUID(heard.form.text("owner")))
    return Done()
