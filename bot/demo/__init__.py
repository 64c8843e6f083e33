"""The demo: Postgres, the sandbox, the web server and the worker in one process, with nothing to set up."""

import asyncio
import base64
import contextlib
import json
import os
import secrets
import signal
import socket
import webbrowser
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from bot import app as composition
from bot import settings
from bot.postgres import Postgres
from bot.sandbox import Sandbox
from core import schema
from core.jobs import PACES

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var"
BOT_PORT, SANDBOX_PORT, SMTP_PORT = 8700, 8701, 8725
SANDBOX_SIGNING_KEY = base64.b64encode(b"only-for-the-sandbox".ljust(32)).decode()
HOLD_SECONDS = 2
"""In the demo an advance is held only so long: nobody wants to wait a minute to see what happens."""


@dataclass
class Town:
    """The whole small world, running: the product and what stands for the outside."""

    app: composition.App
    sandbox: Sandbox
    work: composition.Work
    url: str

    async def settled(self, timeout: float = 30.0) -> None:
        """Return once nothing is on its way anywhere: no delivery, no job, no webhook."""
        for _ in range(4):
            await self.sandbox.settled(timeout)
            await self.work.settled(timeout)


def bound(wanted: int = 0, host: str = "127.0.0.1") -> socket.socket:
    """A socket bound to the port if it is free, else to one that is; held, so that nobody takes it meanwhile."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError):
            return socket.create_server((host, port))
    raise RuntimeError("No port is free on this machine.")


def free_port(wanted: int, host: str = "127.0.0.1") -> int:
    """The port if it is free, else 0, by which one is chosen when it is bound."""
    with contextlib.suppress(OSError), socket.create_server((host, wanted)):
        return wanted
    return 0


@contextlib.asynccontextmanager
async def town(
    database_url: str,
    *,
    state: Path | None = None,
    secret_key: str = "only-for-the-sandbox",  # noqa: S107
    signing_key: str = SANDBOX_SIGNING_KEY,
    ports: tuple[int, int, int] = (0, 0, 0),
    socket_mode: bool = False,
    hurry: bool = False,
    outage_notice: bool = True,
) -> AsyncIterator[Town]:
    """Start the sandbox, the web server and the worker over a database; stop them all at the end.

    With `hurry`, for tests, no channel waits a second between two messages, and the sandbox counts no rates.
    """
    await schema.upgrade(database_url)
    listening = bound(ports[0])
    bot_port = listening.getsockname()[1]
    sandbox_port, smtp_port = (free_port(port) for port in ports[1:])
    url = f"http://127.0.0.1:{bot_port}"
    sandbox = Sandbox(
        bot_url=url,
        manifest=ROOT / "manifest.yml",
        state=state,
        port=sandbox_port,
        smtp_port=smtp_port,
        socket_mode=socket_mode,
    )
    await sandbox.start()
    if hurry:
        sandbox.slack.rates.scale = 0
    try:
        given = {name.lower(): value for name, value in ({"SLACK_APP_TOKEN": ""} | sandbox.environment()).items()}
        known = settings.read(
            **given,
            database_url=database_url,
            database_app_url="",
            public_url=url,
            host="127.0.0.1",
            port=bot_port,
            secret_key=secret_key,
            signing_key=signing_key,
            outage_notice=outage_notice,
        )
        app = composition.App(known, patient=True)
        try:
            await composition.day_one(app, hold_seconds=HOLD_SECONDS)
            async with (
                composition.working(app, paces={} if hurry else PACES) as work,
                composition.serving(app, on_kept=work.deliveries.wake, listening=listening),
            ):
                yield Town(app, sandbox, work, url)
        finally:
            await app.close()
    finally:
        listening.close()
        await sandbox.stop()


def _keys() -> tuple[str, str]:
    """The keys that seal the demo's tokens and its signatures, made once and kept under var/."""
    file = VAR / "secrets.json"
    kept = json.loads(file.read_text()) if file.exists() else {}
    made = {
        "secret_key": secrets.token_urlsafe(32),
        "signing_key": base64.b64encode(secrets.token_bytes(32)).decode(),
        **kept,
    }
    if made != kept:
        file.touch(mode=0o600)
        file.write_text(json.dumps(made))
    return str(made["secret_key"]), str(made["signing_key"])


async def run(*, fresh: bool, browser: bool, say: Callable[[str], None]) -> None:
    """Run the demo until Ctrl-C. What was said stays in var/ for the next time, unless `fresh`."""
    VAR.mkdir(exist_ok=True)
    given = os.environ.get("DATABASE_URL", "")
    postgres = Postgres(VAR / "postgres")
    if fresh:
        if given:
            raise RuntimeError(
                "FRESH=1 only erases the demo's own database, and DATABASE_URL names another. Empty that one yourself, or unset it."
            )
        postgres.erase()
        for name in ("sandbox.json", "clock"):
            (VAR / name).unlink(missing_ok=True)
    os.environ["CLOCK_FILE"] = str(VAR / "clock")
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for word in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(word, stopped.set)
    with contextlib.ExitStack() as stack:
        dsn = given or await asyncio.to_thread(stack.enter_context, postgres)
        ports = (BOT_PORT, SANDBOX_PORT, SMTP_PORT)
        secret, seed = _keys()
        # While the demo is off its Slack is off, too: nobody can have said anything.
        async with town(
            dsn, state=VAR / "sandbox.json", secret_key=secret, signing_key=seed, ports=ports, outage_notice=False
        ) as here:
            say(f"""
Throughline is running, in a sandbox that stands in for Slack, Stripe and mail.

  The workspace   {here.sandbox.url}/
  The mailbox     {here.sandbox.url}/mailbox
  Stripe          {here.sandbox.url}/stripe
  Clients' pages  {here.url}/portal

You are Ada, of Studio Ada. Type /engagement new in #general, with Clara Chen (clara@northwind.example)
of Northwind as the contact; then become Clara by the switch at the top, accept the invitation, and write.
Ctrl-C stops everything; what was said stays for the next time (make demo FRESH=1 begins anew).
""")
            if browser and (
                os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.uname().sysname == "Darwin"
            ):
                webbrowser.open(f"{here.sandbox.url}/")
            await stopped.wait()
            say("Stopping.")
