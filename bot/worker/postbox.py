"""The loop that reads the mailbox by IMAP: each letter is kept in the inbox, and only then marked as read."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import structlog

from bot.gateways.failures import Failure
from bot.gateways.mail.fetching import Postbox, from_mail
from core import inbox
from core.inbox import Keeper

log = structlog.get_logger(__name__)


class Fetching:
    """Looks into the mailbox every `every` seconds of real time; `wake` is called when letters were kept."""

    def __init__(self, postbox: Postbox, keeper: Keeper, *, wake: Callable[[], None], every: float = 60.0) -> None:
        self._postbox, self._keeper, self._wake, self._every = postbox, keeper, wake, every
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End the loop."""
        self._stopping.set()

    async def run(self) -> None:
        """Look until `stop`; a mailbox, or a database, that is away is looked into again."""
        try:
            while not self._stopping.is_set():
                try:
                    await self.look()
                except Failure as failure:
                    log.error("the mailbox cannot be read", reason=failure.sentence)
                except Exception as error:
                    log.error("letters cannot be kept", error=inbox.describe(error))
                try:
                    await asyncio.wait_for(self._stopping.wait(), self._every)
                except TimeoutError:
                    continue
        finally:
            await self._keeper.close()

    async def look(self) -> int:
        """Keep what nobody has read yet; returns how many letters were kept. One that is too large is logged and passed over."""
        kept = 0
        async with aclosing(self._postbox.unread()) as letters:
            async for letter, mark_read in letters:
                if letter is None:
                    log.error("a letter in the mailbox is too large to be kept")
                elif letter.strip():
                    await self._keeper.keep(await asyncio.to_thread(from_mail, letter))
                    kept += 1
                await mark_read()
                if self._stopping.is_set():
                    break
        if kept:
            self._wake()
        return kept
