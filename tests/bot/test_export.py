"""A copy of an engagement: complete, exact, checkable, and as far as its reader may see; made by the worker, fetched by a link."""

import asyncio
import hashlib
import json
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from bot import export as rendering
from bot import keeping
from bot.blocks import exports as blocks
from bot.export import words
from bot.gateways.store import Folder
from bot.settings import Settings
from bot.web import exports as doors
from bot.worker import export as jobs_of_export
from bot.worker.works import Works
from core import clock, conversations, export, papers, people, proposals
from core.conversations import Said
from core.db import Database
from core.engagements import Engagement
from core.jobs import Claimed, Job
from tests.builders import House
from tests.core.test_proposals import a_draft, a_sent

START = 1_763_974_800  # 24 Nov 2025, 09:00 UTC


def ts(seconds: float) -> str:
    return f"{START + seconds:.6f}"


def said(house: House, who: str, seconds: float, text: str, **more: Any) -> Said:
    place = more.pop("channel", house.engagement.channel_id)
    name = {"ADA": "Ada Lovelace", "BEN": "Ben Okafor", "CLARA": "Clara Chen", "DANA": "Dana Flores"}.get(who, "")
    return Said(channel=place, ts=ts(seconds), author_ref=f"U0{who}", author_name=name, text=text, **more)


async def talk(db: Database, house: House) -> None:
    """A morning in the channel: words, an edit, a deletion, a file, reactions, a note of staff, markup of every kind."""
    staff = house.engagement.staff_channel_id
    async with db.transaction(house.id) as session:
        engagement = await session.get(Engagement, house.engagement.id)
        assert engagement is not None

        async def say(one: Said, place: Any = "client") -> None:
            await conversations.say(session, engagement, place, one)

        await say(
            said(
                house,
                "CLARA",
                0,
                "Good morning! The *new logo* is in <https://northwind.example/logo?a=1&amp;b=2|our folder>.",
            )
        )
        await say(said(house, "CLARA", 30, "Can you put it on the page by Friday?"))
        await say(said(house, "ADA", 600, "<@U0CLARA> yes :+1:", thread_ts=ts(0)))
        first = said(house, "ADA", 900, "It costs 200 more", thread_ts=ts(0))
        await say(first)
        now = said(house, "ADA", 900, "It costs nothing more", thread_ts=ts(0), edited_ts=ts(950))
        await conversations.edit(session, engagement, "client", now, first)
        wrong = said(house, "DANA", 7_000, "Sorry, wrong channel")
        await say(wrong)
        await conversations.delete(session, engagement, "client", wrong, conversations.moment(ts(7_100)))
        file = {
            "file_ref": "F1",
            "name": "../logo <final>.png",
            "mimetype": "image/png",
            "size": 12_345,
            "url": "https://files.example/F1",
        }
        await say(
            said(
                house,
                "DANA",
                90_000,
                "&lt;script&gt;alert(1)&lt;/script&gt; #set page(fill: red) $x$",
                files=[file],
                kind="file_share",
            )
        )
        await say(said(house, "BEN", 90_100, "Clara will not like the price", channel=staff), "staff")
        await conversations.react(
            session, house.engagement.channel_id or "", ts(0), "U0ADA", "eyes", present=True, changed_ts=ts(5)
        )


async def made(
    db: Database, house: House, folder: Path, *, actor: Any = None, for_client: bool = False
) -> tuple[rendering.Made, dict[str, list[dict[str, Any]]]]:
    async with db.transaction(house.id) as session:
        scope = await export.scope(session, actor or house.ada, house.engagement.id, for_client=for_client)
    result = await rendering.make(db, scope, folder)
    data = {
        path.stem: [json.loads(line) for line in path.read_text().splitlines()]
        for path in sorted((folder / "data").glob("*.jsonl"))
    }
    return result, data


async def test_a_copy_is_complete_and_can_be_checked(database: Database, ada_house: House, tmp_path: Path) -> None:
    await talk(database, ada_house)
    result, data = await made(database, ada_house, tmp_path / "copy")
    assert result.messages == len(data["messages"]) == 7
    assert [row["text"] for row in data["revisions"]] == ["It costs 200 more"]
    assert [row["emoji"] for row in data["reactions"]] == ["eyes"]
    assert data["files"][0]["name"] == "../logo <final>.png"
    assert data["messages"][0]["sent_at"] == "2025-11-24T09:00:00+00:00"
    assert {row["staff_only"] for row in data["messages"]} == {True, False}
    assert data["events"], "the chain of events is in it"
    for event in data["events"]:
        hashed = hashlib.sha256(bytes.fromhex(event["prev_hash"]) + event["body"].encode()).hexdigest()
        assert hashed == event["hash"]
    page = (tmp_path / "copy" / "index.html").read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script" not in page
    assert "It costs 200 more" in page and "Sorry, wrong channel" in page
    assert "Only Studio Ada" in page
    assert "09:00:00 +00:00" in page
    assert (tmp_path / "copy" / "record.pdf").read_bytes().startswith(b"%PDF")
    listed = json.loads((tmp_path / "copy" / "manifest.json").read_text())
    assert len(listed["files"]) == result.files
    subprocess.run(  # noqa: ASYNC221 - nothing else is to happen meanwhile
        ["sha256sum", "-c", "--quiet", "--strict", "SHA256SUMS"], cwd=tmp_path / "copy", check=True
    )


@pytest.mark.parametrize("for_client", [False, True])
async def test_a_copy_holds_the_papers_that_its_reader_may_see(
    database: Database, ada_house: House, tmp_path: Path, *, for_client: bool
) -> None:
    async with database.transaction(ada_house.id) as session:
        proposal = await a_sent(session, ada_house)
        version = (await proposals.latest(session, [proposal.id]))[proposal.id]
        await papers.keep(session, version.id, "offer", papers.Rendered("source", b"%PDF-1.7 offer", "a test"))
        await a_draft(session, ada_house, title="Still a draft")
    copy, data = await made(database, ada_house, tmp_path / "copy", for_client=for_client)
    (paper,) = (copy.folder / "documents").iterdir()
    assert paper.name == f"{proposal.number.lower()}-website-v1.pdf"
    assert paper.read_bytes() == b"%PDF-1.7 offer"
    assert f"documents/{paper.name}" in (copy.folder / "SHA256SUMS").read_text()
    assert len(data["proposals"]) == (1 if for_client else 2)


async def test_times_stand_in_the_readers_zone_with_its_offset(
    database: Database, ada_house: House, tmp_path: Path
) -> None:
    await talk(database, ada_house)
    async with database.transaction(ada_house.id) as session:
        user = (await people.get(session, [ada_house.ada.user_id or ada_house.id]))[
            ada_house.ada.user_id or ada_house.id
        ]
        user.timezone = "America/New_York"
        ada = await people.actor_of(session, user)
    _, data = await made(database, ada_house, tmp_path / "copy", actor=ada)
    assert data["messages"][0]["sent_at"] == "2025-11-24T04:00:00-05:00"
    assert "04:00:00 -05:00" in (tmp_path / "copy" / "index.html").read_text()


async def test_the_clients_copy_has_nothing_that_is_not_theirs(
    database: Database, ada_house: House, tmp_path: Path
) -> None:
    await talk(database, ada_house)
    result, data = await made(database, ada_house, tmp_path / "copy", for_client=True)
    assert result.messages == 5
    everything = b"".join(
        path.read_bytes() for path in (tmp_path / "copy").rglob("*") if path.is_file() and path.suffix != ".pdf"
    )
    for hidden in (b"will not like the price", b"wrong channel", b"200 more", b"studioada.example"):
        assert hidden not in everything
    assert "events" not in data and "revisions" not in data


async def test_whoever_may_not_read_earlier_texts_gets_a_copy_without_them(
    database: Database, ada_house: House, tmp_path: Path
) -> None:
    await talk(database, ada_house)
    ben = ada_house.ben.__class__(
        **{**vars(ada_house.ben), "levels": {**ada_house.ben.levels, "messaging": people.OWN}}
    )
    result, data = await made(database, ada_house, tmp_path / "copy", actor=ben)
    assert result.messages == 7
    assert "A deleted message" in (tmp_path / "copy" / "index.html").read_text()
    page = (tmp_path / "copy" / "index.html").read_text()
    assert "200 more" not in page and "Sorry, wrong channel" not in page and "its text is not in this copy" in page
    assert "revisions" not in data and "Sorry, wrong channel" not in json.dumps(data)


async def test_a_long_record_is_split_by_month_and_adds_up(
    database: Database, ada_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction(ada_house.id) as session:
        engagement = await session.get(Engagement, ada_house.engagement.id)
        assert engagement is not None
        for number in range(90):
            one = said(ada_house, "CLARA", number * 86_400, f"Day {number}")
            await conversations.say(session, engagement, "client", one)
    monkeypatch.setattr("bot.export.page.SHORT", 20)
    monkeypatch.setattr("bot.export.page.LONGEST", 25)
    monkeypatch.setattr("bot.export.paper.LONGEST", 25)
    monkeypatch.setattr("bot.export.making.PAGE", 7)
    result, data = await made(database, ada_house, tmp_path / "copy")
    assert result.messages == 90 == len(data["messages"])
    pages = sorted(path.name for path in (tmp_path / "copy" / "messages").iterdir())
    assert pages == ["2025-11.html", "2025-12.html", "2025-12~2.html", "2026-01.html", "2026-01~2.html", "2026-02.html"]
    whole = "".join((tmp_path / "copy" / "messages" / name).read_text() for name in pages)
    assert all(whole.count(f'words">Day {number}<') == 1 for number in range(90))
    index = (tmp_path / "copy" / "index.html").read_text()
    assert all(f'messages/{name}"' in index for name in pages)
    assert len(list((tmp_path / "copy" / "pdf").iterdir())) == 6


def test_marks_of_slack_become_html_and_nothing_else_does() -> None:
    name = {"U1": "Clara & Co"}.get
    shown = words.html(
        "*b* _i_ ~s~ `c<d` <@U1> <!here> <javascript:alert(1)|x> <https://a.example/?q=1&amp;r=2>\n&gt; q &lt;i&gt;",
        lambda ref: name(ref) or ref,
    )
    assert shown == (
        '<b>b</b> <i>i</i> <s>s</s> <code>c&lt;d</code> <span class="person">@Clara &amp; Co</span>'
        ' <span class="person">@here</span> x <a href="https://a.example/?q=1&amp;r=2" rel="noopener noreferrer">'
        "https://a.example/?q=1&amp;r=2</a><blockquote>q &lt;i&gt;</blockquote>"
    )
    assert words.html("<b>*no*</b>", str, marked=False) == "&lt;b&gt;*no*&lt;/b&gt;"
    assert words.file_name("../../etc/pass wd\n.tar.gz", "F1") == "etc-pass wd-.tar.gz"
    assert words.file_name("", "F1") == "F1" and words.file_name("..", "../../x") == "x"
    for long in ("字" * 300 + ".pdf", "𠀀" * 300 + "." + "𠀀" * 300, "e\u0301" * 300):
        assert len(words.file_name(long, "F1").encode()) <= 190, "with what stands before it, a file system takes it"


def works(database: Database, folder: Path) -> Works:
    settings = Settings(_env_file=None, exports_folder=str(folder), public_url="http://127.0.0.1:1")  # type: ignore[call-arg]
    bare: Any = SimpleNamespace(db=database, settings=settings)
    return bare


def job(house: House, export_id: object) -> Claimed:
    bare: Any = SimpleNamespace(payload={"export": str(export_id)}, tenant=house.id, attempts=1)
    return bare


async def test_the_worker_makes_it_and_its_person_fetches_it(
    database: Database, ada_house: House, tmp_path: Path
) -> None:
    await talk(database, ada_house)
    async with database.transaction(ada_house.id) as session:
        asked = await export.ask(session, ada_house.ada, ada_house.engagement.id)
    here = works(database, tmp_path)
    await jobs_of_export.make(here, job(ada_house, asked.id))
    await jobs_of_export.make(here, job(ada_house, asked.id))  # delivered twice, made once
    async with database.transaction(ada_house.id) as session:
        copy, token = await export.hand(session, ada_house.ben, asked.id)
        card = blocks.card(blocks.Copy(**await export.told(session, copy)))
    assert copy.state == "ready" and "ready" in card.text
    assert [path.name for path in tmp_path.iterdir()] == [copy.file]
    application = web.Application()
    application.add_routes(doors.routes(database, public_url="http://127.0.0.1:1", store=Folder(tmp_path)))
    async with TestClient(TestServer(application)) as browser:
        page = await browser.get(f"/exports/{token}")
        assert page.status == 200 and page.headers["Cache-Control"] == "no-store"
        assert copy.sha256 is not None and copy.sha256.hex() in await page.text()
        foreign = await browser.post(f"/exports/{token}", headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status == 403
        answer = await browser.post(f"/exports/{token}", headers={"Sec-Fetch-Site": "same-origin"})
        fetched = await answer.read()
        assert answer.status == 200 and hashlib.sha256(fetched).digest() == copy.sha256
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="northwind-')
        assert (await browser.get("/exports/nothing")).status == 404
    with zipfile.ZipFile(tmp_path / copy.file) as archive:
        assert {name.partition("/")[2] for name in archive.namelist()} >= {"index.html", "record.pdf", "SHA256SUMS"}


async def test_a_copy_that_is_withdrawn_while_it_is_made_lies_nowhere(
    database: Database, ada_house: House, tmp_path: Path
) -> None:
    async with database.transaction(ada_house.id) as session:
        asked = await export.ask(session, ada_house.ada, ada_house.engagement.id)
    here = works(database, tmp_path)
    making = asyncio.create_task(jobs_of_export.make(here, job(ada_house, asked.id)))
    while not list(tmp_path.glob("making-*")):  # noqa: ASYNC110 - it has begun
        await asyncio.sleep(0)
    async with database.transaction(ada_house.id) as session:
        await export.withdraw(session, [ada_house.engagement.id])
    await making
    assert not list(tmp_path.iterdir())
    async with database.transaction(ada_house.id) as session:
        copy = await export.by_id(session, asked.id)
        queued = (await session.execute(select(Job.payload).where(Job.kind == "export.remove"))).scalar_one()
    assert copy is not None and copy.state == "gone" and queued == {"files": [asked.file]}
    (tmp_path / asked.file).write_bytes(b"left behind")
    remove: Any = SimpleNamespace(payload=queued)
    await jobs_of_export.remove_gone(here, remove)
    assert not list(tmp_path.iterdir())


async def test_a_copy_is_gone_after_a_week(
    database: Database, ada_house: House, tmp_path: Path, moved_clock: Path
) -> None:
    async with database.transaction(ada_house.id) as session:
        asked = await export.ask(session, ada_house.ada, ada_house.engagement.id)
    folder = tmp_path / "copies"
    here = works(database, folder)
    await jobs_of_export.make(here, job(ada_house, asked.id))
    assert (folder / asked.file).exists()
    clock.move(timedelta(days=8).total_seconds())
    await jobs_of_export.expire(here)
    assert not list(folder.iterdir())


async def test_the_command_line_takes_a_copy(database: Database, dsn: str, ada_house: House, tmp_path: Path) -> None:
    await talk(database, ada_house)
    told: list[tuple[int, int]] = []
    settings = Settings(_env_file=None, database_url=dsn)  # type: ignore[call-arg]

    async def copy(which: str, zipped: bool = False) -> keeping.Taken:
        return await keeping.copy(
            settings,
            which,
            to=tmp_path,
            zipped=zipped,
            for_client=False,
            tell=lambda done, total: told.append((done, total)),
        )

    taken = await copy("northwind")
    assert (taken.path / "index.html").exists() and taken.messages == 7 and told[-1] == (7, 7)
    with pytest.raises(ValueError, match="there already"):
        await copy("northwind")
    packed = await copy("#Northwind", zipped=True)
    assert zipfile.is_zipfile(packed.path) and packed.sha256 == hashlib.sha256(packed.path.read_bytes()).hexdigest()
    with pytest.raises(ValueError, match="No engagement is called"):
        await copy("Nobody")
    with pytest.raises(ValueError, match="Several engagements"):
        await copy("o")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
