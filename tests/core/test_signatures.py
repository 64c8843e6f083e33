"""Signing: every refusal changes nothing, and the last signature brings about exactly one of everything."""

import asyncio
import json
import uuid
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from core import clock, contracts, invoices, orders, projects, proposals, signatures
from core.db import Database, Session
from core.engagements import Engagement
from core.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from core.events import Event
from core.people import Actor
from core.proposals import Proposal, Version
from core.signatures import Signature, Signed, sign
from tests.builders import House
from tests.core.test_proposals import a_draft, a_sent, kinds

BOTH = ("electronic", "agree")


async def offered(session: Session, house: House, **given: object) -> tuple[Proposal, Version]:
    proposal = await a_sent(session, house, **given)
    return proposal, (await proposals.latest(session, [proposal.id]))[proposal.id]


async def signing(session: Session, actor: Actor, version: Version, **given: object) -> Signed:
    asked: dict[str, object] = {
        "typed_name": "Clara Chen",
        "ticks": BOTH,
        "shown_sha256": version.sha256.hex(),
        **given,
    }
    return await sign(session, actor, version.id, **asked)  # type: ignore[arg-type]


async def refused(session: Session, actor: Actor, version: Version, kind: type[Refusal], **given: object) -> Refusal:
    """The refusal of a signing, after which nothing has changed."""
    before = [
        (await session.execute(select(func.count()).select_from(table))).scalar_one() for table in (Event, Signature)
    ]
    with pytest.raises(kind) as refusal:
        await signing(session, actor, version, **given)
    await session.flush()
    after = [
        (await session.execute(select(func.count()).select_from(table))).scalar_one() for table in (Event, Signature)
    ]
    assert before == after
    assert await orders.of_engagement(session, version_house(session, version)) == []
    return refusal.value


def version_house(session: Session, version: Version) -> uuid.UUID:
    return uuid.UUID(json.loads(version.body)["engagement"]["id"])


async def test_the_last_signature_makes_one_of_everything(session: Session, ada_house: House) -> None:
    proposal, version = await offered(session, ada_house)
    shown_at = clock.now()
    done = await signing(session, ada_house.clara, version, title="CEO", shown_at=shown_at, facts={"view": "V1"})
    assert done.last
    assert proposal.status == "signed"
    (order,) = await orders.of_engagement(session, ada_house.engagement.id)
    assert (order.title, order.total.minor, order.proposal_id) == ("Website", 228_000, proposal.id)
    lines = await orders.lines_of(session, [order.id])
    assert [(line.title, line.quantity, line.amount.minor) for line in lines] == [
        ("SEO audit", 2, 180_000),
        ("Hosting", 12, 48_000),
    ]
    (project,) = await projects.of_engagement(session, ada_house.engagement.id)
    assert (project.title, project.phase, project.order_line_id) == ("SEO audit", "kickoff", lines[0].id)
    (contract,) = await contracts.of_engagement(session, ada_house.engagement.id)
    assert (contract.company_id, contract.proposal_id, contract.signed_at) == (
        ada_house.company.id,
        proposal.id,
        done.signature.signed_at,
    )
    (invoice,) = await invoices.of_engagement(session, ada_house.engagement.id)
    assert (invoice.status, invoice.total.minor, invoice.order_id) == ("draft", 228_000, order.id)
    engagement = (
        await session.execute(select(Engagement).where(Engagement.id == ada_house.engagement.id))
    ).scalar_one()
    assert engagement.stage == "processing"
    happened = list(
        (await session.execute(select(Event.kind).where(Event.chain == engagement.id).order_by(Event.seq))).scalars()
    )
    assert happened[-5:] == [
        "proposal.signed",
        "order.made",
        "project.started",
        "invoice.drafted",
        "engagement.stage_passed",
    ]


async def test_the_evidence_says_who_saw_and_agreed_to_what(session: Session, ada_house: House) -> None:
    _, version = await offered(session, ada_house)
    done = await signing(
        session, ada_house.clara, version, typed_name=" Clara  Chen ", title="CEO", facts={"view": "V1"}
    )
    kept = json.loads(done.signature.evidence)
    assert done.signature.document_sha256 == proposals.digest(version.body)
    assert done.signature.evidence_sha256 == proposals.digest(done.signature.evidence)
    assert kept["document_sha256"] == version.sha256.hex()
    assert kept["signer"]["typed_name"] == done.signature.typed_name == "Clara Chen"
    assert [each["text"] for each in kept["statements"]] == [
        "I agree to sign this electronically.",
        "I agree to this proposal and may sign for Northwind.",
    ]
    assert kept["slack"]["user"] == done.signature.slack_user_id == "U0CLARA"
    assert (kept["request"], kept["total_minor"], kept["currency"]) == ({"view": "V1"}, 228_000, "USD")


async def test_a_second_press_is_told_kindly(session: Session, ada_house: House) -> None:
    proposal, version = await offered(session, ada_house)
    await signing(session, ada_house.clara, version)
    with pytest.raises(Conflict) as again:
        await signing(session, ada_house.clara, version)
    assert again.value.sentence.startswith("You signed this on")
    assert again.value.way is not None
    assert again.value.way.action == "page.open"
    with pytest.raises(Conflict) as late:
        await signing(session, ada_house.dana, version)
    assert "was signed" in late.value.sentence
    with pytest.raises(Conflict):
        await proposals.withdraw(session, ada_house.ada, proposal.id, reason="Too late")


async def test_others_than_the_signers_do_not_sign(session: Session, ada_house: House) -> None:
    _, version = await offered(session, ada_house)
    told = await refused(session, ada_house.dana, version, NotAllowed)
    assert (told.sentence, told.way and told.way.label) == ("This one is for Clara to sign.", "Tell Clara")
    assert (await refused(session, ada_house.ada, version, NotAllowed)).sentence == "Signing is for the client."
    await refused(session, ada_house.gus, version, NotFound)
    await refused(session, ada_house.stranger, version, NotFound)
    for wrong in ("", "42", str(uuid.uuid4())):
        with pytest.raises(NotFound):
            await sign(session, ada_house.clara, wrong, typed_name="C", ticks=BOTH, shown_sha256="")


async def test_a_blank_name_or_a_missing_tick_is_asked_for(session: Session, ada_house: House) -> None:
    _, version = await offered(session, ada_house)
    for given, field in (
        ({"typed_name": "   "}, "name"),
        ({"ticks": ("agree",)}, "electronic"),
        ({"ticks": ("electronic",)}, "agree"),
    ):
        refusal = await refused(session, ada_house.clara, version, Invalid, **given)
        assert isinstance(refusal, Invalid)
        assert refusal.field == field


async def test_what_was_shown_must_be_what_is_stored(session: Session, ada_house: House) -> None:
    _, version = await offered(session, ada_house)
    told = await refused(session, ada_house.clara, version, Conflict, shown_sha256="00" * 32)
    assert told.way is not None
    assert told.way.action == "proposal.review"


async def test_a_text_that_was_changed_behind_our_back_is_not_signed(
    database: Database, ada_house: House, dsn: str
) -> None:
    async with database.transaction(ada_house.id) as session:
        _, version = await offered(session, ada_house)
    owner = Database(dsn, role=None, pool_size=1)
    async with owner.platform() as session:
        await session.execute(text("UPDATE proposal_versions SET body = replace(body, '228000', '128000')"))
    await owner.close()
    async with database.transaction(ada_house.id) as session:
        told = await refused(session, ada_house.clara, version, Conflict)
    assert "no longer the one that was sent" in told.sentence


async def test_what_has_ended_is_not_signed(session: Session, ada_house: House, moved_clock: Path) -> None:
    withdrawn, first = await offered(session, ada_house)
    await proposals.withdraw(session, ada_house.ada, withdrawn.id, reason="Mistake")
    assert "withdrew" in (await refused(session, ada_house.clara, first, Conflict)).sentence
    declined, second = await offered(session, ada_house)
    await proposals.decline(session, ada_house.clara, declined.id, reason="No")
    assert "declined" in (await refused(session, ada_house.clara, second, Conflict)).sentence
    late, third = await offered(session, ada_house)
    clock.move(15 * 86_400)
    told = await refused(session, ada_house.clara, third, Conflict)
    assert late.status == "sent"
    assert "was valid until" in told.sentence
    assert (told.way and told.way.label) == "Ask for a new date"


async def test_an_older_version_is_superseded(session: Session, ada_house: House) -> None:
    proposal, version = await offered(session, ada_house)
    session.add(
        Version(
            organization_id=ada_house.id,
            proposal_id=proposal.id,
            number=2,
            body=version.body,
            sha256=version.sha256,
            sent_at=clock.now(),
        )
    )
    await session.flush()
    told = await refused(session, ada_house.clara, version, Conflict)
    assert (told.way and told.way.label) == "See the new one"


async def test_with_two_signers_the_last_one_decides(session: Session, ada_house: House) -> None:
    proposal, version = await offered(session, ada_house, signer_ids=[ada_house.clara.user_id, ada_house.dana.user_id])
    assert not (await signing(session, ada_house.clara, version)).last
    assert proposal.status == "sent"
    assert await orders.of_engagement(session, ada_house.engagement.id) == []
    with pytest.raises(Conflict) as again:
        await signing(session, ada_house.clara, version)
    assert "It waits for Dana now" in again.value.sentence
    assert (await signing(session, ada_house.dana, version, typed_name="Dana Flores")).last
    assert len(await orders.of_engagement(session, ada_house.engagement.id)) == 1
    assert (await kinds(session, ada_house)).count("proposal.signed") == 2
    assert len(await signatures.of_proposal(session, proposal.id)) == 2


async def test_one_no_stops_the_other_signers(session: Session, ada_house: House) -> None:
    proposal, version = await offered(session, ada_house, signer_ids=[ada_house.clara.user_id, ada_house.dana.user_id])
    await signing(session, ada_house.clara, version)
    with pytest.raises(Conflict):
        await proposals.decline(session, ada_house.clara, proposal.id, reason="Not so")
    await proposals.decline(session, ada_house.dana, proposal.id, reason="Too dear")
    with pytest.raises(Conflict):
        await signing(session, ada_house.dana, version)
    assert await orders.of_engagement(session, ada_house.engagement.id) == []


async def test_a_free_proposal_asks_for_no_money(session: Session, ada_house: House) -> None:
    items = proposals.read("First talk, 0", "USD")
    _, version = await offered(session, ada_house, items=items)
    await signing(session, ada_house.clara, version)
    assert await invoices.of_engagement(session, ada_house.engagement.id) == []
    assert len(await projects.of_engagement(session, ada_house.engagement.id)) == 1


async def test_a_draft_has_nothing_to_sign(session: Session, ada_house: House) -> None:
    draft = await a_draft(session, ada_house)
    assert await proposals.latest(session, [draft.id]) == {}


async def test_fifty_signings_at_once_give_one_of_everything(database: Database, ada_house: House) -> None:
    async with database.transaction(ada_house.id) as session:
        _, version = await offered(session, ada_house)

    async def press() -> str:
        try:
            async with database.transaction(ada_house.id) as session:
                await signing(session, ada_house.clara, version)
        except Conflict as refusal:
            return refusal.sentence
        return "signed"

    said = await asyncio.gather(*(press() for _ in range(50)))
    assert said.count("signed") == 1
    assert sum(each.startswith("You signed this on") for each in said) == 49
    async with database.transaction(ada_house.id) as session:
        engagement_id = ada_house.engagement.id
        for found in (
            await orders.of_engagement(session, engagement_id),
            await projects.of_engagement(session, engagement_id),
            await contracts.of_engagement(session, engagement_id),
            await invoices.of_engagement(session, engagement_id),
            await signatures.of_proposal(session, version.proposal_id),
        ):
            assert len(found) == 1
        assert (await kinds(session, ada_house)).count("proposal.signed") == 1
