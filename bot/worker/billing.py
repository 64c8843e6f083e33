"""Jobs of bills that come by themselves: a planned invoice's day, and a subscription's next period."""

import uuid

from bot.worker.works import Works, handler
from core import invoices, people, subscriptions
from core.jobs import Claimed


@handler("invoice.planned")
async def planned(works: Works, job: Claimed) -> None:
    """Send an invoice of a signed schedule on its day, unless staff have sent or voided it already."""
    async with works.db.transaction(job.tenant) as session:
        await invoices.come(session, people.system(job.tenant), uuid.UUID(job.payload["invoice"]))


@handler("subscription.bill")
async def bill(works: Works, job: Claimed) -> None:
    """Send an invoice for each period that has begun, and come again when the next one does."""
    async with works.db.transaction(job.tenant) as session:
        await subscriptions.bill(session, people.system(job.tenant), uuid.UUID(job.payload["subscription"]))
