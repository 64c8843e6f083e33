"""Mailed codes: asked for by e-mail, six digits, five tries; nobody learns from them whether an e-mail is known."""

import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update

from core import clock, events, jobs, people
from core.db import Session
from core.errors import Conflict
from core.events import Kind
from core.links.link import Link, client, digest, live, sweep
from core.links.sessions import begin
from core.people import User

CODE = timedelta(minutes=10)
TRIES = 5
WINDOW = timedelta(hours=1)
PER_EMAIL, PER_PLACE = 5, 30
"""How many codes may be asked for in an hour for one e-mail, and from one network address, which an office may share.

With five tries a code, a guesser has 25 in a million in an hour, and the person five letters to notice it by.
"""


@dataclass(frozen=True)
class Wrong:
    """The code was not the one that was mailed; `left` is how many tries remain."""

    left: int


async def ask(session: Session, *, organization_id: uuid.UUID, email: str, place: str) -> str:
    """Ask for a code by e-mail: the token that the asking browser keeps. `place` is the network address asked from.

    Whether the e-mail is known here shows in nothing: the same row, the same job, the same answer; only to a client's
    is a letter sent. Raises Conflict when too many were asked for, counted for known and unknown ones alike.
    """
    asked_for, asked_from = digest(organization_id.bytes, email.strip().lower()), digest(place)
    await demand_pace(session, asked_for, asked_from)
    known = await people.by_email(session, email)
    welcome = known is not None and known.side == "client" and known.left_at is None
    return await code_for(session, organization_id, known if welcome else None, asked_for, asked_from)


async def demand_pace(session: Session, asked_for: bytes, asked_from: bytes) -> None:
    """Conflict if too many codes were asked for within the hour, for this e-mail or from this place."""
    for number, name in enumerate((asked_for, asked_from)):
        # One at a time for each e-mail and each place, or a burst would pass the count before any of it is counted.
        await session.execute(
            select(func.pg_advisory_xact_lock(7_201 + number, int.from_bytes(name[:4], "big", signed=True)))
        )
    recent = Link.created_at > clock.now() - WINDOW
    for column, name, most in ((Link.asked_for, asked_for, PER_EMAIL), (Link.asked_from, asked_from, PER_PLACE)):
        count = select(func.count()).where(Link.purpose == "code", column == name, recent)
        if (await session.execute(count)).scalar_one() >= most:
            raise Conflict("Several codes were asked for already. Please use the newest one, or ask again in an hour.")


async def code_for(
    session: Session,
    organization_id: uuid.UUID,
    user: User | None,
    asked_for: bytes,
    asked_from: bytes,
    *,
    origin: Link | None = None,
) -> str:
    """A code that is mailed to this person, or to nobody: the token that the asking browser keeps. `origin` is the link
    of the letter that it was asked for with."""
    token, now = secrets.token_urlsafe(32), clock.now()
    await sweep(session)
    link = Link(
        organization_id=organization_id,
        engagement_id=origin.engagement_id if origin else None,
        version_id=origin.version_id if origin else None,
        origin_id=origin.id if origin else None,
        user_id=user.id if user else None,
        purpose="code",
        token_hash=digest(token),
        asked_for=asked_for,
        asked_from=asked_from,
        created_at=now,
        expires_at=now + CODE,
    )
    session.add(link)
    await session.flush()
    await jobs.enqueue(
        session,
        "link.code",
        lane=f"link:{link.id}",
        payload={"link": str(link.id)},
        organization_id=organization_id,
        dedupe=str(link.id),
    )
    return token


async def draw(session: Session, link_id: uuid.UUID) -> tuple[str, User] | None:
    """Six digits for a code that was asked for, and whom to mail them to; None if it is nobody's, spent or expired.

    Drawn anew at each sending: only the newest letter's code counts.
    """
    link = (
        await session.execute(
            select(Link)
            .where(Link.id == link_id, Link.organization_id == session.info["tenant"], Link.purpose == "code")
            .with_for_update()
        )
    ).scalar_one_or_none()
    if link is None or link.user_id is None or link.state != "live" or link.tries >= TRIES:
        return None
    user = await client(session, link.organization_id, link.user_id)
    if user is None:
        return None
    code = f"{secrets.randbelow(10**6):06}"
    link.code_hash, link.sent_at = digest(link.id.bytes, code), clock.now()
    await session.flush()
    return code, user


async def answer(session: Session, token: str, code: str) -> tuple[Link, str] | Wrong:
    """Try a code in the browser that asked for it: the session that begins and its token, or Wrong.

    Wrong is returned and not raised, because it is to be committed: each try counts, and the last one stands in the
    trail. Raises Conflict once the code was used, has expired, or was tried five times.
    """
    now = clock.now()
    tried = (
        await session.execute(
            update(Link)
            .where(
                Link.token_hash == digest(token),
                Link.organization_id == session.info["tenant"],
                Link.purpose == "code",
                Link.tries < TRIES,
                live(),
            )
            .values(tries=Link.tries + 1)
            .returning(Link)
            .execution_options(populate_existing=True)
        )
    ).scalar_one_or_none()
    if tried is None:
        raise Conflict("This code no longer works. Please ask for a new one.")
    digits = "".join(each for each in code if each.isdecimal())
    if not hmac.compare_digest(tried.code_hash or b"", digest(tried.id.bytes, digits)):
        if tried.tries >= TRIES:
            await _given_up(session, tried)
        return Wrong(TRIES - tried.tries)
    tried.used_at = now
    return await begin(session, tried)


async def _given_up(session: Session, link: Link) -> None:
    """On record: a code was tried as often as it may be, and none of the tries was right."""
    user = await client(session, link.organization_id, link.user_id) if link.user_id else None
    await events.record(
        session,
        await people.actor_of(session, user) if user else people.system(link.organization_id),
        Kind.LINK_REFUSED,
        "link",
        link.id,
        engagement_id=link.engagement_id,
        code="code_wrong",
        version=str(link.version_id) if link.version_id else None,
    )
