"""The cards of conversations: the line that opens one in the client channel, and what the staff channel hears."""

from bot.blocks import conversations as blocks
from bot.blocks.kit import Card
from bot.worker.cards import Sight, card
from core import conversations
from core.db import Session
from core.posts import Post


async def _threaded(session: Session, post: Post) -> None:
    if post.reference:
        await conversations.threaded(session, post.subject_id, post.reference)


@card("conversation.opening", posted=_threaded)
async def opening(sight: Sight) -> Card | None:
    """Nothing for a conversation that began with somebody's own message: its thread stands already."""
    told = await conversations.told(sight.session, sight.subject_id)
    if told.began_in_channel:
        return None
    return blocks.opening(told.topic, told.opened_by, told.first_words, told.by_client)


@card("conversation.taken")
async def taken(sight: Sight) -> Card | None:
    """Who sees to it now."""
    told = await conversations.told(sight.session, sight.subject_id)
    return blocks.taken(told.topic, told.owner) if told.owner else None


@card("conversation.note")
async def note(sight: Sight) -> Card | None:
    """The note, for the staff channel alone."""
    written = await conversations.noted(sight.session, sight.subject_id)
    return blocks.note(written.topic, written.who, written.words) if written else None
