"""Refused signatures: each is given a code, and leaves an event in the trail, though it changes nothing else."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from core import events
from core.db import Session
from core.errors import Refusal
from core.events import Kind
from core.people import Actor
from core.proposals import Proposal, Version


@contextmanager
def because(code: str) -> Iterator[None]:
    """A refusal that is raised within is known by this code in the trail, unless it has one already."""
    try:
        yield
    except Refusal as refusal:
        refusal.code = refusal.code or code
        raise


@contextmanager
def traced(actor: Actor, version_id: uuid.UUID | str, method: str) -> Iterator[None]:
    """A refusal that is raised within leaves `proposal.sign_refused` in the trail once what was begun is undone.

    The event stands in the engagement's chain, or, where there is no such version, in the organization's.
    """
    try:
        yield
    except Refusal as refusal:
        code = refusal.code or "refused"

        async def trace(session: Session) -> None:
            await refused(session, actor, version_id, code, method)

        refusal.trace = trace
        raise


async def refused(session: Session, actor: Actor, version_id: uuid.UUID | str, code: str, method: str) -> None:
    """Record that a signature was refused, and why; for faces too, which refuse before they come to the verb."""
    proposal = None
    key = _key(version_id)
    if key is not None:
        query = select(Proposal).join(Version, Version.proposal_id == Proposal.id).where(Version.id == key)
        proposal = (await session.execute(query)).scalar_one_or_none()
    await events.record(
        session,
        actor,
        Kind.PROPOSAL_SIGN_REFUSED,
        "proposal",
        proposal.id if proposal else uuid.UUID(int=0),
        engagement_id=proposal.engagement_id if proposal else None,
        code=code,
        version=str(key) if key else None,
        method=method,
        slack_user=actor.slack_user_id,
    )


def _key(version_id: uuid.UUID | str) -> uuid.UUID | None:
    try:
        return version_id if isinstance(version_id, uuid.UUID) else uuid.UUID(version_id)
    except ValueError:
        return None
