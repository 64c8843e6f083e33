"""Proofs: whether a file is a paper of ours, byte for byte, and whether all that speaks for it still holds."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core import papers, signatures
from core.db import Database, Session
from core.events import GENESIS, Event, Head, Kind, link_hash
from core.papers import DocumentHash, Paper
from core.proposals import Proposal, Version, digest, parse
from core.seals import public_halves


@dataclass(frozen=True)
class Signer:
    """Who signed: the name that they typed, their title, for whom, and when."""

    name: str
    title: str
    company: str
    signed_at: datetime


@dataclass(frozen=True)
class Proof:
    """What a file is. `wrong` says what does not hold, a sentence each; nothing if everything does."""

    kind: str
    """`offer` is what was sent to be signed; `signed` is the same with its certificate."""
    agency: str
    company: str
    title: str
    number: int
    sent_at: datetime
    signers: tuple[Signer, ...]
    latest: bool
    """Whether no later version of the proposal was sent."""
    complete: bool
    """Whether everybody has signed this version."""
    wrong: tuple[str, ...]


async def examine(db: Database, sha256: bytes) -> Proof | None:
    """What a file is that somebody holds, by the SHA-256 of its bytes; None if we did not issue these."""
    async with db.platform() as session:
        found = await papers.by_hash(session, sha256)
        keys = await public_halves(session) if found else {}
    if found is None:
        return None
    async with db.moment(found.organization_id) as session:
        return await prove(session, found, keys)


async def prove(session: Session, found: DocumentHash, keys: Mapping[str, bytes]) -> Proof | None:
    """The proof of a file whose hash is known, inside its organization. None if the paper was removed since."""
    paper = (await session.execute(select(Paper).where(Paper.id == found.paper_id))).scalar_one_or_none()
    if paper is None:
        return None
    version = (await session.execute(select(Version).where(Version.id == paper.version_id))).scalar_one()
    proposal = (await session.execute(select(Proposal).where(Proposal.id == version.proposal_id))).scalar_one()
    document, given = parse(version.body), await signatures.of_version(session, version.id)
    offer = paper if paper.kind == "offer" else await papers.offer_of(session, version.id)
    wrong = [*_bytes(paper, found.sha256), *_text(version)]
    if offer is None:
        wrong.append("The pages that were signed are no longer kept here.")
    else:
        if offer is not paper:
            wrong += [*_bytes(offer), *([] if paper.pdf.startswith(offer.pdf) else [PAGES])]
        for signature in given:
            for each in signatures.check(signature, version, offer, keys):
                wrong.append(f"The signature of {signature.typed_name}: {each}")
    complete = {each.user_id for each in document.signers} == {each.user_id for each in given}
    if paper.kind == "signed" and not complete:
        wrong.append("Signatures that it names are no longer kept here.")
    wrong += await _witnessed(session, proposal.engagement_id, paper, version, given)
    newest = select(Version.number).where(Version.proposal_id == proposal.id).order_by(Version.number.desc()).limit(1)
    return Proof(
        kind=paper.kind,
        agency=document.agency,
        company=document.company,
        title=document.title,
        number=version.number,
        sent_at=version.sent_at,
        signers=tuple(_signer(each) for each in given),
        latest=(await session.execute(newest)).scalar_one() == version.number,
        complete=complete,
        wrong=tuple(dict.fromkeys(wrong)),
    )


PAGES = "Its first pages are not the ones that were sent to be signed."


def _signer(signature: signatures.Signature) -> Signer:
    try:
        company = str(json.loads(signature.evidence)["signer"]["for"])
    except (ValueError, KeyError, TypeError):
        company = ""  # the evidence was tampered with, which the proof tells by itself
    return Signer(signature.typed_name, signature.typed_title, company, signature.signed_at)


def _bytes(paper: Paper, sha256: bytes | None = None) -> list[str]:
    """What does not hold of the stored paper: its bytes against its hash and, where a file is asked for, against that's."""
    what = "signed copy" if paper.kind == "signed" else "document that was sent"
    wrong = []
    kept = hashlib.sha256(paper.pdf).digest()
    if kept != paper.pdf_sha256 or (sha256 is not None and sha256 != kept):
        wrong.append(f"The {what}, as it is kept here, was changed since: it is not the file that was issued.")
    if hashlib.sha256(paper.source.encode()).digest() != paper.source_sha256:
        wrong.append(f"The text that the {what} was set from was changed since.")
    return wrong


def _text(version: Version) -> list[str]:
    return [] if digest(version.body) == version.sha256 else ["The text of this version was changed since it was sent."]


async def _witnessed(
    session: Session, chain: uuid.UUID, paper: Paper, version: Version, given: list[signatures.Signature]
) -> list[str]:
    """What the engagement's trail says of it, and whether that trail is whole."""
    whole, seq, tip = True, 0, GENESIS
    facts: dict[str, list[Mapping[str, Any]]] = {}
    # Some at a time: a long chain would outlast the time that the page has for one statement.
    links = select(Event.seq, Event.prev_hash, Event.hash, Event.body).where(Event.chain == chain).order_by(Event.seq)
    async for event in await session.stream(links.execution_options(yield_per=2_000)):
        whole = whole and event.seq == seq + 1 and event.prev_hash == tip
        whole = whole and link_hash(event.prev_hash, event.body) == event.hash
        seq, tip = event.seq, event.hash
        try:
            body = json.loads(event.body)
            facts.setdefault(body["kind"], []).append(body["facts"])
        except (ValueError, KeyError, TypeError):
            whole = False
    head = (await session.execute(select(Head).where(Head.chain == chain))).scalar_one_or_none()
    whole = whole and head is not None and (head.seq, head.hash) == (seq, tip)
    wrong = [] if whole else ["The trail of events of this engagement is not whole: `audit verify` says where."]
    sent = {str(each.get("version")): each.get("sha256") for each in facts.get(Kind.PROPOSAL_SENT, [])}
    if sent.get(str(version.id)) != version.sha256.hex():
        wrong.append("The trail does not tell that this text was sent.")
    signed = {str(each.get("signature")): each.get("evidence") for each in facts.get(Kind.PROPOSAL_SIGNED, [])}
    for signature in given:
        if signed.get(str(signature.id)) != signature.evidence_sha256.hex():
            wrong.append(f"The trail does not tell of this signature of {signature.typed_name}.")
    certified = {each.get("paper"): each.get("sha256") for each in facts.get(Kind.PROPOSAL_CERTIFIED, [])}
    if paper.kind == "signed" and certified.get(str(paper.id)) != paper.pdf_sha256.hex():
        wrong.append("The trail does not tell that this signed copy was issued.")
    return wrong
