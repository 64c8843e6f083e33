"""How many signed events a second are kept before the 200, beside a bare Bolt app that ignores them: `python -m tests.bench.ingest`."""

import asyncio
import hmac
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.postgres import Postgres
from bot.web.hooks import slack_events
from core.db import Database
from core.inbox import Keeper
from core.schema import upgrade

SECRET = "a signing secret for benchmarks"
CONNECTIONS = 32
ROUNDS = 5
SECONDS = 1.0
MOST = 25_000


def request(number: int) -> bytes:
    """A whole signed HTTP request with a message event, different for each number."""
    ts = f"{1_760_000_000 + number // 1_000}.{number % 1_000:06d}"
    event = {
        "token": "unused",
        "team_id": "T0STUDIOADA",
        "context_team_id": "T0STUDIOADA",
        "api_app_id": "A0THROUGHLINE",
        "event": {
            "type": "message",
            "user": "U0CLARA",
            "ts": ts,
            "client_msg_id": f"9d1a8c4e-0000-4000-8000-{number:012d}",
            "text": f"Could we move the launch to Thursday? The photographs come late. ({number})",
            "team": "T0NORTHWIND",
            "blocks": [
                {
                    "type": "rich_text",
                    "block_id": "bench",
                    "elements": [
                        {
                            "type": "rich_text_section",
                            "elements": [{"type": "text", "text": "Could we move the launch?"}],
                        }
                    ],
                }
            ],
            "channel": f"C0CLIENT{number % 200}",
            "event_ts": ts,
            "channel_type": "channel",
        },
        "type": "event_callback",
        "event_id": f"Ev{time.time_ns()}{number}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": "T0STUDIOADA",
                "user_id": "U0BOT",
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": True,
        "event_context": "4-eyJldCI6Im1lc3NhZ2UiLCJ0aWQiOiJUMFNUVURJT0FEQSJ9",
    }
    return packed(event)


def packed(event: dict[str, Any]) -> bytes:
    """An event as Slack delivers it: a whole HTTP request, signed now."""
    body = json.dumps(event, separators=(",", ":")).encode()
    stamp = str(int(time.time()))
    signature = hmac.digest(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, "sha256").hex()
    head = (
        "POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\n"
        f"Accept: */*\r\nContent-Type: application/json\r\nX-Slack-Request-Timestamp: {stamp}\r\n"
        f"X-Slack-Signature: v0={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def signed(body: bytes) -> dict[str, str]:
    """The headers that Slack would send with this body."""
    stamp = str(int(time.time()))
    signature = hmac.digest(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, "sha256").hex()
    return {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={signature}",
    }


class Connection(asyncio.Protocol):
    """One connection that is kept alive and sends its next request when the last one is answered."""

    def __init__(self, waiting: list[bytes], times: list[float], refused: list[bytes], until: float) -> None:
        self.waiting, self.times, self.refused, self.until = waiting, times, refused, until
        self.done = asyncio.get_running_loop().create_future()
        self.received = b""
        self.began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def send(self) -> None:
        """Send the next request; close when there is none, or the time is over."""
        self.began = time.perf_counter()
        if self.began >= self.until or not self.waiting:
            self.transport.close()
            return
        self.transport.write(self.waiting.pop())

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, rest = self.received.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        if len(rest) < length:
            return
        if self.received.startswith(b"HTTP/1.1 200"):
            self.times.append(time.perf_counter() - self.began)
        else:
            self.refused.append(self.received)
        self.received = b""
        self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def load(port: int, seconds: float) -> None:
    """Drive a server for so long with requests signed beforehand; prints how many were answered, and their times."""
    waiting = [request(number) for number in range(int(min(MOST, seconds * MOST / SECONDS)))]
    times, took = await send(port, waiting, seconds)
    times.sort()
    figures = {"answered": len(times), "per_s": len(times) / took}
    print(json.dumps(figures | {f"p{part}": times[len(times) * part // 100] * 1_000 for part in (50, 99)}))


async def send(port: int, waiting: list[bytes], seconds: float = 600) -> tuple[list[float], float]:
    """Send these requests, the last one first, over some connections; returns how long each took, and all."""
    times: list[float] = []
    refused: list[bytes] = []
    began = time.perf_counter()
    opened = [
        await asyncio.get_running_loop().create_connection(
            lambda: Connection(waiting, times, refused, began + seconds), "127.0.0.1", port
        )
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(connection.done for _, connection in opened))
    took = time.perf_counter() - began
    assert not refused, f"{len(refused)} were refused, such as {refused[0][:300]!r}"
    return times, took


async def serve(app: web.Application) -> None:
    """Serve on a free port of this machine, and print it."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def ours(dsn: str) -> None:
    """The door of `serve`: aiohttp, the handler of events, the keeper."""
    app = web.Application()
    app.router.add_post("/slack/events", slack_events(signing_secret=SECRET, keeper=Keeper(Database(dsn))))
    await serve(app)


async def bare_bolt() -> None:
    """A Bolt app that does nothing about messages."""

    async def authorize(**_: object) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id="T0STUDIOADA", bot_token="unused", bot_id="B0BOT", bot_user_id="U0BOT"
        )

    bolt = AsyncApp(signing_secret=SECRET, authorize=authorize)

    @bolt.event("message")
    async def nothing() -> None:
        return None

    await serve(bolt.web_app(path="/slack/events"))


class Server:
    """A server in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.ingest", *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        self.port = self.process.stdout.readline().strip()

    def drive(self, seconds: float) -> dict[str, float]:
        """Let the load generator, a third process, drive it."""
        command = [sys.executable, "-m", "tests.bench.ingest", "load", self.port, str(seconds)]
        return dict(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait()


async def kept(dsn: str) -> int:
    """How many deliveries Postgres holds."""
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM deliveries"))
    finally:
        await connection.close()


def main(rounds_wanted: int = ROUNDS) -> None:
    """Drive both in turns, on a throw-away Postgres with durable settings, and print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with Postgres(Path(folder) / "pg") as dsn:
            asyncio.run(upgrade(dsn))
            keeping, bolt = Server("ours", dsn), Server("bolt")
            try:
                answered = keeping.drive(0.5)["answered"]
                bolt.drive(0.5)
                rounds = []
                for _ in range(rounds_wanted):
                    ours, theirs = keeping.drive(SECONDS), bolt.drive(SECONDS)
                    answered += ours["answered"]
                    rounds.append((ours, theirs))
                    print(
                        f"kept {ours['per_s']:,.0f}/s (p50 {ours['p50']:.1f} ms, p99 {ours['p99']:.1f} ms);"
                        f" bare Bolt {theirs['per_s']:,.0f}/s (p50 {theirs['p50']:.1f} ms, p99 {theirs['p99']:.1f} ms)"
                    )
                found = asyncio.run(kept(dsn))
                assert found == answered, f"{answered} were answered with 200, {found} are kept"
            finally:
                keeping.stop()
                bolt.stop()
    figures = {
        "kept_per_s": round(statistics.median(ours["per_s"] for ours, _ in rounds)),
        "bolt_noop_per_s": round(statistics.median(theirs["per_s"] for _, theirs in rounds)),
        "ratio": round(statistics.median(ours["per_s"] / theirs["per_s"] for ours, theirs in rounds), 2),
        "p50_ms": round(statistics.median(ours["p50"] for ours, _ in rounds), 2),
        "p99_ms": round(statistics.median(ours["p99"] for ours, _ in rounds), 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            main()
        case ["--few"]:
            main(2)
        case ["ours", dsn]:
            asyncio.run(ours(dsn))
        case ["bolt"]:
            asyncio.run(bare_bolt())
        case ["load", port, seconds]:
            asyncio.run(load(int(port), float(seconds)))
