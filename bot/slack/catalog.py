"""The catalog by command: list the services, make one, change one, price it for somebody, retire one."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from bot.blocks import catalog as blocks
from bot.blocks import kit
from bot.slack.listener import Heard, button, command, form
from bot.slack.replies import Open, Reply, Say, Update
from core import access, catalog, people, proposals
from core.access import Can
from core.catalog import Details, Service
from core.errors import Invalid, NotFound
from core.money import Money
from core.proposals.marks import share


async def _services(heard: Heard) -> Sequence[tuple[uuid.UUID, str]]:
    return [(service.id, service.name) for service in await catalog.services(heard.session, heard.actor)]


async def _one(heard: Heard) -> Service:
    return await access.fetch(heard.session, heard.actor, Can.SERVICE_MANAGE, Service, heard.value)


@command("service", "", "Your catalog: what you offer and what it costs")
async def listed(heard: Heard) -> Reply:
    """List the services that are offered, and what some pay for them instead."""
    access.demand(heard.actor, Can.SERVICE_SEE)
    services = await catalog.services(heard.session, heard.actor)
    card = blocks.listing(services, await catalog.folders(heard.session, services), heard.house.locale)
    special = []
    if access.allowed(heard.actor, Can.SERVICE_MANAGE):
        special = blocks.specials(await catalog.specials(heard.session, heard.actor), heard.house.locale)
    return Say(card.text, kit.fits([*card.blocks, *special]))


@command("service", "new", "Put a service into the catalog", hint="[name, price]")
async def new(heard: Heard) -> Reply:
    """Open the form, filled in from words such as “SEO audit, 900” or “Care, 40 (monthly)”."""
    access.demand(heard.actor, Can.SERVICE_MANAGE)
    sheet = blocks.Sheet(
        kit.clip(heard.words, 75), "", heard.house.currency
    )  # words without a price are the name alone
    try:
        (item,) = proposals.read(heard.words, heard.house.currency)
        sheet = replace(sheet, name=item.title, price=blocks.typed(item.unit), kind=item.kind, period=item.period)
    except (Invalid, ValueError):
        return Open(blocks.form(sheet))
    return Open(blocks.form(sheet))


@command("service", "edit", "Change a service", hint="[which]", which=_services)
async def edit(heard: Heard) -> Reply:
    """Open the form of a service."""
    service = await _one(heard)
    details = await catalog.details_of(heard.session, service)
    sheet = blocks.Sheet(
        service.name,
        blocks.typed(service.price),
        service.currency,
        service.kind,
        service.description,
        service.period,
        details.folder,
        ", ".join(details.tags),
        str(service.id),
    )
    return Open(blocks.form(sheet))


@command("service", "retire", "Take a service out of the catalog", hint="[which]", which=_services)
async def retire(heard: Heard) -> Reply:
    """A second look, then out."""
    return Open(blocks.retire(await _one(heard)))


@command("service", "price", "Give somebody a price of their own", hint="[which]", which=_services)
async def price(heard: Heard) -> Reply:
    """Open the form of a special price."""
    service = await _one(heard)
    clients = await people.clients(heard.session)
    companies = {person.company_id: company for person, company in clients if person.company_id}
    whose = [(f"company:{each}", name) for each, name in sorted(companies.items(), key=lambda one: one[1].lower())]
    whose += [(f"client:{person.id}", f"{person.name} alone, of {company}") for person, company in clients if company]
    if not whose:
        raise NotFound("There is no client yet to give a price to. `/engagement new` begins with the first.")
    return Open(blocks.price_form(service, whose[:100], heard.house.locale))


@form("service.price")
async def priced(heard: Heard) -> Reply:
    """The special price is kept, or the usual one holds again."""
    service = await _one(heard)
    whose, _, key = heard.form.text("whose").partition(":")
    words = heard.form.text("price")
    amount = proposals.price(words, service.currency, field_name="price") if words else None
    wanted = {"company_id" if whose == "company" else "client_id": uuid.UUID(key)}
    await catalog.special(heard.session, heard.actor, service.id, amount, **wanted)
    told = kit.md(
        "{name} costs them {price} from now on. Proposals that are drafted begin with it.",
        name=service.name,
        price=(amount or service.price).show(heard.house.locale),
    )
    return Say(told, title="Saved")


def _details(heard: Heard, known: Details) -> Details:
    period = heard.form.text("period")
    period = "" if period == "once" else period
    return replace(
        known,
        period=period,
        trial_days=known.trial_days if period else 0,
        setup_minor=known.setup_minor if period else 0,
        folder=heard.form.text("folder"),
        tags=catalog.tags_from(heard.form.text("tags")),
    )


@form("service.new")
async def made(heard: Heard) -> Reply:
    """The new service is kept."""
    service = await catalog.new(
        heard.session,
        heard.actor,
        name=heard.form.text("name"),
        price=proposals.price(heard.form.text("price"), heard.house.currency, field_name="price"),
        description=heard.form.text("description"),
        kind=heard.form.text("kind") or "work",
        details=_details(heard, Details()),
    )
    return Update(blocks.kept(service, heard.house.locale))


@form("service.edit")
async def edited(heard: Heard) -> Reply:
    """The service is changed; proposals that were sent keep what they said."""
    known = await _one(heard)
    service = await catalog.edit(
        heard.session,
        heard.actor,
        known.id,
        name=heard.form.text("name"),
        price=proposals.price(heard.form.text("price"), known.currency, field_name="price"),
        description=heard.form.text("description"),
        kind=heard.form.text("kind") or "work",
        details=_details(heard, await catalog.details_of(heard.session, known)),
    )
    return Update(blocks.kept(service, heard.house.locale))


@button("service.more")
async def more(heard: Heard) -> Reply:
    """Open what a project of this service begins with."""
    service = await _one(heard)
    details = await catalog.details_of(heard.session, service)
    accounts = await people.identities_of(heard.session, [details.owner_id] if details.owner_id else [])
    owner = accounts.get(details.owner_id, "") if details.owner_id else ""
    setup = blocks.typed(service.setup) if service.setup_minor else ""
    return Update(blocks.more(service, details, owner, service.currency, setup))


@form("service.more")
async def detailed(heard: Heard) -> Reply:
    """The template of the service is kept."""
    service = await _one(heard)
    known = await catalog.details_of(heard.session, service)
    account, setup = heard.form.text("owner"), heard.form.text("setup")
    owner = await people.identity(heard.session, account) if account else None
    if account and (owner is None or owner.user_id is None):
        raise Invalid("I do not know them yet. Choose somebody of your own team.", field="owner")
    details = replace(
        known,
        trial_days=heard.form.number("trial") if known.period else 0,
        setup_minor=proposals.price(setup, service.currency, field_name="setup").minor if setup else 0,
        tax_percent=share(heard.form.text("tax") or "0", places=3, what="A tax", field="tax"),
        owner_id=owner.user_id if owner else None,
        phases=catalog.phases_from(heard.form.text("phases")),
        checklist=catalog.checklist_from(heard.form.text("checklist")),
        deliverables=catalog.deliverables_from(heard.form.text("deliverables")),
    )
    await catalog.edit(
        heard.session,
        heard.actor,
        service.id,
        name=service.name,
        price=Money(service.price_minor, service.currency),
        description=service.description,
        kind=service.kind,
        details=details,
    )
    told = kit.md("Saved. The next proposal with {name} brings it along.", name=service.name)
    return Say(told, title="Saved")


@form("service.retire")
async def retired(heard: Heard) -> Reply:
    """The service is out of the catalog."""
    service = await catalog.retire(heard.session, heard.actor, heard.value)
    return Say(kit.md("{name} is retired. New proposals no longer offer it.", name=service.name), title="Retired")
