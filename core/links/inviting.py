"""Letters that invite to sign: a personal link to one version, exchanged for a code that is mailed to its signer."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select, update

from core import clock
from core.db import Session
from core.errors import Conflict, NotFound
from core.links.codes import code_for, demand_pace
from core.links.link import Link, client, digest, find, live, sweep
from core.people import User

INVITED = timedelta(days=14)
"""How long a link in a letter works, if the proposal can be signed so long."""


async def invite(
    session: Session, user: User, *, engagement_id: uuid.UUID, version_id: uuid.UUID, until: datetime
) -> str:
    """The token of a link for a letter: this signer's alone, to this version, once, for 14 days and not past `until`."""
    token, now = secrets.token_urlsafe(32), clock.now()
    await sweep(session)
    session.add(
        Link(
            organization_id=user.organization_id,
            engagement_id=engagement_id,
            user_id=user.id,
            version_id=version_id,
            purpose="sign",
            token_hash=digest(token),
            created_at=now,
            expires_at=min(until, now + INVITED),
        )
    )
    await session.flush()
    return token


async def follow(session: Session, token: str, *, place: str) -> tuple[str, User]:
    """Use such a link up, once, for a code that is mailed to its signer: the token that the browser keeps, and the signer.

    Raises NotFound for no such link, or a signer who has left, and Conflict for one that was used or has expired, or
    where too many codes were asked for; then the link stays as it was.
    """
    used = (
        await session.execute(
            update(Link)
            .where(
                Link.token_hash == digest(token),
                Link.organization_id == session.info["tenant"],
                Link.purpose == "sign",
                live(),
            )
            .values(used_at=clock.now())
            .returning(Link)
        )
    ).scalar_one_or_none()
    if used is None:
        known = await find(session, token, "sign")
        if known is None or known.organization_id != session.info["tenant"]:
            raise NotFound("This link leads nowhere. Perhaps a part of it was lost on the way.")
        raise Conflict(no_longer(known))
    user = await client(session, used.organization_id, used.user_id) if used.user_id else None
    if user is None:
        raise NotFound("This link leads nowhere any more. Please ask the people you work with.")
    asked_for = digest(used.organization_id.bytes, user.email.strip().lower())
    await demand_pace(session, asked_for, digest(place))
    return await code_for(session, used.organization_id, user, asked_for, digest(place), origin=used), user


def no_longer(link: Link) -> str:
    """Why the link of a letter no longer leads anywhere, as a sentence."""
    if link.state == "used":
        return "This link has been used. Each one leads to the proposal once."
    return "This link has expired, to keep the proposal between you and those who sent it."


@dataclass(frozen=True)
class Entrance:
    """How the bearer of a session was known: by a code mailed to them, or by a personal link that they made in Slack."""

    method: Literal["code", "portal"]
    facts: dict[str, str]
    """When and by what, as evidence: ids, hashes and times, no secret, and the address masked."""


async def entrance(session: Session, token: str) -> Entrance:
    """How the session with this token began. NotFound if there is none."""
    link = await find(session, token, "session")
    if link is None:
        raise NotFound("You are signed out. Please enter your page again.")
    facts = {"session": link.token_hash.hex(), "session_began_at": link.created_at.isoformat()}
    origin = await _by_id(session, link.origin_id)
    if origin is None or origin.purpose != "code":
        facts["entered_by"] = "a personal link that they made in Slack"
        if origin is not None:
            facts |= {"link": str(origin.id), "link_made_at": origin.created_at.isoformat()}
            facts["link_used_at"] = _at(origin.used_at)
        return Entrance("portal", facts)
    user = await client(session, link.organization_id, link.user_id) if link.user_id else None
    facts |= {
        "entered_by": "a six-digit code mailed to them",
        "code": str(origin.id),
        "code_address": masked(user.email) if user else "",
        "code_asked_at": origin.created_at.isoformat(),
        "code_sent_at": _at(origin.sent_at),
        "code_verified_at": _at(origin.used_at),
        "code_tries": str(origin.tries),
    }
    letter = await _by_id(session, origin.origin_id)
    if letter is not None:
        facts |= {
            "link": str(letter.id),
            "link_version": str(letter.version_id),
            "link_mailed_at": letter.created_at.isoformat(),
            "link_used_at": _at(letter.used_at),
        }
    return Entrance("code", facts)


def masked(email: str) -> str:
    """An address that its owner recognises, and nobody else learns: d•••@northwind.example."""
    name, _, host = email.rpartition("@")
    return f"{name[:1]}•••@{host}"


async def _by_id(session: Session, link_id: uuid.UUID | None) -> Link | None:
    if link_id is None:
        return None
    query = select(Link).where(Link.id == link_id, Link.organization_id == session.info["tenant"])
    return (await session.execute(query)).scalar_one_or_none()


def _at(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
