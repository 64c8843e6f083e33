"""Ada looks for what Clara said: by command, in App Home, in the window, in Chromium."""

import json
import os
from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.demo import Town
from tests.stories.browser import CHROMIUM, PHONE, desk
from tests.stories.scene import CLIENT, STAFF, Scene


async def talked(scene: Scene) -> str:
    """Clara and Ada have talked of a logo, in the open and among themselves; the ts of Clara's question."""
    asked = await scene.slack.says("Could the logo be *bigger* on the launch page? <3", by="clara", channel=CLIENT)
    await scene.slack.says("Logos grow on Monday.", by="ada", channel=CLIENT, thread=asked)
    await scene.slack.uploads("clara", CLIENT, "logo-final.pdf", b"%PDF-1.4", "The logo file")
    await scene.slack.says("The logo again, oh dear", by="ada", channel=STAFF)
    await scene.calm()
    return asked


def bold(view: object) -> set[str]:
    """The words that are marked."""
    found = set()
    if isinstance(view, dict):
        if view.get("style") == {"bold": True}:
            found.add(view["text"])
        view = list(view.values())
    for each in view if isinstance(view, list) else []:
        found |= bold(each)
    return found


async def test_a_command_finds_what_was_said(scene: Scene) -> None:
    asked = await talked(scene)
    ack = await scene.slack.command("/tl find logo", by="ada", channel=STAFF)
    assert ack.message is not None
    shown = scene.words([ack.message])
    assert "4 messages for “logo”" in shown, shown
    for words in ("Could the ", "Logos", "oh dear", "Clara Chen", "🔒 internal", "📎"):
        assert words in shown, words
    assert f"/p{asked.replace('.', '')}" in json.dumps(ack.message)
    assert bold(ack.message) == {"logo", "Logos"}
    ack = await scene.slack.command("/tl find “launch page” from:clara before:2020", by="ada", channel=STAFF)
    assert "Nothing found" in ack.text
    ack = await scene.slack.command("/tl find", by="ada", channel=STAFF)
    assert "in:northwind" in await scene.opened("ada")


async def test_an_answer_opens_into_the_window_and_the_window_searches_again(scene: Scene) -> None:
    await talked(scene)
    await scene.slack.command("/tl find logo in:here has:file", by="ada", channel=STAFF)
    assert (await scene.press("Search again", "ada", STAFF)).ok
    assert "1 message for “logo in:here has:file”" in await scene.opened("ada")
    assert (await scene.slack.submit({"Words, names, days": "page in:here"}, by="ada")).ok
    assert "1 message for “page in:here”" in scene.modal("ada")
    assert (await scene.slack.submit({"Words, names, days": "growing -launch"}, by="ada")).ok
    assert "1 message for “growing -launch”" in scene.modal("ada")
    assert (await scene.slack.submit({"Words, names, days": '"'}, by="ada")).ok
    assert "Give me a word to look for." in scene.modal("ada")


async def test_others_find_nothing_by_any_door(scene: Scene) -> None:
    await talked(scene)
    home = scene.slack.home("clara")
    assert "find.words" not in json.dumps(home or {})


@pytest.mark.skipif(
    not CHROMIUM.exists(), reason="The search by hand is NOT tested here: there is no /usr/bin/chromium."
)
async def test_the_search_by_hand(scene: Scene, tmp_path: Path) -> None:
    await talked(scene)
    here: Town = scene.here
    async with desk(here, Path(os.environ.get("DOCS") or tmp_path), tmp_path) as made:
        ada = await made.sits_down("ada")
        await ada.page.locator("[data-channel-link=home]").click()
        field = ada.page.locator("[data-home] input.field")
        await field.fill("logo")
        await made.picture(ada, "10-find-home")
        await field.press("Enter")
        await expect(ada.modal).to_contain_text("4 messages for “logo”")
        await expect(ada.modal.locator("strong", has_text="Logos")).to_be_visible()
        await made.picture(ada, "11-find-window")
        await ada.shuts()
        await ada.presses("Find messages")
        await expect(ada.modal).to_contain_text("4 messages for “logo”")
        await ada.shuts()
        await ada.goes("northwind-internal")
        await ada.writes("/tl find logo")
        await expect(ada.page.locator("[data-ephemeral]").last).to_contain_text("4 messages for “logo”")
        await made.picture(ada, "12-find")
        await ada.page.set_viewport_size(PHONE["viewport"])
        await made.picture(ada, "13-find-phone")
