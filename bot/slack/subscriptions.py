"""What is paid for again and again, by command: list it, end it."""

import uuid
from collections.abc import Sequence

from bot.blocks import kit
from bot.blocks import subscriptions as blocks
from bot.slack.listener import Heard, command, form
from bot.slack.replies import Open, Reply, Say
from core import access, subscriptions
from core.access import Can
from core.subscriptions import Subscription


async def _running(heard: Heard) -> Sequence[tuple[uuid.UUID, str]]:
    here = heard.engagement.id if heard.engagement else None
    found = await subscriptions.running(heard.session, heard.actor, here)
    return [(each.id, each.title if here else f"{each.title} · {engagement}") for each, engagement in found]


@command("subscription", "", "What clients pay for again and again")
async def listed(heard: Heard) -> Reply:
    """List the subscriptions of this engagement, or of all."""
    access.demand(heard.actor, Can.INVOICE_SEND)
    here = heard.engagement
    found = await subscriptions.running(heard.session, heard.actor, here.id if here else None)
    card = blocks.listing(found, heard.house.locale, everywhere=here is None)
    return Say(card.text, card.blocks)


@command("subscription", "end", "Bill nothing of it any more", hint="[which]", which=_running)
async def end(heard: Heard) -> Reply:
    """A second look, then it ends."""
    found = await access.fetch(heard.session, heard.actor, Can.INVOICE_SEND, Subscription, heard.value)
    return Open(blocks.end(found, heard.house.locale))


@form("subscription.end")
async def ended(heard: Heard) -> Reply:
    """It has ended."""
    found = await subscriptions.end(heard.session, heard.actor, heard.value)
    return Say(kit.md("*{title}* has ended. Nothing more of it is billed.", title=found.title), title="Ended")
