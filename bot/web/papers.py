"""Papers over HTTP: a personal link that opens one document once, and the public page that tells what a file is."""

import asyncio
import hashlib
import time
from collections import OrderedDict, deque

from aiohttp import BodyPartReader, web

from bot.web.endpoint import Answer, Endpoint, Page, Saved, place
from bot.web.portal.words import render
from core import papers, proofs
from core.db import Database
from core.errors import Conflict, Invalid, Refusal

LARGEST = 12_000_000
"""Bytes of a file that is looked at: papers are far smaller."""

PER_MINUTE = 20
"""Files that may be looked at in a minute from one network address, by one process."""

KNOWN_PLACES = 5_000
PATIENCE = 60.0
"""Seconds that a file may take to arrive."""


class Pace:
    """Counts by place and minute; who comes too often waits."""

    def __init__(self, most: int = PER_MINUTE, seconds: float = 60.0) -> None:
        self._most, self._seconds = most, seconds
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def note(self, place: str) -> None:
        """Conflict if this place has come too often."""
        now = time.monotonic()
        times = self._seen.setdefault(place, deque())
        self._seen.move_to_end(place)
        while times and times[0] <= now - self._seconds:
            times.popleft()
        if len(times) >= self._most:
            raise Conflict("That were many files in a minute. Please wait a moment, and try again.")
        times.append(now)
        while len(self._seen) > KNOWN_PLACES:
            self._seen.popitem(last=False)


def routes(db: Database, *, public_url: str) -> list[web.RouteDef]:
    """The pages of personal links, which previews may follow, and the page that checks a file."""
    endpoint, pace = Endpoint(db, public_url=public_url, render=render), Pace()

    async def look(request: web.Request) -> Answer:
        """A personal link, followed: what it is, and a button; nothing is used up."""
        token = request.match_info["token"]
        async with db.platform() as session:
            link = await papers.opened(session, token)
        async with db.transaction(link.organization_id) as session:
            paper = await papers.collect(session, link)
            copy, title, agency = await papers.told(session, paper)
        told = {"agency": agency, "title": title, "number": copy.number, "signed": copy.kind == "signed"}
        return Page("document.html", {**told, "token": token, "sha256": paper.pdf_sha256.hex()})

    async def fetch(request: web.Request) -> Answer:
        """The button of that page: the link is used up, and the document saved."""
        async with db.platform() as session:
            link = await papers.opened(session, request.match_info["token"])
        async with db.transaction(link.organization_id) as session:
            paper = await papers.collect(session, link, fetched=True)
            copy, title, _ = await papers.told(session, paper)
        return Saved(paper.pdf, papers.name_of(title, copy.number, copy.kind))

    async def ask(_request: web.Request) -> Answer:
        """The page on which a file is chosen."""
        return Page("verify.html", {"asked": False, "proof": None, "trouble": ""})

    async def check(request: web.Request) -> Answer:
        """What the file is. It is looked at and forgotten."""
        try:
            pace.note(place(request))
            async with asyncio.timeout(PATIENCE):
                sha256 = await hashed(request)
        except TimeoutError:
            return Page("verify.html", {"asked": False, "proof": None, "trouble": SLOW}, 408)
        except Refusal as refusal:
            status = 429 if isinstance(refusal, Conflict) else 422
            return Page("verify.html", {"asked": False, "proof": None, "trouble": refusal.sentence}, status)
        return Page("verify.html", {"asked": True, "proof": await proofs.examine(db, sha256), "trouble": ""})

    return [
        web.get("/papers/{token}", endpoint.outside(look)),
        web.post("/papers/{token}", endpoint.outside(fetch)),
        web.get("/verify", endpoint.outside(ask)),
        web.post("/verify", endpoint.outside(check)),
    ]


async def hashed(request: web.Request) -> bytes:
    """SHA-256 of the one file of a form, of which no more than a piece is held at a time; Invalid if there is none, or it is
    too large."""
    if request.content_type != "multipart/form-data" or (request.content_length or 0) > LARGEST + 10_000:
        raise Invalid(TOO_LARGE if request.content_type == "multipart/form-data" else NO_FILE)
    sha256, size = hashlib.sha256(), 0
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name == "file":
                while chunk := await part.read_chunk(65_536):
                    sha256.update(chunk)
                    size += len(chunk)
                    if size > LARGEST:
                        raise Invalid(TOO_LARGE)
                break
    except ValueError as error:  # a form whose parts cannot be told apart
        raise Invalid(NO_FILE) from error
    if not size:
        raise Invalid(NO_FILE)
    return sha256.digest()


TOO_LARGE = "That file is larger than any document of ours, so it is none."
SLOW = "That took too long. Please try again."
NO_FILE = "Please choose a file first."
