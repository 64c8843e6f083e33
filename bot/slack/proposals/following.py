"""How staff follow a proposal: all of them and who is awaited, one as it stands, a reminder, a withdrawal."""

import uuid
from collections.abc import Sequence

from bot.blocks import kit
from bot.blocks import proposals as blocks
from bot.slack.listener import Candidates, Heard, button, command, form
from bot.slack.replies import Done, Open, Reply, Say
from core import access, clock, invoices, orders, proposals
from core.access import Can
from core.errors import Conflict
from core.proposals import Proposal


def among(*statuses: str) -> Candidates:
    """The proposals in these statuses that a command may mean: the channel's engagement's, else all that the person
    may see."""

    async def candidates(heard: Heard) -> Sequence[tuple[uuid.UUID, str]]:
        engagement_id = heard.engagement.id if heard.engagement else None
        return await proposals.candidates(heard.session, heard.actor, engagement_id=engagement_id, statuses=statuses)

    return candidates


@command("proposal", "", "All proposals, and who is awaited")
async def listed(heard: Heard) -> Reply:
    """List the proposals of this engagement, or of all."""
    access.demand(heard.actor, Can.PROPOSAL_SEE)
    entries = await proposals.listing(
        heard.session, heard.actor, engagement_id=heard.engagement.id if heard.engagement else None
    )
    card = blocks.listing(
        entries, clock.now(), heard.house.timezone, heard.house.locale, everywhere=heard.engagement is None
    )
    return Say(card.text, card.blocks)


@command("proposal", "show", "One proposal as it stands", hint="[which]", which=among())
async def show(heard: Heard) -> Reply:
    """Show the twin of a proposal's card, or its draft, to the one who asked."""
    proposal = await access.fetch(heard.session, heard.actor, Can.PROPOSAL_DRAFT, Proposal, heard.value)
    offer = await proposals.offer(heard.session, proposal)
    card = blocks.draft(offer) if proposal.sent_at is None else blocks.twin(offer, await bill_of(heard, proposal))
    return Say(card.text, card.blocks, title="Proposal")


async def bill_of(heard: Heard, proposal: Proposal) -> blocks.Bill | None:
    """The order that the proposal became, and what is paid of it."""
    order = await orders.of_proposal(heard.session, proposal.id)
    return (
        blocks.Bill(order.number, order.total, await invoices.paid_of_order(heard.session, order.id)) if order else None
    )


@command("proposal", "remind", "Remind whoever is still to sign", hint="[which]", which=among("sent", "viewed"))
@button("proposal.remind")
async def remind(heard: Heard) -> Reply:
    """Show the very words before those who are still to sign are reminded."""
    proposal = await access.fetch(heard.session, heard.actor, Can.PROPOSAL_SEND, Proposal, heard.value)
    due = await proposals.due_reminder(heard.session, heard.actor, proposal)
    offer = await proposals.offer(heard.session, proposal)
    people = [str(user.id) for _, user in due]
    form = blocks.remind_form(offer, people, heard.actor.name.partition(" ")[0])
    return Open(form) if form else Say("Nobody is to be reminded.", title="Remind")


@form("proposal.remind")
async def reminded(heard: Heard) -> Reply:
    """Remind them; once a day."""
    names = await proposals.remind(heard.session, heard.actor, heard.value)
    return Say(kit.md("{names} will read a reminder.", names=" and ".join(names)), title="Reminded")


@command("proposal", "withdraw", "Take a proposal back", hint="[which] [reason]", which=among("sent", "viewed"))
@button("proposal.withdraw")
async def withdraw(heard: Heard) -> Reply:
    """Take a proposal back, after a second look and with a reason."""
    proposal = await access.fetch(heard.session, heard.actor, Can.PROPOSAL_SEND, Proposal, heard.value)
    if proposal.status not in proposals.OPEN:
        raise Conflict(f"“{proposal.title}” is {proposal.status}, so there is nothing to take back.")
    return Open(blocks.withdraw_form(await proposals.offer(heard.session, proposal), heard.words))


@form("proposal.withdraw")
async def withdrawn(heard: Heard) -> Reply:
    """The proposal is taken back."""
    await proposals.withdraw(heard.session, heard.actor, heard.value, reason=heard.form.text("reason"))
    return Done()
