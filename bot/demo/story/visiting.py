"""A client at the browser: pages opened, forms filled in and sent, without JavaScript."""

import contextlib
import html
import re
from collections.abc import AsyncIterator
from urllib.parse import urljoin, urlsplit

import aiohttp

FORM = re.compile(r"<form[^>]*action=\"([^\"]*)\"[^>]*>(.*?)</form>", re.DOTALL)
HIDDEN = re.compile(r"<input[^>]*type=\"hidden\"[^>]*name=\"([^\"]+)\"[^>]*value=\"([^\"]*)\"")


class Visitor:
    """Somebody with a browser of their own: its cookies, and the page it shows."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.page, self.address = "", ""

    async def open(self, address: str) -> str:
        """Open a page, and read it."""
        async with self._session.get(address) as answer:
            self.page, self.address = await answer.text(), str(answer.url)
        return self.page

    async def submit(self, values: dict[str, str]) -> str:
        """Fill in the page's first form and send it, with its hidden fields; the page as it is, if it has no form."""
        found = FORM.search(self.page)
        if not found:
            return self.page
        hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(found[2])}
        here = urlsplit(self.address)
        target = urljoin(self.address, html.unescape(found[1]))
        sent = self._session.post(
            target, data={**values, **hidden}, headers={"Origin": f"{here.scheme}://{here.netloc}"}
        )
        async with sent as answer:
            self.page, self.address = await answer.text(), str(answer.url)
        return self.page


@contextlib.asynccontextmanager
async def visitor() -> AsyncIterator[Visitor]:
    """A browser without a past."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Visitor(session)


async def entered(link: str) -> str:
    """What a personal link leads to: read its page, press its one button."""
    async with visitor() as somebody:
        await somebody.open(link)
        return await somebody.submit({})
