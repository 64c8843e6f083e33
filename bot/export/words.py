"""Slack's way of writing, as safe HTML and as plain text; sizes, days and times as people read them."""

import re
from collections.abc import Callable
from datetime import datetime
from html import unescape
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

TOKEN = re.compile(r"```(.+?)```|`([^`\n]+)`|<([^<>\n]+)>", re.DOTALL)
HELD = re.compile("\0(\\d+)\0")
STYLES = (
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), r"<b>\1</b>"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), r"<i>\1</i>"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), r"<s>\1</s>"),
)
QUOTE = re.compile(r"^(?:&gt;) ?(.*)$")
SHORT = re.compile(r":([a-z0-9_+'-]+)(?:::skin-tone-\d)?:")
WEB = ("http://", "https://", "mailto:")
UNTIDY = re.compile(r"[^\w.() +-]+")

EMOJI = {
    "+1": "👍", "-1": "👎", "thumbsup": "👍", "thumbsdown": "👎", "eyes": "👀", "white_check_mark": "✅", "heavy_check_mark": "✔️",
    "heart": "❤️", "tada": "🎉", "rocket": "🚀", "pray": "🙏", "clap": "👏", "raised_hands": "🙌", "wave": "👋", "ok_hand": "👌",
    "smile": "😄", "smiley": "😃", "grinning": "😀", "slightly_smiling_face": "🙂", "wink": "😉", "joy": "😂", "sweat_smile": "😅",
    "thinking_face": "🤔", "sob": "😭", "cry": "😢", "disappointed": "😞", "heart_eyes": "😍", "sunglasses": "😎", "blush": "😊",
    "fire": "🔥", "100": "💯", "sparkles": "✨", "star": "⭐", "bulb": "💡", "warning": "⚠️", "x": "❌", "question": "❓",
    "exclamation": "❗", "memo": "📝", "calendar": "📅", "lock": "🔒", "moneybag": "💰", "coffee": "☕", "muscle": "💪", "point_up": "☝️",
    "crossed_fingers": "🤞", "handshake": "🤝", "hourglass": "⌛", "bug": "🐛", "party_popper": "🎉", "partying_face": "🥳",
    "slightly_frowning_face": "🙁", "saluting_face": "🫡", "man-shrugging": "🤷", "woman-shrugging": "🤷", "shrug": "🤷",
}  # fmt: skip
"""Slack's short names of the emoji that are used most; the rest stand as they are named."""

Name = Callable[[str], str]


def emoji(name: str) -> str:
    """The emoji of a short name, or the name between colons."""
    return EMOJI.get(name.partition("::")[0], f":{name}:")


def html(text: str, name: Name, *, marked: bool = True) -> Markup:
    """A message as HTML: bold, code, links, mentions by name; everything else escaped. Without `marked`: plain words."""
    if not marked:
        return Markup("<br>").join(escape(line) for line in text.splitlines())
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        block, code, inside = match.groups()
        if block is not None:
            held.append(f"<pre>{escape(unescape(block.strip(chr(10))))}</pre>")
        elif code is not None:
            held.append(f"<code>{escape(unescape(code))}</code>")
        else:
            held.append(_linked(inside, name))
        return f"\0{len(held) - 1}\0"

    kept = TOKEN.sub(hold, text.replace("\0", ""))
    lines = [_styled(str(escape(unescape(line)))) for line in kept.split("\n")]
    return Markup(HELD.sub(lambda match: held[int(match[1])], _quoted(lines)))  # noqa: S704 - every part is escaped above


def _styled(line: str) -> str:
    for pattern, shown in STYLES:
        line = pattern.sub(shown, line)
    return SHORT.sub(lambda match: EMOJI.get(match[1], match[0]), line)


def _quoted(lines: list[str]) -> str:
    out: list[str] = []
    quoting = False
    for line in lines:
        match = QUOTE.match(line)
        if match and not quoting:
            out.append("<blockquote>")
        elif out and not match and quoting:
            out.append("</blockquote>")
        elif out:
            out.append("<br>")
        quoting = bool(match)
        out.append(match[1] if match else line)
    return "".join(out) + ("</blockquote>" if quoting else "")


def _linked(inside: str, name: Name) -> str:
    target, _, label = inside.partition("|")
    label = unescape(label)
    if target.startswith("@"):
        return f'<span class="person">@{escape(label or name(target[1:]))}</span>'
    if target.startswith("#"):
        return f'<span class="person">#{escape(label or target[1:])}</span>'
    if target.startswith("!"):
        return f'<span class="person">{escape(_called(target, label))}</span>'
    address = unescape(target)
    shown = escape(label or address.removeprefix("mailto:"))
    if not address.lower().startswith(WEB):
        return str(shown if label else escape(f"<{address}>"))
    return f'<a href="{escape(address)}" rel="noopener noreferrer">{shown}</a>'


def _called(target: str, label: str) -> str:
    word = target[1:].partition("^")[0]
    return label or (f"@{word}" if word in ("here", "channel", "everyone") else word)


def plain(text: str, name: Name, *, marked: bool = True) -> str:
    """A message as words alone: mentions by name, a link as its label and its address."""
    if not marked:
        return text

    def shown(match: re.Match[str]) -> str:
        block, code, inside = match.groups()
        if inside is None:
            return str(block or code)
        target, _, label = inside.partition("|")
        if target.startswith("@"):
            return f"@{label or name(target[1:])}"
        if target.startswith("#"):
            return f"#{label or target[1:]}"
        if target.startswith("!"):
            return _called(target, label)
        address = target.removeprefix("mailto:")
        return f"{label} ({address})" if label and label != address else address

    return unescape(TOKEN.sub(shown, text))


def offset(at: datetime) -> str:
    """The offset from UTC that a time is shown with: +01:00."""
    zone = f"{at:%z}"
    return f"{zone[:3]}:{zone[3:5]}"


def clock_time(at: datetime) -> str:
    """The time of day with its offset: 09:41:02 +00:00."""
    return f"{at:%H:%M:%S} {offset(at)}"


def moment(at: datetime) -> str:
    """A day and a time with its offset: 28 Nov 2025, 09:41 +00:00."""
    return f"{at:%-d %b %Y, %H:%M} {offset(at)}"


def gap(since: datetime | None, until: datetime, zone: ZoneInfo) -> str:
    """When something may be missing that Slack does not tell of afterwards."""
    end = moment(until.astimezone(zone))
    when = f"Between {moment(since.astimezone(zone))} and {end}" if since else f"Before {end}"
    return f"{when} edits and deletions may be missing"


def day(at: datetime) -> str:
    """A day in full: Friday 28 November 2025."""
    return f"{at:%A %-d %B %Y}"


def size(number: int) -> str:
    """So many bytes, as people say it: 340 kB, 1.2 MB."""
    amount = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return ""


def file_name(typed: str, fallback: str) -> str:
    """A name that every file system takes, as near as may be to what the sender called the file."""
    stem, dot, ending = UNTIDY.sub("-", typed).strip(" .-").rpartition(".")
    if not dot:
        stem, ending = ending, ""
    named = _short(stem, 80, 150) or _short(UNTIDY.sub("-", fallback), 80, 150) or "file"
    return f"{named}.{_short(ending, 12, 36)}" if ending else named


def _short(name: str, letters: int, most: int) -> str:
    """At most so many letters, and, for the file system, so many bytes."""
    return name[:letters].encode()[:most].decode(errors="ignore").strip(" .-")
