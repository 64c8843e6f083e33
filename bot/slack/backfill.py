"""Looking for what is missing in the record, asked for by staff."""

from bot.blocks import backfill as blocks
from bot.slack.engagements.looking import for_staff
from bot.slack.listener import Heard, button
from bot.slack.replies import Open, Reply
from core import backfill
from core.errors import Conflict


@button("backfill.ask")
async def ask(heard: Heard) -> Reply:
    """Compare an engagement's channels with what Slack remembers of them; its card in the staff channel tells how far it is."""
    for_staff(heard.actor, heard.house.name, heard.value)
    run = await backfill.ask(heard.session, heard.actor, heard.value)
    if run is None:
        raise Conflict("There is no channel of this engagement that I may read now.")
    return Open(blocks.asked())
