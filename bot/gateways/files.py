"""Slack's files: fetched with the token from Slack's own hosts only, never further than a size that was agreed."""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiohttp

from bot.gateways.failures import Failure, Permanent, Temporary
from bot.gateways.hosts import allowed, is_loopback

_PIECE = 64 * 1024
_REDIRECTS = 3


@dataclass(frozen=True)
class Download:
    """The bytes of a file and the type that Slack gave for them."""

    content: bytes
    content_type: str


@dataclass(frozen=True)
class Saved:
    """A file that was written: the hash of its bytes and the type that Slack gave for them."""

    sha256: str
    size: int
    content_type: str


@dataclass(frozen=True)
class _Taken:
    content_type: str


class Files:
    """Downloads of url_private; `hosts` are the only ones that ever see a token."""

    def __init__(
        self, *, hosts: Collection[str] = ("files.slack.com",), most: int = 100 * 1024 * 1024, timeout: float = 60.0
    ) -> None:
        self._hosts = frozenset(hosts)
        self._most = most
        self._timeout = aiohttp.ClientTimeout(total=None, connect=5.0, sock_read=timeout)  # a long file takes long
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def close(self) -> None:
        """Give back the connections."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    async def download(self, token: str, url: str, *, most: int | None = None) -> Download:
        """The file at this address, at most `most` bytes long, for what is small; see `save`."""
        content = bytearray()
        taken = await self._take(token, url, most, content.clear, content.extend)
        return Download(bytes(content), taken.content_type)

    async def save(self, token: str, url: str, to: Path, *, most: int | None = None) -> Saved:
        """Write the file at this address into `to` as it comes.

        Permanent: a host that is not listed (also by redirection), a file too long or gone, a token without the right.
        """
        size, digest = 0, hashlib.sha256()
        with to.open("wb") as file:

            def write(piece: bytes) -> None:
                nonlocal size
                size += len(piece)
                digest.update(piece)
                file.write(piece)

            taken = await self._take(token, url, most, lambda: None, write)
        return Saved(digest.hexdigest(), size, taken.content_type)

    async def _take(
        self, token: str, url: str, most: int | None, begin: Callable[[], None], take: Callable[[bytes], None]
    ) -> _Taken:
        """Follow the address to the file, and hand over its bytes piece by piece."""
        limit = self._most if most is None else most
        for _ in range(_REDIRECTS + 1):
            if not allowed(url, self._hosts):
                raise Permanent("files", "host_not_allowed", "That file is on none of Slack's hosts.")
            begin()
            try:
                found = await self._fetch(token, url, limit, take)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise Temporary("files", "unreachable", "The file could not be fetched from Slack.") from error
            except OSError as error:
                raise Temporary("files", "disk", "The file could not be fetched, or not be written.") from error
            if isinstance(found, _Taken):
                return found
            url = found
        raise Permanent("files", "redirects", "Slack sent the file's address round in circles.")

    async def _fetch(self, token: str, url: str, limit: int, take: Callable[[bytes], None]) -> _Taken | str:
        """What was handed over, or the address that Slack sends us on to."""
        headers = {"Authorization": f"Bearer {token}"}
        async with self._session(url).get(url, headers=headers, allow_redirects=False) as response:
            if response.status in (301, 302, 303, 307, 308):
                return urljoin(url, response.headers.get("Location", ""))
            if response.status != 200:
                raise _verdict(response)
            if response.content_type == "text/html" and not urlsplit(url).path.lower().endswith((".html", ".htm")):
                raise Permanent("files", "not_the_file", "Slack showed its sign-in page instead of the file.")
            if (response.content_length or 0) > limit:
                raise _too_long(limit)
            length = 0
            async for piece in response.content.iter_chunked(_PIECE):
                length += len(piece)
                if length > limit:
                    raise _too_long(limit)
                take(piece)
            return _Taken(response.content_type)

    def _session(self, url: str) -> aiohttp.ClientSession:
        local = is_loopback(urlsplit(url).hostname)
        if local not in self._sessions or self._sessions[local].closed:
            self._sessions[local] = aiohttp.ClientSession(timeout=self._timeout, trust_env=not local)
        return self._sessions[local]


def _too_long(limit: int) -> Permanent:
    return Permanent("files", "too_large", f"The file is longer than {limit // 1024:,} kB, so it was not kept.")


def _verdict(response: aiohttp.ClientResponse) -> Failure:
    if response.status == 429 or response.status >= 500:
        wait = response.headers.get("Retry-After", "")
        return Temporary(
            "files",
            f"http_{response.status}",
            "Slack cannot give the file just now.",
            retry_after=float(wait) if wait.isdigit() else None,
        )
    return Permanent("files", f"http_{response.status}", f"Slack did not give the file ({response.status}).")
