"""The sandbox as one: started, its environment, stopped, and found again as it was."""

import json
from pathlib import Path

import aiohttp

from bot.sandbox import Sandbox
from tests.bot.sandbox_bot import MANIFEST


async def test_it_starts_and_tells_the_environment() -> None:
    sandbox = Sandbox(bot_url="http://127.0.0.1:9", manifest=MANIFEST)
    await sandbox.start()
    try:
        environment = sandbox.environment()
        assert environment["SLACK_API_URL"] == f"{sandbox.url}/slack/api/"
        assert "SLACK_APP_TOKEN" not in environment and "@" not in environment["SMTP_URL"]
        headers = {"Authorization": f"Bearer {environment['SLACK_BOT_TOKEN']}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.post(f"{environment['SLACK_API_URL']}auth.test") as got,
        ):
            assert (await got.json())["user"] == "throughline"
        async with aiohttp.ClientSession() as http, http.get(sandbox.url) as page:
            assert page.status == 200 and "sandbox" in (await page.text()).lower()
    finally:
        await sandbox.stop()


async def test_it_keeps_its_state_and_secrets(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "sandbox.json"
    sandbox = Sandbox(manifest=MANIFEST, state=state, socket_mode=True)
    await sandbox.start()
    first = sandbox.environment()
    where = await sandbox.slack.creates("ada", "plans")
    await sandbox.slack.says("Kept", "ada", where)
    await sandbox.slack.shares("ada", where, "clara@northwind.example")
    await sandbox.stop()
    assert state.stat().st_mode & 0o077 == 0 and json.loads(state.read_text())["secrets"]
    again = Sandbox(manifest=MANIFEST, state=state, socket_mode=True)
    await again.start()
    try:
        second = again.environment()
        for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "STRIPE_WEBHOOK_SECRET"):
            assert second[name] == first[name] and "sandbox" not in first[name]
        assert again.slack.messages("#plans", "ada")[0]["text"] == "Kept"
        assert "#invite-" in again.mail.latest(to="clara@northwind.example").link()
        await again.slack.says("And more", "ada", "#plans")
        await again.slack.until(lambda: "And more" in state.read_text(), timeout=3)
    finally:
        await again.stop()
