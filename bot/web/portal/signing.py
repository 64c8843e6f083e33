"""Reading and signing a proposal in the browser: the same text, statements and verb as in Slack, by a form that is posted."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot import VERSION
from bot.blocks import proposals as blocks
from bot.web.endpoint import STATUS, Answer, Go, Page, Submitted, Visit, place, submitted
from bot.web.portal.offers import Text, chosen_in, offered
from core import access, clock, links, papers, proposals, signatures
from core.access import Can
from core.errors import Conflict, Invalid, NotFound, Refusal, Way
from core.proposals import Named, Offer, Proposal
from core.seals import Sealer

LONGEST, MOST = 40_000, 250
"""Bytes and fields of the form: a proposal may have many options."""

HEADERS = ("Host", "User-Agent", "Accept-Language", "Content-Type", "Origin", "Referer", "Sec-Fetch-Site")
"""What is kept of a signing request's headers; never its cookies."""


@dataclass(frozen=True)
class Typed:
    """What stands in the form: what was chosen, typed and ticked, and which text and total it was shown with."""

    options: tuple[int, ...] = ()
    name: str = ""
    title: str = ""
    ticks: frozenset[str] = frozenset()
    version: str = ""
    sha256: str = ""
    pdf: str = ""
    total: int = -1
    reckoned: tuple[int, ...] | None = None
    """The options with which the total was shown, as the page says; `options` are those that are ticked now."""
    shown: int = 0


@dataclass(frozen=True)
class Said:
    """What is said above the form, and beside its fields."""

    note: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True)
class Standing:
    """Why there is nothing to sign here, or not now, and the ways on."""

    sentence: str
    ways: tuple[Way, ...] = ()
    words: str = ""
    """What our side gave as its reason, where it took the proposal back."""


class Signing:
    """The pages of a proposal to sign. Only the form's button signs; to look never does."""

    def __init__(self, sealer: Sealer | None) -> None:
        self._sealer = sealer

    async def show(self, visit: Visit) -> Answer:
        """The proposal. That its signer has it before them is noted once; a HEAD is no look, nor is a browser's guess."""
        named = visit.request.match_info["proposal"]
        guessed = "prefetch" in visit.request.headers.get("Sec-Purpose", "")
        if visit.request.method == "HEAD" or guessed:
            proposal = await access.fetch(visit.session, visit.actor, Can.PROPOSAL_SEE, Proposal, named)
        else:
            proposal = await proposals.view(visit.session, visit.actor, named)
        return await self._page(visit, proposal, Typed())

    async def choose(self, visit: Visit) -> Answer:
        """Other options: the same page with what they come to, and what was typed kept."""
        typed = _typed(await submitted(visit.request, longest=LONGEST, most=MOST))
        return await self._page(visit, await _seen(visit), typed)

    async def sign(self, visit: Visit) -> Answer:
        """The signature, of the version that was shown; refused, the page again with the reason and all that was typed."""
        form = await submitted(visit.request, longest=LONGEST, most=MOST)
        typed = _typed(form)
        entered = await links.entrance(visit.session, visit.token)
        try:
            async with visit.session.begin_nested():
                signed = await signatures.sign(
                    visit.session,
                    visit.actor,
                    typed.version,
                    typed_name=typed.name,
                    title=typed.title,
                    ticks=typed.ticks,
                    options=typed.options,
                    shown_total_minor=typed.total,
                    shown_options=typed.reckoned,
                    shown_sha256=typed.sha256,
                    shown_pdf_sha256=typed.pdf or "none",
                    shown_at=_shown_at(typed.shown),
                    method=entered.method,
                    sealer=self._sealer,
                    request=signatures.Request(form.body, _headers(visit)),
                    facts={**_facts(visit), **entered.facts},
                )
        except Refusal as refusal:
            return await self._refused(visit, typed, refusal)
        return Go(f"/portal/proposals/{signed.proposal.id}/signed")

    async def _refused(self, visit: Visit, typed: Typed, refusal: Refusal) -> Answer:
        """On record, and told where it belongs. What the reader may not know of stays unknown."""
        try:
            proposal = await _seen(visit)
        except NotFound:
            raise refusal from None
        if refusal.code == "unknown":
            raise refusal
        if refusal.trace is not None:
            await refusal.trace(visit.session)
        if refusal.code == "signed_already":
            return Go(f"/portal/proposals/{proposal.id}/signed")
        status = STATUS.get(type(refusal), 400)
        if not isinstance(refusal, Invalid) or refusal.field is None:
            return await self._page(visit, proposal, typed, Said(refusal.sentence, status=status))
        missing = {each.name: each.asked for each in signatures.STATEMENTS if each.name not in typed.ticks}
        if not typed.name.strip():
            missing.setdefault("name", "Please type your full name; it is your signature.")
        return await self._page(
            visit, proposal, typed, Said(errors={**missing, refusal.field: refusal.sentence}, status=status)
        )

    async def _page(self, visit: Visit, proposal: Proposal, typed: Typed, said: Said | None = None) -> Page:
        said = said or Said()
        offer = await proposals.offer(visit.session, proposal)
        if offer.version_id is None:
            raise NotFound("There is no proposal at this address.")
        if typed.version and typed.version != str(offer.version_id):
            # What was ticked was ticked for another text.
            typed = Typed(name=typed.name, title=typed.title)
            said = said if said.note or said.errors else Said(NEWER, status=409)
        signer = next((each for each in offer.document.signers if each.user_id == visit.actor.user_id), None)
        pdf = await signatures.paper_shown(visit.session, offer.version_id)
        standing = await _standing(visit, proposal, offer, signer, pdf)
        chosen = offer.bound if offer.bound is not None else offered(offer.document, typed.options)
        text = Text(offer, tuple(chosen))
        if standing is not None and said.note == standing.sentence:
            said = Said(status=said.status)
        return Page(
            "proposal.html",
            {
                "agency": offer.agency,
                "offer": offer,
                "text": text,
                "me": visit.actor,
                "typed": typed,
                "said": said,
                "errors": [(name, said.errors[name]) for name in ORDER if name in said.errors],
                "standing": standing,
                "pdf": pdf,
                "copies": await _copies(visit, proposal, offer),
                "disclosure": signatures.DISCLOSURE.words(offer.document.company, offer.document.agency),
                "statements": [(each.name, each.words(offer.document.company)) for each in signatures.STATEMENTS],
                "shown": typed.shown or int(clock.now().timestamp()),
                "follows": blocks.follows(offer, chosen),
                "first": _first(offer),
                "signed_at": {
                    party.user_id: blocks.moment(party.signed_at, offer.timezone)
                    for party in offer.signers
                    if party.signed_at
                },
            },
            said.status,
            scripted=True,
        )


NEWER = "There is a newer version of this proposal. This is it; please read it before you sign."
ORDER = ("name", "title", *(each.name for each in signatures.STATEMENTS))


async def _seen(visit: Visit) -> Proposal:
    return await access.fetch(
        visit.session, visit.actor, Can.PROPOSAL_SEE, Proposal, visit.request.match_info["proposal"]
    )


async def _standing(visit: Visit, proposal: Proposal, offer: Offer, signer: Named | None, pdf: str) -> Standing | None:
    """Why it cannot be signed here and now, in a sentence with ways on; None if it can."""
    itself = str(proposal.id)
    ask = Way("Ask a question", "proposal.ask", itself)
    me = next((party for party in offer.signers if party.user_id == visit.actor.user_id), None)
    if me is not None and me.signed_at is not None:
        at = blocks.moment(me.signed_at, visit.actor.timezone)
        rest = f"It waits for {blocks.names(offer.next)} now." if offer.waiting else "Nothing more is needed."
        return Standing(
            f"You signed this on {at}. {rest}",
            (Way("What happens next", "proposal.signed", itself), ask),
        )
    try:
        await signatures.demand_open(visit.session, proposal, offer.document)
    except Conflict as ended:
        ways = (ended.way,) if ended.way else ()
        words = offer.ended_reason if proposal.status == "withdrawn" else ""
        asks = ended.way is not None and ended.way.action == "proposal.ask"
        return Standing(ended.sentence, ways if asks else (*ways, ask), words)
    now = blocks.names(offer.next)
    theirs = any(party.side == "client" for party in offer.next)
    tell = (Way(f"Tell {offer.next[0].first_name}", "proposal.tell", itself),) if theirs else ()
    if signer is None:
        return Standing(f"This one is for {now} to sign.", (*tell, ask))
    if visit.actor.user_id not in {party.user_id for party in offer.next}:
        verb = "signs" if len(offer.next) == 1 else "sign"
        return Standing(f"{now} {verb} first. You will hear when it is your turn.", (*tell, ask))
    if not pdf:
        return Standing(
            "The document is being prepared; try again in a moment.", (Way("Look again", "proposal.review", itself),)
        )
    return None


async def _copies(visit: Visit, proposal: Proposal, offer: Offer) -> dict[str, uuid.UUID]:
    """The PDFs of the version that is shown: as it was sent, and signed."""
    listed = (await papers.listed(visit.session, [proposal.id])).get(proposal.id, [])
    return {each.kind: each.id for each in listed if each.number == offer.document.number}


def _first(offer: Offer) -> str:
    """Who signed first, and so chose for all."""
    signed = [party for party in offer.signers if party.signed_at]
    return min(signed, key=lambda party: str(party.signed_at)).first_name if signed else ""


def _typed(form: Submitted) -> Typed:
    fields = form.fields
    return Typed(
        chosen_in(fields),
        fields.get("name", "")[:400],
        fields.get("title", "")[:400],
        frozenset(each.name for each in signatures.STATEMENTS if fields.get(each.name) == "yes"),
        fields.get("version", ""),
        fields.get("sha256", ""),
        fields.get("pdf", ""),
        _number(fields.get("total", ""), -1),
        tuple(_number(each, -1) for each in fields["reckoned"].split(",") if each) if "reckoned" in fields else None,
        _number(fields.get("shown", ""), 0),
    )


def _number(written: str, otherwise: int) -> int:
    return int(written) if written.isascii() and written.isdecimal() and len(written) <= 15 else otherwise


def _shown_at(stamp: int) -> datetime | None:
    """When the page was shown, as its form says; nothing that is later than now."""
    now = clock.now()
    return min(datetime.fromtimestamp(stamp, UTC), now) if 0 < stamp < 10**11 else None


def _facts(visit: Visit) -> dict[str, str]:
    headers = visit.request.headers
    return {
        "face": "browser page",
        "ip": place(visit.request),
        "user_agent": _clean(headers.get("User-Agent", "")),
        "accept_language": _clean(headers.get("Accept-Language", "")),
        "app_version": VERSION,
    }


def _headers(visit: Visit) -> str:
    kept = {name: _clean(visit.request.headers[name]) for name in HEADERS if name in visit.request.headers}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True)


def _clean(header: str) -> str:
    """A header as text: what is no text in it becomes a question mark."""
    return header.encode("utf-8", "replace").decode()[:400]
