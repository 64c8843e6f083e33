"""A message as both the page and the paper show it: who, when, where, which words, and what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from bot.export import words
from core import conversations, people
from core.conversations import moment
from core.export import Cover, Earlier, FileKept, Reader, Spoken

SPEECH = frozenset(
    {"message", "file_share", "thread_broadcast", "me_message", "bot_message", "form", "note", "reply", "mail"}
)
"""The kinds of message that are somebody's words; the rest are notices of the channel."""
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
SOURCES = {"portal": "on the client's page", "mail": "by mail", "api": "through the API", "import": "imported"}
ERASED = "Erased on request"
ANCHORED = 10_000
"""Up to so many messages, each conversation can be jumped to: beyond, no list of them is shown."""


@dataclass(frozen=True, slots=True)
class Past:
    """A text that stood there before, and until when."""

    label: str
    html: Markup
    plain: str


@dataclass(frozen=True, slots=True)
class File:
    """A file that came along; `href` is empty where its content is not in the export."""

    name: str
    href: str
    note: str
    picture: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One message, ready to be set. `marks` say what became of it; `topic` is given where the conversation changes."""

    key: str
    who: str
    initials: str
    side: str
    at: datetime
    time: str
    topic: str
    conversation: str
    reply: bool
    notice: bool
    place: str
    """Where only staff read it: the name of their channel; else empty."""
    html: Markup
    plain: str
    marks: tuple[str, ...]
    gone: bool
    past: tuple[Past, ...]
    reactions: tuple[tuple[str, str, str], ...]
    """Each as an emoji, by its short name, and who set it."""
    files: tuple[File, ...]


def initials(name: str) -> str:
    """One or two letters that stand for a name."""
    parts = [part for part in name.split() if part[0].isalnum()]
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper() or "·"


class Setter:
    """Sets messages: knows the reader's zone, the names, and which conversation the last message was in."""

    def __init__(self, cover: Cover, reader: Reader) -> None:
        self._cover, self._reader = cover, reader
        self._zone = ZoneInfo(cover.timezone)
        self._last: object = None
        self._met: set[object] = set()

    def set(self, spoken: Spoken, hrefs: Mapping[object, str]) -> Shown:
        """The message as it is shown. `hrefs` says where the content of a file lies in the export, by the file's id."""
        at = spoken.sent_at.astimezone(self._zone)
        marked = spoken.source == "slack" and bool(spoken.ts)
        name = self._reader.name
        text = words.html(spoken.text, name, marked=marked)
        plain = words.plain(spoken.text, name, marked=marked)
        if spoken.erased_at is not None:
            text, plain = Markup(""), ""
        who = spoken.author or (
            people.NAMELESS if spoken.erased_at else "An app" if spoken.side == "bot" else "Somebody"
        )
        places = self._cover.places
        changed = spoken.conversation_id is not None and spoken.conversation_id != self._last
        first = changed and spoken.conversation_id not in self._met
        if spoken.conversation_id is not None:
            self._last = spoken.conversation_id
            if self._cover.messages <= ANCHORED:
                self._met.add(spoken.conversation_id)
        began = spoken.earlier[0].text if spoken.earlier else spoken.text
        return Shown(
            key=spoken.id.hex[:12],
            who=who,
            initials=initials(who),
            side=spoken.side,
            at=at,
            time=words.clock_time(at),
            # A topic that was made of these very words would say them twice.
            topic=spoken.topic if changed and conversations.topic_of(began) != spoken.topic else "",
            conversation=spoken.conversation_id.hex[:12] if first and spoken.conversation_id else "",
            reply=spoken.reply,
            notice=spoken.kind not in SPEECH and spoken.side != "bot",
            place=(places.get(spoken.channel_id) or places.get(self._cover.staff_channel_id, "internal"))
            if spoken.staff_only
            else "",
            html=Markup("<i>{}</i>").format(text) if spoken.kind == "me_message" else text,
            plain=plain,
            marks=tuple(self._marks(spoken)),
            gone=spoken.deleted_at is not None,
            past=tuple(self._past(spoken.earlier, spoken.edited_at, marked)) if spoken.erased_at is None else (),
            reactions=tuple(
                (words.emoji(emoji), emoji, ", ".join(name(account) for account in who))
                for emoji, who in spoken.reactions
            ),
            files=tuple(self._file(file, hrefs.get(file.id, "")) for file in spoken.files),
        )

    def _file(self, file: FileKept, href: str) -> File:
        size = words.size(file.size) if file.size else ""
        note = " · ".join(part for part in (size, file.trouble.replace("_", " ")) if part)
        return File(file.name or "A file", href, note, file.mimetype in PICTURES and bool(href))

    def _marks(self, spoken: Spoken) -> list[str]:
        marks = []
        if spoken.erased_at is not None:
            marks.append(f"{ERASED}, {self._when(spoken.erased_at)}")
        if spoken.deleted_at is not None:
            hidden = "; its text is not in this copy" if spoken.hidden else ""
            marks.append(f"Deleted {self._when(spoken.deleted_at)}{hidden}")
        elif spoken.edited_at is not None:
            marks.append(f"Edited {self._when(spoken.edited_at)}")
        if spoken.source in SOURCES:
            marks.append(SOURCES[spoken.source])
        if spoken.kind == "thread_broadcast":
            marks.append("also sent to the channel")
        return marks

    def _past(self, earlier: Sequence[Earlier], edited_at: datetime | None, marked: bool) -> list[Past]:
        """The earlier texts, each with the time at which the next one took its place."""
        until = [moment(one.edited_ts) for one in earlier[1:]] + ([edited_at] if edited_at else [])
        told = []
        for number, one in enumerate(earlier):
            label = f"Until {self._when(until[number])}" if number < len(until) else "Before"
            name = self._reader.name
            told.append(
                Past(label, words.html(one.text, name, marked=marked), words.plain(one.text, name, marked=marked))
            )
        return told

    def _when(self, at: datetime) -> str:
        return words.moment(at.astimezone(self._zone))
