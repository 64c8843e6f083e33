"""Papers over the wire: made after sending, opened from Slack, certified after the last signature, mailed, kept on the page, proved."""

import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from bot import verifying
from core import clock, links, papers, people, proposals, signatures
from core.db import Session
from core.money import Money
from core.papers import Paper
from core.people import Actor
from core.proposals import NewItem, Version
from tests.bot import test_engagements_slack as begun
from tests.bot.test_engagements_slack import Stage, begin, connect

stage = begun.stage

OURS = {"Sec-Fetch-Site": "same-origin"}


async def known(session: Session, email: str) -> Actor:
    user = await people.by_email(session, email)
    assert user is not None
    return await people.actor_of(session, user)


@pytest.fixture
async def sent(stage: Stage) -> AsyncIterator[tuple[Stage, Version]]:
    """A proposal that was sent, with its paper."""
    engagement = await begin(stage)
    await connect(stage)
    async with stage.app.db.transaction(await stage.tenant()) as session:
        ada = await known(session, "ada@studioada.example")
        items = [NewItem("SEO audit", 2, Money(90_000, "USD"))]
        draft = await proposals.draft(
            session, ada, engagement_id=engagement.id, title="Website", items=items, terms="Paid within 14 days."
        )
        await proposals.send(session, ada, draft.id)
        version = (await proposals.latest(session, [draft.id]))[draft.id]
    await stage.settled()
    yield stage, version


async def paper_of(stage: Stage, version: Version, kind: str) -> Paper:
    async with stage.app.db.transaction(version.organization_id) as session:
        query = select(Paper).where(Paper.version_id == version.id, Paper.kind == kind)
        return (await session.execute(query)).scalar_one()


async def signed(stage: Stage, version: Version) -> None:
    async with stage.app.db.transaction(version.organization_id) as session:
        clara = await known(session, "clara@northwind.example")
        await signatures.sign(
            session,
            clara,
            version.id,
            typed_name="Clara Chen",
            title="CEO",
            ticks=("electronic", "agree"),
            shown_total_minor=180_000,
            shown_sha256=version.sha256.hex(),
            shown_at=clock.now(),
            sealer=stage.app.sealer,
        )
    await stage.settled()


def link_of(view: dict[str, Any]) -> str:
    elements = [each for block in view["blocks"] for each in block.get("elements", [])]
    return str(next(each["url"] for each in elements if "url" in each))


async def test_the_document_is_opened_from_slack_by_those_whose_it_is(sent: tuple[Stage, Version]) -> None:
    stage, version = sent
    paper = await paper_of(stage, version, "offer")
    await stage.slack.press("Review and sign", by="clara", channel="#northwind")
    await stage.slack.press("Open the PDF", by="clara")
    theirs = link_of(stage.slack.view("clara"))
    async with stage.app.db.transaction(version.organization_id) as session:
        _, token = await papers.hand(session, await known(session, "ada@studioada.example"), paper.id)
    for url in (theirs, f"{stage.app.settings.public_url}/papers/{token}"):
        async with aiohttp.ClientSession() as browser:
            for _ in range(2):  # previews follow links, too
                async with browser.get(url) as page:
                    assert page.status == 200 and "Website" in await page.text()
            async with browser.post(url) as answer:
                assert answer.status == 403
            async with browser.post(url, headers=OURS) as answer:
                assert (answer.status, answer.content_type) == (200, "application/pdf")
                assert answer.headers["Content-Disposition"] == 'attachment; filename="website-v1.pdf"'
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert await answer.read() == paper.pdf
            async with browser.post(url, headers=OURS) as answer:
                assert answer.status == 409 and "has been used" in await answer.text()


async def test_the_signed_copy_reaches_everyone_and_is_proved(sent: tuple[Stage, Version]) -> None:
    stage, version = sent
    await signed(stage, version)
    offer, copy = await paper_of(stage, version, "offer"), await paper_of(stage, version, "signed")
    assert copy.pdf.startswith(offer.pdf)
    for to in ("clara", "ada"):
        letter = stage.sandbox.mail.latest(to, "Signed by everyone")
        assert letter.file("website-v1-signed.pdf") == copy.pdf
        assert ("Open my page" in letter.text) == (to == "clara")
    assert sum("Signed by everyone" in mail.subject for mail in stage.sandbox.mail.messages) == 2
    base = stage.app.settings.public_url
    async with stage.app.db.transaction(version.organization_id) as session:
        clara = await known(session, "clara@northwind.example")
        assert clara.user_id
        token = await links.mint(session, clara, user_id=clara.user_id, engagement_id=(await stage.only()).id)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        address = f"{base}/portal/papers/{copy.id}"
        async with browser.get(address) as closed:
            assert closed.content_type == "text/html" and "What is your e-mail" in await closed.text()
        async with browser.post(f"{base}/portal/enter", data={"token": token}, headers=OURS) as page:
            assert f"/portal/papers/{copy.id}" in await page.text()
        async with browser.get(address) as answer:
            assert await answer.read() == copy.pdf
        for unknown in ("nonsense", "00000000-0000-0000-0000-000000000007"):
            async with browser.get(f"{base}/portal/papers/{unknown}") as answer:
                assert answer.status == 404
    await proved(stage, copy.pdf, base)
    told, sound = await verifying.verify(stage.app.settings, copy.pdf)
    assert sound and "Clara Chen, CEO, for Northwind, signed on" in told
    told, sound = await verifying.verify(stage.app.settings, copy.pdf + b" ")
    assert not sound and told == verifying.UNKNOWN


async def proved(stage: Stage, pdf: bytes, base: str) -> None:
    """The public page, with the file, with a changed one, without one, with one too many."""
    async with aiohttp.ClientSession() as browser:

        async def check(content: bytes | None) -> tuple[int, str]:
            form = aiohttp.FormData()
            form.add_field("file", io.BytesIO(content or b""), filename="a.pdf", content_type="application/pdf")
            async with browser.post(f"{base}/verify", data=form, headers=OURS) as answer:
                return answer.status, await answer.text()

        async with browser.get(f"{base}/verify") as page:
            assert page.status == 200 and "Is this the document?" in await page.text()
        status, text = await check(pdf)
        assert status == 200 and "Yes, this is the signed document." in text and "Clara Chen" in text
        status, text = await check(pdf[:-1])
        assert status == 200 and "This is not a file that we issued, or it was changed since." in text
        assert (await check(None))[0] == 422
        assert (await check(b"x" * 12_000_001))[0] == 422
        async with browser.post(f"{base}/verify", data={"file": "words"}, headers=OURS) as answer:
            assert answer.status == 422
        assert [status for status, _ in [await check(b"x") for _ in range(20)]][-1] == 429
