"""The composition root: settings in, the doors of `serve` and the loops of `work` out, each given all that it needs."""

import asyncio
import contextlib
import gc
import socket
import uuid
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import structlog
from aiohttp import web

from bot import paper
from bot.gateways.failures import Failure
from bot.gateways.mail import Mail
from bot.gateways.mail.fetching import Postbox
from bot.gateways.slack import Slack
from bot.gateways.store import exports_of
from bot.gateways.stripe import Stripe
from bot.settings import Settings
from bot.slack import bolt
from bot.slack.faces import Faces
from bot.slack.listener import NO_TOKEN, Ears
from bot.tenants import Tenants
from bot.web import exports, hooks, letters, papers, portal
from bot.web.endpoint import PROXIES
from bot.worker.backfill import beating
from bot.worker.deliveries import Deliveries
from bot.worker.notices import Schedule
from bot.worker.postbox import Fetching
from bot.worker.runner import LEASE, Handler, Runner
from bot.worker.tables import APPLIERS, HANDLERS, tenant_of
from bot.worker.works import Works
from core import events, jobs, people
from core.db import APP_ROLE, Clash, Database
from core.events import Kind
from core.inbox import Keeper
from core.jobs import PACES, Paces
from core.people import Installation, Organization
from core.seals import Sealer

log = structlog.get_logger(__name__)

REVOKED = (*(f": {code}" for code in sorted(NO_TOKEN)), "no longer installed in this organization")
"""What the error of a job says that died only because our token opened nothing then."""


class App:
    """One process of the product: its database, its gateways, and what `serve` and `work` are made of."""

    def __init__(self, settings: Settings, *, patient: bool = False) -> None:
        """`patient` is for `work`, which may wait longer for a lock than a person waits for an answer."""
        self.settings = settings
        paper.furnish(settings.fonts_folder)
        self.db = Database(
            settings.app_url,
            role=None if settings.database_app_url else APP_ROLE,
            lock_timeout=5_000 if patient else 1_200,
            statement_timeout=30_000 if patient else 2_000,
        )
        self.slack = Slack(api_url=settings.slack_api_url, response_hosts=settings.response_hosts)
        key = settings.stripe_api_key.get_secret_value()
        secret = settings.stripe_webhook_secret.get_secret_value()
        self.stripe = Stripe(api_key=key, api_url=settings.stripe_api_url, webhook_secret=secret) if key else None
        smtp = settings.smtp_url.get_secret_value()
        self.mail = Mail(smtp_url=smtp, sender=settings.mail_from) if smtp else None
        self.tenants = Tenants(self.db, settings.secret_key.get_secret_value())
        self.works = Works(self.db, self.slack, self.stripe, self.mail, self.tenants, settings)
        seed = settings.signing_key.get_secret_value()
        self.sealer = Sealer(seed) if seed else None
        self.ears = Ears(self.db, self.tenants, self.slack, public_url=settings.public_url, sealer=self.sealer)
        self.faces = Faces(self.ears)

    async def publish(self) -> None:
        """Keep the public half of the key that seals signatures, for ever: before anything is sealed with it."""
        if self.sealer is None:
            log.warning(
                "SIGNING_KEY is not set, so nothing can be signed; `python -m bot doctor` tells how to make one"
            )
            return
        async with self.db.platform() as session:
            await self.sealer.publish(session)

    async def close(self) -> None:
        """Give back every connection."""
        await self.slack.close()
        if self.stripe:
            await self.stripe.close()
        await self.db.close()


def steady() -> None:
    """Take what stands when a process has started out of the garbage collector's rounds, for good.

    Walking through all of it would let everybody wait, for some tenths of a second now and then. For a process that
    serves until it ends; never in tests, where what is begun is also ended.
    """
    gc.collect()
    gc.freeze()


async def day_one(app: App, **settings: Any) -> None:
    """Ask Slack whose token this is, and make the organization and its installation if they are not there yet.

    `settings` are those that a new organization begins with, where they differ from the defaults.
    """
    token = app.settings.slack_bot_token.get_secret_value()
    if not token:
        raise RuntimeError(
            "SLACK_BOT_TOKEN is not set. README tells how to create the app in Slack and where to find its token."
        )
    await app.db.refuse_owner()
    try:
        auth = await app.slack.auth_test(token)
    except Failure as failure:
        raise RuntimeError(
            f"Slack did not accept the token: {failure.sentence} `python -m bot doctor` says more."
        ) from failure
    known = await _installed(app, auth.team_id)
    installation = Installation(
        team_id=auth.team_id,
        team_name=auth.team,
        bot_id=auth.bot_id,
        bot_user_id=auth.user_id,
        app_id="",
        scopes=",".join(sorted(auth.scopes)),
    )
    if known is None:
        async with app.db.platform() as session:
            house = Organization(name=auth.team, settings=settings)
            session.add(house)
        installation.organization_id = house.id
    else:
        installation.organization_id = known
    try:
        kept = await app.tenants.install(installation, token)
    except Clash:  # another process was first
        kept = await app.tenants.install(installation, token)
    async with app.db.platform() as session:
        revived = await jobs.revive_told(session, kept.organization_id, REVOKED)
    if revived:
        log.info("shown now that the token works", jobs=revived)
    async with app.db.transaction(kept.organization_id) as session:
        if await people.begin(session, kept.organization_id):
            actor = people.system(kept.organization_id)
            await events.record(session, actor, Kind.ORGANIZATION_STARTED, "organization", kept.organization_id)
            await jobs.enqueue(
                session, "people.meet_all", lane="people", organization_id=kept.organization_id, dedupe="all"
            )
            log.info("organization started", name=auth.team)


async def _installed(app: App, team_id: str) -> uuid.UUID | None:
    async with app.db.platform() as session:
        found = await people.installation(session, team_id=team_id)
    return found.organization_id if found else None


@contextlib.asynccontextmanager
async def serving(
    app: App, *, on_kept: Callable[[], None] | None = None, listening: socket.socket | None = None
) -> AsyncIterator[str]:
    """The web server (and, with an app token, the Socket Mode door), from here to the end; gives its address.

    `on_kept` is called when deliveries were kept, for a worker in the same process; `listening` is a socket that is bound already.
    """
    settings = app.settings
    if not (settings.slack_signing_secret.get_secret_value() or settings.slack_app_token.get_secret_value()):
        raise RuntimeError(
            "Slack cannot reach us: set SLACK_SIGNING_SECRET (over HTTP) or SLACK_APP_TOKEN (Socket Mode)."
        )
    await app.publish()
    keeper = Keeper(app.db)
    if on_kept is not None:
        keeper.on_kept.append(on_kept)
    bolt_app = bolt.make(app.ears, signing_secret=settings.slack_signing_secret.get_secret_value())
    server = web.Application(client_max_size=2_000_000)
    server[PROXIES] = settings.proxies
    server.add_routes(routes(app, keeper, partial(hooks.slack_bolt_door, bolt_app)))
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=5)
    await runner.setup()
    socket_door, pulse = None, None
    try:
        site: web.BaseSite = web.TCPSite(runner, settings.host, settings.port)
        if listening is not None:
            site = web.SockSite(runner, listening)
        try:
            await site.start()
        except OSError as error:
            raise RuntimeError(
                f"Port {settings.port} on {settings.host} is taken ({error.strerror}). Set PORT to another one."
            ) from error
        if token := settings.slack_app_token.get_secret_value():
            socket_door = hooks.SocketDoor(
                app_token=token, api_url=settings.slack_api_url, keeper=keeper, bolt_app=bolt_app
            )
            await socket_door.start()
        pulse = asyncio.create_task(beating(app.works))
        yield f"http://{settings.host}:{settings.port}"
    finally:
        if pulse:
            pulse.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pulse
        if socket_door:
            await socket_door.stop()
        await runner.cleanup()
        await keeper.close()


def routes(app: App, keeper: Keeper, bolt_door: Callable[..., hooks.Handler]) -> list[web.RouteDef]:
    """Every door of the web server."""
    secret = app.settings.slack_signing_secret.get_secret_value()
    doors = [
        web.get("/healthz", partial(_health, app)),
        *portal.routes(app.db, public_url=app.settings.public_url, sealer=app.sealer),
    ]
    doors += exports.routes(app.db, public_url=app.settings.public_url, store=exports_of(app.settings))
    doors += papers.routes(app.db, public_url=app.settings.public_url)
    if secret:  # without it (in Socket Mode) nothing could tell Slack's requests from anybody's
        doors.append(web.post("/slack/events", hooks.slack_events(signing_secret=secret, keeper=keeper)))
        asked = bolt_door(signing_secret=secret)
        doors += [web.post("/slack/actions", asked), web.post("/slack/commands", asked)]
    if app.stripe:
        doors.append(web.post("/stripe/webhook", hooks.stripe_events(verify=app.stripe.verify_webhook, keeper=keeper)))
    if mail_secret := app.settings.mail_in_secret.get_secret_value():
        most = app.settings.mail_megabytes * 1024 * 1024
        doors.append(web.post("/mail/in", letters.mail_in(secret=mail_secret, keeper=keeper, most=most)))
    return doors


async def _health(app: App, _request: web.Request) -> web.Response:
    async with app.db.platform() as session:
        await people.installation(session, team_id="")
    return web.Response(text="ok\n")


class Work:
    """The loops of a worker: jobs, deliveries and the schedule; `wake`d by commits in the same process."""

    def __init__(self, app: App, *, paces: Paces = PACES, lease: float = LEASE) -> None:
        handlers: dict[str, Handler] = {kind: partial(run, app.works) for kind, run in HANDLERS.items()}
        handlers |= app.faces.handlers()
        self.runner = Runner(app.db, handlers, paces=paces, lease=lease)
        self.deliveries = Deliveries(app.db, APPLIERS, tenant_of)
        self.schedule = Schedule(app.works)
        self.loops: list[Runner | Deliveries | Schedule | Fetching] = [self.runner, self.deliveries, self.schedule]
        if imap := app.settings.imap_url.get_secret_value():
            postbox = Postbox(imap, most=app.settings.mail_megabytes * 1024 * 1024)
            self.loops.append(Fetching(postbox, Keeper(app.db), wake=self.deliveries.wake))

    async def run(self) -> None:
        """Work until `stop`."""
        await asyncio.gather(*(loop.run() for loop in self.loops))

    def stop(self) -> None:
        """Finish what was started, and end."""
        for loop in self.loops:
            loop.stop()

    async def settled(self, timeout: float = 30.0) -> None:
        """Return once nothing waits and nothing runs, for tests and the story."""
        for _ in range(3):
            await self.deliveries.settled(timeout)
            await self.runner.settled(timeout)


@contextlib.asynccontextmanager
async def working(app: App, *, paces: Paces = PACES, lease: float = LEASE) -> AsyncIterator[Work]:
    """The worker's loops, from here to the end; what it was at is another's `lease` seconds after it was killed."""
    await app.publish()
    work = Work(app, paces=paces, lease=lease)
    task = asyncio.create_task(work.run())
    try:
        yield work
    finally:
        work.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 20)
