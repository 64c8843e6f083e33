"""Downloads of Slack's files: from its own hosts only, never with the token off them, never longer than agreed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from bot.gateways.failures import Permanent, Temporary
from bot.gateways.files import Files

TOKEN = "sandbox-token-of-studio-ada"


@dataclass
class Host:
    url: str = ""
    tokens: list[str] = field(default_factory=list)
    redirect: str = ""
    status: int = 200
    sent: int = 0

    async def give(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.headers.get("Authorization", ""))
        match request.match_info["name"]:
            case "logo.png":
                return web.Response(body=b"picture", content_type="image/png")
            case "login":
                return web.Response(text="<html>Sign in", content_type="text/html")
            case "page.html":
                return web.Response(text="<html>Ours", content_type="text/html")
            case "moved":
                return web.Response(status=302, headers={"Location": self.redirect})
            case "endless":
                response = web.StreamResponse()
                response.enable_chunked_encoding()
                await response.prepare(request)
                for _ in range(10_000):
                    self.sent += 1
                    await response.write(b"x" * 10_000)
                return response
        return web.Response(status=self.status, headers={"Retry-After": "9"})


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    one = Host()
    app = web.Application()
    app.router.add_get("/{name}", one.give)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield one
    await runner.cleanup()


@pytest.fixture
async def files(host: Host) -> AsyncIterator[Files]:
    one = Files(hosts=[host.url.removeprefix("http://")], most=50_000)
    yield one
    await one.close()


async def test_a_file_comes_with_its_type(host: Host, files: Files) -> None:
    got = await files.download(TOKEN, f"{host.url}/logo.png")
    assert (got.content, got.content_type) == (b"picture", "image/png")
    assert host.tokens == [f"Bearer {TOKEN}"]
    assert (await files.download(TOKEN, f"{host.url}/page.html")).content_type == "text/html"


async def test_a_token_never_leaves_the_listed_hosts(host: Host, files: Files) -> None:
    with pytest.raises(Permanent) as refused:
        await files.download(TOKEN, host.url.replace("127.0.0.1", "localhost") + "/logo.png")
    assert refused.value.code == "host_not_allowed"
    assert host.tokens == []
    for away in ("http://evil.example/logo.png", host.url.replace("127.0.0.1", "localhost") + "/logo.png", "//x/y"):
        host.redirect = away
        with pytest.raises(Permanent) as refused:
            await files.download(TOKEN, f"{host.url}/moved")
        assert refused.value.code == "host_not_allowed"
    assert len(host.tokens) == 3, "only the first request of each was made"


async def test_redirects_on_the_host_are_followed_but_not_for_ever(host: Host, files: Files) -> None:
    host.redirect = "/logo.png"
    assert (await files.download(TOKEN, f"{host.url}/moved")).content == b"picture"
    host.redirect = "/moved"
    with pytest.raises(Permanent) as refused:
        await files.download(TOKEN, f"{host.url}/moved")
    assert refused.value.code == "redirects"


async def test_a_file_longer_than_agreed_is_given_up_while_it_comes(host: Host, files: Files) -> None:
    with pytest.raises(Permanent) as refused:
        await files.download(TOKEN, f"{host.url}/endless")
    assert refused.value.code == "too_large"
    assert host.sent < 10_000, "it was not read to its end"
    with pytest.raises(Permanent):
        await files.download(TOKEN, f"{host.url}/logo.png", most=3)


async def test_what_is_no_file_says_why(host: Host, files: Files) -> None:
    with pytest.raises(Permanent) as refused:
        await files.download(TOKEN, f"{host.url}/login")
    assert refused.value.code == "not_the_file"
    cases = ((404, Permanent, None), (403, Permanent, None), (429, Temporary, 9.0), (503, Temporary, 9.0))
    for status, kind, wait in cases:
        host.status = status
        with pytest.raises(kind) as failed:
            await files.download(TOKEN, f"{host.url}/gone")
        assert failed.value.code == f"http_{status}"
        assert getattr(failed.value, "retry_after", None) == wait


async def test_a_host_that_is_not_there_is_temporary() -> None:
    files = Files(hosts=["127.0.0.1:1"])
    with pytest.raises(Temporary):
        await files.download(TOKEN, "http://127.0.0.1:1/logo.png")
    await files.close()
