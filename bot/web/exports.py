"""Copies of the record, fetched by a personal link: a page that says what it is, and a button that downloads it."""

from aiohttp import web

from bot.blocks.exports import count, weight
from bot.gateways.store import Store
from bot.web.endpoint import Answer, Endpoint, File, Page
from bot.web.portal.words import render
from core import export
from core.db import Database
from core.errors import Conflict


def routes(db: Database, *, public_url: str, store: Store) -> list[web.RouteDef]:
    """The two routes: looking, which uses nothing up (previews follow links too), and fetching, which is recorded."""
    endpoint = Endpoint(db, public_url=public_url, render=render)

    async def look(request: web.Request) -> Answer:
        """The page before the download."""
        token = request.match_info["token"]
        async with db.platform() as session:
            link = await export.opened(session, token)
        async with db.transaction(link.organization_id) as session:
            copy, actor = await export.collect(session, link)
            told = await export.told(session, copy)
        whom = told["company"] if told["client"] else told["agency"]
        size, messages = weight(copy.size), count(copy.total)
        sha256 = copy.sha256.hex() if copy.sha256 else ""
        page = {"agency": told["agency"], "title": told["title"], "whom": whom, "size": size, "messages": messages}
        return Page("export.html", {**page, "token": token, "sha256": sha256, "name": actor.name})

    async def fetch(request: web.Request) -> Answer:
        """The download."""
        async with db.platform() as session:
            link = await export.opened(session, request.match_info["token"])
        async with db.transaction(link.organization_id) as session:
            copy, _ = await export.collect(session, link, fetched=True)
            told = await export.told(session, copy)
        size = await store.size(copy.file)
        if size is None:
            raise Conflict(
                "This copy lies on another machine, or was removed. Make a new one with `/engagement export`."
            )
        return File(store.read(copy.file), size, f"{name_of(told['title'])}-{copy.created_at:%Y-%m-%d}.zip")

    return [
        web.get("/exports/{token}", endpoint.outside(look)),
        web.post("/exports/{token}", endpoint.outside(fetch)),
    ]


def name_of(title: str) -> str:
    """A title as part of a file's name, in plain letters."""
    plain = "".join(each if each.isascii() and each.isalnum() else "-" for each in title.lower())
    return "-".join(part for part in plain.split("-") if part) or "engagement"
