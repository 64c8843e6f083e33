"""The pages of the drafting form: opened with what is known, and kept when staff go on from one to the next."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from bot import paper
from bot.blocks import kit
from bot.blocks import proposals as blocks
from bot.slack.listener import Heard
from core import access, catalog, clock, people, proposals
from core.access import Can
from core.catalog import Service
from core.engagements import Engagement
from core.errors import Conflict, Invalid
from core.money import Money
from core.proposals import Content, NewItem, Proposal, Wish

FIELD = 3000
"""What a field of Slack's holds."""

HEADINGS = {"edit": "Edit proposal", "revise": "New version"}


@dataclass(frozen=True)
class Plan:
    """What the first page is opened with. `mode` is what becomes of it: `new`, a copy from another's id, `edit`,
    `revise`."""

    engagement: Engagement
    proposal_id: uuid.UUID
    mode: str
    title: str
    items: Sequence[NewItem]
    signers: Sequence[uuid.UUID]
    currency: str
    until: date
    further: str = ""
    note: str = ""


async def first_page(heard: Heard, plan: Plan) -> kit.Block:
    """The first page of the form."""
    clients = await proposals.possible_signers(heard.session, plan.engagement)
    if not clients:
        raise Conflict("Nobody of the client's is in this engagement yet. `/engagement people` names somebody.")
    services, prices = await offered(heard, plan.engagement, plan.currency)
    here = {person.id for person in clients}
    lines = proposals.write(plan.items, catalog=services)
    if len(lines) > FIELD:
        raise Conflict("Its items are longer than one form of Slack's holds, so they cannot be changed here.")
    return blocks.form(
        blocks.Sheet(
            private=f"{plan.engagement.id} {plan.proposal_id} {plan.mode}",
            engagement=plan.engagement.title,
            currency=plan.currency,
            title=kit.clip(plan.title, 120),
            lines=lines,
            valid_until=plan.until,
            chosen=[str(each) for each in plan.signers if each in here] or [str(clients[0].id)],
            signers=[(str(person.id), person.name) for person in clients],
            services=[(str(each.id), each.name, prices[each.id].show(heard.house.locale)) for each in services],
            heading=HEADINGS.get(plan.mode, "New proposal"),
            further=plan.further,
            note=plan.note,
        )
    )


async def editing(heard: Heard, proposal: Proposal) -> kit.Block:
    """The first page for a proposal that is there: a draft to edit, or one that was sent to write a new version of."""
    engagement = await engagement_of(heard, proposal.engagement_id)
    content = await proposals.coming(heard.session, proposal)
    mode, notes = "edit", []
    if proposal.status != "draft":
        proposals.demand_revisable(proposal)
        mode = "revise"
        notes.append("Once you send this, it takes the place of the version before. Until then that one stands.")
    if wanted := await proposals.wanted(heard.session, proposal):
        notes.append(f"{wanted.by} asked for: “{kit.clip(wanted.words, 500)}”")
    for who, words in await proposals.wishes_for(heard.session, proposal):
        notes.append(f"{who} wants: “{kit.clip(words, 500)}”" if words else f"{who} asks for a new date.")
    until = proposals.last_day(content.expires_at, heard.house.timezone)
    return await first_page(
        heard,
        Plan(
            engagement,
            proposal.id,
            mode,
            content.title,
            content.items,
            content.signers,
            proposal.currency,
            until if content.expires_at > clock.now() else proposals.default_day(heard.house),
            await summary(heard, content),
            " ".join(notes),
        ),
    )


async def summary(heard: Heard, content: Content) -> str:
    """What stands on the second page, in a line: so that it is opened only by who wants to change it."""
    parts = []
    if content.milestones:
        parts.append(f"{len(content.milestones)} milestone{'s' if len(content.milestones) > 1 else ''}")
    if len(content.schedule) > 1:
        parts.append(f"{len(content.schedule)} payments")
    if content.coupon_id and (taken := await proposals.reduction(heard.session, content.coupon_id)):
        parts.append(f"coupon {taken.code}")
    if content.terms:
        parts.append("terms")
    if content.in_order and len(content.signers) > 1:
        parts.append("signed one after the other")
    if content.countersigner:
        named = (await people.get(heard.session, [content.countersigner])).get(content.countersigner)
        parts.append(f"{named.first_name} countersigns" if named else "a countersigner")
    return ", ".join(parts)


async def keep_first(heard: Heard, private: str) -> Proposal:
    """What the first page says, kept as a draft or as the new version that is being written."""
    session, actor, form = heard.session, heard.actor, heard.form
    engagement_id, proposal_id, mode = [*private.split(" "), "", "new"][:3]
    engagement, key = await engagement_of(heard, engagement_id), uuid.UUID(proposal_id)
    known = await proposals.find(session, key)
    currency = known.currency if known else heard.house.currency
    until = form.day("until")
    if until is None:
        raise Invalid("Until when shall it be valid?", field="until")
    source = None
    if known is None and mode not in HEADINGS and mode != "new":
        source = await access.fetch(session, actor, Can.PROPOSAL_DRAFT, Proposal, mode)
    told = known or source
    before = await proposals.coming(session, told) if told else None
    items = await _items(heard, engagement, currency, before.items if before else ())
    wish = Wish(
        title=form.text("title"),
        items=items,
        valid_until=until,
        signer_ids=[uuid.UUID(each) for each in form.chosen("signers")],
    )
    if mode == "revise":
        return await proposals.revise(session, actor, key, **wish)
    if source is not None and before is not None:
        rest = await proposals.as_wish(session, actor, source, engagement)
        moved = proposals.moved(before.milestones, before.items, items)
        wish = Wish(**{**rest, "milestones": moved, **wish})
    elif known is None:
        wish["terms"] = await proposals.last_terms(session, actor)
    return await proposals.draft(
        session,
        actor,
        engagement_id=engagement.id,
        proposal_id=key,
        copied_from_id=source.id if source else None,
        **wish,
    )


async def _items(heard: Heard, engagement: Engagement, currency: str, before: Sequence[NewItem]) -> list[NewItem]:
    services, prices = await offered(heard, engagement, currency)
    chosen = await catalog.chosen(heard.session, heard.actor, heard.form.chosen("services"))
    typed = proposals.read(heard.form.text("lines"), currency, catalog=services, prices=prices)
    items = [*typed, *(proposals.of_service(each, 1, prices.get(each.id)) for each in chosen)]
    items = _described(items, before)
    if len(proposals.write(items, catalog=services)) > FIELD:
        raise Invalid(
            "These items are too long for one form. Shorter titles help, or a second proposal.", field="lines"
        )
    return items


def _described(items: Sequence[NewItem], before: Sequence[NewItem]) -> list[NewItem]:
    """The items with what was known of them before: a line has no room for a description, or for a service's template."""
    known = {item.title: item for item in before}
    return [
        replace(item, description=was.description, service_id=was.service_id, template=was.template)
        if item.service_id is None and (was := known.get(item.title))
        else item
        for item in items
    ]


async def second_page(heard: Heard, proposal: Proposal) -> kit.Block:
    """The second page for a proposal that is kept already."""
    session = heard.session
    content = await proposals.coming(session, proposal)
    engagement = await engagement_of(heard, proposal.engagement_id)
    terms = await proposals.terms.of_text(session, content.terms) if content.terms else None
    taken = await proposals.reduction(session, content.coupon_id)
    named = await people.get(session, list(content.signers))
    return blocks.further_form(
        blocks.Further(
            private=f"{proposal.id} {'edit' if proposal.status == 'draft' else 'revise'}",
            title=content.title,
            currency=proposal.currency,
            purpose=content.purpose,
            milestones=proposals.write_milestones(content.milestones, content.items),
            schedule=proposals.write_schedule(content.schedule, proposal.currency, content.milestones, content.items),
            terms=content.terms,
            kept=f"“{terms.name}”, version {terms.version}, already" if terms else "",
            coupon=taken.code if taken else "",
            in_order=content.in_order,
            order=[named[each].first_name for each in content.signers if each in named],
            countersigner=str(content.countersigner or ""),
            countersigners=[
                (str(person.id), person.name) for person in await proposals.possible_countersigners(session, engagement)
            ],
            heading="More" if proposal.status == "draft" else HEADINGS["revise"],
        )
    )


async def keep_second(heard: Heard, private: str) -> tuple[Proposal, list[str]]:
    """What the second page says, kept; and what the preview is to tell about it."""
    session, actor, form = heard.session, heard.actor, heard.form
    proposal_id, mode = [*private.split(" "), "edit"][:2]
    proposal = await access.fetch(session, actor, Can.PROPOSAL_DRAFT, Proposal, proposal_id)
    content = await proposals.coming(session, proposal)
    today = clock.now().astimezone(ZoneInfo(heard.house.timezone)).date()
    points = proposals.read_milestones(form.text("milestones"), content.items, today)
    parts, note = proposals.read_schedule(form.text("schedule"), proposal.currency, points, content.items, today)
    shown = _fields(heard.view or {})
    terms = form.text("terms") if "terms" in shown else None
    if terms and form.chosen("keep_terms"):
        await proposals.terms.keep(session, actor, proposals.terms.NAME, terms)
    wish = Wish(
        title=content.title,
        items=content.items,
        purpose=form.text("purpose"),
        milestones=points,
        schedule=parts,
        terms=terms,
        coupon=form.text("coupon"),
        in_order=bool(form.chosen("in_order")) if "in_order" in shown else None,
        countersigner=form.text("countersigner") if "countersigner" in shown else None,
    )
    verb = proposals.revise if mode == "revise" else proposals.edit
    return await verb(session, actor, proposal.id, **wish), [note] if note else []


async def previewed(heard: Heard, proposal: Proposal, notes: Sequence[str] = ()) -> kit.Block:
    """The preview, unless the PDF could not show a character of it: then Invalid, at the field that holds it."""
    offer = await proposals.offer(heard.session, proposal, coming=True)
    paper.refuse_unsettable(offer.document)
    return blocks.preview(offer, notes)


def here(refusal: Invalid, view: Mapping[str, Any], otherwise: str) -> Invalid:
    """The refusal at a field of the page that is open; what belongs to the other page is told at `otherwise`."""
    if refusal.field is None or refusal.field in _fields(view):
        return refusal
    return Invalid(f"{refusal.sentence} (It stands on the other page of this form.)", field=otherwise)


def _fields(view: Mapping[str, Any]) -> set[str]:
    return {block["block_id"] for block in view.get("blocks", ()) if block.get("type") == "input"}


async def engagement_of(heard: Heard, engagement_id: uuid.UUID | str) -> Engagement:
    """The engagement that a proposal is written in."""
    return await access.fetch(heard.session, heard.actor, Can.PROPOSAL_DRAFT, Engagement, engagement_id)


async def offered(heard: Heard, engagement: Engagement, currency: str) -> tuple[list[Service], dict[uuid.UUID, Money]]:
    """The services of the catalog in this currency, and what they cost this client."""
    services = [each for each in await catalog.services(heard.session, heard.actor) if each.currency == currency]
    prices = await catalog.prices_for(
        heard.session, services, company_id=engagement.company_id, client_id=engagement.contact_id
    )
    return services, prices
