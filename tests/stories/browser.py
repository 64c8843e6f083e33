"""People at their browsers: what somebody does with the sandbox's pages by hand, and what they see there."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from bot.demo import Town

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
DESK = {"width": 1120, "height": 720}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PATIENCE = 10_000


class Window:
    """One window of a browser, and the person who sits at it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def messages(self) -> Locator:
        """What is written in the channel that is open."""
        return self.page.locator(".main .message")

    @property
    def modal(self) -> Locator:
        """The form or notice that is open."""
        return self.page.locator("dialog.modal")

    def card(self, words: str) -> Locator:
        """The newest message with these words."""
        return self.messages.filter(has_text=words).last

    async def goes(self, channel: str) -> None:
        """Open a channel from the list on the left."""
        await self.page.locator(".side-link", has=self.page.locator(f".side-name:text-is('{channel}')")).click()
        await expect(self.page.locator(".pane-head h1")).to_contain_text(channel)

    async def writes(self, words: str, where: str = "channel") -> None:
        """Write a line, or type a command, and press Enter."""
        field = self.page.locator(f"[data-composer={where}]")
        await field.fill(words)
        await field.press("Enter")
        await expect(field).to_have_value("")

    async def replies(self, to: str, words: str) -> None:
        """Reply in the thread of a message; the thread stays open."""
        message = self.card(to)
        await message.hover()
        await message.locator("[data-tool=thread]").click()
        await self.writes(words, "thread")
        await expect(self.page.locator("#thread .message", has_text=words)).to_be_visible()

    async def leaves_the_thread(self) -> None:
        """Close the side pane."""
        await self.page.locator("#thread .shut").click()
        await expect(self.page.locator("#thread")).to_be_hidden()

    async def reacts(self, to: str, emoji: str) -> None:
        """Put an emoji under a message."""
        message = self.card(to)
        await message.hover()
        await message.locator("[data-tool=react]").click()
        await self.page.locator(f"[data-emoji={emoji}]").click()
        await expect(message.locator(f"[data-reaction={emoji}]")).to_be_visible()

    async def presses(self, label: str, on: Locator | None = None) -> None:
        """Press the newest button of this label: in the form that is open, else in the channel, or on one card."""
        where = on or (self.modal if await self.modal.count() else self.page.locator(".main"))
        await where.locator(f"[data-button='{label}']").last.click()

    async def fills(self, values: Mapping[str, Any]) -> None:
        """Fill in fields by their labels: words, the text of an option, a list of options' texts, True for a tick."""
        await expect(self.modal).to_be_visible()
        for label, value in values.items():
            block = self.modal.locator(f'.block.input[data-label="{label}"]')
            if value is True:
                await block.locator("input[type=checkbox]").first.check()
            elif isinstance(value, list):
                for text in value:
                    await block.locator("input").click()
                    await self.page.locator(".listbox .option", has_text=text).click()
                await block.locator("input").press("Tab")
            elif await block.locator("select").count():
                await block.locator("select").select_option(label=value)
            else:
                await block.locator("input, textarea").first.fill(value)

    async def submits(self) -> None:
        """Press the button that the form ends with."""
        await self.modal.locator("[data-modal=submit]").click()

    async def shuts(self) -> None:
        """Close what is open."""
        await self.modal.locator("[data-modal=dismiss]").click()
        await expect(self.modal).to_have_count(0)

    async def opens(self, link: Locator) -> "Window":
        """Follow a link that opens another tab."""
        async with self.page.context.expect_page() as opened:
            await link.click()
        return Window(await opened.value)


class Desk:
    """The town, a browser, and the album into which pictures go."""

    def __init__(self, here: Town, browser: Browser, album: Path) -> None:
        self.here, self.browser, self.album = here, browser, album
        self.problems: list[str] = []

    async def window(self, address: str, *, refused: bool = False, **more: Any) -> Window:
        """A window of its own, with nobody's cookies in it; whatever its console complains of is kept."""
        context = await self.browser.new_context(**{"viewport": DESK, "color_scheme": "light", **more})
        context.set_default_timeout(PATIENCE)
        context.on("weberror", lambda problem: self.problems.append(str(problem.error)))
        context.on("console", lambda line: self.problems.append(line.text) if line.type == "error" else None)
        if refused:  # the browser itself complains of an address that is refused, as it must be here
            context.remove_listener("console", complain)
        page = await context.new_page()
        await page.goto(address if address.startswith("http") else self.here.sandbox.url + address)
        return Window(page)

    async def sits_down(self, name: str, **more: Any) -> Window:
        """Somebody opens the workspace's page."""
        return await self.window(f"/?as={self.here.sandbox.slack.person(name).id}", **more)

    async def picture(self, window: Window, name: str, *, of: Locator | None = None) -> None:
        """A picture of what a window shows, once nothing in it moves any more."""
        await self.here.settled()
        await asyncio.sleep(0.3)
        file = self.album / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        await window.page.mouse.move(0, 0)
        await (of or window.page).screenshot(path=file, animations="disabled", caret="hide", scale="css")


@asynccontextmanager
async def desk(here: Town, album: Path, scratch: Path) -> AsyncIterator[Desk]:
    """A browser for the town; at the end no console may have complained. When a test fails, what each window showed is in `scratch`."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            made = Desk(here, browser, album)
            try:
                yield made
            except BaseException:
                for number, page in enumerate((page for context in browser.contexts for page in context.pages), 1):
                    await page.screenshot(path=scratch / f"failed-{number}.png")
                raise
        finally:
            await browser.close()
    assert not made.problems, made.problems
