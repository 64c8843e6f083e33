"""Socket Mode: each payload goes to any one of the bot's websockets and waits for its acknowledgement."""

import asyncio
import itertools
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.slack.delivery import Answer
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.state import Json

MOST_CONNECTIONS = 10
CONNECTION_SECONDS = 18_060


@dataclass
class Connection:
    """One websocket of the bot, with the envelopes that it has not acknowledged."""

    socket: web.WebSocketResponse
    request: web.Request
    unanswered: dict[str, "asyncio.Future[Json]"] = field(default_factory=dict)

    def lost(self) -> None:
        """Let those who wait know that no acknowledgement will come."""
        for waiting in self.unanswered.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError())


class Sockets:
    """The websocket door of Slack, and the way to the bot through it."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self._tickets: set[str] = set()
        self._turn = itertools.count()

    def open_url(self, base_url: str, app_id: str) -> str:
        """A websocket address for apps.connections.open, good for one connection."""
        if len(self.connections) >= MOST_CONNECTIONS:
            raise SlackError("too_many_websockets")
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return f"{base_url.replace('http', 'ws', 1)}/slack/socket?ticket={ticket}&app_id={app_id}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Take a websocket, greet it, and read acknowledgements until it closes."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403, text="This address was already used.")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        connection = Connection(socket, request)
        self.connections.append(connection)
        try:
            debug = {"host": "sandbox", "build_number": 1, "approximate_connection_time": CONNECTION_SECONDS}
            hello = {
                "type": "hello",
                "num_connections": len(self.connections),
                "debug_info": debug,
                "connection_info": {"app_id": request.query.get("app_id", "")},
            }
            await socket.send_json(hello)
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._acknowledged(connection, json.loads(frame.data))
        finally:
            if connection in self.connections:
                self.connections.remove(connection)
            connection.lost()
        return socket

    @staticmethod
    def _acknowledged(connection: Connection, frame: Any) -> None:
        waiting = connection.unanswered.pop(str(frame.get("envelope_id", "")), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(frame.get("payload") or {})

    async def refresh(self) -> None:
        """Tell the oldest connection to come again and close it, as Slack does every few hours."""
        if self.connections:
            connection = self.connections[0]
            await connection.socket.send_json(
                {"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "sandbox"}}
            )
            await connection.socket.close()

    def drop(self) -> None:
        """Cut every connection without a word."""
        for connection in list(self.connections):
            self.connections.remove(connection)
            connection.lost()
            if connection.request.transport is not None:
                connection.request.transport.abort()

    async def close(self) -> None:
        """End every connection politely."""
        for connection in list(self.connections):
            await connection.socket.close()

    async def event(self, body: Json, attempt: int, reason: str, seconds: float) -> Answer:
        """Send an event in an envelope that tells which attempt it is."""
        more = {"accepts_response_payload": False, "retry_attempt": attempt, "retry_reason": reason}
        return await self._send("events_api", body, more, seconds)

    async def ask(self, kind: str, path: str, fields: dict[str, str], payload: Json, seconds: float) -> Answer:
        """Send an interaction or command in an envelope whose acknowledgement may carry an answer."""
        return await self._send(kind, payload, {"accepts_response_payload": True}, seconds)

    async def _send(self, kind: str, payload: Json, more: Json, seconds: float) -> Answer:
        if not self.connections:
            return Answer(failure="connection_failed")
        connection = self.connections[next(self._turn) % len(self.connections)]
        envelope_id = secrets.token_hex(16)
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        connection.unanswered[envelope_id] = waiting
        try:
            await connection.socket.send_json({"envelope_id": envelope_id, "type": kind, "payload": payload, **more})
            answer = await asyncio.wait_for(waiting, seconds)
        except TimeoutError:
            return Answer(failure="http_timeout")
        except ConnectionResetError:
            return Answer(failure="connection_failed")
        finally:
            connection.unanswered.pop(envelope_id, None)
        return Answer(200, json.dumps(answer).encode() if answer else b"")
