"""Which conversation a message belongs to: its thread's, or the one that the person began just now; in any order of arrival."""

import re
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import select, text, update

from core import clock, events, jobs, links, people
from core.conversations import nearby
from core.conversations.nearby import Standing
from core.conversations.tables import Conversation, Message
from core.conversations.turning import Turn, settle, topic_of
from core.conversations.word import Word, columns
from core.db import Session, new_id, new_number
from core.events import Happening, Kind
from core.posts import Post

WORDS_TO_US = frozenset({"help", "quote", "reopen", "status", "waiting"})
"""What clients may ask us by a mention; all else that they say, they say to the agency."""

COURTESY = re.compile(
    r"a|again|are|can|conversation|could|for|hello|hi|how|is|it|me|need|now|of|on|our|please|pls|show|thanks?|that|the"
    r"|there|things?|this|thread|to|topic|us|we|whats?|you"
)


@dataclass(slots=True)
class Joined:
    """A conversation that words came into, what it was before, and what it stands for from now on."""

    conversation: Standing
    words: list[Word]
    was: str
    made: bool
    others: list[Standing]
    anew: bool
    """What came does not just follow what was known, so that all has to be worked out again."""


async def join(session: Session, words: Sequence[Word], heard: Mapping[str, Word]) -> list[Joined]:
    """Put what people said into conversations: their thread's, the one that the person began just now, or a new one.

    A message that comes late may show that what stood as several is one: then they are put together. `heard` is all that came
    with these words. They are to be written next, and then `conclude` is to follow.
    """
    words = sorted((word for word in words if not _commands(word)), key=lambda word: (word.sent_at, word.ts))
    if not words:
        return []
    window = timedelta(seconds=(await people.organization(session, session.info["tenant"])).setting("grouping_seconds"))
    runs = _runs(words, window)
    threads, ties = {word.thread for word in words}, nearby.Ties()
    for run in runs:
        for word in run[1:]:
            ties.tie(run[0].thread, word.thread)
    roots = await nearby.roots(session, threads)
    for thread, root in roots.items():
        if root.conversation_id is not None:
            ties.tie(thread, root.conversation_id)
    ids = {root.conversation_id for root in roots.values() if root.conversation_id is not None}
    for number, conversation_id in await nearby.neighbours(session, runs, window):
        ties.tie(runs[number][0].thread, conversation_id)
        ids.add(conversation_id)
    found = await nearby.conversations(session, threads, ids)
    for one in found:
        if (one.channel_id, one.thread_ts) in threads:
            ties.tie((one.channel_id, one.thread_ts), one.id)
    lone = threads - {(word.channel, word.ts) for word in words}
    taken = {ties.of(one.id) for one in found}
    lone = {thread for thread in lone if ties.of(thread) not in taken}
    cards = await nearby.cards_at(session, lone)
    standing = await nearby.conversations(
        session, set(), {c.subject_id for c in cards.values() if c.subject == "conversation"}
    )
    for thread, card in cards.items():  # the card that stood first is gone; this one took its place
        if card.subject == "conversation":
            ties.tie(thread, card.subject_id)
    return await _joined(session, words, heard, ties, [*found, *standing], roots, cards)


async def _joined(
    session: Session,
    words: Sequence[Word],
    heard: Mapping[str, Word],
    ties: nearby.Ties,
    found: Sequence[Standing],
    roots: Mapping[nearby.Thread, nearby.Root],
    cards: Mapping[nearby.Thread, Post],
) -> list[Joined]:
    offers = await nearby.offers_of(session, cards.values())
    known, said = defaultdict[object, dict[uuid.UUID, Standing]](dict), defaultdict[object, list[Word]](list)
    for one in found:
        known[ties.of(one.id)][one.id] = one
    for word in words:
        said[ties.of(word.thread)].append(word)
    joined, made, changed = list[Joined](), list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    belonging: list[tuple[list[uuid.UUID], uuid.UUID]] = []
    for group, theirs in said.items():
        there = sorted(known[group].values(), key=lambda one: (one.opened_at, one.id))
        before = [root for word in theirs if (root := roots.get(word.thread)) and root.conversation_id is None]
        first = theirs[0]
        into = there[0] if there else _open(first)
        latest = into.last_message_at
        late = latest is not None and first.sent_at < latest
        joined.append(Joined(into, theirs, into.status, not there, there[1:], bool(there[1:] or before or late)))
        for word in theirs:
            word.conversation_id = into.id
        for above in {word.root: heard.get(f"{word.channel}:{word.root}") for word in theirs}.values():
            if above is not None and above.conversation_id is None and above.said is not None and above.side != "bot":
                above.conversation_id, joined[-1].anew = (
                    into.id,
                    True,
                )  # said to us, or a notice: what follows makes it part of it
        if not joined[-1].anew:
            turn = Turn(into.status, into.waiting_since, into.resolved_at)
            for word in theirs:
                turn = turn.heard(word.side, word.sent_at, word.first_text)
            into.status, into.waiting_since, into.resolved_at = turn.status, turn.since, turn.resolved_at
            into.last_message_at = theirs[-1].sent_at
            if there:
                changed.append((into.id, into.status, into.waiting_since, into.resolved_at, into.last_message_at))
        if not there:
            made.append(_row(into, first, cards.get(first.thread), offers))
        if before:
            belonging.append(([one.id for one in before], into.id))
    if made:
        await session.execute(OPEN, columns(session, made))
    if changed:
        await session.execute(CHANGE, columns(session, changed))
    for ids, conversation_id in belonging:
        belongs = update(Message).where(Message.id.in_(ids), Message.conversation_id.is_(None))
        await session.execute(belongs.values(conversation_id=conversation_id))
    for each in joined:
        for other in each.others:
            await _merge(session, other, each.conversation)
    return joined


def _open(first: Word) -> Standing:
    """A conversation that these words begin."""
    tenant, engagement_id = first.engagement.organization_id, first.engagement.id
    return Standing(new_id(), tenant, engagement_id, first.channel, first.root, "open", first.sent_at)


OPEN = text(
    "INSERT INTO conversations (id, organization_id, created_at, engagement_id, channel_id, thread_ts, status, opened_at,"
    " waiting_since, resolved_at, last_message_at, number, topic, opened_by_id, subject, subject_id, link, by_mail)"
    " SELECT id, :tenant, :now, engagement_id, channel_id, thread_ts, status, opened_at, waiting_since, resolved_at,"
    " last_message_at, number, topic, opened_by_id, subject, subject_id, '', false FROM unnest(CAST(:c0 AS uuid[]),"
    " CAST(:c1 AS uuid[]), CAST(:c2 AS text[]), CAST(:c3 AS text[]), CAST(:c4 AS text[]), CAST(:c5 AS timestamptz[]),"
    " CAST(:c6 AS timestamptz[]), CAST(:c7 AS timestamptz[]), CAST(:c8 AS timestamptz[]), CAST(:c9 AS text[]),"
    " CAST(:c10 AS text[]), CAST(:c11 AS uuid[]), CAST(:c12 AS text[]), CAST(:c13 AS uuid[]))"
    " AS t(id, engagement_id, channel_id, thread_ts, status, opened_at, waiting_since, resolved_at, last_message_at,"
    " number, topic, opened_by_id, subject, subject_id)"
)
CHANGE = text(
    "UPDATE conversations c SET status = t.status, waiting_since = t.waiting_since, resolved_at = t.resolved_at,"
    " last_message_at = t.last_message_at FROM unnest(CAST(:c0 AS uuid[]), CAST(:c1 AS text[]),"
    " CAST(:c2 AS timestamptz[]), CAST(:c3 AS timestamptz[]), CAST(:c4 AS timestamptz[]))"
    " AS t(id, status, waiting_since, resolved_at, last_message_at) WHERE c.id = t.id"
)


def _row(begun: Standing, first: Word, card: Post | None, offers: Mapping[uuid.UUID, uuid.UUID]) -> tuple[Any, ...]:
    """What is written of a conversation that was begun; under a card it is tied to what the card is about."""
    tied = card if card is not None and card.subject in ("proposal", "project", "invoice") else None
    return (
        begun.id,
        begun.engagement_id,
        begun.channel_id,
        begun.thread_ts,
        begun.status,
        begun.opened_at,
        begun.waiting_since,
        begun.resolved_at,
        begun.last_message_at,
        new_number(),
        topic_of(first.first_text),
        first.author_id,
        tied.subject if tied else "",
        offers.get(tied.subject_id, tied.subject_id) if tied else None,
    )


async def _merge(session: Session, other: Standing, into: Standing) -> None:
    """Move all that was said in one conversation to another, which stands for both from now on."""
    await session.execute(update(Message).where(Message.conversation_id == other.id).values(conversation_id=into.id))
    into.owner_id, into.by_mail = into.owner_id or other.owner_id, into.by_mail or other.by_mail
    if other.by_mail:
        await links.lead_elsewhere(session, other.id, into.id)
    gone = update(Conversation).where(Conversation.id == other.id)
    await session.execute(gone.values(deleted_at=clock.now(), thread_ts=None))
    whole = update(Conversation).where(Conversation.id == into.id)
    await session.execute(whole.values(owner_id=into.owner_id, by_mail=into.by_mail))


async def conclude(session: Session, joined: Sequence[Joined], late: Set[uuid.UUID]) -> None:
    """Once the words are written: work out anew what has to be, and record what was opened, reopened and put together.

    `late` are the conversations of messages whose first words came late: topics may be made of them.
    """
    settled: dict[uuid.UUID, str] = {}
    held = {one.id for one in session.identity_map.values() if isinstance(one, Conversation)}
    anew = {one.conversation.id for one in joined if one.anew} | late
    if anew or held:  # read again, because what was written above went past those that the session holds
        query = select(Conversation).where(Conversation.id.in_(anew | held)).order_by(Conversation.id)
        for found in (await session.execute(query.execution_options(populate_existing=True))).scalars().all():
            if found.id in anew and found.deleted_at is None:
                await settle(session, found)
                settled[found.id] = found.status
    happened: list[Happening] = []
    wanted: dict[tuple[str, uuid.UUID], jobs.Wanted] = {}
    for one in joined:
        first, conversation = one.words[0], one.conversation
        status = settled.get(conversation.id, conversation.status)
        tenant, engagement_id = conversation.organization_id, conversation.engagement_id
        side: Literal["staff", "client"] = "staff" if first.side == "staff" else "client"
        author = people.Actor(tenant, side, user_id=first.author_id, name=first.author_name)

        def happens(kind: Kind, about: uuid.UUID, by: people.Actor = author, **facts: str | bool) -> None:
            happened.append(Happening(by, kind, "conversation", about, conversation.engagement_id, facts))  # noqa: B023

        if one.made:
            happens(Kind.CONVERSATION_OPENED, conversation.id, said=True)
        elif one.was == "resolved" and status != "resolved":
            happens(Kind.CONVERSATION_REOPENED, conversation.id)
        elif one.was != status:
            wanted["status", engagement_id] = jobs.Wanted(
                "engagement.redraw",
                f"redraw:{engagement_id}",
                {"engagement": str(engagement_id), "status": True},
                tenant,
                dedupe=f"status:{engagement_id}",
            )
        for other in one.others:
            happens(Kind.CONVERSATION_MERGED, other.id, into=str(conversation.id))
        for changed in one.others:  # of those that words came into, `mirror.heard` thinks
            wanted["follow", changed.id] = jobs.Wanted(
                "conversation.follow",
                f"conversation:{changed.id}",
                {"conversation": str(changed.id)},
                tenant,
                dedupe=str(changed.id),
            )
    # After a backfill the cards are drawn once, and nobody is warned of waits long past.
    if not session.info.get("quiet"):
        await jobs.enqueue_all(session, [wanted[key] for key in sorted(wanted)])
    await events.record_all(session, happened)


def _runs(words: Sequence[Word], window: timedelta) -> list[list[Word]]:
    """What each person said outside of threads, in one go: never more than the window between two of them."""
    runs: list[list[Word]] = []
    latest: dict[tuple[str, str], list[Word]] = {}
    for word in words:
        if word.root != word.ts or word.said is None:
            continue
        who = (word.channel, word.said.author_ref)
        run = latest.get(who)
        if run is None or word.sent_at - run[-1].sent_at > window:
            run = latest[who] = []
            runs.append(run)
        run.append(word)
    return runs


def _commands(word: Word) -> bool:
    """Whether it was said to us and to nobody else: staff call us to command, clients with a few words or none."""
    called = word.said.called if word.said else None
    if called is None or (word.kind == "file_share" and not called):
        return False
    return word.side == "staff" or asked_of_us(called) in WORDS_TO_US


def asked_of_us(called: str) -> str:
    """What a client's words to us come down to without courtesies: “what is waiting on me?” is waiting, nothing at all is status;
    "" where they are a message to the agency."""
    plain = called.lower().replace("’s", "s").replace("'s", "s")
    left = [word for word in re.findall(r"\w+", plain) if not COURTESY.fullmatch(word)]
    if not called.strip():
        return "status"
    return left[0] if len(left) == 1 else ""
