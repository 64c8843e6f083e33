"""The mailbox read by IMAP: each letter is kept before it is marked as read, and a mailbox that is away is looked into again."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from bot.gateways.failures import Permanent, Temporary
from bot.gateways.mail.fetching import Postbox
from bot.worker.postbox import Fetching
from core.db import Database
from core.inbox import Delivery, Keeper


class Imap:
    """As much of an IMAP server as a mailbox needs that is read and marked (RFC 3501)."""

    def __init__(self, letters: list[bytes]) -> None:
        self.letters, self.seen = letters, set[int]()
        self.dies_at = ""
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        return f"imap://clara%40x:p%40ss@127.0.0.1:{self._server.sockets[0].getsockname()[1]}/INBOX"

    async def stop(self) -> None:
        assert self._server
        self._server.close()
        await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := (await reader.readline()).decode():
            tag, words = line.strip().split(" ", 1)
            if self.dies_at and self.dies_at in words:
                break
            said, verdict = self._answer(words)
            writer.write(said + f"{tag} {verdict}\r\n".encode())
            if words == "LOGOUT":
                break
        writer.close()
        await writer.wait_closed()

    def _answer(self, words: str) -> tuple[bytes, str]:
        if words.startswith("LOGIN"):
            return b"", "OK in" if words == 'LOGIN clara@x "p@ss"' else "NO who?"
        if words == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1\r\n", "OK done"
        if words.startswith("SELECT"):
            return b"* %d EXISTS\r\n" % len(self.letters), "OK done" if words == 'SELECT "INBOX"' else "NO such folder"
        if words == "UID SEARCH UNSEEN":
            unseen = [str(uid) for uid in range(1, len(self.letters) + 1) if uid not in self.seen]
            return f"* SEARCH {' '.join(unseen)}\r\n".encode(), "OK done"
        if found := re.fullmatch(r"UID FETCH (\d+) \((.*)\)", words):
            uid, letter = int(found[1]), self.letters[int(found[1]) - 1]
            if found[2] == "RFC822.SIZE":
                return f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(letter)})\r\n".encode(), "OK done"
            return f"* {uid} FETCH (UID {uid} BODY[] {{{len(letter)}}}\r\n".encode() + letter + b")\r\n", "OK done"
        if found := re.fullmatch(r"UID STORE (\d+) \+FLAGS \(\\Seen\)", words):
            self.seen.add(int(found[1]))
        return b"", "OK done"


LETTERS = [b"From: a@b.example\r\nMessage-ID: <%d@b>\r\n\r\nHello\r\n" % number for number in range(3)]


@pytest.fixture
async def imap() -> AsyncIterator[tuple[Imap, str]]:
    box = Imap([*LETTERS, b"x" * 5000])
    yield box, await box.start()
    await box.stop()


async def kept(database: Database) -> list[bytes]:
    async with database.platform() as session:
        return list((await session.execute(sa.select(Delivery.body).order_by(Delivery.id))).scalars())


async def test_what_is_unread_is_kept_and_marked_and_what_is_too_large_passed_over(
    database: Database, imap: tuple[Imap, str]
) -> None:
    box, url = imap
    woken = asyncio.Event()
    fetching = Fetching(Postbox(url, most=4000), Keeper(database), wake=woken.set, every=0.01)
    assert await fetching.look() == 3 and woken.is_set()
    assert await kept(database) == LETTERS and box.seen == {1, 2, 3, 4}
    assert await fetching.look() == 0
    box.letters.append(b"Message-ID: <late@b>\r\n\r\nLate\r\n")
    woken.clear()
    running = asyncio.create_task(fetching.run())
    await asyncio.wait_for(woken.wait(), 5)
    fetching.stop()
    await asyncio.wait_for(running, 5)
    assert len(await kept(database)) == 4


async def test_what_could_not_be_marked_comes_again_and_is_kept_once(
    database: Database, imap: tuple[Imap, str]
) -> None:
    box, url = imap
    keeper = Keeper(database)
    fetching = Fetching(Postbox(url, most=4000), keeper, wake=lambda: None)
    box.dies_at = "UID STORE 2"
    with pytest.raises(Temporary):
        await fetching.look()
    assert box.seen == {1} and len(await kept(database)) == 2
    box.dies_at = ""
    assert await fetching.look() == 2
    assert await kept(database) == LETTERS
    await keeper.close()


async def test_a_mailbox_that_cannot_be_read_says_why(imap: tuple[Imap, str], unused_tcp_port: int) -> None:
    _, url = imap
    await Postbox(url, most=1).check()
    with pytest.raises(Permanent):
        await Postbox(url.replace("p%40ss", "guess"), most=1).check()
    with pytest.raises(Permanent):
        await Postbox(url.replace("INBOX", "Elsewhere"), most=1).check()
    with pytest.raises(Temporary):
        await Postbox(f"imap://a:b@127.0.0.1:{unused_tcp_port}", most=1).check()
    for odd in ("https://a:b@x.example", "imap://a:b@x.example", "imaps://x.example", 'imaps://a:b@x.example/a"b'):
        with pytest.raises(ValueError, match="IMAP_URL"):
            Postbox(odd, most=1)
