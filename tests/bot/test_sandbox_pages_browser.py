"""The sandbox's pages in Chromium: two people, one on each side, and an app that answers them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from bot.sandbox import Sandbox

CHROMIUM = Path("/usr/bin/chromium")
MANIFEST = Path(__file__).parents[2] / "manifest.yml"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SERVICES = ("SEO audit", "Website", "Brand book")
Json = dict[str, Any]

pytestmark = [
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason="The sandbox's pages are NOT tested here: there is no /usr/bin/chromium."
    ),
    pytest.mark.asyncio(loop_scope="module"),
]


def plain(words: str) -> Json:
    return {"type": "plain_text", "text": words}


def button(words: str, action: str, **more: Any) -> Json:
    return {"type": "button", "text": plain(words), "action_id": action, **more}


def form(note: str = "Signing as *Clara Chen*.") -> Json:
    title = {"type": "plain_text_input", "action_id": "t"}
    service = {"type": "external_select", "action_id": "s", "min_query_length": 1}
    return {
        "type": "modal",
        "title": plain("New proposal"),
        "submit": plain("Send"),
        "close": plain("Not now"),
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": note}},
            {"type": "input", "block_id": "title", "label": plain("Title"), "element": title},
            {"type": "input", "block_id": "service", "label": plain("Service"), "optional": True, "element": service},
            {"type": "actions", "block_id": "more", "elements": [button("Add item", "add"), button("Next", "push")]},
        ],
    }


class App:
    """A small app: forms for commands, shortcuts and buttons; a Home; a whisper."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.http, self.submitted, self.tasks = http, list[Json](), set[asyncio.Task[None]]()
        self.actions = asyncio.Queue[Json]()
        self.environment: dict[str, str] = {}

    async def call(self, method: str, **arguments: Any) -> None:
        token = {"Authorization": f"Bearer {self.environment['SLACK_BOT_TOKEN']}"}
        url = self.environment["SLACK_API_URL"] + method
        async with self.http.post(url, json=arguments, headers=token) as response:
            answer = await response.json()
            assert answer["ok"], (method, answer)

    async def command(self, request: web.Request) -> web.Response:
        fields = await request.post()
        task = asyncio.create_task(self.call("views.open", trigger_id=fields["trigger_id"], view=form()))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return web.Response()

    async def event(self, request: web.Request) -> web.Response:
        event = (await request.json())["event"]
        if event["type"] == "app_home_opened":
            view = {"type": "home", "blocks": [{"type": "header", "text": plain("Good morning, Ada")}]}
            await self.call("views.publish", user_id=event["user"], view=view)
        return web.Response()

    async def action(self, request: web.Request) -> web.Response:
        payload = json.loads(str((await request.post())["payload"]))
        trigger = payload.get("trigger_id")
        if payload["type"] == "block_suggestion":
            found = [one for one in SERVICES if payload["value"].lower() in one.lower()]
            return web.json_response({"options": [{"text": plain(one), "value": one} for one in found]})
        if payload["type"] == "view_submission":
            values = payload["view"]["state"]["values"]
            if values["title"]["t"]["value"] == "Taken":
                return web.json_response({"response_action": "errors", "errors": {"title": "This name is taken."}})
            self.submitted.append(values)
        elif payload["type"] == "message_action":
            await self.call("views.open", trigger_id=trigger, view=form("Note on a message."))
        elif payload["type"] == "block_actions":
            self.actions.put_nowait(payload["actions"][0])
            await self.pressed(payload, payload["actions"][0]["action_id"], trigger)
        return web.Response()

    async def pressed(self, payload: Json, action: str, trigger: str) -> None:
        if action == "sign":
            await self.call("views.open", trigger_id=trigger, view=form())
        elif action == "add":
            typed = payload["view"]["state"]["values"]["title"]["t"]["value"]
            await self.call("views.update", view_id=payload["view"]["id"], view=form(f"Added after {typed}."))
        elif action == "push":
            await self.call("views.push", trigger_id=trigger, view=form("The second step."))
        elif action == "tell":
            where = {"channel": payload["channel"]["id"], "user": payload["user"]["id"]}
            await self.call("chat.postEphemeral", **where, text="This one is for *Clara* to sign.")


class Stage:
    """The sandbox with Northwind's channel in it, its app, and a browser."""

    def __init__(self, box: Sandbox, app: App, browser: Browser, channel: str) -> None:
        self.box, self.app, self.browser, self.channel = box, app, browser, channel
        self.problems: list[str] = []

    async def page(self, path: str = "/", width: int = 1280, **more: Any) -> Page:
        context = await self.browser.new_context(viewport={"width": width, "height": 800}, **more)
        page = await context.new_page()
        page.set_default_timeout(5000)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda line: self.problems.append(line.text) if line.type == "error" else None)
        await page.goto(self.box.url + path)
        return page

    async def as_(self, name: str, **more: Any) -> Page:
        return await self.page(f"/?as={self.box.slack.person(name).id}&in={self.channel}", **more)


@asynccontextmanager
async def staged(browser: Browser) -> AsyncIterator[Stage]:
    async with aiohttp.ClientSession() as http:
        app = App(http)
        doors = web.Application()
        doors.add_routes([web.post("/slack/commands", app.command), web.post("/slack/actions", app.action)])
        doors.add_routes([web.post("/slack/events", app.event)])
        runner = web.AppRunner(doors)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        box = Sandbox(bot_url=f"http://127.0.0.1:{runner.addresses[0][1]}", manifest=MANIFEST)
        await box.start()
        app.environment = box.environment()
        channel = await box.slack.creates("ada", "northwind")
        await box.slack.invites("ada", "throughline", "#northwind")
        buttons = [button("Review and sign", "sign", style="primary"), button("Open my page", "tell")]
        card = [{"type": "header", "text": plain("Northwind × Studio Ada")}, {"type": "actions", "elements": buttons}]
        await app.call("chat.postMessage", channel=channel, text="Northwind", blocks=card)
        stage = Stage(box, app, browser, channel)
        try:
            yield stage
        finally:
            for context in browser.contexts:
                await context.close()
            await box.stop()
            await runner.cleanup()
        assert stage.problems == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        opened = await driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setenv("CLOCK_FILE", str(tmp_path / "clock"))
    async with staged(browser) as made:
        yield made


async def test_two_people_meet_through_an_invitation_and_talk(stage: Stage) -> None:
    await stage.box.slack.shares("ada", "#northwind", "clara@northwind.example")
    ada, mailbox = await stage.as_("ada"), await stage.page("/mailbox")
    await mailbox.click("[data-mail]")
    async with mailbox.context.expect_page() as opened:
        await mailbox.click(".paper a")
    clara = await opened.value
    await expect(clara.locator("[data-identity]")).to_contain_text("Clara Chen")
    await clara.click("[data-invite-do=accepts]")
    await clara.click("[data-invite-do=approves]")
    await expect(clara.locator(f".list[data-channel={stage.channel}]")).to_be_visible()
    await clara.fill("[data-composer=channel]", "Hello @Ada Lovelace, <img src=x> & welcome")
    await clara.press("[data-composer=channel]", "Enter")

    said = ada.locator(".main .message", has_text="<img src=x> & welcome")
    await expect(said).to_contain_text("@Ada Lovelace")
    assert await ada.locator(".message-body img").count() == 0
    await said.hover()
    await said.locator("[data-tool=react]").click()
    await ada.click("[data-emoji=eyes]")
    await expect(clara.locator("[data-reaction=eyes] .reaction-count")).to_have_text("1")
    await said.hover()
    await said.locator("[data-tool=thread]").click()
    await ada.fill("[data-composer=thread]", "Not sent yet")
    await stage.box.slack.says("Meanwhile", "clara", "#northwind")
    await expect(ada.locator(".main .message", has_text="Meanwhile")).to_be_visible()
    await expect(ada.locator("[data-composer=thread]")).to_be_focused()
    await ada.fill("[data-composer=thread]", "A reply")
    await ada.press("[data-composer=thread]", "Enter")
    await expect(clara.locator("[data-thread]")).to_contain_text("1 reply")

    await stage.box.slack.says(f"In general, <@{stage.box.slack.person('ada').id}>", "ben", "#general")
    await expect(ada.locator(".side-link.unread")).to_contain_text("general")
    await ada.click(".side-name:text-is('general')")
    await expect(ada.locator(".side-link.unread")).to_have_count(0)
    mine = ada.locator(".main .message", has_text="In general")
    await expect(mine).to_contain_text("@Ada Lovelace")


async def test_forms_keep_what_is_typed_and_show_their_errors(stage: Stage) -> None:
    ada = await stage.as_("ada")
    await ada.click("[data-button='Review and sign']")
    await ada.click("[data-modal=submit]")
    await expect(ada.locator("[data-block-id=title] .problem")).to_have_text("Please fill this in.")
    await ada.fill("[data-action-id=t]", "Taken")
    await expect(ada.locator(".modal .problem")).to_have_count(0)
    await ada.fill("[data-action-id=s]", "web")
    await ada.locator("[data-option=Website]").click()
    await ada.click("[data-button='Add item']")
    await expect(ada.locator(".modal")).to_contain_text("Added after Taken.")
    await expect(ada.locator("[data-action-id=t]")).to_have_value("Taken")
    await ada.click("[data-modal=submit]")
    await expect(ada.locator("[data-block-id=title] .problem")).to_have_text("This name is taken.")
    await ada.click("[data-button=Next]")
    await expect(ada.locator(".modal")).to_contain_text("The second step.")
    await ada.click("[data-modal=close]")
    await expect(ada.locator("[data-action-id=s]")).to_have_value("Website")
    await ada.fill("[data-action-id=t]", "Relaunch")
    await ada.press("[data-action-id=t]", "Enter")
    await expect(ada.locator("dialog")).to_have_count(0)
    (values,) = stage.app.submitted
    assert values["title"]["t"]["value"] == "Relaunch"
    assert values["service"]["s"]["selected_option"]["value"] == "Website"


def option(words: str) -> Json:
    return {"text": plain(words), "value": words.lower()}


async def test_every_element_tells_the_app_what_was_chosen(stage: Stage) -> None:
    colours = [option("Red"), option("Green"), option("Blue")]
    confirm = {"title": plain("Void it?"), "text": plain("It goes."), "confirm": plain("Void"), "deny": plain("Keep")}
    elements = [
        {"type": "static_select", "action_id": "one", "options": colours},
        {"type": "external_select", "action_id": "found", "min_query_length": 1},
        {"type": "users_select", "action_id": "who"},
        {"type": "datepicker", "action_id": "day"},
        {"type": "timepicker", "action_id": "hour"},
        {"type": "checkboxes", "action_id": "ticks", "options": colours},
        {"type": "radio_buttons", "action_id": "either", "options": colours},
        {"type": "overflow", "action_id": "more", "options": colours},
        button("Void", "void", style="danger", confirm=confirm),
    ]
    several = {"type": "multi_static_select", "action_id": "many", "options": colours}
    blocks = [
        {"type": "section", "block_id": "several", "text": plain("Several"), "accessory": several},
        {"type": "actions", "block_id": "all", "elements": elements},
    ]
    await stage.app.call("chat.postMessage", channel=stage.channel, text="All", blocks=blocks)
    ada, told = await stage.as_("ada"), stage.app.actions

    def at(action: str) -> Locator:
        return ada.locator(f"[data-action-id={action}]")

    async def heard() -> Any:
        action = await asyncio.wait_for(told.get(), 5)
        (key,) = [key for key in action if key.startswith("selected_")]
        return action[key]

    await at("one").select_option("Green")
    assert (await heard())["value"] == "green"
    await at("many").click()
    await ada.locator("[data-option=red]").click()
    assert [one["value"] for one in await heard()] == ["red"]
    await ada.locator("[data-option=blue]").click()
    assert [one["value"] for one in await heard()] == ["red", "blue"]
    await ada.keyboard.press("Escape")
    await at("found").fill("seo")
    await ada.locator("[data-option='SEO audit']").click()
    assert (await heard())["value"] == "SEO audit"
    await at("who").fill("clara")
    await ada.keyboard.press("Enter")
    assert await heard() == stage.box.slack.person("clara").id
    await at("day").fill("2026-12-24")
    assert await heard() == "2026-12-24"
    await at("hour").fill("09:30")
    assert await heard() == "09:30"
    await at("ticks").get_by_text("Blue").click()
    assert [one["value"] for one in await heard()] == ["blue"]
    await at("either").get_by_text("Red").click()
    assert (await heard())["value"] == "red"
    await at("more").click()
    await ada.locator(".menu [data-option=green]").click()
    assert (await heard())["value"] == "green"
    await at("void").click()
    await ada.get_by_role("button", name="Keep").click()
    await at("void").click()
    await ada.locator("[data-confirm] .button.danger, [data-confirm] .button.primary").click()
    assert (await asyncio.wait_for(told.get(), 5))["action_id"] == "void"
    assert told.empty()


async def test_commands_shortcuts_files_whispers_and_the_home(stage: Stage) -> None:
    ada = await stage.as_("ada")
    composer = ada.locator("[data-composer=channel]")
    await composer.press_sequentially("/pro")
    await expect(ada.locator("[data-command]")).to_have_count(2)
    await composer.press("ArrowDown")
    await composer.press("Enter")
    await expect(composer).to_have_value("/project ")
    await composer.press_sequentially("advance")
    await composer.press("Enter")
    await expect(ada.locator(".modal")).to_contain_text("Signing as Clara Chen.")
    await ada.keyboard.press("Escape")
    await expect(ada.locator("dialog")).to_have_count(0)
    await expect(composer).to_have_value("")

    await ada.click("[data-button='Open my page']")
    await expect(ada.locator("[data-ephemeral]")).to_contain_text("Only visible to you")
    brief = {"name": "Brief.txt", "mimeType": "text/plain", "buffer": b"words"}
    await ada.set_input_files("[data-upload=channel]", files=[brief])
    await ada.click("[data-send=channel]")
    sent = ada.locator(".main .message", has=ada.locator("[data-file-name='Brief.txt']"))
    await sent.hover()
    await sent.locator("[data-tool=more]").click()
    await ada.click("[data-shortcut='message.note']")
    await expect(ada.locator(".modal")).to_contain_text("Note on a message.")
    await ada.click("[data-modal=close]")
    await sent.hover()
    await sent.locator("[data-tool=edit]").click()
    await ada.fill("[data-editor]", "The brief")
    await ada.press("[data-editor]", "Enter")
    await expect(sent).to_contain_text("The brief (edited)")

    await ada.click("[data-channel-link=home]")
    await expect(ada.locator("[data-home]")).to_contain_text("Good morning, Ada")
    before = await ada.locator("[data-now]").text_content()
    await ada.click("[data-clock='30']")
    await expect(ada.locator("[data-now]")).not_to_have_text(before or "")


async def test_a_phone_shows_one_pane_at_a_time(stage: Stage) -> None:
    await stage.box.slack.says("Hello", "ada", "#northwind")
    phone = await stage.page("/", width=360, has_touch=True, is_mobile=True)
    await expect(phone.locator(".main")).to_be_hidden()
    await phone.tap(".side-name:text-is('northwind')")
    await expect(phone.locator(".sidebar")).to_be_hidden()
    message = phone.locator(".main .message", has_text="Hello")
    await message.locator(".message-body").tap()
    await message.locator("[data-tool=thread]").tap()
    await expect(phone.locator(".main")).to_be_hidden()
    await expect(phone.locator(".thread [data-composer=thread]")).to_be_visible()
    assert await phone.evaluate("document.documentElement.scrollWidth") == 360
    await phone.go_back()
    await expect(phone.locator(".main")).to_be_visible()
    await phone.tap(".main .back")
    await expect(phone.locator(".sidebar")).to_be_visible()
    await phone.tap("[data-identity]")
    await phone.tap(".menu-item:has-text('Luis Ortega')")
    await expect(phone.locator("[data-identity]")).to_contain_text("Luis Ortega")


READ = """async (text) => {
  const { mrkdwn } = await import("/static/mrkdwn.js");
  const box = document.createElement("div");
  box.append(...mrkdwn(text));
  return box.innerHTML.replace(/ (class|target|rel|role|title|aria-label|data-[a-z]+)="[^"]*"/g, "");
}"""


MRKDWN = [
    ("*bold* and _it_, ~gone~ `code`", "<strong>bold</strong> and <em>it</em>, <s>gone</s> <code>code</code>"),
    ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
    ("*a _b_* `*c*`", "<strong>a <em>b</em></strong> <code>*c*</code>"),
    ("<https://x.example/?a=1&amp;b=2|*x*>", '<a href="https://x.example/?a=1&amp;b=2"><strong>x</strong></a>'),
    ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
    ("&lt;b&gt; &amp;amp; <b>", "&lt;b&gt; &amp;amp; &lt;b&gt;"),
    ("<!date^0^{date_num}|then> <!here>", "<time>1970-01-01</time> <span>@here</span>"),
    ("a\nb", "a<br>b"),
]


async def test_mrkdwn_becomes_elements_and_never_markup(stage: Stage) -> None:
    page = await stage.as_("ada")
    for text, shown in MRKDWN:
        assert await page.evaluate(READ, text) == f"<span>{shown}</span>", text
    quoted = await page.evaluate(READ, "said:\n&gt; one\n> two\n```\nx < 1\n```")
    assert quoted == "<span>said:</span><blockquote>one<br>two</blockquote><pre>x &lt; 1</pre>"


async def test_a_link_to_a_message_leads_there(stage: Stage) -> None:
    slack, page = stage.box.slack, await stage.as_("ada")
    root = await slack.says("A thread begins", "ada", "#general")
    reply = await slack.says("The reply that is meant", "ada", "#general", thread=root)
    general = next(one["id"] for one in slack.snapshot("ada")["channels"] if one["name"] == "general")
    address = f"https://slack.com/archives/{general}/p{reply.replace('.', '')}?thread_ts={root}&amp;cid={general}"
    await stage.app.call("chat.postMessage", channel=stage.channel, text=f"See <{address}|over there>")
    await page.click("a:has-text('over there')")
    await expect(page.locator(f".list[data-channel={general}]")).to_be_visible()
    await expect(page.locator(f"[data-thread-list='{root}'] [data-ts='{reply}']")).to_be_focused()
    await slack.says(f"https://studioada.slack.com/archives/{general}/p{root.replace('.', '')}", "ada", "#general")
    await page.click(f".list[data-channel={general}] a:has-text('/archives/')")
    await expect(page.locator(f".list[data-channel={general}] [data-ts='{root}']")).to_be_focused()
    tell = 'async (text) => (await import("/static/mrkdwn.js")).mrkdwn(text)[0].innerHTML'
    for other in ("https://slack.com.evil.example/archives/C1/p1234567890123456", "https://slack.com/archives"):
        assert 'target="_blank"' in await page.evaluate(tell, f"<{other}|x>")
