"""Browser sessions: what a link or a code is exchanged for, until it ends, is signed out of, or is revoked."""

import secrets
import uuid
from datetime import timedelta

from sqlalchemy import select, update

from core import clock, events, people
from core.db import Session
from core.errors import Conflict
from core.events import Kind
from core.links.link import Link, client, digest
from core.people import Actor, Organization

SESSION = timedelta(days=14)
"""How long a browser stays signed in."""


async def begin(session: Session, link: Link) -> tuple[Link, str]:
    """The session that a link or a code was exchanged for, on record."""
    user = await client(session, link.organization_id, link.user_id) if link.user_id else None
    if user is None:
        raise Conflict("This page is no longer open to you. Please ask the people you work with.")
    token, now = secrets.token_urlsafe(32), clock.now()
    begun = Link(
        organization_id=link.organization_id,
        engagement_id=link.engagement_id,
        user_id=user.id,
        origin_id=link.id,
        purpose="session",
        token_hash=digest(token),
        created_at=now,
        expires_at=now + SESSION,
    )
    session.add(begun)
    await session.flush()
    actor = await people.actor_of(session, user)
    await events.record(
        session, actor, Kind.LINK_OPENED, "link", begun.id, engagement_id=link.engagement_id, by=link.purpose
    )
    return begun, token


async def bearer(session: Session, link: Link) -> Actor | None:
    """The client whose live session this is; None if it has ended or they have left."""
    if link.purpose != "session" or link.state != "live" or link.user_id is None:
        return None
    user = await client(session, link.organization_id, link.user_id)
    return await people.actor_of(session, user) if user else None


async def leave(session: Session, token: str) -> None:
    """End this one session: what “Sign out” does. Nothing happens if it has ended."""
    await session.execute(
        update(Link)
        .where(Link.token_hash == digest(token), Link.purpose == "session", Link.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


async def revoke(session: Session, user_id: uuid.UUID) -> None:
    """End every link, code and session of a person, because they have left, or to be safe."""
    await session.execute(
        update(Link)
        .where(Link.organization_id == session.info["tenant"], Link.user_id == user_id, Link.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


async def house(session: Session, organization_id: uuid.UUID | None) -> Organization | None:
    """The agency of a permanent address; with none named, the only one there is. Through the platform's door."""
    query = select(Organization).limit(2)
    if organization_id is not None:
        query = query.where(Organization.id == organization_id)
    found = list((await session.execute(query)).scalars())
    return found[0] if len(found) == 1 else None
