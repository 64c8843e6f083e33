"""People at their browsers: what somebody does with the sandbox's pages by hand, and what they see there."""

import asyncio
import base64
import struct
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Locator, Page, ViewportSize, async_playwright, expect

from bot.demo import Town

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
DESK: ViewportSize = {"width": 1280, "height": 800}
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
        """A window of its own, with nobody's cookies in it; what its console complains of is kept, unless that is the point."""
        context = await self.browser.new_context(**{"viewport": DESK, "color_scheme": "light", **more})
        context.set_default_timeout(PATIENCE)
        context.on("weberror", lambda problem: self.problems.append(str(problem.error)))
        if not refused:
            context.on("console", lambda line: self.problems.append(line.text) if line.type == "error" else None)
        page = await context.new_page()
        await page.goto(address if address.startswith("http") else self.here.sandbox.url + address)
        return Window(page)

    async def sits_down(self, name: str, **more: Any) -> Window:
        """Somebody opens the workspace's page."""
        return await self.window(f"/?as={self.here.sandbox.slack.person(name).id}", **more)

    async def picture(self, window: Window, name: str) -> None:
        """A small picture of what a window shows, once nothing in it moves any more."""
        await self.here.settled()
        await window.page.mouse.move(0, 0)
        await asyncio.sleep(0.3)
        taken = await window.page.screenshot(animations="disabled", caret="hide", scale="css")
        blank = await self.browser.new_page()
        reduced = await blank.evaluate(REDUCE, base64.b64encode(taken).decode())
        await blank.close()
        self.album.mkdir(parents=True, exist_ok=True)
        (self.album / f"{name}.png").write_bytes(indexed(*reduced))


def indexed(width: int, palette: list[int], points: str) -> bytes:
    """A PNG of at most 256 colours, a third of what a browser's own weighs: one byte a point, as base64, row by row."""
    flat = base64.b64decode(points)
    rows = b"".join(b"\0" + flat[start : start + width] for start in range(0, len(flat), width))
    head = struct.pack(">IIBBBBB", width, len(flat) // width, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", bytes(palette)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


REDUCE = """async (png) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  const brush = canvas.getContext("2d");
  brush.drawImage(image, 0, 0);
  const points = new Uint32Array(brush.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  for (const point of points) counts.set(point, (counts.get(point) ?? 0) + 1);
  const parts = (colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
  const kept = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a)).slice(0, 256);
  const palette = kept.map(parts);
  const nearest = (colour) => {
    const [red, green, blue] = parts(colour);
    const far = palette.map(([r, g, b]) => (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2);
    return far.indexOf(Math.min(...far));
  };
  const places = new Map(kept.map((colour, place) => [colour, place]));
  for (const colour of counts.keys()) if (!places.has(colour)) places.set(colour, nearest(colour));
  const flat = Uint8Array.from(points, (point) => places.get(point));
  let text = "";
  for (let at = 0; at < flat.length; at += 8192) text += String.fromCharCode(...flat.subarray(at, at + 8192));
  return [image.width, palette.flat(), btoa(text)];
}"""
"""A picture's width, its 256 most frequent colours, and each point as the place of the nearest of them."""


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
