"""What must hold before anything is signed: the version, the text and the PDF as stored, the options and the total as shown."""

import hashlib
import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import func, select

from core import clock, proposals
from core.db import Session
from core.errors import Conflict, Way
from core.papers import Paper
from core.proposals import Document, Proposal, Version, digest
from core.signatures.refusing import because


async def demand_latest(session: Session, version: Version) -> None:
    """Conflict, with the way to the new one, unless this is the latest version of its proposal."""
    newest = select(func.max(Version.number)).where(Version.proposal_id == version.proposal_id)
    if (await session.execute(newest)).scalar_one() != version.number:
        with because("superseded"):
            raise Conflict(
                "There is a newer version of this proposal, so this one can no longer be signed.",
                way=Way("See the new one", "proposal.review", str(version.proposal_id)),
            )


async def demand_open(session: Session, proposal: Proposal, document: Document) -> None:
    """Conflict, with what happened and a way on, unless it can be signed: open, and within the time of the very
    version, which a change that was not sent yet does not move."""
    with because(_standing(proposal)):
        await proposals.demand_open(session, proposal)
    if clock.now() >= document.expires_at:
        with because("expired"):
            raise Conflict(
                f"“{document.title}” was valid until {document.valid_until:%a %-d %b}, so it can no longer be signed as"
                " it stands.",
                way=Way("Ask for a new date", "proposal.renew", str(proposal.id)),
            )


def _standing(proposal: Proposal) -> str:
    """The code by which the trail knows why a proposal cannot be signed."""
    if proposals.is_expired(proposal):
        return "expired"
    return "closed" if proposals.is_open(proposal) else {"draft": "not_sent"}.get(proposal.status, proposal.status)


async def demand_paper(session: Session, version: Version, shown_sha256: str, shown_pdf_sha256: str) -> Paper:
    """The PDF of the version, if it is there, and it and the text are byte for byte what was sent and shown."""
    itself = str(version.proposal_id)
    ask, again = Way("Ask a question", "proposal.ask", itself), Way("Review and sign", "proposal.review", itself)
    with because("text_changed"):
        if digest(version.body) != version.sha256:
            raise Conflict(
                "The text of this proposal is no longer the one that was sent, so it cannot be signed. Please ask for"
                " it.",
                way=ask,
            )
    with because("not_as_shown"):
        if shown_sha256 != version.sha256.hex():
            raise Conflict("What you were shown is not the text as it stands. Please read it once more.", way=again)
    query = select(Paper).where(Paper.version_id == version.id, Paper.kind == "offer")
    paper = (await session.execute(query)).scalar_one_or_none()
    if paper is None:
        with because("no_paper"):
            raise Conflict("The document is being prepared; try again in a moment.", way=again)
    with because("paper_changed"):
        if hashlib.sha256(paper.pdf).digest() != paper.pdf_sha256:
            raise Conflict(
                "The PDF of this proposal is no longer the one that was sent, so it cannot be signed. Please ask for"
                " it.",
                way=ask,
            )
    with because("not_as_shown"):
        if shown_pdf_sha256 and shown_pdf_sha256 != paper.pdf_sha256.hex():
            raise Conflict("What you were shown is not the PDF as it stands. Please read it once more.", way=again)
    return paper


def demand_as_shown(
    document: Document,
    proposal: Proposal,
    options: Collection[int],
    shown: tuple[int, Collection[int]],
    bound: Sequence[int] | None,
    first: str,
) -> list[int]:
    """The options as they are signed, in their order: offered, those of the first signer, and those with which the total
    was `shown`: what recurs is no part of that number, so the number alone does not tell."""
    again = Way("Review and sign", "proposal.review", str(proposal.id))
    chosen = sorted(set(options))
    with because("option_not_offered"):
        if any(position not in document.options for position in chosen):
            raise Conflict("An option that you chose is not offered here. Please look once more.", way=again)
    with because("options_bound"):
        if bound is not None and chosen != sorted(bound):
            raise Conflict(f"{first} signed first, with other options; all sign the same. Please look.", way=again)
    with because("total_changed"):
        if document.sum(chosen).once.minor != shown[0] or chosen != sorted(set(shown[1])):
            raise Conflict("The total no longer agrees; please look once more.", way=again)
    return chosen


async def paper_shown(session: Session, version_id: uuid.UUID) -> str:
    """The hash, in hexadecimal, of the PDF that a signer is shown; empty while it is still being made."""
    query = select(Paper.pdf_sha256).where(Paper.version_id == version_id, Paper.kind == "offer")
    found = (await session.execute(query)).scalar_one_or_none()
    return found.hex() if found else ""
