"""Slack's message events as the record takes them: whose they are, what they change, and what is left alone."""

import json
import uuid
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.gateways.slack import own_post
from bot.worker import messages
from bot.worker.messages import said
from core.conversations import Attachment, Message, Reaction, Revision
from core.db import Session
from core.engagements import Engagement
from core.inbox import Delivery
from core.jobs import Job
from core.posts import Post
from tests.builders import TEAM, House

Json = dict[str, Any]
CHANNEL, APP = "C0STUDIOADACLIENT", "A0THROUGHLINE"
TS = "1800000000.000100"


def delivery(event: Json, **more: Any) -> Delivery:
    body = {
        "api_app_id": APP,
        "team_id": TEAM,
        "authorizations": [{"team_id": TEAM, "user_id": "U0BOT", "is_bot": True}],
        "event": event,
    }
    raw = json.dumps({**body, **more}).encode()
    return Delivery(source="slack", team=TEAM, external_id="Ev1", lane="l", kind=event["type"], headers="{}", body=raw)


def heard(text: str, **more: Any) -> Json:
    return {"type": "message", "channel": CHANNEL, "user": "U0CLARA", "ts": TS, "text": text, "event_ts": TS, **more}


async def apply(session: Session, *events: Json) -> None:
    for event in events:
        await messages.APPLIERS["slack", event["type"]](session, delivery(event))


async def kept(session: Session) -> list[Message]:
    return list((await session.execute(select(Message).order_by(Message.sent_at))).scalars())


@pytest.fixture(autouse=True)
async def known(session: Session, ada_house: House) -> None:
    await session.execute(update(Engagement).where(Engagement.id == ada_house.engagement.id).values(channel_id=CHANNEL))


def test_our_own_posts_are_known_by_our_app_and_never_by_their_metadata_alone() -> None:
    post_id = uuid.uuid4()
    ours = {"ts": TS, "bot_id": "B1", "app_id": APP, "metadata": own_post(str(post_id))}
    forged = {**ours, "app_id": "A0OTHER", "bot_id": "B2"}
    person = {"ts": TS, "user": "U0CLARA", "metadata": own_post(str(post_id))}
    odd = {**ours, "metadata": own_post("not an id")}
    read = [said(one, CHANNEL, APP) for one in (ours, forged, person, odd)]
    assert [(one.own, one.post_id) for one in read if one] == [
        (True, post_id),
        (False, None),
        (False, None),
        (True, None),
    ]


@pytest.mark.parametrize("ts", [None, "", 5])
def test_a_message_without_a_ts_is_none(ts: object) -> None:
    assert said({"ts": ts, "text": "Hello"}, CHANNEL, APP) is None


async def test_what_is_said_twice_is_kept_once_with_its_files(session: Session) -> None:
    event = heard(
        "A sketch", subtype="file_share", files=[{"id": "F1", "name": "logo.svg", "size": 5}, {"no": "id"}, "nonsense"]
    )
    await apply(session, event, event)
    [message] = await kept(session)
    assert (message.kind, message.text, message.side) == ("file_share", "A sketch", "client")
    files = (await session.execute(select(Attachment))).scalars().all()
    assert [(one.file_ref, one.name, one.size) for one in files] == [("F1", "logo.svg", 5)]


async def test_an_unfurl_is_no_edit(session: Session) -> None:
    await apply(session, heard("See https://x.example"))
    changed = heard(
        "", subtype="message_changed", message={**heard("See https://x.example"), "attachments": [{"title": "X"}]}
    )
    await apply(session, changed)
    [message] = await kept(session)
    assert message.edited_at is None
    assert (await session.execute(select(func.count(Revision.id)))).scalar_one() == 0


async def test_an_edit_keeps_what_stood_before(session: Session) -> None:
    before, after = heard("Tuesday"), {**heard("Wednesday"), "edited": {"user": "U0CLARA", "ts": "1800000050.000000"}}
    edit = heard("", subtype="message_changed", message=after, previous_message=before, ts="1800000050.000000")
    await apply(session, edit, before, edit)
    [message] = await kept(session)
    assert message.text == "Wednesday" and message.edited_ts == "1800000050.000000"
    assert (await session.execute(select(Revision.text))).scalars().all() == ["Tuesday"]


async def test_a_deletion_and_a_tombstone_hide_and_keep(session: Session) -> None:
    other = heard("Something else", ts="1800000900.000000")
    await apply(session, heard("A secret"), other)
    gone = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": CHANNEL,
        "deleted_ts": TS,
        "event_ts": "1800001000.0",
    }
    tombstone = heard(
        "",
        subtype="message_changed",
        ts="1800001001.0",
        event_ts="1800001001.0",
        message={"ts": other["ts"], "subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted."},
        previous_message=other,
    )
    await apply(session, {**gone, "previous_message": heard("A secret")}, tombstone, gone)
    assert [(one.text, one.deleted_at is not None) for one in await kept(session)] == [
        ("A secret", True),
        ("Something else", True),
    ]


async def test_a_subtype_that_we_do_not_know_is_kept_whole(session: Session) -> None:
    await apply(session, heard("What is this?", subtype="a_subtype_of_tomorrow", more={"deep": [1]}))
    [message] = await kept(session)
    assert message.raw is not None and message.raw["more"] == {"deep": [1]} and message.conversation_id is None


@pytest.mark.parametrize(
    ("kind", "spoken"),
    [
        ("me_message", True),
        ("thread_broadcast", True),
        ("huddle_thread", False),
        ("channel_join", False),
        ("channel_topic", False),
    ],
)
async def test_every_kind_is_kept_and_only_what_somebody_says_is_part_of_a_conversation(
    session: Session, kind: str, spoken: bool
) -> None:
    await apply(session, heard("waves", subtype=kind))
    [message] = await kept(session)
    assert (message.kind, message.text, message.raw, message.conversation_id is not None) == (
        kind,
        "waves",
        None,
        spoken,
    )


async def test_bookkeeping_and_channels_that_are_not_ours_leave_nothing(session: Session) -> None:
    await apply(session, heard("", subtype="message_replied"), heard("Lunch?", channel="C0ELSEWHERE"))
    reaction = {"type": "reaction_added", "user": "U0CLARA", "reaction": "eyes", "event_ts": TS}
    await apply(session, {**reaction, "item": {"type": "file", "file": "F1"}})
    await apply(session, {**reaction, "item": {"type": "message", "channel": "C0ELSEWHERE", "ts": TS}})
    assert await kept(session) == []
    assert (await session.execute(select(func.count(Reaction.id)))).scalar_one() == 0


async def test_an_edit_by_another_app_that_copies_our_mark_leaves_its_revisions(
    session: Session, ada_house: House
) -> None:
    mark = {"bot_id": "B0THEIRS", "app_id": "A0THEIRS", "user": "U0THEIRS", "metadata": own_post(str(uuid.uuid4()))}
    before, after = heard("Pay here", **mark), heard("Pay there", **mark, edited={"ts": "1800000050.000000"})
    await apply(session, before, heard("", subtype="message_changed", message=after, previous_message=before))
    [message] = await kept(session)
    assert (message.text, message.side, message.conversation_id) == ("Pay there", "bot", None)
    assert (await session.execute(select(Revision.text))).scalars().all() == ["Pay here"]


@pytest.mark.parametrize(("app", "state"), [(APP, "sent"), ("A0THEIRS", "unknown")])
async def test_only_our_own_echo_settles_a_post(session: Session, ada_house: House, app: str, state: str) -> None:
    post = Post(
        organization_id=ada_house.id,
        subject="test",
        subject_id=uuid.uuid4(),
        place=CHANNEL,
        purpose="test.card",
        state="unknown",
    )
    session.add(post)
    await session.flush()
    await apply(session, heard("A card", bot_id="B1", app_id=app, metadata=own_post(str(post.id))))
    assert (post.state, post.reference) == (state, TS if state == "sent" else None)


async def test_a_mention_is_handed_on_once_and_a_strangers_account_is_met_once(session: Session) -> None:
    mention = {**heard("<@U0BOT> status"), "type": "app_mention"}
    await apply(
        session, mention, mention, heard("Hi", user="U0NEW"), heard("Hi again", user="U0NEW", ts="1800000001.0")
    )
    await apply(
        session, {**mention, "bot_id": "B9", "ts": "1800000002.0"}, {**mention, "user": "", "ts": "1800000003.0"}
    )
    waiting = (
        await session.execute(select(Job.kind, Job.lane).where(Job.kind.in_(("mention.hear", "person.meet"))))
    ).all()
    assert sorted(tuple(one) for one in waiting) == [
        ("mention.hear", f"mention:{CHANNEL}"),
        ("person.meet", "person:U0NEW"),
    ]


async def test_only_the_home_tab_is_drawn(session: Session) -> None:
    opened = {"type": "app_home_opened", "user": "U0ADA", "channel": "D1"}
    await apply(session, {**opened, "tab": "messages"})
    assert (await session.execute(select(func.count(Job.id)).where(Job.kind == "home.publish"))).scalar_one() == 0
    await apply(session, {**opened, "tab": "home"}, {**opened, "tab": "home"})
    assert (await session.execute(select(func.count(Job.id)).where(Job.kind == "home.publish"))).scalar_one() == 1
