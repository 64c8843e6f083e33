"""Personal links: made for one person, used up once, for a session."""

import secrets
import uuid
from datetime import timedelta
from typing import Literal

from sqlalchemy import update

from core import access, clock
from core.access import Can
from core.db import Session
from core.engagements import Engagement
from core.errors import Conflict, NotAllowed, NotFound
from core.links.link import Link, client, digest, find, live, sweep
from core.links.sessions import begin
from core.people import Actor


async def mint(
    session: Session,
    actor: Actor,
    *,
    user_id: uuid.UUID,
    engagement_id: uuid.UUID,
    purpose: Literal["enter"] = "enter",
    minutes: int = 15,
) -> str:
    """A token that opens this person's page once, within so many minutes. Clients mint their own, the system theirs.

    Staff may not: nobody enters as somebody else. Raises NotFound for an engagement that is not the actor's, or a
    person who has left.
    """
    if actor.side == "staff":
        raise NotAllowed("A personal link is for the client alone. They get their own with “Open my page”.")
    await access.fetch(session, actor, Can.ENGAGEMENT_SEE, Engagement, engagement_id)
    if actor.side == "client" and actor.user_id != user_id:
        raise NotAllowed("A personal link is made only for the person who asks for it.")
    user = await client(session, actor.organization_id, user_id)
    if user is None:
        raise NotFound("There is no client here to whom this page would belong.")
    token = secrets.token_urlsafe(32)
    now = clock.now()
    await sweep(session)
    session.add(
        Link(
            organization_id=actor.organization_id,
            engagement_id=engagement_id,
            user_id=user_id,
            purpose=purpose,
            token_hash=digest(token),
            created_at=now,
            expires_at=now + timedelta(minutes=minutes),
        )
    )
    await session.flush()
    return token


async def exchange(session: Session, token: str) -> tuple[Link, str]:
    """Use a personal link up, once: the session that begins, and its token. In its organization's transaction.

    Of two who come at once one gets in. Raises NotFound for no such link, Conflict for one that was used, has expired
    or was revoked.
    """
    now = clock.now()
    used = (
        await session.execute(
            update(Link)
            .where(
                Link.token_hash == digest(token),
                Link.organization_id == session.info["tenant"],
                Link.purpose == "enter",
                live(),
            )
            .values(used_at=now)
            .returning(Link)
        )
    ).scalar_one_or_none()
    if used is None:
        known = await find(session, token, "enter")
        if known is None or known.organization_id != session.info["tenant"]:
            raise NotFound("This link leads nowhere. Perhaps a part of it was lost on the way.")
        raise Conflict(spent(known))
    return await begin(session, used)


def spent(link: Link) -> str:
    """Why a link no longer opens anything, as a sentence."""
    if link.state == "used":
        return "This link has been used. Each one opens your page once."
    return "This link has expired, to keep your page yours alone."
