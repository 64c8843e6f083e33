"""What a client may say to a proposal instead of signing it: decline, ask for changes, ask for a new date."""

import uuid

from sqlalchemy import select

from core import access, clock, events, stage
from core.access import Can
from core.db import Session
from core.errors import Conflict, Invalid, NotFound, Way
from core.events import Kind
from core.people import Actor
from core.proposals.sending import end
from core.proposals.standing import demand_open, is_expired, own_part
from core.proposals.tables import Answer, Proposal


async def decline(session: Session, actor: Actor, proposal_id: uuid.UUID | str, *, reason: str) -> Proposal:
    """Say no, with a reason. Only a signer can; one no stops the others too. Twice is once."""
    proposal = await access.fetch(session, actor, Can.PROPOSAL_ANSWER, Proposal, proposal_id, lock=True)
    signer = await own_part(session, actor, proposal, early=True)
    if proposal.status == "declined" and proposal.ended_by_id == actor.user_id:
        return proposal
    await demand_open(session, proposal)
    if signer.signed_at is not None:
        raise Conflict(
            "You have signed this. To talk about it, ask a question.",
            way=Way("Ask a question", "proposal.ask", str(proposal.id)),
        )
    words = _words(reason, "In a few words: why not? It helps to do better.", "reason")
    end(proposal, actor, "declined", words)
    await session.flush()
    await events.record(
        session, actor, Kind.PROPOSAL_DECLINED, "proposal", proposal.id, engagement_id=proposal.engagement_id
    )
    await stage.restage(session, actor, proposal.engagement_id)
    return proposal


async def request_changes(session: Session, actor: Actor, proposal_id: uuid.UUID | str, *, words: str) -> Answer:
    """Say what should be different; any of the client's people may. The proposal stays as it is until staff send
    another. The same words by the same person tell nobody again."""
    proposal = await access.fetch(session, actor, Can.PROPOSAL_ANSWER, Proposal, proposal_id, lock=True)
    await demand_open(session, proposal)
    wish = _words(words, "What should be different?", "words")
    said = select(Answer).where(
        Answer.proposal_id == proposal.id,
        Answer.user_id == actor.user_id,
        Answer.kind == "changes",
        Answer.words == wish,
    )
    return (await session.execute(said.limit(1))).scalar_one_or_none() or await _answer(
        session, actor, proposal, "changes", wish
    )


async def ask_new_date(session: Session, actor: Actor, proposal_id: uuid.UUID | str) -> Answer:
    """Ask for more time after a proposal has expired; a second press by the same person tells nobody again."""
    proposal = await access.fetch(session, actor, Can.PROPOSAL_ANSWER, Proposal, proposal_id, lock=True)
    if not is_expired(proposal):
        await demand_open(session, proposal)
        raise Conflict(f"“{proposal.title}” can still be signed. Press Review and sign on its card.")
    asked = select(Answer).where(
        Answer.proposal_id == proposal.id, Answer.user_id == actor.user_id, Answer.kind == "date"
    )
    return (await session.execute(asked.limit(1))).scalar_one_or_none() or await _answer(
        session, actor, proposal, "date", ""
    )


async def _answer(session: Session, actor: Actor, proposal: Proposal, kind: str, words: str) -> Answer:
    if actor.user_id is None:
        raise NotFound("We do not know you here yet.")
    answer = Answer(
        organization_id=actor.organization_id,
        proposal_id=proposal.id,
        user_id=actor.user_id,
        kind=kind,
        words=words,
        said_at=clock.now(),
    )
    session.add(answer)
    await session.flush()
    await events.record(
        session,
        actor,
        Kind.PROPOSAL_CHANGES_REQUESTED,
        "proposal",
        proposal.id,
        engagement_id=proposal.engagement_id,
        answer=str(answer.id),
        wish=kind,
    )
    return answer


def _words(typed: str, question: str, field: str) -> str:
    words = typed.strip()
    if not words:
        raise Invalid(question, field=field)
    return words[:3000]
