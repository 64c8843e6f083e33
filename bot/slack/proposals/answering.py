"""What clients do with a proposal besides signing it: ask, want changes, decline, tell a colleague."""

from bot.blocks import kit
from bot.blocks import proposals as blocks
from bot.slack.listener import Heard, button, form
from bot.slack.replies import Open, Reply, Say
from core import access, conversations, proposals
from core.access import Can
from core.errors import Conflict, Invalid, Way
from core.proposals import Proposal


async def _theirs(heard: Heard) -> Proposal:
    """The proposal that they answer; Conflict, with the way to the newest, from the card of an older version of it."""
    proposal_id, _, version = heard.value.partition(" ")
    proposal = await access.fetch(heard.session, heard.actor, Can.PROPOSAL_ANSWER, Proposal, proposal_id)
    if version and not await proposals.is_latest(heard.session, version):
        raise Conflict(
            f"There is a newer version of “{proposal.title}”. Please look at that one first.",
            way=Way("See the new one", "proposal.review", str(proposal.id)),
        )
    return proposal


@button("proposal.ask")
async def ask(heard: Heard) -> Reply:
    """Open the question's form; whoever may read the proposal may ask."""
    proposal = await access.fetch(heard.session, heard.actor, Can.PROPOSAL_SEE, Proposal, heard.value)
    offer = await proposals.offer(heard.session, proposal)
    if heard.actor.side == "staff":
        return Say(
            kit.md(
                "This opens {company}'s question to you. To write to them, use `/conversation start`.",
                company=offer.company,
            )
        )
    return Open(blocks.question_form(offer))


@form("proposal.ask")
async def asked(heard: Heard) -> Reply:
    """The question becomes a conversation that is tied to the proposal."""
    proposal = await _theirs(heard)
    offer = await proposals.offer(heard.session, proposal)
    words = heard.form.text("words")
    if not words:
        raise Invalid("What would you like to know?", field="words")
    await conversations.start(
        heard.session,
        heard.actor,
        engagement_id=proposal.engagement_id,
        topic=f"Question about {proposal.title}",
        words=words,
        subject="proposal",
        subject_id=proposal.id,
        key=heard.key,
    )
    return Say(kit.md("Asked. {owner} sees it now and answers in the channel.", owner=offer.owner), title="Asked")


@button("proposal.changes")
async def request(heard: Heard) -> Reply:
    """Open the form for changes, unless the proposal has ended."""
    proposal = await _theirs(heard)
    await proposals.demand_open(heard.session, proposal)
    return Open(blocks.answer_form(await proposals.offer(heard.session, proposal)))


@form("proposal.changes")
async def requested(heard: Heard) -> Reply:
    """Staff are told what should be different."""
    await proposals.request_changes(heard.session, heard.actor, heard.value, words=heard.form.text("words"))
    offer = await proposals.offer(heard.session, await _theirs(heard))
    told = kit.md(
        "{owner} reads it now. If {agency} changes the proposal, a new version comes here.",
        owner=offer.owner,
        agency=offer.agency,
    )
    return Say(told, title="Passed on")


@button("proposal.decline")
async def decline(heard: Heard) -> Reply:
    """A second look before a no; only for those who could sign."""
    proposal = await _theirs(heard)
    await proposals.own_part(heard.session, heard.actor, proposal, early=True)
    await proposals.demand_open(heard.session, proposal)
    return Open(blocks.decline_form(await proposals.offer(heard.session, proposal)))


@form("proposal.decline")
async def declined(heard: Heard) -> Reply:
    """The proposal is declined."""
    await proposals.decline(heard.session, heard.actor, heard.value, reason=heard.form.text("reason"))
    offer = await proposals.offer(heard.session, await _theirs(heard))
    return Say(kit.md("Thank you for saying so. {owner} reads your reason now.", owner=offer.owner), title="Declined")


@button("proposal.tell")
async def tell(heard: Heard) -> Reply:
    """Tell those who are asked to sign that it waits for them."""
    names = await proposals.remind(heard.session, heard.actor, heard.value)
    return Say(kit.md("Told: {names} will read it in the channel.", names=" and ".join(names)), title="Told")


@button("proposal.renew")
async def renew(heard: Heard) -> Reply:
    """Ask for a new date after the time has passed."""
    await proposals.ask_new_date(heard.session, heard.actor, heard.value)
    offer = await proposals.offer(heard.session, await _theirs(heard))
    return Say(kit.md("Asked. {owner} sends you a proposal with a new date.", owner=offer.owner), title="Asked")
