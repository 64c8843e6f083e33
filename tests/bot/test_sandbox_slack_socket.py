"""Socket Mode in the sandbox: each payload once, again when unacknowledged, refreshed and dropped."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.bot.sandbox_bot import Stage, staged


class SocketBot:
    """One websocket of a bot that acknowledges what it gets."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.acknowledge = True
        self.payload: dict[str, Any] = {}
        self.closed = False

    async def run(self, stage: Stage) -> None:
        body = await stage.ok("apps.connections.open", token="xapp-sandbox-app-token")
        async with stage.http.ws_connect(body["url"]) as socket:
            async for frame in socket:
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    continue
                told = json.loads(frame.data)
                self.frames.append(told)
                if "envelope_id" in told and self.acknowledge:
                    answer = {"envelope_id": told["envelope_id"]}
                    await socket.send_json(answer | ({"payload": self.payload} if self.payload else {}))
        self.closed = True

    def events(self) -> list[str]:
        return [one["payload"]["event"].get("text", "") for one in self.frames if one["type"] == "events_api"]


async def _connected(stage: Stage, count: int) -> tuple[list[SocketBot], list["asyncio.Task[None]"]]:
    bots = [SocketBot() for _ in range(count)]
    tasks = [asyncio.create_task(one.run(stage)) for one in bots]
    await stage.slack.until(lambda: len(stage.slack.sockets.connections) == count)
    return bots, tasks


async def _ended(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_socket_mode_carries_each_payload_once() -> None:
    async with staged(socket_mode=True) as stage:
        bots, tasks = await _connected(stage, 2)
        where = await stage.channel()
        await stage.slack.settled()
        for word in ("One", "Two", "Three", "Four"):
            await stage.slack.says(word, "ada", where)
        await stage.slack.settled()
        assert bots[0].frames[0]["type"] == "hello" and bots[1].frames[0]["num_connections"] == 2
        words = [word for one in bots for word in one.events() if word in ("One", "Two", "Three", "Four")]
        assert sorted(words) == ["Four", "One", "Three", "Two"]
        assert all(one.events() for one in bots) and stage.bot.received == []
        for one in bots:
            one.payload = {"text": "Done"}
        ack = await stage.slack.command("/tl help", "ada", where)
        assert ack.ok and ack.text == "Done"
        await _ended(tasks)


async def test_socket_mode_sends_again_what_was_not_acknowledged() -> None:
    async with staged(socket_mode=True) as stage:
        (bot,), tasks = await _connected(stage, 1)
        where = await stage.channel()
        await stage.slack.settled()
        stage.slack.delivery.acknowledge_seconds = 0.05
        bot.frames.clear()
        bot.acknowledge = False
        await stage.slack.says("Hello", "ada", where)
        await stage.slack.until(lambda: len(bot.frames) >= 2)
        bot.acknowledge = True
        await stage.slack.settled()
        assert [one["retry_attempt"] for one in bot.frames][:2] == [0, 1]
        assert bot.frames[1]["retry_reason"] == "http_timeout"
        bot.acknowledge = False
        ack = await stage.slack.command("/tl", "ada", where)
        assert ack.error == "operation_timeout"
        await _ended(tasks)


async def test_socket_mode_refreshes_and_drops() -> None:
    async with staged(socket_mode=True) as stage:
        (bot,), tasks = await _connected(stage, 1)
        await stage.slack.sockets.refresh()
        await stage.slack.until(lambda: bot.closed)
        assert bot.frames[-1]["reason"] == "refresh_requested"
        (other,), more = await _connected(stage, 1)
        stage.slack.faults.drop_sockets()
        await stage.slack.until(lambda: other.closed)
        assert stage.slack.sockets.connections == []
        where = await stage.channel()
        ack = await stage.slack.command("/tl", "ada", where)
        assert ack.error == "dispatch_failed"
        await _ended([*tasks, *more])


async def test_a_websocket_address_is_good_once() -> None:
    async with staged(socket_mode=True) as stage:
        url = (await stage.ok("apps.connections.open", token="xapp-sandbox-app-token"))["url"]
        async with stage.http.ws_connect(url) as socket:
            assert (await socket.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await stage.http.ws_connect(url)
