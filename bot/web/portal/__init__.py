"""The client's pages in the browser: their routes, their templates, their look."""

from aiohttp import web

from bot.web.endpoint import HEADERS, Endpoint, Handler, Inside
from bot.web.portal import answering, signed
from bot.web.portal.doors import Doors
from bot.web.portal.invited import Invited
from bot.web.portal.page import ask_quote, show
from bot.web.portal.papers import save
from bot.web.portal.signing import Signing
from bot.web.portal.words import LOOK, LOOK_PATH, SCRIPT, SCRIPT_PATH, render
from core.db import Database
from core.seals import Sealer


def routes(db: Database, *, public_url: str, sealer: Sealer | None = None) -> list[web.RouteDef]:
    """The routes under /portal. `public_url` is where browsers find us; without a `sealer` nothing can be signed."""
    endpoint = Endpoint(db, public_url=public_url, render=render)
    doors, invited, signing = Doors(db), Invited(db), Signing(sealer)
    outside, inside = endpoint.outside, endpoint.inside
    one = "/portal/proposals/{proposal}"

    def theirs(run: Inside) -> Handler:
        return inside(run, instead=doors.ask_email)

    return [
        web.get("/portal", inside(show, instead=doors.ask_email)),
        web.get("/portal/", inside(show, instead=doors.ask_email)),
        web.get("/portal/at/{house}", inside(doors.home, instead=doors.ask_email)),
        web.get("/portal/papers/{paper}", inside(save, instead=doors.ask_email)),
        web.post("/portal/quotes", inside(ask_quote, instead=doors.ask_email)),
        web.get(one, theirs(signing.show)),
        web.post(f"{one}/choose", theirs(signing.choose)),
        web.post(f"{one}/sign", theirs(signing.sign)),
        web.get(f"{one}/signed", theirs(signed.show)),
        web.get(f"{one}/ask", theirs(answering.ask)),
        web.post(f"{one}/ask", theirs(answering.asked)),
        web.get(f"{one}/changes", theirs(answering.changes)),
        web.post(f"{one}/changes", theirs(answering.changed)),
        web.get(f"{one}/decline", theirs(answering.decline)),
        web.post(f"{one}/decline", theirs(answering.declined)),
        web.post(f"{one}/tell", theirs(answering.tell)),
        web.post(f"{one}/renew", theirs(answering.renew)),
        web.get(f"{one}/done/{{verb}}", theirs(answering.done)),
        web.get("/portal/sign/{token}", outside(invited.look)),
        web.post("/portal/sign", outside(invited.follow)),
        web.get("/portal/enter/{token}", outside(doors.before_entering)),
        web.post("/portal/enter", outside(doors.enter)),
        web.post("/portal/ask", outside(doors.ask)),
        web.get("/portal/code", outside(doors.ask_code)),
        web.post("/portal/code", outside(doors.try_code)),
        web.post("/portal/leave", inside(doors.leave, instead=doors.left)),
        web.get("/portal/left", outside(doors.farewell)),
        web.get(LOOK_PATH, _look),
        web.get(SCRIPT_PATH, _script),
        web.route("*", "/portal/{rest:.*}", outside(doors.nowhere)),
    ]


async def _look(_request: web.Request) -> web.Response:
    return web.Response(text=LOOK, content_type="text/css", headers={**HEADERS, **KEPT})


async def _script(_request: web.Request) -> web.Response:
    return web.Response(text=SCRIPT, content_type="text/javascript", headers={**HEADERS, **KEPT})


KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}
"""For files whose address changes with them."""
