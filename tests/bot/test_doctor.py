"""The doctor: each check in its failing form, with the step that mends it; a healthy house; and no secret shown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from aiohttp import web

from bot import doctor
from bot.doctor import Finding, outside, variables
from bot.doctor import database as database_checks
from bot.gateways.stripe import Account, Endpoint
from bot.sandbox import Sandbox
from bot.settings import Settings
from bot.tenants import Tenants, sealer
from core import clock, inbox, jobs, people, schema
from core.db import Database
from core.inbox import Incoming, Keeper
from core.jobs import Claimed
from tests.builders import SIGNING_KEY, TEAM, House
from tests.conftest import named

KEY = "kA7d0nTt3llAnyb0dy-kA7d0nTt3llAnyb0dy"


def settings(**given: Any) -> Settings:
    """Settings from these values alone, whatever the environment holds."""
    empty = {name: field.get_default() for name, field in Settings.model_fields.items()}
    return Settings(_env_file=None, **{**empty, **given})  # type: ignore[call-arg]


def wrong(findings: Finding | list[Finding] | None, *says: str) -> None:
    """There is one problem, it says this, and it names a step."""
    assert findings is not None
    (found,) = [each for each in (findings if isinstance(findings, list) else [findings]) if not each.ok]
    assert found.mend
    for each in says:
        assert each in found.what + " " + found.mend


def well(*findings: Finding | None) -> None:
    assert [each for each in findings if each is not None and not each.ok] == []


# the environment


def test_an_old_python() -> None:
    wrong(variables.python((3, 9, 1)), "3.9.1", "3.11")
    well(variables.python((3, 11, 0)))


@pytest.mark.parametrize(("key", "says"), [("", "not set"), ("short", "too short"), ("a" * 64, "too short")])
def test_a_poor_secret_key(key: str, says: str) -> None:
    wrong(variables.secret_key(key), says, "openssl rand")
    well(variables.secret_key(KEY))


@pytest.mark.parametrize(("key", "says"), [("", "nothing can be signed"), (KEY, "32 bytes"), ("c2hvcnQ=", "32 bytes")])
def test_a_signing_key_that_seals_nothing(key: str, says: str) -> None:
    wrong(variables.signing_key(key), says, "openssl rand -base64 32")
    well(variables.signing_key(SIGNING_KEY))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://studioada.example", "not https"),
        ("studioada.example", "no web address"),
        ("ftp://studioada.example", "no web address"),
        ("https://ada:secret@studioada.example", "password"),
        ("https://studioada.example/portal", "goes on"),
        ("https://studioada.example:port", "cannot be read"),
    ],
)
def test_a_wrong_public_url(url: str, says: str) -> None:
    wrong(variables.public_url(url), says)


def test_a_right_public_url() -> None:
    well(variables.proxies("https://studioada.example", ""), variables.proxies("https://studioada.example", "10.0.0.2"))
    assert variables.proxies("http://127.0.0.1:8700", "") is None
    well(variables.public_url("https://studioada.example"), variables.public_url("http://127.0.0.1:8700"))


def test_a_clock_that_can_be_moved() -> None:
    wrong(variables.clock_file("/tmp/clock", "https://slack.com/api/"), "Unset CLOCK_FILE")
    well(
        variables.clock_file("/tmp/clock", "http://127.0.0.1:1/slack/api/"),
        variables.clock_file("", "https://slack.com/api/"),
    )


def test_a_slack_in_the_clear() -> None:
    wrong(variables.slack_address("http://slack.elsewhere.example/api/"), "not https")
    well(variables.slack_address("http://127.0.0.1:1/slack/api/"))
    assert variables.slack_address("https://slack.com/api/") is None


@pytest.mark.parametrize("token", ["", "xoxp-1-2", "xapp-1", "xoxb-1 2"])
def test_a_wrong_bot_token(token: str) -> None:
    wrong(variables.bot_token(token), "SLACK_BOT_TOKEN")
    well(variables.bot_token("xoxb-1-2-abc"))


@pytest.mark.parametrize(
    ("signing", "app", "says"),
    [
        ("", "", "cannot reach"),
        ("xoxb-123456789012345678", "", "does not look like one"),
        ("short", "", "does not look like one"),
        ("0123456789abcdef 123456", "", "does not look like one"),
        ("", "xoxb-1", "not an app-level token"),
    ],
)
def test_no_way_in(signing: str, app: str, says: str) -> None:
    wrong(variables.ways_in(signing, app), says)


def test_ways_in() -> None:
    well(*variables.ways_in("0123456789abcdef0123456789abcdef", ""), *variables.ways_in("", "xapp-1-A-b"))


def test_letters_from_nowhere() -> None:
    wrong(variables.mail_from("Throughline <throughline@localhost>", "smtp://x"), "MAIL_FROM")
    assert variables.mail_from("Throughline <throughline@localhost>", "") is None
    well(variables.mail_from("Ada <hello@studioada.example>", "smtp://x"))


def test_answers_that_would_not_arrive() -> None:
    address, secret, smtp = "reply@studioada.example", "0123456789abcdef0123456789abcdef", "smtp://x"
    well(*variables.mail_replies(address, secret, smtp), *variables.mail_replies("", "", smtp))
    assert variables.mail_replies("", "", "") == []
    wrong(variables.mail_replies(address, "", smtp), "nothing brings the answers")
    wrong(variables.mail_replies(address, "short", smtp), "too short")
    wrong(variables.mail_replies(address, secret, ""), "SMTP_URL is not")
    wrong(variables.mail_replies("Ada <reply@studioada.example>", secret, smtp), "no address")


# the database


async def test_no_database_and_one_that_does_not_answer(unused_tcp_port: int) -> None:
    wrong(await database_checks.examine(settings()), "DATABASE_URL is not set")
    url = f"postgresql://ada:hunter2secret@127.0.0.1:{unused_tcp_port}/throughline"
    found = await database_checks.examine(settings(database_url=url))
    wrong(found, "127.0.0.1/throughline does not answer")
    assert "hunter2secret" not in doctor.report(found)


@pytest.fixture
async def empty(server: str) -> AsyncIterator[str]:
    """A database without any migration."""
    connection = await asyncpg.connect(server)
    await connection.execute("DROP DATABASE IF EXISTS bare")
    await connection.execute("CREATE DATABASE bare")
    yield named(server, "bare")
    await connection.execute("DROP DATABASE bare WITH (FORCE)")
    await connection.close()


async def test_a_database_that_was_never_migrated(empty: str) -> None:
    wrong(await database_checks.migrated(empty), "empty", "bot migrate")


async def test_a_database_of_another_time(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("UPDATE alembic_version SET version_num = '0000_of_old'")
    await connection.close()
    wrong(await database_checks.migrated(dsn), "0000_of_old", str(schema.newest()), "bot migrate")


async def test_a_role_that_row_level_security_does_not_bind(dsn: str) -> None:
    owner = Database(dsn, role=None)
    wrong(await database_checks.bound(owner), "could read across tenants", "bot migrate")
    await owner.close()
    missing = Database(dsn, role="nobody_made_this_role")
    wrong(await database_checks.bound(missing), "cannot be taken", "bot migrate")
    await missing.close()


async def test_a_token_sealed_with_another_key(database: Database, ada_house: House) -> None:
    async with database.platform() as session:
        kept = await people.installation(session, team_id=TEAM)
        assert kept
        kept.token = sealer("another key, of another day").encrypt(b"xoxb-1")
    wrong(await database_checks.installed(database, KEY), "not the one it was sealed with", "Restore that key")
    wrong(await database_checks.installed(database, ""), "SECRET_KEY")


async def dead_job(db: Database) -> None:
    async with db.platform() as session:
        await jobs.enqueue(session, "invoice.issue", lane="one")
    async with db.platform() as session:
        (job,) = await jobs.claim(session, "w", 5, 30)
        await _bury(session, job)


async def _bury(session: Any, job: Claimed) -> None:
    await jobs.bury(session, job, "Stripe refused: no such customer\nand a long tail")


async def test_dead_jobs_and_their_second_life(database: Database, dsn: str) -> None:
    well(await database_checks.dead(database))
    await dead_job(database)
    found = await database_checks.dead(database)
    wrong(found, "1 job died: invoice.issue", "Stripe refused: no such customer", "--again")
    assert "long tail" not in found.what
    assert "1 job and 0 deliveries" in await doctor.again(settings(database_url=dsn))
    well(await database_checks.dead(database))


async def test_deliveries_set_aside_and_their_second_life(database: Database, dsn: str) -> None:
    well(await database_checks.set_aside(database))
    keeper = Keeper(database)
    await keeper.keep(Incoming("slack", TEAM, "Ev1", "slack:C1", "channel_shared", "{}", b"{}", clock.now()))
    await keeper.close()

    async def nobody(*_: object) -> None:
        return None

    await inbox.apply_some(database, {}, nobody)
    wrong(
        await database_checks.set_aside(database),
        "1 delivery set aside",
        "slack channel_shared",
        "No organization is known",
        "--again",
    )
    assert "0 jobs and 1 delivery" in await doctor.again(settings(database_url=dsn))
    well(await database_checks.set_aside(database))


# Slack


@asynccontextmanager
async def answering(answer: Any, headers: dict[str, str] | None = None) -> AsyncIterator[str]:
    """A server that answers everything alike."""

    async def handle(_: web.Request) -> web.Response:
        return web.json_response(answer, headers=headers or {})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def test_a_token_that_slack_does_not_take() -> None:
    async with answering({"ok": False, "error": "invalid_auth"}) as url:
        wrong(
            await outside.slack(settings(slack_bot_token="xoxb-1", slack_api_url=url)),
            "invalid_auth",
            "OAuth & Permissions",
        )


async def test_a_slack_that_is_away(unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/api/"
    wrong(await outside.slack(settings(slack_bot_token="xoxb-1", slack_api_url=url)), "does not answer")


async def test_scopes_that_are_missing_or_beyond() -> None:
    wanted = outside.asked_for(outside.MANIFEST)
    assert "chat:write" in wanted
    missing = outside.scopes(wanted - {"chat:write", "pins:write"}, wanted)
    wrong(missing, "lacks 2 scopes: chat:write, pins:write", "manifest.yml", "Reinstall")
    beyond = outside.scopes({*wanted, "admin"}, wanted)
    well(*beyond)
    assert "1 scope that nothing here uses: admin" in beyond[1].what and "remove" in beyond[1].mend
    answer = {"ok": True, "team_id": "T1", "team": "Studio Ada", "user_id": "U1"}
    async with answering(answer, {"X-OAuth-Scopes": ",".join(wanted - {"groups:read"})}) as url:
        wrong(await outside.slack(settings(slack_bot_token="xoxb-1", slack_api_url=url)), "lacks 1 scope: groups:read")


def test_a_clock_that_is_wrong() -> None:
    wrong(outside.skew(400), "400 seconds ahead", "timedatectl")
    wrong(outside.skew(-90), "90 seconds behind")
    well(outside.skew(2))


async def test_the_clock_is_read_from_slacks_answer() -> None:
    async with answering({"ok": True}, {"Date": "Wed, 01 Jan 2020 00:00:00 GMT"}) as url:
        wrong(await outside.clock(url), "ahead of Slack's")


# Stripe


def test_a_webhook_that_does_not_reach_us() -> None:
    url = "https://throughline.studioada.example"
    door = f"{url}/stripe/webhook"
    wrong(outside.webhook([], url), f"no webhooks to {door}", "Developers → Webhooks")
    wrong(outside.webhook([Endpoint(door, "disabled", ("*",), None)], url), "disabled")
    wrong(outside.webhook([Endpoint(door, "enabled", ("invoice.paid",), None)], url), "invoice.payment_failed")
    well(outside.webhook([Endpoint(door, "enabled", ("*",), None)], url), outside.webhook([], "http://127.0.0.1:8700"))
    wrong(outside.webhook([], "http://127.0.0.1:8700", local_stripe=True), "no webhooks to")


@pytest.mark.parametrize(("secret", "says"), [("", "not set"), ("sk_test_1", "not a webhook's")])
def test_a_wrong_webhook_secret(secret: str, says: str) -> None:
    wrong(outside.webhook_secret(secret), says)


async def test_a_wrong_stripe_key(unused_tcp_port: int) -> None:
    wrong(await outside.stripe(settings(stripe_api_key="pk_test_1")), "not a secret key")
    url = f"http://127.0.0.1:{unused_tcp_port}"
    wrong(
        await outside.stripe(settings(stripe_api_key="sk_test_1", stripe_api_url=url, stripe_webhook_secret="whsec_1")),
        "could not be reached",
    )
    well(*await outside.stripe(settings()))
    closed = outside.account(Account("acct_1", "Studio Ada", "GB", "GBP", False), test_mode=False)
    wrong(closed, "cannot take payments yet", "activation")


async def test_stripe_refuses_the_key() -> None:
    sandbox = Sandbox(bot_url="http://127.0.0.1:1", manifest=outside.MANIFEST)
    await sandbox.start()
    try:
        given = settings(
            stripe_api_key="sk_test_of_somebody_else",
            stripe_api_url=f"{sandbox.url}/stripe",
            stripe_webhook_secret="whsec_1",
        )
        wrong(await outside.stripe(given), "Stripe", "Copy the key again")
    finally:
        await sandbox.stop()


# mail


async def test_mail_that_cannot_go_out(unused_tcp_port: int) -> None:
    sender = "Ada <hello@studioada.example>"
    wrong(await outside.mail(settings()), "SMTP_URL is not set")
    wrong(await outside.mail(settings(smtp_url="mail.example", mail_from=sender)), "SMTP_URL reads like")
    url = f"smtp://127.0.0.1:{unused_tcp_port}"
    wrong(await outside.mail(settings(smtp_url=url, mail_from=sender)), "could not be reached")


# all together


async def healthy(sandbox: Sandbox, dsn: str) -> Settings:
    given = {name.lower(): value for name, value in sandbox.environment().items()}
    known = {"secret_key": KEY, "signing_key": SIGNING_KEY, "public_url": "http://127.0.0.1:8700"}
    return settings(**given, **known, database_url=dsn)


async def test_a_healthy_house_and_a_report_that_reads_well(database: Database, dsn: str, ada_house: House) -> None:
    sandbox = Sandbox(bot_url="http://127.0.0.1:8700", manifest=outside.MANIFEST)
    await sandbox.start()
    try:
        async with database.platform() as session:
            kept = await people.installation(session, team_id=TEAM)
        assert kept
        kept.team_name = "Studio Ada"
        await Tenants(database, KEY).install(kept, "xoxb-sandbox")
        found = await doctor.examine(await healthy(sandbox, dsn))
        report = doctor.report(found)
        assert all(each.ok for each in found), report
        assert report.endswith("All is well.") and "✓ Slack knows the token: Studio Ada" in report
        assert "✓ Stripe knows the key" in report and "✓ Installed in Studio Ada" in report
        for secret in (KEY, "xoxb-", "sk_test_sandbox", "whsec_"):
            assert secret not in report
    finally:
        await sandbox.stop()


async def test_no_secret_is_ever_printed(unused_tcp_port: int) -> None:
    url = f"postgresql://ada:hunter2%40secret@127.0.0.1:{unused_tcp_port}/throughline"
    given = settings(
        database_url=url,
        secret_key="shortbutsecret",
        slack_bot_token="xoxp-verysecret",
        slack_signing_secret="xoxb-alsosecret",
        stripe_api_key="pk_notsosecret",
        smtp_url=f"smtp://ada:mailsecret@127.0.0.1:{unused_tcp_port}",
        slack_api_url=f"http://127.0.0.1:{unused_tcp_port}/",
        public_url="https://ada:urlsecret@studioada.example",
    )
    async with asyncio.timeout(20):
        report = doctor.report(await doctor.examine(given))
    assert "✗" in report and "to mend" in report
    for secret in ("hunter2", "shortbutsecret", "verysecret", "alsosecret", "notsosecret", "mailsecret", "urlsecret"):
        assert secret not in report
    assert doctor.hide("it said hunter2@secret", doctor.secrets_of(given)) == "it said •••"


def test_the_report_counts() -> None:
    report = doctor.report([Finding(True, "Good", "could be better"), Finding(False, "Bad", "Mend it")])
    assert report == "✓ Good\n    · could be better\n✗ Bad\n    → Mend it\n\n1 thing to mend, marked ✗."


def test_patience_is_shorter_than_a_persons() -> None:
    assert timedelta(seconds=outside.PATIENCE + database_checks.PATIENCE) < timedelta(minutes=1)
