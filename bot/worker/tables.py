"""Everything that the worker knows how to do: all handlers, all appliers, all cards, by their registration."""

import importlib
import pkgutil
import uuid

import bot.worker.cards
from bot.worker import connect, mails, messages, payments
from bot.worker.backfill import quietly
from bot.worker.works import HANDLERS
from core import links, people
from core.db import Session
from core.inbox import Appliers

HEARD: Appliers = {**messages.APPLIERS, **connect.APPLIERS}
APPLIERS: Appliers = {
    **{key: quietly(applier) for key, applier in HEARD.items()},
    **mails.APPLIERS,
    **payments.APPLIERS,
}

for module in pkgutil.iter_modules(bot.worker.cards.__path__, "bot.worker.cards."):
    importlib.import_module(module.name)
for module in pkgutil.iter_modules(importlib.import_module("bot.worker").__path__, "bot.worker."):
    if module.name != __name__:
        importlib.import_module(module.name)


async def tenant_of(session: Session, source: str, team: str) -> uuid.UUID | None:
    """The organization that a delivery is for, by its Slack workspace; that of a letter by the address that it was sent to.

    Stripe's webhooks come for the one account of this machine; the invoice that they name says whose it is, and the job that looks
    into it finds it in that tenant only. They are heard in any, and so is a letter to nobody, of which is noted that it came.
    """
    if source == "mail" and (house := await links.house_of_reply(session, team)) is not None:
        return house
    found = (
        await people.installation(session, team_id=team)
        if source == "slack"
        else await people.any_installation(session)
    )
    return found.organization_id if found else None


__all__ = ["APPLIERS", "HANDLERS", "tenant_of"]
