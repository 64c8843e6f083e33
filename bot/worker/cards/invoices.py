"""The cards of invoices: the client's, the staff's twin, and the news of money."""

from bot.blocks import invoices as blocks
from bot.blocks.kit import Card
from bot.worker.cards import Sight, card
from core import invoices, people
from core.invoices import Bill


async def _bill(sight: Sight) -> Bill:
    return await invoices.bill(sight.session, await invoices.get(sight.session, sight.subject_id))


@card("invoice.card")
async def client(sight: Sight) -> Card | None:
    """The invoice in the client channel, once it has reached the client."""
    return blocks.card(await _bill(sight))


@card("invoice.twin")
async def twin(sight: Sight) -> Card | None:
    """The invoice as staff see it, with their buttons."""
    return blocks.twin(await _bill(sight))


@card("invoice.reminder")
async def reminder(sight: Sight) -> Card | None:
    """A word to whoever is to pay."""
    asked_by = ""
    if sight.event is not None and sight.facts.get("by") == "client" and sight.event.actor_id is not None:
        asked_by = (await people.get(sight.session, [sight.event.actor_id]))[sight.event.actor_id].first_name
    return blocks.reminder(await _bill(sight), asked_by)


@card("invoice.paid")
async def paid(sight: Sight) -> Card | None:
    """The news of the money, for staff; an invoice of zero is no news."""
    found = await _bill(sight)
    return blocks.paid_news(found) if found.total else None


@card("invoice.failed")
async def failed(sight: Sight) -> Card | None:
    """A declined payment, for staff alone."""
    return blocks.failed_news(await _bill(sight), str(sight.facts.get("code") or ""))


@card("invoice.stuck")
async def stuck(sight: Sight) -> Card | None:
    """What the processor said, for staff."""
    return blocks.trouble_news(await _bill(sight))


@card("invoice.mismatch")
async def mismatch(sight: Sight) -> Card | None:
    """What does not add up, for staff."""
    return blocks.trouble_news(await _bill(sight))
