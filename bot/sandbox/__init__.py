"""The outside world on localhost, for `demo` and the tests: Slack, a Stripe account and a mailbox behind one port."""

import asyncio
import json
import secrets
import socket
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.sandbox.mailbox import Mailbox
from bot.sandbox.pages import Pages
from bot.sandbox.slack import Secrets, Slack
from bot.sandbox.stripe import StripeAccount

SAVE_AFTER_SECONDS = 0.2
MOST_BYTES = 30_000_000


class Sandbox:
    """Owns the three and the server that they share. With `state`, all is kept in that file for the next start.

    `bot_url` is where the bot listens; it may be set at any time. Without `state`, the secrets are fixed ones.
    """

    def __init__(
        self,
        *,
        bot_url: str = "",
        manifest: Path,
        state: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        smtp_port: int = 0,
        socket_mode: bool = False,
    ) -> None:
        self.bot_url, self.socket_mode = bot_url, socket_mode
        self._host, self._port, self._state = host, port, state
        self._kept: dict[str, Any] = _read(state)
        self._secrets = _new_secrets(fixed=state is None) | self._kept.get("secrets", {})
        self._saving: asyncio.TimerHandle | None = None
        self._runner: web.AppRunner | None = None
        self._bound = 0
        self.mail = Mailbox(
            host=host,
            port=smtp_port,
            changed=self._changed,
            bring_to=lambda: self.bot_url.rstrip("/") + "/mail/in",
            secret=self._secrets["mail_secret"],
        )
        self.slack = Slack(
            bot_url=lambda: self.bot_url,
            manifest=manifest,
            base_url=lambda: self.url,
            mail=self.mail,
            changed=self._changed,
            secrets=Secrets(self._secrets["bot_token"], self._secrets["app_token"], self._secrets["signing_secret"]),
            socket_mode=socket_mode,
        )
        self.stripe = StripeAccount(
            webhook_url=lambda: self.bot_url.rstrip("/") + "/stripe/webhook",
            webhook_secret=self._secrets["webhook_secret"],
            base_url=lambda: self.url,
            changed=self._changed,
            api_key=self._secrets["stripe_key"],
        )
        self.pages = Pages(self)

    async def start(self) -> None:
        """Take up the kept state and listen."""
        if "slack" in self._kept:
            self.slack.load(self._kept["slack"])
        if "mail" in self._kept:
            self.mail.load(self._kept["mail"])
        await self.mail.start()
        listening = socket.create_server((self._host, self._port))
        self._bound = listening.getsockname()[1]
        if "stripe" in self._kept:
            self.stripe.load(self._kept["stripe"])
        self._kept = {}
        application = web.Application(client_max_size=MOST_BYTES)
        application.add_routes([*self.slack.routes(), *self.stripe.routes(), *self.pages.routes()])
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.SockSite(self._runner, listening).start()

    async def stop(self) -> None:
        """End all that is under way, write the state down and stop listening."""
        if self._runner is None:
            return
        await self.pages.close()
        await self.slack.stop()
        await self.stripe.close()
        await self._runner.cleanup()
        self._runner = None
        await self.mail.stop()
        if self._saving is not None:
            self._saving.cancel()
        self.save()

    @property
    def url(self) -> str:
        """Where the sandbox is, without a slash at the end."""
        return f"http://{self._host}:{self._bound}"

    def environment(self) -> dict[str, str]:
        """The variables by which the bot reaches the sandbox instead of the world."""
        variables = {
            "SLACK_BOT_TOKEN": self._secrets["bot_token"],
            "SLACK_SIGNING_SECRET": self._secrets["signing_secret"],
            "SLACK_API_URL": f"{self.url}/slack/api/",
            "SLACK_FILE_HOSTS": f"{self._host}:{self._bound}",
            "SLACK_RESPONSE_HOSTS": f"{self._host}:{self._bound}",
            "STRIPE_API_KEY": self._secrets["stripe_key"],
            "STRIPE_WEBHOOK_SECRET": self._secrets["webhook_secret"],
            "STRIPE_API_URL": f"{self.url}/stripe",
            "SMTP_URL": f"smtp://{self._host}:{self.mail.port}",
            "MAIL_FROM": "Studio Ada <hello@studioada.example>",
            "MAIL_REPLY_TO": "reply@studioada.example",
            "MAIL_IN_SECRET": self._secrets["mail_secret"],
        }
        return variables | ({"SLACK_APP_TOKEN": self._secrets["app_token"]} if self.socket_mode else {})

    async def settled(self, timeout: float = 10.0) -> None:
        """Wait until nothing is on its way to the bot, from Slack or from Stripe. Raises TimeoutError."""
        await self.slack.settled(timeout)
        await self.stripe.settled(timeout)

    def save(self) -> None:
        """Write the state down now, whole or not at all."""
        self._saving = None
        if self._state is None:
            return
        whole = {
            "secrets": self._secrets,
            "slack": self.slack.dump(),
            "stripe": self.stripe.dump(),
            "mail": self.mail.dump(),
        }
        self._state.parent.mkdir(parents=True, exist_ok=True)
        beside = self._state.with_name(self._state.name + ".new")
        beside.write_text(json.dumps(whole), encoding="utf-8")
        beside.chmod(0o600)
        beside.replace(self._state)

    def _changed(self) -> None:
        if self._state is not None and self._saving is None:
            self._saving = asyncio.get_running_loop().call_later(SAVE_AFTER_SECONDS, self.save)


def _read(state: Path | None) -> dict[str, Any]:
    if state is None or not state.exists():
        return {}
    kept: dict[str, Any] = json.loads(state.read_text(encoding="utf-8"))
    return kept


def _new_secrets(*, fixed: bool) -> dict[str, str]:
    prefixes = {
        "bot_token": "xoxb-",
        "app_token": "xapp-",
        "signing_secret": "",
        "stripe_key": "sk_test_",
        "webhook_secret": "whsec_",
        "mail_secret": "brings-mail-of-the-",
    }
    return {
        name: prefix + (f"sandbox-{name.replace('_', '-')}" if fixed else secrets.token_hex(16))
        for name, prefix in prefixes.items()
    }
