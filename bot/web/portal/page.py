"""The client's page itself: one read, one template."""

from bot.web.endpoint import Answer, Page, Visit
from core.portal import hydrate


async def show(visit: Visit) -> Answer:
    """What we provide and where it stands, the contract, the invoices: all that this client may see."""
    portal = await hydrate(visit.session, visit.actor)
    told = {"portal": portal, "agency": portal.agency, "today": portal.today, "locale": visit.actor.locale}
    return Page("page.html", told)
