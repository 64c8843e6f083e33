"""A personal link to a paper: made for one person, works once, and for minutes only."""

import secrets
import uuid
from datetime import timedelta

from sqlalchemy import select, update

from core import clock, people
from core.db import Session
from core.errors import Conflict, NotAllowed, NotFound
from core.links.link import Link, digest, find, live, sweep
from core.papers.keeping import Copy, PaperKind, of_reader
from core.papers.tables import Paper
from core.people import Actor, User
from core.proposals import Proposal, Version, parse

LINK = timedelta(minutes=15)
"""How long a personal link to a paper works."""


async def hand(session: Session, actor: Actor, paper_id: uuid.UUID | str) -> tuple[Paper, str]:
    """A personal link to a paper, for somebody who may see it: its token."""
    paper = await of_reader(session, actor, paper_id)
    if actor.user_id is None:
        raise NotAllowed("A link is made for a person.")
    token, now = secrets.token_urlsafe(32), clock.now()
    await sweep(session)
    session.add(
        Link(
            organization_id=actor.organization_id,
            user_id=actor.user_id,
            paper_id=paper.id,
            purpose="paper",
            token_hash=digest(token),
            created_at=now,
            expires_at=now + LINK,
        )
    )
    await session.flush()
    return paper, token


async def opened(session: Session, token: str) -> Link:
    """The link of a paper, through the platform's door, without using it up. NotFound or Conflict if it opens nothing (any
    more)."""
    link = await find(session, token, "paper")
    if link is None:
        raise NotFound("This link leads nowhere. Perhaps a part of it was lost on the way.")
    if link.state != "live":
        raise Conflict(SPENT if link.state == "used" else EXPIRED)
    return link


async def collect(session: Session, link: Link, *, fetched: bool = False) -> Paper:
    """The paper that a live link leads to, if its bearer may still have it; `fetched` uses the link up."""
    user = (await session.execute(select(User).where(User.id == link.user_id))).scalar_one_or_none()
    if user is None or user.left_at is not None or user.deleted_at is not None or link.paper_id is None:
        raise NotFound("This link leads nowhere any more.")
    paper = await of_reader(session, await people.actor_of(session, user), link.paper_id)
    if fetched:
        used = await session.execute(
            update(Link).where(Link.id == link.id, live()).values(used_at=clock.now()).returning(Link.id)
        )
        if used.scalar_one_or_none() is None:
            raise Conflict(SPENT)
    return paper


async def told(session: Session, paper: Paper) -> tuple[Copy, str, str]:
    """A paper as a page tells it: which version, the title as it was sent, and the agency."""
    query = select(Version).join(Proposal, Proposal.id == Version.proposal_id).where(Version.id == paper.version_id)
    version = (await session.execute(query)).scalar_one()
    document = parse(version.body)
    kind: PaperKind = "signed" if paper.kind == "signed" else "offer"
    return Copy(paper.id, version.proposal_id, version.number, kind), document.title, document.agency


SPENT = "This link has been used. Each one opens the document once. Press “Open the PDF” for a new one."
EXPIRED = "This link has expired. Press “Open the PDF” for a new one."
