"""The story by hand: Ada and Clara, each in a window of Chromium, do everything through the pages; a picture of each step."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.demo import Town
from core import clock
from tests.stories.browser import CHROMIUM, DESK, PHONE, Desk, Window, desk

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="The story by hand is NOT tested here: there is no /usr/bin/chromium."
)


def a_weekday_morning() -> None:
    """Let it be a Tuesday at half past nine, so that the pictures show a day like any other."""
    now = clock.now()
    then = (now + timedelta(days=(1 - now.weekday()) % 7 or 7)).replace(hour=9, minute=30, second=0)
    clock.move((then - now).total_seconds())


async def test_the_story_by_hand(here: Town, tmp_path: Path) -> None:
    a_weekday_morning()
    async with desk(here, Path(os.environ.get("DOCS") or tmp_path), tmp_path) as made:
        ada = await made.sits_down("ada")
        clara = await opening(made, ada)
        await talking(made, ada, clara)
        await selling(made, ada, clara)
        await signing(made, ada, clara)
        await delivering(made, ada, clara)
        await paying(made, ada, clara)
        await looking(made, clara)
        await ending(ada)


async def opening(made: Desk, ada: Window) -> Window:
    """1. An engagement, its channels, its invitation, its client; Clara's window."""
    await ada.page.locator("[data-channel-link=home]").click()
    await expect(ada.page.locator("[data-home]")).to_contain_text("4. First engagement")
    await made.picture(ada, "08-home")
    await ada.goes("general")
    await ada.writes("/engagement new")
    await ada.fills(
        {"Company": "Northwind", "Contact's name": "Clara Chen", "Contact's e-mail": "clara@northwind.example"}
    )
    await made.picture(ada, "01-engagement")
    await ada.submits()
    await expect(ada.modal).to_contain_text("Northwind has begun.")
    await ada.shuts()
    await ada.goes("northwind-internal")
    await expect(ada.card("Northwind × Studio Ada")).to_contain_text("waiting for Clara to accept")

    mailbox = await made.window("/mailbox")
    await mailbox.page.locator("[data-mail]", has_text="clara@northwind.example").click()
    clara = await mailbox.opens(mailbox.page.locator(".paper a").first)
    await expect(clara.page.locator("[data-identity]")).to_contain_text("Clara Chen")
    await clara.page.locator(".main [data-invite-do=accepts]").click()
    await expect(ada.card("Northwind × Studio Ada")).to_contain_text("waiting for Northwind's Slack admin")
    await clara.page.locator(".main [data-invite-do=approves]").click()
    await clara.goes("northwind")
    await expect(clara.card("Hello Clara")).to_contain_text("keeps a record of this channel")
    await expect(clara.page.locator("[data-pins='1']")).to_be_visible()
    await expect(clara.page.locator("[data-bookmark]")).to_have_attribute("href", re.compile("/portal"))
    await expect(ada.card("Northwind × Studio Ada")).to_contain_text("Northwind is connected.")
    return clara


async def talking(made: Desk, ada: Window, clara: Window) -> None:
    """2. Words: a conversation, its thread, the list."""
    await clara.writes("Could we start with the blog? <3")
    await ada.goes("northwind")
    await ada.replies("Could we start with the blog?", "Of course: on Monday.")
    await clara.reacts("Could we start with the blog?", "tada")
    await ada.writes("/conversation")
    await expect(ada.page.locator("[data-ephemeral]")).to_contain_text("Could we start with the blog? <3")
    await expect(clara.page.locator("[data-ephemeral]")).to_have_count(0)
    await expect(clara.card("Northwind × Studio Ada")).to_contain_text("Nothing waits on Studio Ada.")
    await made.picture(ada, "02-conversation")
    await ada.leaves_the_thread()


async def selling(made: Desk, ada: Window, clara: Window) -> None:
    """3. A proposal: drafted, seen as Northwind will see it, sent."""
    await ada.goes("northwind-internal")
    await ada.writes("/tl service new")
    await ada.fills({"Name": "Content strategy", "Price": "1,200"})
    await ada.submits()
    await expect(ada.modal).to_contain_text("Content strategy is in the catalog at $1,200.")
    await ada.shuts()
    await ada.writes("/proposal new")
    await ada.fills(
        {
            "Title": "Website refresh",
            "From your services": ["Content strategy"],
            "Items": "SEO audit, 2 × 900",
        }
    )
    await ada.presses("More")
    await ada.fills({"Terms": "Payment within 14 days.", "Purpose": "More people find Northwind, and read on."})
    await ada.submits()
    await expect(ada.modal).to_contain_text("$3,000")
    await expect(ada.modal).to_contain_text(re.compile(r"people read this channel, \d+ from other companies"))
    await expect(clara.messages.filter(has_text="Website refresh")).to_have_count(0)
    await made.picture(ada, "03-proposal")
    await ada.submits()
    await expect(clara.card("Website refresh")).to_contain_text("Review and sign")
    await expect(clara.messages.filter(has_text="$3,000")).to_have_count(0)
    await ada.shuts()


async def signing(made: Desk, ada: Window, clara: Window) -> None:
    """4. Review and sign, with her name and two ticks."""
    await clara.presses("Review and sign", clara.card("Website refresh"))
    await expect(clara.modal).to_contain_text("Signing as Clara Chen for Northwind")
    for words in ("SEO audit", "Payment within 14 days.", "$3,000"):
        await expect(clara.modal).to_contain_text(words)
    await clara.page.set_viewport_size({**DESK, "height": 940})
    await made.picture(clara, "04-signing")
    await clara.page.set_viewport_size(DESK)
    await clara.submits()
    await expect(clara.modal.locator(".problem").first).to_be_visible()
    ticks = await clara.modal.locator(".block.input:has(input[type=checkbox])").evaluate_all(
        "all => all.map(one => one.dataset.label)"
    )
    assert len(ticks) == 2
    await clara.fills({"Full name": "Clara Chen", **dict.fromkeys(ticks, True)})
    await clara.submits()
    await expect(clara.modal).to_contain_text("Signed. Your copy is in your mail and on your page.")
    await clara.shuts()
    await expect(clara.card("Clara Chen signed on")).to_be_visible()
    await expect(ada.card("Clara Chen signed on")).to_be_visible()
    await expect(ada.card("SEO audit")).to_be_visible()


async def delivering(made: Desk, ada: Window, clara: Window) -> None:
    """5. A project moves; the client hears of it, and asks."""
    await ada.writes("/project advance seo")
    await expect(ada.modal).to_contain_text("SEO audit moved from Kickoff to Setup.")
    await ada.fills({"What happens next": "A list of what slows your pages down"})
    await ada.submits()
    await expect(ada.modal).to_have_count(0)
    await expect(clara.card("SEO audit moved from Kickoff to Setup.")).to_be_visible()
    await clara.presses("Ask about this", clara.card("SEO audit moved"))
    await clara.fills({"Your question": "What do you need from us?"})
    await clara.submits()
    await expect(clara.modal).to_contain_text(re.compile("Ada|Passed|answers"))
    await clara.shuts()
    await expect(clara.card("What do you need from us?")).to_be_visible()
    await made.picture(clara, "05-project")


async def paying(made: Desk, ada: Window, clara: Window) -> None:
    """6. The invoice that was due on signing: its first card declined, paid with the second."""
    await clara.presses("Pay", clara.card("Website refresh").filter(has_text="Invoice"))
    await expect(clara.modal).to_contain_text("$3,000")
    await made.picture(clara, "06-invoice")
    hosted = await clara.opens(clara.modal.locator("[data-action-id='invoice.link']"))
    await hosted.page.get_by_label("0002").check()
    await hosted.page.get_by_role("button", name="Pay $3,000").click()
    await expect(hosted.page.get_by_role("alert")).to_contain_text("Nothing was charged")
    await ada.card("Invoice 20").locator("[data-thread]").click()
    await expect(ada.page.locator("#thread .message", has_text="declined")).to_contain_text("another one")
    await hosted.page.get_by_label("4242").check()
    await hosted.page.get_by_role("button", name="Pay $3,000").click()
    await expect(hosted.page.locator(".done")).to_contain_text("Paid")
    await hosted.page.close()
    await clara.shuts()
    await expect(clara.card("Paid by Clara")).to_be_visible()
    await expect(clara.messages.filter(has_text="declined")).to_have_count(0)
    await expect(ada.page.locator("#thread .message", has_text="paid invoice")).to_contain_text("$3,000")
    await ada.leaves_the_thread()


async def looking(made: Desk, clara: Window) -> None:
    """7. The client's page, on a phone: by a personal link, which works once; and by a mailed code."""
    await clara.presses("Open my page", clara.card("Northwind × Studio Ada").first)
    link = await clara.modal.locator("[data-action-id='page.enter']").get_attribute("href")
    assert link
    phone = await made.window(link, **PHONE)
    await phone.page.get_by_role("button", name="Open my page").tap()
    for words in ("SEO audit", "Setup", "$3,000"):
        await expect(phone.page.locator("body")).to_contain_text(words)
    assert await phone.page.evaluate("document.documentElement.scrollWidth") == 390
    await made.picture(phone, "07-page")
    again = await made.window(link, refused=True)
    await expect(again.page.locator("h1")).to_contain_text("This link has been used.")
    await clara.shuts()

    bookmark = await clara.page.locator("[data-bookmark]").get_attribute("href")
    phone = await made.window(bookmark or "", **PHONE)
    await phone.page.get_by_label("E-mail").fill("clara@northwind.example")
    await phone.page.get_by_role("button", name="Send me a code").tap()
    await expect(phone.page.locator("h1")).to_contain_text("Look in your mail")
    mailbox = await made.window("/mailbox")
    letter = mailbox.page.locator("[data-mail]", has_text="is your code for Studio Ada")
    code = re.search(r"\d{6}", await letter.inner_text())
    assert code
    await phone.page.get_by_label("Six digits").fill(code[0])
    await phone.page.get_by_role("button", name="Open my page").tap()
    await expect(phone.page.locator("h1")).to_contain_text("Hello Clara.")
    await expect(phone.page.locator("body")).to_contain_text("Paid")


async def ending(ada: Window) -> None:
    """What Ada has before her at the end: Clara's question, and nothing else that waits."""
    await ada.page.locator("[data-channel-link=home]").click()
    home = ada.page.locator("[data-home]")
    await expect(home).to_contain_text("Most urgent")
    await expect(home).to_contain_text("About SEO audit")
    await expect(home).to_contain_text("#northwind-internal")
