"""The export as PDF: one document where the record is short, else one a month, each set by a process of its own."""

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.export import words
from bot.export.affairs import Section
from bot.export.shown import Shown
from core.export import Cover

HERE = Path(__file__).parent
LONGEST = 1_000
"""A document with more messages than this is continued in another: what setting it needs of memory grows with its length."""

Json = dict[str, Any]


class Paper:
    """Gathers messages and sets each part as it is full, while the next is gathered: `begin`, `add`, `end`."""

    def __init__(self, folder: Path, cover: Cover) -> None:
        self._folder, self._cover = folder, cover
        self._zone = ZoneInfo(cover.timezone)
        self.short = cover.messages <= LONGEST
        self._parts: list[tuple[str, str]] = []
        self._days: list[Json] = []
        self._count, self._month, self._number = 0, "", 0
        self._setting: asyncio.Task[None] | None = None
        self._sections: list[Json] = []
        self._at = cover.taken_at

    def begin(self, sections: Sequence[Section]) -> None:
        """What stands on the first pages."""
        self._sections = [asdict(section) for section in sections]

    async def add(self, messages: Sequence[Shown]) -> None:
        """Take these messages in."""
        for one in messages:
            month = f"{one.at:%Y-%m}"
            if not self.short and self._count and (month != self._month or self._count >= LONGEST):
                await self._part()
            if month != self._month:
                self._month, self._number = month, 0
            day = words.day(one.at)
            if not self._days or self._days[-1]["day"] != day:
                self._days.append({"day": day, "messages": []})
            self._days[-1]["messages"].append(self._told(one))
            self._count, self._at = self._count + 1, one.at

    async def end(self) -> None:
        """Set what is left, and the first document."""
        if not self.short and self._count:
            await self._part()
        days, self._days = self._days, []
        await self._set("record.pdf", "", days, cover=True)
        await self._caught_up()

    async def _part(self) -> None:
        self._number += 1
        name = f"{self._at:%B %Y}" + (f", part {self._number}" if self._number > 1 else "")
        path = self._month + (f"~{self._number}" if self._number > 1 else "")
        self._parts.append((name, f"pdf/{path}.pdf"))
        (self._folder / "pdf").mkdir(exist_ok=True)
        days, self._days, self._count = self._days, [], 0
        await self._set(f"pdf/{path}.pdf", name, days)

    async def _set(self, path: str, name: str, days: list[Json], *, cover: bool = False) -> None:
        """Hand a part to the press, once it has finished the one before."""
        await self._caught_up()
        taken = self._cover.taken_at.astimezone(self._zone)
        part = {
            "title": self._cover.title,
            "agency": self._cover.agency,
            "part": name,
            "foot": f"{self._cover.agency} × {self._cover.company}, taken {words.moment(taken)}",
            "cover": self._front() if cover else None,
            "days": days,
        }
        folder = Path(tempfile.mkdtemp(prefix="paper-", dir=self._folder.parent))
        (folder / "part.json").write_text(json.dumps(part, ensure_ascii=False), encoding="utf-8")
        shutil.copyfile(HERE / "look" / "record.typ", folder / "record.typ")
        self._setting = asyncio.create_task(_pressed(folder, self._folder / path, taken))

    async def _caught_up(self) -> None:
        setting, self._setting = self._setting, None
        if setting is not None:
            await setting

    async def abandon(self) -> None:
        """Stop, because nobody wants it any more."""
        if self._setting is not None:
            self._setting.cancel()
            await asyncio.gather(self._setting, return_exceptions=True)

    def _front(self) -> Json:
        cover = self._cover
        began = words.day(cover.began_at.astimezone(self._zone))
        ended = f" to {words.day(cover.closed_at.astimezone(self._zone))}" if cover.closed_at else ""
        staff = cover.audience == "staff"
        return {
            "between": f"{cover.agency} × {cover.company}",
            "lead": f"The record of what was said, {'from' if ended else 'since'} {began}{ended}",
            "facts": [
                ("Messages", f"{cover.messages:,}"),
                ("Taken", f"{words.moment(cover.taken_at.astimezone(self._zone))} by {cover.taken_by}"),
                ("Times", f"{cover.timezone}, each with its offset from UTC"),
                (
                    "For",
                    f"{cover.agency}. Internal notes are in it, on a ground of their own"
                    if staff
                    else f"{cover.company}. Deleted messages and {cover.agency}'s own notes are not in it",
                ),
                (
                    "Edits",
                    "Earlier texts of edited and deleted messages are shown"
                    if cover.earlier
                    else "Texts as they stand; earlier ones are not shown",
                ),
                *(("Missing", words.gap(since, until, self._zone)) for since, until in cover.gaps),
                ("See also", "index.html, which shows pictures, and every script that this document's fonts lack"),
            ],
            "people": [
                (person.name or "Erased person", cover.agency if person.side == "staff" else cover.company)
                for person in cover.people
            ],
            "sections": self._sections,
            "parts": self._parts,
        }

    def _told(self, one: Shown) -> Json:
        """A message as the template takes it: texts only."""
        lines = [f"{file.name}{f' ({file.note})' if file.note else ''}" for file in one.files]
        if one.reactions:
            lines.append(" · ".join(f":{name}: {who}" for _, name, who in one.reactions))
        lines += [*one.marks, *(f"{past.label}: “{past.plain}”" for past in one.past)]
        return {
            "who": one.who,
            "at": one.time,
            "words": one.plain,
            "topic": one.topic,
            "place": f"Only {self._cover.agency}: {one.place}" if one.place else "",
            "reply": one.reply,
            "quiet": one.notice or one.side == "bot",
            "gone": one.gone,
            "lines": lines,
        }


async def _pressed(folder: Path, target: Path, made: datetime) -> None:
    """Run the press on a folder, and remove that. RuntimeError with its words if it fails."""
    press = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        str(HERE / "press.py"),
        str(folder),
        str(target),
        made.isoformat(timespec="seconds"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, wrong = await press.communicate()
    finally:
        if press.returncode is None:
            press.kill()
            await press.wait()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    if press.returncode != 0:
        raise RuntimeError(f"The PDF could not be set: {wrong.decode(errors='replace').strip()[-500:]}")
