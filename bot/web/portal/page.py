"""The client's page itself: one read, one template; and the form in which they ask for a quote."""

import uuid

from bot.web.endpoint import Answer, Go, Page, Visit, submitted
from core import proposals
from core.portal import hydrate

LONGEST = 65_536
"""Bytes of the form: three thousand characters of any script fit."""


async def show(visit: Visit) -> Answer:
    """What we provide and where it stands, the contract, the invoices: all that this client may see."""
    portal = await hydrate(visit.session, visit.actor)
    told = {"portal": portal, "agency": portal.agency, "today": portal.today, "locale": visit.actor.locale}
    # A form's key stands for this very page, so that what is submitted twice is asked once.
    keys = {engagement.id: uuid.uuid4() for engagement in portal.engagements}
    return Page("page.html", {**told, "keys": keys})


async def ask_quote(visit: Visit) -> Answer:
    """What they need, submitted; the page then says that it is with the agency."""
    fields = (await submitted(visit.request, longest=LONGEST)).fields
    key = fields.get("key", "")
    await proposals.ask_quote(
        visit.session,
        visit.actor,
        engagement_id=fields.get("engagement", ""),
        words=fields.get("words", ""),
        by_when=fields.get("by_when", ""),
        budget=fields.get("budget", ""),
        key=uuid.uuid5(visit.actor.organization_id, f"{visit.actor.user_id}:{key}") if key else None,
    )
    return Go("/portal#proposals")
