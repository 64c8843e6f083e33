"""Keeping what was heard: many facts about many messages in one pass, with the same result in whatever order they come."""

import uuid
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import select, text

from core import jobs, people, posts
from core.conversations import carrying, joining, mirror, nearby
from core.conversations.handling import whole
from core.conversations.mirror import CONTROL
from core.conversations.said import SPOKEN, Fact, honoured, moment
from core.conversations.tables import Message
from core.conversations.targets import follow_all
from core.conversations.turning import retell
from core.conversations.word import Word, columns, is_hollow
from core.db import Session
from core.people import Identity, User


async def keep(session: Session, facts: Sequence[Fact]) -> None:
    """Keep facts of one organization: new messages with their conversations, edits with revisions, deletions, files."""
    erasures = await people.erasures(session)
    words: dict[str, Word] = {}
    for fact in facts:
        for said in (fact.before, fact.said):
            if said is not None:
                word = words.get(said.ref)
                if word is None:
                    word = words[said.ref] = Word(fact.engagement, fact.place, said.channel, said.ts)
                word.hear(honoured(erasures, said))
        if fact.deleted_at is not None:
            word = words[fact.said.ref]
            word.deleted_at = min(word.deleted_at or fact.deleted_at, fact.deleted_at)
    if not words:
        return
    # The engagements first, as in every verb: else one that holds it and waits for the chain's head could meet us here.
    await session.execute(LOCK, {"ids": sorted({word.engagement.id for word in words.values()})})
    for row in (await session.execute(KNOWN, {"refs": list(words)})).scalars():
        word = words[row.source_ref]
        word.row, word.id, word.conversation_id = row, row.id, row.conversation_id
    newcomers = [word for word in words.values() if word.newcomer]
    await _authors(session, newcomers)
    await _notes(session, [word for word in newcomers if word.place != "client" and word.root != word.ts])
    joined = await joining.join(session, [word for word in newcomers if word.spoken], words)
    for word in words.values():
        if word.row is not None:
            _update(word, word.row)
    await session.flush()
    await _insert(session, [word for word in words.values() if word.row is None])
    late = await _revise(session, words)
    await _files(session, [word for word in words.values() if word.files])
    await _echoes(session, newcomers)
    await joining.conclude(session, joined, {word.conversation_id for word in late if word.conversation_id})
    await _retold(session, list(words.values()))
    await mirror.heard(session, list(words.values()))
    by_mail = [one for one in joined if one.conversation.by_mail and any(word.side == "staff" for word in one.words)]
    await carrying.carry_later(session, [one.conversation for one in by_mail])


async def _retold(session: Session, words: Sequence[Word]) -> None:
    """After edits and deletions: what is called by those words is called otherwise, and drawn anew where it stands."""
    told = {word.conversation_id for word in words if word.conversation_id is not None and word.retold}
    changed = await retell(session, told)
    if changed and not session.info.get("quiet"):
        await follow_all(session, {one.id: one.organization_id for one in changed})
        tenant: uuid.UUID = session.info["tenant"]
        redrawn = [
            jobs.Wanted(
                "engagement.redraw",
                f"redraw:{engagement_id}",
                {"engagement": str(engagement_id), "status": True},
                tenant,
                dedupe=f"status:{engagement_id}",
            )
            for engagement_id in sorted({one.engagement_id for one in changed})
        ]
        await jobs.enqueue_all(session, redrawn)


LOCK = text("SELECT id FROM engagements WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE")
KNOWN = (
    select(Message)
    .where(Message.source == "slack", text("source_ref = ANY(CAST(:refs AS text[]))"))
    .execution_options(populate_existing=True)
)


def _update(word: Word, row: Message) -> None:
    """Bring the row up to what is known now."""
    hollow, said = is_hollow(row), word.said
    if said is not None and hollow:
        row.author_ref, row.raw, row.erased_at = said.author_ref, said.raw, said.erased_at
        row.side, row.author_id, row.author_name = word.side, word.author_id, word.author_name
        row.conversation_id = word.conversation_id
    if row.kind == "message" and word.kind != "message":
        row.kind = word.kind
    row.thread_ts = row.thread_ts or word.thread_ts
    if word.deleted_at is not None and (row.deleted_at is None or word.deleted_at < row.deleted_at):
        row.deleted_at = word.deleted_at
    stood = row.edited_ts or ""
    heard = max(word.texts, default=None)
    if not hollow:
        word.first_is_late = stood != "" and ("" in word.texts or (heard or "") > stood)
        word.texts.setdefault(stood, (row.text, row.blocks))
    if row.side != "bot" and said is not None and said.own:
        return  # a reply that we post for somebody: its words are theirs, without the name that stands before them there
    if heard is not None and (hollow or heard > stood):
        (row.text, row.blocks), row.edited_ts = word.texts[heard], heard or None
        row.edited_at = moment(heard) if heard and not (said and said.own) else None


async def _notes(session: Session, words: Sequence[Word]) -> None:
    """What staff say under a control card is a note of its conversation."""
    words = [word for word in words if word.side != "bot" and word.kind in SPOKEN]
    for thread, card in (await nearby.cards_at(session, {word.thread for word in words})).items():
        if card.purpose == CONTROL:
            conversation_id = (await whole(session, card.subject_id)).id
            for word in words:
                if word.thread == thread:
                    word.conversation_id, word.kind = conversation_id, "note"


async def _authors(session: Session, words: Sequence[Word]) -> None:
    """Say who said it, as far as the accounts are known."""
    refs = {word.said.author_ref for word in words if word.said and not word.said.bot}
    known = {}
    if refs:
        query = select(Identity.slack_user_id, Identity.user_id, Identity.name, User.side).outerjoin(
            User, User.id == Identity.user_id
        )
        found = await session.execute(query.where(Identity.slack_user_id.in_(refs)))
        known = {row.slack_user_id: row for row in found}
    for word in words:
        if word.said is None:
            continue
        author = known.get(word.said.author_ref)
        if word.said.bot:
            word.side = "bot"
        elif author is not None:
            word.side, word.author_id = author.side or "stranger", author.user_id
            if word.said.erased_at is None:
                word.author_name = word.author_name or author.name


INSERT = text(
    "INSERT INTO conversation_messages (id, organization_id, created_at, source, engagement_id, conversation_id, source_ref,"
    " kind, staff_only, side, author_id, author_ref, author_name, channel_id, ts, thread_ts, text, blocks, raw, sent_at,"
    " edited_ts, edited_at, deleted_at, erased_at)"
    " SELECT id, :tenant, :now, 'slack', engagement_id, conversation_id, source_ref, kind, staff_only, side, author_id,"
    " author_ref, author_name, channel_id, ts, thread_ts, said, CAST(blocks AS jsonb), CAST(raw AS jsonb), sent_at,"
    " edited_ts, edited_at, deleted_at, erased_at"
    " FROM unnest(CAST(:c0 AS uuid[]), CAST(:c1 AS uuid[]), CAST(:c2 AS uuid[]), CAST(:c3 AS text[]), CAST(:c4 AS text[]),"
    " CAST(:c5 AS boolean[]), CAST(:c6 AS text[]), CAST(:c7 AS uuid[]), CAST(:c8 AS text[]), CAST(:c9 AS text[]),"
    " CAST(:c10 AS text[]), CAST(:c11 AS text[]), CAST(:c12 AS text[]), CAST(:c13 AS text[]), CAST(:c14 AS text[]),"
    " CAST(:c15 AS text[]), CAST(:c16 AS timestamptz[]), CAST(:c17 AS text[]), CAST(:c18 AS timestamptz[]),"
    " CAST(:c19 AS timestamptz[]), CAST(:c20 AS timestamptz[]))"
    " AS t(id, engagement_id, conversation_id, source_ref, kind, staff_only, side, author_id, author_ref, author_name,"
    " channel_id, ts, thread_ts, said, blocks, raw, sent_at, edited_ts, edited_at, deleted_at, erased_at)"
)


async def _insert(session: Session, words: Sequence[Word]) -> None:
    if not words:
        return
    rows = []
    for word in words:
        edited = max(word.texts, default="")
        words_now, blocks = word.texts.get(edited, ("", None))
        said = word.said
        rows.append(
            (
                word.id,
                word.engagement.id,
                word.conversation_id,
                word.ref,
                word.kind,
                word.place != "client",
                word.side,
                word.author_id,
                said.author_ref if said else "",
                word.author_name,
                word.channel,
                word.ts,
                word.thread_ts,
                words_now,
                _json(blocks),
                _json(said.raw if said else None),
                word.sent_at,
                edited or None,
                moment(edited) if edited and not (said and said.own) else None,
                word.deleted_at,
                said.erased_at if said else None,
            )
        )
    await session.execute(INSERT, columns(session, rows))


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


REVISE = text(
    "INSERT INTO message_revisions (id, organization_id, created_at, message_id, edited_ts, text, blocks)"
    " SELECT gen_random_uuid(), :tenant, :now, message_id, edited_ts, said, CAST(blocks AS jsonb)"
    " FROM unnest(CAST(:c0 AS uuid[]), CAST(:c1 AS text[]), CAST(:c2 AS text[]), CAST(:c3 AS text[]))"
    " AS t(message_id, edited_ts, said, blocks)"
    " ON CONFLICT (organization_id, message_id, edited_ts) DO NOTHING RETURNING message_id"
)


async def _revise(session: Session, words: dict[str, Word]) -> list[Word]:
    """Keep every text but the newest; returns the messages whose first words, as far as they are known, are others now."""
    rows, several = [], {}
    for word in words.values():
        if len(word.texts) > 1 and not (word.said and word.said.own):
            newest = max(word.texts)
            newest = max(newest, (word.row.edited_ts or "") if word.row else "")
            rows += [(word.id, ts, said, _json(blocks)) for ts, (said, blocks) in word.texts.items() if ts != newest]
            several[word.id] = word
    if not rows:
        return []
    made = (await session.execute(REVISE, columns(session, rows))).all()
    return [several[message_id] for message_id in {row.message_id for row in made} if several[message_id].first_is_late]


FILES = text(
    "INSERT INTO message_files AS f (id, organization_id, created_at, message_id, file_ref, name, mimetype, size, url, trouble)"
    " SELECT gen_random_uuid(), :tenant, :now, t.*, '' FROM unnest(CAST(:c0 AS uuid[]), CAST(:c1 AS text[]),"
    " CAST(:c2 AS text[]), CAST(:c3 AS text[]), CAST(:c4 AS bigint[]), CAST(:c5 AS text[])) AS t"
    " ON CONFLICT (organization_id, message_id, file_ref) DO UPDATE SET"
    " name = CASE WHEN f.name = '' THEN excluded.name ELSE f.name END,"
    " mimetype = CASE WHEN f.mimetype = '' THEN excluded.mimetype ELSE f.mimetype END,"
    " size = coalesce(f.size, excluded.size), url = CASE WHEN f.url = '' THEN excluded.url ELSE f.url END"
    " RETURNING id, xmax = 0 AS new"
)


async def _files(session: Session, words: Sequence[Word]) -> None:
    """Keep what is told of the files, and have their bytes fetched."""
    rows = []
    for word in words:
        for file in word.files.values():
            told = (file.get(name) or "" for name in ("name", "mimetype"))
            rows.append((word.id, file["file_ref"], *told, file.get("size"), file.get("url") or ""))
    if not rows:
        return
    tenant: uuid.UUID = session.info["tenant"]
    made = [row.id for row in (await session.execute(FILES, columns(session, rows))).all() if row.new]
    await jobs.enqueue_all(
        session,
        [jobs.Wanted("file.fetch", f"file:{tenant}:{one.hex[0]}", {"file": str(one)}, tenant) for one in made],
    )


async def _echoes(session: Session, words: Sequence[Word]) -> None:
    """Our own cards have arrived: where the outcome of a post was unknown, it is known now."""
    ours = {word.said.post_id: word for word in words if word.said and word.said.post_id}
    if not ours:
        return
    for post in (await session.execute(select(posts.Post).where(posts.Post.id.in_(ours)))).scalars():
        if post.state in ("attempted", "unknown"):
            posts.sent(post, ours[post.id].ts, post.shown)
