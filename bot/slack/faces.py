"""Slack's side of the worker: what a mention asks for, and App Home drawn anew; `app.py` hands both to the worker as jobs."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from typing import Any

import bot.slack
from bot.blocks import kit
from bot.slack import home, mentions
from bot.slack.listener import Ears, Heard
from bot.slack.replies import Done, Open, Reply, Say
from core import inbox
from core.jobs import Claimed

for module in pkgutil.iter_modules(bot.slack.__path__, "bot.slack."):
    if module.name != __name__:
        importlib.import_module(module.name)


class Faces:
    """The jobs that Slack's people cause by events, run by the worker through the same wrapper as their presses."""

    def __init__(self, ears: Ears) -> None:
        self._ears = ears

    def handlers(self) -> dict[str, Callable[[Claimed], Awaitable[None]]]:
        """The kinds of job that this room does."""
        return {"mention.hear": self.mention, "home.publish": self.home}

    async def mention(self, job: Claimed) -> None:
        """Do what a mention asks for; the answer is for the person alone."""
        async with self._ears.db.platform() as session:
            delivery = await inbox.kept(session, job.payload["delivery"])
        if delivery is None:
            return
        told = delivery.content()["event"]
        channel, thread = told["channel"], told.get("thread_ts") or ""

        async def listen(heard: Heard) -> Reply:
            return await mentions.hear(heard, told.get("text") or "")

        where = {"channel": channel, "message_ts": told["ts"], "thread_ts": thread, "payload": told}
        reply, token = await self._ears.run(listen, delivery.team, told["user"], where)
        if isinstance(reply, Open):
            reply = Say("That opens a form, which a mention cannot. Type it as a command, outside of threads.")
        if isinstance(reply, Say) and token:
            blocks = list(reply.blocks) or None
            words = kit.marked(reply.text)
            await self._ears.slack.ephemeral(token, channel, told["user"], words, blocks, thread_ts=thread or None)

    async def home(self, job: Claimed) -> None:
        """Draw somebody's App Home."""
        drawn: list[dict[str, Any]] = []

        async def listen(heard: Heard) -> Reply:
            drawn.append(await home.home(heard))
            return Done()

        _, token = await self._ears.run(listen, job.payload["team"], job.payload["user"], {"payload": job.payload})
        if drawn and token:
            await self._ears.slack.publish_home(token, job.payload["user"], drawn[-1])
