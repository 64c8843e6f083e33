"""`/engagement export` over the wire: asked for in the staff channel, made, told there, and fetched by who pressed."""

import hashlib
import io
import os
import zipfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from sqlalchemy import select

from bot.app import App, day_one, serving, working
from bot.sandbox import Sandbox
from bot.settings import Settings
from core.export import Export
from tests.bot.test_engagements_slack import MANIFEST, Stage, begin, connect, free_port


@pytest.fixture
async def stage(dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Stage]:
    monkeypatch.setitem(os.environ, "CLOCK_FILE", str(tmp_path / "clock"))
    async with AsyncExitStack() as stack:
        sandbox = Sandbox(manifest=MANIFEST)
        await sandbox.start()
        stack.push_async_callback(sandbox.stop)
        port = free_port()
        sandbox.bot_url = f"http://127.0.0.1:{port}"
        given: dict[str, Any] = {name.lower(): value for name, value in sandbox.environment().items()}
        given |= {"database_url": dsn, "secret_key": "test", "host": "127.0.0.1", "port": port}
        given |= {"public_url": sandbox.bot_url, "exports_folder": str(tmp_path / "copies")}
        app = App(Settings(**given))
        stack.push_async_callback(app.close)
        await day_one(app)
        await stack.enter_async_context(serving(app))
        work = await stack.enter_async_context(working(app))
        work.runner._paces = {"slack:": 0.01}
        found = Stage(sandbox, app, work)
        await found.settled()
        yield found


async def test_a_copy_is_asked_for_made_and_fetched(stage: Stage) -> None:
    engagement = await begin(stage)
    await connect(stage)
    await stage.slack.says("Could the logo be bigger?", by="clara", channel="#northwind")
    await stage.settled()
    await stage.slack.command("/engagement export", by="ada", channel="#northwind-internal")
    assert "Who will read it" in str(stage.slack.view("ada"))
    outcome = await stage.slack.submit({}, by="ada")
    assert outcome.ok, outcome.errors
    assert "I am making it" in str(stage.slack.view("ada"))
    await stage.settled()
    card = next(one for one in stage.slack.messages("#northwind-internal", "ada") if "Get the copy" in str(one))
    below = stage.slack.messages("#northwind-internal", "ada", thread=card["ts"])
    assert "Ada, your copy of" in str(below[-1])
    assert "Get the copy" not in stage.texts("#northwind", by="clara")
    await stage.slack.press("Get the copy", by="ada", channel="#northwind-internal")
    view = stage.slack.view("ada")
    url = next(
        each["url"]
        for block in view["blocks"]
        for each in block.get("elements", [])
        if each.get("text", {}).get("text") == "Download"
    )
    assert urlsplit(url).path.startswith("/exports/")
    async with aiohttp.ClientSession() as browser:
        async with browser.get(url) as page:
            assert page.status == 200 and "Download" in await page.text()
        async with browser.post(url, headers={"Sec-Fetch-Site": "same-origin"}) as answer:
            assert answer.status == 200
            content = await answer.read()
    async with stage.app.db.transaction(engagement.organization_id) as session:
        copy = (await session.execute(select(Export))).scalar_one()
        assert copy.sha256 == hashlib.sha256(content).digest()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        index = next(name for name in archive.namelist() if name.endswith("/index.html"))
        assert "Could the logo be bigger?" in archive.read(index).decode()
