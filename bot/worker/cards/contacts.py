"""The cards of contacts who go: what rested on them, and that one left a channel."""

from bot.blocks import contacts as blocks
from bot.blocks.kit import Card
from bot.worker.cards import Sight, card
from core import contacts, engagements


@card("contact.left")
async def left_card(sight: Sight) -> Card | None:
    """To staff: who has left, and what rests on them still."""
    if sight.event is None or sight.event.engagement_id is None:
        return None
    return blocks.left(await contacts.resting(sight.session, sight.event.engagement_id, sight.subject_id))


@card("contact.went_out")
async def went_out_card(sight: Sight) -> Card | None:
    """To staff: who left the client channel."""
    if sight.event is None or sight.event.engagement_id is None:
        return None
    engagement = await engagements.by_id(sight.session, sight.event.engagement_id)
    thing = await contacts.resting(sight.session, engagement.id, sight.subject_id)
    return blocks.went_out(thing, engagement.channel_id or "")
