"""What a client does with a proposal in the browser besides signing it: ask, want changes, decline, tell a colleague."""

import uuid
from dataclasses import dataclass

from bot.web.endpoint import STATUS, Answer, Go, Inside, Page, Visit, submitted
from core import access, conversations, proposals
from core.access import Can
from core.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from core.proposals import Offer, Proposal

LONGEST = 60_000
"""Bytes of a form with words: three thousand signs, of which each may take twelve bytes on the way."""


@dataclass(frozen=True)
class Question:
    """A form with one field of words: what it is called, what it asks, and what its button says."""

    verb: str
    heading: str
    lead: str
    label: str
    button: str


ASK = Question("ask", "Ask first", "{owner} reads it now, and answers you.", "Your question", "Ask")
CHANGES = Question(
    "changes",
    "Request changes",
    "{owner} reads it now. If {agency} changes the proposal, a new version comes to you.",
    "What should be different?",
    "Request changes",
)
DECLINE = Question(
    "decline",
    "Decline",
    "Nobody can sign it then. {owner} reads your reason; it helps to do better.",
    "Why not?",
    "Decline the proposal",
)


def kindly(run: Inside) -> Inside:
    """A refusal stands on a page that leads back to the proposal, which says how it stands and what can be done."""

    async def handle(visit: Visit) -> Answer:
        try:
            async with visit.session.begin_nested():
                return await run(visit)
        except (Conflict, NotAllowed) as refusal:
            offer = await proposals.offer(visit.session, await _fetched(visit))
            return _told(offer, refusal.sentence, STATUS[type(refusal)])

    return handle


@kindly
async def ask(visit: Visit) -> Answer:
    """The form of a question, for whoever may read the proposal."""
    return await _form(visit, ASK, await _fetched(visit))


@kindly
async def asked(visit: Visit) -> Answer:
    """The question becomes a conversation that is tied to the proposal; sent twice, it is asked once."""
    proposal = await _fetched(visit, Can.PROPOSAL_ANSWER)
    words, key = await _words(visit)
    try:
        if not words.strip():
            raise Invalid("What would you like to know?", field="words")
        await conversations.start(
            visit.session,
            visit.actor,
            engagement_id=proposal.engagement_id,
            topic=f"Question about {proposal.title}",
            words=words,
            subject="proposal",
            subject_id=proposal.id,
            key=key,
        )
    except Invalid as invalid:
        return await _form(visit, ASK, proposal, words, invalid)
    return Go(f"/portal/proposals/{proposal.id}/done/ask")


@kindly
async def changes(visit: Visit) -> Answer:
    """The form for changes, unless the proposal has ended."""
    proposal = await _fetched(visit, Can.PROPOSAL_ANSWER)
    await proposals.demand_open(visit.session, proposal)
    return await _form(visit, CHANGES, proposal)


@kindly
async def changed(visit: Visit) -> Answer:
    """Staff are told what should be different."""
    words, _ = await _words(visit)
    try:
        proposal = await proposals.request_changes(visit.session, visit.actor, _named(visit), words=words)
    except Invalid as invalid:
        return await _form(visit, CHANGES, await _fetched(visit), words, invalid)
    return Go(f"/portal/proposals/{proposal.proposal_id}/done/changes")


@kindly
async def decline(visit: Visit) -> Answer:
    """A second look before a no; only for those who could sign."""
    proposal = await _fetched(visit, Can.PROPOSAL_ANSWER)
    await proposals.own_part(visit.session, visit.actor, proposal, early=True)
    await proposals.demand_open(visit.session, proposal)
    return await _form(visit, DECLINE, proposal)


@kindly
async def declined(visit: Visit) -> Answer:
    """The proposal is declined."""
    words, _ = await _words(visit)
    try:
        proposal = await proposals.decline(visit.session, visit.actor, _named(visit), reason=words)
    except Invalid as invalid:
        return await _form(visit, DECLINE, await _fetched(visit), words, invalid)
    return Go(f"/portal/proposals/{proposal.id}/done/decline")


@kindly
async def tell(visit: Visit) -> Answer:
    """Those whose turn it is are told that it waits for them."""
    names = await proposals.remind(visit.session, visit.actor, _named(visit))
    offer = await proposals.offer(visit.session, await _fetched(visit))
    return _told(offer, f"{' and '.join(names)} will hear of it.")


@kindly
async def renew(visit: Visit) -> Answer:
    """A new date is asked for after the time has passed."""
    await proposals.ask_new_date(visit.session, visit.actor, _named(visit))
    offer = await proposals.offer(visit.session, await _fetched(visit))
    return _told(offer, f"Asked. {offer.owner} sends you a proposal with a new date.")


async def done(visit: Visit) -> Answer:
    """What is said once a form was sent; opened again, it does nothing again."""
    offer = await proposals.offer(visit.session, await _fetched(visit))
    said = {
        "ask": f"Asked. {offer.owner} sees it now and answers you.",
        "changes": f"Passed on. {offer.owner} reads it now.",
        "decline": f"Declined. Thank you for saying so; {offer.owner} reads your reason now.",
    }
    if visit.request.match_info["verb"] not in said:
        raise NotFound("There is no page at this address.")
    return _told(offer, said[visit.request.match_info["verb"]])


def _named(visit: Visit) -> str:
    return visit.request.match_info["proposal"]


async def _fetched(visit: Visit, can: Can = Can.PROPOSAL_SEE) -> Proposal:
    return await access.fetch(visit.session, visit.actor, can, Proposal, _named(visit))


async def _words(visit: Visit) -> tuple[str, uuid.UUID | None]:
    """What was typed, and the key by which a form that is sent twice is known; nobody else's key is like it."""
    fields = (await submitted(visit.request, longest=LONGEST)).fields
    key = fields.get("key", "")[:64]
    own = uuid.uuid5(visit.actor.organization_id, f"{visit.actor.user_id}:{key}") if key else None
    return fields.get("words", "")[:3000], own


async def _form(
    visit: Visit, question: Question, proposal: Proposal, words: str = "", refused: Refusal | None = None
) -> Page:
    offer = await proposals.offer(visit.session, proposal)
    told = {
        "agency": offer.agency,
        "offer": offer,
        "question": question,
        "lead": question.lead.format(owner=offer.owner, agency=offer.agency),
        "words": words,
        "key": uuid.uuid4(),
        "trouble": refused.sentence if refused else "",
    }
    return Page("answer.html", told, STATUS[type(refused)] if refused else 200)


def _told(offer: Offer, sentence: str, status: int = 200) -> Page:
    return Page("told.html", {"agency": offer.agency, "offer": offer, "sentence": sentence}, status)
