"""The card of a search for what is missing in the record."""

from bot.blocks import backfill as blocks
from bot.blocks.kit import Card
from bot.worker.cards import Sight, card
from core import backfill


@card("backfill.card")
async def search(sight: Sight) -> Card | None:
    """How far it is, or what came of it."""
    told = await backfill.told(sight.session, sight.subject_id)
    return blocks.card(told) if told else None
