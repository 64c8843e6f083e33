"""Just enough of Slack for processes that are killed: it takes our posts, and remembers these and what a test has it remember."""

import asyncio
import itertools
import json
import time
from collections import Counter
from typing import Any

from aiohttp import web

from tests.builders import TEAM

BOT, SCOPES = "B0BOT", "chat:write,channels:history,groups:history,users:read"


class Outside:
    """The Web API on a free port of this machine, for a workspace with one installation."""

    def __init__(self) -> None:
        self.posts: dict[str, list[dict[str, Any]]] = {}
        self.said: list[dict[str, Any]] = []
        """What people said, oldest first, in any channel that is asked for. Empty, nothing that we lose can be repaired."""
        self.pages = 0
        """How many pages of it were asked for."""
        self.held: set[int] = set()
        """The pages that are never given, as if Slack were slow."""
        self._numbers = itertools.count(1)
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/api/"

    async def stop(self) -> None:
        """Listen no longer."""
        if self._runner:
            await self._runner.cleanup()

    @property
    def repeated(self) -> int:
        """How many posts were made again that stood already, by their opaque ids."""
        ids = Counter(
            post["metadata"]["event_payload"]["id"]
            for posts in self.posts.values()
            for post in posts
            if post.get("metadata")
        )
        return sum(count - 1 for count in ids.values())

    async def _answer(self, request: web.Request) -> web.Response:
        given: dict[str, Any] = dict(request.query)
        if request.method == "POST":
            given |= json.loads(await request.read() or b"{}")
        method = request.match_info["method"]
        if method == "conversations.history" and self.said:
            self.pages += 1
            if self.pages in self.held:
                await asyncio.Event().wait()
        answer = {"ok": True, **self._method(method, given)}
        return web.json_response(answer, headers={"x-oauth-scopes": SCOPES})

    def _method(self, method: str, given: dict[str, Any]) -> dict[str, Any]:
        channel = str(given.get("channel", ""))
        match method:
            case "auth.test":
                us = {"user_id": "U0BOT", "bot_id": BOT, "url": "https://studioada.slack.example/"}
                return {"team_id": TEAM, "team": "Studio Ada", **us}
            case "chat.postMessage":
                ts = f"{time.time():.0f}.{next(self._numbers):06}"
                post = {"ts": ts, "bot_id": BOT, "thread_ts": given.get("thread_ts"), "metadata": given.get("metadata")}
                self.posts.setdefault(channel, []).append(post)
                return {"ts": ts, "channel": channel}
            case "conversations.history" if self.said:
                spoken, done, most = self.said[::-1], int(given.get("cursor") or 0), int(given["limit"])
                more = str(done + most) if done + most < len(spoken) else ""
                return {"messages": spoken[done : done + most], "response_metadata": {"next_cursor": more}}
            case "conversations.history" | "conversations.replies":
                return {"messages": self.posts.get(channel, [])[::-1]}
            case "conversations.info":
                return {"channel": {"id": channel, "is_private": True, "is_member": True}}
            case "users.info":
                return {"user": {"id": given.get("user"), "team_id": TEAM, "profile": {}}}
            case "chat.getPermalink":
                return {"permalink": f"https://studioada.slack.example/archives/{channel}"}
            case _:
                return {"ts": given.get("ts"), "members": [], "channels": []}
