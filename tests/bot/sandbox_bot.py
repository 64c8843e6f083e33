"""A tiny bot for the sandbox's own tests: it records what Slack sends and answers what it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web

from bot.sandbox.slack import Slack

MANIFEST = Path(__file__).parents[2] / "manifest.yml"


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        """The event, the payload or the fields of a command."""
        if self.headers.get("Content-Type") == "application/json":
            return dict(json.loads(self.raw))
        fields = dict(parse_qsl(self.raw.decode(), keep_blank_values=True))
        return dict(json.loads(fields["payload"])) if "payload" in fields else fields

    @property
    def event(self) -> dict[str, Any]:
        return dict(self.body["event"])


@dataclass
class Letters:
    """Stands where the mailbox does."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)

    def deliver(self, sender: str, to: str, subject: str, text: str, html: str | None = None) -> None:
        self.sent.append((to, subject, text))


class TinyBot:
    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], Any] = lambda received: None
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        received = Received(request.path, dict(request.headers), await request.read())
        self.received.append(received)
        answer = self.answer(received)
        if asyncio.iscoroutine(answer):
            answer = await answer
        if isinstance(answer, web.StreamResponse):
            return answer
        return web.Response() if answer is None else web.json_response(answer)

    def events(self, kind: str = "", subtype: str | None = None) -> list[dict[str, Any]]:
        found = [one.event for one in self.received if one.path == "/slack/events"]
        return [
            one
            for one in found
            if (not kind or one["type"] == kind) and (subtype is None or one.get("subtype") == subtype)
        ]

    def interactions(self, kind: str = "") -> list[dict[str, Any]]:
        found = [one.body for one in self.received if one.path == "/slack/actions"]
        return [one for one in found if not kind or one["type"] == kind]

    def commands(self) -> list[dict[str, Any]]:
        return [one.body for one in self.received if one.path == "/slack/commands"]


@dataclass
class Stage:
    """Slack, a bot that listens to it, and the calls that the bot makes."""

    slack: Slack
    bot: TinyBot
    mail: Letters
    url: str
    http: aiohttp.ClientSession

    async def raw(self, method: str, **args: Any) -> tuple[int, dict[str, str], Any]:
        token = args.pop("token", "xoxb-sandbox-bot-token")
        headers = {"Authorization": f"Bearer {token}"}
        async with self.http.post(f"{self.url}/slack/api/{method}", json=args, headers=headers) as got:
            text = await got.text()
            return got.status, dict(got.headers), json.loads(text) if text.startswith("{") else text

    async def call(self, method: str, **args: Any) -> dict[str, Any]:
        return dict((await self.raw(method, **args))[2])

    async def ok(self, method: str, **args: Any) -> dict[str, Any]:
        body = await self.call(method, **args)
        assert body["ok"], body
        return body

    async def error(self, method: str, **args: Any) -> str:
        body = await self.call(method, **args)
        assert not body["ok"], body
        return str(body["error"])

    async def channel(self, name: str = "northwind", **more: Any) -> str:
        """A private channel of the bot's with Ada in it."""
        made = await self.ok("conversations.create", name=name, is_private=True)
        where = str(made["channel"]["id"])
        await self.ok("conversations.invite", channel=where, users=self.id("ada"))
        return where

    async def shared(self, name: str = "northwind", limited: bool = False) -> str:
        """A channel shared with Northwind, with Ada and Clara in it."""
        where = await self.channel(name)
        sent = await self.ok(
            "conversations.inviteShared", channel=where, emails=["clara@northwind.example"], external_limited=limited
        )
        await self.slack.accepts(sent["invite_id"], by="clara")
        await self.slack.approves(sent["invite_id"], by="clara")
        await self.slack.settled()
        self.bot.received.clear()
        return where

    async def post(self, channel: str, *blocks: dict[str, Any], text: str = "Words") -> str:
        """A message of the bot's."""
        body = await self.ok("chat.postMessage", channel=channel, text=text, blocks=list(blocks))
        return str(body["ts"])

    def id(self, who: str) -> str:
        return self.slack.person(who).id


@asynccontextmanager
async def staged(*, socket_mode: bool = False, manifest: Path = MANIFEST) -> AsyncIterator[Stage]:
    """Slack and the tiny bot, each on a port of its own; retries come quickly and the rate limits are off."""
    bot, mail, where = TinyBot(), Letters(), {"slack": ""}
    slack = Slack(
        bot_url=lambda: bot.url,
        manifest=manifest,
        base_url=lambda: where["slack"],
        mail=mail,
        changed=lambda: None,
        socket_mode=socket_mode,
    )
    slack.rates.scale = 0
    slack.delivery.retry_after = (0.0, 0.02, 0.04)
    slack.delivery.acknowledge_seconds = 0.25
    listening = web.Application()
    listening.add_routes([web.post("/{path:.*}", bot.handle)])
    serving = web.Application()
    serving.add_routes(slack.routes())
    runners = [web.AppRunner(one, access_log=None, shutdown_timeout=0.1) for one in (listening, serving)]
    for runner in runners:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
    bot.url, where["slack"] = (f"http://127.0.0.1:{one.addresses[0][1]}" for one in runners)
    async with aiohttp.ClientSession() as http:
        try:
            yield Stage(slack, bot, mail, where["slack"], http)
        finally:
            await slack.stop()
            for runner in runners:
                await runner.cleanup()


def section(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(text: str, action_id: str = "press", **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": text}, "action_id": action_id, **more}


def actions(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements), **more}


def modal(*blocks: dict[str, Any], title: str = "Form", submit: str | None = "Send", **more: Any) -> dict[str, Any]:
    view: dict[str, Any] = {
        "type": "modal",
        "title": {"type": "plain_text", "text": title},
        "blocks": list(blocks),
        **more,
    }
    if submit:
        view["submit"] = {"type": "plain_text", "text": submit}
    return view


def field_of(label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "label": {"type": "plain_text", "text": label}, "element": element, **more}


def options(*texts: str) -> list[dict[str, Any]]:
    return [{"text": {"type": "plain_text", "text": one}, "value": one.lower()} for one in texts]


def opener(stage: Stage, view: dict[str, Any], method: str = "views.open") -> None:
    """Let the bot open this modal at every press, then acknowledge."""

    async def answer(received: Received) -> None:
        body = received.body
        if received.path != "/slack/events" and body.get("type") in (None, "block_actions", "message_action"):
            await stage.ok(method, trigger_id=body["trigger_id"], view=view)

    stage.bot.answer = answer
