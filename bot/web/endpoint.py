"""The one wrapper around page handlers: transaction, actor from the session cookie, refusals as pages."""

import ipaddress
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import structlog
from aiohttp import web

from core import links
from core.db import Database, Session
from core.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from core.people import Actor

log = structlog.get_logger(__name__)

COOKIE = "throughline_page"
"""The cookie that holds a client's session."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    # Not no-referrer: under that, browsers send our own forms with “Origin: null”, like anybody else's.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
STATUS: Mapping[type[Refusal], int] = {NotFound: 404, NotAllowed: 403, Conflict: 409, Invalid: 422}
LONGEST_FORM = 16_384
FOREIGN = "This form did not come from our page, so nothing was done. Please open the page and try again."
FAILED = "Something went wrong on our side, and nothing was changed. Please try again"


@dataclass(frozen=True)
class Cookie:
    """A cookie to set for so many seconds; with no value, to remove."""

    name: str
    value: str = ""
    seconds: int = 0


@dataclass(frozen=True)
class Page:
    """A page to show: a template and what it is told."""

    template: str
    told: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    cookies: tuple[Cookie, ...] = ()


@dataclass(frozen=True)
class Go:
    """Another page to go to, by GET."""

    path: str
    cookies: tuple[Cookie, ...] = ()


@dataclass(frozen=True)
class File:
    """A file to save, piece by piece, under the name that it is given."""

    pieces: AsyncIterator[bytes]
    size: int
    name: str


Answer = Page | Go | File
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Outside = Callable[[web.Request], Awaitable[Answer]]


@dataclass(frozen=True)
class Visit:
    """What the handler of a signed-in client's page is told: who they are, inside which transaction."""

    request: web.Request
    session: Session
    actor: Actor
    token: str


Inside = Callable[[Visit], Awaitable[Answer]]
Render = Callable[[str, Mapping[str, Any]], str]


class Endpoint:
    """Wraps handlers that return an Answer into handlers of the web server.

    `render` makes a template and what it is told into HTML; “sentence.html” is the page of refusals and failures.
    Cookies are Secure where the public address is https.
    """

    def __init__(self, db: Database, *, public_url: str, render: Render) -> None:
        self.db = db
        self._render = render
        self._origin = _origin(public_url)
        self._secure = urlsplit(public_url).scheme == "https"

    def outside(self, run: Outside) -> Handler:
        """A page for anybody. What it reads or writes, it does in transactions of its own."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                if request.method == "POST" and not self._ours(request):
                    raise NotAllowed(FOREIGN)
                return self._response(await run(request))
            except Refusal as refusal:
                return self._sentence(refusal.sentence, STATUS.get(type(refusal), 400))
            except web.HTTPException:
                raise
            except Exception as error:
                reference = secrets.token_hex(3).upper()
                log.exception("page.failed", reference=reference, kind=type(error).__name__)
                return self._sentence(f"{FAILED}; if it stays, mention {reference}.", 500)

        return handle

    def inside(self, run: Inside, *, instead: Outside) -> Handler:
        """A page for signed-in clients, in one transaction of their organization; for all others there is `instead`."""

        async def answer(request: web.Request) -> Answer:
            token = request.cookies.get(COOKIE, "")
            if not token:
                return await instead(request)
            async with self.db.platform() as session:
                link = await links.find(session, token, "session")
            if link is not None:

                async def work(session: Session) -> Answer | None:
                    actor = await links.bearer(session, link)
                    return await run(Visit(request, session, actor, token)) if actor else None

                done = await self.db.attempt(link.organization_id, work)
                if done is not None:
                    return done
            return await instead(request)

        return self.outside(answer)

    def _ours(self, request: web.Request) -> bool:
        """Whether the browser says that this form stood on a page of ours. What says nothing is not believed."""
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            return site == "same-origin"
        origin = request.headers.get("Origin", "")
        return bool(origin) and (origin == self._origin or urlsplit(origin).netloc == request.host)

    def _sentence(self, sentence: str, status: int) -> web.StreamResponse:
        return self._response(Page("sentence.html", {"sentence": sentence}, status))

    def _response(self, answer: Answer) -> web.StreamResponse:
        if isinstance(answer, File):
            kept = {"Content-Disposition": f'attachment; filename="{answer.name}"', "Content-Length": str(answer.size)}
            return web.Response(
                body=answer.pieces, headers={**HEADERS, **kept}, content_type="application/octet-stream"
            )
        response: web.Response
        if isinstance(answer, Go):
            response = web.Response(status=303, headers={**HEADERS, "Location": answer.path})
        else:
            html = self._render(answer.template, answer.told)
            response = web.Response(text=html, status=answer.status, content_type="text/html", headers=HEADERS)
        for cookie in answer.cookies:
            if cookie.value:
                response.set_cookie(
                    cookie.name,
                    cookie.value,
                    max_age=cookie.seconds,
                    path="/portal",
                    httponly=True,
                    secure=self._secure,
                    samesite="Lax",
                )
            else:
                response.del_cookie(cookie.name, path="/portal")
        return response


async def form(request: web.Request) -> Mapping[str, str]:
    """The fields of a submitted form. Invalid for what is too long or no form."""
    if request.content_type != "application/x-www-form-urlencoded" or (request.content_length or 0) > LONGEST_FORM:
        raise Invalid("This form cannot be read. Please open the page and try again.")
    body = await request.content.read(LONGEST_FORM + 1)
    if len(body) > LONGEST_FORM:
        raise Invalid("This form is too long. Please open the page and try again.")
    fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    return {name: value.replace("\0", "") for name, value in fields}


def place(request: web.Request) -> str:
    """The network address that a request comes from: behind a proxy of our own, the one that the proxy saw."""
    peer = request.remote or ""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if forwarded and _near(peer):
        return forwarded.rpartition(",")[2].strip()
    return peer


def _near(peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
