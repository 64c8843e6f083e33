"""Papers: kept once, found by whoever may see them, and proved byte by byte against all that speaks for them."""

import hashlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import asyncpg
import pytest
from sqlalchemy import delete, func, select

from bot import paper as press
from core import audit, certificates, clock, papers, proofs, proposals, signatures
from core.db import Database, Session
from core.errors import Conflict, NotAllowed, NotFound
from core.events import Event, Kind
from core.jobs import Job
from core.papers import DocumentHash, Paper, Rendered
from core.proposals import Version
from core.seals import public_halves
from tests.builders import SEALER, House
from tests.core.test_signatures import offered, signing

NEVER = uuid.UUID(int=7)


@dataclass
class Held:
    """A proposal that was signed, with what its parties hold."""

    house: House
    version: uuid.UUID
    offer: bytes
    signed: bytes


async def set_paper(session: Session, version: Version) -> Paper:
    """The paper of a version, set by the press and kept."""
    document = proposals.parse(version.body)
    rendered = press.render(document, version.sha256.hex(), at=version.sent_at)
    return await papers.keep(session, version.id, "offer", rendered)


async def examined(database: Database, content: bytes) -> proofs.Proof | None:
    return await proofs.examine(database, hashlib.sha256(content).digest())


@pytest.fixture
async def held(database: Database, ada_house: House) -> AsyncIterator[Held]:
    async with database.platform() as session:
        await SEALER.publish(session)
    async with database.transaction(ada_house.id) as session:
        _, version = await offered(session, ada_house, paper=False)
        offer = await set_paper(session, version)
    async with database.transaction(ada_house.id) as session:
        await signing(session, ada_house.clara, version, title="CEO")
    async with database.transaction(ada_house.id) as session:
        certificate = await certificates.gather(session, version.id)
        signed = await papers.certify(session, version.id, press.render_signed(certificate))
    yield Held(ada_house, version.id, offer.pdf, signed.pdf)


async def test_the_signed_copy_is_the_offer_and_its_certificate(held: Held, database: Database) -> None:
    assert held.signed.startswith(held.offer)
    async with database.transaction(held.house.id) as session:
        certificate = await certificates.gather(session, held.version)
        again = press.render_signed(certificate)
        assert again.pdf == held.signed  # whenever it is set, with whatever happened since
        kept = await papers.certify(session, held.version, Rendered("another", b"%PDF another", "by hand"))
        assert kept.pdf == held.signed
        told = list((await session.execute(select(Event).where(Event.kind == Kind.PROPOSAL_CERTIFIED))).scalars())
        assert [event.facts["sha256"] for event in told] == [hashlib.sha256(held.signed).hexdigest()]
        (sworn,) = certificate.sworn
        assert (sworn.name, sworn.title, sworn.company, sworn.method) == ("Clara Chen", "CEO", "Northwind", "slack")
        assert [each.kind for each in certificate.trail][-1] == "proposal.signed"
    async with database.platform() as session:
        mails = (await session.execute(select(Job.payload).where(Job.kind == "paper.mail"))).scalars()
        assert {each["user"] for each in mails} == {str(held.house.clara.user_id), str(held.house.ada.user_id)}


async def test_the_certificate_names_nobody_of_another_client(session: Session, ada_house: House) -> None:
    _, version = await offered(session, ada_house)
    for somebody in (ada_house.gus, ada_house.ben):
        await signatures.refused(session, somebody, version.id, "not_asked", "slack")
    await signing(session, ada_house.clara, version)
    trail = (await certificates.gather(session, version.id)).trail
    assert [each.who for each in trail if each.kind == "proposal.sign_refused"] == ["", "Ben Okafor"]


async def test_a_file_is_known_by_every_byte(held: Held, database: Database) -> None:
    signed = await examined(database, held.signed)
    assert signed is not None
    assert (signed.kind, signed.agency, signed.company, signed.title) == (
        "signed",
        "Studio Ada",
        "Northwind",
        "Website",
    )
    assert [(each.name, each.title, each.company) for each in signed.signers] == [("Clara Chen", "CEO", "Northwind")]
    assert (signed.wrong, signed.complete, signed.latest) == ((), True, True)
    offer = await examined(database, held.offer)
    assert offer is not None
    assert (offer.kind, offer.wrong, offer.complete) == ("offer", (), True)
    for place in (0, len(held.offer) // 2, len(held.signed) - 1):
        changed = bytearray(held.signed)
        changed[place] ^= 1
        assert await examined(database, bytes(changed)) is None
    assert await examined(database, b"") is None


TAMPERED = {
    "a byte of the signed PDF": "UPDATE papers SET pdf = set_byte(pdf, 900, get_byte(pdf, 900) # 1) WHERE kind = 'signed'",
    "a byte of the offer": "UPDATE papers SET pdf = set_byte(pdf, 900, get_byte(pdf, 900) # 1) WHERE kind = 'offer'",
    "PDF and hash of the offer": "UPDATE papers SET pdf = '%PDF', pdf_sha256 = sha256('%PDF') WHERE kind = 'offer'",
    "PDF and hash of the signed copy": "UPDATE papers SET pdf = '%PDF', pdf_sha256 = sha256('%PDF') WHERE kind = 'signed'",
    "the source": "UPDATE papers SET source = source || ' ' WHERE kind = 'offer'",
    "the source of the signed copy": "UPDATE papers SET source = source || ' ' WHERE kind = 'signed'",
    "the text": "UPDATE proposal_versions SET body = replace(body, 'Website', 'Webshop')",
    "the text and its hash": (
        "UPDATE proposal_versions SET body = replace(body, 'Website', 'Webshop'),"
        " sha256 = sha256(convert_to(replace(body, 'Website', 'Webshop'), 'UTF8'))"
    ),
    "a typed name": "UPDATE signatures SET typed_name = 'Dana Flores'",
    "a signature's time": "UPDATE signatures SET signed_at = signed_at - interval '1 day'",
    "the evidence": "UPDATE signatures SET evidence = replace(evidence, 'CEO', 'CTO')",
    "the seal": "UPDATE signatures SET seal = set_byte(seal, 3, get_byte(seal, 3) # 1)",
    "no signature": "DELETE FROM signatures",
    "no offer": "DELETE FROM papers WHERE kind = 'offer'",
    "an event": "UPDATE events SET body = replace(body, 'proposal.sent', 'proposal.seen') WHERE kind = 'proposal.sent'",
    "no certificate's event": "DELETE FROM events WHERE kind = 'proposal.certified'",
}


async def test_whatever_is_changed_behind_our_back_shows(held: Held, database: Database, dsn: str) -> None:
    owner = await asyncpg.connect(dsn)
    try:
        for what, statement in TAMPERED.items():
            await owner.execute("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept")
            tables = ("papers", "proposal_versions", "signatures", "events")
            for table in tables:
                await owner.execute(f"CREATE TABLE kept.{table} AS SELECT * FROM {table}")
            await owner.execute("SET session_replication_role = replica")  # the owner may do anything
            await owner.execute(statement)
            proof = await examined(database, held.signed)
            assert proof is not None, what
            assert proof.wrong, what
            if "signed copy" in what or "signed PDF" in what:
                async with database.transaction(held.house.id) as session:
                    report = await audit.prove(session, await public_halves(session))
                assert [finding.table for finding in report.findings] == ["papers"] * len(report.findings) != [], what
            for table in tables:
                await owner.execute(f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept.{table}")
        await owner.execute("DELETE FROM papers WHERE kind = 'signed'")
        assert await examined(database, held.signed) is None
        await owner.execute(TAMPERED["the text"])
        async with database.transaction(held.house.id) as session:
            with pytest.raises(papers.Changed):
                await papers.certify(session, held.version, Rendered("", held.signed, ""))
            with pytest.raises(papers.Changed):
                await certificates.gather(session, held.version)
    finally:
        await owner.close()


async def test_a_paper_is_kept_once(session: Session, ada_house: House) -> None:
    _, version = await offered(session, ada_house, paper=False)
    assert await papers.offer_of(session, version.id) is None
    first = await set_paper(session, version)
    again = await papers.keep(session, version.id, "offer", Rendered("other", b"%PDF other", "by hand"))
    assert (again.id, again.pdf) == (first.id, first.pdf)
    assert first.pdf_sha256 == hashlib.sha256(first.pdf).digest()
    assert first.source_sha256 == hashlib.sha256(first.source.encode()).digest()
    count = select(func.count()).select_from(DocumentHash).where(DocumentHash.sha256 == first.pdf_sha256)
    assert (await session.execute(count)).scalar_one() == 1
    with pytest.raises(Conflict, match="Not everybody"):
        await certificates.gather(session, version.id)


async def test_what_was_sent_before_there_were_papers_gets_one(session: Session, ada_house: House) -> None:
    _, version = await offered(session, ada_house, paper=False)
    assert await papers.catch_up(session) == 0  # it was asked for when it was sent
    await session.execute(delete(Job).where(Job.kind == "proposal.paper"))
    assert await papers.catch_up(session) == 1
    assert await papers.catch_up(session) == 0
    await set_paper(session, version)
    await session.execute(delete(Job).where(Job.kind == "proposal.paper"))
    assert await papers.catch_up(session) == 0
    await signing(session, ada_house.clara, version)
    assert await papers.catch_up(session) == 0
    await session.execute(delete(Job).where(Job.kind == "proposal.certify"))
    assert await papers.catch_up(session) == 1
    asked = (await session.execute(select(Job).where(Job.kind == "proposal.certify"))).scalar_one()
    assert asked.payload == {"version": str(version.id)}


async def test_papers_are_for_those_who_may_see_the_proposal(session: Session, ada_house: House) -> None:
    _, version = await offered(session, ada_house, paper=False)
    paper = await set_paper(session, version)
    for actor in (ada_house.clara, ada_house.dana, ada_house.ada, ada_house.ben):
        assert (await papers.of_reader(session, actor, str(paper.id))).id == paper.id
    for actor in (ada_house.gus, ada_house.stranger):
        with pytest.raises(NotFound):
            await papers.of_reader(session, actor, paper.id)
    for unknown in ("nonsense", NEVER):
        with pytest.raises(NotFound):
            await papers.of_reader(session, ada_house.clara, unknown)
    listed = await papers.listed(session, [version.proposal_id])
    assert [(each.id, each.number, each.kind) for each in listed[version.proposal_id]] == [(paper.id, 1, "offer")]


async def test_a_personal_link_opens_one_paper_once(session: Session, ada_house: House, moved_clock: object) -> None:
    _, version = await offered(session, ada_house, paper=False)
    paper = await set_paper(session, version)
    with pytest.raises(NotFound):
        await papers.hand(session, ada_house.gus, paper.id)
    with pytest.raises(NotAllowed):
        await papers.hand(session, replace(ada_house.ada, user_id=None), paper.id)
    for actor in (ada_house.clara, ada_house.ben):
        _, token = await papers.hand(session, actor, paper.id)
        link = await papers.opened(session, token)
        assert (await papers.collect(session, link)).id == paper.id  # looking uses nothing up
        assert (await papers.collect(session, await papers.opened(session, token), fetched=True)).pdf == paper.pdf
        with pytest.raises(Conflict):
            await papers.collect(session, link, fetched=True)
        await session.refresh(link)
        with pytest.raises(Conflict, match="has been used"):
            await papers.opened(session, token)
    _, token = await papers.hand(session, ada_house.clara, paper.id)
    clock.move(papers.LINK.total_seconds() + 1)
    with pytest.raises(Conflict, match="has expired"):
        await papers.opened(session, token)
    with pytest.raises(NotFound):
        await papers.opened(session, "no such token")


def test_the_name_of_a_file_is_plain() -> None:
    assert papers.name_of('We “build”; rm -rf / \r\n"x".pdf', 3, "offer") == "we-build-rm-rf-x-pdf-v3.pdf"
    assert papers.name_of("ウェブ", 1, "signed") == "proposal-v1-signed.pdf"
    assert len(papers.name_of("long " * 60, 1, "offer")) < 80
