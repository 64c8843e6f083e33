"""The doctor: looks at all that Throughline needs, and names for each problem the step that mends it."""

import asyncio
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from bot.doctor import database, fonts, outside, variables
from bot.doctor.finding import Finding, report
from bot.settings import Settings

__all__ = ["Finding", "again", "examine", "report"]

again = database.again

HIDDEN = "•••"


async def examine(settings: Settings) -> list[Finding]:
    """Every finding, in the order in which a newcomer would set things up. No secret stands in any of them."""
    here, slack, stripe, mail, mailbox, files = await asyncio.gather(
        database.examine(settings),
        outside.slack(settings),
        outside.stripe(settings),
        outside.mail(settings),
        outside.mailbox(settings),
        outside.files(settings),
    )
    found = [*variables.examine(settings), *fonts.examine(settings), *here, *slack, *stripe, *mail, *mailbox, *files]
    secrets = secrets_of(settings)
    return [Finding(each.ok, hide(each.what, secrets), hide(each.mend, secrets)) for each in found]


def secrets_of(settings: Settings) -> list[str]:
    """What must never be printed: every secret variable, and the passwords inside of addresses; the longest first."""
    secrets = {value.get_secret_value() for _, value in settings if isinstance(value, SecretStr)}
    servers = (settings.smtp_url.get_secret_value(), settings.imap_url.get_secret_value())
    for address in (settings.database_url, settings.database_app_url, *servers):
        try:
            password = urlsplit(address).password or ""
        except ValueError:
            password = address
        secrets |= {password, unquote(password)}
    return sorted((secret for secret in secrets if len(secret) >= 4), key=len, reverse=True)


def hide(text: str, secrets: list[str]) -> str:
    """The text without them: errors of others sometimes quote what they were given."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text
