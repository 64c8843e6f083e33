"""Subscriptions in Block Kit: the list of what is paid for again and again, and the second look before one ends."""

from collections.abc import Sequence

from bot.blocks import kit
from bot.blocks.kit import Block, Card
from bot.blocks.proposals.choosing import EACH
from core.money import Money
from core.subscriptions import Subscription


def listing(found: Sequence[tuple[Subscription, str]], locale: str, *, everywhere: bool) -> Card:
    """What is billed, in a line each: how much, how often, and when next; with whose it is where it may be anybody's."""
    if not found:
        told = "Nothing is billed again and again here. A signed proposal with a monthly item begins it."
        return Card(told, [kit.section(told)])
    told = f"{len(found)} subscriptions" if len(found) > 1 else "One subscription"
    lines = [_line(each, engagement if everywhere else "", locale) for each, engagement in found]
    packed = [kit.section(kit.join(lines[start : start + 10], "\n")) for start in range(0, len(lines), 10)]
    return Card(told, kit.fits([kit.section(told), *packed[:47], kit.context(kit.Raw("`/tl subscription end`"))]))


def _line(subscription: Subscription, engagement: str, locale: str) -> str:
    return kit.md(
        "*{title}* · {amount} · next on {day}{where}",
        title=subscription.title,
        amount=worth(subscription, locale),
        day=kit.day(subscription.next_on),
        where=f" · {engagement}" if engagement else "",
    )


def worth(subscription: Subscription, locale: str) -> str:
    """What a period costs, tax included: $48 a month."""
    gross = Money(subscription.amount_minor + subscription.tax_minor, subscription.currency)
    return f"{gross.show(locale)} {EACH[subscription.period]}"


def end(subscription: Subscription, locale: str) -> Block:
    """The second look before it ends."""
    asked = kit.md(
        "End *{title}*, {amount}? Nothing more is billed from now on; what was billed stays.",
        title=subscription.title,
        amount=worth(subscription, locale),
    )
    return kit.modal(
        "subscription.end",
        "End subscription",
        [kit.section(asked)],
        submit="End it",
        close="Keep it",
        private=str(subscription.id),
    )
