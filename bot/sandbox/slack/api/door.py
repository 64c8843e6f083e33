"""The HTTP door of the Web API: token, rate, scope and arguments checked in Slack's order."""

import asyncio
import json
from typing import Any

from aiohttp import web

from bot.sandbox.slack.api.method import METHODS, Call, Method
from bot.sandbox.slack.deeds import Deeds
from bot.sandbox.slack.errors import SlackError, bad_arguments
from bot.sandbox.slack.hub import Hub
from bot.sandbox.slack.interactions import Interactions
from bot.sandbox.slack.rates import RateLimited
from bot.sandbox.slack.state import Json
from bot.sandbox.slack.views import Screens


class Door:
    """Takes every request to /slack/api/<method>."""

    def __init__(self, hub: Hub, deeds: Deeds, screens: Screens, interactions: Interactions) -> None:
        self.hub, self.deeds, self.screens, self.interactions = hub, deeds, screens, interactions
        self.calls: list[tuple[str, Json]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call, through whatever fault is set for its method."""
        name = request.match_info["method"]
        fault = self.hub.faults.take_call(name)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault is not None and fault.kind == "lost_before":
            return _cut(request)
        elif fault is not None and fault.kind == "status":
            return web.Response(status=fault.status, text="Something went wrong on our side.")
        try:
            args = await _arguments(request)
            self.calls.append((name, args))
            del self.calls[:-2000]
            if fault is not None and fault.kind == "limit":
                raise RateLimited(fault.seconds)
            if fault is not None and fault.kind == "error":
                raise SlackError(fault.error)
            body = {"ok": True, **self._call(name, _token(request, args), args)}
        except RateLimited as limited:
            headers = {"Retry-After": str(limited.retry_after)}
            return web.json_response(limited.body(), status=429, headers=headers)
        except SlackError as error:
            body = error.body()
        if fault is not None and fault.kind == "lost_after":
            return _cut(request)
        headers = {"X-OAuth-Scopes": ",".join(sorted(self.hub.manifest.scopes))}
        if name in METHODS:
            headers["X-Accepted-OAuth-Scopes"] = ",".join(METHODS[name].scopes)
        return web.json_response(body, headers=headers)

    def _call(self, name: str, token: str, args: Json) -> Json:
        known = METHODS.get(name)
        if known is None:
            raise SlackError("unknown_method", req_method=name)
        self._authorize(known, token)
        self.hub.rates.count(self.hub.world.installation.team_id, name, known.tier)
        call = Call(self.hub, self.deeds, self.screens, self.interactions, args)
        if known.scopes:
            call.need_scope(*known.scopes)
        missing = [one for one in known.required if args.get(one) in (None, "")]
        if missing:
            raise bad_arguments(*(f"missing required field: {one}" for one in missing))
        return known.handler(call)

    def _authorize(self, known: Method, token: str) -> None:
        installed = self.hub.world.installation
        if not token:
            raise SlackError("not_authed")
        if token not in (installed.bot_token, installed.app_token):
            raise SlackError("invalid_auth")
        if token == installed.bot_token and installed.revoked:
            raise SlackError("token_revoked")
        if token != (installed.bot_token if known.token == "bot" else installed.app_token):
            raise SlackError("not_allowed_token_type")


async def _arguments(request: web.Request) -> Json:
    args: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        raw = await request.read()
        try:
            body = json.loads(raw) if raw.strip() else {}
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        return {**args, **body}
    form = await request.post()
    return {**args, **{key: value for key, value in form.items() if isinstance(value, str)}}


def _token(request: web.Request, args: Json) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else str(args.get("token", ""))


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
