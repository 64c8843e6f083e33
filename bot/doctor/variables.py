"""The checks of the environment: each variable is there, and looks like what it should be."""

import re
import sys
from email.utils import parseaddr
from urllib.parse import urlsplit

from bot.doctor.finding import Finding, fine, problem
from bot.gateways.hosts import is_loopback
from bot.gateways.mail import reply_address
from bot.settings import Settings
from core.seals import Sealer

OLDEST = (3, 11)
SHORTEST_KEY = 32
BASIC = "your app's page on api.slack.com/apps, Basic Information"


def examine(settings: Settings) -> list[Finding]:
    """What can be told of the environment without asking anybody."""
    found = [
        python(sys.version_info[:3]),
        secret_key(settings.secret_key.get_secret_value()),
        signing_key(settings.signing_key.get_secret_value()),
        public_url(settings.public_url),
        proxies(settings.public_url, settings.trusted_proxies),
        clock_file(settings.clock_file, settings.slack_api_url),
        slack_address(settings.slack_api_url),
        bot_token(settings.slack_bot_token.get_secret_value()),
        *ways_in(settings.slack_signing_secret.get_secret_value(), settings.slack_app_token.get_secret_value()),
        mail_from(settings.mail_from, settings.smtp_url.get_secret_value()),
        *mail_replies(
            settings.mail_reply_to,
            settings.mail_in_secret.get_secret_value(),
            settings.smtp_url.get_secret_value(),
            settings.imap_url.get_secret_value(),
        ),
    ]
    return [finding for finding in found if finding is not None]


def python(version: tuple[int, ...]) -> Finding:
    """Whether this Python is new enough."""
    shown = ".".join(map(str, version))
    if version[:2] < OLDEST:
        return problem(f"Python {shown} is too old", "Install Python 3.11 or newer, then: make PYTHON=python3.11 setup")
    return fine(f"Python {shown}")


def secret_key(key: str) -> Finding:
    """Whether there is a key to seal tokens with, and one that cannot be guessed."""
    mend = (
        "Make one with `openssl rand -base64 32`, set SECRET_KEY to it, and keep it: Slack's token is sealed with it."
    )
    if not key:
        return problem("SECRET_KEY is not set", mend)
    if len(key) < SHORTEST_KEY or len(frozenset(key)) < 8:
        return problem(
            "SECRET_KEY is too short to be safe", mend + " Then start `serve` once, which seals the token anew."
        )
    return fine("SECRET_KEY is set")


def signing_key(key: str) -> Finding:
    """Whether there is a key to seal signatures with, and one that can seal."""
    mend = "Make one with `openssl rand -base64 32`, set SIGNING_KEY to it, and keep it: signatures are sealed with it."
    if not key:
        return problem("SIGNING_KEY is not set, so nothing can be signed", mend)
    try:
        sealer = Sealer(key)
    except ValueError:
        return problem("SIGNING_KEY is not 32 bytes in base64", mend)
    return fine(f"SIGNING_KEY is set: key {sealer.key_id}")


def public_url(url: str) -> Finding:
    """Whether links in mails and on cards will open: https, except on this very machine; no path, no credentials."""
    mend = "Set PUBLIC_URL to the address by which browsers reach Throughline, such as https://throughline.studioada.example"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return problem(f"PUBLIC_URL cannot be read: {url}", mend)
    if parts.username or parts.password:
        return problem("PUBLIC_URL holds a name or a password", mend)
    if parts.scheme not in ("http", "https") or not host:
        return problem(f"PUBLIC_URL is no web address: {url}", mend)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return problem(f"PUBLIC_URL goes on after the host: {url}", mend)
    if is_loopback(host):
        return fine(
            f"PUBLIC_URL is {url}", "It works on this machine only. For clients, set it to your public https address."
        )
    if parts.scheme != "https":
        return problem(
            f"PUBLIC_URL is not https: {url}",
            "Put a proxy with a certificate before Throughline and set PUBLIC_URL to its https address.",
        )
    return fine(f"PUBLIC_URL is {url}")


def proxies(url: str, listed: str) -> Finding | None:
    """Whether it can be told where a browser's request comes from: https means that a proxy stands before us."""
    if listed:
        return fine(f"X-Forwarded-For is believed from {listed}")
    if not url.startswith("https://"):
        return None
    return fine(
        "X-Forwarded-For is believed from nobody",
        "If a proxy of yours stands before Throughline, set TRUSTED_PROXIES to its address: signatures then name the"
        " signer's address and not the proxy's, and limits count each caller by themselves.",
    )


def clock_file(file: str, slack_api_url: str) -> Finding | None:
    """Whether the clock could be moved where it must not be."""
    if not file:
        return None
    if _is_slack(slack_api_url):
        return problem(
            "CLOCK_FILE is set, so the clock of Throughline can be moved",
            "Unset CLOCK_FILE: it is for the demo and the tests.",
        )
    return fine("CLOCK_FILE moves the clock, as the sandbox needs it")


def slack_address(url: str) -> Finding | None:
    """Whether tokens would travel in the clear, or to somebody else than Slack."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return problem("SLACK_API_URL cannot be read", "Unset SLACK_API_URL; Slack's own address is the default.")
    if _is_slack(url):
        return None
    if parts.scheme != "https" and not is_loopback(parts.hostname):
        return problem("SLACK_API_URL is not https", "Unset SLACK_API_URL; Slack's own address is the default.")
    return fine(f"Slack is played by {parts.hostname}", "For the real Slack, unset SLACK_API_URL.")


def _is_slack(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return host in ("slack.com", "slack-gov.com") or host.endswith((".slack.com", ".slack-gov.com"))


def bot_token(token: str) -> Finding:
    """Whether there is a bot token, and not another of Slack's secrets in its place."""
    where = "Copy the Bot User OAuth Token (xoxb-…) from your app's page, OAuth & Permissions, into SLACK_BOT_TOKEN."
    if not token:
        return problem("SLACK_BOT_TOKEN is not set", where)
    if not re.fullmatch(r"xoxb-[\w-]+", token):
        return problem("SLACK_BOT_TOKEN is not a bot token", where)
    return fine("SLACK_BOT_TOKEN is set")


def ways_in(signing_secret: str, app_token: str) -> list[Finding]:
    """Whether Slack can reach us: by HTTP with a signing secret, or by Socket Mode with an app token."""
    found = []
    if not signing_secret and not app_token:
        return [
            problem(
                "Neither SLACK_SIGNING_SECRET nor SLACK_APP_TOKEN is set, so Slack cannot reach Throughline",
                f"Copy the Signing Secret from {BASIC}; or, for Socket Mode, make an App-Level Token there.",
            )
        ]
    if signing_secret:
        odd = signing_secret.startswith(("xox", "xapp-", "sk_", "whsec_")) or re.search(r"\s", signing_secret)
        if odd or len(signing_secret) < 16:
            found.append(
                problem(
                    "SLACK_SIGNING_SECRET does not look like one",
                    f"Copy the Signing Secret, not a token and not the Client Secret, from {BASIC}.",
                )
            )
        else:
            found.append(fine("SLACK_SIGNING_SECRET is set"))
    if app_token:
        if re.fullmatch(r"xapp-[\w-]+", app_token):
            found.append(fine("SLACK_APP_TOKEN is set: events arrive by Socket Mode"))
        else:
            found.append(
                problem(
                    "SLACK_APP_TOKEN is not an app-level token",
                    f"Make one with the scope connections:write (xapp-…) on {BASIC}, or unset it.",
                )
            )
    return found


def mail_replies(reply_to: str, secret: str, smtp_url: str, imap_url: str = "") -> list[Finding]:
    """Whether letters can be answered: an address to answer to, and a way in by which the answers come."""
    if not reply_to:
        hint = "To let clients answer by mail, set MAIL_REPLY_TO, such as reply@studioada.example, and MAIL_IN_SECRET."
        return [fine("Letters cannot be answered by mail, and do not ask for it", hint)] if smtp_url else []
    found = []
    try:
        reply_address(reply_to, "x" * 26)
    except ValueError as error:
        found.append(problem("MAIL_REPLY_TO is no address that can be answered", str(error)))
    if not smtp_url:
        found.append(problem("MAIL_REPLY_TO is set and SMTP_URL is not", "Set SMTP_URL, or nothing is sent to answer."))
    make = "Make one with `openssl rand -base64 32`, set MAIL_IN_SECRET to it, and give it to your mail provider."
    if imap_url and not secret:
        return found or [fine(f"Letters are answered to {reply_to}, whose mailbox is read by IMAP")]
    if not secret:
        found.append(problem("MAIL_REPLY_TO is set, and nothing brings the answers: MAIL_IN_SECRET is not set", make))
    elif len(secret) < SHORTEST_KEY or len(frozenset(secret)) < 8:
        found.append(problem("MAIL_IN_SECRET is too short to be safe", make))
    what = f"Letters are answered to {reply_to}"
    hint = "Have your provider post each letter to that address, and to any +tag of it, raw to /mail/in."
    return found or [fine(what, hint)]


def mail_from(sender: str, smtp_url: str) -> Finding | None:
    """Whether letters come from an address that people can answer."""
    if not smtp_url:
        return None
    address = parseaddr(sender)[1]
    if "@" not in address or address.endswith("@localhost"):
        return problem(
            "MAIL_FROM is not set, so letters would come from nowhere",
            "Set MAIL_FROM, such as: Studio Ada <hello@studioada.example>",
        )
    return fine(f"Letters come from {address}")
