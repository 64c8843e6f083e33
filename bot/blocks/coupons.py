"""Coupons in Block Kit: the list of codes, and the form in which one is made."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from bot.blocks import kit
from bot.blocks.kit import Block, Card
from core.catalog import Coupon
from core.money import Money


def listing(
    coupons: Sequence[Coupon], services: Mapping[UUID, Sequence[str]], used: Mapping[UUID, int], locale: str
) -> Card:
    """The codes in use, in a line each: what they take off, for what, within which limits, and how often they were used."""
    if not coupons:
        told = "There are no coupons. `/tl coupon new` makes one."
        return Card(told, [kit.section(kit.Raw(told))])
    told = f"{len(coupons)} coupons in use" if len(coupons) > 1 else "One coupon in use"
    lines = [_line(coupon, services.get(coupon.id, ()), used.get(coupon.id, 0), locale) for coupon in coupons]
    packed = [kit.section(kit.join(lines[start : start + 10], "\n")) for start in range(0, len(lines), 10)]
    return Card(told, kit.fits([kit.section(told), *packed[:47], kit.context(kit.Raw("`/tl coupon new` · `retire`"))]))


def _line(coupon: Coupon, services: Sequence[str], used: int, locale: str) -> str:
    limits = [
        f"for {', '.join(services)}" if services else "",
        f"from {Money(coupon.minimum_minor, coupon.currency).show(locale)}" if coupon.minimum_minor else "",
        f"until {kit.day(coupon.expires_on)}" if coupon.expires_on else "",
        "new clients only" if coupon.new_only else "",
        f"{coupon.client_limit} a client" if coupon.client_limit else "",
        "every payment" if coupon.duration == "forever" else "",
        f"used {used} of {coupon.usage_limit}"
        if coupon.usage_limit
        else f"used {used} times"
        if used != 1
        else "used once",
    ]
    return kit.md(
        "*{code}* · {off} · {limits}",
        code=coupon.code,
        off=takes_off(coupon, locale),
        limits=kit.join([kit.md("{words}", words=each) for each in limits if each]),
    )


def takes_off(coupon: Coupon, locale: str) -> str:
    """What the coupon takes off, in words."""
    if coupon.kind == "percent":
        return f"{coupon.percent.normalize():f}% off"
    return f"{Money(coupon.amount_minor, coupon.currency).show(locale)} off"


def form(code: str, currency: str, services: Sequence[tuple[str, str]]) -> Block:
    """The form of a new coupon: (id, name) of the services."""
    entries = [kit.option(name, service_id) for service_id, name in services[:100]]
    ticks = [
        kit.option("New clients only", "new", "Who has signed nothing with you yet"),
        kit.option("Every payment of what recurs", "forever", "Otherwise only the first"),
    ]
    return kit.modal(
        "coupon.new",
        "New coupon",
        [
            kit.text_input("code", "Code", initial=code, placeholder="SPRING-10", limit=30),
            kit.text_input("percent", "Takes off, in %", placeholder="10", optional=True, limit=8),
            kit.text_input("amount", f"Or an amount in {currency}", placeholder="200", optional=True, limit=30),
            *([kit.choices("services", "Only for", entries, hint="Empty: for all services.")] if entries else []),
            kit.text_input(
                "minimum", "Smallest total", hint=f"In {currency}; empty for none.", optional=True, limit=30
            ),
            kit.date_input("until", "Valid until", optional=True),
            kit.text_input("limit", "How often in all", placeholder="20", optional=True, limit=6),
            kit.text_input("client_limit", "How often for one client", placeholder="1", optional=True, limit=6),
            kit.ticks("more", "Also", ticks, optional=True),
        ],
        submit="Save",
        close="Cancel",
    )


def retire(coupon: Coupon) -> Block:
    """A second look before a coupon is taken out of use."""
    asked = kit.md("Retire *{code}*? Proposals that were sent with it keep their price.", code=coupon.code)
    return kit.modal(
        "coupon.retire",
        "Retire coupon",
        [kit.section(asked)],
        submit="Retire",
        close="Keep it",
        private=str(coupon.id),
    )
