"""Certificates: what is told, behind the pages that were signed, of who signed them, how they were known, and what happened."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core import papers, people, signatures
from core.db import Session
from core.engagements import Engagement
from core.errors import Conflict
from core.events import Event, Kind
from core.papers import Paper
from core.proposals import Document, Proposal, Version, digest, parse
from core.signatures import Signature


@dataclass(frozen=True)
class Sworn:
    """One signature, as its evidence says it."""

    name: str
    title: str
    company: str
    email: str
    countersigner: bool
    method: str
    slack_team: str
    slack_user: str
    address: str
    """The network address it came from, where the face knew it."""
    shown_at: datetime | None
    signed_at: datetime
    timezone: str
    statements: tuple[tuple[str, bool, str, str], ...]
    """What was read or ticked: the name with its version, whether it was ticked, the words, their SHA-256."""
    evidence_sha256: str
    key_id: str
    seal: str


@dataclass(frozen=True)
class Happened:
    """An event of the proposal: what, when, by whom, where in its chain, and the hash that chains it."""

    kind: str
    at: datetime
    who: str
    seq: int
    hash: str


@dataclass(frozen=True)
class Certificate:
    """All that the certificate's pages tell."""

    version_id: uuid.UUID
    version_sha256: str
    offer: Paper
    document: Document
    chosen: tuple[int, ...]
    sworn: tuple[Sworn, ...]
    trail: tuple[Happened, ...]
    completed_at: datetime


async def gather(session: Session, version_id: uuid.UUID) -> Certificate:
    """What is to be certified of a version that everybody has signed; the same however often it is asked for.

    Conflict if its paper is not there, or somebody has not signed; papers.Changed if what is kept is not what they signed.
    """
    version = (await session.execute(select(Version).where(Version.id == version_id))).scalar_one()
    document = parse(version.body)
    offer = await papers.offer_of(session, version_id)
    given = await signatures.of_version(session, version_id)
    if offer is None or {each.user_id for each in given} != {each.user_id for each in document.signers}:
        raise Conflict("Not everybody has signed this version, so there is nothing to certify.")
    shown = {hashlib.sha256(offer.pdf).digest(), offer.pdf_sha256}
    shown |= {each.pdf_sha256 for each in given if not each.before_seals}
    if len(shown) > 1 or {digest(version.body), *(each.document_sha256 for each in given)} != {version.sha256}:
        raise papers.Changed(f"Version {version_id}, as it is kept, is no longer the one that was signed.")
    return Certificate(
        version_id=version_id,
        version_sha256=version.sha256.hex(),
        offer=offer,
        document=document,
        chosen=tuple(given[0].options),
        sworn=tuple(_sworn(each) for each in given),
        trail=await _trail(session, version, given),
        completed_at=max(each.signed_at for each in given),
    )


def _sworn(signature: Signature) -> Sworn:
    said: Mapping[str, Any] = json.loads(signature.evidence)
    signer, facts = said["signer"], said.get("facts", {})
    return Sworn(
        name=signature.typed_name,
        title=signature.typed_title,
        company=signer.get("for") or said.get("for_company", ""),
        email=signer.get("email", ""),
        countersigner=signer.get("side") == "staff",
        method=signature.method,
        slack_team=signature.slack_team_id,
        slack_user=signature.slack_user_id,
        address=str(facts.get("ip") or facts.get("address") or ""),
        shown_at=signature.shown_at,
        signed_at=signature.signed_at,
        timezone=said.get("timezone") or "UTC",
        statements=tuple(
            (f"{each['name']}, version {each['version']}", each["ticked"], each["text"], each.get("sha256", ""))
            for each in said["statements"]
        ),
        evidence_sha256=signature.evidence_sha256.hex(),
        key_id=signature.key_id,
        seal=signature.seal.hex(),
    )


async def _trail(session: Session, version: Version, given: Sequence[Signature]) -> tuple[Happened, ...]:
    """The events of the proposal up to the last signature: what came after it is not what was signed."""
    query = select(Event).where(Event.subject_id == version.proposal_id, Event.subject == "proposal")
    events = list((await session.execute(query.order_by(Event.seq))).scalars())
    own = {str(each.id) for each in given}
    last = max(
        (e.seq for e in events if e.kind == Kind.PROPOSAL_SIGNED and e.facts.get("signature") in own),
        default=events[-1].seq if events else 0,
    )
    events = [event for event in events if event.seq <= last]
    home = (
        select(Engagement.company_id)
        .join(Proposal, Proposal.engagement_id == Engagement.id)
        .where(Proposal.id == version.proposal_id)
    )
    company = (await session.execute(home)).scalar_one()
    known = {
        key: user
        for key, user in (await people.get(session, [event.actor_id for event in events if event.actor_id])).items()
        # Another client who tried to sign it stands in the trail, and by name only there: this goes to every party.
        if user.side == "staff" or user.company_id == company
    }
    return tuple(
        Happened(
            event.kind,
            event.at,
            known[event.actor_id].name if event.actor_id in known else "",
            event.seq,
            event.hash.hex(),
        )
        for event in events
    )
