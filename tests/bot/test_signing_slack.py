"""Signing over the wire: options, pages and typed words kept, our countersignature, Slack's signed payload, what is paid then."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.slack.bolt import as_it_came
from core import events, invoices, orders, papers, people, proposals, seals, signatures
from core.money import Money
from core.proposals import NewItem, Part, Proposal
from tests.bot import test_engagements_slack as begun
from tests.bot.test_engagements_slack import Stage, begin, connect
from tests.bot.test_proposals_slack import CLIENT, STAFF, done, press, shown, told

stage = begun.stage

AUDIT = NewItem("SEO audit", 2, Money(90_000, "USD"))
PAGES = NewItem("Extra pages", 4, Money(30_000, "USD"), optional=True)
CARE = NewItem("Care plan", 1, Money(40_000, "USD"), "fee", optional=True, period="month")
DEPOSIT = [Part("Deposit", "percent", "signing", Decimal(50)), Part("The rest", "rest", "completion")]
TICKS = {"I agree to sign this electronically.": True, "I agree to this proposal and may sign for Northwind.": True}
OURS = {"I agree to sign this electronically.": True, "I agree to this proposal and may sign for Studio Ada.": True}


@pytest.fixture
async def met(stage: Stage) -> AsyncIterator[Stage]:
    """Clara is in the channel."""
    await begin(stage)
    await connect(stage)
    yield stage


async def sent(stage: Stage, *, countersigned: bool = False, **wish: Any) -> Proposal:
    """A proposal that Ada sent; its card stands, and its paper is made."""
    tenant, engagement = await stage.tenant(), await stage.only()
    async with stage.app.db.transaction(tenant) as session:
        ada = await people.recognise(session, stage.slack.person("ada").id)
        wish = {"title": "Website", "items": [AUDIT, PAGES, CARE], "schedule": DEPOSIT, **wish}
        if countersigned:
            wish["countersigner"] = str(ada.user_id)
        draft = await proposals.draft(session, ada, engagement_id=engagement.id, **wish)
        proposal = await proposals.send(session, ada, draft.id)

    async def made() -> bool:
        async with stage.app.db.transaction(tenant) as session:
            version = (await proposals.latest(session, [proposal.id]))[proposal.id]
            return await papers.offer_of(session, version.id) is not None

    await stage.until(made)
    return proposal


def values(stage: Stage, by: str = "clara") -> Any:
    """The fields of the open modal, as they are typed in before anything is pressed."""
    return stage.slack.screens.top(stage.slack.actor(by)).values


async def submit(stage: Stage, filled: dict[str, Any], by: str = "clara") -> str:
    outcome = await stage.slack.submit(filled, by=by)
    assert outcome.ok, outcome.errors
    return shown(stage.slack.view(by))


def test_a_request_is_kept_as_it_came_and_says_whether_slack_signed_it() -> None:
    headers = {"X-Slack-Signature": "v0=1", "X-Slack-Request-Timestamp": "7", "Cookie": "no", "Content-Type": "a/b"}
    over_http = as_it_came(AsyncBoltRequest(body="payload=%7B%7D", headers=headers))
    assert (over_http.body, over_http.signed_by) == (b"payload=%7B%7D", "Slack")
    assert json.loads(over_http.headers) == {
        "content-type": "a/b",
        "x-slack-request-timestamp": "7",
        "x-slack-signature": "v0=1",
    }
    over_socket = as_it_came(AsyncBoltRequest(mode="socket_mode", body={"type": "view_submission"}))
    assert (json.loads(over_socket.body), over_socket.signed_by) == ({"type": "view_submission"}, "")
    assert json.loads(over_socket.headers) == {"transport": "socket mode"}


async def test_what_is_chosen_and_typed_survives_and_both_sides_sign(met: Stage) -> None:
    long = [replace(AUDIT, title=f"Part {number}", description="Word by word. " * 200) for number in range(47)]
    proposal = await sent(met, items=[AUDIT, *long, PAGES, CARE], countersigned=True)
    first = await press(met, "Review and sign")
    assert "Signing as *Clara Chen* for *Northwind*" in first
    assert "Page 1 of" in first
    while "Full name" not in (last := await press(met, "Next page")):
        pass
    assert "*Total: $86,400*" in last
    assert "Due once everyone has signed: *$43,200*" in last
    assert "Once everyone has signed: 48 projects start; deposit invoice of $43,200." in last
    values(met)["name"]["name"]["value"] = "Clara C. Chen"
    assert "*Total: $87,600*" in await press(met, "Extra pages")
    assert "*And $400 a month*" in await press(met, "Care plan")
    assert "a month*" not in await press(met, "Care plan")
    await press(met, "Page before")
    back = await press(met, "Next page")
    assert "*Total: $87,600*" in back
    assert values(met)["name"]["name"]["value"] == "Clara C. Chen"
    refused = await met.slack.submit({}, by="clara")
    assert "Please tick" in str(refused.errors) or not refused.ok
    said = await submit(met, {"Your title": "CEO", **TICKS})
    assert "Signed. Thank you. Ada signs next; your copy comes once everyone has signed." in said
    await met.settled()
    async with met.app.db.transaction(await met.tenant()) as session:
        assert await orders.of_engagement(session, proposal.engagement_id) == []
        (given,) = await signatures.of_proposal(session, proposal.id)
        assert (given.typed_name, given.typed_title, given.options) == ("Clara C. Chen", "CEO", [48])
    secret = met.sandbox.environment()["SLACK_SIGNING_SECRET"].encode()
    headers = json.loads(given.request_headers)
    signed = b"v0:" + headers["x-slack-request-timestamp"].encode() + b":" + given.request_body
    assert headers["x-slack-signature"] == "v0=" + hmac.new(secret, signed, hashlib.sha256).hexdigest()
    kept = json.loads(given.evidence)
    assert (kept["request"]["signed_by"], kept["facts"]["face"], kept["slack"]["user"]) == (
        "Slack",
        "slack modal",
        met.slack.person("clara").id,
    )
    assert "Countersign" not in str(met.slack.messages(CLIENT, "clara"))
    assert await told(met, "Countersign")
    ours = await press(met, "Countersign", "ada", STAFF)
    assert "Signing as *Ada Lovelace* for *Studio Ada*" in ours
    while "Full name" not in ours:
        ours = await press(met, "Next page", "ada", STAFF)
    assert "Clara signed first and chose for all of you:" in ours
    assert "Everyone has signed; the work begins." in await submit(met, {"Full name": "Ada Lovelace", **OURS}, "ada")
    await met.settled()
    async with met.app.db.transaction(await met.tenant()) as session:
        (order,) = await orders.of_engagement(session, proposal.engagement_id)
        assert order.total.minor == 8_760_000
        keys = await seals.public_halves(session)
        for each in await signatures.of_proposal(session, proposal.id):
            version, paper = (
                await proposals.version(session, each.version_id),
                await papers.offer_of(session, each.version_id),
            )
            assert version is not None and paper is not None
            assert signatures.check(each, version, paper, keys) == []


async def test_a_tick_that_slack_did_not_tell_of_is_looked_at_once_more_and_then_paid(met: Stage) -> None:
    proposal = await sent(met)
    assert "*Total: $1,800*" in await press(met, "Review and sign")
    options = values(met)["proposal.options_0"]["proposal.options_0"]
    options["selected_options"] = [{"text": {"type": "plain_text", "text": "Extra pages"}, "value": "1"}]
    again = await submit(met, {"Full name": "Clara Chen", **TICKS})
    assert "The total no longer agrees; please look once more." in again
    assert "*Total: $3,000*" in again
    assert values(met)["name"]["name"]["value"] == "Clara Chen"
    async with met.app.db.transaction(await met.tenant()) as session:
        assert await signatures.of_proposal(session, proposal.id) == []
        happened = await events.history(session, proposal.engagement_id, 3)
        assert [each.facts["code"] for each in happened if each.kind == "proposal.sign_refused"] == ["total_changed"]
    said = await submit(met, {"Full name": "Clara Chen", **TICKS})
    assert "Signed. Your copy is in your mail and on your page." in said
    assert "Pay deposit" in said

    async def issued() -> bool:
        async with met.app.db.transaction(await met.tenant()) as session:
            due = await invoices.of_engagement(session, proposal.engagement_id)
            return any(each.issued_at for each in due)

    await met.until(issued)
    assert "$1,500" in await press(met, "Pay deposit")
    await done(met)
