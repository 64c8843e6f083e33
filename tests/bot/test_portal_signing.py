"""Signing in the browser over real HTTP: only the form's button signs, and whatever is refused leaves an event and nothing else."""

import asyncio
import html
import json
import re
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import func, select

from bot import settings
from bot.sandbox.mailbox import Mailbox
from bot.web import portal
from bot.web.endpoint import PROXIES, submitted
from bot.worker.links import mail_code
from bot.worker.works import Works
from core import clock, links, orders, papers, people, proposals, signatures
from core.conversations import Conversation
from core.db import Database, Session
from core.events import Event
from core.jobs import Claimed, Job
from core.links import Link
from core.money import Money
from core.people import Actor
from core.proposals import Answer, NewItem, Proposal, Signer, Version
from core.signatures import Signature
from tests.bot.test_portal import PUBLIC, Browser, Seen, box, entered, works
from tests.builders import SEALER, House, house, papered
from tests.core.test_proposals import AUDIT
from tests.core.test_signatures import offered

assert box and works  # fixtures

PDF = b"%PDF-1.7 as it was sent"


@pytest.fixture
async def site(database: Database) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(portal.routes(database, public_url=PUBLIC, sealer=SEALER))
    app[PROXIES] = (ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@dataclass
class Deal:
    """A proposal that was sent, and what may happen around it."""

    db: Database
    house: House
    proposal: Proposal
    version: Version

    @property
    def path(self) -> str:
        return f"/portal/proposals/{self.proposal.id}"

    async def counted(self) -> tuple[int, int, int]:
        """How many signatures, orders and events there are."""
        async with self.db.transaction(self.house.id) as session:
            made = [
                (await session.execute(select(func.count()).select_from(table))).scalar_one()
                for table in (Signature, Event)
            ]
            return made[0], len(await orders.of_engagement(session, self.house.engagement.id)), made[1]

    async def refusals(self) -> list[str]:
        """Why signing was refused, in the trail's words."""
        async with self.db.transaction(self.house.id) as session:
            query = select(Event).where(Event.kind == "proposal.sign_refused").order_by(Event.at, Event.seq)
            return [each.facts["code"] for each in (await session.execute(query)).scalars()]

    async def signature(self) -> Signature:
        async with self.db.transaction(self.house.id) as session:
            return (await session.execute(select(Signature).order_by(Signature.signed_at.desc()).limit(1))).scalar_one()

    async def viewed(self) -> bool:
        async with self.db.transaction(self.house.id) as session:
            query = select(Signer.viewed_at).where(Signer.proposal_id == self.proposal.id)
            return any((await session.execute(query)).scalars())


async def deal(database: Database, a: House, *, optional: Sequence[int] = (), **given: object) -> Deal:
    async with database.transaction(a.id) as session:
        proposal, version = await offered(session, a, optional=optional, **given)  # type: ignore[arg-type]
    return Deal(database, a, proposal, version)


async def revised(session: Session, one: Deal) -> None:
    await proposals.revise(session, one.house.ada, one.proposal.id, title="Website, anew", items=[AUDIT])


def fields_of(page: Seen) -> dict[str, str]:
    """What the page's form would send as it stands: hidden fields, typed words, ticked boxes."""
    start = page.text.index("<form")
    form = page.text[start : page.text.index("</form>", start)]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        told = {name: html.unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if "name" in told and (told.get("type") != "checkbox" or " checked" in tag):
            found[told["name"]] = told.get("value", "")
    return found


def filled(page: Seen, **more: str) -> dict[str, str]:
    return {**fields_of(page), "name": "Clara Chen", "title": "CEO", "electronic": "yes", "agree": "yes", **more}


def h1(page: Seen) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
    return html.unescape(found[1]) if found else ""


async def test_the_whole_text_is_there_and_nothing_is_ticked(database: Database, site: str, ada_house: House) -> None:
    one = await deal(database, ada_house, optional=[1], purpose="More <b>visitors</b>")
    clara = await entered(database, site, ada_house)
    assert f'href="{one.path}"' in (await clara.get("/portal")).text
    page = await clara.get(one.path)
    assert page.status == 200
    for words in (
        "Website",
        "From <b>Studio Ada</b> to <b>Northwind</b>",
        "More &lt;b&gt;visitors&lt;/b&gt;",
        "SEO audit",
        "2 × $900",
        "Hosting",
        "$1,800",
        "Paid within 14 days.",
        "Signing as Clara Chen for Northwind",
        "I agree to sign this electronically.",
        "I agree to this proposal and may sign for Northwind.",
        "Open the PDF",
        "Update the total",
        "Unsure? Ask first.",
        "Not now",
        one.version.sha256.hex(),
    ):
        assert words in page.text, words
    assert " checked" not in page.text and fields_of(page)["name"] == ""
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "<script>" not in page.text and "style=" not in page.text and "onclick" not in page.text
    [script] = re.findall(r'<script src="([^"]+)"', page.text)
    assert (await clara.get(script)).headers["Content-Type"].startswith("text/javascript")
    assert "script-src" not in (await clara.get("/portal")).headers["Content-Security-Policy"]


async def test_looking_never_signs_and_only_the_signers_look_counts(
    database: Database, site: str, ada_house: House
) -> None:
    one = await deal(database, ada_house)
    before = await one.counted()
    clara, dana = [await entered(database, site, ada_house, who) for who in (ada_house.clara, ada_house.dana)]
    entering = 2
    assert (await dana.get(one.path)).status == 200
    for path in (one.path, f"{one.path}/sign", f"{one.path}/choose", f"{one.path}/signed"):
        await clara("HEAD", path)
    await clara("GET", one.path, headers={"Sec-Purpose": "prefetch;prerender"})
    assert (await clara.get(f"{one.path}/sign")).status == (await clara.get(f"{one.path}/choose")).status == 404
    assert not await one.viewed()
    assert (await one.counted()) == (0, 0, before[2] + entering)
    query = "&".join(f"{name}={value}" for name, value in filled(await clara.get(one.path)).items())
    await clara.get(f"{one.path}?{query}")
    assert await one.viewed()
    signed, made, happened = await one.counted()
    assert (signed, made, happened) == (0, 0, before[2] + entering + 1)


async def test_options_are_chosen_and_signed_with_all_that_speaks_for_it(
    database: Database, site: str, ada_house: House
) -> None:
    one = await deal(database, ada_house, optional=[1])
    clara = await entered(database, site, ada_house)
    page = await clara.get(one.path)
    assert fields_of(page)["total"] == "180000"
    again = await clara("POST", f"{one.path}/choose", **{**filled(page), "option.1": "yes"})
    assert again.status == 200 and fields_of(again)["total"] == "228000" and "$2,280" in again.text
    assert fields_of(again)["name"] == "Clara Chen" and fields_of(again)["option.1"] == "yes"
    assert (await one.counted())[0] == 0
    browser = {"User-Agent": "Firefox on a \udce9phone", "Accept-Language": "de-CH", "X-Forwarded-For": "203.0.113.9"}
    done = await clara("POST", f"{one.path}/sign", headers=browser, **filled(again))
    assert done.to == f"{one.path}/signed"
    kept = await one.signature()
    assert (kept.typed_name, kept.typed_title, kept.options, kept.total_minor) == ("Clara Chen", "CEO", [1], 228_000)
    assert kept.method == "portal" and kept.shown_at is not None
    said = json.loads(kept.evidence)
    facts = said["facts"]
    assert facts["ip"] == "203.0.113.9" and facts["user_agent"].startswith("Firefox on a")
    assert (facts["accept_language"], facts["face"]) == ("de-CH", "browser page")
    assert "made in Slack" in facts["entered_by"] and re.fullmatch("[0-9a-f]{64}", facts["session"])
    assert b"name=Clara+Chen" in kept.request_body and "Cookie" not in kept.request_headers
    assert not set(clara.cookies.values()) & set(re.findall(r"[\w-]{43}", kept.evidence + kept.request_headers))
    async with database.transaction(ada_house.id) as session:
        paper = await papers.offer_of(session, one.version.id)
        assert paper
        assert signatures.check(kept, one.version, paper, {SEALER.key_id: SEALER.public}) == []
    page = await clara.get(f"{one.path}/signed")
    assert h1(page) == "Signed. Thank you." and "is being made" in page.text and "$2,280" in page.text


async def test_an_option_that_recurs_is_signed_only_with_what_it_comes_to_before_ones_eyes(
    database: Database, site: str, ada_house: House
) -> None:
    care = NewItem("Care", 1, Money(4_000, "USD"), "fee", period="month")
    one = await deal(database, ada_house, optional=[1], items=[AUDIT, care])
    clara = await entered(database, site, ada_house)
    page = await clara.get(one.path)
    again = await clara("POST", f"{one.path}/sign", **{**filled(page), "option.1": "yes"})
    assert again.status == 409 and "The total no longer agrees" in again.text
    assert "and $40 for the first period of what recurs" in again.text
    assert (await one.counted())[0] == 0 and await one.refusals() == ["total_changed"]
    done = await clara("POST", f"{one.path}/sign", **filled(again))
    assert done.to == f"{one.path}/signed" and (await one.signature()).options == [1]


async def test_whatever_is_refused_leaves_an_event_and_keeps_what_was_typed(
    database: Database, site: str, ada_house: House
) -> None:
    one = await deal(database, ada_house, optional=[1])
    clara = await entered(database, site, ada_house)
    page = await clara.get(one.path)
    before = (await one.counted())[2]
    tries: list[tuple[str, int, dict[str, str], str]] = [
        ("no_consent", 422, {"electronic": ""}, "Please tick this to sign here"),
        ("no_consent", 422, {"agree": "no"}, "Please tick this if you agree"),
        ("blank_name", 422, {"name": " \u200b "}, "Please type your full name"),
        ("long_name", 422, {"name": "x" * 200}, "longer than 150 characters"),
        ("option_not_offered", 409, {"option.0": "yes"}, "is not offered here"),
        ("total_changed", 409, {"option.1": "yes"}, "The total no longer agrees"),
        ("total_changed", 409, {"total": "1"}, "The total no longer agrees"),
        ("not_as_shown", 409, {"sha256": "00"}, "not the text as it stands"),
        ("not_as_shown", 409, {"pdf": ""}, "not the PDF as it stands"),
    ]
    for number, (code, status, wrong, sentence) in enumerate(tries, 1):
        seen = await clara("POST", f"{one.path}/sign", **filled(page, **wrong))
        assert (seen.status, sentence in html.unescape(seen.text)) == (status, True), code
        assert (await one.refusals())[-1] == code
        assert (await one.counted()) == (0, 0, before + number)
        assert fields_of(seen)["title"] == "CEO"
        assert fields_of(seen)["name"] == wrong.get("name", "Clara Chen").replace("\x00", "")
    assert fields_of(seen)["total"] == "180000" and fields_of(seen)["sha256"] == one.version.sha256.hex()
    both = await clara("POST", f"{one.path}/sign", **filled(page, electronic="", agree="", name=""))
    for name in ("name", "electronic", "agree"):
        assert f'href="#{name}"' in both.text and f'id="{name}-trouble"' in both.text
    for strange in ({"version": "nonsense"}, {"version": ""}, {"version": str(uuid.uuid4())}):
        seen = await clara("POST", f"{one.path}/sign", **filled(page, **strange))
        assert seen.status == 404 and (await one.refusals())[-1] == "unknown"
    assert (await clara("POST", f"{one.path}/sign", **filled(page))).to == f"{one.path}/signed"


async def test_a_form_of_another_site_signs_nothing(database: Database, site: str, ada_house: House) -> None:
    one = await deal(database, ada_house)
    clara = await entered(database, site, ada_house)
    page = await clara.get(one.path)
    for headers in ({"Origin": "https://evil.example"}, {"Origin": ""}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await clara("POST", f"{one.path}/sign", headers=headers, **filled(page))).status == 403
    out = await Browser(site)("POST", f"{one.path}/sign", **filled(page))
    assert out.status == 401 and "nothing was done" in out.text
    assert f'name="proposal" value="{one.proposal.id}"' in out.text
    assert (await one.counted())[:2] == (0, 0)


async def test_signed_twice_at_once_is_signed_once(database: Database, site: str, ada_house: House) -> None:
    one = await deal(database, ada_house)
    clara = await entered(database, site, ada_house)
    page = filled(await clara.get(one.path))
    both = await asyncio.gather(*(clara("POST", f"{one.path}/sign", **page) for _ in range(4)))
    assert {seen.to for seen in both} == {f"{one.path}/signed"}
    assert (await one.counted())[:2] == (1, 1)
    late = await clara.get(one.path)
    assert "You signed this on" in late.text and "Nothing more is needed." in late.text and "<form" not in late.text


async def test_what_has_ended_says_so_with_a_way_on(
    database: Database, site: str, ada_house: House, moved_clock: Path
) -> None:
    one = await deal(database, ada_house)
    clara = await entered(database, site, ada_house)
    page = filled(await clara.get(one.path))
    async with database.transaction(ada_house.id) as session:
        await proposals.withdraw(session, ada_house.ada, one.proposal.id, reason="A mistake in it")
    seen = await clara("POST", f"{one.path}/sign", **page)
    assert "A mistake in it" in seen.text
    assert seen.status == 409 and "withdrew “Website”" in seen.text and f'href="{one.path}/ask"' in seen.text
    assert await one.refusals() == ["withdrawn"]
    two = await deal(database, ada_house)
    page = filled(await clara.get(two.path))
    clock.move(16 * 86_400)
    clara = await entered(database, site, ada_house)
    seen = await clara("POST", f"{two.path}/sign", **page)
    assert seen.status == 409 and "was valid until" in seen.text and f'action="{two.path}/renew"' in seen.text
    assert (await two.refusals())[-1] == "expired"
    assert h1(await clara.post(f"{two.path}/renew")).startswith("Asked. Ada")
    three = await deal(database, ada_house)
    page = filled(await clara.get(three.path))
    assert (await clara.post(f"{three.path}/decline", words=" ")).status == 422
    assert (await clara.post(f"{three.path}/decline", words="Too dear")).to == f"{three.path}/done/decline"
    seen = await clara("POST", f"{three.path}/sign", **page)
    assert seen.status == 409 and "was declined" in seen.text and (await three.refusals())[-1] == "declined"
    assert (await one.counted())[:2] == (0, 0)


async def test_a_version_that_was_replaced_cannot_be_signed(database: Database, site: str, ada_house: House) -> None:
    one = await deal(database, ada_house)
    clara = await entered(database, site, ada_house)
    page = filled(await clara.get(one.path))
    async with database.transaction(ada_house.id) as session:
        await revised(session, one)
        await proposals.send(session, ada_house.ada, one.proposal.id)
        newest = (await proposals.latest(session, [one.proposal.id]))[one.proposal.id]
        await papered(session, newest, PDF + b" anew")
    seen = await clara("POST", f"{one.path}/sign", **page)
    assert seen.status == 409 and "There is a newer version of this proposal" in seen.text
    assert await one.refusals() == ["superseded"]
    assert fields_of(seen)["version"] == str(newest.id) and "agree" not in fields_of(seen)
    assert (await clara("POST", f"{one.path}/sign", **filled(seen))).to == f"{one.path}/signed"


async def test_nobody_else_signs(database: Database, site: str, ada_house: House) -> None:
    one = await deal(database, ada_house)
    page = filled(await (await entered(database, site, ada_house)).get(one.path))
    dana = await entered(database, site, ada_house, ada_house.dana)
    seen = await dana.get(one.path)
    assert (
        "This one is for Clara to sign." in seen.text and "Tell Clara" in seen.text and 'name="agree"' not in seen.text
    )
    seen = await dana("POST", f"{one.path}/sign", **page)
    assert seen.status == 403 and "This one is for Clara to sign." in seen.text
    assert await one.refusals() == ["not_asked"]
    assert h1(await dana.post(f"{one.path}/tell")) == "Clara will hear of it."
    assert "heard of it today" in h1(await dana.post(f"{one.path}/tell"))
    assert ada_house.gus.user_id
    async with database.transaction(ada_house.id) as session:
        token = await links.mint(
            session, people.system(ada_house.id), user_id=ada_house.gus.user_id, engagement_id=ada_house.engagement.id
        )
    gus = Browser(site)
    await gus.post("/portal/enter", token=token)
    assert (await gus.get(one.path)).status == 404
    assert (await gus("POST", f"{one.path}/sign", **page)).status == 404
    assert (await one.refusals())[-1] == "someone_elses"
    rival = await house(database, "Rival", "T0RIVAL")
    theirs = await entered(database, site, rival)
    assert (await theirs.get(one.path)).status == 404
    assert (await theirs("POST", f"{one.path}/sign", **page)).status == 404
    async with database.transaction(rival.id) as session:
        [event] = (await session.execute(select(Event).where(Event.kind == "proposal.sign_refused"))).scalars()
        assert event.facts["code"] == "unknown"
    assert (await one.counted())[:2] == (0, 0)


async def test_the_first_signer_chooses_for_all_and_the_order_is_kept(
    database: Database, site: str, ada_house: House
) -> None:
    clara_id, dana_id = ada_house.clara.user_id, ada_house.dana.user_id
    one = await deal(database, ada_house, optional=[1], signer_ids=[clara_id, dana_id], in_order=True)
    clara, dana = [await entered(database, site, ada_house, who) for who in (ada_house.clara, ada_house.dana)]
    early = await dana.get(one.path)
    assert "Clara signs first" in early.text and 'name="agree"' not in early.text
    page = await clara("POST", f"{one.path}/choose", **{**filled(await clara.get(one.path)), "option.1": "yes"})
    await clara("POST", f"{one.path}/sign", **filled(page))
    waits = await clara.get(f"{one.path}/signed")
    assert "waits for Dana now" in waits.text and "Pay" not in waits.text
    page = await dana.get(one.path)
    assert "Clara signed first and chose for all of you." in page.text and fields_of(page)["total"] == "228000"
    assert fields_of(page)["option.1"] == "yes" and 'type="checkbox" name="option' not in page.text
    fewer = {name: value for name, value in filled(page, name="Dana Flores").items() if name != "option.1"}
    seen = await dana("POST", f"{one.path}/sign", **fewer)
    assert seen.status == 409 and "with other options" in seen.text and (await one.refusals())[-1] == "options_bound"
    done = await dana("POST", f"{one.path}/sign", **filled(seen, name="Dana Flores"))
    assert done.to == f"{one.path}/signed" and (await one.counted())[:2] == (2, 1)


async def test_asking_and_wanting_changes(database: Database, site: str, ada_house: House) -> None:
    one = await deal(database, ada_house)
    clara = await entered(database, site, ada_house)
    form = await clara.get(f"{one.path}/ask")
    key = fields_of(form)["key"]
    assert (await clara.post(f"{one.path}/ask", key=key, words="  ")).status == 422
    for _ in range(2):
        done = await clara.post(f"{one.path}/ask", key=key, words="Is hosting needed? <b>")
        assert done.to == f"{one.path}/done/ask"
    assert h1(await clara.get(done.to)).startswith("Asked. Ada")
    assert (await clara.post(f"{one.path}/changes", words="Without 🥳 hosting" * 150)).to == f"{one.path}/done/changes"
    async with database.transaction(ada_house.id) as session:
        asked = list((await session.execute(select(Conversation))).scalars())
        assert [(each.topic, each.subject_id) for each in asked] == [("Question about Website", one.proposal.id)]
        [answer] = (await session.execute(select(Answer))).scalars()
        assert answer.kind == "changes"
    assert (await clara.get(f"{one.path}/done/nonsense")).status == 404


async def invited(database: Database, one: Deal, who: Actor) -> str:
    """The token of the link in this person's letter."""
    async with database.transaction(one.house.id) as session:
        assert who.user_id
        user = (await people.get(session, [who.user_id]))[who.user_id]
        return await links.invite(
            session,
            user,
            engagement_id=one.house.engagement.id,
            version_id=one.version.id,
            until=one.proposal.expires_at,
        )


async def mailed(works: Works) -> None:
    async with works.db.platform() as session:
        jobs = list((await session.execute(select(Job).where(Job.kind == "link.code").order_by(Job.id))).scalars())
    for job in jobs:
        await mail_code(works, Claimed(job.id, job.organization_id, job.kind, job.lane, job.method, job.payload, 1, 0))


async def test_a_letter_leads_to_a_code_and_the_code_to_the_signature(
    database: Database, site: str, ada_house: House, works: Works, box: Mailbox
) -> None:
    one = await deal(database, ada_house)
    token = await invited(database, one, ada_house.clara)
    browser = Browser(site)
    for method in ("GET", "HEAD", "GET"):
        seen = await browser(method, f"/portal/sign/{token}")
        assert seen.status == 200 and not browser.cookies
    assert "c•••@northwind.example" in seen.text and "clara@" not in seen.text and h1(seen) == "Website"
    assert (await browser.post("/portal/sign", token=fields_of(seen)["token"])).to == "/portal/code"
    page = await browser.get("/portal/code")
    assert "c•••@northwind.example" in page.text and "clara@" not in page.text
    await mailed(works)
    letter = box.latest(to="clara")
    wrong = await browser.post("/portal/code", code=f"{(int(letter.code()) + 1) % 10**6:06}")
    assert wrong.status == 422 and "4 tries are left" in wrong.text
    assert (await browser.post("/portal/code", code=letter.code())).to == one.path
    assert (await browser("POST", f"{one.path}/sign", **filled(await browser.get(one.path)))).to == f"{one.path}/signed"
    kept = await one.signature()
    facts = json.loads(kept.evidence)["facts"]
    assert kept.method == "code" and facts["code_address"] == "c•••@northwind.example" and facts["code_tries"] == "2"
    assert facts["link_version"] == str(one.version.id)
    assert facts["link_mailed_at"] <= facts["link_used_at"] <= facts["code_sent_at"] <= facts["code_verified_at"]
    late = await Browser(site).get(f"/portal/sign/{token}")
    assert late.status == 410 and "was signed" in late.text


async def test_a_link_of_a_letter_works_once_and_the_way_on_is_a_code_by_e_mail(
    database: Database, site: str, ada_house: House, works: Works, box: Mailbox, moved_clock: Path
) -> None:
    one = await deal(database, ada_house)
    token = await invited(database, one, ada_house.clara)
    assert (await Browser(site).post("/portal/sign", token=token)).status == 303
    browser = Browser(site)
    for seen in (await browser.get(f"/portal/sign/{token}"), await browser.post("/portal/sign", token=token)):
        assert seen.status == 410 and "has been used" in seen.text and not browser.cookies
    fields = {**fields_of(seen), "email": "clara@northwind.example"}
    assert (await browser("POST", "/portal/ask", **fields)).to == "/portal/code"
    await mailed(works)
    assert (await browser.post("/portal/code", code=box.latest(to="clara").code())).to == one.path
    assert (await browser.get(f"/portal/at/{ada_house.id}?proposal={one.proposal.id}")).to == one.path
    token = await invited(database, one, ada_house.clara)
    clock.move(14 * 86_400 + 60)
    assert "has expired" in (await Browser(site).get(f"/portal/sign/{token}")).text
    for nowhere in ("nonsense", "x" * 43):
        assert (await Browser(site).get(f"/portal/sign/{nowhere}")).status == 404
        assert (await Browser(site).post("/portal/sign", token=nowhere)).status == 404


async def test_a_letter_about_an_older_version_leads_on(database: Database, site: str, ada_house: House) -> None:
    one = await deal(database, ada_house)
    token = await invited(database, one, ada_house.clara)
    async with database.transaction(ada_house.id) as session:
        await revised(session, one)
        await proposals.send(session, ada_house.ada, one.proposal.id)
    browser = Browser(site)
    for seen in (await browser.get(f"/portal/sign/{token}"), await browser.post("/portal/sign", token=token)):
        assert seen.status == 410 and "There is a newer version" in seen.text
        assert f'value="{one.proposal.id}"' in seen.text and not browser.cookies
    async with database.platform() as session:
        [link] = (await session.execute(select(Link).where(Link.purpose == "sign"))).scalars()
        assert link.state == "live"


async def test_five_wrong_codes_stand_in_the_trail(
    database: Database, site: str, ada_house: House, works: Works, box: Mailbox
) -> None:
    one = await deal(database, ada_house)
    browser = Browser(site)
    await browser.post("/portal/sign", token=await invited(database, one, ada_house.clara))
    await mailed(works)
    wrong = f"{(int(box.latest(to='clara').code()) + 1) % 10**6:06}"
    said = [await browser.post("/portal/code", code=wrong) for _ in range(5)]
    assert "one try is left" in said[3].text and "no longer works" in said[4].text
    assert f'value="{one.proposal.id}"' in said[4].text and "•" not in fields_of(said[4])["email"]
    right = await browser.post("/portal/code", code=box.latest(to="clara").code())
    assert right.status == 409 and len(browser.cookies) == 1
    async with database.transaction(ada_house.id) as session:
        [event] = (await session.execute(select(Event).where(Event.kind == "link.refused"))).scalars()
        assert (event.facts["code"], event.facts["version"]) == ("code_wrong", str(one.version.id))
        assert event.chain == ada_house.engagement.id and event.actor_id == ada_house.clara.user_id
    assert (await one.counted())[:2] == (0, 0)


async def test_without_a_key_nothing_is_signed(database: Database, ada_house: House, unsealed: str) -> None:
    one = await deal(database, ada_house)
    clara = await entered(database, unsealed, ada_house)
    seen = await clara("POST", f"{one.path}/sign", **filled(await clara.get(one.path)))
    assert seen.status == 409 and "the key that seals signatures is missing" in seen.text
    assert await one.refusals() == ["no_key"]


@pytest.fixture
async def unsealed(database: Database) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(portal.routes(database, public_url=PUBLIC))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_while_the_pdf_is_made_it_can_be_read_only(database: Database, site: str, ada_house: House) -> None:
    one = await deal(database, ada_house, paper=False)
    clara = await entered(database, site, ada_house)
    page = await clara.get(one.path)
    assert "being prepared" in page.text and "Look again" in page.text and 'name="agree"' not in page.text


async def test_addresses_are_believed_from_our_own_proxies_alone(
    database: Database, site: str, unsealed: str, ada_house: House
) -> None:
    async def asked_from(at: str, forwarded: str) -> bytes:
        headers = {"X-Forwarded-For": forwarded}
        await Browser(at)(
            "POST", "/portal/ask", headers=headers, house=str(ada_house.id), email=f"{uuid.uuid4().hex}@x.example"
        )
        async with database.platform() as session:
            found = await session.execute(select(Link.asked_from).order_by(Link.created_at.desc()).limit(1))
            place: bytes = found.scalar_one()
            return place

    assert await asked_from(site, "203.0.113.9") == links.digest("203.0.113.9")
    assert await asked_from(site, "198.51.100.1, 203.0.113.9, 10.1.2.3") == links.digest("203.0.113.9")
    assert await asked_from(site, "203.0.113.9, nonsense") == links.digest("127.0.0.1")
    assert await asked_from(unsealed, "203.0.113.9") == links.digest("127.0.0.1")


async def test_a_form_can_be_read_again_when_its_transaction_is_tried_again() -> None:
    async def twice(request: web.Request) -> web.Response:
        first, second = await submitted(request), await submitted(request)
        return web.json_response([first == second, dict(second.fields), second.body.decode()])

    app = web.Application()
    app.router.add_post("/", twice)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    seen = await Browser(f"http://127.0.0.1:{runner.addresses[0][1]}").post("/", name="Clara")
    await runner.cleanup()
    assert json.loads(seen.text) == [True, {"name": "Clara"}, "name=Clara"]


def test_proxies_are_read_from_the_settings() -> None:
    known = settings.read(trusted_proxies="10.0.0.0/8, 192.0.2.7")
    assert [str(each) for each in known.proxies] == ["10.0.0.0/8", "192.0.2.7/32"]
    assert settings.read().proxies == ()
    with pytest.raises(ValueError, match=r"TRUSTED_PROXIES cannot be understood: .*“my proxy” is no address"):
        settings.read(trusted_proxies="my proxy")


async def test_a_change_of_scope_says_what_was_agreed_and_what_it_becomes(
    database: Database, site: str, ada_house: House
) -> None:
    one = await deal(database, ada_house)
    clara = await entered(database, site, ada_house)
    await clara("POST", f"{one.path}/sign", **filled(await clara.get(one.path)))
    async with database.transaction(ada_house.id) as session:
        change = await proposals.change_scope(session, ada_house.ada, engagement_id=ada_house.engagement.id)
        await proposals.edit(session, ada_house.ada, change.id, title="One more audit", items=[AUDIT])
        await proposals.send(session, ada_house.ada, change.id)
        version = (await proposals.latest(session, [change.id]))[change.id]
        await papered(session, version, PDF + b" of the change")
    page = await clara.get(f"/portal/proposals/{change.id}")
    for words in ("Change of scope", "What is added", "Agreed so far", "$2,280", "With this", "$4,080"):
        assert words in page.text, words
    done = await clara("POST", f"/portal/proposals/{change.id}/sign", **filled(page))
    assert done.to == f"/portal/proposals/{change.id}/signed" and (await one.counted())[:2] == (2, 2)
