"""The client's page over real HTTP: who gets in, by which door, once; and that nobody else does."""

import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
from aiohttp import web
from sqlalchemy import func, select, text

from bot import settings
from bot.blocks import pages as blocks
from bot.gateways.failures import Permanent, Temporary
from bot.gateways.mail import Mail
from bot.gateways.slack import Slack
from bot.sandbox.mailbox import Mailbox
from bot.slack import pages
from bot.slack.listener import Heard
from bot.slack.replies import Open
from bot.tenants import Tenants
from bot.web import portal
from bot.web.endpoint import COOKIE
from bot.worker.links import mail_code
from bot.worker.works import Works
from core import clock, links, people
from core.db import Database
from core.errors import NotFound
from core.events import Event, Kind
from core.jobs import Claimed, Job
from core.people import Actor
from tests.builders import House, house
from tests.core.test_portal import furnish

PUBLIC = "https://studio.example"


@dataclass
class Seen:
    """What a browser got: status, headers, text, and where it was sent."""

    status: int
    headers: Any
    text: str

    @property
    def to(self) -> str:
        return str(self.headers.get("Location", ""))


class Browser:
    """A browser of one person: it keeps cookies, says where its forms stand, and follows no redirect by itself."""

    def __init__(self, base: str, origin: str = PUBLIC) -> None:
        self.base, self.origin = base, origin
        self.cookies: dict[str, str] = {}

    async def __call__(self, method: str, path: str, *, headers: dict[str, str] | None = None, **fields: str) -> Seen:
        sent = {"Cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.items()), **(headers or {})}
        if method == "POST":
            sent.setdefault("Origin", self.origin)
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.request(
                method,
                self.base + path,
                headers={n: v for n, v in sent.items() if v},
                data=fields or (b"" if method == "POST" else None),
                allow_redirects=False,
            ) as response,
        ):
            for name, morsel in response.cookies.items():
                self.cookies.pop(name, None)
                if morsel.value and morsel["max-age"] != "0":
                    self.cookies[name] = morsel.value
            return Seen(response.status, response.headers, await response.text())

    async def get(self, path: str) -> Seen:
        return await self("GET", path)

    async def post(self, path: str, **fields: str) -> Seen:
        return await self("POST", path, headers=None, **fields)


@pytest.fixture
async def site(database: Database) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(portal.routes(database, public_url=PUBLIC))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    one = Mailbox()
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def works(database: Database, box: Mailbox) -> AsyncIterator[Works]:
    slack = Slack(api_url="http://127.0.0.1:9/")
    mail = Mail(smtp_url=box.url, sender="Throughline <post@throughline.example>")
    yield Works(database, slack, None, mail, Tenants(database, "a secret"), settings.read())
    await slack.close()


async def minted(database: Database, a: House, who: Actor | None = None) -> str:
    who = who or a.clara
    assert who.user_id
    async with database.transaction(a.id) as session:
        return await links.mint(session, who, user_id=who.user_id, engagement_id=a.engagement.id)


async def entered(database: Database, site: str, a: House, who: Actor | None = None) -> Browser:
    browser = Browser(site)
    assert (await browser.post("/portal/enter", token=await minted(database, a, who))).to == "/portal"
    return browser


async def mailed(works: Works) -> None:
    """Run the jobs that mail codes, as the worker would."""
    async with works.db.platform() as session:
        jobs = list((await session.execute(select(Job).where(Job.kind == "link.code").order_by(Job.id))).scalars())
        await session.execute(text("DELETE FROM jobs WHERE kind = 'link.code'"))
    for job in jobs:
        await mail_code(works, Claimed(job.id, job.organization_id, job.kind, job.lane, job.method, job.payload, 1, 0))


async def opened(database: Database, a: House) -> int:
    async with database.transaction(a.id) as session:
        query = select(func.count()).select_from(Event).where(Event.kind == Kind.LINK_OPENED.value)
        return (await session.execute(query)).scalar_one()


async def test_a_client_asks_for_a_quote_on_their_page_and_once(
    database: Database, site: str, ada_house: House
) -> None:
    browser = await entered(database, site, ada_house)
    page = await browser.get("/portal")
    (key,) = re.findall(r'name="key" value="([^"]+)"', page.text)
    asked = {"engagement": str(ada_house.engagement.id), "key": key, "words": "A <b>shop</b>, please. 店" * 150}
    for _ in range(2):
        assert (await browser.post("/portal/quotes", **asked, by_when="May", budget="")).to == "/portal#proposals"
    page = await browser.get("/portal")
    assert page.text.count("You asked for a quote") == 1
    assert "Ada writes it; the proposal comes here." in page.text and "By when: May" in page.text
    assert "<b>shop" not in page.text
    refused = await browser.post("/portal/quotes", engagement=str(ada_house.engagement.id), key="k", words=" ")
    assert (refused.status, "A few words are enough." in refused.text) == (422, True)
    elsewhere = {**asked, "engagement": str(uuid.uuid4()), "key": "k2"}
    assert (await browser.post("/portal/quotes", **elsewhere)).status == 404
    assert (await Browser(site).post("/portal/quotes", **asked)).status == 401, "who are they?"


async def test_a_personal_link_opens_the_page(database: Database, site: str, ada_house: House) -> None:
    async with database.transaction(ada_house.id) as session:
        await furnish(session, ada_house)
    browser = await entered(database, site, ada_house)
    page = await browser.get("/portal")
    assert page.status == 200
    for words in (
        "Hello Clara.",
        "Studio Ada",
        "Website is in Build, step 3 of 6.",
        "The last six product photographs",
        "Pay $135.50",
        "$2,100",
        "3 days late",
        'href="https://pay.example/2"',
        "In force",
        "$4,200 of it paid",
        "SEO audit",
        "Review and sign",
        "Sign out",
        "Ben",
    ):
        assert words in page.text, words
    assert "Secret" not in page.text and "javascript:" not in page.text and "Typing error" in page.text
    assert "<script" not in page.text and "style=" not in page.text
    assert await opened(database, ada_house) == 1


async def test_looking_at_a_link_never_uses_it_up(database: Database, site: str, ada_house: House) -> None:
    token = await minted(database, ada_house)
    scanner = Browser(site)
    for method in ("GET", "HEAD", "GET", "HEAD"):
        seen = await scanner(method, f"/portal/enter/{token}")
        assert seen.status == 200 and not scanner.cookies
    assert (await scanner("HEAD", "/portal/enter")).status == 404
    assert await opened(database, ada_house) == 0
    page = await Browser(site).get(f"/portal/enter/{token}")
    [field] = re.findall(r'name="token" value="([^"]+)"', page.text)
    assert "<button" in page.text and 'action="/portal/enter"' in page.text and "Clara" not in page.text
    assert (await Browser(site).post("/portal/enter", token=field)).status == 303
    assert await opened(database, ada_house) == 1


async def test_a_link_works_once_and_says_so(database: Database, site: str, ada_house: House) -> None:
    token = await minted(database, ada_house)
    assert (await Browser(site).post("/portal/enter", token=token)).status == 303
    late = Browser(site)
    for again in (await late.post("/portal/enter", token=token), await late.get(f"/portal/enter/{token}")):
        assert again.status == 410 and "has been used" in again.text and not late.cookies
        assert f"/portal/at/{ada_house.id}" in again.text
    assert "Hello" not in (await late.get("/portal")).text


async def test_an_expired_link_says_so(database: Database, site: str, ada_house: House, moved_clock: Path) -> None:
    token = await minted(database, ada_house)
    clock.move(16 * 60)
    late = Browser(site)
    for tried in (await late.get(f"/portal/enter/{token}"), await late.post("/portal/enter", token=token)):
        assert tried.status == 410 and "expired" in tried.text and not late.cookies


async def test_a_stranger_gets_nowhere(database: Database, site: str, ada_house: House) -> None:
    for path in ("/portal/enter/nonsense", "/portal/nowhere", "/portal/at/42", f"/portal/at/{uuid.uuid4()}"):
        stranger = Browser(site)
        seen = await stranger.get(path)
        assert seen.status == 404 and not stranger.cookies and "<h1>" in seen.text
    stranger = Browser(site)
    assert (await stranger.post("/portal/enter", token="nonsense")).status == 404
    assert (await stranger.post("/portal/enter")).status in (404, 422)
    assert (await stranger.get("/portal/code")).to == "/portal"
    stranger.cookies[COOKIE] = "made-up"
    seen = await stranger.get("/portal")
    assert seen.status == 200 and "Hello" not in seen.text and "Send me a code" in seen.text


async def test_every_page_keeps_to_itself(database: Database, site: str, ada_house: House) -> None:
    browser = await entered(database, site, ada_house)
    token = await minted(database, ada_house)
    for path in ("/portal", f"/portal/enter/{token}", "/portal/at/42", "/portal/left"):
        headers = (await browser.get(path)).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
    page = (await browser.get("/portal")).text
    [look] = re.findall(r'rel="stylesheet" href="([^"]+)"', page)
    sheet = await browser.get(look)
    assert sheet.status == 200 and sheet.headers["Content-Type"].startswith("text/css")


async def test_the_cookie_is_for_this_browser_alone(database: Database, site: str, ada_house: House) -> None:
    seen = await Browser(site).post("/portal/enter", token=await minted(database, ada_house))
    [cookie] = [
        each for each in seen.headers.getall("Set-Cookie") if each.startswith(f"{COOKIE}=") and "Max-Age=0" not in each
    ]
    for part in ("HttpOnly", "SameSite=Lax", "Secure", "Path=/portal", "Max-Age=1209600"):
        assert part in cookie


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": PUBLIC, "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_forms_of_other_sites_are_refused(
    database: Database, site: str, ada_house: House, headers: dict[str, str]
) -> None:
    token = await minted(database, ada_house)
    browser = Browser(site)
    seen = await browser("POST", "/portal/enter", headers=headers, token=token)
    assert seen.status == 403 and not browser.cookies
    assert (await browser.post("/portal/enter", token=token)).status == 303
    assert (await browser("POST", "/portal/leave", headers=headers)).status == 403
    assert "Hello Clara" in (await browser.get("/portal")).text


async def test_signing_out(database: Database, site: str, ada_house: House) -> None:
    browser = await entered(database, site, ada_house)
    kept = dict(browser.cookies)
    assert (await browser.post("/portal/leave")).to == "/portal/left"
    assert COOKIE not in browser.cookies
    assert "You are signed out" in (await browser.get("/portal/left")).text
    browser.cookies = kept
    assert "Hello" not in (await browser.get("/portal")).text
    assert (await Browser(site).post("/portal/leave")).to == "/portal/left"


async def test_a_session_ends_by_itself_and_with_its_person(
    database: Database, site: str, ada_house: House, moved_clock: Path
) -> None:
    browser = await entered(database, site, ada_house)
    clock.move(15 * 86_400)
    assert "Hello" not in (await browser.get("/portal")).text
    browser = await entered(database, site, ada_house)
    assert "Hello Clara" in (await browser.get("/portal")).text
    assert ada_house.clara.user_id
    async with database.transaction(ada_house.id) as session:
        (await people.get(session, [ada_house.clara.user_id]))[ada_house.clara.user_id].left_at = clock.now()
    assert "Hello" not in (await browser.get("/portal")).text


async def test_another_client_sees_their_own_alone(database: Database, site: str, ada_house: House) -> None:
    async with database.transaction(ada_house.id) as session:
        await furnish(session, ada_house)
        other = people.system(ada_house.id)
        assert ada_house.gus.user_id
        token = await links.mint(session, other, user_id=ada_house.gus.user_id, engagement_id=ada_house.engagement.id)
    gus = Browser(site)
    await gus.post("/portal/enter", token=token)
    page = (await gus.get("/portal")).text
    assert "Hello Gus." in page and "Nothing waits on you." in page
    assert "Website" not in page and "$" not in page and "Northwind" not in page


async def test_another_agency_is_another_world(database: Database, site: str, ada_house: House) -> None:
    async with database.transaction(ada_house.id) as session:
        await furnish(session, ada_house)
    rival = await house(database, "Rival", "T0RIVAL")
    theirs = await entered(database, site, rival)
    page = (await theirs.get("/portal")).text
    assert "Rival" in page and "Hello Clara." in page
    assert "Studio Ada" not in page and "Website" not in page and "$" not in page
    assert (await theirs.get(f"/portal/at/{rival.id}")).to == "/portal"
    assert "Send me a code" in (await theirs.get(f"/portal/at/{ada_house.id}")).text
    assert "does not say whose page" in (await Browser(site).get("/portal")).text


async def test_the_permanent_address_sends_a_code(
    database: Database, site: str, ada_house: House, works: Works, box: Mailbox
) -> None:
    browser = Browser(site)
    door = await browser.get("/portal")
    assert door.status == 200 and "Studio Ada" in door.text and "Hello" not in door.text
    assert (
        await browser.post("/portal/ask", house=str(ada_house.id), email="CLARA@northwind.example")
    ).to == "/portal/code"
    page = await browser.get("/portal/code")
    assert "CLARA@northwind.example" in page.text and 'autocomplete="one-time-code"' in page.text
    await mailed(works)
    letter = box.latest(to="clara")
    code = letter.code()
    assert letter.subject == f"{code} is your code for Studio Ada" and "Studio Ada" in letter.headers["From"]
    wrong = await browser.post("/portal/code", code=f"{(int(code) + 1) % 10**6:06}")
    assert wrong.status == 422 and "4 tries are left" in wrong.text and COOKIE not in browser.cookies
    assert (await browser.post("/portal/code", code=code)).to == "/portal"
    assert "Hello Clara." in (await browser.get("/portal")).text
    assert await opened(database, ada_house) == 1
    assert (await Browser(site).post("/portal/code", code=code)).to == "/portal"


async def test_five_wrong_codes_end_it(
    database: Database, site: str, ada_house: House, works: Works, box: Mailbox
) -> None:
    browser = Browser(site)
    await browser.post("/portal/ask", house=str(ada_house.id), email="clara@northwind.example")
    await mailed(works)
    code = box.latest(to="clara").code()
    wrong = f"{(int(code) + 1) % 10**6:06}"
    said = [(await browser.post("/portal/code", code=wrong)).text for _ in range(5)]
    assert "one try is left" in said[3] and "no longer works" in said[4]
    right = await browser.post("/portal/code", code=code)
    assert right.status == 409 and "no longer works" in right.text and COOKIE not in browser.cookies


async def test_known_and_unknown_are_answered_alike(
    database: Database, site: str, ada_house: House, works: Works, box: Mailbox
) -> None:
    told = []
    for email in ("clara@northwind.example", "nobody@northwind.example", "ada@studioada.example"):
        browser = Browser(site)
        asked = await browser.post("/portal/ask", house=str(ada_house.id), email=email)
        page = await browser.get("/portal/code")
        tried = await browser.post("/portal/code", code="000000")
        lengths = sorted((name, len(value.partition(".")[0])) for name, value in browser.cookies.items())
        told.append(
            (asked.status, asked.to, lengths, *(each.text.replace(email, "…") for each in (page, tried)), tried.status)
        )
    assert told[0] == told[1] == told[2]
    await mailed(works)
    assert [letter.to for letter in box.messages] == [["clara@northwind.example"]]


async def test_too_many_codes_are_refused(database: Database, site: str, ada_house: House) -> None:
    answers = [
        (await Browser(site).post("/portal/ask", house=str(ada_house.id), email="clara@northwind.example")).status
        for _ in range(links.PER_EMAIL + 1)
    ]
    assert answers == [303] * links.PER_EMAIL + [429]


async def test_what_is_no_e_mail_is_said_beside_the_field(database: Database, site: str, ada_house: House) -> None:
    seen = await Browser(site).post("/portal/ask", house=str(ada_house.id), email='"><script>alert(1)</script>')
    assert seen.status == 422 and "does not look like an e-mail" in seen.text and "<script" not in seen.text
    assert (await Browser(site).post("/portal/ask", house=str(ada_house.id), email="x" * 20_000)).status == 422


async def test_a_letter_that_cannot_go_is_tried_again_with_a_code_that_works(
    database: Database, site: str, ada_house: House, works: Works, box: Mailbox
) -> None:
    browser = Browser(site)
    await browser.post("/portal/ask", house=str(ada_house.id), email="clara@northwind.example")
    async with database.platform() as session:
        job = (await session.execute(select(Job).where(Job.kind == "link.code"))).scalar_one()
    claimed = Claimed(job.id, job.organization_id, job.kind, job.lane, job.method, job.payload, 1, 0)
    box.refuse(1, 451)
    with pytest.raises(Temporary):
        await mail_code(works, claimed)
    await mail_code(works, claimed)
    assert (await browser.post("/portal/code", code=box.latest(to="clara").code())).to == "/portal"
    await mail_code(works, claimed)
    assert len(box.messages) == 1
    unset = Works(works.db, works.slack, None, None, works.tenants, works.settings)
    await Browser(site).post("/portal/ask", house=str(ada_house.id), email="dana@northwind.example")
    with pytest.raises(Permanent, match="SMTP_URL"):
        await mailed(unset)


async def test_a_page_that_fails_says_so_and_quotes_no_secret(
    database: Database, site: str, ada_house: House, dsn: str
) -> None:
    browser = await entered(database, site, ada_house)
    owner = await asyncpg.connect(dsn)
    await owner.execute("REVOKE SELECT ON projects FROM throughline_app")
    await owner.close()
    seen = await browser.get("/portal")
    assert seen.status == 500 and "nothing was changed" in seen.text
    assert browser.cookies[COOKIE] not in seen.text and "Traceback" not in seen.text


async def heard(database: Database, a: House, actor: Actor, value: str) -> Any:
    async with database.transaction(a.id) as session:
        there = Heard(
            session=session,
            actor=actor,
            house=await people.organization(session, a.id),
            team_id="T0STUDIOADA",
            user="U0CLARA",
            value=value,
            public_url=PUBLIC,
        )
        return await pages.open_page(there)


async def test_open_my_page_gives_its_presser_a_link(database: Database, site: str, ada_house: House) -> None:
    reply = await heard(database, ada_house, ada_house.clara, str(ada_house.engagement.id))
    assert isinstance(reply, Open)
    [url] = re.findall(r"'url': '([^']+)'", str(reply.view))
    assert url.startswith(f"{PUBLIC}/portal/enter/")
    browser = Browser(site)
    assert (await browser.get(url.removeprefix(PUBLIC))).status == 200
    assert (await browser.post("/portal/enter", token=url.rpartition("/")[2])).status == 303
    assert "Hello Clara." in (await browser.get("/portal")).text


async def test_open_my_page_is_for_clients_of_the_engagement(database: Database, ada_house: House) -> None:
    here = str(ada_house.engagement.id)
    reply = await heard(database, ada_house, ada_house.ben, here)
    assert isinstance(reply, Open) and "presser’s own page" in str(reply.view) and "/portal/" not in str(reply.view)
    for nobody in (ada_house.gus, ada_house.stranger):
        with pytest.raises(NotFound):
            await heard(database, ada_house, nobody, here)
    with pytest.raises(NotFound):
        await heard(database, ada_house, ada_house.clara, "")


def test_addresses() -> None:
    agency = uuid.uuid4()
    assert blocks.address("https://studio.example/") == "https://studio.example/portal"
    assert blocks.address("https://studio.example", agency) == f"https://studio.example/portal/at/{agency}"
