"""The sandbox in the browser: the workspace, the mailbox, the Stripe account, and the clock beside them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from aiohttp import BodyPartReader, ClientError, WSMsgType, web

from bot.sandbox.pages.gestures import GESTURES, REFUSALS, sentence, shown
from bot.sandbox.pages.guard import changes, reads, refusal
from bot.sandbox.pages.outlook import keep_file, person, state
from core import clock

if TYPE_CHECKING:
    from bot.sandbox import Sandbox

Json = dict[str, Any]

HERE = Path(__file__).parent
STATIC = {path.name: path for path in (HERE / "static").iterdir() if path.suffix in (".js", ".css", ".svg")}
PAGES = {path.stem: path for path in (HERE / "templates").glob("*.html")}
LOOK_SECONDS = 1.0
MOVES = (1, 30)
NOBODY = "Nobody here has that id. Choose who you are at the top of the page."
MOST_BYTES = 25 * 1024 * 1024
LETTER_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; "
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: http: https:"
)


class Pages:
    """Serves the pages at the root of the sandbox's server and turns what is pressed there into a person's gestures."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self.sandbox = sandbox
        self._sockets: set[web.WebSocketResponse] = set()

    def routes(self) -> list[web.RouteDef]:
        """Everything the browser asks for; what changes something is refused to other origins."""
        read, change = reads(self._host), changes(self._host)
        return [
            web.get("/", read(self._page("workspace"))),
            web.get("/mailbox", read(self._page("mailbox"))),
            web.get("/stripe", read(self._page("stripe"))),
            web.get("/static/{file}", read(self._static)),
            web.get("/state", read(self._state)),
            web.get("/messages", read(self._messages)),
            web.get("/file/{id}", read(self._file)),
            web.get("/mailbox/mails", read(self._mails)),
            web.get("/mailbox/{id}/html", read(self._letter)),
            web.get("/mailbox/{id}/files/{number}", read(self._attached)),
            web.get("/stripe/account", read(self._account)),
            web.get("/live", change(self._live)),
            web.post("/mailbox/{id}/reply", change(self._reply)),
            web.post("/do", change(self._do)),
            web.post("/direct", change(self._direct)),
            web.post("/upload", change(self._upload)),
            web.post("/clock", change(self._clock)),
        ]

    async def close(self) -> None:
        """Hang up on the pages that are still open."""
        for socket in list(self._sockets):
            await socket.close()

    def _host(self) -> str:
        return urlsplit(self.sandbox.url).hostname or ""

    # what is shown

    def _page(self, name: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def page(request: web.Request) -> web.StreamResponse:
            return web.Response(text=PAGES[name].read_text("utf-8"), content_type="text/html")

        return page

    async def _static(self, request: web.Request) -> web.StreamResponse:
        path = STATIC.get(request.match_info["file"])
        return web.FileResponse(path) if path is not None else refusal(404, "There is no such file.")

    async def _state(self, request: web.Request) -> web.StreamResponse:
        invite = request.query.get("invite", "")
        by = person(self.sandbox.slack.world, request.query.get("as", ""), invite)
        return web.json_response(state(self.sandbox, by, invite))

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        by = person(self.sandbox.slack.world, request.query.get("as", ""))
        channel = request.query.get("channel", "")
        try:
            found = self.sandbox.slack.messages(channel, by, thread=request.query.get("thread") or None)
        except REFUSALS as problem:
            return refusal(404, sentence(problem))
        limit = int(request.query.get("limit", "0") or 0)
        last = found[-limit:] if limit else found
        return web.json_response({"messages": last, "more": len(last) < len(found)})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file = self.sandbox.slack.world.files.get(request.match_info["id"])
        if file is None:
            return refusal(404, "There is no such file.")
        kind = {
            "png": "image/png",
            "jpg": "image/jpeg",
            "jpeg": "image/jpeg",
            "gif": "image/gif",
            "webp": "image/webp",
        }.get(file.name.rpartition(".")[2].lower())
        headers = {"Content-Security-Policy": "sandbox; default-src 'none'"}
        if kind is None:
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.name)}"
        return web.Response(body=file.content, content_type=kind or "application/octet-stream", headers=headers)

    async def _mails(self, request: web.Request) -> web.StreamResponse:
        mails = [
            asdict(mail) | {"at": mail.at.isoformat(), "files": list(mail.files), "answer_to": mail.answer_to()}
            for mail in reversed(self.sandbox.mail.messages)
        ]
        return web.json_response({"mails": mails})

    async def _letter(self, request: web.Request) -> web.StreamResponse:
        found = [mail for mail in self.sandbox.mail.messages if mail.id == request.match_info["id"]]
        if not found or found[0].html is None:
            return refusal(404, "There is no such mail.")
        page = f'<!doctype html><meta charset="utf-8"><base target="_blank">{found[0].html}'
        headers = {"Content-Security-Policy": LETTER_POLICY}
        return web.Response(text=page, content_type="text/html", headers=headers)

    async def _attached(self, request: web.Request) -> web.StreamResponse:
        found = [mail for mail in self.sandbox.mail.messages if mail.id == request.match_info["id"]]
        number = request.match_info["number"]
        if not found or not number.isdecimal() or int(number) >= len(found[0].files):
            return refusal(404, "There is no such file.")
        name = list(found[0].files)[int(number)]
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
        return web.Response(body=found[0].file(name), content_type="application/octet-stream", headers=headers)

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        """Answer a letter as whom it was sent to."""
        given = await _body(request)
        text = given.get("text") if given else None
        found = [mail for mail in self.sandbox.mail.messages if mail.id == request.match_info["id"]]
        if not found or not isinstance(text, str) or not text.strip():
            return refusal(400, "Write an answer to a mail that is here.")
        try:
            status = await self.sandbox.mail.replies(found[0], text.strip())
        except REFUSALS as problem:
            return refusal(409, sentence(problem))
        except ClientError:
            return refusal(502, "Throughline does not answer. Is it running?")
        return web.json_response({"ok": True}) if status == 200 else refusal(502, f"Throughline answered {status}.")

    async def _account(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.sandbox.stripe.snapshot())

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """A websocket that says what changed, as small dicts; the page then looks again."""
        socket = web.WebSocketResponse(heartbeat=20)
        await socket.prepare(request)
        queue = self.sandbox.slack.watch()
        self._sockets.add(socket)
        talking = asyncio.create_task(self._tell(socket, queue))
        try:
            async for message in socket:
                if message.type == WSMsgType.ERROR:
                    break
        finally:
            talking.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await talking
            self._sockets.discard(socket)
            self.sandbox.slack.unwatch(queue)
        return socket

    async def _tell(self, socket: web.WebSocketResponse, queue: "asyncio.Queue[Json]") -> None:
        beside = self._beside()
        while not socket.closed:
            try:
                news = await asyncio.wait_for(queue.get(), LOOK_SECONDS)
            except TimeoutError:
                news = {}
            before, beside = beside, self._beside()
            if before != beside:
                await socket.send_json({"kind": "beside"})
            if news:
                await socket.send_json(news)

    def _beside(self) -> tuple[Any, ...]:
        """What tells that the mailbox, the Stripe account or the clock changed; they have no watchers of their own."""
        mails, stripe = self.sandbox.mail.messages, self.sandbox.stripe
        last = mails[-1].id if mails else ""
        return (
            len(mails),
            last,
            len(stripe.ledger.events),
            next(reversed(stripe.ledger.events), ""),
            len(stripe.webhooks.pending),
            clock.offset(),
        )

    # what is done

    async def _do(self, request: web.Request) -> web.StreamResponse:
        given = await _body(request)
        if given is None:
            return refusal(400, "The sandbox expects a JSON object.")
        name = given.get("gesture")
        gesture = GESTURES.get(name) if isinstance(name, str) else None
        if gesture is None or not isinstance(name, str):
            return refusal(400, f"The page knows no gesture “{name}”.")
        by = given.get("as")
        if not isinstance(by, str) or by not in self.sandbox.slack.world.people:
            return refusal(400, NOBODY)
        try:
            arguments = gesture.arguments(given) | ({"by": by} if gesture.by else {})
            if name == "act":
                self._hold(by, given.get("container"), given.get("values"))
            result = await getattr(self.sandbox.slack, name)(**arguments)
        except REFUSALS as problem:
            return refusal(409, sentence(problem))
        return web.json_response({"result": shown(result)})

    def _hold(self, by: str, container: Any, values: Any) -> None:
        """Keep what is typed into a view, so that the app reads it when a button beside it is pressed, as in Slack."""
        if not isinstance(container, dict) or not isinstance(values, dict):
            return
        for view in self.sandbox.slack.world.views.get(by, ()):
            if view.id == container.get("view_id"):
                for block, actions in view.values.items():
                    actions |= {action: state for action, state in values.get(block, {}).items() if action in actions}

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        """Files for a channel, with words in the same message; without a channel, files for a form."""
        if not request.content_type.startswith("multipart/"):
            return refusal(400, "The sandbox expects files here.")
        fields: dict[str, str] = {}
        files: list[tuple[str, bytes]] = []
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                return refusal(400, "The sandbox expects files here.")
            content = bytes(await part.read(decode=True))
            if part.filename is None:
                fields[str(part.name)] = content.decode(errors="replace")
            elif len(content) > MOST_BYTES:
                return refusal(413, f"{part.filename} is larger than 25 MB.")
            else:
                files.append((part.filename, content))
        by, channel, world = fields.get("as", ""), fields.get("channel", ""), self.sandbox.slack.world
        if by not in world.people:
            return refusal(400, NOBODY)
        if not files:
            return refusal(400, "There is no file in this.")
        if not channel:
            return web.json_response({"files": [keep_file(world, by, name, content) for name, content in files]})
        try:
            ts = await self.sandbox.slack.says(
                fields.get("text", ""), by, channel, thread=fields.get("thread") or None, files=tuple(files)
            )
        except REFUSALS as problem:
            return refusal(409, sentence(problem))
        return web.json_response({"ts": ts})

    async def _direct(self, request: web.Request) -> web.StreamResponse:
        """The direct message channel of two people, made when it is first needed."""
        given = await _body(request) or {}
        by, who, world = given.get("as"), given.get("who"), self.sandbox.slack.world
        if by not in world.people or who not in world.people:
            return refusal(400, NOBODY)
        return web.json_response({"channel": world.im_between(str(by), str(who)).id})

    async def _clock(self, request: web.Request) -> web.StreamResponse:
        """Move the clock of the sandbox and of the product: by a day, or by a month of thirty."""
        given = await _body(request)
        days = given.get("days") if given else None
        if days not in MOVES:
            return refusal(400, "The clock moves by 1 day or by 30.")
        try:
            clock.move(days * 86_400)
        except RuntimeError as problem:
            return refusal(409, str(problem))
        return web.json_response({"now": clock.now().isoformat()})


async def _body(request: web.Request) -> Json | None:
    if request.content_type != "application/json":
        return None
    try:
        given = json.loads(await request.read())
    except ValueError:
        return None
    return given if isinstance(given, dict) else None
