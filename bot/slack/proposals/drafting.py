"""How staff write a proposal: the form with its two pages, the preview, and Send; a new one, a copy, a new version."""

import uuid
from collections.abc import Sequence

from bot.blocks import kit
from bot.blocks import proposals as blocks
from bot.slack.listener import Heard, button, command, form
from bot.slack.proposals import beginning, sheets
from bot.slack.proposals.sheets import Plan
from bot.slack.replies import Done, Open, Reply, Say, Update
from core import access, proposals
from core.access import Can
from core.engagements import Engagement, lists
from core.errors import Conflict, Invalid, NotFound, Way
from core.proposals import NewItem, Proposal


@command("proposal", "new", "Write a proposal", hint="[service, earlier proposal or title]")
async def new(heard: Heard) -> Reply:
    """Open the drafting form, filled in from a service or an earlier proposal of that name, or with the words as its
    title."""
    access.demand(heard.actor, Can.PROPOSAL_DRAFT)
    if heard.engagement is not None:
        return Open(await _begun(heard, heard.engagement, heard.words))
    active = await lists.listing(heard.session, heard.actor, limit=100)
    if not active:
        raise NotFound("There is no engagement yet to write it for. `/engagement new` begins one.")
    if len(active) == 1:
        return Open(await _begun(heard, await sheets.engagement_of(heard, active[0].id), heard.words))
    return Open(blocks.where([(str(key), words) for key, words in lists.choices(active)], heard.words))


@button("proposal.new")
async def new_here(heard: Heard) -> Reply:
    """Open the drafting form for the engagement that the button carries."""
    return Open(await _begun(heard, await sheets.engagement_of(heard, heard.value), ""))


@button("proposal.apart")
async def new_apart(heard: Heard) -> Reply:
    """Open the drafting form for a proposal of its own, in the place of the question whether it changes the scope."""
    return Update(await _fresh(heard, await sheets.engagement_of(heard, heard.value), ""))


@form("proposal.where")
async def where(heard: Heard) -> Reply:
    """The engagement is chosen; go on to the form."""
    engagement = await sheets.engagement_of(heard, heard.form.text("engagement"))
    return Update(await _begun(heard, engagement, heard.value))


async def _begun(heard: Heard, engagement: Engagement, words: str) -> kit.Block:
    """The form, or, where something was signed and nothing is said of the new one yet, first whether it adds to that."""
    if not words.strip() and await proposals.has_agreed(heard.session, engagement.id):
        return blocks.scope_or_new(engagement.id, engagement.title)
    return await _fresh(heard, engagement, words)


async def _fresh(heard: Heard, engagement: Engagement, words: str) -> kit.Block:
    """The form for a new proposal, begun from what the words name."""
    wanted = words.strip().strip("\"'“”").casefold()
    title, items, signers = words.strip(), list[NewItem](), [engagement.contact_id]
    mode, further = "new", ""
    services, prices = await sheets.offered(heard, engagement, heard.house.currency)
    if service := next((each for each in services if wanted and each.name.casefold() == wanted), None):
        title, items = service.name, [proposals.of_service(service, 1, prices.get(service.id))]
    elif wanted:
        entries = [
            each
            for each in await proposals.listing(heard.session, heard.actor, limit=100)
            if each.total.currency == heard.house.currency
        ]
        if earlier := next((each for each in entries if each.title.casefold() == wanted), None):
            source = await access.fetch(heard.session, heard.actor, Can.PROPOSAL_DRAFT, Proposal, earlier.id)
            content = await proposals.coming(heard.session, source)
            title, items, mode = source.title, list(content.items), str(source.id)
            signers = [*content.signers]
            further = await sheets.summary(heard, content)
    if mode == "new" and await proposals.last_terms(heard.session, heard.actor):
        further = "the terms of last time"
    plan = Plan(
        engagement,
        uuid.uuid4(),
        mode,
        title,
        items,
        signers,
        heard.house.currency,
        proposals.default_day(heard.house),
        further,
    )
    return await sheets.first_page(heard, plan)


@form("proposal.draft")
async def drafted(heard: Heard) -> Reply:
    """Keep the first page, and show what the client will see."""
    try:
        proposal = await sheets.keep_first(heard, heard.value)
        return await _preview(heard, proposal)
    except Invalid as refusal:
        raise sheets.here(refusal, heard.view or {}, "lines") from refusal


@button("proposal.further")
async def further(heard: Heard) -> Reply:
    """Go on to the second page; what the first one says is kept."""
    view = heard.view or {}
    if view.get("callback_id") != "proposal.draft":
        return Update(await sheets.second_page(heard, await _mine(heard)))
    try:
        proposal = await sheets.keep_first(heard, view.get("private_metadata", ""))
    except Invalid as refusal:
        return Say(f"{refusal.sentence} Then More has its turn.", title="Not yet")
    return Update(await sheets.second_page(heard, proposal))


@button("proposal.first")
async def first(heard: Heard) -> Reply:
    """Back to the first page; what the second one says is kept."""
    try:
        proposal, _ = await sheets.keep_second(heard, (heard.view or {}).get("private_metadata", ""))
    except Invalid as refusal:
        return Say(refusal.sentence, title="Not yet")
    return Update(await sheets.editing(heard, proposal))


@form("proposal.further")
async def furthered(heard: Heard) -> Reply:
    """Keep the second page, and show what the client will see."""
    try:
        proposal, notes = await sheets.keep_second(heard, heard.value)
        return await _preview(heard, proposal, notes)
    except Invalid as refusal:
        raise sheets.here(refusal, heard.view or {}, "purpose") from refusal


async def _preview(heard: Heard, proposal: Proposal, notes: Sequence[str] = ()) -> Reply:
    if proposal.status != "draft" and not proposal.revising:
        return Say("Nothing is different, so the version that was sent stands as it is.", title="No change")
    return Update(await sheets.previewed(heard, proposal, notes))


async def _mine(heard: Heard) -> Proposal:
    return await access.fetch(heard.session, heard.actor, Can.PROPOSAL_DRAFT, Proposal, heard.value)


@button("proposal.edit")
async def edit(heard: Heard) -> Reply:
    """Open a draft in the form, or a new version of what was sent; from its preview, in the preview's place."""
    view = await sheets.editing(heard, await _mine(heard))
    return Update(view) if heard.view and heard.view.get("callback_id") == "proposal.send" else Open(view)


@button("proposal.change")
async def change(heard: Heard) -> Reply:
    """Write a new version of a proposal that was sent, or a change of scope; a draft is just edited."""
    if heard.engagement is not None and heard.value == str(heard.engagement.id):
        return await beginning.scope(heard)
    return await edit(heard)


@button("proposal.preview")
async def preview(heard: Heard) -> Reply:
    """Show a draft, or a new version, as the client will see it, with Send."""
    proposal = await _mine(heard)
    if proposal.status != "draft" and not proposal.revising:
        return Say(kit.md("“{title}” is {status} already.", title=proposal.title, status=proposal.status), title="Sent")
    return Open(await sheets.previewed(heard, proposal))


@form("proposal.send")
async def send(heard: Heard) -> Reply:
    """Send what the preview showed."""
    proposal_id, _, seen = heard.value.partition(" ")
    proposal = await proposals.send(heard.session, heard.actor, proposal_id, seen=seen)
    return Say(blocks.sent_words(await proposals.offer(heard.session, proposal)), title="Sent")


@button("proposal.discard")
async def discard(heard: Heard) -> Reply:
    """Throw a draft, or a new version that was not sent, away, after a second look."""
    proposal = await _mine(heard)
    if proposal.status != "draft" and not proposal.revising:
        return Say(kit.md("“{title}” is no draft any more.", title=proposal.title))
    told = "Discard the draft of *{title}*? Nobody outside has seen it."
    if proposal.revising:
        told = "Discard the new version of *{title}*? The one that was sent stays as it is."
    ask = kit.section(kit.md(told, title=proposal.title))
    return Open(
        kit.modal(
            "proposal.discard", "Discard draft", [ask], submit="Discard", close="Keep it", private=str(proposal.id)
        )
    )


@form("proposal.discard")
async def discarded(heard: Heard) -> Reply:
    """The draft is thrown away, unless it was sent meanwhile."""
    proposal = await _mine(heard)
    if proposal.revising:
        await proposals.abandon(heard.session, heard.actor, proposal.id)
        return Done()
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
    return Open(await sheets.editing(heard, await proposals.copy(heard.session, heard.actor, heard.value)))


async def _any(heard: Heard) -> Sequence[tuple[uuid.UUID, str]]:
    engagement_id = heard.engagement.id if heard.engagement else None
    return await proposals.candidates(heard.session, heard.actor, engagement_id=engagement_id)


async def _unsigned(heard: Heard) -> Sequence[tuple[uuid.UUID, str]]:
    engagement_id = heard.engagement.id if heard.engagement else None
    statuses = ["draft", "sent", "viewed", "declined", "expired", "withdrawn"]
    found = await proposals.candidates(heard.session, heard.actor, engagement_id=engagement_id, statuses=statuses)
    if engagement_id and await proposals.has_agreed(heard.session, engagement_id):
        found.append((engagement_id, "Change of scope"))
    return found


async def _unsent(heard: Heard) -> Sequence[tuple[uuid.UUID, str]]:
    engagement_id = heard.engagement.id if heard.engagement else None
    return await proposals.candidates(heard.session, heard.actor, engagement_id=engagement_id, unsent=True)


command("proposal", "send", "Look at a draft once more, and send it", hint="[which]", which=_unsent)(preview)
command(
    "proposal", "change", "Edit a draft, write a new version, change the scope", hint="[which | scope]", which=_unsigned
)(change)
command("proposal", "copy", "Make a new draft of a proposal", hint="[which]", which=_any)(copy)
