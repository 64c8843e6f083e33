"""Whose turn it is to sign, by the frozen document and the signatures that stand on it."""

import uuid
from collections.abc import Collection

from sqlalchemy import select

from core.db import Session
from core.proposals import Document, Named
from core.signatures.evidence import Signature


def turn(document: Document, signed: Collection[uuid.UUID]) -> tuple[Named, ...]:
    """Who may sign now: all of the client's who have not, or the first of them where it goes in order; then ours."""
    for side in ("client", "staff"):
        waiting = tuple(each for each in document.signers if each.side == side and each.user_id not in signed)
        if waiting:
            return waiting[:1] if document.in_order else waiting
    return ()


async def of_version(session: Session, version_id: uuid.UUID) -> list[Signature]:
    """The signatures on a version, in the order in which they were given."""
    query = select(Signature).where(Signature.version_id == version_id).order_by(Signature.signed_at, Signature.id)
    return list((await session.execute(query)).scalars())


async def of_proposal(session: Session, proposal_id: uuid.UUID) -> list[Signature]:
    """The signatures on a proposal, on whichever version, in the order in which they were given."""
    query = select(Signature).where(Signature.proposal_id == proposal_id).order_by(Signature.signed_at, Signature.id)
    return list((await session.execute(query)).scalars())


async def chosen(session: Session, version_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[int]]:
    """The options that bind, of each of these versions that somebody has signed; in one query."""
    query = (
        select(Signature.version_id, Signature.options)
        .where(Signature.version_id.in_(version_ids))
        .order_by(Signature.signed_at.desc())
    )
    return {row.version_id: list(row.options) for row in await session.execute(query)}


async def bound(session: Session, version_id: uuid.UUID) -> list[int] | None:
    """The options that the first signature on a version chose, which bind the others; None before it."""
    query = select(Signature.options).where(Signature.version_id == version_id).order_by(Signature.signed_at)
    found = (await session.execute(query.limit(1))).first()
    return list(found[0]) if found else None
