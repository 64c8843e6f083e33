"""The catalog by command: list the services, make one, change one, retire one."""

import uuid
from collections.abc import Sequence

from bot.blocks import catalog as blocks
from bot.blocks import kit
from bot.slack.listener import Heard, command, form
from bot.slack.replies import Open, Reply, Say
from core import access, catalog, proposals
from core.access import Can
from core.catalog import Service
from core.errors import Invalid
from core.money import Money


async def _services(heard: Heard) -> Sequence[tuple[uuid.UUID, str]]:
    return [(service.id, service.name) for service in await catalog.services(heard.session, heard.actor)]


@command("service", "", "Your catalog: what you offer and what it costs")
async def listed(heard: Heard) -> Reply:
    """List the services that are offered."""
    access.demand(heard.actor, Can.SERVICE_SEE)
    card = blocks.listing(await catalog.services(heard.session, heard.actor), heard.house.locale)
    return Say(card.text, card.blocks)


@command("service", "new", "Put a service into the catalog", hint="[name, price]")
async def new(heard: Heard) -> Reply:
    """Open the form, filled in from words such as “SEO audit, 900”."""
    access.demand(heard.actor, Can.SERVICE_MANAGE)
    name, price, kind = heard.words, "", "work"
    try:
        (item,) = proposals.read(heard.words, heard.house.currency)
        name, price, kind = item.title, _typed(item.unit), item.kind
    except (Invalid, ValueError):
        name = kit.clip(heard.words, 75)  # words without a price are the name alone
    return Open(blocks.form(name=name, price=price, description="", kind=kind, currency=heard.house.currency))


@command("service", "edit", "Change a service", hint="[which]", which=_services)
async def edit(heard: Heard) -> Reply:
    """Open the form of a service."""
    service = await access.fetch(heard.session, heard.actor, Can.SERVICE_MANAGE, Service, heard.value)
    return Open(
        blocks.form(
            name=service.name,
            price=_typed(service.price),
            description=service.description,
            kind=service.kind,
            currency=service.currency,
            service_id=str(service.id),
        )
    )


@command("service", "retire", "Take a service out of the catalog", hint="[which]", which=_services)
async def retire(heard: Heard) -> Reply:
    """A second look, then out."""
    return Open(blocks.retire(await access.fetch(heard.session, heard.actor, Can.SERVICE_MANAGE, Service, heard.value)))


@form("service.new")
async def made(heard: Heard) -> Reply:
    """The new service is kept."""
    price = proposals.price(heard.form.text("price"), heard.house.currency, field_name="price")
    service = await catalog.new(
        heard.session,
        heard.actor,
        name=heard.form.text("name"),
        price=price,
        description=heard.form.text("description"),
        kind=heard.form.text("kind") or "work",
    )
    return _kept(heard, service)


@form("service.edit")
async def edited(heard: Heard) -> Reply:
    """The service is changed; proposals that were sent keep what they said."""
    known = await access.fetch(heard.session, heard.actor, Can.SERVICE_MANAGE, Service, heard.value)
    service = await catalog.edit(
        heard.session,
        heard.actor,
        known.id,
        name=heard.form.text("name"),
        price=proposals.price(heard.form.text("price"), known.currency, field_name="price"),
        description=heard.form.text("description"),
        kind=heard.form.text("kind") or "work",
    )
    return _kept(heard, service)


@form("service.retire")
async def retired(heard: Heard) -> Reply:
    """The service is out of the catalog."""
    service = await catalog.retire(heard.session, heard.actor, heard.value)
    return Say(kit.md("{name} is retired. New proposals no longer offer it.", name=service.name), title="Retired")


def _kept(heard: Heard, service: Service) -> Reply:
    told = kit.md(
        "{name} is in the catalog at {price}.", name=service.name, price=service.price.show(heard.house.locale)
    )
    return Say(told, title="Saved")


def _typed(price: Money) -> str:
    """A price as a person would type it into the field."""
    return f"{price.decimal().normalize():f}" if price else "0"
