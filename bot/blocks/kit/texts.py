"""Texts in Slack's markup: the one place that escapes, and the words for people, channels, links, moments and days."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

Block = dict[str, Any]


class Raw(str):
    """Text that is already Slack's markup (a mention, a date, a link) and is not escaped again."""

    __slots__ = ()


@dataclass(frozen=True)
class Card:
    """What is posted: the sentence that a locked phone shows, and the blocks. A str is escaped, Raw is markup."""

    text: str
    blocks: list[Block] = field(default_factory=list)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", marked(self.text))


def esc(text: str) -> str:
    """A person's text, made harmless in Slack's markup: only these three characters are special to it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def marked(text: str) -> Raw:
    """The text as markup: Raw as it is, a plain str escaped."""
    return text if isinstance(text, Raw) else Raw(esc(text))


def md(template: str, **values: object) -> Raw:
    """Slack markup from a template of ours, each value escaped unless it is Raw already: md("*{title}* is ready", title=…)."""
    return Raw(
        template.format_map(
            {name: value if isinstance(value, Raw) else esc(str(value)) for name, value in values.items()}
        )
    )


def join(parts: Iterable[str], between: str = " · ") -> Raw:
    """The parts that are not empty, each escaped unless Raw, with `between` between them."""
    return Raw(between.join(part if isinstance(part, Raw) else esc(part) for part in parts if part))


def clip(text: str, limit: int) -> str:
    """The text, shortened to the limit with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def user(slack_user_id: str) -> Raw:
    """A mention of a Slack account."""
    return Raw(f"<@{slack_user_id}>")


def channel(channel_id: str) -> Raw:
    """A link to a channel, by its id: names differ on each side of a shared one."""
    return Raw(f"<#{channel_id}>")


def link(url: str, label: str) -> Raw:
    """A link with a label."""
    return Raw(f"<{url.replace('|', '%7C').replace('>', '%3E')}|{esc(label)}>")


def when(moment: datetime) -> Raw:
    """A moment, shown by Slack in the reader's own zone."""
    moment = moment.astimezone(UTC)
    return Raw(f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} at {{time}}|{moment:%-d %b %Y, %H:%M} UTC>")


def day(moment: date) -> str:
    """A day, short and dated: Fri 28 Nov."""
    return f"{moment:%a %-d %b}"
