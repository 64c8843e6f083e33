"""Reply addresses: the token in the address to which a person answers a letter, and whose answer it lets in, where."""

import base64
import hmac
import uuid
from datetime import datetime, timedelta

from sqlalchemy import select, update

from core import clock
from core.db import Session
from core.links.link import Link, State, digest, find, live, sweep

REPLY = timedelta(days=365)
"""How long a letter can be answered; each further letter about the same conversation begins the year anew."""


def _token(key: bytes, link_id: uuid.UUID) -> str:
    """Twenty-six letters and digits without capitals, for mail servers may change those: 128 bits that nobody guesses.

    Made of the key and the link, so that each letter of a conversation bears the same address and only its hash is stored.
    """
    return base64.b32encode(hmac.digest(key, b"reply:" + link_id.bytes, "sha256")[:16]).decode().rstrip("=").lower()


async def reply_token(
    session: Session,
    *,
    key: bytes,
    user_id: uuid.UUID,
    engagement_id: uuid.UUID,
    conversation_id: uuid.UUID | None = None,
) -> str:
    """The token for letters to this person about a conversation, or for one letter about something else in the engagement.

    What answers the latter opens a conversation, to which `bind` ties the address from then on.
    """
    now = clock.now()
    if conversation_id is not None:
        query = select(Link).where(
            Link.organization_id == session.info["tenant"],
            Link.user_id == user_id,
            Link.purpose == "reply",
            Link.conversation_id == conversation_id,
            live(),
        )
        for link in (await session.execute(query.order_by(Link.created_at.desc()))).scalars():
            token = _token(key, link.id)
            if hmac.compare_digest(link.token_hash, digest(token)):  # else it was made with a key that is no more
                link.expires_at = now + REPLY
                return token
    await sweep(session)
    link = Link(
        organization_id=session.info["tenant"],
        engagement_id=engagement_id,
        conversation_id=conversation_id,
        user_id=user_id,
        purpose="reply",
        created_at=now,
        expires_at=now + REPLY,
    )
    token = _token(key, link.id)
    link.token_hash = digest(token)
    session.add(link)
    await session.flush()
    return token


async def bind(session: Session, link: Link, conversation_id: uuid.UUID) -> None:
    """Have the address lead into this conversation from now on."""
    link.conversation_id = conversation_id
    await session.flush()


async def lead_elsewhere(session: Session, before: uuid.UUID, after: uuid.UUID) -> None:
    """Have the addresses that led into one conversation lead into another, which stands for both."""
    moved = update(Link).where(Link.conversation_id == before, Link.organization_id == session.info["tenant"])
    await session.execute(moved.where(Link.purpose == "reply").values(conversation_id=after))


async def correspondents(session: Session, conversation_id: uuid.UUID) -> dict[uuid.UUID, datetime]:
    """Who takes part in a conversation by mail: the holders of its living reply addresses, and since when they have one."""
    query = select(Link.user_id, Link.created_at).where(
        Link.organization_id == session.info["tenant"],
        Link.purpose == "reply",
        Link.conversation_id == conversation_id,
        live(),
    )
    since: dict[uuid.UUID, datetime] = {}
    for user_id, created_at in await session.execute(query):
        if user_id is not None:
            since[user_id] = min(created_at, since.get(user_id, created_at))
    return since


async def reply_link(session: Session, tokens: list[str], at: datetime) -> tuple[Link, State] | None:
    """Of these tokens the first that is this organization's, rather a living one, and how it stood at that moment."""
    known: list[tuple[Link, State]] = []
    for token in tokens:
        link = await find(session, token, "reply")
        if link is not None and link.organization_id == session.info["tenant"]:
            known.append((link, _stood(link, at)))
    return next((each for each in known if each[1] == "live"), known[0] if known else None)


def _stood(link: Link, at: datetime) -> State:
    if link.revoked_at is not None and link.revoked_at <= at:
        return "revoked"
    return "live" if link.expires_at > at else "expired"


async def house_of_reply(session: Session, token_hash: str) -> uuid.UUID | None:
    """The organization whose reply address has this hash, in hexadecimal digits. Through the platform's door."""
    try:
        wanted = bytes.fromhex(token_hash)
    except ValueError:
        return None
    query = select(Link.organization_id).where(Link.token_hash == wanted, Link.purpose == "reply")
    return (await session.execute(query)).scalar_one_or_none()
