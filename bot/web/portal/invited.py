"""The way in from a letter that invites to sign: the link is used up for a code, which is mailed to its signer."""

import uuid

from aiohttp import web

from bot.web.endpoint import Answer, Go, Page, form, place
from bot.web.portal.doors import asked, asking
from core import links, people, proposals
from core.db import Database, Session
from core.errors import Conflict, NotFound
from core.links import Link
from core.people import Organization
from core.proposals import Proposal

NOWHERE = "This link leads nowhere. Perhaps a part of it was lost on the way."
GONE = "This link leads nowhere any more. Please ask the people you work with."
SUPERSEDED = "There is a newer version of this proposal, so this link no longer leads to it. The newest letter does."


class Invited:
    """The two steps of such a link. A GET, or a HEAD, uses nothing up, and tells of the proposal its title alone."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def look(self, request: web.Request) -> Answer:
        """The link, followed: a page with one button, because scanners and previews follow links too."""
        token = request.match_info["token"]
        link, house = await self._found(token)
        async with self._db.transaction(house.id) as session:
            proposal, title = await _led_to(session, link)
            try:
                await _demand(session, link, proposal)
            except Conflict as ended:
                return asking(house, proposal=str(proposal.id), heading=ended.sentence, status=410)
            to = (await people.get(session, [link.user_id])).get(link.user_id) if link.user_id else None
        if to is None or to.left_at is not None or to.deleted_at is not None:
            raise NotFound(GONE)
        told = {"agency": house.name, "token": token, "title": title, "first_name": to.first_name}
        return Page("invited.html", {**told, "email": links.masked(to.email)})

    async def follow(self, request: web.Request) -> Answer:
        """The button of that page: the link is used up, and a code is on its way."""
        token = (await form(request)).get("token", "")
        link, house = await self._found(token)
        leads_to = ""
        try:
            async with self._db.transaction(house.id) as session:
                proposal, _ = await _led_to(session, link)
                leads_to = str(proposal.id)
                await _demand(session, link, proposal)
                code, to = await links.follow(session, token, place=place(request))
        except Conflict as refused:
            return asking(house, proposal=leads_to, heading=refused.sentence, status=410)
        return Go("/portal/code", (asked(code, links.masked(to.email), leads_to),))

    async def _found(self, token: str) -> tuple[Link, Organization]:
        async with self._db.platform() as session:
            link = await links.find(session, token, "sign")
            house = await links.house(session, link.organization_id) if link else None
        if link is None or house is None:
            raise NotFound(NOWHERE)
        return link, house


async def _led_to(session: Session, link: Link) -> tuple[Proposal, str]:
    """The proposal, and its title as it was sent."""
    version = await proposals.version(session, link.version_id or uuid.UUID(int=0))
    proposal = await proposals.find(session, version.proposal_id) if version else None
    if version is None or proposal is None:
        raise NotFound(GONE)
    return proposal, proposals.parse(version.body).title


async def _demand(session: Session, link: Link, proposal: Proposal) -> None:
    """Conflict unless the link leads to a proposal that can be signed; the first reason is the one that is told."""
    await proposals.demand_open(session, proposal)
    if (await proposals.latest(session, [proposal.id]))[proposal.id].id != link.version_id:
        raise Conflict(SUPERSEDED)
    if link.state != "live":
        raise Conflict(links.no_longer(link))
