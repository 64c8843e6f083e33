"""The agency's terms as versioned texts: a changed text is a new version, and what was agreed stays as it was."""

import hashlib

from sqlalchemy import func, select

from core import access
from core.access import Can
from core.db import Session
from core.errors import Invalid
from core.people import Actor
from core.proposals.tables import Proposal, Terms

NAME = "Our terms"
"""What terms are called if nobody says otherwise."""

LONGEST = 20_000


async def keep(session: Session, actor: Actor, name: str, body: str) -> Terms:
    """Keep a text as the latest version of the terms of this name; the one that is there, if it says the same.

    Two at once make one version each, one after the other.
    """
    access.demand(actor, Can.PROPOSAL_DRAFT)
    called, text = " ".join(name.split()) or NAME, body.strip()
    if not text:
        raise Invalid("What do the terms say?", field="terms")
    if len(text) > LONGEST:
        raise Invalid(f"Please keep the terms to {LONGEST:,} characters; these are {len(text):,}.", field="terms")
    if len(called) > 75:
        raise Invalid("Please keep the name of the terms to 75 characters.", field="terms_name")
    # Insert-only rows cannot be locked against a next version, so its number is given out under this lock.
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"terms:{actor.organization_id}:{called}"))))
    query = select(Terms).where(Terms.name == called).order_by(Terms.version.desc()).limit(1)
    latest = (await session.execute(query)).scalar_one_or_none()
    if latest is not None and latest.body == text:
        return latest
    terms = Terms(
        organization_id=actor.organization_id,
        name=called,
        version=latest.version + 1 if latest else 1,
        body=text,
        sha256=hashlib.sha256(text.encode()).digest(),
    )
    session.add(terms)
    await session.flush()
    return terms


async def of_text(session: Session, body: str) -> Terms | None:
    """The version of the agency's terms that says exactly this, the latest of several; None for any other text."""
    digest = hashlib.sha256(body.strip().encode()).digest()
    query = select(Terms).where(Terms.sha256 == digest).order_by(Terms.created_at.desc(), Terms.version.desc())
    return (await session.execute(query.limit(1))).scalar_one_or_none()


async def newest(session: Session) -> Terms | None:
    """The terms that were kept last."""
    query = select(Terms).order_by(Terms.created_at.desc(), Terms.version.desc()).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def last_terms(session: Session, actor: Actor) -> str:
    """The text that the next proposal begins with: the terms that were kept last, else those that were used last."""
    access.demand(actor, Can.PROPOSAL_DRAFT)
    if kept := await newest(session):
        return kept.body
    query = access.visible(actor, Can.PROPOSAL_DRAFT, Proposal).where(Proposal.terms != "")
    latest = (await session.execute(query.order_by(Proposal.created_at.desc()).limit(1))).scalar_one_or_none()
    return latest.terms if latest else ""
