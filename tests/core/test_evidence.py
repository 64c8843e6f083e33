"""The evidence of a signature: what it holds, and that whatever is changed behind our back is found and named."""

import base64
import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import inspect, select

from core import clock, events, seals, signatures
from core.db import Database, Session
from core.papers import Paper
from core.proposals import Version, digest
from core.seals import Sealer
from core.signatures import Request, Signature
from tests.builders import SEALER, House
from tests.core.test_signatures import offered, signing

REQUEST = Request(b"payload=%7B%22type%22%3A%22view_submission%22%7D", '{"x-slack-signature": "v0=1"}', "Slack")
OLDER = Sealer(base64.b64encode(b"an older key that was replaced  ").decode())


async def signed(session: Session, house: House, **given: object) -> tuple[Signature, Version, Paper]:
    _, version = await offered(session, house, **given.pop("offer", {}))  # type: ignore[arg-type]
    asked = {"title": "CEO", "request": REQUEST, "shown_at": clock.now() - timedelta(minutes=2), **given}
    done = await signing(session, house.clara, version, typed_name=" Clara  Chen ", **asked)
    paper = (await session.execute(select(Paper).where(Paper.version_id == version.id))).scalar_one()
    return done.signature, version, paper


async def test_the_evidence_says_who_saw_and_agreed_to_what(session: Session, ada_house: House) -> None:
    facts = {"ip": "192.0.2.7", "user_agent": "Firefox", "app_version": "0.1.0"}
    given = {"optional": (1,)}
    signature, version, paper = await signed(session, ada_house, offer=given, options=[1], method="mail", facts=facts)
    kept = json.loads(signature.evidence)
    assert signature.evidence == events.canonical(kept)
    assert signature.evidence_sha256 == digest(signature.evidence)
    assert seals.holds(SEALER.public, signature.evidence.encode(), signature.seal)
    assert kept["version"] == {"id": str(version.id), "number": 1, "sha256": digest(version.body).hex()}
    assert kept["paper"] == {"id": str(paper.id), "sha256": hashlib.sha256(paper.pdf).hexdigest()}
    assert (kept["options"], kept["chosen"]) == ([1], ["Hosting"])
    assert (kept["total_minor"], kept["currency"], kept["due_on_signing_minor"]) == (228_000, "USD", 228_000)
    assert kept["signer"] == {
        "user": str(ada_house.clara.user_id),
        "side": "client",
        "known_as": "Clara Chen",
        "email": "clara@northwind.example",
        "typed_name": "Clara Chen",
        "typed_title": "CEO",
        "for": "Northwind",
    }
    said = {each["name"]: each for each in kept["statements"]}
    assert [(name, each["says"], each["ticked"]) for name, each in said.items()] == [
        ("disclosure", ["disclosure"], False),
        ("electronic", ["consent"], True),
        ("agree", ["intent", "authority"], True),
    ]
    assert said["agree"]["text"] == "I agree to this proposal and may sign for Northwind."
    assert all(each["sha256"] == hashlib.sha256(each["text"].encode()).hexdigest() for each in said.values())
    assert all(each["version"] == 1 for each in said.values())
    assert (said["disclosure"]["ticked_at"], said["agree"]["ticked_at"]) == (None, kept["signed_at"])
    assert "Studio Ada" in said["disclosure"]["text"]
    assert (kept["method"], kept["slack"]) == ("mail", {"team": "", "user": "U0CLARA"})
    assert (kept["facts"], kept["key"]) == (facts, SEALER.key_id)
    assert kept["request"] == {
        "sha256": hashlib.sha256(REQUEST.body).hexdigest(),
        "headers": REQUEST.headers,
        "signed_by": "Slack",
    }
    assert (kept["signed_at"], kept["timezone"]) == (signature.signed_at.isoformat(), ada_house.clara.timezone)
    assert datetime.fromisoformat(kept["signed_at_there"]) == signature.signed_at
    assert kept["shown_at"] < kept["signed_at"]
    assert signature.request_body == REQUEST.body


def forged(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:] if value else b"x"
    if isinstance(value, uuid.UUID):
        return uuid.uuid4()
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if isinstance(value, list):
        return [*value, 7]
    return f"{value}x" if value is not None else clock.now()


def copy_of(row: Any, **changed: object) -> Any:
    """The row as it stands, with some columns forged; in no session."""
    columns = [column.key for column in inspect(type(row)).column_attrs]
    return type(row)(**{**{name: getattr(row, name) for name in columns}, **changed})


async def test_whatever_is_changed_in_a_signature_is_found_and_named(session: Session, ada_house: House) -> None:
    signature, version, paper = await signed(session, ada_house)
    keys = {SEALER.key_id: SEALER.public}
    assert signatures.check(signature, version, paper, keys) == []
    for column in inspect(Signature).column_attrs:
        value = forged(getattr(signature, column.key))
        found = signatures.check(copy_of(signature, **{column.key: value}), version, paper, keys)
        named = [each for each in found if each.startswith((f"{column.key}:", "seal:", "evidence"))]
        assert named, f"{column.key} can be changed and nobody sees it: {found}"
        if column.key not in ("evidence", "seal"):
            assert any(each.startswith(f"{column.key}:") for each in found), (column.key, found)


def inner(value: Any, path: tuple[str | int, ...] = ()) -> Sequence[tuple[str | int, ...]]:
    """The way to each leaf of the evidence."""
    if isinstance(value, dict):
        return [leaf for name, each in value.items() for leaf in inner(each, (*path, name))]
    if isinstance(value, list) and value:
        return [leaf for name, each in enumerate(value) for leaf in inner(each, (*path, name))]
    return [path]


async def test_whatever_is_changed_in_the_evidence_breaks_its_seal(session: Session, ada_house: House) -> None:
    signature, version, paper = await signed(session, ada_house, offer={"optional": (1,)}, options=[1])
    keys = {SEALER.key_id: SEALER.public}
    leaves = inner(json.loads(signature.evidence))
    assert len(leaves) > 40
    for path in leaves:
        kept = json.loads(signature.evidence)
        place = kept
        for step in path[:-1]:
            place = place[step]
        was = place[path[-1]]
        place[path[-1]] = "x" if was is None else forged(was)
        evidence = events.canonical(kept)
        forgery = copy_of(signature, evidence=evidence, evidence_sha256=digest(evidence))
        assert any(each.startswith("seal:") for each in signatures.check(forgery, version, paper, keys)), path
    for broken in ("", "[]", "{}", '{"signer": 1}', signature.evidence[:-1]):
        assert len(signatures.check(copy_of(signature, evidence=broken), version, paper, keys)) >= 2


async def test_another_text_or_another_pdf_is_found(session: Session, ada_house: House) -> None:
    signature, version, paper = await signed(session, ada_house)
    keys = {SEALER.key_id: SEALER.public}
    cheaper = version.body.replace("90000", "10000")
    assert cheaper != version.body

    def found(version: Version = version, paper: Paper = paper) -> list[str]:
        return [each.partition(":")[0] for each in signatures.check(signature, version, paper, keys)]

    assert found(version=copy_of(version, body=cheaper)) == ["text", "version"]
    assert found(version=copy_of(version, body=cheaper, sha256=digest(cheaper))) == ["text"]
    assert found(version=copy_of(version, number=2)) == ["version"]
    assert found(paper=copy_of(paper, pdf=b"%PDF other")) == ["pdf", "paper"]
    other = {"pdf": b"%PDF other", "pdf_sha256": hashlib.sha256(b"%PDF other").digest()}
    assert found(paper=copy_of(paper, **other)) == ["pdf"]
    assert found(paper=copy_of(paper, kind="signed")) == ["paper"]
    assert found(paper=copy_of(paper, source="Other words")) == ["paper"]
    assert found(paper=copy_of(paper, id=uuid.uuid4())) == ["paper"]


async def test_a_key_that_was_replaced_still_proves_what_it_sealed(database: Database, ada_house: House) -> None:
    for sealer in (OLDER, SEALER, OLDER):
        async with database.platform() as session:
            await sealer.publish(session)
    async with database.transaction(ada_house.id) as session:
        older = await signed(session, ada_house, sealer=OLDER)
        newer = await signed(session, ada_house)
        session.expunge_all()
    async with database.platform() as session:
        keys = await seals.public_halves(session)
    assert keys == {OLDER.key_id: OLDER.public, SEALER.key_id: SEALER.public}
    async with database.transaction(ada_house.id) as session:
        for signature, version, paper in (older, newer):
            kept = (await session.execute(select(Signature).where(Signature.id == signature.id))).scalar_one()
            assert signatures.check(kept, version, paper, keys) == []
    found = signatures.check(older[0], *older[1:], {SEALER.key_id: SEALER.public})
    assert found == [f"key_id: the key {OLDER.key_id} is not known here."]
    swapped = copy_of(older[0], key_id=SEALER.key_id)
    assert [each.partition(":")[0] for each in signatures.check(swapped, *older[1:], keys)] == ["seal", "key_id"]


@pytest.mark.parametrize("wrong", ["", "c2hvcnQ=", "no base64 at all!", "a" * 64])
def test_a_key_that_is_none_is_refused_with_the_way_to_make_one(wrong: str) -> None:
    with pytest.raises(ValueError, match="openssl rand -base64 32"):
        Sealer(wrong)
