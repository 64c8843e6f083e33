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

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PROXIES: web.AppKey[tuple[Network, ...]] = web.AppKey("proxies", tuple)
"""The proxies in front of this server that are believed about where a request comes from; none, if nothing is said."""

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
SCRIPTED = HEADERS["Content-Security-Policy"] + "; script-src 'self'; connect-src 'self'"
"""The policy of the pages that come with a script, which is a file of ours and never stands in a page."""

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
    scripted: bool = False
    """Whether a script of ours makes it quicker to use; all of it works without."""


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


@dataclass(frozen=True)
class Saved:
    """A document to save, byte for byte, under the name that it is given."""

    content: bytes
    name: str
    kind: str = "application/pdf"


Answer = Page | Go | File | Saved
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
        if isinstance(answer, Saved):
            saved = {**HEADERS, "Content-Disposition": f'attachment; filename="{answer.name}"'}
            return web.Response(body=answer.content, content_type=answer.kind, headers=saved)
        response: web.Response
        if isinstance(answer, Go):
            response = web.Response(status=303, headers={**HEADERS, "Location": answer.path})
        else:
            html = self._render(answer.template, answer.told)
            policy = {"Content-Security-Policy": SCRIPTED} if answer.scripted else {}
            headers = {**HEADERS, **policy}
            response = web.Response(text=html, status=answer.status, content_type="text/html", headers=headers)
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


@dataclass(frozen=True)
class Submitted:
    """A form as it came: its bytes, and the fields in them."""

    body: bytes
    fields: Mapping[str, str]


SUBMITTED = web.RequestKey("submitted", Submitted)


async def form(request: web.Request) -> Mapping[str, str]:
    """The fields of a submitted form. Invalid for what is too long or no form."""
    return (await submitted(request)).fields


async def submitted(request: web.Request, *, longest: int = LONGEST_FORM, most: int = 20) -> Submitted:
    """A form of at most so many bytes and fields. Invalid for what is too long or no form.

    It comes once, and is kept with the request: a transaction that is tried again reads it again.
    """
    if SUBMITTED in request:
        return request[SUBMITTED]
    if request.content_type != "application/x-www-form-urlencoded":
        raise Invalid("This form cannot be read. Please open the page and try again.")
    too_long = Invalid("This form is too long. Please open the page and try again.")
    if (request.content_length or 0) > longest:
        raise too_long
    body = bytearray()
    async for chunk in request.content.iter_chunked(longest):
        body += chunk
        if len(body) > longest:
            raise too_long
    try:
        fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=most)
    except ValueError:
        raise too_long from None
    request[SUBMITTED] = Submitted(bytes(body), {name: value.replace("\0", "") for name, value in fields})
    return request[SUBMITTED]


def place(request: web.Request) -> str:
    """The network address that a request comes from: behind proxies of ours, the one that the first of them saw."""
    trusted = request.config_dict.get(PROXIES, ())
    found = request.remote or ""
    named = request.headers.getall("X-Forwarded-For", [])
    for each in reversed(",".join(named).split(",") if named else []):
        if not _among(found, trusted) or not _is_address(each.strip()):
            break
        found = each.strip()
    return found


def _among(written: str, networks: tuple[Network, ...]) -> bool:
    return _is_address(written) and any(ipaddress.ip_address(written) in network for network in networks)


def _is_address(written: str) -> bool:
    try:
        ipaddress.ip_address(written)
    except ValueError:
        return False
    return True


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
