"""Coupons by command: list them, make one, retire one."""

import uuid
from collections.abc import Sequence

from bot.blocks import coupons as blocks
from bot.blocks import kit
from bot.slack.listener import Heard, command, form
from bot.slack.replies import Open, Reply, Say
from core import access, catalog, proposals
from core.access import Can
from core.catalog import Coupon, Offered
from core.money import Money
from core.proposals.marks import share


async def _coupons(heard: Heard) -> Sequence[tuple[uuid.UUID, str]]:
    return [(coupon.id, coupon.code) for coupon in await catalog.coupons(heard.session, heard.actor)]


@command("coupon", "", "Codes that lower prices")
async def listed(heard: Heard) -> Reply:
    """List the coupons in use."""
    access.demand(heard.actor, Can.SERVICE_MANAGE)
    coupons = await catalog.coupons(heard.session, heard.actor)
    services = await catalog.services_of(heard.session, coupons)
    used = await proposals.coupon_uses(heard.session, [coupon.id for coupon in coupons])
    card = blocks.listing(coupons, services, used, heard.house.locale)
    return Say(card.text, card.blocks)


@command("coupon", "new", "Make a coupon", hint="[code]")
async def new(heard: Heard) -> Reply:
    """Open the form of a coupon."""
    access.demand(heard.actor, Can.SERVICE_MANAGE)
    services = await catalog.services(heard.session, heard.actor)
    code = kit.clip("-".join(heard.words.upper().split()), 30)
    return Open(blocks.form(code, heard.house.currency, [(str(each.id), each.name) for each in services]))


@command("coupon", "retire", "Take a coupon out of use", hint="[which]", which=_coupons)
async def retire(heard: Heard) -> Reply:
    """A second look, then out."""
    return Open(blocks.retire(await access.fetch(heard.session, heard.actor, Can.SERVICE_MANAGE, Coupon, heard.value)))


@form("coupon.new")
async def made(heard: Heard) -> Reply:
    """The coupon is kept."""
    currency = heard.house.currency

    def amount(name: str) -> Money | None:
        typed = heard.form.text(name)
        return proposals.price(typed, currency, field_name=name) if typed else None

    percent = heard.form.text("percent")
    coupon = await catalog.new_coupon(
        heard.session,
        heard.actor,
        Offered(
            code=heard.form.text("code"),
            percent=share(percent.rstrip("% ") or "0", places=2, what="A discount", field="percent"),
            amount=amount("amount"),
            service_ids=tuple(uuid.UUID(each) for each in heard.form.chosen("services")),
            minimum=amount("minimum"),
            expires_on=heard.form.day("until"),
            usage_limit=heard.form.number("limit") if heard.form.text("limit") else None,
            client_limit=heard.form.number("client_limit") if heard.form.text("client_limit") else None,
            new_only="new" in heard.form.chosen("more"),
            forever="forever" in heard.form.chosen("more"),
        ),
        currency,
    )
    told = kit.md(
        "{code} takes {off}. Write it into a proposal under More.",
        code=coupon.code,
        off=blocks.takes_off(coupon, heard.house.locale),
    )
    return Say(told, title="Saved")


@form("coupon.retire")
async def retired(heard: Heard) -> Reply:
    """The coupon is out of use."""
    coupon = await catalog.retire_coupon(heard.session, heard.actor, heard.value)
    return Say(kit.md("{code} is retired.", code=coupon.code), title="Retired")
