"""The cards of proposals: the client's, the staff's twin and draft, the news, the reminder."""

import uuid

from bot.blocks import proposals as blocks
from bot.blocks.kit import Card
from bot.worker.cards import Sight, card
from core import invoices, orders, people, proposals
from core.proposals import Offer


async def _offer(sight: Sight) -> Offer | None:
    proposal = await proposals.find(sight.session, sight.subject_id)
    return await proposals.offer(sight.session, proposal) if proposal else None


async def _sent(sight: Sight) -> Offer | None:
    """The proposal, if the client has ever seen it: a discarded draft leaves no card."""
    offer = await _offer(sight)
    return offer if offer and offer.sent_at is not None else None


@card("proposal.card")
async def client(sight: Sight) -> Card | None:
    """The proposal in the client channel."""
    offer = await _sent(sight)
    return blocks.card(offer) if offer else None


@card("proposal.twin")
async def twin(sight: Sight) -> Card | None:
    """The proposal as staff see it, with what became of it."""
    offer = await _sent(sight)
    if offer is None:
        return None
    order = await orders.of_proposal(sight.session, offer.id)
    bill = (
        blocks.Bill(order.number, order.total, await invoices.paid_of_order(sight.session, order.id)) if order else None
    )
    return blocks.twin(offer, bill)


@card("proposal.draft")
async def draft(sight: Sight) -> Card | None:
    """The draft in the staff channel."""
    offer = await _offer(sight)
    return blocks.draft(offer) if offer else None


@card("proposal.changes")
async def changes(sight: Sight) -> Card | None:
    """The news that a client wants something else."""
    offer = await _sent(sight)
    if offer is None or "answer" not in sight.facts:
        return None
    answer, who = await proposals.answer(sight.session, uuid.UUID(sight.facts["answer"]))
    return blocks.changes(offer, who.first_name, answer.kind, answer.words)


@card("proposal.declined")
async def declined(sight: Sight) -> Card | None:
    """The news that a signer said no."""
    offer = await _sent(sight)
    return blocks.declined(offer) if offer else None


@card("proposal.signed")
async def signed(sight: Sight) -> Card | None:
    """The news of a signature, under the card."""
    offer = await _sent(sight)
    return blocks.signed(offer, str(sight.event.actor_id) if sight.event else "") if offer else None


@card("person.nudge")
async def nudge(sight: Sight) -> Card | None:
    """The reminder to those who are still to sign."""
    offer = await _sent(sight)
    if offer is None or sight.event is None:
        return None
    by_id = sight.event.actor_id
    by = (await people.get(sight.session, [by_id])).get(by_id) if by_id else None
    return blocks.nudge(
        offer,
        sight.facts.get("people", []),
        by.first_name if by else offer.agency,
        by_staff=by is None or by.side == "staff",
    )
