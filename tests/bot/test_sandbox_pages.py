"""The sandbox's pages over HTTP: what they show, what they let a person do, and whom they keep out."""

import asyncio
import inspect
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox import Sandbox
from bot.sandbox.pages import PAGES, STATIC
from bot.sandbox.pages.gestures import GESTURES, shown
from bot.sandbox.slack import Outcome, Slack
from core import clock

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
Json = dict[str, Any]


@dataclass
class Rig:
    box: Sandbox
    http: aiohttp.ClientSession

    def id(self, name: str) -> str:
        return self.box.slack.person(name).id

    async def get(self, path: str, **headers: str) -> tuple[int, Json]:
        async with self.http.get(self.box.url + path, headers=headers) as response:
            return response.status, await response.json()

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Json]:
        async with self.http.post(self.box.url + path, json=body, headers=headers) as response:
            return response.status, await response.json()

    async def do(self, who: str, gesture: str, **arguments: Any) -> tuple[int, Json]:
        return await self.post("/do", {"gesture": gesture, "as": self.id(who), **arguments})


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setenv("CLOCK_FILE", str(tmp_path / "clock"))
    box = Sandbox(manifest=MANIFEST)
    await box.start()
    async with aiohttp.ClientSession() as http:
        yield Rig(box, http)
    await box.stop()


async def test_a_mail_is_answered_where_it_asks_for_that(rig: Rig) -> None:
    brought: list[tuple[bytes, str]] = []

    async def take(request: web.Request) -> web.Response:
        brought.append((await request.read(), request.headers["X-Mail-Signature"]))
        return web.Response()

    bot = web.Application()
    bot.router.add_post("/mail/in", take)
    runner = web.AppRunner(bot)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    rig.box.bot_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    silent = rig.box.mail.deliver("hello@studioada.example", "clara@northwind.example", "Hello", "Hi\nthere")
    asking = replace(silent, id="asking", headers={"Reply-To": "reply+x@studioada.example", "Message-ID": "<a@b>"})
    rig.box.mail.messages.append(asking)
    assert (await rig.post(f"/mailbox/{silent.id}/reply", {"text": "Yes"}))[0] == 409
    assert (await rig.post("/mailbox/asking/reply", {"text": " "}))[0] == 400
    assert (await rig.post("/mailbox/asking/reply", {"text": "Yes"}, Origin="http://evil.example"))[0] == 403
    assert (await rig.post("/mailbox/asking/reply", {"text": "Yes"}))[0] == 200
    [(letter, signature)] = brought
    assert (
        b"To: reply+x@studioada.example" in letter and b"In-Reply-To: <a@b>" in letter and signature.startswith("v1=")
    )
    assert b"Yes\r\n\r\nOn " in letter and b"> Hi\r\n> there" in letter
    _, listed = await rig.get("/mailbox/mails")
    assert [mail["answer_to"] for mail in listed["mails"]] == ["", "reply+x@studioada.example", ""]
    await runner.cleanup()
    assert (await rig.post("/mailbox/asking/reply", {"text": "Yes"}))[0] == 502


async def test_a_person_sees_their_workspace_and_whom_else_one_may_be(rig: Rig) -> None:
    _, ada = await rig.get("/state")
    assert ada["me"]["real_name"] == "Ada Lovelace" and ada["me"]["agency"]
    assert [team["name"] for team in ada["everyone"]] == ["Studio Ada", "Northwind", "Globex"]
    assert "Throughline" not in {one["real_name"] for team in ada["everyone"] for one in team["people"]}
    _, clara = await rig.get(f"/state?as={rig.id('clara')}")
    assert clara["me"]["team_name"] == "Northwind" and clara["commands"] == []


async def test_gestures_reach_slack_and_refusals_are_sentences(rig: Rig) -> None:
    status, made = await rig.do("ada", "creates", name="plans")
    assert status == 200
    _, said = await rig.do("ada", "says", text="Hello <all>", channel=made["result"])
    _, seen = await rig.get(f"/messages?as={rig.id('ada')}&channel={made['result']}")
    assert (seen["messages"][0]["ts"], seen["messages"][0]["text"]) == (said["result"], "Hello &lt;all&gt;")
    assert await rig.do("ada", "creates", name="plans") == (409, {"error": "That name is already taken by a channel."})
    status, refused = await rig.do("clara", "command", text="/tl help", channel="general")
    assert status == 409 and "not a valid command" in refused["error"]
    status, refused = await rig.do("ben", "edits", ts=said["result"], text="Mine now", channel="plans")
    assert status == 409 and refused["error"].endswith(".")


async def test_only_the_gestures_of_the_table_with_their_arguments(rig: Rig) -> None:
    for body, words in (
        ({"gesture": "uninstalls", "as": rig.id("ada")}, "no gesture"),
        ({"gesture": "__class__", "as": rig.id("ada")}, "no gesture"),
        ({"gesture": "says", "as": "U0NOBODY", "text": "x", "channel": "general"}, "Nobody here"),
        (["says"], "JSON object"),
    ):
        status, answer = await rig.post("/do", body)
        assert status == 400 and words in answer["error"]
    assert await rig.do("ada", "says", channel="general") == (409, {"error": "This needs “text”."})
    assert await rig.do("ada", "says", text=["x"], channel="general") == (
        409,
        {"error": "“text” is not of the right kind."},
    )


@pytest.mark.parametrize("name", GESTURES)
def test_every_gesture_of_the_table_is_one_of_slack_s(name: str) -> None:
    gesture, signature = GESTURES[name], inspect.signature(getattr(Slack, name))
    given = {**gesture.needs, **gesture.optional, **({"by": str} if gesture.by else {})}
    signature.bind(None, **given)
    assert inspect.iscoroutinefunction(getattr(Slack, name))


def test_what_came_of_a_gesture_is_json() -> None:
    assert shown(Outcome(200, errors={"b": "No."})) == {"status": 200, "error": "", "errors": {"b": "No."}, "url": ""}
    assert shown([("a", 1), None]) == [["a", 1], None]


CHANGES = ("/do", "/upload", "/clock", "/direct")


@pytest.mark.parametrize("path", CHANGES)
async def test_other_origins_cannot_drive_the_sandbox(rig: Rig, path: str) -> None:
    body = {"gesture": "says", "as": rig.id("ada"), "text": "x", "channel": "general", "days": 1}
    for headers in (
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "elsewhere.example"},
    ):
        status, answer = await rig.post(path, body, **headers)
        assert status == 403 and answer["error"]
    assert clock.offset() == 0
    status, _ = await rig.post("/clock", {"days": 1}, Origin=rig.box.url)
    assert status == 200


async def test_another_host_name_reads_nothing(rig: Rig) -> None:
    for path in ("/", "/state", "/messages", "/mailbox/mails", "/stripe/account"):
        status, _ = await rig.get(path, Host="elsewhere.example")
        assert status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await rig.http.ws_connect(f"{rig.box.url}/live", origin="https://elsewhere.example")
    assert refused.value.status == 403


async def test_a_form_of_another_site_is_no_gesture(rig: Rig) -> None:
    async with rig.http.post(f"{rig.box.url}/do", data={"gesture": "says", "as": rig.id("ada")}) as response:
        assert response.status == 400


async def test_the_live_socket_tells_what_changed(rig: Rig) -> None:
    async with rig.http.ws_connect(f"{rig.box.url}/live", origin=rig.box.url) as socket:
        await rig.box.slack.says("Hello", "ada", "#general")
        assert (await socket.receive_json(timeout=2))["kind"] == "message"
        rig.box.mail.deliver("a@x.example", "b@x.example", "Hello", "Words")
        assert await socket.receive_json(timeout=3) == {"kind": "beside"}


async def test_files_are_uploaded_and_come_back_as_downloads(rig: Rig) -> None:
    form = aiohttp.FormData()
    for name, value in (("as", rig.id("ada")), ("channel", "general"), ("text", "The brief")):
        form.add_field(name, value)
    form.add_field("file", b"<script>alert(1)</script>", filename="brief.html", content_type="text/html")
    form.add_field("file", b"two", filename="two.txt")
    async with rig.http.post(f"{rig.box.url}/upload", data=form) as response:
        assert response.status == 200
    _, seen = await rig.get(f"/messages?as={rig.id('ada')}&channel=general")
    message = seen["messages"][-1]
    assert message["text"] == "The brief" and [file["name"] for file in message["files"]] == ["brief.html", "two.txt"]
    async with rig.http.get(f"{rig.box.url}/file/{message['files'][0]['id']}") as response:
        assert await response.read() == b"<script>alert(1)</script>"
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.headers["Content-Type"] == "application/octet-stream"


async def test_a_file_for_a_form_is_in_no_channel(rig: Rig) -> None:
    form = aiohttp.FormData()
    form.add_field("as", rig.id("ada"))
    form.add_field("file", b"words", filename="Logo.svg")
    async with rig.http.post(f"{rig.box.url}/upload", data=form) as response:
        (file,) = (await response.json())["files"]
    assert (file["name"], file["size"], file["channels"]) == ("Logo.svg", 5, [])
    assert rig.box.slack.file_content(file["id"]) == b"words"


async def test_mails_are_listed_and_their_markup_is_shut_in(rig: Rig) -> None:
    rig.box.mail.deliver("ada@x.example", "clara@northwind.example", "Ready", "Words", "<b>Words</b><script>1</script>")
    _, listed = await rig.get("/mailbox/mails")
    mail = listed["mails"][0]
    assert (mail["subject"], mail["to"]) == ("Ready", ["clara@northwind.example"])
    async with rig.http.get(f"{rig.box.url}/mailbox/{mail['id']}/html") as response:
        policy = response.headers["Content-Security-Policy"]
        assert "sandbox" in policy and "allow-scripts" not in policy and "default-src 'none'" in policy
        assert '<base target="_blank">' in await response.text()
    assert (await rig.get("/mailbox/nothing/html"))[0] == 404


async def test_the_clock_moves_by_a_day_and_by_a_month(rig: Rig) -> None:
    before = clock.now()
    await rig.post("/clock", {"days": 1})
    assert (clock.now() - before).days == 1
    await rig.post("/clock", {"days": 30})
    assert (clock.now() - before).days == 31
    for days in (-1, 7, "1", None, [1]):
        assert (await rig.post("/clock", {"days": days}))[0] == 400


async def test_who_follows_an_invitation_s_link_is_the_invited(rig: Rig) -> None:
    invite = await rig.box.slack.shares("ada", "#general", "clara@northwind.example")
    _, seen = await rig.get(f"/state?invite={invite}")
    assert seen["me"]["real_name"] == "Clara Chen" and seen["invites"][0]["mine"]
    other = await rig.box.slack.shares("ada", "#general", "joe@unknown.example")
    _, gus = await rig.get(f"/state?invite={other}&as={rig.id('gus')}")
    assert [one["id"] for one in gus["invites"] if one["mine"]] == [other]
    _, without = await rig.get(f"/state?as={rig.id('gus')}")
    assert without["invites"] == []


async def test_typed_values_of_a_modal_are_known_when_a_button_beside_them_is_pressed(rig: Rig) -> None:
    slack, ada = rig.box.slack, rig.box.slack.person("ada")
    field = {"type": "plain_text_input", "action_id": "title"}
    button = {"type": "button", "action_id": "add", "text": {"type": "plain_text", "text": "Add"}}
    view = slack.screens.open(
        ada,
        {
            "type": "modal",
            "title": {"type": "plain_text", "text": "New"},
            "blocks": [
                {"type": "input", "block_id": "b", "label": {"type": "plain_text", "text": "Title"}, "element": field},
                {"type": "actions", "block_id": "c", "elements": [button]},
            ],
        },
    )
    typed = {"b": {"title": {"type": "plain_text_input", "value": "Relaunch"}, "other": {"value": "no"}}}
    container = {"type": "view", "view_id": view.id}
    await rig.do("ada", "act", container=container, block_id="c", action_id="add", values=typed)
    assert view.values["b"] == {"title": {"type": "plain_text_input", "value": "Relaunch"}}


async def test_pages_carry_their_protections_and_are_made_of_what_is_there(rig: Rig) -> None:
    for path in ("/", "/mailbox", "/stripe"):
        async with rig.http.get(rig.box.url + path) as response:
            assert response.status == 200
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            text = await response.text()
        for name in re.findall(r'"/static/([^"]+)"', text):
            assert name in STATIC
            async with rig.http.get(f"{rig.box.url}/static/{name}") as response:
                assert response.status == 200
    for name in ("../__init__.py", "..%2f__init__.py", "nothing.js"):
        async with rig.http.get(f"{rig.box.url}/static/{name}") as response:
            assert response.status == 404


def test_nothing_comes_from_elsewhere_and_data_is_never_markup() -> None:
    for path in (*STATIC.values(), *PAGES.values()):
        source = path.read_text("utf-8")
        assert not re.search(r"\.(inner|outer)HTML|insertAdjacentHTML|document\.write|eval\(", source), path.name
        assert not re.search(r"""(src|href)=["']https?:|url\(["']?https?:|from ["']https?:|@import""", source), (
            path.name
        )
        for name in re.findall(r"""from ["']\./([^"']+)["']""", source):
            assert name in STATIC, f"{path.name} imports {name}"
        if path.suffix == ".js":
            assert source.startswith("// ") and len(source.splitlines()) <= 300, path.name


async def test_the_sandbox_stops_while_a_page_is_open(rig: Rig) -> None:
    async with rig.http.ws_connect(f"{rig.box.url}/live", origin=rig.box.url) as socket:
        await asyncio.wait_for(rig.box.pages.close(), 2)
        assert (await socket.receive(timeout=2)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
