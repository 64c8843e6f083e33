"""The cards of proposals: the client's for each version, the staff's twin and draft, the news, the reminders."""

import uuid
from zoneinfo import ZoneInfo

from bot.blocks import find
from bot.blocks import proposals as blocks
from bot.blocks.kit import Card
from bot.worker.cards import Sight, card
from core import clock, engagements, invoices, orders, people, proposals
from core.proposals import Offer, Proposal, Version


async def _offer(sight: Sight) -> Offer | None:
    """The proposal, if the client has ever seen it: a discarded draft leaves no card."""
    proposal = await proposals.find(sight.session, sight.subject_id)
    offer = await proposals.offer(sight.session, proposal) if proposal else None
    return offer if offer and offer.version_id is not None else None


async def _version(sight: Sight) -> tuple[Version, Proposal, Offer] | None:
    """The version that the card is about, with its proposal as it stands now."""
    version = await proposals.version(sight.session, sight.subject_id)
    proposal = await proposals.find(sight.session, version.proposal_id) if version else None
    if version is None or proposal is None:
        return None
    return version, proposal, await proposals.offer(sight.session, proposal)


@card("proposal.card")
async def client(sight: Sight) -> Card | None:
    """A version of the proposal in the client channel; each has its own card, and leads on to the next."""
    found = await _version(sight)
    if found is None:
        return None
    version, proposal, offer = found
    if version.id != offer.version_id:
        return blocks.superseded(proposals.parse(version.body), version.id, offer)
    return blocks.card(offer, await _deposit(sight, proposal, offer) if offer.status == "signed" else None)


async def _deposit(sight: Sight, proposal: Proposal, offer: Offer) -> blocks.Deposit | None:
    """The invoice that was due on signing, once it is there."""
    order = await orders.of_proposal(sight.session, proposal.id)
    if order is None:
        return None
    bills = await invoices.of_engagement(sight.session, proposal.engagement_id)
    due = [bill for bill in bills if bill.order_id == order.id and not bill.waits_for]
    first = min(due, key=lambda bill: bill.part or 0, default=None)
    if first is None:
        return None
    label = "deposit" if len(offer.document.schedule) > 1 else "invoice"
    return blocks.Deposit(str(first.id), first.status, label)


@card("proposal.twin")
async def twin(sight: Sight) -> Card | None:
    """The proposal as staff see it, with what became of it."""
    offer = await _offer(sight)
    if offer is None:
        return None
    order = await orders.of_proposal(sight.session, offer.id)
    bill = (
        blocks.Bill(order.number, order.total, await invoices.paid_of_order(sight.session, order.id)) if order else None
    )
    return blocks.twin(offer, bill)


@card("proposal.draft")
async def draft(sight: Sight) -> Card | None:
    """The draft in the staff channel, or the new version that is being written, with what the client asked for."""
    proposal = await proposals.find(sight.session, sight.subject_id)
    if proposal is None:
        return None
    wanted = await proposals.wanted(sight.session, proposal)
    link = find.link(wanted.channel_id, wanted.ts, wanted.thread_ts or "") if wanted else ""
    return blocks.draft(await proposals.offer(sight.session, proposal, coming=True), wanted, link)


@card("proposal.changes")
async def changes(sight: Sight) -> Card | None:
    """The news that a client wants something else."""
    offer = await _offer(sight)
    if offer is None or "answer" not in sight.facts:
        return None
    answer, who = await proposals.answer(sight.session, uuid.UUID(sight.facts["answer"]))
    return blocks.changes(offer, who.first_name, answer.kind, answer.words)


@card("proposal.declined")
async def declined(sight: Sight) -> Card | None:
    """The news that a signer said no."""
    offer = await _offer(sight)
    return blocks.declined(offer) if offer else None


@card("proposal.signed")
async def signed(sight: Sight) -> Card | None:
    """The news of a signature, under the card; none any more once another version has taken its place."""
    found = await _version(sight)
    if found is None or found[0].id != found[2].version_id:
        return None
    return blocks.signed(found[2], str(sight.event.actor_id) if sight.event else "")


@card("proposal.ending")
async def ending(sight: Sight) -> Card | None:
    """For our side, before a proposal ends unanswered: who looks after the engagement is called by name."""
    offer = await _offer(sight)
    if offer is None or sight.facts.get("version") != str(offer.version_id):
        return None
    owner = (await engagements.by_id(sight.session, offer.engagement_id)).owner_id
    account = (await people.identities_of(sight.session, [owner])).get(owner, "")
    return blocks.ending(offer, account, clock.now().astimezone(ZoneInfo(offer.timezone)).date())


@card("person.nudge")
async def nudge(sight: Sight) -> Card | None:
    """The reminder to those whose turn it is to sign."""
    found = await _version(sight)
    if found is None or sight.event is None or found[0].id != found[2].version_id:
        return None
    offer, by_id = found[2], sight.event.actor_id
    by = (await people.get(sight.session, [by_id])).get(by_id) if by_id else None
    today = clock.now().astimezone(ZoneInfo(offer.timezone)).date()
    return blocks.nudge(
        offer,
        sight.facts.get("people", []),
        by.first_name if by else offer.agency,
        by_staff=by is None or by.side == "staff",
        left=None if by else (offer.document.valid_until - today).days,
    )
