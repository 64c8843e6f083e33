"""Steps 3 and 4 of the story over the wire: a proposal is drafted, previewed, sent, asked about, declined, signed."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core import clock, contracts, conversations, invoices, orders, people, projects, proposals
from core.engagements.roster import add_person
from core.people import Actor
from core.proposals import Proposal
from tests.bot import test_engagements_slack as begun
from tests.bot.test_engagements_slack import Stage, begin, connect

stage = begun.stage

DRAFT = {"Title": "Website", "Items": "SEO audit, 2 × 900\nHosting, 12 × 40 (fee)"}
MORE = {"Terms": "Paid within 14 days."}
SIGNATURE = {
    "Full name": "Clara Chen",
    "I agree to sign this electronically.": True,
    "I agree to this proposal and may sign for Northwind.": True,
}
STAFF, CLIENT = "#northwind-internal", "#northwind"


@pytest.fixture
async def met(stage: Stage) -> AsyncIterator[Stage]:
    """Clara is in the channel."""
    await begin(stage)
    await connect(stage)
    yield stage


async def typed(stage: Stage, line: str, channel: str = STAFF) -> str:
    """What staff are answered."""
    ack = await stage.slack.command(line, by="ada", channel=channel)
    assert ack.ok
    return shown(ack.message or {})


async def written(stage: Stage, **more: Any) -> str:
    """Draft a proposal; what the preview says."""
    await typed(stage, "/proposal new")
    outcome = await stage.slack.submit({**DRAFT, **more}, by="ada")
    assert outcome.ok, outcome.errors
    await press(stage, "More", "ada")
    outcome = await stage.slack.submit(MORE, by="ada")
    assert outcome.ok, outcome.errors
    return shown(stage.slack.view("ada"))


async def sent(stage: Stage, **more: Any) -> None:
    """Draft and send one."""
    await written(stage, **more)
    outcome = await stage.slack.submit(None, by="ada")
    assert outcome.ok, outcome.errors
    await stage.slack.close("ada")
    await stage.settled()


def shown(view: Any) -> str:
    return json.dumps(view, ensure_ascii=False)


async def press(stage: Stage, label: str, by: str = "clara", channel: str = CLIENT) -> str:
    """Press what this person really sees, in their modal if one is open; what the modal then says."""
    where = None if stage.slack.view(by) else channel
    outcome = await stage.slack.press(label, by=by, channel=where)
    assert outcome.ok, outcome.error
    return shown(stage.slack.view(by))


def everything(stage: Stage, channel: str, by: str) -> str:
    """All that this person sees in a channel, threads too."""
    seen = stage.slack.messages(channel, by)
    threads = [stage.slack.messages(channel, by, thread=each["ts"]) for each in seen if each.get("reply_count")]
    return "\n".join(str(message) for messages in (seen, *threads) for message in messages)


async def told(stage: Stage, words: str, channel: str = STAFF, by: str = "ada") -> bool:
    """Whether this person comes to read these words; Slack may ask for a pause before they stand there."""

    async def stands() -> bool:
        return words in everything(stage, channel, by)

    await stage.until(stands)
    return True


async def submit(stage: Stage, values: dict[str, Any] | None, by: str = "clara") -> str:
    outcome = await stage.slack.submit(values, by=by)
    assert outcome.ok, outcome.errors
    said = shown(stage.slack.view(by))
    await stage.settled()
    return said


async def done(stage: Stage, by: str = "clara") -> None:
    while stage.slack.view(by):
        await stage.slack.close(by)


async def only(stage: Stage) -> Proposal:
    tenant = await stage.tenant()
    async with stage.app.db.transaction(tenant) as session:
        entries = await proposals.listing(session, Actor(tenant, "system"))
        found = await proposals.find(session, entries[0].id)
        assert found is not None
        return found


async def test_a_proposal_is_drafted_previewed_and_sent(met: Stage) -> None:
    await typed(met, "/proposal new Website", "#general")
    outcome = await met.slack.submit({"Items": "SEO audit, 2 × 900\nPhase 2"}, by="ada")
    assert "Line 2: I find no price in “Phase 2”" in str(outcome.errors)
    outcome = await met.slack.submit({"Items": ""}, by="ada")
    assert "What do you offer?" in str(outcome.errors)
    outcome = await met.slack.submit({"Items": "SEO audit, 900", "Valid until": "2020-01-01"}, by="ada")
    assert "has passed" in str(outcome.errors)
    await done(met, "ada")
    preview = await written(met)
    assert "2 people read this channel, 1 from other companies. Amounts are hidden there." in preview
    for words in ("Website", "2 × $900 = $1,800", "Hosting", "Total: $2,280", "Paid within 14 days.", "Clara Chen"):
        assert words in preview
    await met.settled()
    assert "Website" not in met.texts(CLIENT, "clara")
    assert await told(met, "Preview and send")
    await press(met, "More", "ada")
    outcome = await met.slack.submit({"Payments": "30% on signing\nsoon"}, by="ada")
    assert "Line 2: I do not understand “soon”" in str(outcome.errors)
    schedule = {"Payments": "30% on signing", "Milestones": "Launch · SEO audit", "Countersigner": "Ada Lovelace"}
    preview = await submit(met, schedule, by="ada")
    assert "“the rest on completion” was added" in preview
    assert "Deposit, on signing: $684 (30%)" in preview
    assert "Ada Lovelace" in preview
    await press(met, "More", "ada")
    await press(met, "Back", "ada")
    assert "1 milestone, 2 payments, terms, Ada countersigns" in shown(met.slack.view("ada"))
    assert "SEO audit, 2 × 900" in shown(met.slack.view("ada"))
    assert "$1,900" in await submit(met, {"Items": "SEO audit, 2 × 950"}, by="ada")
    await done(met, "ada")
    await typed(met, "/proposal send website")
    assert "Sent, for Clara to sign" in await submit(met, None, by="ada")
    await done(met, "ada")
    assert await told(met, "Studio Ada sent a proposal: Website.", CLIENT, "clara")
    assert "SEO audit × 2" in met.texts(CLIENT, "clara")
    assert "$" not in everything(met, CLIENT, "clara")
    assert await told(met, "Clara has not opened it yet")
    assert "waits for Clara" in await typed(met, "/proposal")
    assert "Website" in await typed(met, "/proposal", "#general")
    await typed(met, "/proposal copy website")
    await done(met, "ada")
    assert await told(met, "Draft by Ada")
    await press(met, "Discard", "ada", STAFF)
    await submit(met, None, "ada")
    assert await told(met, "discarded the draft of Website")


async def test_the_catalog_feeds_proposals(met: Stage) -> None:
    assert "empty" in await typed(met, "/tl service")
    await typed(met, "/tl service new Logo, 700")
    assert "700" in shown(met.slack.view("ada"))
    await submit(met, {"Description": "Three drafts"}, "ada")
    await done(met, "ada")
    assert "Logo" in await typed(met, "/tl services")
    await typed(met, "/tl service edit logo")
    outcome = await met.slack.submit({"Price": "€700"}, by="ada")
    assert "counted in USD" in str(outcome.errors)
    await submit(met, {"Price": "750"}, "ada")
    await done(met, "ada")
    preview = await written(met, **{"From your services": ["Logo"]})
    assert "Three drafts" in preview
    assert "$3,030" in preview
    await done(met, "ada")
    await typed(met, "/proposal new logo")
    assert "Logo, 750" in shown(met.slack.view("ada"))
    await done(met, "ada")
    await typed(met, "/tl service retire logo")
    await submit(met, None, "ada")
    await done(met, "ada")
    assert "empty" in await typed(met, "/tl service")


async def test_others_than_clara_are_told_kindly_and_can_tell_her(met: Stage) -> None:
    await sent(met)
    await met.slack.invites("clara", "dana", CLIENT)
    await met.settled()
    assert "Your look does not count" in await press(met, "Review and sign", "ada")
    assert (met.slack.view("ada") or {})["submit"] is None
    await done(met, "ada")
    assert "do not know who you are" in await press(met, "Review and sign", "dana")
    await done(met, "dana")
    tenant = await met.tenant()
    engagement = await met.only()
    async with met.app.db.transaction(tenant) as session:
        northwind = (await session.get(people.Company, engagement.company_id)) or pytest.fail("no company")
        dana = await people.contact(
            session, tenant, name="Dana Flores", email="dana@northwind.example", company=northwind
        )
        await people.link(
            session,
            next(m for m, p in met.slack.snapshot("ada")["people"].items() if p["name"].startswith("dana")),
            dana,
        )
        await add_person(session, engagement, dana.id)
    modal = await press(met, "Review and sign", "dana")
    assert "This one is for Clara to sign." in modal
    assert "will read it in the channel" in await press(met, "Tell Clara", "dana")
    await done(met, "dana")
    assert await told(met, "waits for your signature", CLIENT, "clara")
    assert "heard of it today" in await press(met, "Remind", "ada", STAFF)
    await done(met, "ada")
    assert (await only(met)).status == "sent"


async def test_clara_signs_and_everything_begins_once(met: Stage) -> None:
    await sent(met)
    modal = await press(met, "Review and sign")
    assert "Signing as *Clara Chen* for *Northwind*" in modal
    assert "2 × $900 = $1,800" in modal
    await met.settled()
    assert (await only(met)).status == "viewed"
    assert await told(met, "Clara opened it")
    assert not (await met.slack.submit({"Full name": "Clara Chen"}, by="clara")).ok
    outcome = await met.slack.submit({**SIGNATURE, "Full name": "   "}, by="clara")
    assert "full name" in str(outcome.errors)
    said = await submit(met, SIGNATURE)
    assert "Signed. Your copy is in your mail and on your page." in said
    await done(met)
    engagement = await met.only()
    async with met.app.db.transaction(await met.tenant()) as session:
        assert [each.total.minor for each in await orders.of_engagement(session, engagement.id)] == [228_000]
        assert [each.title for each in await projects.of_engagement(session, engagement.id)] == ["SEO audit"]
        assert len(await contracts.of_engagement(session, engagement.id)) == 1
        assert [each.status for each in await invoices.of_engagement(session, engagement.id)] == ["open"]
    assert engagement.stage == "processing"
    for channel, reader in ((CLIENT, "clara"), (STAFF, "ada")):
        assert await told(met, "Clara Chen signed on", channel, reader)
    assert "What happens next" in met.texts(CLIENT, "clara")
    assert "was signed" in await press(met, "Read it again")
    await done(met)
    assert "$0 of $2,280 paid" in await typed(met, "/proposal show website")


async def test_clara_asks_wants_changes_and_declines(met: Stage) -> None:
    await sent(met)
    await press(met, "Ask a question")
    assert "answers in the channel" in await submit(met, {"Your question": "Is hosting needed?"})
    await done(met)
    engagement = await met.only()
    async with met.app.db.transaction(await met.tenant()) as session:
        tied = await conversations.open_ones(session, Actor(await met.tenant(), "system"), engagement.id)
        assert "Question about Website" in [each.topic for each in tied]
    await press(met, "Request changes")
    assert "Ada reads it now" in await submit(met, {"What to change": "Only one audit"})
    await done(met)
    assert await told(met, "asks for changes to Website")
    assert await told(met, "Only one audit")
    assert "Only one audit" not in everything(met, CLIENT, "clara")
    await press(met, "Decline")
    assert "Thank you for saying so" in await submit(met, {"Reason": "Not this year"})
    await done(met)
    assert await told(met, "Not this year")
    assert await told(met, "Clara declined Website.", CLIENT, "clara")
    assert "Not this year" not in everything(met, CLIENT, "clara")
    assert "SEO audit, 2 × 900" in await press(met, "New version", "ada", STAFF)
    await submit(met, None, "ada")
    await submit(met, None, "ada")
    await done(met, "ada")
    await told(met, "Remind")
    await press(met, "Review and sign")
    await typed(met, "/proposal withdraw website A better one follows")
    assert "A better one follows" in shown(met.slack.view("ada"))
    await submit(met, None, "ada")
    said = await submit(met, SIGNATURE)
    assert "Studio Ada withdrew" in said
    assert "Ask a question" in said
    await done(met)
    assert await told(met, "A better one follows", CLIENT, "clara")
    async with met.app.db.transaction(await met.tenant()) as session:
        assert await orders.of_engagement(session, engagement.id) == []


async def test_it_expires_by_itself_and_clara_asks_for_a_new_date(met: Stage) -> None:
    await sent(met)
    await press(met, "Review and sign")
    clock.move(16 * 86_400)
    said = await submit(met, SIGNATURE)
    assert "was valid until" in said
    assert "Ask for a new date" in said
    await done(met)

    async def expired() -> bool:
        return (await only(met)).status == "expired"

    await met.until(expired)
    await press(met, "Ask for a new date")
    await done(met)
    assert await told(met, "asks for a new date for Website")
    assert "expired" in await typed(met, "/proposal")
