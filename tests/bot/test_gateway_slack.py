"""The Slack gateway against a small server: what each failure of Slack's means, and that nothing is ever sent twice."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from bot.gateways.failures import Permanent, Temporary, Unknown
from bot.gateways.hosts import allowed
from bot.gateways.slack import Slack, own_post, post_id_of

Json = dict[str, Any]
TOKEN = "sandbox-token-of-studio-ada"


@dataclass
class Server:
    """Answers as it is told and remembers what it was asked."""

    url: str = ""
    asked: list[tuple[str, str, Json, str]] = field(default_factory=list)
    says: dict[str, list[Any]] = field(default_factory=dict)

    def names(self) -> list[str]:
        return [name for _, name, _, _ in self.asked]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        given: Json = dict(request.query)
        if request.method == "POST":
            given |= await request.json()
        self.asked.append((request.method, name, given, request.headers.get("Authorization", "")))
        queue = self.says.get(name, [])
        said = queue.pop(0) if queue else {"ok": True}
        if said == "hang up":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if said == "sleep":
            await asyncio.sleep(5)
        if isinstance(said, web.Response):
            return said
        return web.json_response(said)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    one = Server()
    app = web.Application()
    app.router.add_route("*", "/api/{method}", one.answer)
    app.router.add_post("/response/{method}", one.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield one
    await runner.cleanup()


@pytest.fixture
async def slack(server: Server) -> AsyncIterator[Slack]:
    one = Slack(api_url=f"{server.url}/api", response_hosts=[server.url.removeprefix("http://")], timeout=0.3)
    yield one
    await one.close()


def refused(error: str, **more: Any) -> Json:
    return {"ok": False, "error": error, **more}


async def test_a_message_goes_out_whole_with_the_installations_token(server: Server, slack: Slack) -> None:
    server.says["chat.postMessage"] = [{"ok": True, "ts": "1700000000.000100", "channel": "C1"}]
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "Due <Fri> & paid"}}]
    ts = await slack.post(TOKEN, "C1", "Invoice 14", blocks, metadata=own_post("p-1"), thread_ts="1.2")
    assert ts == "1700000000.000100"
    [(verb, _, given, authorization)] = server.asked
    assert (verb, authorization) == ("POST", f"Bearer {TOKEN}")
    assert given == {
        "channel": "C1",
        "text": "Invoice 14",
        "blocks": blocks,
        "metadata": {"event_type": "throughline_post", "event_payload": {"id": "p-1"}},
        "thread_ts": "1.2",
        "unfurl_links": False,
        "unfurl_media": False,
    }


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (refused("not_in_channel"), Permanent, "not_in_channel"),
        (refused("is_archived"), Permanent, "is_archived"),
        (refused("account_inactive"), Permanent, "account_inactive"),
        (refused("service_unavailable"), Temporary, "service_unavailable"),
        (refused("request_timeout"), Temporary, "request_timeout"),
        (refused("internal_error"), Unknown, "internal_error"),
        (refused("fatal_error"), Unknown, "fatal_error"),
        (web.Response(status=500, text="oops"), Unknown, "http_500"),
        (web.Response(status=503, text="<html>", content_type="text/html"), Unknown, "http_503"),
        (web.Response(status=404, text="{}", content_type="application/json"), Permanent, "http_404"),
        ("hang up", Unknown, "connection_lost"),
        ("sleep", Unknown, "timeout"),
    ],
    ids=str,
)
async def test_each_failure_of_a_send_has_its_verdict(
    server: Server, slack: Slack, said: Any, kind: type[Exception], code: str
) -> None:
    server.says["chat.postMessage"] = [said]
    with pytest.raises(Exception) as failed:
        await slack.post(TOKEN, "C1", "Hello")
    assert type(failed.value) is kind
    assert (failed.value.service, failed.value.code) == ("slack", code)  # type: ignore[attr-defined]
    assert server.names() == ["chat.postMessage"], "a send is never repeated by itself"
    assert TOKEN not in repr(failed.value) and TOKEN not in str(failed.value)


async def test_a_lost_read_or_a_harmless_repetition_is_only_temporary(server: Server, slack: Slack) -> None:
    for method, call in (
        ("conversations.info", lambda: slack.channel_info(TOKEN, "C1")),
        ("chat.update", lambda: slack.update(TOKEN, "C1", "1.2", "New")),
        ("views.publish", lambda: slack.publish_home(TOKEN, "U1", {"type": "home"})),
    ):
        for said in (web.Response(status=500, text="oops"), refused("internal_error"), "sleep"):
            server.says[method] = [said]
            with pytest.raises(Temporary) as failed:
                await call()
            assert not isinstance(failed.value, Unknown), (method, said)


async def test_a_pause_that_slack_asks_for_is_passed_on(server: Server, slack: Slack) -> None:
    pause = web.json_response(refused("ratelimited"), status=429, headers={"Retry-After": "30"})
    server.says["chat.postMessage"] = [pause]
    with pytest.raises(Temporary) as failed:
        await slack.post(TOKEN, "C1", "Hello")
    assert type(failed.value) is Temporary, "a 429 was not carried out"
    assert (failed.value.code, failed.value.retry_after) == ("ratelimited", 30.0)


async def test_what_was_never_sent_is_temporary() -> None:
    nowhere = Slack(api_url="http://127.0.0.1:1/api/")
    with pytest.raises(Temporary) as failed:
        await nowhere.post(TOKEN, "C1", "Hello")
    assert type(failed.value) is Temporary
    assert failed.value.code == "unreachable"
    await nowhere.close()


async def test_a_refusal_says_what_would_help(server: Server, slack: Slack) -> None:
    server.says["chat.postMessage"] = [
        refused("missing_scope", needed="chat:write", provided="users:read"),
        refused("invalid_blocks", response_metadata={"messages": ["[ERROR] must be less than 3001 characters"]}),
    ]
    with pytest.raises(Permanent, match="chat:write"):
        await slack.post(TOKEN, "C1", "Hello")
    with pytest.raises(Permanent, match="3001"):
        await slack.post(TOKEN, "C1", "Hello")


async def test_a_post_whose_answer_was_lost_is_found_by_its_opaque_id(server: Server, slack: Slack) -> None:
    ours = {"ts": "1700000500.000200", "bot_id": "B1", "metadata": own_post("p-7")}
    others = [
        {"ts": "1700000600.000100", "metadata": own_post("p-8")},
        {"ts": "1700000550.000100", "metadata": {"event_type": "another_app", "event_payload": {"id": "p-7"}}},
        {"ts": "1700000540.000100", "text": "p-7"},
        {"ts": "1700000530.000100", "bot_id": "B2", "metadata": own_post("p-7")},
    ]
    server.says["conversations.history"] = [
        {"ok": True, "messages": others, "response_metadata": {"next_cursor": "more"}},
        {"ok": True, "messages": [ours], "response_metadata": {"next_cursor": ""}},
        {"ok": True, "messages": others},
    ]
    server.says["conversations.replies"] = [{"ok": True, "messages": [others[2], ours]}]
    since = datetime.fromtimestamp(1700000400, UTC)
    assert await slack.find_own_post(TOKEN, "C1", "p-7", since, bot_id="B1") == "1700000500.000200"
    _, _, given, _ = server.asked[1]
    assert (given["cursor"], given["include_all_metadata"]) == ("more", "1")
    assert float(given["oldest"]) < since.timestamp(), "clocks differ a little"
    assert await slack.find_own_post(TOKEN, "C1", "p-7", since, bot_id="B1") is None
    assert await slack.find_own_post(TOKEN, "C1", "p-7", since, thread_ts="1.2", bot_id="B1") == "1700000500.000200"
    assert server.asked[-1][2]["ts"] == "1.2"


def test_only_our_own_mark_is_ours() -> None:
    assert post_id_of({"metadata": own_post("p-1")}) == "p-1"
    assert post_id_of({}) is None
    assert post_id_of({"metadata": {"event_type": "throughline_post", "event_payload": None}}) is None


async def test_what_is_so_already_is_no_failure(server: Server, slack: Slack) -> None:
    server.says |= {
        "pins.add": [refused("already_pinned"), refused("not_in_channel")],
        "pins.remove": [refused("no_pin")],
        "chat.delete": [refused("message_not_found")],
        "conversations.invite": [refused("already_in_channel"), {"ok": True}],
    }
    await slack.pin(TOKEN, "C1", "1.2")
    await slack.unpin(TOKEN, "C1", "1.2")
    await slack.delete(TOKEN, "C1", "1.2")
    await slack.invite(TOKEN, "C1", ["U1", "U2"])
    assert [given["users"] for _, name, given, _ in server.asked if name == "conversations.invite"] == ["U1", "U2"]
    with pytest.raises(Permanent):
        await slack.pin(TOKEN, "C1", "1.2")


async def test_channels_people_and_views(server: Server, slack: Slack) -> None:
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Sign"}, "blocks": []}
    server.says |= {
        "conversations.create": [{"ok": True, "channel": {"id": "C9"}}],
        "conversations.inviteShared": [{"ok": True, "invite_id": "I1", "url": "https://join.example/x"}],
        "conversations.members": [
            {"ok": True, "members": ["U1", "U2"], "response_metadata": {"next_cursor": "n"}},
            {"ok": True, "members": ["U3"]},
        ],
        "users.info": [{"ok": True, "user": {"id": "U1"}}],
        "files.info": [{"ok": True, "file": {"id": "F1"}}],
        "bookmarks.add": [{"ok": True, "bookmark": {"id": "Bk1"}}],
        "views.open": [{"ok": True, "view": view | {"id": "V1"}}],
        "chat.getPermalink": [{"ok": True, "permalink": "https://x.example/p1"}],
        "chat.postEphemeral": [{"ok": True, "message_ts": "3.4"}],
        "auth.test": [
            web.json_response(
                {
                    "ok": True,
                    "team_id": "T1",
                    "team": "Studio Ada",
                    "user_id": "U9",
                    "bot_id": "B1",
                    "url": "https://a",
                },
                headers={"X-OAuth-Scopes": "chat:write,users:read"},
            )
        ],
    }
    assert await slack.create_channel(TOKEN, "northwind") == "C9"
    assert await slack.invite_shared(TOKEN, "C9", "clara@northwind.example") == {
        "invite_id": "I1",
        "url": "https://join.example/x",
    }
    assert await slack.members(TOKEN, "C9") == ["U1", "U2", "U3"]
    assert (await slack.user_info(TOKEN, "U1"))["id"] == "U1"
    assert (await slack.file_info(TOKEN, "F1"))["id"] == "F1"
    assert await slack.bookmark(TOKEN, "C9", "Your page", "https://p.example") == "Bk1"
    assert (await slack.open_view(TOKEN, "trigger", view))["id"] == "V1"
    assert await slack.permalink(TOKEN, "C9", "1.2") == "https://x.example/p1"
    assert await slack.ephemeral(TOKEN, "C9", "U1", "Only you") == "3.4"
    auth = await slack.auth_test(TOKEN)
    assert (auth.team_id, auth.scopes) == ("T1", frozenset({"chat:write", "users:read"}))
    reads = {name for verb, name, _, _ in server.asked if verb == "GET"}
    assert reads == {
        "conversations.members", "users.info", "files.info", "chat.getPermalink", "auth.test",
    }  # fmt: skip


# response addresses


async def test_an_answer_goes_only_to_slacks_own_addresses(server: Server, slack: Slack) -> None:
    server.says["r1"] = [web.Response(text="ok")]
    await slack.respond(f"{server.url}/response/r1", {"text": "Done"})
    assert server.asked[-1][2] == {"text": "Done"}
    assert server.asked[-1][3] == "", "no token goes there"
    for url in ("http://evil.example/response", "https://hooks.slack.com.evil.example/x", "file:///etc/passwd"):
        with pytest.raises(Permanent) as failed:
            await slack.respond(url, {"text": "Done"})
        assert failed.value.code == "host_not_allowed"
    assert server.names() == ["r1"]


async def test_a_used_response_address_is_permanent_and_a_lost_answer_unknown(server: Server, slack: Slack) -> None:
    server.says["r1"] = [
        web.Response(status=404, text="used_url"),
        web.json_response(refused("expired_url"), status=404),
        web.Response(status=302, headers={"Location": "http://evil.example/"}),
    ]
    for code in ("used_url", "expired_url", "http_302"):
        with pytest.raises(Permanent) as failed:
            await slack.respond(f"{server.url}/response/r1", {"text": "Done"})
        assert failed.value.code == code
    server.says["r1"] = ["hang up"]
    with pytest.raises(Unknown):
        await slack.respond(f"{server.url}/response/r1", {"text": "Done"})


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://hooks.slack.com/actions/T1/1/x", True),
        ("https://hooks.slack.com:443/actions", True),
        ("https://HOOKS.slack.com/actions", True),
        ("http://hooks.slack.com/actions", False),
        ("https://hooks.slack.com:8443/actions", False),
        ("https://user@hooks.slack.com/actions", False),
        ("https://hooks.slack.com@evil.example/actions", False),
        ("https://evil.example/hooks.slack.com", False),
        ("http://127.0.0.1:3000/response/1", True),
        ("http://127.0.0.1:3001/response/1", False),
        ("http://10.0.0.7:3000/response/1", False),
        ("//hooks.slack.com/actions", False),
        ("https://hooks.slack.com:port/", False),
        ("", False),
    ],
)
def test_the_list_of_hosts_decides(url: str, fits: bool) -> None:
    assert allowed(url, {"hooks.slack.com", "127.0.0.1:3000", "10.0.0.7:3000"}) is fits


async def test_no_log_line_holds_a_token_or_peoples_words(
    server: Server, slack: Slack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.says["chat.postMessage"] = [{"ok": True, "ts": "1.2"}, refused("not_in_channel")]
    await slack.post(TOKEN, "C1", "between us")
    with pytest.raises(Permanent):
        await slack.post(TOKEN, "C1", "between us")
    assert TOKEN not in caplog.text
    assert "between us" not in caplog.text
    assert json.dumps(server.asked[0][2]).count("between us") == 1
