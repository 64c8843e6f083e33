"""The door of mail: letters that a provider, or a pipe of a mail server, brings are verified, kept raw, then answered."""

import asyncio
import hashlib
import hmac
import re
import time

import structlog
from aiohttp import web

from bot.gateways.mail.fetching import from_mail
from bot.web.hooks import TOLERANCE, Handler, kept
from core.inbox import Keeper

STAMP, SIGNATURE = "X-Mail-Timestamp", "X-Mail-Signature"
PATIENCE = 60.0
"""Seconds in which a letter has to be here."""

AT_ONCE = 2
"""Letters that are taken in at the same time, so that many large ones do not fill the memory."""

REFUSED = (
    f"Sign the letter: {SIGNATURE} is “v1=” and the HMAC-SHA256 of {STAMP}, a full stop and the body; or send the secret "
    "as Authorization: Bearer."
)

log = structlog.get_logger(__name__)


def signed(key: bytes, body: bytes, timestamp: str, signature: str) -> bool:
    """Whether the signature is right for these very bytes, and not older than five minutes."""
    if not re.fullmatch(r"[0-9]{1,12}", timestamp) or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    expected = "v1=" + hmac.digest(key, b"%b.%b" % (timestamp.encode(), body), "sha256").hex()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def mail_in(*, secret: str, keeper: Keeper, most: int) -> Handler:
    """The handler of letters, each as its raw bytes: 200 once it is kept, 401 if nothing proves who brings it, 413 if it is too large.

    A provider signs; what can only send a fixed header, such as a pipe with curl, sends the secret itself.
    """
    if not secret:
        raise ValueError("MAIL_IN_SECRET is empty: anybody could bring mail in anybody's name.")
    key, bearer = secret.encode(), f"Bearer {secret}".encode()
    turns = asyncio.Semaphore(AT_ONCE)

    async def receive(request: web.Request) -> web.Response:
        headers = request.headers
        given = headers.get("Authorization", "").encode("utf-8", "replace")
        known = hmac.compare_digest(hashlib.sha256(given).digest(), hashlib.sha256(bearer).digest())
        if not known and SIGNATURE not in headers:
            return web.Response(status=401, text=REFUSED)
        too_large = web.Response(
            status=413, text=f"This letter is larger than {most // (1024 * 1024)} MB, so it was not taken."
        )
        if (request.content_length or 0) > most:
            return too_large
        async with turns:
            try:
                body = await asyncio.wait_for(_body(request, most), PATIENCE)
            except TimeoutError:
                return web.Response(status=408, text="The letter did not arrive in time.")
            if body is None:
                return too_large
            if not known and not signed(key, body, headers.get(STAMP, ""), headers.get(SIGNATURE, "")):
                return web.Response(status=401, text=REFUSED)
            if not body.strip():
                return web.Response(status=400, text="There is no letter in this: the body is to be its raw bytes.")
            return await kept(keeper, await asyncio.to_thread(from_mail, body))

    return receive


async def _body(request: web.Request, most: int) -> bytes | None:
    """The body, or None once it is larger than allowed."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_chunked(65_536):
        size += len(chunk)
        if size > most:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
