"""The ways in and out: a personal link, an e-mail with a code, and signing out."""

import uuid
from urllib.parse import quote, unquote

from aiohttp import web

from bot.web.endpoint import COOKIE, Answer, Cookie, Go, Page, Visit, form, place
from bot.web.portal.words import said_tries
from core import links, people
from core.db import Database
from core.errors import Conflict, Invalid, NotFound
from core.links import Wrong
from core.people import Organization

ASKED = "throughline_asked"
"""The cookie that holds the asking browser's half of a code, the proposal it is to lead to, and the e-mail as typed."""

LEAVE = (Cookie(COOKIE), Cookie(ASKED))


class Doors:
    """The pages that anybody may reach, and what their forms do. A GET, or a HEAD, never uses anything up."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def ask_email(self, request: web.Request) -> Answer:
        """The permanent address: it grants nothing, and asks for an e-mail. What was sent to it is not done."""
        house = await self._house(request.match_info.get("house", ""))
        if house is None:
            return Page("sentence.html", {"sentence": WHICH}, 404)
        trouble = SIGNED_OUT if request.method == "POST" else ""
        return asking(house, proposal=_wanted(request), trouble=trouble, status=401 if trouble else 200)

    async def home(self, visit: Visit) -> Answer:
        """The permanent address of an agency, for somebody signed in: their page, if they are signed in there."""
        if visit.request.match_info["house"] == str(visit.actor.organization_id):
            wanted = _wanted(visit.request)
            return Go(f"/portal/proposals/{wanted}" if wanted else "/portal")
        return await self.ask_email(visit.request)

    async def before_entering(self, request: web.Request) -> Answer:
        """A personal link, followed: a page with one button, because scanners and previews follow links too."""
        token = request.match_info["token"]
        async with self._db.platform() as session:
            link = await links.find(session, token, "enter")
            house = await links.house(session, link.organization_id) if link else None
        if link is None or house is None:
            return Page(
                "spent.html",
                {"sentence": "This link leads nowhere. Perhaps a part of it was lost on the way.", "house": None},
                404,
            )
        if link.state != "live":
            return self._spent(house, links.spent(link))
        return Page("enter.html", {"agency": house.name, "token": token})

    async def enter(self, request: web.Request) -> Answer:
        """The button of that page: the link is used up, and a session begins."""
        token = (await form(request)).get("token", "")
        async with self._db.platform() as session:
            link = await links.find(session, token, "enter")
            house = await links.house(session, link.organization_id) if link else None
        if link is None or house is None:
            raise NotFound("This link leads nowhere. Perhaps a part of it was lost on the way.")
        try:
            async with self._db.transaction(link.organization_id) as session:
                _, opened = await links.exchange(session, token)
        except Conflict as conflict:
            return self._spent(house, conflict.sentence)
        return self._in(opened)

    async def ask(self, request: web.Request) -> Answer:
        """An e-mail, submitted: the same answer for one that we know and one that we do not."""
        fields = await form(request)
        house = await self._house(fields.get("house", ""))
        if house is None:
            return Page("sentence.html", {"sentence": WHICH}, 404)
        email = fields.get("email", "").strip()
        wanted = _proposal(fields.get("proposal", ""))
        try:
            email = people.email_address(email)
            async with self._db.transaction(house.id) as session:
                token = await links.ask(session, organization_id=house.id, email=email, place=place(request))
        except Invalid as invalid:
            return asking(house, email, wanted, invalid.sentence, 422)
        except Conflict as conflict:
            return asking(house, email, wanted, conflict.sentence, 429)
        return Go("/portal/code", (asked(token, email, wanted),))

    async def ask_code(self, request: web.Request) -> Answer:
        """Where the code is typed, in the browser that asked for it."""
        token, wanted, email = _asked_of(request)
        async with self._db.platform() as session:
            link = await links.find(session, token, "code") if token else None
            house = await links.house(session, link.organization_id) if link else None
        if link is None or house is None:
            return Go("/portal")
        return self._typing(house, email, wanted, invited=link.origin_id is not None)

    async def try_code(self, request: web.Request) -> Answer:
        """A code, submitted: five tries, then a new one has to be asked for."""
        token, wanted, email = _asked_of(request)
        code = (await form(request)).get("code", "")
        async with self._db.platform() as session:
            link = await links.find(session, token, "code") if token else None
            house = await links.house(session, link.organization_id) if link else None
        if link is None or house is None:
            return Go("/portal")
        invited = link.origin_id is not None
        typed = "" if invited else email
        try:
            async with self._db.transaction(house.id) as session:
                tried = await links.answer(session, token, code)
        except Conflict as conflict:
            return asking(house, typed, wanted, conflict.sentence, 409)
        if isinstance(tried, Wrong):
            if not tried.left:
                trouble = "That was not the code either, and it no longer works. Please ask for a new one."
                return asking(house, typed, wanted, trouble, 422)
            trouble = f"That is not the code; {said_tries(tried.left)}. "
            trouble += "If you asked twice, the newest letter has the right one."
            return self._typing(house, email, wanted, trouble, 422, invited=invited)
        return self._in(tried[1], wanted)

    async def leave(self, visit: Visit) -> Answer:
        """“Sign out”: this browser's session ends."""
        await links.leave(visit.session, visit.token)
        return Go("/portal/left", LEAVE)

    async def left(self, _request: web.Request) -> Answer:
        """“Sign out”, by somebody who is not signed in any more."""
        return Go("/portal/left", LEAVE)

    async def farewell(self, _request: web.Request) -> Answer:
        """What is shown after signing out."""
        return Page("sentence.html", {"sentence": "You are signed out. Your page is there whenever you want it again."})

    async def nowhere(self, _request: web.Request) -> Answer:
        """An address under /portal that is none."""
        raise NotFound("There is no page at this address.")

    async def _house(self, named: str) -> Organization | None:
        try:
            key = uuid.UUID(named) if named else None
        except ValueError:
            return None
        async with self._db.platform() as session:
            return await links.house(session, key)

    def _spent(self, house: Organization, sentence: str) -> Answer:
        return Page("spent.html", {"agency": house.name, "house": house.id, "sentence": sentence}, 410)

    def _in(self, token: str, proposal: str = "") -> Answer:
        kept = Cookie(COOKIE, token, int(links.SESSION.total_seconds()))
        return Go(f"/portal/proposals/{proposal}" if proposal else "/portal", (kept, Cookie(ASKED)))

    def _typing(
        self, house: Organization, email: str, proposal: str, trouble: str = "", status: int = 200, *, invited: bool
    ) -> Answer:
        told = {"agency": house.name, "house": house.id, "email": email, "proposal": proposal}
        return Page("code.html", {**told, "trouble": trouble, "invited": invited}, status)


def asking(
    house: Organization, email: str = "", proposal: str = "", trouble: str = "", status: int = 200, heading: str = ""
) -> Page:
    """The page that asks for an e-mail, and leads on to a proposal if one is named."""
    told = {"agency": house.name, "house": house.id, "email": email[:254], "proposal": proposal}
    return Page("email.html", {**told, "trouble": trouble, "heading": heading}, status)


def asked(token: str, email: str, proposal: str) -> Cookie:
    """What the asking browser keeps."""
    return Cookie(ASKED, f"{token}.{proposal}.{quote(email, safe='')}", int(links.CODE.total_seconds()))


WHICH = "This address does not say whose page it is. Please use the one in your Slack channel or in our mails."


SIGNED_OUT = "You were signed out by then, so nothing was done. Please enter again."


def _asked_of(request: web.Request) -> tuple[str, str, str]:
    token, _, rest = request.cookies.get(ASKED, "").partition(".")
    proposal, _, email = rest.partition(".")
    return token, _proposal(proposal), unquote(email)[:254]


def _wanted(request: web.Request) -> str:
    """The proposal that somebody was on their way to, if it is one."""
    return _proposal(request.match_info.get("proposal", "") or request.query.get("proposal", ""))


def _proposal(named: str) -> str:
    try:
        return str(uuid.UUID(named)) if named else ""
    except ValueError:
        return ""
