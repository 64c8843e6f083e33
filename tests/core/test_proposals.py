"""A proposal's life up to its signature: drafted, frozen, viewed, reminded of, declined, withdrawn, expired."""

import json
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError

from core import catalog, clock, events, proposals
from core.db import Session, listen_for_queries
from core.engagements import Engagement
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.events import Event, Kind
from core.jobs import Job
from core.money import Money
from core.people import Actor, system
from core.proposals import NewItem, Proposal, Version
from tests.builders import House

AUDIT = NewItem("SEO audit", 2, Money(90_000, "USD"))
HOSTING = NewItem("Hosting", 12, Money(4_000, "USD"), "fee")


async def a_draft(session: Session, house: House, **given: object) -> Proposal:
    asked: dict[str, object] = {"title": "Website", "items": [AUDIT, HOSTING], "terms": "Paid within 14 days.", **given}
    return await proposals.draft(session, house.ada, engagement_id=house.engagement.id, **asked)  # type: ignore[arg-type]


async def a_sent(session: Session, house: House, **given: object) -> Proposal:
    return await proposals.send(session, house.ada, (await a_draft(session, house, **given)).id)


async def kinds(session: Session, house: House) -> list[str]:
    """What happened to proposals in the engagement, in order."""
    happened = reversed(await events.history(session, house.engagement.id, 100))
    return [event.kind for event in happened if event.kind.startswith(("proposal.", "person."))]


async def test_a_draft_waits_for_two_weeks_and_for_the_main_contact(session: Session, ada_house: House) -> None:
    proposal = await a_draft(session, ada_house, title="  Website  relaunch ")
    assert (proposal.title, proposal.status, proposal.currency) == ("Website relaunch", "draft", "USD")
    assert timedelta(days=14) < proposal.expires_at - clock.now() <= timedelta(days=15)
    offer = await proposals.offer(session, proposal)
    assert [(party.name, party.slack_user_id) for party in offer.signers] == [("Clara Chen", "U0CLARA")]
    assert offer.document.total == Money(228_000, "USD")
    assert offer.document.work == (AUDIT,)
    assert (offer.audience.readers, offer.audience.outsiders) == (0, 0)
    assert await kinds(session, ada_house) == ["proposal.drafted"]
    assert await proposals.last_terms(session, ada_house.ben) == "Paid within 14 days."


async def test_a_form_that_arrives_twice_makes_one_draft(session: Session, ada_house: House) -> None:
    chosen = uuid.uuid4()
    first = await a_draft(session, ada_house, proposal_id=chosen)
    second = await a_draft(session, ada_house, proposal_id=chosen)
    assert first is second
    assert await kinds(session, ada_house) == ["proposal.drafted"]
    await a_draft(session, ada_house, proposal_id=chosen, title="Other")
    assert (first.title, await kinds(session, ada_house)) == ("Other", ["proposal.drafted", "proposal.edited"])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"items": []}, "lines"),
        ({"items": [AUDIT] * 51}, "lines"),
        ({"items": [NewItem("Audit", 1, Money(900, "EUR"))]}, "services"),
        ({"valid_until": (clock.now() - timedelta(days=2)).date()}, "until"),
        ({"signer_ids": [uuid.uuid4()]}, "signers"),
    ],
)
async def test_a_draft_that_cannot_be_is_refused_at_its_field(
    session: Session, ada_house: House, wrong: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await a_draft(session, ada_house, **wrong)
    assert refusal.value.field == field
    assert await kinds(session, ada_house) == []


async def test_only_the_engagements_own_clients_can_be_asked_to_sign(session: Session, ada_house: House) -> None:
    for outsider in (ada_house.gus, ada_house.ben):
        with pytest.raises(Invalid):
            await a_draft(session, ada_house, signer_ids=[outsider.user_id])
    both = await a_draft(session, ada_house, signer_ids=[ada_house.dana.user_id, ada_house.clara.user_id])
    offer = await proposals.offer(session, both)
    assert [party.first_name for party in offer.waiting] == ["Dana", "Clara"]


async def test_who_may_write_send_and_withdraw(session: Session, ada_house: House) -> None:
    proposal = await a_draft(session, ada_house)
    for outsider in (ada_house.clara, ada_house.gus, ada_house.stranger):
        for verb in (proposals.send, proposals.withdraw, proposals.copy, proposals.remind, proposals.expire):
            with pytest.raises(NotFound):
                await verb(session, outsider, proposal.id)  # type: ignore[operator]
        with pytest.raises(NotFound if outsider is not ada_house.clara else NotAllowed):
            await proposals.draft(session, outsider, engagement_id=ada_house.engagement.id, title="Mine", items=[AUDIT])
    await proposals.send(session, ada_house.ben, proposal.id)
    for verb in (proposals.send, proposals.withdraw, proposals.copy):
        with pytest.raises(NotAllowed):
            await verb(session, ada_house.clara, proposal.id)  # type: ignore[operator]
    junior = Actor(ada_house.id, "staff", "Junior", ada_house.ben.user_id, levels={"clients": 3, "order_access": 3})
    with pytest.raises(NotAllowed):
        await proposals.send(session, junior, proposal.id)


async def test_editing_changes_the_draft_and_only_the_draft(session: Session, ada_house: House) -> None:
    proposal = await a_draft(session, ada_house)
    offer = await proposals.offer(session, proposal)
    same = {
        "title": "Website",
        "items": [AUDIT, HOSTING],
        "terms": "Paid within 14 days.",
        "valid_until": offer.document.valid_until,
        "signer_ids": [ada_house.clara.user_id],
    }
    await proposals.edit(session, ada_house.ada, proposal.id, **same)  # type: ignore[arg-type]
    assert await kinds(session, ada_house) == ["proposal.drafted"]
    await proposals.edit(session, ada_house.ada, proposal.id, **{**same, "items": [HOSTING]})  # type: ignore[arg-type]
    assert (await proposals.offer(session, proposal)).document.items == (HOSTING,)
    assert await kinds(session, ada_house) == ["proposal.drafted", "proposal.edited"]
    await proposals.send(session, ada_house.ada, proposal.id)
    with pytest.raises(Conflict) as refusal:
        await proposals.edit(session, ada_house.ada, proposal.id, **same)  # type: ignore[arg-type]
    assert refusal.value.way is not None
    assert refusal.value.way.action == "proposal.change"


async def test_sending_freezes_the_text_once(session: Session, ada_house: House) -> None:
    proposal = await a_draft(session, ada_house)
    preview = await proposals.offer(session, proposal)
    for _twice in range(2):
        await proposals.send(session, ada_house.ada, proposal.id, seen=preview.sha256)
    assert proposal.status == "sent"
    versions = list((await session.execute(select(Version).where(Version.proposal_id == proposal.id))).scalars())
    assert len(versions) == 1
    assert versions[0].sha256.hex() == preview.sha256 == proposals.digest(versions[0].body).hex()
    body = json.loads(versions[0].body)
    assert body["client"]["name"] == "Northwind"
    assert body["agency"]["name"] == "Studio Ada"
    assert body["signers"] == [
        {"id": str(ada_house.clara.user_id), "name": "Clara Chen", "email": "clara@northwind.example", "side": "client"}
    ]
    assert (body["total_minor"], body["currency"], body["terms"]) == (228_000, "USD", "Paid within 14 days.")
    assert versions[0].body == events.canonical(body)
    shown = await proposals.offer(session, proposal)
    assert (shown.document, shown.version_id) == (preview.document, versions[0].id)
    assert await kinds(session, ada_house) == ["proposal.drafted", "proposal.sent"]
    job = (await session.execute(select(Job).where(Job.kind == "proposal.expire"))).scalar_one()
    assert (job.run_at, job.payload) == (
        proposal.expires_at,
        {"proposal": str(proposal.id), "version": str(versions[0].id)},
    )
    engagement = (
        await session.execute(select(Engagement).where(Engagement.id == ada_house.engagement.id))
    ).scalar_one()
    assert engagement.stage == "active"


async def test_a_version_is_only_ever_inserted(session: Session, ada_house: House) -> None:
    await a_sent(session, ada_house)
    for rewrite in (
        "UPDATE proposal_versions SET body = ''",
        "DELETE FROM proposal_versions",
        "UPDATE signatures SET typed_name = ''",
    ):
        with pytest.raises(ProgrammingError):
            async with session.begin_nested():
                await session.execute(text(rewrite))


async def test_what_changed_since_the_preview_is_looked_at_again(session: Session, ada_house: House) -> None:
    proposal = await a_draft(session, ada_house)
    seen = (await proposals.offer(session, proposal)).sha256
    await a_draft(session, ada_house, proposal_id=proposal.id, terms="Paid at once.")
    with pytest.raises(Conflict) as refusal:
        await proposals.send(session, ada_house.ada, proposal.id, seen=seen)
    assert refusal.value.way is not None
    assert refusal.value.way.action == "proposal.preview"
    assert proposal.status == "draft"


async def test_a_draft_whose_day_has_passed_is_not_sent(session: Session, ada_house: House, moved_clock: Path) -> None:
    proposal = await a_draft(session, ada_house)
    clock.move(16 * 86_400)
    with pytest.raises(Conflict) as refusal:
        await proposals.send(session, ada_house.ada, proposal.id)
    assert refusal.value.way is not None
    assert refusal.value.way.action == "proposal.edit"


async def test_nothing_new_goes_out_in_a_closed_engagement(session: Session, ada_house: House) -> None:
    proposal = await a_draft(session, ada_house)
    engagement = (
        await session.execute(select(Engagement).where(Engagement.id == ada_house.engagement.id))
    ).scalar_one()
    engagement.status = "closed"
    await session.flush()
    with pytest.raises(Conflict):
        await proposals.send(session, ada_house.ada, proposal.id)
    with pytest.raises(Conflict):
        await a_draft(session, ada_house)


async def test_only_a_signers_look_counts_as_a_view(session: Session, ada_house: House) -> None:
    proposal = await a_sent(session, ada_house)
    for looker in (ada_house.ada, ada_house.ben, ada_house.dana):
        await proposals.view(session, looker, proposal.id)
    assert (proposal.status, proposal.viewed_at) == ("sent", None)
    for _twice in range(2):
        await proposals.view(session, ada_house.clara, proposal.id)
    assert proposal.status == "viewed"
    assert (await kinds(session, ada_house)).count("proposal.viewed") == 1
    assert (await proposals.parties(session, proposal.id))[0].viewed_at is not None
    for outsider in (ada_house.gus, ada_house.stranger):
        with pytest.raises(NotFound):
            await proposals.view(session, outsider, proposal.id)


async def test_a_reminder_reaches_those_who_are_awaited_once_a_day(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    proposal = await a_draft(session, ada_house)
    with pytest.raises(Conflict):
        await proposals.remind(session, ada_house.ada, proposal.id)
    await proposals.send(session, ada_house.ada, proposal.id)
    assert await proposals.remind(session, ada_house.dana, proposal.id) == ["Clara"]
    with pytest.raises(Conflict):
        await proposals.remind(session, ada_house.ada, proposal.id)
    clock.move(86_400)
    assert await proposals.remind(session, ada_house.ada, proposal.id) == ["Clara"]
    nudge = (await events.history(session, ada_house.engagement.id, 1))[0]
    assert (nudge.kind, nudge.facts["people"]) == (Kind.PERSON_NUDGED, [str(ada_house.clara.user_id)])
    with pytest.raises(NotFound):
        await proposals.remind(session, ada_house.gus, proposal.id)


async def test_a_signer_declines_with_a_reason_once(session: Session, ada_house: House) -> None:
    proposal = await a_sent(session, ada_house)
    with pytest.raises(NotAllowed) as refusal:
        await proposals.decline(session, ada_house.dana, proposal.id, reason="No")
    assert refusal.value.sentence == "This one is for Clara to sign."
    assert refusal.value.way is not None
    assert (refusal.value.way.label, refusal.value.way.action) == ("Tell Clara", "proposal.tell")
    with pytest.raises(NotAllowed):
        await proposals.decline(session, ada_house.ada, proposal.id, reason="No")
    with pytest.raises(NotFound):
        await proposals.decline(session, ada_house.gus, proposal.id, reason="No")
    with pytest.raises(Invalid) as blank:
        await proposals.decline(session, ada_house.clara, proposal.id, reason="  ")
    assert blank.value.field == "reason"
    for _twice in range(2):
        await proposals.decline(session, ada_house.clara, proposal.id, reason="Not this year")
    assert (proposal.status, proposal.ended_reason, proposal.ended_by_id) == (
        "declined",
        "Not this year",
        ada_house.clara.user_id,
    )
    assert (await kinds(session, ada_house)).count("proposal.declined") == 1
    with pytest.raises(Conflict):
        await proposals.request_changes(session, ada_house.clara, proposal.id, words="Cheaper")


async def test_any_of_the_clients_people_may_ask_for_changes(session: Session, ada_house: House) -> None:
    proposal = await a_sent(session, ada_house)
    said = await proposals.request_changes(session, ada_house.dana, proposal.id, words="Two rounds, please")
    assert proposal.status == "sent"
    answer, who = await proposals.answer(session, said.id)
    assert (answer.words, answer.kind, who.name) == ("Two rounds, please", "changes", "Dana Flores")
    recorded = (await events.history(session, ada_house.engagement.id, 1))[0]
    assert recorded.kind == Kind.PROPOSAL_CHANGES_REQUESTED
    assert "Two rounds" not in recorded.body
    with pytest.raises(Invalid):
        await proposals.request_changes(session, ada_house.clara, proposal.id, words=" ")
    with pytest.raises(NotAllowed):
        await proposals.request_changes(session, ada_house.ada, proposal.id, words="Dearer")
    with pytest.raises(NotFound):
        await proposals.request_changes(session, ada_house.stranger, proposal.id, words="Hello")


async def test_staff_withdraw_with_a_reason_or_discard_a_draft(session: Session, ada_house: House) -> None:
    draft, sent = await a_draft(session, ada_house), await a_sent(session, ada_house)
    await proposals.withdraw(session, ada_house.ada, draft.id)
    assert (draft.status, draft.sent_at) == ("withdrawn", None)
    with pytest.raises(Invalid):
        await proposals.withdraw(session, ada_house.ada, sent.id)
    for _twice in range(2):
        await proposals.withdraw(session, ada_house.ada, sent.id, reason="A better one follows")
    assert (await kinds(session, ada_house)).count("proposal.withdrawn") == 2
    with pytest.raises(Conflict) as refusal:
        await proposals.decline(session, ada_house.clara, sent.id, reason="No")
    assert "Studio Ada withdrew" in refusal.value.sentence
    with pytest.raises(Conflict):
        await proposals.send(session, ada_house.ada, draft.id)


async def test_it_expires_at_the_end_of_its_day_and_not_before(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    proposal = await a_sent(session, ada_house)
    robot = system(ada_house.id)
    assert (await proposals.expire(session, robot, proposal.id)).status == "sent"
    with pytest.raises(Conflict):
        await proposals.ask_new_date(session, ada_house.clara, proposal.id)
    clock.move(15 * 86_400)
    assert (await proposals.offer(session, proposal)).expired
    with pytest.raises(Conflict) as refusal:
        await proposals.decline(session, ada_house.clara, proposal.id, reason="Late")
    assert refusal.value.way is not None
    assert refusal.value.way.action == "proposal.renew"
    assert proposal.status == "sent"
    for _twice in range(2):
        await proposals.expire(session, robot, proposal.id)
    assert (proposal.status, (await kinds(session, ada_house)).count("proposal.expired")) == ("expired", 1)
    asked = [await proposals.ask_new_date(session, ada_house.clara, proposal.id) for _twice in range(2)]
    assert asked[0] is asked[1]
    assert (await kinds(session, ada_house)).count("proposal.changes_requested") == 1


async def test_a_copy_is_a_new_draft_with_a_day_of_its_own(
    session: Session, ada_house: House, moved_clock: Path
) -> None:
    first = await a_sent(session, ada_house, purpose="More visitors")
    clock.move(15 * 86_400)
    second = await proposals.copy(session, ada_house.ben, first.id)
    one, two = await proposals.offer(session, first), await proposals.offer(session, second)
    assert (second.status, second.copied_from_id, two.document.purpose) == ("draft", first.id, "More visitors")
    assert two.document.items == one.document.items
    assert two.document.expires_at > clock.now()


async def test_services_stay_known_in_the_document(session: Session, ada_house: House) -> None:
    service = await catalog.new(
        session, ada_house.ada, name="Logo", price=Money(70_000, "USD"), description="Three drafts"
    )
    proposal = await a_sent(session, ada_house, items=[proposals.of_service(service)])
    (item,) = (await proposals.offer(session, proposal)).document.items
    assert (item.title, item.description, item.service_id) == ("Logo", "Three drafts", service.id)


async def test_lists_say_who_is_awaited_in_as_many_queries_however_long(session: Session, ada_house: House) -> None:
    seen: list[str] = []
    engine = session.bind.sync_engine  # type: ignore[union-attr]
    counts = []
    for _round in range(2):
        for _each in range(4):
            await a_sent(session, ada_house)
        stop = listen_for_queries(type("Engine", (), {"sync_engine": engine})(), seen)  # type: ignore[arg-type]
        entries = await proposals.listing(session, ada_house.ada)
        stop()
        counts.append(len(seen))
        seen.clear()
    assert counts[0] == counts[1] <= 4
    assert len(entries) == 8
    assert {(entry.awaited, entry.total.minor, entry.engagement) for entry in entries} == {
        (("Clara",), 228_000, "Northwind")
    }
    await a_draft(session, ada_house, title="Secret")
    assert len(await proposals.listing(session, ada_house.clara)) == 8
    assert await proposals.listing(session, ada_house.gus) == []
    assert len(await proposals.waiting(session, ada_house.engagement.id)) == 8
    found = await proposals.candidates(
        session, ada_house.ada, engagement_id=ada_house.engagement.id, statuses=["draft"]
    )
    assert [title for _, title in found] == ["Secret"]


async def test_no_name_or_word_enters_the_chain(session: Session, ada_house: House) -> None:
    proposal = await a_sent(session, ada_house, purpose="More visitors")
    await proposals.decline(session, ada_house.clara, proposal.id, reason="Not this year")
    bodies = list((await session.execute(select(Event.body))).scalars())
    assert bodies
    for word in ("Clara", "Not this year", "More visitors", "SEO audit", "Website"):
        assert not [body for body in bodies if word in body]
    assert (
        await session.execute(select(func.count()).select_from(Job).where(Job.kind == "event.announce"))
    ).scalar_one()
