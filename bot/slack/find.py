"""`/tl find`, and the search in App Home: answers are for the person who asks, and hold only what they may see."""

import uuid

from bot.blocks import find as blocks
from bot.blocks import kit
from bot.slack.home import staff_only
from bot.slack.listener import Heard, button, command, form
from bot.slack.replies import Open, Reply, Say, Update
from core import search


def here(heard: Heard) -> uuid.UUID | None:
    """The engagement that a search was begun in; a window remembers it."""
    if heard.engagement is not None:
        return heard.engagement.id
    known = str((heard.view or {}).get("private_metadata") or "")
    return uuid.UUID(known) if known else None


def sheet(heard: Heard, results: blocks.Results) -> kit.Block:
    """The window."""
    return blocks.sheet(results, str(here(heard) or ""))


async def look(heard: Heard, typed: str, *, skip: int = 0, limit: int = blocks.PAGE) -> blocks.Results:
    """Search, as whoever asks."""
    staff_only(heard)
    found = await search.find(
        heard.session,
        heard.actor,
        typed,
        here=here(heard),
        skip=skip,
        limit=limit,
    )
    return blocks.Results(
        typed=typed.strip(),
        hits=[_hit(hit) for hit in found.hits],
        total=found.total,
        whole=found.whole,
        skip=skip,
        reach=search.REACH,
        notes=found.notes,
    )


def _hit(hit: search.Hit) -> blocks.Hit:
    return blocks.Hit(
        topic=hit.topic,
        engagement=hit.engagement,
        who=hit.author,
        at=hit.at,
        pieces=[(piece.kind, piece.text) for piece in hit.pieces],
        link=blocks.link(hit.channel_id, hit.ts, hit.thread_ts),
        staff_only=hit.staff_only,
        edited=hit.edited,
        deleted=hit.deleted,
        files=hit.files,
    )


@command("", "find", "Find what was said", hint="words [from: in: before: after: has:file]")
async def find(heard: Heard) -> Reply:
    """Answer a search in a line and its best hits; without words, open the window."""
    if not heard.words.strip():
        staff_only(heard)
        return Open(sheet(heard, blocks.Results("")))
    card = blocks.told(await look(heard, heard.words, limit=blocks.FIRST))
    return Say(kit.Raw(card.text), card.blocks)


@button("find.open")
async def opened(heard: Heard) -> Reply:
    """The same search in a window. The button carries its words: a search has no row that an id could stand for."""
    return Open(sheet(heard, await look(heard, heard.value)))


@button("find.home")
@button("find.words")
async def from_home(heard: Heard) -> Reply:
    """What was typed in App Home, in a window."""
    return Open(sheet(heard, await look(heard, heard.form.text("find.words"))))


@form("find")
async def again(heard: Heard) -> Reply:
    """What was typed in the window, in its place."""
    return Update(sheet(heard, await look(heard, heard.form.text("find.words"))))


@button("find.next")
@button("find.back")
async def paged(heard: Heard) -> Reply:
    """Another page of the search in the window."""
    skip = min(int(heard.value), search.REACH) if heard.value.isdecimal() else 0
    return Update(sheet(heard, await look(heard, heard.form.text("find.words"), skip=skip)))
