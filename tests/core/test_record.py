"""The record equals a simple model of what was heard, in whatever order, however often and under whatever event id it comes."""

import asyncio
import itertools
import json
import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, ClassVar

import asyncpg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from bot.gateways.slack import own_post
from bot.worker.tables import APPLIERS, tenant_of
from core import clock, inbox
from core.conversations import Attachment, Conversation, Message, Reaction, Revision
from core.conversations.turning import settle
from core.db import Database
from core.engagements import Engagement
from core.inbox import Incoming, Keeper
from tests.builders import TEAM, House, house
from tests.conftest import named

Json = dict[str, Any]
APP, WINDOW = "A0THROUGHLINE", 120
PEOPLE = ("U0CLARA", "U0DANA", "U0ADA", "U0NOBODY")
TEXTS = st.sampled_from(
    ["Hello?", "Could it be Friday?", "Thanks!", ":tada:", "ok", "", "It is <https://x.example|here>", "Nul \0 in it"]
)
FILE = {
    "name": "logo.svg",
    "mimetype": "image/svg+xml",
    "size": 3_000_000_000,
    "url": "https://files.slack.com/logo.svg",
}


class Heard:
    """The simple model: for each message, all that any event told of it."""

    def __init__(self) -> None:
        self.author = ""
        self.thread: str | None = None
        self.texts: dict[str, str] = {}
        self.files: dict[str, Json] = {}
        self.deleted: str | None = None
        self.own = False
        self.reactions: dict[tuple[str, str], tuple[str, bool]] = {}

    def hear(self, message: Json, at: str) -> None:
        """A message object of Slack's."""
        self.author = message.get("user") or message.get("bot_id") or ""
        self.own = message.get("app_id") == APP
        if message.get("thread_ts") not in (None, message["ts"]):
            self.thread = message["thread_ts"]
        edited = at if self.own else message.get("edited", {}).get("ts", "")
        self.texts[edited] = message["text"].replace("\0", "\ufffd")
        for file in message.get("files", ()):
            known = self.files.setdefault(file["id"], {name: None if name == "size" else "" for name in FILE})
            known.update(
                {
                    name: file[slack]
                    for name, slack in (
                        ("name", "name"),
                        ("mimetype", "mimetype"),
                        ("size", "size"),
                        ("url", "url_private"),
                    )
                    if slack in file
                }
            )

    def shown(self) -> Json:
        """As the record is to have it."""
        *earlier, newest = sorted(self.texts) or [""]
        return {
            "author": self.author,
            "thread": self.thread,
            "text": self.texts.get(newest, ""),
            "revisions": {} if self.own else {edited: self.texts[edited] for edited in earlier},
            "deleted": float(self.deleted) if self.deleted else None,
            "files": self.files,
            "reactions": {key: present for key, (_, present) in self.reactions.items()},
        }


class Talk(RuleBasedStateMachine):
    """Two channels of an engagement, in which things are said and done; what Slack tells of it arrives sooner, later, or never."""

    database: ClassVar[Database]
    runner: ClassVar[asyncio.Runner]
    house: ClassVar[House]
    numbers: ClassVar[Iterator[int]] = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        run = next(self.numbers)
        self.channels = (f"C{run}CLIENT", f"C{run}STAFF")
        self.ticks = itertools.count(1)
        self.messages: list[Json] = []
        self.waiting: list[Json] = []
        self.kept: dict[str, dict[str, Heard]] = {channel: defaultdict(Heard) for channel in self.channels}
        self.runner.run(self._move_in())

    async def _move_in(self) -> None:
        async with self.database.transaction(self.house.id) as session:
            here = dict(zip(("channel_id", "staff_channel_id"), self.channels, strict=True))
            await session.execute(sa.update(Engagement).where(Engagement.id == self.house.engagement.id).values(**here))

    def _ts(self) -> str:
        tick = next(self.ticks)
        return f"{1_800_000_000 + tick * 50}.{tick:06d}"

    def _tell(self, channel: str, **event: Any) -> None:
        self.waiting.append({"type": "message", "channel": channel, "event_ts": self._ts(), **event})

    def _one(self, number: int) -> Json:
        return self.messages[number % len(self.messages)]

    @rule(
        place=st.integers(0, 3),
        who=st.sampled_from(PEOPLE),
        text=TEXTS,
        under=st.none() | st.integers(0, 9),
        kind=st.sampled_from(
            [None, None, None, "file_share", "thread_broadcast", "me_message", "channel_topic", "of_tomorrow"]
        ),
        stub=st.booleans(),
    )
    def says(self, place: int, who: str, text: str, under: int | None, kind: str | None, stub: bool) -> None:
        """Somebody says something, in a thread or not."""
        channel = self.channels[place == 3]
        message: Json = {"user": who, "ts": self._ts(), "text": text, "channel": channel}
        roots = [one["ts"] for one in self.messages if one["channel"] == channel and "thread_ts" not in one]
        if under is not None and roots:
            message["thread_ts"] = roots[under % len(roots)]
        if kind:
            message["subtype"] = kind
        if kind == "file_share":
            told = {
                "name": FILE["name"],
                "mimetype": FILE["mimetype"],
                "size": FILE["size"],
                "url_private": FILE["url"],
            }
            message["files"] = [{"id": f"F{message['ts']}", **({} if stub else told)}]
        self.messages.append(message)
        self._tell(event_ts=message["ts"], **message)

    @rule(first=TEXTS, then=TEXTS)
    def shows_a_card(self, first: str, then: str) -> None:
        """We post a card, and change it."""
        card = {
            "bot_id": "B0BOT",
            "app_id": APP,
            "ts": self._ts(),
            "text": first,
            "metadata": own_post(str(uuid.uuid4())),
        }
        channel = self.channels[0]
        self._tell(channel, **{**card, "event_ts": card["ts"]})
        self._tell(channel, subtype="message_changed", message={**card, "text": then}, previous_message=card)

    @precondition(lambda self: self.messages)
    @rule(number=st.integers(0, 9), text=TEXTS)
    def edits(self, number: int, text: str) -> None:
        """Somebody edits a message."""
        message = self._one(number)
        before = {**message}
        message["text"], message["edited"] = text, {"user": message["user"], "ts": self._ts()}
        self._tell(message["channel"], subtype="message_changed", message={**message}, previous_message=before)

    @precondition(lambda self: self.messages)
    @rule(number=st.integers(0, 9))
    def unfurls(self, number: int) -> None:
        """Slack adds a preview, or counts a reply: nobody edits."""
        before = {**self._one(number)}  # as it is now: it may be edited before this arrives
        message = {**before, "attachments": [{"title": "X"}], "reply_count": 2}
        self._tell(message["channel"], subtype="message_changed", message=message, previous_message=before)

    @precondition(lambda self: self.messages)
    @rule(number=st.integers(0, 9), how=st.sampled_from(["told", "untold", "tombstone"]))
    def deletes(self, number: int, how: str) -> None:
        """Somebody deletes a message."""
        message = self._one(number)
        before = {} if how == "untold" else {"previous_message": {**message}}
        if how == "tombstone":
            stone = {
                "ts": message["ts"],
                "subtype": "tombstone",
                "user": "USLACKBOT",
                "text": "This message was deleted.",
            }
            self._tell(message["channel"], subtype="message_changed", message=stone, **before)
        else:
            self._tell(message["channel"], subtype="message_deleted", deleted_ts=message["ts"], **before)

    @precondition(lambda self: self.messages)
    @rule(
        number=st.integers(0, 9), who=st.sampled_from(PEOPLE), emoji=st.sampled_from(["eyes", "tada"]), on=st.booleans()
    )
    def reacts(self, number: int, who: str, emoji: str, on: bool) -> None:
        """Somebody sets a reaction, or takes it away."""
        item = {"type": "message", "channel": self._one(number)["channel"], "ts": self._one(number)["ts"]}
        kind = "reaction_added" if on else "reaction_removed"
        self.waiting.append({"type": kind, "user": who, "reaction": emoji, "item": item, "event_ts": self._ts()})

    @precondition(lambda self: len(self.waiting) > 3)
    @rule(order=st.randoms(use_true_random=False), part=st.floats(0, 1), lose=st.booleans(), alone=st.booleans())
    def arrives(self, order: Any, part: float, lose: bool, alone: bool) -> None:
        """Some of it arrives, in any order, some of it twice, some under another event id; some of it may be lost for good."""
        order.shuffle(self.waiting)
        cut = 1 + int(part * len(self.waiting))
        now, self.waiting = self.waiting[:cut], self.waiting[cut:]
        if lose:
            now = now[: 1 + len(now) * 3 // 4]
        self._deliver(now + [one for one in now if order.random() < 0.2], limit=1 if alone else 200)

    def _deliver(self, events: list[Json], limit: int = 200) -> None:
        for event in events:
            self._know(event)
        self.runner.run(self._keep(events, limit))
        self.runner.run(self._check())

    def _know(self, event: Json) -> None:
        if event["type"] != "message":
            item, key = event["item"], (event["user"], event["reaction"])
            reactions = self.kept[item["channel"]][item["ts"]].reactions
            reactions[key] = max(
                reactions.get(key, ("", False)), (event["event_ts"], event["type"] == "reaction_added")
            )
            return
        known, subtype = self.kept[event["channel"]], event.get("subtype")
        previous, message = event.get("previous_message"), event.get("message", {})
        if subtype == "message_deleted" or message.get("subtype") == "tombstone":
            one = known[event.get("deleted_ts") or message["ts"]]
            one.deleted = min(one.deleted or event["event_ts"], event["event_ts"])
        elif subtype == "message_changed":
            known[message["ts"]].hear(message, event["event_ts"])
        else:
            known[event["ts"]].hear(event, "")
        if previous and not previous.get("app_id"):
            known[previous["ts"]].hear(previous, "")

    async def _keep(self, events: list[Json], limit: int) -> None:
        keeper = Keeper(self.database)
        for event in events:
            channel = event.get("channel") or event["item"]["channel"]
            body = json.dumps({"api_app_id": APP, "team_id": TEAM, "event": event}).encode()
            lane, again = f"slack:{TEAM}:{channel}", uuid.uuid4().hex
            await keeper.keep(Incoming("slack", TEAM, f"Ev{again}", lane, event["type"], "{}", body, clock.now()))
        await keeper.close()
        while await inbox.apply_some(self.database, APPLIERS, tenant_of, limit=limit):
            continue

    async def _check(self) -> None:
        async with self.database.transaction(self.house.id) as session:
            async with self.database.platform() as platform:
                failed = [one.error for one in await inbox.set_aside(platform)]
            assert not failed, failed
            for channel in self.channels:
                assert await self._recorded(session, channel) == {
                    ts: heard.shown() for ts, heard in self.kept[channel].items() if heard.texts or heard.deleted
                }
            await self._conversations(session)

    async def _recorded(self, session: Any, channel: str) -> dict[str, Json]:
        messages = (await session.execute(sa.select(Message).where(Message.channel_id == channel))).scalars().all()
        ids = [message.id for message in messages]
        revisions: dict[uuid.UUID, dict[str, str]] = defaultdict(dict)
        for row in (await session.execute(sa.select(Revision).where(Revision.message_id.in_(ids)))).scalars():
            revisions[row.message_id][row.edited_ts] = row.text
        files: dict[uuid.UUID, dict[str, Json]] = defaultdict(dict)
        for row in (await session.execute(sa.select(Attachment).where(Attachment.message_id.in_(ids)))).scalars():
            files[row.message_id][row.file_ref] = {name: getattr(row, name) for name in FILE}
        reactions: dict[str, dict[tuple[str, str], bool]] = defaultdict(dict)
        for row in (await session.execute(sa.select(Reaction).where(Reaction.channel_id == channel))).scalars():
            reactions[row.ts][row.author_ref, row.emoji] = row.present
        return {
            message.ts: {
                "author": message.author_ref,
                "thread": message.thread_ts,
                "text": message.text,
                "revisions": revisions[message.id],
                "deleted": message.deleted_at.timestamp() if message.deleted_at else None,
                "files": files[message.id],
                "reactions": reactions[message.ts],
            }
            for message in messages
        }

    async def _conversations(self, session: Any) -> None:
        """Those speak in one conversation who speak in one thread, or went on within two minutes; and what it is now follows from it."""
        query = sa.select(Message).where(Message.channel_id == self.channels[0]).order_by(Message.ts)
        spoken = [
            one
            for one in (await session.execute(query)).scalars()
            if one.kind not in ("channel_topic", "of_tomorrow") and one.side != "bot" and one.author_ref
        ]
        groups = {one.ts: {one.ts} for one in spoken}
        for one, other in itertools.combinations(spoken, 2):
            near = (other.sent_at - one.sent_at).total_seconds() <= WINDOW
            row = one.author_ref == other.author_ref and one.thread_ts is None and other.thread_ts is None and near
            if row or (one.thread_ts or one.ts) == (other.thread_ts or other.ts):
                groups[one.ts] |= groups[other.ts]
                for ts in groups[one.ts]:
                    groups[ts] = groups[one.ts]
        found: dict[Any, set[str]] = defaultdict(set)
        for one in spoken:
            found[one.conversation_id].add(one.ts)
        assert None not in found
        assert {frozenset(group) for group in found.values()} == {frozenset(group) for group in groups.values()}
        for row in (await session.execute(sa.select(Conversation).where(Conversation.id.in_(found)))).scalars():

            def now(row: Conversation = row) -> tuple[Any, ...]:
                return (
                    row.topic,
                    row.status,
                    row.waiting_since,
                    row.opened_at,
                    row.last_message_at,
                    row.opened_by_id,
                    row.thread_ts,
                )

            stands = now()
            await settle(session, row)
            assert now() == stands

    def teardown(self) -> None:
        """The rest arrives; then all that was kept is applied once more, which changes nothing."""
        self._deliver(self.waiting)
        self.runner.run(self._replay())
        self.runner.run(self._check())

    async def _replay(self) -> None:
        async with self.database.platform() as session:
            for channel in self.channels:
                await inbox.replay(session, lane=f"slack:{TEAM}:{channel}")
        while await inbox.apply_some(self.database, APPLIERS, tenant_of):
            continue


def _play(server: str, examples: int, steps: int) -> None:
    async def prepare() -> None:
        connection = await asyncpg.connect(server)
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template STRATEGY wal_log")
        await connection.close()
        Talk.database = Database(named(server, name), pool_size=5, statement_timeout=20_000, lock_timeout=10_000)
        Talk.house = await house(Talk.database)

    name = f"t_{uuid.uuid4().hex[:12]}"
    with asyncio.Runner() as runner:
        runner.run(prepare())
        Talk.runner = runner
        try:
            run_state_machine_as_test(
                Talk,
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=steps,
                    deadline=None,
                    database=None,
                    print_blob=False,
                    suppress_health_check=list(HealthCheck),
                    derandomize=examples < 100,
                ),
            )
        finally:
            runner.run(Talk.database.close())


def test_the_record_equals_a_simple_model(server: str) -> None:
    _play(server, 8, 25)


@pytest.mark.soak
def test_the_record_equals_a_simple_model_for_long(server: str) -> None:
    _play(server, 400, 60)
