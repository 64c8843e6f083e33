"""Proposals that begin with the client: quotes, changes of scope with what they change, reminders before the end."""

import uuid
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.worker.places import Show, places, subjects
from core import (
    clock,
    deliverables,
    engagements,
    events,
    invoices,
    people,
    posts,
    projects,
    proposals,
    signatures,
    stage,
)
from core.conversations import Message, nearby
from core.db import Session, save
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.events import Kind
from core.jobs import Job
from core.money import Money
from core.people import Actor
from core.proposals import NewItem, Part, Point, Proposal, Version, reminding
from tests.builders import SEALER, House, papered

AUDIT = NewItem("SEO audit", 2, Money(500_000, "USD"))
WORDS = "We need a landing page.\nWith a form."


async def kinds(session: Session, house: House) -> list[str]:
    happened = reversed(await events.history(session, house.engagement.id, 200))
    return [event.kind for event in happened if event.kind.startswith(("proposal.", "person."))]


async def a_sent(session: Session, house: House, **given: object) -> Proposal:
    asked: dict[str, object] = {"title": "Website", "items": [AUDIT], **given}
    drafted = await proposals.draft(session, house.ada, engagement_id=house.engagement.id, **asked)  # type: ignore[arg-type]
    return await proposals.send(session, house.ada, drafted.id)


async def version_of(session: Session, proposal: Proposal) -> Version:
    return (await proposals.latest(session, [proposal.id]))[proposal.id]


async def signs(session: Session, actor: Actor, proposal: Proposal) -> None:
    version = await version_of(session, proposal)
    if not await signatures.paper_shown(session, version.id):
        await papered(session, version)
    await signatures.sign(
        session,
        actor,
        version.id,
        typed_name=actor.name,
        ticks=[each.name for each in signatures.STATEMENTS],
        shown_total_minor=proposals.parse(version.body).sum().once.minor,
        shown_sha256=version.sha256.hex(),
        sealer=SEALER,
    )


async def a_message(session: Session, house: House, text: str = "Could you add a shop?", **more: object) -> Message:
    message = Message(
        organization_id=house.id,
        engagement_id=house.engagement.id,
        source="slack",
        source_ref=f"C1:{uuid.uuid4()}",
        side="client",
        author_id=house.clara.user_id,
        author_name="Clara Chen",
        channel_id="C1",
        ts="1700000000.000100",
        text=text,
        sent_at=clock.now(),
        **more,
    )
    await save(session, message)
    return message


async def test_a_quote_is_a_draft_with_the_clients_words_that_they_do_not_see(
    session: Session, ada_house: House
) -> None:
    asked = await proposals.ask_quote(
        session,
        ada_house.dana,
        engagement_id=ada_house.engagement.id,
        words=WORDS,
        by_when="mid  December",
        budget="about $3,000",
    )
    assert (asked.title, asked.status, asked.kind) == ("We need a landing page", "draft", "offer")
    wanted = await proposals.wanted(session, asked)
    assert wanted is not None and wanted.by == "Dana"
    assert wanted.words == f"{WORDS}\nBy when: mid December\nBudget: about $3,000"
    assert await proposals.listing(session, ada_house.clara) == []
    with pytest.raises(NotFound):
        await proposals.view(session, ada_house.clara, asked.id)
    assert await kinds(session, ada_house) == ["proposal.quote_asked"]
    offer = await proposals.offer(session, asked, coming=True)
    assert [party.first_name for party in offer.signers] == ["Dana"] and offer.document.items == ()


async def test_a_quote_cannot_be_sent_before_it_is_written_and_then_can(session: Session, ada_house: House) -> None:
    asked = await proposals.ask_quote(session, ada_house.clara, engagement_id=ada_house.engagement.id, words=WORDS)
    with pytest.raises(Conflict, match="no items"):
        await proposals.send(session, ada_house.ada, asked.id)
    with pytest.raises(Invalid):
        await proposals.edit(session, ada_house.ada, asked.id, title="Landing page", items=[])
    await proposals.edit(session, ada_house.ada, asked.id, title="Landing page", items=[AUDIT])
    assert (await proposals.send(session, ada_house.ada, asked.id)).status == "sent"


async def test_a_form_that_arrives_twice_asks_once_and_five_quotes_wait_at_most(
    session: Session, ada_house: House
) -> None:
    here, key = ada_house.engagement.id, uuid.uuid4()
    first = await proposals.ask_quote(session, ada_house.clara, engagement_id=here, words=WORDS, key=key)
    assert await proposals.ask_quote(session, ada_house.clara, engagement_id=here, words=WORDS, key=key) is first
    for number in range(4):
        await proposals.ask_quote(session, ada_house.clara, engagement_id=here, words=f"Wish {number}")
    with pytest.raises(Conflict, match="Ada has 5 quotes for you on the desk"):
        await proposals.ask_quote(session, ada_house.clara, engagement_id=here, words="One more")
    await proposals.withdraw(session, ada_house.ada, first.id)
    await proposals.ask_quote(session, ada_house.clara, engagement_id=here, words="One more")


async def test_only_the_clients_own_people_ask_for_a_quote(session: Session, ada_house: House) -> None:
    here = ada_house.engagement.id
    with pytest.raises(NotFound):
        await proposals.ask_quote(session, ada_house.gus, engagement_id=here, words=WORDS)
    with pytest.raises(NotFound):
        await proposals.ask_quote(session, ada_house.stranger, engagement_id=here, words=WORDS)
    with pytest.raises(NotAllowed):
        await proposals.ask_quote(session, ada_house.ada, engagement_id=here, words=WORDS)
    with pytest.raises(Invalid) as refusal:
        await proposals.ask_quote(session, ada_house.clara, engagement_id=here, words=" \n ")
    assert refusal.value.field == "words"


async def test_a_scope_is_changed_from_the_clients_message_once_something_is_signed(
    session: Session, ada_house: House
) -> None:
    message = await a_message(session, ada_house)
    here = ada_house.engagement.id
    with pytest.raises(Conflict, match="Nothing is signed"):
        await proposals.change_scope(session, ada_house.ada, engagement_id=here, message_id=message.id)
    await signs(session, ada_house.clara, await a_sent(session, ada_house))
    draft = await proposals.change_scope(session, ada_house.ada, engagement_id=here, message_id=message.id)
    assert (draft.kind, draft.title) == ("scope", "Change: Could you add a shop?")
    assert await proposals.change_scope(session, ada_house.ada, engagement_id=here, message_id=message.id) is draft
    wanted = await proposals.wanted(session, draft)
    assert wanted is not None and (wanted.by, wanted.words, wanted.ts) == (
        "Clara Chen",
        "Could you add a shop?",
        "1700000000.000100",
    )
    with pytest.raises(NotFound):
        await proposals.change_scope(session, ada_house.gus, engagement_id=here)
    with pytest.raises(NotAllowed):
        await proposals.change_scope(session, ada_house.clara, engagement_id=here)
    note = await a_message(session, ada_house, "Only ours", staff_only=True)
    with pytest.raises(NotFound):
        await proposals.change_scope(session, ada_house.ada, engagement_id=here, message_id=note.id)
    plain = await proposals.change_scope(session, ada_house.ada, engagement_id=here)
    assert plain.title == "Change of scope" and plain is not draft
    assert await proposals.change_scope(session, ada_house.ada, engagement_id=here) is plain


async def test_a_change_of_scope_shows_what_it_changes_and_takes_the_stage_back(
    session: Session, ada_house: House
) -> None:
    here = await engagements.by_id(session, ada_house.engagement.id)
    await signs(session, ada_house.clara, await a_sent(session, ada_house))
    (work,) = await projects.of_engagement(session, here.id)
    work.due_on, work.owner_id = date(2031, 12, 12), ada_house.ada.user_id
    (bill,) = await invoices.of_engagement(session, here.id)
    bill.status = "paid"
    await session.flush()
    await stage.restage(session, ada_house.ada, here.id)
    await session.refresh(here)
    assert here.stage == "confirmed"

    shop = NewItem("Shop", 1, Money(250_000, "USD"))
    option = NewItem("Gift cards", 1, Money(50_000, "USD"), optional=True)
    draft = await proposals.change_scope(session, ada_house.ada, engagement_id=here.id)
    await proposals.edit(
        session,
        ada_house.ada,
        draft.id,
        title="A shop",
        items=[shop, option],
        milestones=[Point("Shop opens", date(2031, 12, 20), 0)],
        schedule=[Part("Deposit", "percent", "signing", percent=Decimal(50)), Part("Rest", "rest", "completion")],
    )
    await proposals.send(session, ada_house.ada, draft.id)
    document = (await proposals.offer(session, draft)).document
    known = proposals.difference(document)
    assert known is not None
    assert (known.before, known.after) == (Money(1_000_000, "USD"), Money(1_250_000, "USD"))
    assert (known.until_before, known.until_after) == (date(2031, 12, 12), date(2031, 12, 20))
    with_option = proposals.difference(document, [1])
    assert with_option is not None and with_option.after == Money(1_300_000, "USD")

    await signs(session, ada_house.clara, draft)
    assert here.stage == "processing"
    assert {each.title for each in await projects.of_engagement(session, here.id)} == {"SEO audit", "Shop"}
    shop_work = next(each for each in await projects.of_engagement(session, here.id) if each.title == "Shop")
    assert [each.title for each in await deliverables.of_project(session, shop_work.id)] == ["Shop opens"]
    assert len(await invoices.of_engagement(session, here.id)) == 3


async def test_what_changes_nothing_but_fees_still_passes_through_processing(
    session: Session, ada_house: House
) -> None:
    here = await engagements.by_id(session, ada_house.engagement.id)
    await signs(session, ada_house.clara, await a_sent(session, ada_house))
    (work,) = await projects.of_engagement(session, here.id)
    work.owner_id, work.status = ada_house.ada.user_id, "completed"
    (bill,) = await invoices.of_engagement(session, here.id)
    bill.status = "paid"
    await stage.restage(session, ada_house.ada, here.id)
    assert here.stage == "complete"
    draft = await proposals.change_scope(session, ada_house.ada, engagement_id=here.id)
    fee = NewItem("Licence", 1, Money(9_900, "USD"), "fee")
    await proposals.edit(session, ada_house.ada, draft.id, title="A licence", items=[fee])
    await proposals.send(session, ada_house.ada, draft.id)
    await signs(session, ada_house.clara, draft)
    passed = [
        (each.facts["before"], each.facts["after"])
        for each in reversed(await events.history(session, here.id, 200))
        if each.kind == Kind.ENGAGEMENT_STAGE_PASSED
    ]
    assert ("complete", "processing") in passed and passed.index(("complete", "processing")) < len(passed) - 1
    assert here.stage == "fulfilled", "all work is handed off, and something is to be paid"


async def test_reminders_are_planned_in_the_morning_of_working_days(session: Session, ada_house: House) -> None:
    house = await people.organization(session, ada_house.id)
    proposal = await a_sent(session, ada_house)
    rows = (await session.execute(select(Job).where(Job.kind == "proposal.remind").order_by(Job.run_at))).scalars()
    planned = {each.payload["days"]: each for each in rows}
    assert set(planned) == {3, 1, 0} and len({each.lane for each in planned.values()}) == 3
    for days, job in planned.items():
        local = job.run_at.astimezone(ZoneInfo(house.timezone))
        assert local.time() == time.fromisoformat(house.setting("opens"))
        assert local.weekday() in house.setting("workdays")
        assert local.date() <= proposals.last_day(proposal.expires_at, house.timezone) - timedelta(days=days)


async def test_a_short_offer_is_not_pressed(session: Session, ada_house: House) -> None:
    today = clock.now().astimezone(ZoneInfo("Europe/London")).date()
    await a_sent(session, ada_house, valid_until=today)
    rows = (await session.execute(select(Job).where(Job.kind == "proposal.remind"))).scalars()
    assert {each.payload["days"] for each in rows} <= {0}


async def test_only_who_signs_next_is_reminded_and_once_a_day(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    both = [ada_house.clara.user_id, ada_house.dana.user_id]
    proposal = await a_sent(session, ada_house, signer_ids=both, in_order=True)
    version, system = await version_of(session, proposal), people.system(ada_house.id)
    assert await reminding.speak(session, system, proposal.id, version.id, days=3) == ["Clara"]
    assert await reminding.speak(session, system, proposal.id, version.id, days=3) == []
    with pytest.raises(Conflict, match="heard of it today"):
        await proposals.remind(session, ada_house.ada, proposal.id)
    clock.move(86_400)
    await signs(session, ada_house.clara, proposal)
    assert await reminding.speak(session, system, proposal.id, version.id, days=1) == ["Dana"]
    assert await reminding.speak(session, system, proposal.id, version.id, days=0) == []
    assert (await kinds(session, ada_house)).count("proposal.ending") == 1
    await signs(session, ada_house.dana, proposal)
    assert await reminding.speak(session, system, proposal.id, version.id, days=0) == []


async def test_nobody_is_reminded_of_what_is_over_or_replaced(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    proposal, system = await a_sent(session, ada_house), people.system(ada_house.id)
    first = await version_of(session, proposal)
    await proposals.revise(session, ada_house.ada, proposal.id, title="Website, anew", items=[AUDIT])
    await proposals.send(session, ada_house.ada, proposal.id)
    second = await version_of(session, proposal)
    assert await reminding.speak(session, system, proposal.id, first.id, days=3) == []
    clock.move(86_400 * 40)
    assert await reminding.speak(session, system, proposal.id, second.id, days=0) == []
    assert "proposal.ending" not in await kinds(session, ada_house)


async def test_our_own_signature_is_spoken_of_to_us_alone(session: Session, ada_house: House) -> None:
    proposal = await a_sent(session, ada_house, countersigner=str(ada_house.ada.user_id))
    await signs(session, ada_house.clara, proposal)
    version = await version_of(session, proposal)
    for days in (1, 0):  # on a Friday both, for what ends on a Saturday
        assert await reminding.speak(session, people.system(ada_house.id), proposal.id, version.id, days=days) == []
    told = await kinds(session, ada_house)
    assert (told[-1], told.count("proposal.ending")) == ("proposal.ending", 1)


async def test_what_is_said_under_a_versions_card_is_about_its_proposal(session: Session, ada_house: House) -> None:
    proposal = await a_sent(session, ada_house)
    version = await version_of(session, proposal)
    place = {"place": "C1", "purpose": "proposal.card", "engagement_id": ada_house.engagement.id}
    post = await posts.at(session, subject="proposal", subject_id=version.id, **place)  # type: ignore[arg-type]
    assert await nearby.offers_of(session, [post]) == {version.id: proposal.id}
    assert await nearby.offers_of(session, []) == {}


async def test_a_card_is_about_the_version_that_its_event_names(session: Session, ada_house: House) -> None:
    proposal = await a_sent(session, ada_house, signer_ids=[ada_house.clara.user_id, ada_house.dana.user_id])
    first = await version_of(session, proposal)
    await proposals.revise(session, ada_house.ada, proposal.id, title="Website, anew", items=[AUDIT])
    await proposals.send(session, ada_house.ada, proposal.id)
    second = await version_of(session, proposal)
    await proposals.view(session, ada_house.clara, proposal.id)
    found = {each.kind: each for each in reversed(await events.history(session, ada_house.engagement.id, 100))}
    about = Show("proposal.card", "client", about="version", mail="turn")

    async def subject(kind: Kind) -> list[uuid.UUID]:
        return list(await subjects(session, found[kind], about))

    assert await subject(Kind.PROPOSAL_SUPERSEDED) == [first.id]
    assert await subject(Kind.PROPOSAL_SENT) == [second.id]
    assert await subject(Kind.PROPOSAL_VIEWED) == [second.id], "it names none, so the latest is meant"
    assert not await proposals.is_latest(session, first.id) and await proposals.is_latest(session, str(second.id))
    assert not await proposals.is_latest(session, "not-an-id")
    engagement = await engagements.by_id(session, ada_house.engagement.id)
    engagement.connection = "none"
    told = await places(session, engagement, about, second.id, found[Kind.PROPOSAL_SENT])
    assert set(told) == {f"mail:{ada_house.clara.user_id}", f"mail:{ada_house.dana.user_id}"}
