"""What a job's handler is given to work with, and the table of handlers that the worker runs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.gateways.mail import Mail
from bot.gateways.slack import Slack
from bot.gateways.stripe import Stripe
from bot.settings import Settings
from bot.tenants import Tenants
from core.db import Database
from core.jobs import Claimed


@dataclass(frozen=True)
class Works:
    """The database, the outside world and the settings. `stripe` and `mail` are None where they are not set up."""

    db: Database
    slack: Slack
    stripe: Stripe | None
    mail: Mail | None
    tenants: Tenants
    settings: Settings


Handler = Callable[[Works, Claimed], Awaitable[None]]

HANDLERS: dict[str, Handler] = {}


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Register what does a kind of job. It may run more than once for one job, so it looks before it acts.

    It opens its own transactions, talks to the outside world between them, and raises gateways.failures.Temporary or Permanent.
    """

    def register(run: Handler) -> Handler:
        if kind in HANDLERS:
            raise ValueError(f"{kind} is handled twice")
        HANDLERS[kind] = run
        return run

    return register


Chore = Callable[[Works], Awaitable[None]]

CHORES: dict[str, Chore] = {}


def chore(name: str) -> Callable[[Chore], Chore]:
    """Register what comes round every hour of the clock. It runs in every worker, so it finds out by itself what is still to be done."""

    def register(run: Chore) -> Chore:
        if name in CHORES:
            raise ValueError(f"{name} comes round twice")
        CHORES[name] = run
        return run

    return register
