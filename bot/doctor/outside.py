"""The checks of the outside world: Slack's token and its scopes, the clock, Stripe and its webhook, the mail server."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import yaml

from bot.doctor.finding import Finding, fine, problem
from bot.gateways import store
from bot.gateways.failures import Failure, Permanent
from bot.gateways.hosts import is_loopback
from bot.gateways.mail import Mail
from bot.gateways.mail.fetching import Postbox
from bot.gateways.slack import Slack
from bot.gateways.stripe import Account, Endpoint, Stripe
from bot.settings import Settings

MANIFEST = Path(__file__).resolve().parents[2] / "manifest.yml"
STRIPE_EVENTS = ("invoice.paid", "invoice.payment_failed", "invoice.voided")
PATIENCE = 10.0
SKEW = 60.0
"""Seconds by which our clock may differ; Slack's signatures are refused past 300."""

REINSTALL = "then install the app to the workspace again (OAuth & Permissions → Reinstall) and take the new token"


async def slack(settings: Settings, manifest: Path = MANIFEST) -> list[Finding]:
    """Whether Slack takes the token, with the scopes that the manifest asks for, and agrees about the time."""
    token = settings.slack_bot_token.get_secret_value()
    if not token:
        return []  # said among the variables
    gateway = Slack(api_url=settings.slack_api_url, timeout=PATIENCE)
    try:
        auth = await gateway.auth_test(token)
    except Failure as failure:
        return [_refused_by_slack(failure)]
    finally:
        await gateway.close()
    return [
        fine(f"Slack knows the token: {auth.team}"),
        *scopes(auth.scopes, asked_for(manifest)),
        *await clock(settings.slack_api_url),
    ]


def _refused_by_slack(failure: Failure) -> Finding:
    if isinstance(failure, Permanent):
        mend = "Copy the Bot User OAuth Token again from OAuth & Permissions; if none is there, install the app first."
        return problem(f"Slack does not take SLACK_BOT_TOKEN ({failure.code})", mend)
    return problem(
        f"Slack does not answer ({failure.code})", "See that this machine reaches SLACK_API_URL, then run doctor again."
    )


def asked_for(manifest: Path) -> frozenset[str]:
    """The bot scopes that the manifest names."""
    written = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    return frozenset(written["oauth_config"]["scopes"]["bot"])


def scopes(granted: Collection[str], wanted: Collection[str]) -> list[Finding]:
    """What the token may not do and should, and what it may do and need not."""
    missing, beyond = sorted({*wanted} - {*granted}), sorted({*granted} - {*wanted})
    if missing:
        mend = f"Paste manifest.yml into the app's App Manifest page, {REINSTALL}."
        found = [problem(f"The token lacks {_number(missing, 'scope')}: {', '.join(missing)}", mend)]
    else:
        found = [fine(f"The token has all {len(wanted)} scopes that manifest.yml asks for")]
    if beyond:
        hint = f"Nothing breaks. To give no more than is needed, remove them under OAuth & Permissions, {REINSTALL}."
        found.append(
            fine(f"The token has {_number(beyond, 'scope')} that nothing here uses: {', '.join(beyond)}", hint)
        )
    return found


def _number(things: Sequence[str], one: str) -> str:
    return f"{len(things)} {one}{'s' if len(things) != 1 else ''}"


async def clock(api_url: str) -> list[Finding]:
    """Whether our clock agrees with Slack's; nothing where Slack does not say."""
    address = api_url.rstrip("/") + "/api.test"
    local = _local(address)
    try:
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        async with aiohttp.ClientSession(trust_env=not local, timeout=timeout) as http, http.post(address) as answer:
            said = answer.headers.get("Date", "")
        theirs = parsedate_to_datetime(said)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return []  # that Slack answers is another check's business
    return [skew((datetime.now(UTC) - theirs).total_seconds())]


def skew(seconds: float) -> Finding:
    """What it means that our clock is so many seconds ahead of Slack's."""
    if abs(seconds) > SKEW:
        way = "ahead of" if seconds > 0 else "behind"
        what = f"This machine's clock is {abs(seconds):.0f} seconds {way} Slack's; past 300, its requests are refused"
        return problem(what, "Let the machine keep time, such as with `timedatectl set-ntp true`.")
    return fine("The clock agrees with Slack's")


async def stripe(settings: Settings) -> list[Finding]:
    """Whether Stripe takes the key, may take money, and tells us of payments."""
    key, secret = settings.stripe_api_key.get_secret_value(), settings.stripe_webhook_secret.get_secret_value()
    if not key:
        hint = "For card payments, set STRIPE_API_KEY (Stripe's dashboard, Developers → API keys)."
        return [fine("Stripe is not set up: invoices are paid by bank transfer", hint)]
    if not key.startswith(("sk_", "rk_")):
        mend = "Copy the secret key (sk_…) or a restricted one (rk_…) from Developers → API keys."
        return [problem("STRIPE_API_KEY is not a secret key", mend)]
    gateway = Stripe(api_key=key, api_url=settings.stripe_api_url, timeout=PATIENCE)
    found: list[Finding] = []
    try:
        found += account(await gateway.check(), test_mode="_test_" in key)
        found.append(
            webhook(
                await gateway.webhook_endpoints(), settings.public_url, local_stripe=_local(settings.stripe_api_url)
            )
        )
    except Failure as failure:
        mend = (
            "Copy the key again from Developers → API keys; a restricted one needs to write customers and invoices."
            if isinstance(failure, Permanent)
            else "See that this machine reaches STRIPE_API_URL, then run doctor again."
        )
        found.append(problem(f"Stripe: {failure.sentence}", mend))
    finally:
        await gateway.close()
    return [*found, webhook_secret(secret)]


def account(found: Account, *, test_mode: bool) -> list[Finding]:
    """Whose Stripe account it is, and whether it can take money."""
    seen = [fine(f"Stripe knows the key: {found.name}{' (test mode)' if test_mode else ''}")]
    if not found.charges_enabled:
        mend = "Finish its activation in Stripe's dashboard."
        seen.append(problem("This Stripe account cannot take payments yet", mend))
    return seen


def _local(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname)
    except ValueError:
        return False


def webhook(endpoints: Sequence[Endpoint], public_url: str, *, local_stripe: bool = False) -> Finding:
    """Whether Stripe sends what happens with invoices to our door."""
    door = public_url.rstrip("/") + "/stripe/webhook"
    if _local(public_url) and not local_stripe:
        hint = f"`stripe listen --forward-to {door}` brings its events here; its secret is STRIPE_WEBHOOK_SECRET."
        return fine("Stripe cannot reach this machine by itself", hint)
    ours = next((each for each in endpoints if each.url.rstrip("/") == door), None)
    if ours is None:
        return problem(
            f"Stripe sends no webhooks to {door}",
            f"Add that endpoint under Developers → Webhooks, with the events {', '.join(STRIPE_EVENTS)}.",
        )
    if ours.status != "enabled":
        return problem(f"Stripe's webhook to {door} is {ours.status}", "Enable it under Developers → Webhooks.")
    missing = [] if "*" in ours.events else [event for event in STRIPE_EVENTS if event not in ours.events]
    if missing:
        return problem(
            f"Stripe's webhook does not tell of {', '.join(missing)}",
            "Add these events to it under Developers → Webhooks.",
        )
    return fine(f"Stripe sends webhooks to {door}")


def webhook_secret(secret: str) -> Finding:
    """Whether Stripe's signatures can be checked."""
    mend = "Copy the signing secret (whsec_…) of the endpoint from Developers → Webhooks into STRIPE_WEBHOOK_SECRET."
    if not secret:
        return problem("STRIPE_WEBHOOK_SECRET is not set, so no payment would be heard of", mend)
    if not secret.startswith("whsec_"):
        return problem("STRIPE_WEBHOOK_SECRET is not a webhook's signing secret", mend)
    return fine("STRIPE_WEBHOOK_SECRET is set")


async def mail(settings: Settings) -> list[Finding]:
    """Whether the mail server lets us in."""
    url = settings.smtp_url.get_secret_value()
    if not url:
        mend = "Set SMTP_URL, such as smtp://user:password@mail.example:587, and MAIL_FROM."
        return [
            problem("SMTP_URL is not set: clients who are not in Slack hear nothing, and no code can be mailed", mend)
        ]
    try:
        await Mail(smtp_url=url, sender=settings.mail_from, timeout=PATIENCE).check()
    except ValueError as error:
        return [problem("Mail is not set up rightly", str(error))]
    except Failure as failure:
        mend = "See that SMTP_URL names the right host and port, user and password, and that this machine may reach it."
        return [problem(f"Mail: {failure.sentence}", mend)]
    return [fine(f"The mail server {urlsplit(url).hostname} lets us in")]


async def mailbox(settings: Settings) -> list[Finding]:
    """Whether the mailbox that answers arrive in can be read."""
    url = settings.imap_url.get_secret_value()
    if not url:
        return []
    try:
        await Postbox(url, most=0, timeout=PATIENCE).check()
    except ValueError as error:
        return [problem("The mailbox is not set up rightly", str(error))]
    except Failure as failure:
        mend = "See that IMAP_URL names the right host, user, password and folder, and that this machine may reach it."
        return [problem(failure.sentence, mend)]
    hint = "What is unread there is taken and marked as read, so let nobody else use it."
    return [fine(f"The mailbox on {urlsplit(url).hostname} can be read", hint)]


async def files(settings: Settings) -> list[Finding]:
    """Whether files and copies of the record can be written where they are to be kept, and read again."""
    found = []
    for variable, address in (("FILES_FOLDER", settings.files_folder), ("EXPORTS_FOLDER", settings.exports_folder)):
        try:
            await asyncio.wait_for(store.tried(store.at(address, settings)), PATIENCE * 3)
        except (Failure, ValueError) as refused:
            mend = f"See that {variable} names a folder that `serve` and `work` may write, or s3://bucket/folder"
            found.append(problem(f"{variable} ({address}): {refused}", f"{mend} with the right S3_… variables."))
        except (OSError, TimeoutError) as error:
            mend = f"See that {variable} is right, and that this machine may reach and write it."
            found.append(problem(f"{variable} ({address}) cannot be used: {type(error).__name__}", mend))
        else:
            found.append(fine(f"{variable} can be written and read ({address})"))
    return found
