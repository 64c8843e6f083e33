"""How staff write a proposal: the form, whose last page is the preview, and Send."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from bot.blocks import kit
from bot.blocks import proposals as blocks
from bot.slack.listener import Heard, button, command, form
from bot.slack.replies import Done, Open, Reply, Say, Update
from core import access, catalog, proposals
from core.access import Can
from core.engagements import Engagement, lists
from core.errors import Conflict, Invalid, NotFound, Way
from core.proposals import NewItem, Proposal

FIELD = 3000
"""What a field of Slack's holds."""


@command("proposal", "new", "Write a proposal", hint="[service, earlier proposal or title]")
async def new(heard: Heard) -> Reply:
    """Open the drafting form, filled in from a service or an earlier proposal of that name, or with the words as its
    title."""
    access.demand(heard.actor, Can.PROPOSAL_DRAFT)
    if heard.engagement is not None:
        return Open(await _fresh(heard, heard.engagement, heard.words))
    active = await lists.listing(heard.session, heard.actor, limit=100)
    if not active:
        raise NotFound("There is no engagement yet to write it for. `/engagement new` begins one.")
    if len(active) == 1:
        return Open(await _fresh(heard, await _engagement(heard, active[0].id), heard.words))
    return Open(blocks.where([(str(key), words) for key, words in lists.choices(active)], heard.words))


@button("proposal.new")
async def new_here(heard: Heard) -> Reply:
    """Open the drafting form for the engagement that the button carries."""
    return Open(await _fresh(heard, await _engagement(heard, heard.value), ""))


@form("proposal.where")
async def where(heard: Heard) -> Reply:
    """The engagement is chosen; go on to the form."""
    return Update(await _fresh(heard, await _engagement(heard, heard.form.text("engagement")), heard.value))


async def _engagement(heard: Heard, engagement_id: uuid.UUID | str) -> Engagement:
    return await access.fetch(heard.session, heard.actor, Can.PROPOSAL_DRAFT, Engagement, engagement_id)


async def _fresh(heard: Heard, engagement: Engagement, words: str) -> kit.Block:
    """The form for a new proposal, begun from what the words name."""
    wanted = words.strip().strip("\"'“”").casefold()
    services = await catalog.services(heard.session, heard.actor)
    title, purpose, items, terms = words.strip(), "", list[NewItem](), ""
    if service := next((each for each in services if wanted and each.name.casefold() == wanted), None):
        title, items = service.name, [proposals.of_service(service)]
    elif wanted:
        entries = await proposals.listing(heard.session, heard.actor, limit=100)
        if earlier := next((each for each in entries if each.title.casefold() == wanted), None):
            source = await access.fetch(heard.session, heard.actor, Can.PROPOSAL_DRAFT, Proposal, earlier.id)
            title, purpose, terms = source.title, source.purpose, source.terms
            items = await proposals.items_of(heard.session, source.id)
    return await _form(
        heard,
        engagement,
        uuid.uuid4(),
        title=title,
        purpose=purpose,
        items=items,
        terms=terms or await proposals.last_terms(heard.session, heard.actor),
        signer=engagement.contact_id,
        currency=heard.house.currency,
    )


async def _form(
    heard: Heard,
    engagement: Engagement,
    proposal_id: uuid.UUID,
    *,
    title: str,
    purpose: str,
    items: Sequence[NewItem],
    terms: str,
    signer: uuid.UUID,
    currency: str,
    proposal: Proposal | None = None,
) -> kit.Block:
    people = await proposals.possible_signers(heard.session, engagement)
    if not people:
        raise Conflict("Nobody of the client's is in this engagement yet. `/engagement people` names somebody.")
    services = await catalog.services(heard.session, heard.actor)
    until = (
        proposals.last_day(proposal.expires_at, heard.house.timezone)
        if proposal
        else proposals.default_day(heard.house)
    )
    return blocks.form(
        blocks.Sheet(
            private=f"{engagement.id} {proposal_id}",
            engagement=engagement.title,
            currency=currency,
            title=kit.clip(title, 120),
            purpose=kit.clip(purpose, 200),
            lines=proposals.write(items),
            terms=terms,
            valid_until=until,
            signer=str(signer if any(person.id == signer for person in people) else people[0].id),
            signers=[(str(person.id), person.name) for person in people],
            services=[
                (str(service.id), service.name, service.price.show(heard.house.locale))
                for service in services
                if service.currency == currency
            ],
            editing=proposal is not None,
        )
    )


@form("proposal.draft")
async def drafted(heard: Heard) -> Reply:
    """Keep the draft, and show what the client will see."""
    engagement_id, _, proposal_id = heard.value.partition(" ")
    session, actor = heard.session, heard.actor
    known = await proposals.find(session, uuid.UUID(proposal_id))
    currency = known.currency if known else heard.house.currency
    services = await catalog.services(session, actor)
    chosen = await catalog.chosen(session, actor, heard.form.chosen("services"))
    typed = proposals.read(
        heard.form.text("lines"), currency, catalog=[each for each in services if each.currency == currency]
    )
    items = [*typed, *(proposals.of_service(service) for service in chosen)]
    if known:
        items = _described(items, await proposals.items_of(session, known.id))
    if len(proposals.write(items)) > FIELD:
        raise Invalid(
            "These items are too long for one form. Shorter titles help, or a second proposal.", field="lines"
        )
    until = heard.form.day("until")
    if until is None:
        raise Invalid("Until when shall it be valid?", field="until")
    signer = heard.form.text("signer")
    proposal = await proposals.draft(
        session,
        actor,
        engagement_id=engagement_id,
        proposal_id=uuid.UUID(proposal_id),
        title=heard.form.text("title"),
        purpose=heard.form.text("purpose"),
        items=items,
        terms=heard.form.text("terms"),
        valid_until=until,
        signer_ids=[uuid.UUID(signer)] if signer else [],
    )
    return Update(blocks.preview(await proposals.offer(session, proposal)))


def _described(items: Sequence[NewItem], before: Sequence[NewItem]) -> list[NewItem]:
    """The items with what was known of them before: a line has no room for a description."""
    known = {item.title: item for item in before}
    return [
        replace(item, description=known[item.title].description, service_id=known[item.title].service_id)
        if item.service_id is None and item.title in known
        else item
        for item in items
    ]


async def _mine(heard: Heard) -> Proposal:
    return await access.fetch(heard.session, heard.actor, Can.PROPOSAL_DRAFT, Proposal, heard.value)


@button("proposal.edit")
async def edit(heard: Heard) -> Reply:
    """Open a draft in the form; from its preview, in the preview's place."""
    proposal = await _mine(heard)
    if proposal.status != "draft":
        raise Conflict(
            f"“{proposal.title}” was sent already, so its text is frozen. A copy can be changed and sent instead.",
            way=Way("Make a new draft", "proposal.copy", str(proposal.id)),
        )
    view = await _editing(heard, proposal)
    return Update(view) if heard.view and heard.view.get("callback_id") == "proposal.send" else Open(view)


async def _editing(heard: Heard, proposal: Proposal) -> kit.Block:
    engagement = await _engagement(heard, proposal.engagement_id)
    signers = await proposals.parties(heard.session, proposal.id)
    return await _form(
        heard,
        engagement,
        proposal.id,
        title=proposal.title,
        purpose=proposal.purpose,
        items=await proposals.items_of(heard.session, proposal.id),
        terms=proposal.terms,
        signer=signers[0].user_id if signers else engagement.contact_id,
        currency=proposal.currency,
        proposal=proposal,
    )


@button("proposal.preview")
async def preview(heard: Heard) -> Reply:
    """Show a draft as the client will see it, with Send."""
    proposal = await _mine(heard)
    if proposal.status != "draft":
        return Say(kit.md("“{title}” is {status} already.", title=proposal.title, status=proposal.status), title="Sent")
    return Open(blocks.preview(await proposals.offer(heard.session, proposal)))


@form("proposal.send")
async def send(heard: Heard) -> Reply:
    """Send what the preview showed."""
    proposal_id, _, seen = heard.value.partition(" ")
    proposal = await proposals.send(heard.session, heard.actor, proposal_id, seen=seen)
    return Say(blocks.sent_words(await proposals.offer(heard.session, proposal)), title="Sent")


@button("proposal.discard")
async def discard(heard: Heard) -> Reply:
    """Throw a draft away, after a second look."""
    proposal = await _mine(heard)
    if proposal.status != "draft":
        return Say(kit.md("“{title}” is no draft any more.", title=proposal.title))
    ask = kit.section(kit.md("Discard the draft of *{title}*? Nobody outside has seen it.", title=proposal.title))
    return Open(
        kit.modal(
            "proposal.discard", "Discard draft", [ask], submit="Discard", close="Keep it", private=str(proposal.id)
        )
    )


@form("proposal.discard")
async def discarded(heard: Heard) -> Reply:
    """The draft is thrown away, unless it was sent meanwhile."""
    proposal = await _mine(heard)
    if proposal.status not in ("draft", "withdrawn"):
        raise Conflict(
            f"“{proposal.title}” was sent meanwhile. Withdraw takes it back.",
            way=Way("Withdraw", "proposal.withdraw", str(proposal.id)),
        )
    await proposals.withdraw(heard.session, heard.actor, proposal.id)
    return Done()


@button("proposal.copy")
async def copy(heard: Heard) -> Reply:
    """Make a new draft of a proposal and open it."""
    return Open(await _editing(heard, await proposals.copy(heard.session, heard.actor, heard.value)))


async def _any(heard: Heard) -> Sequence[tuple[uuid.UUID, str]]:
    engagement_id = heard.engagement.id if heard.engagement else None
    return await proposals.candidates(heard.session, heard.actor, engagement_id=engagement_id)


async def _drafts(heard: Heard) -> Sequence[tuple[uuid.UUID, str]]:
    engagement_id = heard.engagement.id if heard.engagement else None
    return await proposals.candidates(heard.session, heard.actor, engagement_id=engagement_id, statuses=["draft"])


command("proposal", "send", "Look at a draft once more, and send it", hint="[which]", which=_drafts)(preview)
command("proposal", "copy", "Make a new draft of a proposal", hint="[which]", which=_any)(copy)
