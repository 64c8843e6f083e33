"""What Slack did not tell in time is found again, exactly once; what it cannot tell is marked; a linked channel brings its past."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, select

from bot.worker import backfill as reading
from bot.worker.works import CHORES
from core import backfill, clock
from core.backfill import Backfill, Gap, Part
from core.conversations import Message, Reaction, Revision
from core.events import Event, Kind
from core.jobs import Claimed, Job
from tests.stories.scene import CLIENT, STAFF, Scene

Json = dict[str, Any]


async def _repair(scene: Scene, which: str = "", **more: Any) -> list[backfill.Asked]:
    asked = await backfill.repair(scene.here.app.db, which, **more)
    await scene.calm()
    return asked


async def _gaps(scene: Scene) -> list[Gap]:
    async with scene.database() as (session, actor):
        return await backfill.gaps(session, (await scene.engagement(session, actor)).id)


async def _read(scene: Scene) -> list[str]:
    """The deliveries that we read instead of hearing them."""
    return [one.external_id for one in await scene.deliveries() if reading.MARK in one.headers]


async def _rows(scene: Scene, table: type[Any]) -> list[Any]:
    async with scene.database() as (session, _):
        return list((await session.execute(select(table))).scalars())


async def test_what_was_dropped_is_found_once_and_the_gap_is_marked(scene: Scene) -> None:
    slack = scene.slack
    first = await slack.says("Could we start with the blog?", by="clara", channel=CLIENT)
    await scene.calm()
    clock.move(600)
    scene.faults.drop("message", times=99)
    scene.faults.drop("reaction_added", times=99)
    reply = await slack.says("Yes, on Monday", by="ada", channel=CLIENT, thread=first)
    await slack.says("And who makes the photos?", by="clara", channel=CLIENT)
    await slack.edits(first, "Could we start with the shop?", by="clara", channel=CLIENT)
    gone = await slack.says("Wrong channel", by="clara", channel=CLIENT)
    await slack.deletes(gone, by="clara", channel=CLIENT)
    await slack.reacts("tada", reply, by="clara", channel=CLIENT)
    scene.faults.clear()
    await slack.says("Grace could", by="ada", channel=CLIENT)
    await scene.calm()
    assert [one.text for one in await scene.kept()] == ["Could we start with the blog?", "Grace could"]
    assert [one.title for one in await _repair(scene)] == ["Northwind"]
    found = ["Could we start with the shop?", "Yes, on Monday", "And who makes the photos?", "Grace could"]
    assert [one.text for one in await scene.kept()] == found
    assert [one.text for one in await _rows(scene, Revision)] == ["Could we start with the blog?"]
    assert [(one.emoji, one.ts) for one in await _rows(scene, Reaction)] == [("tada", reply)]
    assert "3 messages were missing and are in the record now" in scene.seen(STAFF, "ada")
    gaps = await _gaps(scene)
    assert {one.channel_id for one in gaps} == {scene.channel("northwind"), scene.channel("northwind-internal")}
    assert all(one.since and one.since < one.until for one in gaps)
    assert "edits and deletions may be missing" in scene.seen(STAFF, "ada")
    await slack.command("/engagement history", by="ada", channel=STAFF)
    assert "edits and deletions may be missing" in scene.modal("ada")
    read = await _read(scene)
    await scene.press("Look for missing messages", "ada")
    assert "page by page" in scene.modal("ada")
    await scene.calm()
    assert len(await _gaps(scene)) == len(gaps) and await scene.deliveries("aside") == []
    assert await _read(scene) == read, "what is in the record is not delivered again"
    assert [one.text for one in await scene.kept()] == found
    assert "Nothing that was said is missing" in scene.seen(STAFF, "ada")


async def test_after_an_outage_the_record_is_repaired_by_itself(scene: Scene) -> None:
    app = scene.here.app
    async with app.db.transaction(await _house(scene)) as session:
        assert await backfill.beat(session, "serve", first=True) is None, "it is up"
    scene.faults.drop("message", times=99)
    said = await scene.slack.says("Is anybody there?", by="clara", channel=CLIENT)
    clock.move(1200)
    await scene.slack.says("Hello?", by="clara", channel=CLIENT, thread=said)
    scene.faults.clear()
    async with scene.database() as (session, actor):  # a look of the schedule's is under way
        await backfill.ask(session, actor, (await scene.engagement(session, actor)).id, "schedule")
    pulse = asyncio.create_task(reading.beating(app.works))
    try:
        await scene.slack.until(lambda: "was not reachable" in scene.seen(STAFF, "ada"))
    finally:
        pulse.cancel()
    await scene.calm()
    assert [one.text for one in await scene.kept()] == ["Is anybody there?", "Hello?"]
    assert "Ada to answer" in scene.pinned(), "the cards show it"
    assert sum(run.found for run in await _rows(scene, Backfill)) == 2, "whichever search was first"
    assert "outage" in {one.reason for one in await _gaps(scene)} and await scene.buried() == []
    assert len(scene.cards("was not reachable", STAFF)) == 1


async def _house(scene: Scene) -> Any:
    async with scene.database() as (_, actor):
        return actor.organization_id


async def test_the_schedule_compares_each_channel_daily_and_is_silent_where_nothing_is_missing(scene: Scene) -> None:
    await scene.slack.says("Could we start with the blog?", by="clara", channel=CLIENT)
    await scene.calm()
    clock.move(2 * 86_400)
    for _ in range(2):
        await CHORES["backfill.look"](scene.here.app.works)
        await scene.calm()
    assert await _rows(scene, Backfill) == [] and await _gaps(scene) == []
    assert await _read(scene) == [] and scene.cards("compared with Slack", STAFF) == []
    scene.faults.drop("message", times=1)
    await scene.slack.says("And the shop?", by="clara", channel=CLIENT)
    clock.move(2 * 86_400)
    await CHORES["backfill.look"](scene.here.app.works)
    await scene.calm()
    assert [one.text for one in await scene.kept()] == ["Could we start with the blog?", "And the shop?"]
    assert "1 message was missing" in scene.seen(STAFF, "ada") and len(await _gaps(scene)) == 2


async def test_killed_in_the_middle_and_limited_by_slack_it_goes_on(scene: Scene, monkeypatch: Any) -> None:
    monkeypatch.setattr(reading, "PAGE", 7)
    scene.faults.drop("message", times=99)
    said = [f"Sentence {number}" for number in range(40)]
    for one in said:
        await scene.slack.says(one, by="clara", channel=CLIENT)
    scene.faults.clear()
    scene.faults.rate_limit("conversations.history", times=2, retry_after=1)
    scene.faults.lose("conversations.history", after=True)
    take, died = backfill.take, iter((False, True, False, False, True))

    async def dying(session: Any, *args: Any, **more: Any) -> None:
        await take(session, *args, **more)
        if next(died, False):
            raise RuntimeError("killed before the commit")

    monkeypatch.setattr(reading.backfill, "take", dying)
    await _repair(scene)
    assert [one.text for one in await scene.kept()] == said
    [run] = await _rows(scene, Backfill)
    assert (run.state, run.found, run.trouble) == ("done", 40, "") and await scene.buried() == []
    assert len(set(await _read(scene))) == len(await _read(scene)) == 40
    assert next(died, "over") == "over"


async def test_an_app_that_slack_limits_reads_a_small_page_a_minute(scene: Scene) -> None:
    for number in range(20):  # in both, for either may be read first
        await scene.slack.says(f"Sentence {number}", by="clara", channel=CLIENT)
        await scene.slack.says(f"Sentence {number}", by="ada", channel=STAFF)
    await scene.calm()
    works = scene.here.app.works
    limited = replace(works, settings=works.settings.model_copy(update={"slack_history_limited": True}))
    async with scene.database() as (session, actor):
        run = await backfill.ask(session, actor, (await scene.engagement(session, actor)).id)
        assert run is not None
        await session.execute(delete(Job).where(Job.kind == "backfill.step"))
    job = Claimed(0, run.organization_id, "backfill.step", "history", "", {"backfill": str(run.id)}, 1, 0)
    await reading.step(limited, job)
    async with scene.database() as (session, _):
        parts = (await session.execute(select(Part).where(Part.cursor != ""))).scalars().all()
        wait = (await session.execute(select(Job.run_at).where(Job.kind == "backfill.step"))).scalar_one() - clock.now()
    assert len(parts) == 1 and 50 < wait.total_seconds() <= 60
    [looked] = [one.looked for one in await _rows(scene, Backfill)]
    assert looked <= reading.LIMITED_PAGE


async def test_what_slack_will_not_let_us_read_is_said(scene: Scene) -> None:
    scene.faults.error("conversations.history", "missing_scope", times=1)
    await _repair(scene)
    assert "did not let me read all of it (missing_scope)" in scene.seen(STAFF, "ada").replace("`", "")
    assert [one.trouble for one in await _gaps(scene)] == ["missing_scope"]


@pytest.mark.parametrize("count", [300, pytest.param(10_000, id="long", marks=pytest.mark.soak)])
async def test_a_linked_channel_brings_its_past_after_its_people_were_told(scene: Scene, count: int) -> None:
    scene.faults.drop("message", times=count)  # nobody would hear them anyway: the channel is not ours yet
    slack = scene.slack
    await slack.creates("ada", "globex")
    await slack.invites("ada", "throughline", "#globex")
    first = await slack.says("The very first word", by="ada", channel="#globex")
    await slack.says("A reply below it", by="ada", channel="#globex", thread=first)
    for number in range(count):
        await slack.says(f"Old words {number}", by="ada", channel="#globex")
    clock.move(30 * 86_400)
    scene.faults.clear()
    recent = await slack.says("Said yesterday", by="ada", channel="#globex")
    await scene.calm()
    assert await scene.kept() == []
    await slack.command("/engagement link Globex", by="ada", channel="#globex")
    values = {"Contact's name": "Gus Gray", "Contact's e-mail": "gus@globex.example"}
    await slack.submit(values, by="ada")
    await scene.here.settled(timeout=300)
    await scene.calm()
    kept = [one.text for one in await scene.kept()]
    assert len(kept) == count + 3 and kept[0] == "The very first word" and kept[-1] == "Said yesterday"
    staff = scene.seen("#globex-internal", "ada")
    assert "What was said in" in staff and "messages" in staff
    assert len(scene.cards("What was said in", "#globex-internal")) == 1, "one card, updated in place"
    states = {one.thread_ts: one.status for one in await scene.conversations()}
    assert states[recent] != "resolved" and states[first] == "resolved"
    async with scene.database() as (session, _):
        kinds = list((await session.execute(select(Event.kind))).scalars())
    assert kinds.count(Kind.ENGAGEMENT_HISTORY_IMPORTED) == 1 and Kind.CONVERSATION_DUE not in kinds
    assert [one.since for one in await _rows(scene, Gap)] == [None]
    assert await _rows(scene, Message) and await scene.deliveries("aside") == []


async def _shares(scene: Scene, name: str) -> None:
    """A channel that Ada shares with Globex, with the app in it."""
    await scene.slack.creates("ada", name)
    await scene.slack.invites("ada", "throughline", f"#{name}")
    await scene.slack.says(f"Old words of {name}", by="ada", channel=f"#{name}")
    app = scene.here.app
    tenant = await app.tenants.of(await _house(scene))
    channel = next(one["id"] for one in scene.slack.snapshot("ada")["channels"] if one["name"] == name)
    sent = await app.slack.invite_shared(tenant.token, channel, "gus@globex.example")
    await scene.slack.accepts(sent["invite_id"], by="gus")


async def test_several_shared_channels_are_linked_with_one_form(scene: Scene) -> None:
    slack = scene.slack
    await slack.creates("ada", "lunch")
    await slack.invites("ada", "throughline", "#lunch")
    for name in ("globex-shop", "globex-site"):
        await _shares(scene, name)
    await scene.calm()
    direct = await slack.opens_dm("ada", "throughline")
    assert "in a direct message" in (await slack.command("/engagement link several", by="ada", channel=STAFF)).text
    await scene.calm()
    assert "2 shared channels belong to no engagement yet" in scene.seen(direct, "ada")
    await scene.press("Choose channels", "ada", direct)
    assert "#globex-site" in scene.modal("ada") and "#lunch" not in scene.modal("ada")
    assert not (await slack.submit({"Shared channels": []}, by="ada")).ok or "Tick at least one" in scene.modal("ada")
    await slack.submit({"Shared channels": ["#globex-shop", "#globex-site"]}, by="ada")
    told = {"contact0": "Gus Gray", "email0": "gus@globex.example", "contact1": "Gus Gray", "email1": "no address"}
    wrong = await slack.submit({**told, "company0": "Globex", "company1": "Globex"}, by="ada")
    assert "email1" in str(wrong.errors), "the field that is wrong is named, and nothing is linked"
    await slack.submit({**told, "company0": "Globex", "company1": "Globex", "email1": "gus@globex.example"}, by="ada")
    assert "linked" in scene.modal("ada")
    await scene.calm()
    assert {one.text for one in await scene.kept()} == {"Old words of globex-shop", "Old words of globex-site"}
    for name in ("globex-shop", "globex-site"):
        welcome, old = (
            scene.seen(f"#{name}", "gus").find("also of what was said here before"),
            scene.seen(f"#{name}", "gus").find("Old words"),
        )
        assert welcome > old >= 0, "its people are told"
    await slack.command("/engagement link several", by="ada", channel=STAFF)
    await scene.calm()
    assert "I am in no shared channel that could be linked" in scene.seen(direct, "ada")
