"""Making an export: one pass over the record, from which page, paper and data are written side by side."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.export import affairs, manifest, words
from bot.export.lines import Lines
from bot.export.page import Pages
from bot.export.paper import Paper
from bot.export.shown import Setter, Shown
from core import export
from core.conversations import Conversation
from core.db import Database
from core.export import Cover, FileKept, Reader, Scope, Spoken

PAGE = 500
"""Messages written at a time; between two of these, the process does other things."""


class Contents(Protocol):
    """Where the contents of files are kept."""

    async def copy(self, key: str, target: Path) -> bool:
        """Write the content that is kept under this key into a file; False if there is none."""


@dataclass(frozen=True)
class Made:
    """An export that was made: how many messages and files are in it."""

    folder: Path
    cover: Cover
    messages: int
    files: int


Tell = Callable[[int, int], None]
"""Told how many messages are done, of how many."""


async def make(
    db: Database, scope: Scope, folder: Path, *, contents: Contents | None = None, tell: Tell | None = None
) -> Made:
    """Write the export into a folder, which must not be there yet. What it needs of memory does not grow with the record."""
    async with db.transaction(scope.actor.organization_id) as session:
        cover = await export.cover(session, scope)
    zone = ZoneInfo(cover.timezone)
    folder.mkdir(parents=True)
    # One thread, and always the same: each would keep memory of its own.
    loop, hand = asyncio.get_running_loop(), ThreadPoolExecutor(1)
    reader, lines = Reader(), Lines(folder / "data", cover, scope)
    pages, paper = Pages(folder, cover, lambda at: at.astimezone(zone)), Paper(folder, cover)
    try:
        rows = []
        async for name, row in export.business(db, scope, zone):
            lines.write(name, row)
            rows.append((name, row))
        sections = affairs.sections(rows, cover.locale)
        async for chain in export.events_of(db, scope):
            await loop.run_in_executor(hand, lines.events, chain)
        async for name, pdf in export.papers_of(db, scope):
            (folder / "documents").mkdir(exist_ok=True)
            (folder / "documents" / name).write_bytes(pdf)
        talks: list[Conversation] = []
        async for found in export.conversations_of(db, scope):
            lines.conversations(found)
            if pages.short:
                talks += found
        pages.begin(sections, talks)
        paper.begin(sections)
        setter, done = Setter(cover, reader), 0
        async for batch in export.messages(db, scope, reader, page=PAGE):
            hrefs = await _fetched(contents, folder, [file for one in batch for file in one.files])
            await paper.add(await loop.run_in_executor(hand, _write, batch, hrefs, reader, setter, lines, pages))
            done += len(batch)
            if tell:
                tell(done, max(cover.messages, done))
        pages.end()
        await paper.end()
    except BaseException:
        await paper.abandon()
        raise
    finally:
        hand.shutdown()
        pages.close()
        lines.close()
    files = await asyncio.to_thread(manifest.write, folder, about(cover, done))
    return Made(folder, cover, done, files)


def _write(
    batch: Sequence[Spoken], hrefs: Mapping[object, str], reader: Reader, setter: Setter, lines: Lines, pages: Pages
) -> list[Shown]:
    """Write a batch as data and on the page; what is returned is for the paper."""
    lines.messages(batch, hrefs, reader)
    shown = [setter.set(one, hrefs) for one in batch]
    pages.add(shown)
    return shown


async def _fetched(contents: Contents | None, folder: Path, files: Sequence[FileKept]) -> dict[object, str]:
    """Copy the contents that are kept into the export: where each file lies in it, by the file's id."""
    hrefs: dict[object, str] = {}
    for file in files:
        if contents is None or not file.stored:
            continue
        (folder / "files").mkdir(exist_ok=True)
        path = f"files/{file.id.hex[:8]}-{words.file_name(file.name, file.file_ref)}"
        if await contents.copy(file.stored, folder / path):
            hrefs[file.id] = path
    return hrefs


def about(cover: Cover, messages: int) -> dict[str, object]:
    """What the manifest says of the copy itself."""
    zone = ZoneInfo(cover.timezone)
    return {
        "engagement": str(cover.engagement_id),
        "title": cover.title,
        "agency": cover.agency,
        "company": cover.company,
        "for": cover.audience,
        "taken_at": cover.taken_at.astimezone(zone).isoformat(),
        "timezone": cover.timezone,
        "messages": messages,
    }


def name_of(title: str, taken_at: datetime, audience: str) -> str:
    """What the folder of an export is called: northwind-2025-11-28."""
    stem = "-".join(
        part for part in words.file_name(title.lower(), "engagement").replace(".", " ").split() if part.strip("-")
    )
    return f"{stem or 'engagement'}-{taken_at:%Y-%m-%d}" + ("-for-client" if audience == "client" else "")
