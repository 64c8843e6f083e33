"""What staff do with conversations: list, start, look, take, rename, resolve, reopen and note; by command, button and shortcut."""

import uuid
from collections.abc import Sequence

from bot.blocks import conversations as blocks
from bot.blocks import kit
from bot.slack.listener import Candidates, Heard, button, command, form, shortcut
from bot.slack.replies import Done, Open, Reply, Say, Update
from core import conversations
from core.conversations import Conversation, Summary
from core.errors import Invalid, NotFound


def among(*, resolved: bool = False) -> Candidates:
    """The conversations that a command may mean: the channel's engagement's, else all that the person may see."""

    async def candidates(heard: Heard) -> Sequence[tuple[uuid.UUID, str]]:
        return await conversations.candidates(
            heard.session, heard.actor, heard.engagement.id if heard.engagement else None, resolved=resolved
        )

    return candidates


def _row(summary: Summary) -> blocks.Row:
    return blocks.Row(
        id=str(summary.id),
        topic=summary.topic,
        status=summary.status,
        waiting_since=summary.waiting_since,
        owner=summary.owner,
        messages=summary.messages,
    )


@command("conversation", "", "The open conversations, longest wait first")
async def listed(heard: Heard) -> Reply:
    """List the open conversations of this engagement, or of all."""
    found = await conversations.open_ones(heard.session, heard.actor, heard.engagement.id if heard.engagement else None)
    card = blocks.listed(
        [_row(each) for each in found], heard.engagement.title if heard.engagement else heard.house.name
    )
    return Say(card.text, card.blocks)


@command("conversation", "start", "Open a conversation with the client", hint="topic")
async def start(heard: Heard) -> Reply:
    """Open a conversation in this engagement, from its words or by a form."""
    if heard.engagement is None:
        raise NotFound("Type this in an engagement's channel, so that I know with whom.")
    if not heard.words:
        return Open(
            blocks.words_form(
                "conversation.start",
                "Start a conversation",
                "What is it about?",
                "Start",
                str(heard.engagement.id),
                name="topic",
                multiline=False,
                lead=f"It opens in the client channel of {heard.engagement.title}, where the client reads it; until they are in, by mail.",
            )
        )
    opened = await conversations.start(heard.session, heard.actor, engagement_id=heard.engagement.id, topic=heard.words)
    where = "The client sees it in their channel in a moment."
    if heard.engagement.connection != "connected":
        where = "The client gets it by mail, and sees it in the channel once they are in."
    return Say(kit.md("“{topic}” is open. {where}", topic=opened.topic, where=where))


@form("conversation.start")
async def started(heard: Heard) -> Reply:
    """Open the conversation that the form names."""
    topic = heard.form.text("topic")
    if not topic:
        raise Invalid("A few words are enough.", field="topic")
    await conversations.start(
        heard.session, heard.actor, engagement_id=uuid.UUID(heard.value), topic=topic, key=heard.key
    )
    return Done()


async def _sheet(heard: Heard, conversation_id: uuid.UUID) -> kit.Block:
    found = await conversations.summary(heard.session, heard.actor, conversation_id)
    said = await conversations.messages(heard.session, heard.actor, conversation_id)
    return blocks.sheet(
        _row(found), [blocks.Words(each.author_name, each.text, each.sent_at, each.staff_only) for each in said]
    )


@command("conversation", "show", "Look at one conversation", hint="[which]", which=among())
@button("conversation.show")
async def show(heard: Heard) -> Reply:
    """Open one conversation for staff."""
    return Open(await _sheet(heard, uuid.UUID(heard.value)))


@command("conversation", "take", "Say that you see to it", hint="[which]", which=among(), mention=True)
@button("conversation.take")
async def take(heard: Heard) -> Reply:
    """Take a conversation."""
    taken = await conversations.take(heard.session, heard.actor, heard.value)
    return await _done(heard, taken, "You see to “{topic}” now.")


@command("conversation", "resolve", "Say that it is settled", hint="[which]", which=among(), mention=True)
@button("conversation.resolve")
async def resolve(heard: Heard) -> Reply:
    """Resolve a conversation."""
    resolved = await conversations.resolve(heard.session, heard.actor, heard.value)
    return await _done(heard, resolved, "“{topic}” is settled. If the client writes again, it opens by itself.")


@command("conversation", "reopen", "Take it up again", hint="[which]", which=among(resolved=True), mention=True)
@button("conversation.reopen")
async def reopen(heard: Heard) -> Reply:
    """Reopen a conversation."""
    reopened = await conversations.reopen(heard.session, heard.actor, heard.value)
    return await _done(heard, reopened, "“{topic}” is open again.")


async def _done(heard: Heard, conversation: Conversation, sentence: str) -> Reply:
    if heard.view is not None:
        return Update(await _sheet(heard, conversation.id))
    return Say(kit.md(sentence, topic=conversation.topic))


@command("conversation", "rename", "Give it another topic", hint="[which] [topic]", which=among())
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


@button("conversation.note")
async def note(heard: Heard) -> Reply:
    """Ask for the note."""
    return Open(_note_form(heard.value))


def _note_form(conversation_id: str) -> kit.Block:
    return blocks.words_form(
        "conversation.note",
        "Internal note",
        "Note",
        "Keep the note",
        conversation_id,
        lead="🔒 Only your own people see this, in the staff channel.",
    )


@form("conversation.note")
async def noted(heard: Heard) -> Reply:
    """Keep the note; the staff channel shows it."""
    await conversations.note(heard.session, heard.actor, heard.value, heard.form.text("words"), key=heard.key)
    return Done()


async def _of_message(heard: Heard) -> Conversation:
    found = await conversations.of_message(heard.session, heard.actor, heard.channel, heard.message_ts, heard.thread_ts)
    if found is None:
        raise NotFound(
            "This message belongs to no conversation: it is a card of ours, or it was written before this channel was linked."
        )
    return found


@shortcut("message.throughline")
async def of_message(heard: Heard) -> Reply:
    """Open the conversation that a message belongs to."""
    return Open(await _sheet(heard, (await _of_message(heard)).id))


@shortcut("message.note")
async def note_on_message(heard: Heard) -> Reply:
    """Note something about the conversation that a message belongs to."""
    return Open(_note_form(str((await _of_message(heard)).id)))
