"""Keeping papers, once each and never changed, and finding them again: by version, by reader, by the bytes of a file."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from core import access, clock, events, jobs, people
from core.access import Can
from core.db import Session
from core.engagements import Engagement
from core.errors import NotFound
from core.events import Kind
from core.jobs import Job
from core.papers.tables import DocumentHash, Paper, Rendered
from core.people import Actor, User
from core.proposals import Proposal, Version, digest, parse

PaperKind = Literal["offer", "signed"]


class Changed(Exception):
    """What is stored is not what was sent: nothing is made of it, and the audit is to find out why."""


@dataclass(frozen=True)
class Copy:
    """A paper as lists name it, without its bytes."""

    id: uuid.UUID
    proposal_id: uuid.UUID
    number: int
    kind: PaperKind


async def keep(session: Session, version_id: uuid.UUID, kind: PaperKind, rendered: Rendered) -> Paper:
    """Keep the paper of a version, with the hashes of its source and its PDF; what is kept already stays as it is.

    Raises Changed if the version's stored text no longer has the hash that it was sent with.
    """
    paper, _ = await _kept(session, version_id, kind, rendered)
    return paper


async def certify(session: Session, version_id: uuid.UUID, rendered: Rendered) -> Paper:
    """Keep the signed paper; the first time, on record, and with a letter on its way to every party."""
    paper, new = await _kept(session, version_id, "signed", rendered)
    if not new:
        return paper
    version = (await session.execute(select(Version).where(Version.id == version_id))).scalar_one()
    proposal = (await session.execute(select(Proposal).where(Proposal.id == version.proposal_id))).scalar_one()
    for user in await receivers(session, version):
        await jobs.enqueue(
            session,
            "paper.mail",
            lane=f"mail:{user.id}",
            payload={"paper": str(paper.id), "user": str(user.id)},
            organization_id=paper.organization_id,
            dedupe=f"{paper.id}:{user.id}",
        )
    await events.record(
        session,
        people.system(paper.organization_id),
        Kind.PROPOSAL_CERTIFIED,
        "proposal",
        proposal.id,
        engagement_id=proposal.engagement_id,
        version=str(version_id),
        paper=str(paper.id),
        sha256=paper.pdf_sha256.hex(),
    )
    return paper


async def offer_of(session: Session, version_id: uuid.UUID) -> Paper | None:
    """The paper of a version as it was sent, once the worker has made it."""
    return await _of(session, version_id, "offer")


async def signed_of(session: Session, version_id: uuid.UUID) -> Paper | None:
    """The same with its certificate, once everybody has signed."""
    return await _of(session, version_id, "signed")


async def by_id(session: Session, paper_id: uuid.UUID) -> Paper:
    """The paper with this id, for the worker."""
    return (await session.execute(select(Paper).where(Paper.id == paper_id))).scalar_one()


async def of_reader(session: Session, actor: Actor, paper_id: uuid.UUID | str) -> Paper:
    """A paper, for somebody who may see its proposal: staff, and of the client those of the engagement. Else NotFound."""
    try:
        key = paper_id if isinstance(paper_id, uuid.UUID) else uuid.UUID(paper_id)
    except ValueError:
        key = uuid.UUID(int=0)
    query = select(Paper, Version.proposal_id).join(Version, Version.id == Paper.version_id).where(Paper.id == key)
    found = (await session.execute(query)).one_or_none()
    if found is None:
        raise NotFound("This document is not to be found here. Perhaps a part of its address was lost on the way.")
    await access.fetch(session, actor, Can.PROPOSAL_SEE, Proposal, found.proposal_id)
    paper: Paper = found.Paper
    return paper


async def listed(session: Session, proposal_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Copy]]:
    """The papers of proposals that the caller has fetched for their reader: the newest version first, the signed copy before
    the offer."""
    query = (
        select(Paper.id, Version.proposal_id, Version.number, Paper.kind)
        .join(Version, Version.id == Paper.version_id)
        .where(Version.proposal_id.in_(proposal_ids))
        .order_by(Version.number.desc(), Paper.kind.desc())
    )
    found: dict[uuid.UUID, list[Copy]] = {}
    for row in await session.execute(query):
        found.setdefault(row.proposal_id, []).append(Copy(row.id, row.proposal_id, row.number, row.kind))
    return found


async def by_hash(session: Session, sha256: bytes) -> DocumentHash | None:
    """Whose paper has these bytes, through the platform's door."""
    return (await session.execute(select(DocumentHash).where(DocumentHash.sha256 == sha256))).scalar_one_or_none()


async def receivers(session: Session, version: Version) -> list[User]:
    """Everyone who gets the signed copy: those who signed, the client's contact, and on our side who wrote and who leads."""
    engagement = (
        await session.execute(
            select(Engagement)
            .join(Proposal, Proposal.engagement_id == Engagement.id)
            .where(Proposal.id == version.proposal_id)
        )
    ).scalar_one()
    signers = [signer.user_id for signer in parse(version.body).signers]
    wanted = [*signers, engagement.contact_id, engagement.owner_id, version.author_id]
    known = await people.get(session, [each for each in wanted if each])
    return [
        user
        for user in (known[each] for each in dict.fromkeys(wanted) if each in known)
        if user.email and user.left_at is None and user.deleted_at is None
    ]


async def catch_up(session: Session) -> int:
    """Ask for the papers that are wanting, of what was sent or signed before there were any; how many. One that could not be
    made lies with the dead jobs, and is not asked for again."""
    paper = select(Paper.id).where(Paper.version_id == Version.id)
    newer = aliased(Version)
    latest = ~exists().where(newer.proposal_id == Version.proposal_id, newer.number > Version.number)
    found = select(Version.id, Version.proposal_id, Version.organization_id).join(
        Proposal, Proposal.id == Version.proposal_id
    )
    wanting = {
        "proposal.paper": found.where(
            latest, Proposal.status.in_(("sent", "viewed")), ~paper.where(Paper.kind == "offer").exists()
        ),
        "proposal.certify": found.where(
            latest,
            Proposal.status == "signed",
            paper.where(Paper.kind == "offer").exists(),
            ~paper.where(Paper.kind == "signed").exists(),
        ),
    }
    asked = 0
    for kind, query in wanting.items():
        for row in (await session.execute(query.limit(500))).all():
            standing = select(Job.id).where(Job.kind == kind, Job.payload["version"].astext == str(row.id))
            if (await session.execute(standing.limit(1))).first() is None:
                lane, payload = f"proposal:{row.proposal_id}", {"version": str(row.id)}
                await jobs.enqueue(session, kind, lane=lane, payload=payload, organization_id=row.organization_id)
                asked += 1
    return asked


def name_of(title: str, number: int, kind: str) -> str:
    """A paper as the name of a file, in plain letters."""
    plain = "".join(each if each.isascii() and each.isalnum() else "-" for each in title.lower())
    stem = "-".join(part for part in plain.split("-") if part)[:60].strip("-") or "proposal"
    return f"{stem}-v{number}{'-signed' if kind == 'signed' else ''}.pdf"


async def _of(session: Session, version_id: uuid.UUID, kind: PaperKind) -> Paper | None:
    query = select(Paper).where(Paper.version_id == version_id, Paper.kind == kind)
    return (await session.execute(query)).scalar_one_or_none()


async def _kept(session: Session, version_id: uuid.UUID, kind: PaperKind, rendered: Rendered) -> tuple[Paper, bool]:
    version = (await session.execute(select(Version).where(Version.id == version_id))).scalar_one()
    if digest(version.body) != version.sha256:
        raise Changed(f"The text of version {version_id} is no longer the one that was sent.")
    now = clock.now()
    made = await session.execute(
        insert(Paper)
        .values(
            id=uuid.uuid4(),
            organization_id=version.organization_id,
            version_id=version_id,
            kind=kind,
            source=rendered.source,
            source_sha256=hashlib.sha256(rendered.source.encode()).digest(),
            pdf=rendered.pdf,
            pdf_sha256=hashlib.sha256(rendered.pdf).digest(),
            renderer=rendered.renderer,
            made_at=now,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["organization_id", "version_id", "kind"])
        .returning(Paper.id)
    )
    new = made.scalar_one_or_none() is not None
    paper = await _of(session, version_id, kind)
    if paper is None:
        raise LookupError(f"The paper of version {version_id} was not kept.")
    if new:
        await session.execute(
            insert(DocumentHash)
            .values(
                id=uuid.uuid4(),
                sha256=paper.pdf_sha256,
                organization_id=paper.organization_id,
                paper_id=paper.id,
                kind=kind,
                created_at=now,
            )
            .on_conflict_do_nothing(index_elements=["sha256"])
        )
    return paper, new
