"""A mailbox that is read by IMAP, for those whose mail server brings nothing: what nobody has read yet, one letter at a time."""

import asyncio
import hashlib
import imaplib
import json
import re
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from bot.gateways.failures import Permanent, Temporary
from bot.gateways.hosts import is_loopback
from bot.gateways.mail import reading
from core import clock, links
from core.inbox import Incoming

Result = TypeVar("Result")

AT_ONCE = 50
"""Letters that are taken in one round."""


def from_mail(body: bytes) -> Incoming:
    """What to keep of a letter. Its team is the hash of the token that it is addressed to, which leads to the organization."""
    tokens = reading.tokens_of(body)
    team = links.digest(tokens[0]).hex() if tokens else ""
    ref = hashlib.sha256(reading.ref_of(body).encode()).hexdigest()
    headers = json.dumps({"bytes": len(body)})
    return Incoming("mail", team, ref, f"mail:{team[:16]}", "letter", headers, body, clock.now())


class Postbox:
    """One folder of one mailbox, which is ours alone: imaps://user:password@mail.example/INBOX."""

    def __init__(self, url: str, *, most: int, timeout: float = 20.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("imap", "imaps") or not parts.hostname or not parts.username:
            raise ValueError("IMAP_URL reads like imaps://user:password@mail.example/INBOX.")
        if parts.scheme == "imap" and not is_loopback(parts.hostname):
            raise ValueError("IMAP_URL begins with imaps://, so that the password does not travel in the clear.")
        self._host, self._tls = parts.hostname, parts.scheme == "imaps"
        self._port = parts.port or (993 if self._tls else 143)
        self._user, self._password = unquote(parts.username), unquote(parts.password or "")
        self._folder = unquote(parts.path.strip("/")) or "INBOX"
        if re.search(r'[\x00-\x1f"\\\x7f]', self._folder):
            raise ValueError("The folder that IMAP_URL names has a character that no folder has.")
        self._most, self._timeout = most, timeout

    async def unread(self) -> AsyncGenerator[tuple[bytes | None, Callable[[], Awaitable[None]]], None]:
        """The letters that nobody has read yet, oldest first, each with what marks it as read, to be awaited once it is kept.

        None stands for one that is too large. Raises Temporary where the server does not answer, Permanent where it refuses.
        """
        box = await self._in(self._open)
        try:
            for uid in (await self._in(partial(self._unseen, box)))[:AT_ONCE]:
                letter = await self._in(partial(self._letter, box, uid))
                yield letter, partial(self._in, partial(self._read, box, uid))
        finally:
            await self._in(partial(_leave, box))

    async def check(self) -> None:
        """Log in, look into the folder and leave again; raises the Failure that `unread` would meet."""
        box = await self._in(self._open)
        await self._in(partial(_leave, box))

    async def _in(self, do: Callable[[], Result]) -> Result:
        try:
            return await asyncio.to_thread(do)
        except imaplib.IMAP4.abort as error:
            raise Temporary("imap", "lost", "The connection to the mailbox was lost.") from error
        except imaplib.IMAP4.error as error:
            raise Permanent("imap", "refused", "The mailbox does not let us in, or has no such folder.") from error
        except OSError as error:
            raise Temporary("imap", "unreachable", "The mailbox could not be reached.") from error

    def _open(self) -> imaplib.IMAP4:
        box: imaplib.IMAP4
        if self._tls:
            safely = ssl.create_default_context()
            box = imaplib.IMAP4_SSL(self._host, self._port, ssl_context=safely, timeout=self._timeout)
        else:
            box = imaplib.IMAP4(self._host, self._port, timeout=self._timeout)
        try:
            box.login(self._user, self._password)
            _good(box.select(f'"{self._folder}"'))
        except BaseException:
            _leave(box)
            raise
        return box

    def _unseen(self, box: imaplib.IMAP4) -> list[str]:
        found = _good(box.uid("SEARCH", "UNSEEN"))
        return [uid.decode() for line in found if isinstance(line, bytes) for uid in line.split()]

    def _letter(self, box: imaplib.IMAP4, uid: str) -> bytes | None:
        told = b" ".join(each for each in _good(box.uid("FETCH", uid, "(RFC822.SIZE)")) if isinstance(each, bytes))
        size = re.search(rb"RFC822\.SIZE (\d{1,12})", told)
        if size is not None and int(size.group(1)) > self._most:
            return None
        for part in _good(box.uid("FETCH", uid, "(BODY.PEEK[])")):
            if isinstance(part, tuple):
                return bytes(part[1])
        return b""

    def _read(self, box: imaplib.IMAP4, uid: str) -> None:
        _good(box.uid("STORE", uid, "+FLAGS", r"(\Seen)"))


def _good(answer: tuple[str, list[Any]]) -> list[Any]:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(answer[0])
    return answer[1]


def _leave(box: imaplib.IMAP4) -> None:
    try:
        box.logout()
    except (imaplib.IMAP4.error, OSError):
        box.shutdown()
