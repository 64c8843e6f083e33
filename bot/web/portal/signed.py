"""The page after a signature: what happens next, and the way to pay what is due."""

from bot.blocks import proposals as blocks
from bot.web.endpoint import Answer, Go, Page, Visit
from core import access, invoices, orders, papers, proposals
from core.access import Can
from core.errors import NotAllowed, NotFound
from core.invoices import Invoice
from core.proposals import Offer, Proposal


async def show(visit: Visit) -> Answer:
    """After the signature: what happens next, and the way to pay what is due."""
    proposal = await access.fetch(
        visit.session, visit.actor, Can.PROPOSAL_SEE, Proposal, visit.request.match_info["proposal"]
    )
    offer = await proposals.offer(visit.session, proposal)
    me = next((party for party in offer.signers if party.user_id == visit.actor.user_id), None)
    if me is None or me.signed_at is None:
        return Go(f"/portal/proposals/{proposal.id}")
    bill, coming = await _due(visit, proposal) if offer.status == "signed" else (None, False)
    copies = (await papers.listed(visit.session, [proposal.id])).get(proposal.id, [])
    told = {
        "agency": offer.agency,
        "offer": offer,
        "steps": [] if offer.waiting else _steps(offer, bill is not None),
        "next": blocks.names(offer.next),
        "who": [
            (party.name, blocks.moment(party.signed_at, visit.actor.timezone))
            for party in offer.signers
            if party.signed_at
        ],
        "bill": bill,
        "label": "deposit" if len(offer.document.schedule) > 1 else "invoice",
        "coming": coming,
        "due": offer.document.due_on_signing(offer.bound or ()),
        "address": _web(bill.hosted_url) if bill is not None and bill.status == "open" else "",
        "locale": offer.locale,
        "copy": next((each.id for each in copies if each.kind == "signed"), None),
    }
    return Page("signed.html", told, scripted=True)


def _steps(offer: Offer, billed: bool) -> list[str]:
    """What happens next, as the page says it, which has the invoice on it once that is there."""
    steps = [step for step in blocks.next_steps(offer) if not (billed and "invoice" in step)]
    return [step.replace(" here.", " by mail, and to your page.") for step in steps]


async def _due(visit: Visit, proposal: Proposal) -> tuple[Invoice | None, bool]:
    """The invoice that is due on signing, once it is there for those who may see it, and whether it is still being made."""
    order = await orders.of_proposal(visit.session, proposal.id)
    every = await invoices.of_engagement(visit.session, proposal.engagement_id)
    due = [each for each in every if order and each.order_id == order.id and not each.waits_for]
    first = min(due, key=lambda each: each.part or 0, default=None)
    if first is None:
        return None, False
    try:
        return await access.fetch(visit.session, visit.actor, Can.INVOICE_SEE, Invoice, first.id), False
    except (NotFound, NotAllowed):
        return None, first.status == "sending"


def _web(address: str) -> str:
    return address if address.startswith(("https://", "http://")) else ""
