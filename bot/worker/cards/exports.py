"""The cards of copies: how far one is, and that it is ready."""

from bot.blocks import exports as blocks
from bot.blocks.kit import Card
from bot.worker.cards import Sight, card
from core import export


async def _copy(sight: Sight) -> blocks.Copy | None:
    found = await export.by_id(sight.session, sight.subject_id)
    return blocks.Copy(**await export.told(sight.session, found)) if found else None


@card("export.card")
async def export_card(sight: Sight) -> Card | None:
    """The card in the staff channel."""
    copy = await _copy(sight)
    return blocks.card(copy) if copy else None


@card("export.ready")
async def ready_card(sight: Sight) -> Card | None:
    """The reply below it."""
    copy = await _copy(sight)
    return blocks.ready(copy) if copy and copy.state == "ready" else None
