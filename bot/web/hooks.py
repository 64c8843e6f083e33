"""The doors of Slack and Stripe: verify, keep raw, then answer; over HTTP, or over Slack's Socket Mode."""

import asyncio
import hashlib
import hmac
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.gateways.failures import Permanent
from core import clock, inbox
from core.inbox import Incoming, Keeper

TOLERANCE = 300
"""Seconds of real time by which a signature may be old.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

SLACK_HEADERS = (
    "Content-Type",
    "X-Slack-Request-Timestamp",
    "X-Slack-Signature",
    "X-Slack-Retry-Num",
    "X-Slack-Retry-Reason",
)
UNSIGNED = "This request was not signed by Slack with our secret, or is too old."
UNGUARDED = "Slack's signing secret is empty: anybody could speak in Slack's name."
STRIPE_HEADERS = ("Content-Type", "Stripe-Signature")
LONGEST = 255

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Verify = Callable[[bytes, str | None], Mapping[str, Any]]

log = structlog.get_logger(__name__)


def signed(key: bytes, body: bytes, timestamp: str, signature: str) -> bool:
    """Whether Slack's v0 signature is right for these very bytes, and not older than five minutes."""
    if not re.fullmatch(r"[0-9]{1,12}", timestamp) or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    expected = "v0=" + hmac.digest(key, b"v0:%b:%b" % (timestamp.encode(), body), "sha256").hex()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def _from_slack(key: bytes, body: bytes, headers: Mapping[str, str]) -> bool:
    return signed(key, body, headers.get("X-Slack-Request-Timestamp", ""), headers.get("X-Slack-Signature", ""))


def slack_events(*, signing_secret: str, keeper: Keeper) -> Handler:
    """The handler of Slack's events: 200 once the delivery is kept, 401 for a bad signature, 500 if it cannot be kept.

    Slack sends what is not answered by 200 within three seconds again, so an outage of ours loses nothing.
    """
    if not signing_secret:
        raise ValueError(UNGUARDED)
    key = signing_secret.encode()

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        headers = request.headers
        if not _from_slack(key, body, headers):
            return web.Response(status=401, text=UNSIGNED)
        payload = _read(body)
        if payload.get("type") == "url_verification":
            return web.Response(text=_word(payload.get("challenge")))
        return await kept(keeper, from_slack(payload, body, _some(headers, SLACK_HEADERS)))

    return receive


def stripe_events(*, verify: Verify, keeper: Keeper) -> Handler:
    """The handler of Stripe's webhooks, with the same answers. `verify` takes the body and the Stripe-Signature header.

    It raises Permanent for what Stripe did not sign.
    """

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        try:
            verify(body, request.headers.get("Stripe-Signature"))
        except Permanent as refused:
            return web.Response(status=401, text=refused.sentence)
        return await kept(keeper, from_stripe(_read(body), body, _some(request.headers, STRIPE_HEADERS)))

    return receive


def slack_bolt_door(app: AsyncApp, *, signing_secret: str) -> Handler:
    """The handler of commands, buttons, forms, shortcuts and menus: once verified, Bolt's answer acknowledges them."""
    if not signing_secret:
        raise ValueError(UNGUARDED)
    key = signing_secret.encode()

    async def receive(request: web.Request) -> web.Response:
        if not _from_slack(key, await request.read(), request.headers):
            return web.Response(status=401, text=UNSIGNED)  # Bolt, too, verifies; but it breaks on headers that are odd
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    return receive


def from_slack(payload: Mapping[str, Any], body: bytes, headers: str) -> Incoming:
    """What to keep of an event of Slack, its lane the channel that it concerns.

    The team is the one in which the app is installed, which stands in `authorizations`; the outer `team_id` may be an
    outsider's, and stands in only where Slack sends no authorization. https://docs.slack.dev/apis/slack-connect/
    """
    event = payload.get("event")
    event = event if isinstance(event, dict) else {}
    authorizations = payload.get("authorizations")
    first = authorizations[0] if isinstance(authorizations, list) and authorizations else None
    first = first if isinstance(first, dict) else {}
    team = _word(first.get("team_id") or first.get("enterprise_id") or payload.get("team_id"))
    kind = _word(event.get("type") or payload.get("type")) or "unreadable"
    item = event.get("item")
    channel = (
        event.get("channel") or event.get("channel_id") or (item.get("channel") if isinstance(item, dict) else None)
    )
    place = _word(channel.get("id") if isinstance(channel, dict) else channel)
    lane = f"slack:{team}:{place or kind}"
    return Incoming("slack", team, _name(payload.get("event_id"), body), lane, kind, headers, body, clock.now())


def from_stripe(payload: Mapping[str, Any], body: bytes, headers: str) -> Incoming:
    """What to keep of an event of Stripe, its lane the customer that it concerns; our own account has no team."""
    data = payload.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    about = about if isinstance(about, dict) else {}
    customer = about.get("customer")
    place = _word((customer.get("id") if isinstance(customer, dict) else customer) or about.get("id"))
    team, kind = _word(payload.get("account")), _word(payload.get("type")) or "unreadable"
    lane = f"stripe:{team}:{place or kind}"
    return Incoming("stripe", team, _name(payload.get("id"), body), lane, kind, headers, body, clock.now())


class SocketDoor:
    """Slack's Socket Mode: the same deliveries over a websocket that we open, so that no address need be public.

    An event is kept before it is acknowledged, and not acknowledged if it cannot be kept; all else goes to Bolt, whose
    answer is the acknowledgement. A connection that ends is opened again.
    """

    def __init__(
        self, *, app_token: str, api_url: str, keeper: Keeper, bolt_app: AsyncApp, ping_interval: float = 5
    ) -> None:
        self._app_token = app_token
        self._api_url = api_url
        self._keeper = keeper
        self._bolt_app = bolt_app
        self._ping_interval = ping_interval
        self._client: SocketModeClient | None = None
        self._connecting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to connect; Slack being away is waited for, in the background."""
        quiet = logging.getLogger("throughline.socket")
        quiet.setLevel(logging.WARNING)  # at lower levels the client logs whole messages
        self._client = SocketModeClient(
            app_token=self._app_token,
            web_client=AsyncWebClient(base_url=self._api_url, logger=quiet),
            logger=quiet,
            ping_interval=self._ping_interval,
        )
        self._client.socket_mode_request_listeners.append(self._receive)
        self._connecting = asyncio.create_task(self._client.connect())  # type: ignore[no-untyped-call]

    async def connected(self) -> bool:
        """Whether the websocket stands."""
        return self._client is not None and await self._client.is_connected()

    async def stop(self) -> None:
        """Close the websocket; what was not acknowledged comes again."""
        if self._connecting:
            self._connecting.cancel()
        if self._client:
            await self._client.close()  # type: ignore[no-untyped-call]

    async def _receive(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        if request.type != "events_api":
            answer = await run_async_bolt_app(self._bolt_app, request)
            await send_async_response(client, request, answer, time.time())
            return
        body = json.dumps(request.payload).encode()
        retries = {
            "X-Slack-Retry-Num": str(request.retry_attempt or ""),
            "X-Slack-Retry-Reason": request.retry_reason or "",
        }
        answered = await kept(self._keeper, from_slack(_read(body), body, _some(retries, SLACK_HEADERS)))
        if answered.status == 200:
            await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))


async def kept(keeper: Keeper, incoming: Incoming) -> web.Response:
    """Keep a delivery and answer 200; 500 if it cannot be kept, so that its sender sends it again."""
    try:
        await keeper.keep(incoming)
    except Exception as error:
        # Only the kind of error: its text may quote the body.
        log.error(
            "a delivery could not be kept", source=incoming.source, kind=incoming.kind, error=type(error).__name__
        )
        return web.Response(status=500, text="This could not be kept. Please send it again.")
    return web.Response()


def _read(body: bytes) -> Mapping[str, Any]:
    """The body as a JSON object; an empty one for anything else, which is kept all the same."""
    try:
        payload = inbox.read(body)
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}


def _word(value: object) -> str:
    return value[:LONGEST] if isinstance(value, str) else ""


def _name(value: object, body: bytes) -> str:
    """The sender's id of the delivery; where it has none that can serve, one made of the body."""
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST else hashlib.sha256(body).hexdigest()


def _some(headers: Mapping[str, str], names: tuple[str, ...]) -> str:
    return json.dumps({name: headers[name] for name in names if headers.get(name)})
