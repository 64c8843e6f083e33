"""All that a proposal can say, and its new versions: kept aside until sent, the one before superseded, signed in turn."""

import asyncio
import uuid
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from core import catalog, clock, events, proposals
from core.catalog import Coupon, Offered, Service
from core.db import Database, Session
from core.engagements import Engagement
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.events import Kind
from core.jobs import Job
from core.money import Money
from core.people import User, system
from core.proposals import NewItem, Part, Point, Proposal, Signer, Version
from core.proposals.reckoning import WHOLE
from tests.builders import House

AUDIT = NewItem("SEO audit", 2, Money(90_000, "USD"), tax_percent=Decimal(20))
LOGO = NewItem("Logo", 1, Money(50_000, "USD"), optional=True)
HOSTING = NewItem("Hosting", 1, Money(4_000, "USD"), "fee", period="month", trial_days=14, setup_minor=10_000)
POINTS = [Point("Designs ready", date(2030, 12, 12)), Point("Launch", None, 0)]
PARTS = [
    Part("Deposit", "percent", "signing", Decimal(30)),
    Part("Launch", "amount", "milestone", amount_minor=50_000, milestone=1),
    Part("Final payment", "rest", "completion"),
]


async def a_draft(session: Session, house: House, **given: object) -> Proposal:
    asked: dict[str, object] = {
        "title": "Website",
        "items": [AUDIT, LOGO, HOSTING],
        "terms": "Paid within 14 days.",
        "purpose": "More visitors",
        "milestones": POINTS,
        "schedule": PARTS,
        **given,
    }
    return await proposals.draft(session, house.ada, engagement_id=house.engagement.id, **asked)  # type: ignore[arg-type]


async def a_sent(session: Session, house: House, **given: object) -> Proposal:
    return await proposals.send(session, house.ada, (await a_draft(session, house, **given)).id)


async def kinds(session: Session, house: House) -> list[str]:
    happened = reversed(await events.history(session, house.engagement.id, 100))
    return [event.kind for event in happened if event.kind.startswith("proposal.")]


async def versions(session: Session, proposal: Proposal) -> list[Version]:
    query = select(Version).where(Version.proposal_id == proposal.id).order_by(Version.number)
    return list((await session.execute(query)).scalars())


async def test_all_of_it_stands_in_the_document(session: Session, ada_house: House) -> None:
    proposal = await a_draft(
        session,
        ada_house,
        signer_ids=[ada_house.dana.user_id, ada_house.clara.user_id],
        in_order=True,
        countersigner=str(ada_house.ben.user_id),
    )
    offer = await proposals.offer(session, proposal)
    paper = offer.document
    assert (paper.items, paper.milestones, paper.schedule) == ((AUDIT, LOGO, HOSTING), tuple(POINTS), tuple(PARTS))
    assert [(each.first_name, each.side) for each in paper.signers] == [
        ("Dana", "client"),
        ("Clara", "client"),
        ("Ben", "staff"),
    ]
    assert (paper.in_order, paper.options, paper.total) == (True, (1,), Money(226_000, "USD"))
    assert (offer.least.once, offer.most.once) == (Money(226_000, "USD"), Money(276_000, "USD"))
    assert offer.least.recurring == (("month", Money(4_000, "USD"), Money(4_000, "USD")),)
    assert [amount.minor for _, amount in paper.payments()] == [67_800, 50_000, 108_200]
    assert [each.first_name for each in offer.next] == ["Dana"]
    assert offer.countersigner is not None
    assert (offer.version_number, offer.revising, offer.bound) == (0, False, None)
    sent = await proposals.send(session, ada_house.ada, proposal.id, seen=offer.sha256)
    again = await proposals.offer(session, sent)
    assert (again.document, again.sha256, again.version_number) == (paper, offer.sha256, 1)


async def test_what_a_form_does_not_say_stays(session: Session, ada_house: House) -> None:
    proposal = await a_draft(session, ada_house, in_order=True, countersigner=str(ada_house.ada.user_id))
    before = await proposals.content_of(session, proposal)
    await proposals.edit(session, ada_house.ada, proposal.id, title="Website", items=[HOSTING, AUDIT])
    after = await proposals.content_of(session, proposal)
    assert after.milestones == (POINTS[0], Point("Launch", None, 1))
    assert (after.terms, after.purpose, after.schedule) == (before.terms, before.purpose, before.schedule)
    assert (after.signers, after.in_order, after.countersigner) == (before.signers, True, ada_house.ada.user_id)
    assert after.expires_at == before.expires_at
    cleared = {"milestones": [], "schedule": WHOLE, "terms": "", "purpose": "", "in_order": False, "countersigner": ""}
    await proposals.edit(session, ada_house.ada, proposal.id, title="Website", items=[AUDIT], **cleared)  # type: ignore[arg-type]
    bare = await proposals.content_of(session, proposal)
    assert (bare.milestones, bare.schedule, bare.terms, bare.purpose, bare.countersigner) == ((), WHOLE, "", "", None)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"items": [LOGO]}, "lines"),
        ({"items": [NewItem("X", 1, Money(-1, "USD"))]}, "lines"),
        ({"items": [NewItem("X", 1, Money(5, "USD"), discount_minor=6)]}, "lines"),
        ({"items": [NewItem("X", 1, Money(5, "USD"), discount_minor=1, discount_percent=Decimal(1))]}, "lines"),
        ({"items": [NewItem("X", 1, Money(5, "USD"), tax_percent=Decimal(101))]}, "lines"),
        ({"items": [NewItem("X", 1_000_000, Money(10**10, "USD"))]}, "lines"),
        ({"items": [HOSTING], "schedule": WHOLE}, "milestones"),
        ({"items": [HOSTING], "milestones": []}, "schedule"),
        ({"milestones": [Point("Live", None, 2)], "schedule": WHOLE}, "milestones"),
        ({"milestones": []}, "schedule"),
        ({"schedule": PARTS[:2]}, "schedule"),
        ({"schedule": [Part("A", "amount", "signing", amount_minor=226_001), PARTS[2]]}, "schedule"),
        ({"coupon": "NONE"}, "coupon"),
        ({"signer_ids": []}, "signers"),
        ({"countersigner": "nobody"}, "countersigner"),
        ({"terms": "x" * 20_001}, "terms"),
    ],
)
async def test_what_cannot_be_is_refused_at_its_field(
    session: Session, ada_house: House, wrong: dict[str, object], field: str
) -> None:
    if "signer_ids" in wrong:
        proposal = await a_draft(session, ada_house)
        with pytest.raises(Invalid) as refusal:
            await proposals.edit(session, ada_house.ada, proposal.id, title="X", items=[AUDIT], signer_ids=[])
    else:
        with pytest.raises(Invalid) as refusal:
            await a_draft(session, ada_house, **wrong)
        assert await kinds(session, ada_house) == []
    assert refusal.value.field == field


async def test_clients_do_not_countersign(session: Session, ada_house: House) -> None:
    for outsider in (ada_house.clara, ada_house.gus):
        with pytest.raises(Invalid):
            await a_draft(session, ada_house, countersigner=str(outsider.user_id))


async def test_a_new_version_is_written_aside_and_takes_the_place_of_the_old_one(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    proposal = await a_sent(session, ada_house)
    await proposals.view(session, ada_house.clara, proposal.id)
    out = await proposals.offer(session, proposal)
    await proposals.revise(
        session,
        ada_house.ada,
        proposal.id,
        title="Website, larger",
        items=[AUDIT, HOSTING],
        signer_ids=[ada_house.dana.user_id or uuid.uuid4()],
        milestones=[],
        schedule=WHOLE,
    )
    still = await proposals.offer(session, proposal)
    assert (still.document, still.sha256, still.signers, still.revising) == (
        out.document,
        out.sha256,
        out.signers,
        True,
    )
    for reader in (ada_house.clara, ada_house.ada):
        (entry,) = await proposals.listing(session, reader)
        assert (entry.title, entry.total.minor, entry.awaited) == ("Website", 226_000, ("Clara",))
    ahead = await proposals.offer(session, proposal, coming=True)
    assert (ahead.document.title, ahead.document.number, ahead.coming) == ("Website, larger", 2, True)
    assert [party.first_name for party in ahead.signers] == ["Dana"]
    assert [party.first_name for party in ahead.out] == ["Clara"]
    found = await proposals.candidates(session, ada_house.ada, unsent=True)
    assert [each for each, _ in found] == [proposal.id]

    clock.move(3_600)
    for _twice in range(2):
        await proposals.send(session, ada_house.ada, proposal.id, seen=ahead.sha256)
    first, second = await versions(session, proposal)
    assert (second.sha256.hex(), second.number) == (ahead.sha256, 2)
    assert (proposal.status, proposal.revising, proposal.title, proposal.viewed_at) == (
        "sent",
        False,
        "Website, larger",
        None,
    )
    now = await proposals.offer(session, proposal)
    assert [(party.first_name, party.viewed_at) for party in now.signers] == [("Dana", None)]
    assert now.document == ahead.document
    happened = await events.history(session, ada_house.engagement.id, 20)
    superseded = next(each for each in happened if each.kind == Kind.PROPOSAL_SUPERSEDED)
    assert superseded.facts == {"version": str(first.id), "by": str(second.id)}
    assert (await kinds(session, ada_house))[-3:] == ["proposal.edited", "proposal.superseded", "proposal.sent"]
    papers = (await session.execute(select(Job.payload).where(Job.kind == "proposal.paper"))).scalars().all()
    assert [each["version"] for each in papers] == [str(first.id), str(second.id)]


async def test_the_old_versions_end_does_not_end_the_new_one(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    proposal = await a_sent(session, ada_house)
    later = (clock.now() + timedelta(days=40)).date()
    await proposals.revise(session, ada_house.ada, proposal.id, title="Website", items=[AUDIT], valid_until=later)
    assert (proposal.expires_at - clock.now()).days <= 15
    await proposals.send(session, ada_house.ada, proposal.id)
    clock.move(16 * 86_400)
    await proposals.expire(session, system(ada_house.id), proposal.id)
    assert proposal.status == "sent"
    clock.move(30 * 86_400)
    await proposals.expire(session, system(ada_house.id), proposal.id)
    assert proposal.status == "expired"


async def test_what_says_the_same_is_no_new_version(session: Session, ada_house: House) -> None:
    proposal = await a_sent(session, ada_house)
    seen = []
    for title in ("Website", "Other", "Website"):
        await proposals.revise(session, ada_house.ada, proposal.id, title=title, items=[AUDIT, LOGO, HOSTING])
        seen.append(proposal.revising)
    assert seen == [False, True, False]
    assert (await kinds(session, ada_house)).count("proposal.edited") == 2
    await proposals.send(session, ada_house.ada, proposal.id)
    assert len(await versions(session, proposal)) == 1


async def test_a_new_version_can_be_thrown_away(session: Session, ada_house: House) -> None:
    proposal = await a_sent(session, ada_house)
    await proposals.revise(
        session, ada_house.ada, proposal.id, title="Other", items=[AUDIT], milestones=[], schedule=WHOLE
    )
    for _twice in range(2):
        await proposals.abandon(session, ada_house.ben, proposal.id)
    assert (proposal.revising, proposal.title, proposal.status) == (False, "Website", "sent")
    assert (await kinds(session, ada_house)).count("proposal.edited") == 2


async def test_what_ended_can_be_offered_anew_and_what_is_signed_cannot(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    declined, withdrawn, expired = [await a_sent(session, ada_house) for _ in range(3)]
    await proposals.decline(session, ada_house.clara, declined.id, reason="Too dear")
    await proposals.withdraw(session, ada_house.ada, withdrawn.id, reason="A better one")
    clock.move(16 * 86_400)
    await proposals.expire(session, system(ada_house.id), expired.id)
    for ended in (declined, withdrawn, expired):
        with pytest.raises(Conflict) as refusal:
            await proposals.send(session, ada_house.ada, ended.id)
        assert refusal.value.way is not None
        assert refusal.value.way.action == "proposal.change"
        with pytest.raises(Invalid) as past:
            await proposals.revise(
                session,
                ada_house.ada,
                ended.id,
                title="Website",
                items=[AUDIT],
                valid_until=(clock.now() - timedelta(days=1)).date(),
            )
        assert past.value.field == "until"
        day = (clock.now() + timedelta(days=9)).date()
        await proposals.revise(session, ada_house.ada, ended.id, title="Website", items=[AUDIT], valid_until=day)
        await proposals.send(session, ada_house.ada, ended.id)
        assert (ended.status, ended.ended_reason, ended.ended_at) == ("sent", "", None)
        assert [each.number for each in await versions(session, ended)] == [1, 2]
    expired.status = "signed"
    await session.flush()
    with pytest.raises(Conflict) as refusal:
        await proposals.revise(session, ada_house.ada, expired.id, title="Website", items=[AUDIT])
    assert refusal.value.way is not None
    assert refusal.value.way.action == "proposal.copy"
    with pytest.raises(Conflict):
        await proposals.send(session, ada_house.ada, expired.id, seen="what the preview showed")


async def test_who_may_write_a_new_version(session: Session, ada_house: House) -> None:
    proposal = await a_sent(session, ada_house)
    for outsider, error in ((ada_house.clara, NotAllowed), (ada_house.gus, NotFound), (ada_house.stranger, NotFound)):
        with pytest.raises(error):
            await proposals.revise(session, outsider, proposal.id, title="Mine", items=[AUDIT])
        with pytest.raises(error):
            await proposals.abandon(session, outsider, proposal.id)
        with pytest.raises(NotAllowed):
            await proposals.terms.keep(session, outsider, "Our terms", "Mine")
    draft = await a_draft(session, ada_house)
    with pytest.raises(Conflict):
        await proposals.revise(session, ada_house.ada, draft.id, title="Website", items=[AUDIT])


async def test_they_sign_in_their_order_and_ours_at_the_end(session: Session, ada_house: House) -> None:
    proposal = await a_sent(
        session,
        ada_house,
        signer_ids=[ada_house.clara.user_id, ada_house.dana.user_id],
        in_order=True,
        countersigner=str(ada_house.ben.user_id),
    )

    async def turn() -> list[str]:
        return [user.first_name for _, user in await proposals.turn(session, proposal)]

    async def signed(user_id: uuid.UUID | None) -> None:
        query = select(Signer).where(Signer.proposal_id == proposal.id, Signer.user_id == user_id)
        (await session.execute(query)).scalar_one().signed_at = clock.now()
        await session.flush()

    assert await turn() == ["Clara"]
    assert await proposals.own_part(session, ada_house.clara, proposal)
    for early in (ada_house.dana, ada_house.ben):
        with pytest.raises(Conflict) as refusal:
            await proposals.own_part(session, early, proposal)
        assert refusal.value.sentence == "Clara signs first. You hear when it is your turn."
        assert refusal.value.way is not None
        assert refusal.value.way.label == "Tell Clara"
        assert await proposals.own_part(session, early, proposal, early=True)
    with pytest.raises(NotAllowed):
        await proposals.own_part(session, ada_house.ada, proposal)
    assert await proposals.remind(session, ada_house.ada, proposal.id) == ["Clara"]
    assert [each.first_name for each in await proposals.waiting(session, ada_house.engagement.id)] == ["Clara"]
    await signed(ada_house.clara.user_id)
    assert await turn() == ["Dana"]
    assert await proposals.remind(session, ada_house.ada, proposal.id) == ["Dana"]
    await signed(ada_house.dana.user_id)
    assert await turn() == ["Ben"]
    assert await proposals.own_part(session, ada_house.ben, proposal)
    assert await proposals.waiting(session, ada_house.engagement.id) == []
    with pytest.raises(Conflict) as ours:
        await proposals.remind(session, ada_house.ada, proposal.id)
    assert "Ben's signature" in ours.value.sentence
    with pytest.raises(Conflict):
        await proposals.remind(session, ada_house.dana, proposal.id)


async def test_the_countersigners_look_is_noted_and_no_view(session: Session, ada_house: House) -> None:
    proposal = await a_sent(session, ada_house, countersigner=str(ada_house.ben.user_id))
    for looker in (ada_house.ada, ada_house.ben):
        await proposals.view(session, looker, proposal.id)
    clara, ben = await proposals.parties(session, proposal.id)
    assert (proposal.status, clara.viewed_at) == ("sent", None)
    assert ben.viewed_at is not None
    assert "proposal.viewed" not in await kinds(session, ada_house)


async def test_somebody_who_left_is_not_asked_to_sign(session: Session, ada_house: House) -> None:
    proposal = await a_draft(
        session, ada_house, signer_ids=[ada_house.dana.user_id], countersigner=str(ada_house.ben.user_id)
    )
    for user_id in (ada_house.dana.user_id, ada_house.ben.user_id):
        (await session.execute(select(User).where(User.id == user_id))).scalar_one().left_at = clock.now()
    await session.flush()
    with pytest.raises(Conflict) as refusal:
        await proposals.send(session, ada_house.ada, proposal.id)
    assert refusal.value.sentence.startswith("Ben and Dana cannot sign any more")
    copied = await proposals.copy(session, ada_house.ada, proposal.id)
    content = await proposals.content_of(session, copied)
    assert (content.signers, content.countersigner) == ((ada_house.clara.user_id,), None)


async def test_a_payment_whose_day_has_passed_is_not_sent(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    soon = (clock.now() + timedelta(days=3)).date()
    parts = [Part("First", "percent", "date", Decimal(30), due_on=soon), PARTS[2]]
    proposal = await a_draft(session, ada_house, schedule=parts)
    clock.move(5 * 86_400)
    with pytest.raises(Conflict) as refusal:
        await proposals.send(session, ada_house.ada, proposal.id)
    assert "“First” is due on" in refusal.value.sentence


async def test_a_copy_has_all_of_it(session: Session, ada_house: House) -> None:
    source = await a_sent(
        session,
        ada_house,
        signer_ids=[ada_house.dana.user_id, ada_house.clara.user_id],
        in_order=True,
        countersigner=str(ada_house.ben.user_id),
    )
    copied = await proposals.copy(session, ada_house.ada, source.id)
    one, two = await proposals.content_of(session, source), await proposals.content_of(session, copied)
    assert two == one
    assert (copied.status, copied.copied_from_id) == ("draft", source.id)


async def test_terms_are_versions_of_a_text(session: Session, ada_house: House) -> None:
    first = await proposals.terms.keep(session, ada_house.ada, "Our terms", " Paid within 14 days. ")
    again = await proposals.terms.keep(session, ada_house.ben, "Our terms", "Paid within 14 days.")
    assert (first.version, again.id) == (1, first.id)
    proposal = await a_draft(session, ada_house)
    paper = (await proposals.offer(session, proposal)).document
    assert (paper.terms_name, paper.terms_version, proposal.terms_id) == ("Our terms", 1, first.id)
    await proposals.edit(session, ada_house.ada, proposal.id, title="Website", items=[AUDIT], terms="Paid at once.")
    assert proposal.terms_id is None
    second = await proposals.terms.keep(session, ada_house.ada, "Our terms", "Paid at once.")
    assert second.version == 2
    await proposals.edit(session, ada_house.ada, proposal.id, title="Website", items=[AUDIT])
    assert (await proposals.offer(session, proposal)).document.terms_version == 2
    assert await proposals.last_terms(session, ada_house.ben) == "Paid at once."
    with pytest.raises(Invalid):
        await proposals.terms.keep(session, ada_house.ada, "Our terms", " ")
    for rewrite in ("UPDATE terms SET body = ''", "DELETE FROM terms"):
        with pytest.raises(ProgrammingError):
            async with session.begin_nested():
                await session.execute(text(rewrite))


def a_coupon(house: House, **more: object) -> Coupon:
    given: dict[str, object] = {"kind": "percent", "percent": Decimal(10), "currency": "USD", "code": "WELCOME", **more}
    return Coupon(organization_id=house.id, **given)


async def test_a_coupon_by_its_code(session: Session, ada_house: House) -> None:
    session.add(a_coupon(ada_house, minimum_minor=100_000, new_only=True, client_limit=2))
    await session.flush()
    proposal = await a_draft(session, ada_house, coupon=" welcome ")
    paper = (await proposals.offer(session, proposal)).document
    assert paper.coupon is not None
    assert (paper.coupon.code, paper.total) == ("WELCOME", Money(162_000 + 32_400 + 10_000, "USD"))
    (entry,) = await proposals.listing(session, ada_house.ada)
    assert entry.total == paper.total
    await proposals.edit(session, ada_house.ada, proposal.id, title="Website", items=[AUDIT])
    assert proposal.coupon_id is not None
    await proposals.send(session, ada_house.ada, proposal.id)
    await proposals.send(session, ada_house.ada, (await proposals.copy(session, ada_house.ada, proposal.id)).id)
    third = await proposals.copy(session, ada_house.ada, proposal.id)
    assert third.coupon_id is None
    with pytest.raises(Invalid) as used:
        await proposals.edit(session, ada_house.ada, third.id, title="Website", items=[AUDIT], coupon="WELCOME")
    assert "as often as they may" in used.value.sentence


@pytest.mark.parametrize(
    ("coupon", "told"),
    [
        ({"retired_at": clock.now()}, "There is no coupon"),
        ({"expires_on": date(2020, 1, 1)}, "was good until 1 Jan 2020"),
        ({"kind": "amount", "percent": Decimal(0), "amount_minor": 500, "currency": "EUR"}, "counted in EUR"),
        ({"minimum_minor": 10**9}, "or more; this comes to"),
    ],
)
async def test_a_coupon_that_may_not_be_used_says_why(
    session: Session, ada_house: House, coupon: dict[str, object], told: str
) -> None:
    session.add(a_coupon(ada_house, **coupon))
    await session.flush()
    with pytest.raises(Invalid) as refusal:
        await a_draft(session, ada_house, coupon="WELCOME")
    assert (refusal.value.field, told in refusal.value.sentence) == ("coupon", True)


async def test_a_coupon_that_ended_meanwhile_is_not_sent(session: Session, ada_house: House) -> None:
    coupon = a_coupon(ada_house)
    session.add(coupon)
    await session.flush()
    proposal = await a_draft(session, ada_house, coupon="WELCOME")
    coupon.retired_at = clock.now()
    await session.flush()
    with pytest.raises(Conflict) as refusal:
        await proposals.send(session, ada_house.ada, proposal.id)
    assert refusal.value.way is not None
    assert refusal.value.way.action == "proposal.edit"


def test_a_service_brings_all_that_it_has() -> None:
    service = Service(
        id=uuid.uuid4(),
        name="Hosting",
        description="A server",
        kind="fee",
        price_minor=4_000,
        currency="USD",
        period="month",
        trial_days=14,
        setup_minor=10_000,
        tax_percent=Decimal(20),
        phases={"build": "Set-up"},
        checklist=[{"phase": "build", "title": "Order it"}],
        deliverables=[],
        owner_id=uuid.UUID(int=5),
    )
    brought = proposals.of_service(service, 2, Money(3_500, "USD"))
    assert (brought.quantity, brought.unit.minor, brought.period, brought.trial_days) == (2, 3_500, "month", 14)
    assert (brought.setup_minor, brought.tax_percent, brought.kind) == (10_000, Decimal(20), "fee")
    assert brought.template == {
        "phases": {"build": "Set-up"},
        "checklist": [{"phase": "build", "title": "Order it"}],
        "owner": str(uuid.UUID(int=5)),
    }
    (line,) = proposals.read("Hosting, 2 × 35 (once, no setup)", "USD", catalog=[service])
    assert (line.period, line.trial_days, line.setup_minor, line.tax_percent) == ("", 0, 0, Decimal(20))
    assert proposals.write([line], catalog=[service]) == "Hosting, 2 × 35 (fee, once, no setup, 20% tax)"
    (named,) = proposals.read("hosting", "USD", catalog=[service], prices={service.id: Money(3_000, "USD")})
    assert named.unit.minor == 3_000


async def test_the_last_use_of_a_coupon_is_given_once(database: Database, ada_house: House) -> None:
    async with database.transaction(ada_house.id) as session:
        once = Offered("ONCE", percent=Decimal(10), usage_limit=1)
        await catalog.new_coupon(session, ada_house.ada, once, "USD")
        every = list((await session.execute(select(Engagement.id))).scalars())
        assert len(every) == 2  # in one engagement they would wait for each other anyway
        said = {"title": "Website", "items": [AUDIT], "coupon": "ONCE"}
        two = [(await proposals.draft(session, ada_house.ada, engagement_id=each, **said)).id for each in every]  # type: ignore[arg-type]

    async def send(proposal_id: uuid.UUID) -> bool:
        async with database.transaction(ada_house.id) as session:
            try:
                await proposals.send(session, ada_house.ada, proposal_id)
            except Conflict as conflict:
                assert "as often as it may be" in conflict.sentence
                return False
        return True

    assert sorted(await asyncio.gather(*(send(each) for each in two))) == [False, True]
