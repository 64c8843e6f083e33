"""How a search goes: page after page enters the inbox as deliveries, what is missing only; then gaps are marked and the end is told."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from core import clock, conversations, events, people
from core.backfill.asking import go_on
from core.backfill.tables import STATE, Backfill, Checked, Gap, Part
from core.conversations import Conversation, Message, Reaction
from core.db import Session
from core.engagements import Engagement, locked
from core.events import Kind
from core.inbox import Delivery, Incoming

SETTLED_AFTER = timedelta(days=7)
"""What was last spoken of so long before a channel was linked is settled: nobody waits for an answer to it."""

BATCH = 100


@dataclass(frozen=True)
class Turn:
    """What to read next: a page of a channel, or of a thread in it."""

    part_id: uuid.UUID
    channel_id: str
    thread_ts: str
    oldest: str
    cursor: str
    until: datetime


@dataclass(frozen=True)
class Found:
    """A message, or with `reaction` somebody's reaction to it, as Slack remembers it, and the delivery that it would be.

    `edited_ts` is that of its latest edit, `gone` says that only a tombstone stands there.
    """

    ts: str
    incoming: Incoming
    edited_ts: str = ""
    gone: bool = False
    spoken: bool = True
    """Somebody's words; the channel's notices and our own cards are kept, too, but missed by nobody."""
    reaction: tuple[str, str] | None = None


async def _run(session: Session, backfill_id: uuid.UUID) -> Backfill | None:
    query = select(Backfill).where(Backfill.id == backfill_id, Backfill.state == "running")
    return (await session.execute(query.with_for_update(key_share=True))).scalar_one_or_none()


async def turn(session: Session, backfill_id: uuid.UUID) -> Turn | None:
    """What this search reads next, channels before threads; None when all is read."""
    query = (
        select(Part, Backfill.until)
        .join(Backfill, Backfill.id == Part.backfill_id)
        .where(Part.backfill_id == backfill_id, Part.done_at.is_(None), Backfill.state == "running")
        .order_by(Part.thread_ts != "", Part.thread_ts.desc(), Part.channel_id)
        .limit(1)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    part = row[0]
    return Turn(part.id, part.channel_id, part.thread_ts, part.oldest, part.cursor, row.until)


async def take(
    session: Session,
    backfill_id: uuid.UUID,
    turn: Turn,
    found: Sequence[Found],
    threads: Sequence[str],
    *,
    cursor: str,
    after: float = 0.0,
) -> None:
    """Keep a page: what the record lacks of it becomes deliveries; its threads, and the next page, are read later.

    All in one transaction, so that a worker that dies loses nothing; a page that was taken already changes nothing.
    """
    run = await _run(session, backfill_id)
    part = (await session.execute(select(Part).where(Part.id == turn.part_id).with_for_update())).scalar_one_or_none()
    if run is None or part is None or part.done_at is not None or part.cursor != turn.cursor:
        return
    engagement = (await session.execute(select(Engagement).where(Engagement.id == run.engagement_id))).scalar_one()
    fresh = [one for one in found if not conversations.forgotten(engagement, one.ts)]
    lacking = await _lacking(session, turn.channel_id, fresh)
    new = await _deliver(session, lacking)
    said = [one for one in fresh if one.reaction is None]
    missed = [one for one in lacking if one.reaction is None and one.spoken and one.incoming.external_id in new]
    missing = [conversations.moment(one.ts) for one in missed]
    run.looked += len(said)
    run.found += len(missing)
    read = [conversations.moment(one.ts) for one in said]
    run.back_to = min([*read, *([run.back_to] if run.back_to else [])], default=None)
    if run.since is not None and missing:
        run.since = min(run.since, *missing)
    for thread in threads:
        values = {
            "id": uuid.uuid4(),
            "organization_id": run.organization_id,
            "created_at": clock.now(),
            "backfill_id": run.id,
            "channel_id": part.channel_id,
            "thread_ts": thread,
            "oldest": part.oldest,
            "cursor": "",
            "trouble": "",
        }
        await session.execute(insert(Part).values(values).on_conflict_do_nothing())
    part.cursor = cursor
    if not cursor:
        part.done_at = clock.now()
    run.stepped_at = clock.now()
    await go_on(session, run, after=after)


async def _lacking(session: Session, channel: str, found: Sequence[Found]) -> list[Found]:
    """What of this is not in the record: messages unheard of, edits and deletions that we know nothing of, reactions."""
    refs = {f"{channel}:{one.ts}" for one in found}
    query = select(Message.ts, Message.edited_ts, Message.deleted_at)
    rows = await session.execute(query.where(Message.source == "slack", Message.source_ref.in_(refs)))
    known = {row.ts: row for row in rows}
    reacted = select(Reaction.ts, Reaction.author_ref, Reaction.emoji).where(
        Reaction.channel_id == channel, Reaction.ts.in_([one.ts for one in found if one.reaction])
    )
    reactions = {tuple(row) for row in await session.execute(reacted)}
    lacking = []
    for one in found:
        if one.reaction is not None:
            if (one.ts, *one.reaction) not in reactions:
                lacking.append(one)
            continue
        row = known.get(one.ts)
        if row is None or one.edited_ts > (row.edited_ts or "") or (one.gone and row.deleted_at is None):
            lacking.append(one)
    return lacking


async def _deliver(session: Session, found: Sequence[Found]) -> set[str]:
    """Put them into the inbox, oldest first; returns which were not there before."""
    if not found:
        return set()
    ordered = sorted(found, key=lambda one: (conversations.moment(one.ts), one.reaction is not None))
    rows = [one.incoming._asdict() for one in ordered]
    statement = insert(Delivery).values(rows).on_conflict_do_nothing(index_elements=["source", "team", "external_id"])
    return set((await session.execute(statement.returning(Delivery.external_id))).scalars())


async def pass_over(session: Session, backfill_id: uuid.UUID, turn: Turn, trouble: str, *, after: float = 0.0) -> None:
    """Slack will not let us read this: go on with the rest.

    A cursor that is too old begins its part anew, and a thread that is gone is no trouble.
    """
    run = await _run(session, backfill_id)
    part = (await session.execute(select(Part).where(Part.id == turn.part_id).with_for_update())).scalar_one_or_none()
    if run is None or part is None or part.done_at is not None:
        return
    run.stepped_at = clock.now()
    if trouble == "invalid_cursor" and part.cursor:
        part.cursor = ""
    else:
        part.done_at = clock.now()
        if trouble not in ("thread_not_found", "message_not_found"):
            part.trouble, run.trouble = trouble, trouble
    await go_on(session, run, after=after)


async def waiting(session: Session, backfill_id: uuid.UUID, team: str) -> bool:
    """Whether something that this search found is still to be applied."""
    channels = select(Part.channel_id).where(Part.backfill_id == backfill_id).distinct()
    lanes = [f"slack:{team}:{channel}" for channel in (await session.execute(channels)).scalars()]
    keys = [("slack", team, lane) for lane in lanes]
    new = select(Delivery.id).where(
        Delivery.state == "new", tuple_(Delivery.source, Delivery.team, Delivery.lane).in_(keys)
    )
    return (await session.execute(new.limit(1))).first() is not None


async def settle_old(session: Session, backfill_id: uuid.UUID) -> int:
    """Resolve, some at a time, the conversations of long ago that an import brought: nobody waits for an answer to them."""
    run = (await session.execute(select(Backfill).where(Backfill.id == backfill_id))).scalar_one_or_none()
    if run is None or run.reason != "link":
        return 0
    await locked(session, run.engagement_id)
    query = select(Conversation).where(
        Conversation.engagement_id == run.engagement_id,
        Conversation.status != "resolved",
        Conversation.deleted_at.is_(None),
        Conversation.last_message_at < run.until - SETTLED_AFTER,
        Conversation.thread_ts.is_not(None),
    )
    old = list((await session.execute(query.order_by(Conversation.opened_at).limit(BATCH))).scalars())
    for one in old:
        one.status = conversations.STATUS.move(one.status, "resolved")
        one.resolved_at, one.waiting_since = clock.now(), None
    await session.flush()
    for one in old:
        await events.record(
            session,
            people.system(run.organization_id),
            Kind.CONVERSATION_RESOLVED,
            "conversation",
            one.id,
            engagement_id=run.engagement_id,
            announce=False,
            imported=True,
        )
    return len(old)


async def finish(session: Session, backfill_id: uuid.UUID) -> Backfill | None:
    """End a search of which all is read and applied: mark the gaps, note until when its channels are checked, and tell staff.

    A look of the schedule's that found nothing missing leaves no trace but that note.
    """
    run = await _run(session, backfill_id)
    if run is None:
        return None
    left = select(func.count()).where(Part.backfill_id == run.id, Part.done_at.is_(None))
    if (await session.execute(left)).scalar_one():
        return None
    await locked(session, run.engagement_id)
    parts = list((await session.execute(select(Part).where(Part.backfill_id == run.id))).scalars())
    troubles = {part.channel_id: part.trouble for part in parts if part.trouble}
    channels = sorted({part.channel_id for part in parts})
    for channel in channels:
        if channel not in troubles:
            await _check(session, run, channel)
    lost = run.reason in ("outage", "link") or run.found > 0
    for channel in channels:
        if lost or channel in troubles:
            await _gap(session, run, channel, troubles.get(channel, ""))
    run.state, run.finished_at = STATE.move(run.state, "done"), clock.now()
    await session.flush()
    if not lost and not troubles and run.reason == "schedule":
        await session.execute(delete(Part).where(Part.backfill_id == run.id))
        await session.execute(delete(Backfill).where(Backfill.id == run.id))
        session.expunge(run)
        return run
    if lost or troubles:
        kind = Kind.ENGAGEMENT_HISTORY_IMPORTED if run.reason == "link" else Kind.ENGAGEMENT_RECORD_GAP
        await events.record(
            session,
            people.system(run.organization_id),
            kind,
            "backfill",
            run.id,
            engagement_id=run.engagement_id,
            reason=run.reason,
            found=run.found,
            since=_stamp(run.since) if run.since else "",
            until=_stamp(run.until),
        )
    return run


async def follow(session: Session, run: Backfill) -> None:
    """Have the waits watched of what was found; not after an import, for what waited before that is no broken promise."""
    open_ones = select(Conversation).where(
        Conversation.engagement_id == run.engagement_id,
        Conversation.status != "resolved",
        Conversation.deleted_at.is_(None),
    )
    if run.reason != "link":
        for one in (await session.execute(open_ones)).scalars():
            await conversations.follow(session, one)


async def _check(session: Session, run: Backfill, channel: str) -> None:
    now = clock.now()
    statement = insert(Checked).values(
        id=uuid.uuid4(), organization_id=run.organization_id, created_at=now, channel_id=channel, checked_at=run.until
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "channel_id"],
            set_={"checked_at": run.until},
            where=Checked.checked_at < run.until,
        )
    )


async def _gap(session: Session, run: Backfill, channel: str, trouble: str) -> None:
    statement = insert(Gap).values(
        id=uuid.uuid4(),
        organization_id=run.organization_id,
        created_at=clock.now(),
        engagement_id=run.engagement_id,
        backfill_id=run.id,
        channel_id=channel,
        since=run.since,
        until=run.until,
        reason=run.reason,
        trouble=trouble,
    )
    await session.execute(
        statement.on_conflict_do_nothing(index_elements=["organization_id", "backfill_id", "channel_id"])
    )


def _stamp(at: datetime) -> str:
    """A moment as a fact of an event; who reads of it sees it in their own zone."""
    return at.astimezone(UTC).isoformat(timespec="minutes")
