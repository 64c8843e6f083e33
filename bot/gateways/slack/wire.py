"""How a request reaches Slack, once and never repeated by itself, and how its answer reads."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.gateways.failures import Failure, Permanent, Temporary, Unknown
from bot.gateways.hosts import is_loopback

Json = dict[str, Any]

# Slack says of these two that "some aspect of the operation" may have succeeded; the others were not carried out.
_MAYBE_DONE = frozenset({"internal_error", "fatal_error"})
_NOT_NOW = frozenset({"service_unavailable", "request_timeout", "team_added_to_org", "external_channel_migrating"})
_SLOW_DOWN = frozenset({"ratelimited", "rate_limited"})

# The SDK logs whole requests at DEBUG, people's words included: this logger never goes below INFO.
_LOGGER = logging.getLogger("bot.gateways.slack")
_LOGGER.setLevel(logging.INFO)


class Wire:
    """One pool of connections to one Slack, for every installation's token."""

    def __init__(self, api_url: str, timeout: float) -> None:
        self.api_url = api_url if api_url.endswith("/") else api_url + "/"
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=min(timeout, 5.0))
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None

    async def close(self) -> None:
        """Give back the connections; the next call opens new ones."""
        session, self._session, self._client = self._session, None, None
        if session is not None:
            await session.close()

    def session(self) -> aiohttp.ClientSession:
        """The pool itself, for what is not a Web API method."""
        if self._session is None or self._session.closed:
            local = is_loopback(urlsplit(self.api_url).hostname)
            self._session = aiohttp.ClientSession(timeout=self._timeout, trust_env=not local)
            self._client = None
        return self._session

    def client(self) -> AsyncWebClient:
        session = self.session()
        if self._client is None:
            self._client = AsyncWebClient(
                base_url=self.api_url,
                session=session,
                retry_handlers=[],  # the default one sends a lost message a second time
                logger=_LOGGER,
            )
            self._client.proxy = None  # the session knows the environment's proxy, and its exceptions (no_proxy)
        return self._client

    async def call(self, token: str, method: str, *, send: bool = True, again: bool = False, **arguments: Any) -> Json:
        """Ask Slack. `send` marks what changes something; `again`, a change that may be repeated without harm.

        A read goes by GET; a send by POST, which aiohttp never repeats by itself on a connection that was lost.
        The answer is Slack's JSON with its response headers under "headers".
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        given["token"] = token
        client = self.client()
        risky = send and not again
        try:
            with lost(method, send=risky):
                if send:
                    answer = await client.api_call(method, json=given)
                else:
                    answer = await client.api_call(method, http_verb="GET", params=given)
        except SlackApiError as error:
            raise _refusal(method, error, send=risky) from None
        data: Json = dict(answer.data) if isinstance(answer.data, dict) else {}
        data["headers"] = {name.lower(): value for name, value in answer.headers.items()}
        return data


@contextlib.contextmanager
def lost(what: str, *, send: bool) -> Iterator[None]:
    """Turn a lost connection into its Failure: Temporary if nothing can have been sent, or nothing can come of it."""
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise Temporary("slack", "unreachable", f"Slack could not be reached for {what}.") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        code = "timeout" if isinstance(error, TimeoutError) else "connection_lost"
        kind = Unknown if send else Temporary
        raise kind("slack", code, f"Slack's answer to {what} was lost.") from error


def _refusal(method: str, error: SlackApiError, *, send: bool) -> Failure:
    """The Failure for an answer of Slack's that is not ok; its sentence names the reason and what would help."""
    response = error.response
    status = int(getattr(response, "status_code", None) or getattr(response, "status", 0) or 0)
    data = getattr(response, "data", None)
    said: Json = data if isinstance(data, dict) else {}
    code = str(said.get("error") or f"http_{status}")
    more = []
    if said.get("needed"):
        more.append(f"it needs the scope {said['needed']}")
    messages = (said.get("response_metadata") or {}).get("messages") or []
    more += [str(message) for message in messages[:3]]
    return verdict(method, status, code, getattr(response, "headers", {}) or {}, send=send, more="; ".join(more))


def verdict(method: str, status: int, code: str, headers: Mapping[str, str], *, send: bool, more: str = "") -> Failure:
    """What a refusal means: wait, look first, or give up."""
    lower = {name.lower(): value for name, value in headers.items()}
    if status == 429 or code in _SLOW_DOWN:
        wait = _seconds(lower.get("retry-after"))
        return Temporary("slack", "ratelimited", f"Slack asks for a pause before more of {method}.", retry_after=wait)
    if code in _NOT_NOW:
        return Temporary("slack", code, f"Slack cannot do {method} just now ({code}).")
    if code in _MAYBE_DONE or status >= 500 or (status == 200 and code == "http_200"):
        kind = Unknown if send else Temporary
        return kind("slack", code, f"Slack failed at {method} ({code}).")
    return Permanent("slack", code, f"Slack refused {method}: {code}" + (f" ({more})." if more else "."))


def _seconds(header: str | None) -> float | None:
    try:
        return float(header) if header is not None else None
    except ValueError:
        return None


@contextlib.contextmanager
def done_already(*codes: str) -> Iterator[None]:
    """Take these refusals as success: what was asked for is so already."""
    try:
        yield
    except Permanent as failure:
        if failure.code not in codes:
            raise
