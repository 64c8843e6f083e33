"""The export as a page to read offline: one file where the record is short, else one a month behind a page of contents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.export import words
from bot.export.affairs import Section
from bot.export.shown import Shown
from core.conversations import Conversation
from core.export import Cover

HERE = Path(__file__).parent / "look"
SHORT = 3_000
"""Up to so many messages stand on one page."""
LONGEST = 4_000
"""A month with more than so many is continued on another page: browsers grow slow."""

_LOOK = Environment(
    loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_LOOK.filters.update(moment=words.moment, day=words.day, size=words.size)


@dataclass(frozen=True)
class Part:
    """One page of messages: its file, its name, how many messages it holds."""

    file: str
    name: str
    messages: int


class Pages:
    """Writes the pages as the messages come: `begin`, then `add` for each batch, then `end`."""

    def __init__(self, folder: Path, cover: Cover, zone_of: Callable[[datetime], datetime]) -> None:
        self._folder, self._cover, self._zone = folder, cover, zone_of
        self._css = (HERE / "export.css").read_text()
        self.short = cover.messages <= SHORT
        self.parts: list[Part] = []
        self._file: IO[str] | None = None
        self._name, self._path, self._month, self._count, self._day = "", "", "", 0, ""
        self._sections: Sequence[Section] = ()

    def begin(self, sections: Sequence[Section], conversations: Sequence[Conversation]) -> None:
        """Open the page; a short record's begins with what it is about, a long one's is written at the end."""
        self._sections = sections
        if self.short:
            self._file = (self._folder / "index.html").open("w", encoding="utf-8")
            self._top(self._cover.title, up="")
            self._write("cover.html", cover=self._cover, gap=self._gap, zone=self._zone, parts=[], pdf="record.pdf")
            self._write("affairs.html", sections=sections, conversations=conversations)
            self._put('<section class="record" aria-label="Messages">\n')

    def add(self, messages: Sequence[Shown]) -> None:
        """Write these messages, and begin another page where a month is over or a page is full."""
        start = 0
        for number, one in enumerate(messages):
            month = f"{one.at:%Y-%m}"
            if not self.short and (
                self._file is None or month != self._month or self._count + number - start >= LONGEST
            ):
                self._batch(messages[start:number])
                start = number
                self._turn(one.at, month)
        self._batch(messages[start:])

    def end(self) -> None:
        """Finish: the last page of messages, and for a long record the page of contents."""
        if self.short:
            if not self._cover.messages:
                self._put('<p class="none">Nothing was said here.</p>\n')
            self._put("</section>\n")
            self._bottom(after=None)
            return
        if self._file is not None:
            self._shut(after=None)
        self._file = (self._folder / "index.html").open("w", encoding="utf-8")
        self._top(self._cover.title, up="")
        self._write("cover.html", cover=self._cover, gap=self._gap, zone=self._zone, parts=self.parts, pdf="record.pdf")
        self._write("affairs.html", sections=self._sections, conversations=[])
        self._bottom(after=None)

    def _gap(self, since: datetime | None, until: datetime) -> str:
        return words.gap(since, until, ZoneInfo(self._cover.timezone))

    def _turn(self, at: datetime, month: str) -> None:
        """Another page: the month's first, or its next."""
        again = month == self._month
        number = int(self._path.rpartition("~")[2] or 1) + 1 if again and "~" in self._path else 2 if again else 1
        path = f"{month}~{number}" if number > 1 else month
        name = f"{at:%B %Y}" + (f", part {number}" if number > 1 else "")
        if self._file is not None:
            self._shut(after=Part(f"{path}.html", name, 0))
        before = self.parts[-1] if self.parts else None
        self._month, self._path, self._name, self._count, self._day = month, path, name, 0, ""
        (self._folder / "messages").mkdir(exist_ok=True)
        self._file = (self._folder / "messages" / f"{path}.html").open("w", encoding="utf-8")
        self._top(f"{name} · {self._cover.title}", up="../")
        self._write("between.html", name=name, cover=self._cover, before=before)
        self._put('<section class="record" aria-label="Messages">\n')

    def _shut(self, after: Part | None) -> None:
        self._put("</section>\n")
        self.parts.append(Part(f"{self._path}.html", self._name, self._count))
        self._bottom(after=after)

    def _batch(self, messages: Sequence[Shown]) -> None:
        if not messages:
            return
        rows: list[tuple[str, Shown]] = []
        for one in messages:
            day = words.day(one.at)
            rows.append((day if day != self._day else "", one))
            self._day = day
        self._count += len(messages)
        self._write("messages.html", rows=rows, up="" if self.short else "../", agency=self._cover.agency)

    def _top(self, title: str, up: str) -> None:
        self._write("top.html", title=title, css=self._css, cover=self._cover, up=up)

    def _bottom(self, after: Part | None) -> None:
        self._write("bottom.html", cover=self._cover, after=after)
        self.close()

    def close(self) -> None:
        """Close the page that is being written, if one is."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, template: str, **told: object) -> None:
        for piece in _LOOK.get_template(template).generate(**told):
            self._put(piece)

    def _put(self, text: str) -> None:
        if self._file is None:
            raise RuntimeError("No page is open.")
        self._file.write(text)
