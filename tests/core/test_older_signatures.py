"""Signatures from before there were seals and papers: they hold as what they are, and whoever forges one is found."""

import hashlib
from datetime import UTC

import pytest
from sqlalchemy import select, update

from core import audit, certificates, clock, events, papers, proofs, signatures
from core.db import Session
from core.events import Kind
from core.proposals import Signer, Version, parse
from core.signatures import Signature
from tests.builders import SEALER, House
from tests.core.test_signatures import offered, signing

KEYS = {SEALER.key_id: SEALER.public}


async def half_signed(session: Session, house: House) -> tuple[Version, Signature]:
    """A version for Clara and Dana, that Clara signed in the first format."""
    both = [house.clara.user_id, house.dana.user_id]
    proposal, version = await offered(session, house, signer_ids=both)
    document, now = parse(version.body), clock.now()
    evidence = events.canonical(
        {
            "format": 1,
            "proposal": str(proposal.id),
            "version": str(version.id),
            "document_sha256": version.sha256.hex(),
            "total_minor": document.total.minor,
            "currency": "USD",
            "signer": {
                "user": str(house.clara.user_id),
                "known_as": "Clara Chen",
                "typed_name": "Clara Chen",
                "typed_title": "",
            },
            "for_company": "Northwind",
            "statements": [{"name": "agree", "version": 1, "text": "I agree.", "ticked": True}],
            "method": "slack",
            "slack": {"team": "", "user": "U0CLARA"},
            "shown_at": None,
            "signed_at": now.astimezone(UTC).isoformat(),
            "timezone": "Europe/London",
            "request": {},
        }
    )
    # As the columns came to be when there were such things: empty.
    signature = Signature(
        organization_id=house.id,
        proposal_id=proposal.id,
        version_id=version.id,
        user_id=house.clara.user_id,
        document_sha256=version.sha256,
        total_minor=document.total.minor,
        currency="USD",
        typed_name="Clara Chen",
        typed_title="",
        method="slack",
        slack_user_id="U0CLARA",
        evidence=evidence,
        evidence_sha256=hashlib.sha256(evidence.encode()).digest(),
        signed_at=now,
        pdf_sha256=b"",
        options=[],
        key_id="",
        seal=b"",
    )
    session.add(signature)
    marked = update(Signer).where(Signer.proposal_id == proposal.id, Signer.user_id == house.clara.user_id)
    await session.execute(marked.values(signed_at=now))
    await session.flush()
    await events.record(
        session,
        house.clara,
        Kind.PROPOSAL_SIGNED,
        "proposal",
        proposal.id,
        engagement_id=house.engagement.id,
        signature=str(signature.id),
        version=str(version.id),
        sha256=version.sha256.hex(),
        evidence=signature.evidence_sha256.hex(),
        last=False,
    )
    return version, signature


async def test_the_next_signer_signs_and_all_of_it_can_be_proved(session: Session, ada_house: House) -> None:
    version, older = await half_signed(session, ada_house)
    assert (await signing(session, ada_house.dana, version, typed_name="Dana Flores")).last
    certificate = await certificates.gather(session, version.id)
    assert [(each.name, each.company, bool(each.seal)) for each in certificate.sworn] == [
        ("Clara Chen", "Northwind", False),
        ("Dana Flores", "Northwind", True),
    ]
    offer = await papers.offer_of(session, version.id)
    assert offer is not None
    assert signatures.check(older, version, offer, KEYS) == []
    assert (await audit.prove(session, KEYS)).findings == []
    whose = (await session.execute(select(papers.DocumentHash).where(papers.DocumentHash.paper_id == offer.id))).first()
    known = papers.DocumentHash(sha256=offer.pdf_sha256, organization_id=ada_house.id, paper_id=offer.id, kind="offer")
    assert whose is None  # made by hand
    proof = await proofs.prove(session, known, KEYS)
    assert proof is not None
    assert (proof.wrong, proof.complete) == ((), True)


@pytest.mark.parametrize("column", ["typed_name", "total_minor", "signed_at", "key_id", "document_sha256"])
async def test_a_column_that_was_changed_is_named(session: Session, ada_house: House, column: str) -> None:
    version, older = await half_signed(session, ada_house)
    offer = await papers.offer_of(session, version.id)
    assert offer is not None
    session.expunge(older)
    value = {
        "typed_name": "Eve",
        "total_minor": 1,
        "signed_at": version.sent_at,
        "key_id": "x",
        "document_sha256": b"x",
    }
    setattr(older, column, value[column])
    found = signatures.check(older, version, offer, KEYS)
    assert [each.partition(":")[0] for each in found] == ["seal" if column == "key_id" else column]


async def test_a_sealed_signature_cannot_pass_for_an_older_one(session: Session, ada_house: House) -> None:
    _, version = await offered(session, ada_house)
    signature = (await signing(session, ada_house.clara, version)).signature
    forged = signature.evidence.replace('"format":2', '"format":1')
    values = {
        "evidence": forged,
        "evidence_sha256": hashlib.sha256(forged.encode()).digest(),
        "seal": b"",
        "key_id": "",
    }
    for name, value in values.items():
        setattr(signature, name, value)
    with session.no_autoflush:
        assert signature.before_seals
        offer = (await session.execute(select(papers.Paper).where(papers.Paper.version_id == version.id))).scalar_one()
        assert signatures.check(signature, version, offer, KEYS)
    session.expunge(signature)
