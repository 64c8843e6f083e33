"""Proving the trail: every event hashed again and compared with its row, its neighbours and what it witnesses."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any

from sqlalchemy import select

from core.audit.sealing import Held, heads_since, of_row
from core.db import Session
from core.events import GENESIS, Event, Head, Kind, link_hash
from core.papers import Paper
from core.proposals import Version, digest
from core.seals import holds
from core.signatures import Signature

AT_ONCE = 2_000
"""Rows read at a time: a trail of millions does not come into memory."""

SLACK = timedelta(seconds=60)
"""How far a row's own time may be from its event's."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was written: which row, and what is wrong with it."""

    table: str
    row: str
    sentence: str


@dataclass
class Report:
    """What was compared, and what was found. `tails` says how far the ends of chains could be proved."""

    events: int = 0
    chains: int = 0
    documents: int = 0
    findings: list[Finding] = field(default_factory=list)
    held: int = 0

    def found(self, table: str, row: object, sentence: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(table, str(row), sentence))


@dataclass
class _Place:
    """Where the reading stands in a chain."""

    chain: uuid.UUID
    seq: int = 0
    hash: bytes = GENESIS


async def prove(session: Session, keys: Mapping[str, bytes], files: Sequence[Held] = ()) -> Report:
    """Compare everything that this organization's trail says with what is there.

    Finds any event that was changed, removed or inserted, by its place and id; versions, papers and signatures that are
    not those that the events name; seals that do not hold. A tail that was cut off together with its head shows only
    against sealed heads: those in the database, and those in `files`, which nobody with the database alone can rewrite.
    """
    report = Report()
    before = {head.chain: head for head in (await session.execute(select(Head))).scalars()}
    held = [*(of_row(each, dict(keys)) for each in await heads_since(session)), *files]
    report.held = len(held)
    for each in held:
        if each.trouble:
            report.found("sealed_heads", f"{each.at:%Y-%m-%d}", f"The heads of {each.at:%-d %b %Y}: {each.trouble}.")
    believed = [each for each in held if not each.trouble]
    wanted = {(chain, seq): tip for each in believed for chain, (seq, tip) in each.heads.items()}
    sent: dict[str, str] = {}
    signed: dict[str, str] = {}
    certified: dict[str, str] = {}
    ends = await _walk(session, report, wanted, sent, signed, certified)
    after = {head.chain: head for head in (await session.execute(select(Head))).scalars()}
    for chain, head in after.items():
        end = ends.get(chain, _Place(chain))
        first = before.get(chain)
        if end.seq < (first.seq if first else 0):
            last = f"its last event is {end.seq}" if end.seq else "there is no event"
            report.found("events", chain, f"Chain {chain} should have {first.seq if first else 0} events, but {last}.")
        elif end.seq > head.seq or (end.seq == head.seq and end.hash != head.hash):
            report.found("chain_heads", chain, f"The head of chain {chain} is not the chain's end (event {end.seq}).")
    for chain in ends.keys() - after.keys():
        report.found("chain_heads", chain, f"Chain {chain} has events, but its head was removed.")
    for (chain, seq), _ in wanted.items():
        report.found("events", chain, f"Chain {chain} was cut: event {seq} was sealed, and it is not there.")
    report.chains = len(ends)
    await _documents(session, report, keys, sent, signed, certified)
    return report


async def _walk(
    session: Session,
    report: Report,
    wanted: dict[tuple[uuid.UUID, int], bytes],
    sent: dict[str, str],
    signed: dict[str, str],
    certified: dict[str, str],
) -> dict[uuid.UUID, _Place]:
    """Read every event in its order; takes from `wanted` each sealed place that was met."""
    ends: dict[uuid.UUID, _Place] = {}
    rows = await session.stream_scalars(
        select(Event).order_by(Event.chain, Event.seq).execution_options(yield_per=AT_ONCE)
    )
    async for event in rows:
        report.events += 1
        place = ends.setdefault(event.chain, _Place(event.chain))
        named = f"Event {event.seq} of chain {event.chain} ({event.kind}, {event.id})"
        if event.seq != place.seq + 1:
            missing = f"{place.seq + 1}" if event.seq == place.seq + 2 else f"{place.seq + 1} to {event.seq - 1}"
            report.found("events", event.chain, f"Chain {event.chain}: event {missing} was removed.")
        elif event.prev_hash != place.hash:
            report.found(
                "events", event.id, f"{named} does not follow the one before it: one of the two is not genuine."
            )
        for told in _differences(event):
            report.found("events", event.id, f"{named} was changed: {told}.")
        sealed = wanted.pop((event.chain, event.seq), None)
        if sealed is not None and sealed != event.hash:
            report.found("events", event.id, f"{named} is not the one that was sealed.")
        if event.kind == Kind.PROPOSAL_SENT:
            sent[str(event.facts.get("version"))] = str(event.facts.get("sha256"))
        if event.kind == Kind.PROPOSAL_SIGNED:
            signed[str(event.facts.get("signature"))] = str(event.facts.get("evidence"))
        if event.kind == Kind.PROPOSAL_CERTIFIED:
            certified[str(event.facts.get("paper"))] = str(event.facts.get("sha256"))
        place.seq, place.hash = event.seq, event.hash
        session.expunge(event)
    return ends


def _differences(event: Event) -> list[str]:
    """What in the row does not agree with its own text and hash."""
    told = []
    if link_hash(event.prev_hash, event.body) != event.hash:
        told.append("its text does not have the hash that is kept with it")
    try:
        body: dict[str, Any] = json.loads(event.body)
        said = {
            "id": body["id"],
            "organization_id": body["organization"],
            "chain": body["chain"],
            "seq": body["seq"],
            "kind": body["kind"],
            "actor_id": body["actor"]["id"],
            "subject": body["subject"],
            "subject_id": body["subject_id"],
            "at": body["at"],
        }
    except (ValueError, KeyError, TypeError):
        return [*told, "its text cannot be read"]
    kept = {
        "id": str(event.id),
        "organization_id": str(event.organization_id),
        "chain": str(event.chain),
        "seq": event.seq,
        "kind": event.kind,
        "actor_id": str(event.actor_id) if event.actor_id else None,
        "subject": event.subject,
        "subject_id": str(event.subject_id),
        "at": event.at.astimezone(UTC).isoformat(),
    }
    told += [
        f"its column {name} says “{kept[name]}”, its text “{said[name]}”" for name in said if said[name] != kept[name]
    ]
    if abs(event.created_at - event.at) > SLACK:
        told.append("its column created_at is not the time at which it happened")
    return told


async def _documents(
    session: Session,
    report: Report,
    keys: Mapping[str, bytes],
    sent: dict[str, str],
    signed: dict[str, str],
    certified: dict[str, str],
) -> None:
    """Versions, papers and signatures against the events that witness them."""
    papers: dict[uuid.UUID, bytes] = {}
    async for paper in await session.stream_scalars(select(Paper).execution_options(yield_per=20)):
        report.documents += 1
        pairs = ((paper.pdf, paper.pdf_sha256, "PDF"), (paper.source.encode(), paper.source_sha256, "source"))
        for body, kept, what in pairs:
            if hashlib.sha256(body).digest() != kept:
                report.found("papers", paper.id, f"The {what} of paper {paper.id} was changed.")
        if paper.kind == "offer":
            papers[paper.version_id] = paper.pdf_sha256
        elif certified.pop(str(paper.id), None) != paper.pdf_sha256.hex():
            report.found("papers", paper.id, f"The signed copy {paper.id} is not the one that was issued.")
    for version in (await session.execute(select(Version).order_by(Version.sent_at))).scalars():
        report.documents += 1
        witnessed = sent.pop(str(version.id), None)
        named = f"Version {version.number} of proposal {version.proposal_id} ({version.id})"
        if witnessed is None:
            report.found("proposal_versions", version.id, f"{named} was inserted: no event tells of it.")
        elif digest(version.body) != version.sha256 or version.sha256.hex() != witnessed:
            report.found("proposal_versions", version.id, f"{named} was changed: it is not the text that was sent.")
    for signature in (await session.execute(select(Signature).order_by(Signature.signed_at))).scalars():
        report.documents += 1
        witnessed = signed.pop(str(signature.id), None)
        named = f"The signature {signature.id} of “{signature.typed_name}”"
        if witnessed is None:
            report.found("signatures", signature.id, f"{named} was inserted: no event tells of it.")
        elif digest(signature.evidence) != signature.evidence_sha256 or signature.evidence_sha256.hex() != witnessed:
            report.found("signatures", signature.id, f"{named} was changed: its evidence is not what was signed.")
        if signature.before_seals:
            continue
        if signature.key_id not in keys:
            report.found("signatures", signature.id, f"{named} is sealed with a key that is not ours.")
        elif not holds(keys[signature.key_id], signature.evidence.encode(), signature.seal):
            report.found("signatures", signature.id, f"{named}: its seal does not hold.")
        if papers.get(signature.version_id, signature.pdf_sha256) != signature.pdf_sha256:
            report.found("papers", signature.version_id, f"The paper of {named[0].lower()}{named[1:]} was replaced.")
    for version_id in sent:
        report.found("proposal_versions", version_id, f"Version {version_id}, which was sent, was removed.")
    for signature_id in signed:
        report.found("signatures", signature_id, f"Signature {signature_id} was removed.")
    for paper_id in certified:
        report.found("papers", paper_id, f"The signed copy {paper_id} was removed.")
