"""Keeps other web pages out: the sandbox answers only to itself, on its own address, in the browser of who runs it."""

from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import urlsplit

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LOOPBACK = {"localhost", "127.0.0.1", "::1"}

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; "
    "img-src 'self' data: http: https:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def refusal(status: int, sentence: str) -> web.Response:
    """A sentence in the shape in which every refusal reaches the page."""
    return web.json_response({"error": sentence}, status=status)


def own_host(request: web.Request, named: str) -> bool:
    """Whether the request asks for this computer by name, so that no other name can be made to point here.

    `named` is the host that the sandbox was told to serve, beside the loopback names.
    """
    host = urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
    return host in LOOPBACK or host == named


def same_origin(request: web.Request) -> bool:
    """Whether no other site stands behind the request: browsers name the origin of all that changes something."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("Host")
    return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")


def reads(named: Callable[[], str]) -> Callable[[Handler], Handler]:
    """For what only shows: the right host; the answer carries the page's protections."""

    def wrap(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not own_host(request, named()):
                return refusal(403, "The sandbox answers only under the address of this computer.")
            response = await handler(request)
            if not response.prepared:
                for name, value in HEADERS.items():
                    response.headers.setdefault(name, value)
            return response

        return guarded

    return wrap


def changes(named: Callable[[], str]) -> Callable[[Handler], Handler]:
    """For what does something: the right host, and no other origin."""

    def wrap(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not own_host(request, named()):
                return refusal(403, "The sandbox answers only under the address of this computer.")
            if not same_origin(request):
                return refusal(403, "Another web page tried to use the sandbox; only its own pages may.")
            return await handler(request)

        return guarded

    return wrap
