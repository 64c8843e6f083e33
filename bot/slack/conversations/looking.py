"""Looking at conversations: the list, one of them, starting one, and notes; by command, button and shortcut."""

import uuid
from collections.abc import Sequence

from bot.blocks import conversations as blocks
from bot.blocks import kit
from bot.slack.listener import Candidates, Heard, button, command, form, shortcut
from bot.slack.replies import Done, Open, Reply, Say
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


async def sheet(heard: Heard, conversation_id: uuid.UUID, message_id: str = "") -> kit.Block:
    """One conversation for staff; with a message of it, what can be done with that message alone."""
    found = await conversations.summary(heard.session, heard.actor, conversation_id)
    said = await conversations.messages(heard.session, heard.actor, conversation_id)
    return blocks.sheet(
        _row(found),
        [
            blocks.Words(
                each.author_name,
                each.text,
                each.sent_at,
                each.staff_only,
                each.deleted_at is not None,
                str(each.id) if each.source == "mail" and each.raw else "",
            )
            for each in said
        ],
        message_id,
    )


@command("conversation", "show", "Look at one conversation", hint="[which]", which=among())
@button("conversation.show")
async def show(heard: Heard) -> Reply:
    """Open one conversation for staff."""
    return Open(await sheet(heard, uuid.UUID(heard.value)))


@button("conversation.whole")
async def whole(heard: Heard) -> Reply:
    """Show a mail with all that it quotes."""
    mail = await conversations.whole_mail(heard.session, heard.actor, heard.value)
    return Open(blocks.whole_mail(mail.who, mail.subject, mail.text))


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
    """Open the conversation that a message belongs to, with what can be done with the message itself."""
    found = await _of_message(heard)
    message = await conversations.to_file(heard.session, heard.actor, heard.channel, heard.message_ts)
    return Open(await sheet(heard, found.id, str(message.id) if message else ""))


@shortcut("message.note")
async def note_on_message(heard: Heard) -> Reply:
    """Note something about the conversation that a message belongs to."""
    return Open(_note_form(str((await _of_message(heard)).id)))
