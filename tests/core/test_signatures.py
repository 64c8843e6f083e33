"""Signing: every refusal changes nothing, and the last signature brings about exactly one of everything."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from core import clock, contracts, events, invoices, orders, projects, proposals, signatures
from core.db import Base, Database, Session
from core.engagements import Engagement
from core.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from core.events import Event
from core.jobs import Job
from core.people import Actor
from core.proposals import Item, Proposal, Signer, Version
from core.signatures import Signature, Signed, sign
from tests.builders import SEALER, House, house, papered
from tests.core.test_proposals import AUDIT, HOSTING, a_draft, kinds

BOTH = ("electronic", "agree")


async def offered(
    session: Session,
    house: House,
    *,
    optional: Sequence[int] = (),
    in_order: bool = False,
    countersigner: uuid.UUID | None = None,
    paper: bool = True,
    **given: object,
) -> tuple[Proposal, Version]:
    """A proposal that was sent, with its paper; some of its items are optional, and one of ours signs last."""
    proposal = await a_draft(session, house, **given)
    proposal.in_order = in_order
    items = (await session.execute(select(Item).where(Item.proposal_id == proposal.id))).scalars()
    for item in items:
        item.optional = item.position in optional
    if countersigner:
        ours = {"user_id": countersigner, "position": 90, "side": "staff"}
        session.add(Signer(organization_id=house.id, proposal_id=proposal.id, **ours))
    await session.flush()
    await proposals.send(session, house.ada, proposal.id)
    version = (await proposals.latest(session, [proposal.id]))[proposal.id]
    if paper:
        await papered(session, version)
    return proposal, version


async def signing(session: Session, actor: Actor, version: Version, **given: object) -> Signed:
    asked: dict[str, object] = {
        "typed_name": "Clara Chen",
        "ticks": BOTH,
        "shown_sha256": version.sha256.hex(),
        "shown_total_minor": proposals.parse(version.body).sum(given.get("options", ())).once.minor,  # type: ignore[arg-type]
        "sealer": SEALER,
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
    assert (invoice.status, invoice.total.minor, invoice.order_id) == ("sending", 228_000, order.id)
    engagement = (
        await session.execute(select(Engagement).where(Engagement.id == ada_house.engagement.id))
    ).scalar_one()
    assert engagement.stage == "processing"
    happened = list(
        (await session.execute(select(Event.kind).where(Event.chain == engagement.id).order_by(Event.seq))).scalars()
    )
    assert happened[-6:] == [
        "proposal.signed",
        "order.made",
        "project.started",
        "invoice.drafted",
        "engagement.stage_passed",
        "invoice.sending",
    ]
    asked = (await session.execute(select(Job).where(Job.kind == "proposal.certify"))).scalars().all()
    assert [(job.payload["version"], job.lane) for job in asked] == [(str(version.id), f"proposal:{proposal.id}")]
    assert done.begun is not None
    assert [each.id for each in done.begun.invoices] == [invoice.id]


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
            await sign(
                session,
                ada_house.clara,
                wrong,
                typed_name="C",
                ticks=BOTH,
                shown_total_minor=0,
                shown_sha256="",
                sealer=SEALER,
            )


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
        _, version = await offered(
            session,
            ada_house,
            items=[AUDIT, HOSTING, replace(AUDIT, title="Extra pages"), replace(HOSTING, title="Care")],
            optional=(2, 3),
            signer_ids=[ada_house.clara.user_id, ada_house.dana.user_id],
        )

    async def press(number: int) -> str:
        actor = ada_house.clara if number % 2 else ada_house.dana
        try:
            async with database.transaction(ada_house.id) as session:
                bound = await signatures.bound(session, version.id)
                chosen = (2,) if bound is None else bound
                await signing(session, actor, version, typed_name=actor.name, options=chosen)
        except Conflict as refusal:
            return refusal.sentence
        return f"{actor.name} signed"

    said = await asyncio.gather(*(press(number) for number in range(50)))
    assert sorted(each for each in said if each.endswith(" signed")) == ["Clara Chen signed", "Dana Flores signed"]
    assert sum(each.startswith("You signed this on") for each in said) == 48
    async with database.transaction(ada_house.id) as session:
        engagement_id = ada_house.engagement.id
        (order,) = await orders.of_engagement(session, engagement_id)
        assert order.total.minor == 228_000 + 180_000
        assert len(await projects.of_engagement(session, engagement_id)) == 2
        assert len(await contracts.of_engagement(session, engagement_id)) == 1
        assert len(await invoices.of_engagement(session, engagement_id)) == 1
        given = await signatures.of_version(session, version.id)
        assert [(each.options, each.total_minor) for each in given] == [([2], 408_000)] * 2
        assert (await kinds(session, ada_house)).count("proposal.signed") == 2


async def test_ours_is_the_last_signature(session: Session, ada_house: House) -> None:
    _, version = await offered(session, ada_house, countersigner=ada_house.ada.user_id)
    told = await refused(session, ada_house.ada, version, Conflict, typed_name="Ada Lovelace")
    assert told.sentence == "Clara signs first. You will hear when it is your turn."
    assert told.way is not None
    assert told.way.action == "proposal.remind"
    assert (await refused(session, ada_house.ben, version, NotAllowed)).sentence == "Signing is for the client."
    first = await signing(session, ada_house.clara, version)
    assert not first.last
    assert await orders.of_engagement(session, ada_house.engagement.id) == []
    done = await signing(session, ada_house.ada, version, typed_name="Ada Lovelace", title="Founder")
    assert done.last
    kept = json.loads(done.signature.evidence)
    assert (kept["signer"]["side"], kept["signer"]["for"]) == ("staff", "Studio Ada")
    assert kept["statements"][2]["text"] == "I agree to this proposal and may sign for Studio Ada."
    assert len(await orders.of_engagement(session, ada_house.engagement.id)) == 1


async def test_in_order_the_second_waits_for_the_first(session: Session, ada_house: House) -> None:
    both = [ada_house.clara.user_id, ada_house.dana.user_id]
    proposal, version = await offered(session, ada_house, signer_ids=both, in_order=True)
    told = await refused(session, ada_house.dana, version, Conflict)
    assert told.sentence == "Clara signs first. You will hear when it is your turn."
    assert (told.way and told.way.label) == "Tell Clara"
    await signing(session, ada_house.clara, version)
    assert (await signing(session, ada_house.dana, version)).last
    assert proposal.status == "signed"


async def test_the_first_signers_options_bind_the_others(session: Session, ada_house: House) -> None:
    both = [ada_house.clara.user_id, ada_house.dana.user_id]
    items = [AUDIT, HOSTING, replace(AUDIT, title="Extra pages")]
    _, version = await offered(session, ada_house, items=items, optional=(1, 2), signer_ids=both)
    assert await signatures.bound(session, version.id) is None
    first = await signing(session, ada_house.clara, version, options=[2, 2])
    assert (first.signature.options, first.signature.total_minor) == ([2], 360_000)
    assert await signatures.bound(session, version.id) == [2]
    told = await refused(session, ada_house.dana, version, Conflict, options=[1, 2])
    assert told.sentence == "Clara signed first, with other options; all sign the same. Please look."
    done = await signing(session, ada_house.dana, version, options=[2])
    assert done.begun is not None
    assert done.begun.order.total.minor == 360_000
    assert [project.title for project in done.begun.projects] == ["SEO audit", "Extra pages"]


async def test_options_that_the_total_was_not_shown_with_are_looked_at_once_more(
    session: Session, ada_house: House
) -> None:
    care = replace(HOSTING, title="Care", period="month")
    _, version = await offered(session, ada_house, items=[AUDIT, care], optional=(1,))
    refusal = await refused(session, ada_house.clara, version, Conflict, options=(1,), shown_options=())
    assert (refusal.code, refusal.sentence) == ("total_changed", "The total no longer agrees; please look once more.")
    assert (await signing(session, ada_house.clara, version, options=(1,), shown_options=(1,))).last


async def test_withdrawn_before_the_last_signature_it_is_not_signed_further(session: Session, ada_house: House) -> None:
    both = [ada_house.clara.user_id, ada_house.dana.user_id]
    proposal, version = await offered(session, ada_house, signer_ids=both)
    await signing(session, ada_house.clara, version)
    with pytest.raises(Invalid):
        await proposals.withdraw(session, ada_house.ada, proposal.id, reason=" ")
    await proposals.withdraw(session, ada_house.ada, proposal.id, reason="A mistake in the terms")
    assert (proposal.status, proposal.ended_reason) == ("withdrawn", "A mistake in the terms")
    assert "withdrew" in (await refused(session, ada_house.dana, version, Conflict)).sentence


# every refusal leaves an event in the trail, and nothing else


async def _withdrawn(session: Session, house: House, proposal: Proposal, version: Version) -> None:
    await proposals.withdraw(session, house.ada, proposal.id, reason="A mistake")


async def _declined(session: Session, house: House, proposal: Proposal, version: Version) -> None:
    await proposals.decline(session, house.clara, proposal.id, reason="No")


async def _signed(session: Session, house: House, proposal: Proposal, version: Version) -> None:
    await signing(session, house.clara, version)


async def _expired(session: Session, house: House, proposal: Proposal, version: Version) -> None:
    clock.move(16 * 86_400)


async def _superseded(session: Session, house: House, proposal: Proposal, version: Version) -> None:
    newer = {"number": 2, "body": version.body, "sha256": version.sha256, "sent_at": clock.now()}
    session.add(Version(organization_id=house.id, proposal_id=proposal.id, **newer))


async def _closed(session: Session, house: House, proposal: Proposal, version: Version) -> None:
    await session.execute(text("UPDATE engagements SET status = 'closed'"))


async def _as_it_is(session: Session, house: House, proposal: Proposal, version: Version) -> None:
    pass


Before = Callable[[Session, House, Proposal, Version], Awaitable[None]]
REFUSALS: list[tuple[str, Before, str, dict[str, object], str]] = [
    ("superseded", _superseded, "clara", {}, "There is a newer version"),
    ("withdrawn", _withdrawn, "clara", {}, "Studio Ada withdrew"),
    ("declined", _declined, "clara", {}, "was declined"),
    ("signed_already", _signed, "clara", {}, "You signed this on"),
    ("signed", _signed, "dana", {}, "was signed"),
    ("not_asked", _as_it_is, "dana", {}, "This one is for Clara to sign."),
    ("not_asked", _as_it_is, "ada", {}, "Signing is for the client."),
    ("someone_elses", _as_it_is, "gus", {}, "not to be found here"),
    ("someone_elses", _as_it_is, "stranger", {}, "not to be found here"),
    ("not_your_turn", _as_it_is, "clara", {"in_order": True}, "Dana signs first."),
    ("no_consent", _as_it_is, "clara", {"ticks": ("agree",)}, "Please tick this to sign here"),
    ("no_consent", _as_it_is, "clara", {"ticks": ("electronic",)}, "Please tick this if you agree"),
    ("blank_name", _as_it_is, "clara", {"typed_name": " \u200b\u00a0. "}, "Please type your full name"),
    ("long_name", _as_it_is, "clara", {"typed_name": "C" * 151}, "longer than 150 characters"),
    ("option_not_offered", _as_it_is, "clara", {"options": [0], "shown_total_minor": 228_000}, "is not offered here"),
    ("option_not_offered", _as_it_is, "clara", {"options": [-1], "shown_total_minor": 228_000}, "is not offered here"),
    ("total_changed", _as_it_is, "clara", {"shown_total_minor": 227_999}, "The total no longer agrees"),
    ("not_as_shown", _as_it_is, "clara", {"shown_sha256": "00" * 32}, "is not the text as it stands"),
    ("not_as_shown", _as_it_is, "clara", {"shown_pdf_sha256": "00" * 32}, "is not the PDF as it stands"),
    ("no_paper", _as_it_is, "clara", {"paper": False}, "The document is being prepared; try again in a moment."),
    ("no_key", _as_it_is, "clara", {"sealer": None}, "the key that seals signatures is missing"),
    ("expired", _expired, "clara", {}, "was valid until"),
    ("closed", _closed, "clara", {}, "The engagement has ended"),
]


async def test_every_refusal_is_in_the_trail_and_changes_nothing_else(
    database: Database, ada_house: House, moved_clock: Path
) -> None:
    async def counted(session: Session) -> list[int]:
        tables = (Signature, Job, *(Base.metadata.tables[name] for name in ("orders", "projects", "invoices")))
        return [(await session.execute(select(func.count()).select_from(table))).scalar_one() for table in tables]

    for code, before, who, more, told in REFUSALS:
        actor: Actor = getattr(ada_house, who)
        given = dict(more)
        signers = [ada_house.dana.user_id, ada_house.clara.user_id] if "in_order" in given else None
        async with database.transaction(ada_house.id) as session:
            offer = {"in_order": given.pop("in_order", False), "paper": given.pop("paper", True)}
            proposal, version = await offered(session, ada_house, signer_ids=signers, **offer)
            await before(session, ada_house, proposal, version)
        async with database.transaction(ada_house.id) as session:
            stood = await counted(session)

        async def work(
            session: Session, actor: Actor = actor, version: Version = version, given: dict[str, object] = given
        ) -> Signed:
            return await signing(session, actor, version, **given)

        with pytest.raises(Refusal) as refusal:
            await database.attempt(ada_house.id, work)
        assert told in refusal.value.sentence, code
        assert refusal.value.way or isinstance(refusal.value, Invalid | NotFound | NotAllowed), code
        async with database.transaction(ada_house.id) as session:
            event = (await events.history(session, ada_house.engagement.id, 1))[0]
            assert (event.kind, event.subject_id) == ("proposal.sign_refused", proposal.id), code
            assert (event.facts["code"], event.facts["version"]) == (code, str(version.id))
            assert event.actor_id == actor.user_id
            stood[1] += 1  # the job that announces the event, to nobody
            assert await counted(session) == stood, code


async def test_another_tenants_version_is_not_there_and_the_try_is_in_ones_own_trail(
    database: Database, ada_house: House
) -> None:
    theirs = await house(database, "Studio Zed", "T0STUDIOZED")
    async with database.transaction(ada_house.id) as session:
        _, version = await offered(session, ada_house)
    for wrong in (version.id, str(version.id), "no id at all"):

        async def work(session: Session, wrong: object = wrong) -> Signed:
            return await sign(
                session,
                theirs.clara,
                wrong,  # type: ignore[arg-type]
                typed_name="Clara Chen",
                ticks=BOTH,
                shown_total_minor=228_000,
                shown_sha256=version.sha256.hex(),
                sealer=SEALER,
            )

        with pytest.raises(NotFound):
            await database.attempt(theirs.id, work)
    async with database.transaction(theirs.id) as session:
        tried = await events.history(session, theirs.id, 3)
        assert [(event.kind, event.facts["code"]) for event in tried] == [("proposal.sign_refused", "unknown")] * 3
        assert [event.facts["version"] for event in tried] == [None, str(version.id), str(version.id)]
    async with database.transaction(ada_house.id) as session:
        assert "proposal.sign_refused" not in await kinds(session, ada_house)


async def test_a_pdf_that_was_changed_behind_our_back_is_not_signed(
    database: Database, ada_house: House, dsn: str
) -> None:
    async with database.transaction(ada_house.id) as session:
        _, version = await offered(session, ada_house)
    owner = Database(dsn, role=None, pool_size=1)
    async with owner.platform() as session:
        await session.execute(text("UPDATE papers SET pdf = pdf || 'more'"))
    await owner.close()
    async with database.transaction(ada_house.id) as session:
        told = await refused(session, ada_house.clara, version, Conflict)
    assert told.code == "paper_changed"
    assert "The PDF of this proposal is no longer the one that was sent" in told.sentence


async def test_a_change_that_was_not_sent_yet_moves_nothing(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    proposal, version = await offered(session, ada_house)
    proposal.revising, proposal.expires_at = True, proposal.expires_at + timedelta(days=30)
    clock.move(15 * 86_400)
    told = await refused(session, ada_house.clara, version, Conflict)
    assert (told.code, told.way and told.way.label) == ("expired", "Ask for a new date")
