"""The story after its first chapter, for tests of what goes wrong: who sees which cards, what is kept, and how it recovers."""

import hashlib
import hmac
import json
import time
from typing import Any

import aiohttp
from sqlalchemy import func, select, text

from bot.demo.story import Story
from bot.sandbox.slack import Outcome
from core import clock
from core.conversations import Conversation, Message
from core.inbox import Delivery
from core.jobs import Job
from core.posts import Post

Json = dict[str, Any]

CLIENT, STAFF = "#northwind", "#northwind-internal"


class Scene(Story):
    """Ada and Ben in two channels with Clara of Northwind, connected and welcomed."""

    @property
    def faults(self) -> Any:
        return self.slack.faults

    def id(self, who: str) -> str:
        return self.slack.person(who).id

    async def calm(self) -> None:
        """Wait until all is done, what is to be tried again included: the clock is moved to its time."""
        for _ in range(20):
            await self.settled()
            waiting = await self._waiting()
            if waiting is None:
                return
            clock.move(max(waiting, 0) + 0.01)
        raise AssertionError("It does not come to rest.")

    async def _waiting(self) -> float | None:
        """Seconds until all that failed is to be tried again; None if nothing waits for that."""
        jobs = select(func.max(Job.run_at)).where(Job.dead_at.is_(None), Job.attempts > 0)
        aside = select(func.max(Delivery.next_try_at)).where(Delivery.state == "aside")
        async with self.here.app.db.platform() as session:
            times = [(await session.execute(query)).scalar_one() for query in (jobs, aside)]
        times = [when for when in times if when is not None]
        return (max(times) - clock.now()).total_seconds() if times else None

    async def buried(self) -> list[str]:
        """The errors of jobs that were given up."""
        async with self.here.app.db.platform() as session:
            return [
                f"{job.kind}: {job.error}"
                for job in (await session.execute(select(Job).where(Job.dead_at.is_not(None)))).scalars()
            ]

    async def deliveries(self, state: str | None = None) -> list[Delivery]:
        async with self.here.app.db.platform() as session:
            query = select(Delivery).order_by(Delivery.id)
            return list((await session.execute(query.where(Delivery.state == state) if state else query)).scalars())

    async def sql(self, statement: str, **values: object) -> None:
        async with self.here.app.db.platform() as session:
            await session.execute(text(statement), values)

    def cards(self, words: str, channel: str = CLIENT, by: str = "ada") -> list[Json]:
        """The app's own messages that show these words, threads included, oldest first."""
        seen = self.slack.messages(channel, by)
        replies = [
            reply for one in seen if one.get("reply_count") for reply in self.slack.messages(channel, by, one["ts"])[1:]
        ]
        ours = [one for one in [*seen, *replies] if one.get("bot_id") and not one.get("is_ephemeral")]
        return sorted((one for one in ours if words in self.words([one])), key=lambda one: str(one["ts"]))

    def whispers(self, by: str, channel: str = CLIENT) -> str:
        """What only this person sees in the channel."""
        return self.words(one for one in self.slack.messages(channel, by) if one.get("is_ephemeral"))

    def pins(self, channel: str = CLIENT) -> list[str]:
        return [pin["ts"] for pin in self.slack.world.channels[self.channel(channel.lstrip("#"))].pins]

    def pinned(self, channel: str = CLIENT) -> str:
        """What the pinned cards show."""
        pins = self.pins(channel)
        return self.words(one for one in self.slack.messages(channel, "ada") if one["ts"] in pins)

    async def posts(self, purpose: str) -> list[Post]:
        async with self.database() as (session, _):
            query = select(Post).where(Post.purpose == purpose).order_by(Post.created_at)
            return list((await session.execute(query)).scalars())

    async def kept(self) -> list[Message]:
        """What people said, as it is kept; the channel's notices and our own cards left out."""
        async with self.database() as (session, _):
            said = select(Message).where(
                Message.side != "bot", Message.kind.in_(("message", "file_share", "thread_broadcast"))
            )
            return list((await session.execute(said.order_by(Message.sent_at, Message.ts))).scalars())

    async def conversations(self) -> list[Conversation]:
        async with self.database() as (session, _):
            standing = select(Conversation).where(Conversation.deleted_at.is_(None))
            return list((await session.execute(standing.order_by(Conversation.opened_at))).scalars())

    async def topics(self) -> list[tuple[str, str]]:
        return [(one.topic, one.status) for one in await self.conversations()]

    async def press(self, label: str, by: str, channel: str | None = None) -> Outcome:
        """Press, and wait for what Slack then shows."""
        outcome = await self.slack.press(label, by=by, channel=channel)
        await self.settled()
        return outcome

    def event(self, event: Json, **more: Any) -> Json:
        """An event as Slack wraps it."""
        world, stamp = self.slack.world, str(time.monotonic_ns())
        team = world.installation.team_id
        body = {
            "team_id": team,
            "api_app_id": world.installation.app_id,
            "type": "event_callback",
            "event_id": f"Ev{stamp}",
        }
        return {
            **body,
            "event_time": int(time.time()),
            "authorizations": [{"team_id": team, "is_bot": True}],
            "event": event,
            **more,
        }

    async def delivers(self, body: Json | bytes) -> int:
        """Send an event as Slack signs it; returns the status of the answer."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return (await self.sends("/slack/events", raw, "application/json"))[0]

    async def sends(
        self, path: str, raw: bytes, kind: str, *, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Send these bytes to a door, signed by Slack unless other headers are given; returns status and body."""
        given = slack_signature(raw, self.slack.world.installation.signing_secret) if headers is None else headers
        async with (
            aiohttp.ClientSession() as http,
            http.post(self.here.url + path, data=raw, headers={"Content-Type": kind, **given}) as answer,
        ):
            return answer.status, await answer.text()


def slack_signature(raw: bytes, secret: str, *, age: int = 0) -> dict[str, str]:
    """The headers that prove that Slack sent these bytes, `age` seconds ago."""
    stamp = str(int(time.time()) - age)
    signed = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed}"}
