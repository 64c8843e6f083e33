"""The doors: what is verified is kept before it is answered, what is not is refused, over HTTP and over Socket Mode."""

import asyncio
import hmac
import io
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp
import asyncpg
import pytest
import sqlalchemy as sa
from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from structlog.testing import capture_logs

from bot.gateways.failures import Permanent
from bot.web.hooks import SocketDoor, slack_bolt_door, slack_events, stripe_events
from bot.web.letters import mail_in
from core import inbox, links
from core.db import Database
from core.inbox import Delivery, Keeper

SECRET = "hush"
Post = Callable[..., Awaitable[tuple[int, str]]]


def event(number: int = 1, **inner: Any) -> dict[str, Any]:
    """An event as Slack sends it from a shared channel: the outer team is the outsider's."""
    return {
        "type": "event_callback",
        "team_id": "T0NORTHWIND",
        "event_id": f"Ev{number}",
        "event": {"type": "message", "channel": "C1", "text": "Hello", "ts": "1.2", **inner},
        "authorizations": [{"enterprise_id": None, "team_id": "T0STUDIOADA", "is_bot": True}],
    }


def signature(body: bytes, secret: str = SECRET, age: float = 0) -> dict[str, str]:
    stamp = str(int(time.time() - age))
    signed = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, "sha256").hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed}"}


async def rows(database: Database) -> list[Delivery]:
    async with database.platform() as session:
        return list((await session.execute(sa.select(Delivery).order_by(Delivery.id))).scalars())


async def served(*routes: web.RouteDef) -> tuple[web.AppRunner, str]:
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


def bolt_app() -> AsyncApp:
    async def authorize(**_: object) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="unused", bot_id="B1", bot_user_id="U1")

    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)

    @app.command("/tl")
    async def answer(ack: AsyncAck, command: dict[str, Any]) -> None:
        await ack(f"You said {command['text']}.")

    return app


@pytest.fixture
async def keeper(database: Database) -> AsyncIterator[Keeper]:
    keeper = Keeper(database)
    yield keeper
    await keeper.close()


@pytest.fixture
async def post(keeper: Keeper) -> AsyncIterator[Post]:
    """Posts a body to a door of a server with all of them: `await post("/slack/events", body, headers)`."""

    def verify(_body: bytes, header: str | None) -> dict[str, Any]:
        if header != "right":
            raise Permanent("stripe", "signature", "That was not signed.")
        return {}

    runner, url = await served(
        web.post("/slack/events", slack_events(signing_secret=SECRET, keeper=keeper)),
        web.post("/slack/commands", slack_bolt_door(bolt_app(), signing_secret=SECRET)),
        web.post("/stripe/webhook", stripe_events(verify=verify, keeper=keeper)),
        web.post("/mail/in", mail_in(secret=SECRET, keeper=keeper, most=1024 * 1024)),
    )
    async with aiohttp.ClientSession() as client:

        async def send(path: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, str]:
            given = {"Content-Type": "application/json"} | (signature(body) if headers is None else headers)
            async with client.post(url + path, data=io.BytesIO(body), headers=given) as response:
                return response.status, await response.text()

        yield send
    await runner.cleanup()


async def test_an_event_is_kept_for_the_team_that_installed_us_in_its_channels_lane(
    database: Database, post: Post
) -> None:
    body = json.dumps(event()).encode()
    status, text = await post(
        "/slack/events", body, signature(body) | {"X-Slack-Retry-Num": "1", "Authorization": "secret"}
    )
    assert (status, text) == (200, "")
    [row] = await rows(database)
    assert (row.source, row.team, row.external_id, row.kind) == ("slack", "T0STUDIOADA", "Ev1", "message")
    assert (row.lane, row.state, row.body) == ("slack:T0STUDIOADA:C1", "new", body)
    kept = json.loads(row.headers)
    assert kept["X-Slack-Retry-Num"] == "1"
    assert set(kept) == {"Content-Type", "X-Slack-Request-Timestamp", "X-Slack-Signature", "X-Slack-Retry-Num"}


@pytest.mark.parametrize(
    ("inner", "lane"),
    [
        ({"type": "reaction_added", "channel": None, "item": {"type": "message", "channel": "C2", "ts": "1"}}, "C2"),
        ({"type": "channel_rename", "channel": {"id": "C3", "name": "new"}}, "C3"),
        ({"type": "file_shared", "channel": None, "channel_id": "C4"}, "C4"),
        ({"type": "team_join", "channel": None, "user": {"id": "U1"}}, "team_join"),
        ({"type": "odd", "channel": ["C"], "item": 7}, "odd"),
    ],
)
async def test_the_lane_is_found_in_every_shape_of_event(
    database: Database, post: Post, inner: dict[str, Any], lane: str
) -> None:
    assert (await post("/slack/events", json.dumps(event(**inner)).encode()))[0] == 200
    [row] = await rows(database)
    assert (row.kind, row.lane) == (inner["type"], f"slack:T0STUDIOADA:{lane}")


async def test_what_slack_did_not_sign_just_now_is_refused(database: Database, post: Post) -> None:
    body = json.dumps(event()).encode()
    right = signature(body)
    for headers in (
        {},
        signature(body, secret="guess"),
        signature(body + b" "),
        signature(body, age=301),
        signature(body, age=-301),
        right | {"X-Slack-Signature": right["X-Slack-Signature"][3:]},
        right | {"X-Slack-Signature": "v0=é"},
        right | {"X-Slack-Request-Timestamp": "soon"},
        right | {"X-Slack-Request-Timestamp": "9" * 400},
        {"X-Slack-Signature": right["X-Slack-Signature"]},
    ):
        assert (await post("/slack/events", body, headers))[0] == 401, headers
    assert (await post("/slack/events", body, signature(body, age=290)))[0] == 200
    assert len(await rows(database)) == 1


async def test_an_empty_signing_secret_opens_no_door(keeper: Keeper) -> None:
    with pytest.raises(ValueError, match="signing secret"):
        slack_events(signing_secret="", keeper=keeper)


async def test_the_address_is_verified_by_its_challenge(database: Database, post: Post) -> None:
    body = b'{"type": "url_verification", "challenge": "3eZb", "token": "t"}'
    assert await post("/slack/events", body) == (200, "3eZb")
    assert (await post("/slack/events", body, {}))[0] == 401
    assert await rows(database) == []


async def test_poisonous_bodies_are_kept_and_harm_no_other(database: Database, post: Post) -> None:
    bodies = [
        json.dumps(event(1, text="a\0b")).encode(),
        json.dumps(event(2, text="\ud83d")).encode(),
        json.dumps(event(3, channel="\0")).encode(),
        json.dumps(event(4, channel="\udc00", type="\ud800")).encode(),
        json.dumps(event(5) | {"event_id": "\0", "authorizations": "none"}).encode(),
        json.dumps(event(6) | {"event_id": "x" * 5_000, "event": []}).encode(),
        json.dumps(event(7)).encode().replace(b"Hello", b"\xff\xfe"),
        json.dumps(event(8)).encode().replace(b"Hello", b"\x00"),
        b"[" * 50_000,
        b"[1, 2]",
        b"no json",
        b"",
        json.dumps(event(9)).encode(),
    ]
    assert {status for status, _ in await asyncio.gather(*(post("/slack/events", body) for body in bodies))} == {200}
    assert sorted(row.body for row in await rows(database)) == sorted(bodies)
    assert {row.kind for row in await rows(database)} >= {"message", "unreadable"}


async def test_an_event_that_slack_sends_again_is_kept_once(database: Database, post: Post) -> None:
    body = json.dumps(event()).encode()
    answers = await asyncio.gather(*(post("/slack/events", body) for _ in range(5)))
    assert {status for status, _ in [*answers, await post("/slack/events", body)]} == {200}
    assert len(await rows(database)) == 1


async def test_what_cannot_be_kept_is_answered_500_and_kept_the_next_time(
    database: Database, dsn: str, post: Post
) -> None:
    owner = await asyncpg.connect(dsn)
    body = json.dumps(event()).encode()
    await owner.execute("ALTER TABLE deliveries RENAME TO hidden")
    status, text = await post("/slack/events", body)
    assert status == 500
    assert "Hello" not in text
    await owner.execute("ALTER TABLE hidden RENAME TO deliveries")
    await owner.close()
    assert (await post("/slack/events", body))[0] == 200
    assert len(await rows(database)) == 1


async def test_a_database_that_is_away_is_a_500(unused_tcp_port: int) -> None:
    away = Database(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/nowhere")
    runner, url = await served(web.post("/", slack_events(signing_secret=SECRET, keeper=Keeper(away))))
    body = json.dumps(event()).encode()
    async with aiohttp.ClientSession() as client, client.post(url, data=body, headers=signature(body)) as response:
        assert response.status == 500
    await runner.cleanup()
    await away.close()


async def test_a_webhook_of_stripe_is_kept_in_its_customers_lane(database: Database, post: Post) -> None:
    body = json.dumps(
        {"id": "evt_1", "type": "invoice.paid", "data": {"object": {"id": "in_1", "customer": "cus_1"}}}
    ).encode()
    assert (await post("/stripe/webhook", body, {"Stripe-Signature": "wrong"}))[0] == 401
    assert (await post("/stripe/webhook", body, {"Stripe-Signature": "right"}))[0] == 200
    other = json.dumps(
        {"id": "evt_2", "type": "product.created", "account": "acct_1", "data": {"object": {"id": "prod_1"}}}
    )
    assert (await post("/stripe/webhook", other.encode(), {"Stripe-Signature": "right"}))[0] == 200
    assert [(row.source, row.team, row.external_id, row.kind, row.lane) for row in await rows(database)] == [
        ("stripe", "", "evt_1", "invoice.paid", "stripe::cus_1"),
        ("stripe", "acct_1", "evt_2", "product.created", "stripe:acct_1:prod_1"),
    ]


async def test_a_command_is_answered_by_bolt_in_its_acknowledgement(post: Post) -> None:
    command = {
        "command": "/tl",
        "text": "hello",
        "team_id": "T1",
        "user_id": "U1",
        "channel_id": "C1",
        "trigger_id": "1",
    }
    body = urlencode(command).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert await post("/slack/commands", body, form | signature(body)) == (200, "You said hello.")
    assert (await post("/slack/commands", body, form))[0] == 401


class SocketSlack:
    """As much of Slack as Socket Mode needs: apps.connections.open, and a websocket that we speak through."""

    def __init__(self) -> None:
        self.sockets: list[web.WebSocketResponse] = []
        self.answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.opened = asyncio.Event()

    async def start(self) -> None:
        self.runner, self.url = await served(
            web.post("/api/apps.connections.open", self.open), web.get("/socket", self.socket)
        )

    async def open(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer xapp-1"
        return web.json_response({"ok": True, "url": self.url.replace("http", "ws") + "/socket"})

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self.opened.set()
        async for message in socket:
            self.answers.put_nowait(json.loads(message.data))
        return socket

    async def send(self, envelope: str, kind: str, payload: dict[str, Any]) -> None:
        await self.sockets[-1].send_json({"envelope_id": envelope, "type": kind, "payload": payload})

    async def answer(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.answers.get(), 5)


@pytest.fixture
async def socket_slack(keeper: Keeper) -> AsyncIterator[SocketSlack]:
    slack = SocketSlack()
    await slack.start()
    door = SocketDoor(
        app_token="xapp-1", api_url=f"{slack.url}/api/", keeper=keeper, bolt_app=bolt_app(), ping_interval=0.1
    )
    assert not await door.connected()
    await door.start()
    await asyncio.wait_for(slack.opened.wait(), 5)
    yield slack
    await door.stop()
    await slack.runner.cleanup()


async def test_over_a_socket_an_event_is_kept_before_it_is_acknowledged(
    database: Database, socket_slack: SocketSlack
) -> None:
    await socket_slack.send("one", "events_api", event(1, text="\ud83d\0"))
    assert await socket_slack.answer() == {"envelope_id": "one"}
    [row] = await rows(database)
    assert (row.team, row.external_id, row.lane) == ("T0STUDIOADA", "Ev1", "slack:T0STUDIOADA:C1")
    assert json.loads(row.body) == event(1, text="\ud83d\0")
    assert inbox.read(row.body)["event"]["text"] == "\ufffd\ufffd"


async def test_over_a_socket_what_cannot_be_kept_is_not_acknowledged(
    database: Database, dsn: str, socket_slack: SocketSlack
) -> None:
    owner = await asyncpg.connect(dsn)
    await owner.execute("ALTER TABLE deliveries RENAME TO hidden")
    with capture_logs() as logged:
        await socket_slack.send("lost", "events_api", event(1))
        async with asyncio.timeout(5):
            while not logged:  # noqa: ASYNC110  (a log has no event)
                await asyncio.sleep(0.01)
    assert [(each["event"], each["kind"]) for each in logged] == [("a delivery could not be kept", "message")]
    assert "Hello" not in str(logged)
    command = {
        "command": "/tl",
        "text": "hello",
        "team_id": "T1",
        "user_id": "U1",
        "channel_id": "C1",
        "trigger_id": "1",
    }
    await socket_slack.send("command", "slash_commands", command)
    assert await socket_slack.answer() == {"envelope_id": "command", "payload": {"text": "You said hello."}}
    await owner.execute("ALTER TABLE hidden RENAME TO deliveries")
    await owner.close()
    await socket_slack.send("again", "events_api", event(1))
    assert await socket_slack.answer() == {"envelope_id": "again"}
    assert len(await rows(database)) == 1


async def test_a_socket_that_ends_is_opened_again(database: Database, socket_slack: SocketSlack) -> None:
    for number, end in enumerate(("disconnect", "close", "abort")):
        socket_slack.opened.clear()
        socket = socket_slack.sockets[-1]
        if end == "disconnect":
            await socket.send_json({"type": "disconnect", "reason": "refresh_requested"})
        elif end == "close":
            await socket.close()
        else:
            transport = socket._req.transport  # type: ignore[union-attr]
            assert transport
            transport.abort()
        await asyncio.wait_for(socket_slack.opened.wait(), 5)
        await socket_slack.send(end, "events_api", event(number))
        assert await socket_slack.answer() == {"envelope_id": end}
    assert len(await rows(database)) == 3


TOKEN = "abcdefghijklmnopqrstuvwxyz"
LETTER = f"From: a@b.example\nTo: reply+{TOKEN}@studioada.example\nMessage-ID: <m@b.example>\n\nHello\x00".encode()


def mail_signature(body: bytes, secret: str = SECRET, age: float = 0) -> dict[str, str]:
    stamp = str(int(time.time() - age))
    signed = hmac.new(secret.encode(), stamp.encode() + b"." + body, "sha256").hexdigest()
    return {"X-Mail-Timestamp": stamp, "X-Mail-Signature": f"v1={signed}", "Content-Type": "message/rfc822"}


async def test_a_letter_is_kept_once_in_the_lane_of_its_address(database: Database, post: Post) -> None:
    assert (await post("/mail/in", LETTER, mail_signature(LETTER)))[0] == 200
    assert (await post("/mail/in", LETTER + b"again", {"Authorization": f"Bearer {SECRET}"}))[0] == 200
    other = LETTER.replace(b"<m@", b"<n@")
    assert (await post("/mail/in", other, {"Authorization": f"Bearer {SECRET}"}))[0] == 200
    first, second = await rows(database)
    team = links.digest(TOKEN).hex()
    assert (first.source, first.team, first.kind, first.body) == ("mail", team, "letter", LETTER)
    assert first.lane == second.lane == f"mail:{team[:16]}" and TOKEN not in first.lane + first.headers
    nobody = b"To: x@y.example\n\nHi"
    assert (await post("/mail/in", nobody, mail_signature(nobody)))[0] == 200
    assert (await rows(database))[2].team == ""


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer hus"},
        {"Authorization": f"Basic {SECRET}"},
        {"Authorization": "Bearer \u00e9"},
        mail_signature(LETTER, "guess"),
        mail_signature(LETTER, age=400),
        mail_signature(LETTER) | {"X-Mail-Timestamp": "now"},
        mail_signature(b"other words"),
    ],
)
async def test_a_letter_that_nothing_vouches_for_is_not_taken(
    database: Database, post: Post, headers: dict[str, str]
) -> None:
    status, text = await post("/mail/in", LETTER, {"Content-Type": "message/rfc822"} | headers)
    assert status == 401 and "Sign the letter" in text and SECRET not in text
    assert not await rows(database)


async def test_a_letter_that_is_too_large_or_none_is_refused_with_the_reason(database: Database, post: Post) -> None:
    large = LETTER + b"x" * 1024 * 1024
    assert await post("/mail/in", large, mail_signature(large)) == (
        413,
        "This letter is larger than 1 MB, so it was not taken.",
    )
    assert (await post("/mail/in", b" \n", mail_signature(b" \n")))[0] == 400
    assert not await rows(database)
    with pytest.raises(ValueError, match="MAIL_IN_SECRET"):
        mail_in(secret="", keeper=Keeper(database), most=1)
