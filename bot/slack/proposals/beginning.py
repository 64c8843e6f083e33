"""Proposals that begin with the client: a quote that they ask for; a change of scope, from their message or without one."""

import uuid

from bot.blocks import conversations as talks
from bot.blocks import kit
from bot.blocks import proposals as blocks
from bot.slack.listener import Heard, button, form
from bot.slack.proposals import sheets
from bot.slack.replies import Open, Reply, Say, Update
from core import access, conversations, engagements, proposals
from core.access import Can
from core.conversations import Conversation, Message
from core.engagements import Engagement

SHOWN = 8
"""How many of the client's messages are offered to begin a change of scope from."""


@button("proposal.quote")
async def ask(heard: Heard) -> Reply:
    """Open the form in which a client asks for a quote."""
    engagement = await access.fetch(heard.session, heard.actor, Can.PROPOSAL_ANSWER, Engagement, heard.value)
    return Open(blocks.quote_form(engagement.id, await _owner(heard, engagement.id), heard.house.name))


@form("proposal.quote")
async def asked(heard: Heard) -> Reply:
    """The wish becomes a draft in the staff channel."""
    proposal = await proposals.ask_quote(
        heard.session,
        heard.actor,
        engagement_id=heard.value,
        words=heard.form.text("words"),
        by_when=heard.form.text("by_when"),
        budget=heard.form.text("budget"),
        key=heard.key,
    )
    owner = await _owner(heard, proposal.engagement_id)
    return Say(kit.md("Passed to {owner}. The proposal comes here.", owner=owner), title="Passed on")


async def _owner(heard: Heard, engagement_id: uuid.UUID) -> str:
    return (await engagements.people_of(heard.session, engagement_id)).owner.first_name


@button("proposal.scope")
async def scope(heard: Heard) -> Reply:
    """Begin a change of scope in an engagement, and open its form; from the question before, in its place."""
    proposal = await proposals.change_scope(heard.session, heard.actor, engagement_id=heard.value, key=heard.key)
    return await _write(heard, proposal)


@button("proposal.scope_from")
async def scope_from(heard: Heard) -> Reply:
    """Begin a change of scope from the client's very message."""
    message = await access.fetch(heard.session, heard.actor, Can.CONVERSATION_HANDLE, Message, heard.value)
    proposal = await proposals.change_scope(
        heard.session, heard.actor, engagement_id=message.engagement_id, message_id=message.id
    )
    return await _write(heard, proposal)


async def _write(heard: Heard, proposal: proposals.Proposal) -> Reply:
    view = await sheets.editing(heard, proposal)
    return Update(view) if heard.view and heard.view.get("type") == "modal" else Open(view)


@button("conversation.make")
async def make(heard: Heard) -> Reply:
    """Show what the client said last, to make something of one of their messages."""
    found = await access.fetch(heard.session, heard.actor, Can.CONVERSATION_HANDLE, Conversation, heard.value)
    said = await conversations.messages(heard.session, heard.actor, found.id, 40)
    theirs = [each for each in reversed(said) if each.side == "client" and not each.staff_only][:SHOWN]
    choices = [
        talks.Choice(each.author_name or "Somebody", talks.said_at(each.text, each.sent_at), str(each.id))
        for each in theirs
    ]
    lead = "A change of scope adds to what was signed. Which message asks for it? It is quoted in the draft."
    none = "The client has said nothing in it yet."
    return Open(talks.choices("Make it…", lead, choices, "Change of scope", "proposal.scope_from", none=none))
