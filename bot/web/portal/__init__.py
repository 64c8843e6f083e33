"""The client's pages in the browser: their routes, their templates, their look."""

from aiohttp import web

from bot.web.endpoint import HEADERS, Endpoint
from bot.web.portal.doors import Doors
from bot.web.portal.page import show
from bot.web.portal.words import LOOK, LOOK_PATH, render
from core.db import Database


def routes(db: Database, *, public_url: str) -> list[web.RouteDef]:
    """The routes under /portal. `public_url` is where browsers find us."""
    endpoint = Endpoint(db, public_url=public_url, render=render)
    doors = Doors(db)
    outside, inside = endpoint.outside, endpoint.inside
    return [
        web.get("/portal", inside(show, instead=doors.ask_email)),
        web.get("/portal/", inside(show, instead=doors.ask_email)),
        web.get("/portal/at/{house}", inside(doors.home, instead=doors.ask_email)),
        web.get("/portal/enter/{token}", outside(doors.before_entering)),
        web.post("/portal/enter", outside(doors.enter)),
        web.post("/portal/ask", outside(doors.ask)),
        web.get("/portal/code", outside(doors.ask_code)),
        web.post("/portal/code", outside(doors.try_code)),
        web.post("/portal/leave", inside(doors.leave, instead=doors.left)),
        web.get("/portal/left", outside(doors.farewell)),
        web.get(LOOK_PATH, _look),
        web.route("*", "/portal/{rest:.*}", outside(doors.nowhere)),
    ]


async def _look(_request: web.Request) -> web.Response:
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}  # its address changes with it
    return web.Response(text=LOOK, content_type="text/css", headers={**HEADERS, **kept})
