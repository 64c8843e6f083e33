"""Block Kit's grammar: the one place that knows Slack's escaping and Slack's limits."""

from collections.abc import Iterable, Sequence
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


def _mrkdwn(text: str, limit: int) -> Block:
    return {"type": "mrkdwn", "text": clip(marked(text), limit), "verbatim": True}


def plain(text: str, limit: int = 3000) -> Block:
    """A plain text object."""
    return {"type": "plain_text", "text": clip(text, limit) or " ", "emoji": True}


def header(text: str) -> Block:
    """A header of one line."""
    return {"type": "header", "text": plain(text, 150)}


def section(text: str, accessory: Block | None = None) -> Block:
    """A paragraph; a str is escaped, Raw is markup."""
    block: Block = {"type": "section", "text": _mrkdwn(text, 3000)}
    if accessory:
        block["accessory"] = accessory
    return block


def said(text: str) -> Block:
    """A person's words, set as plain text, so that no markup of theirs can act."""
    return {"type": "section", "text": plain(text, 3000)}


def pages(text: str, size: int = 2900) -> list[Block]:
    """A long text of a person's as plain sections, cut at line ends where possible, so that nothing is lost to a limit."""
    blocks, rest = [], text.strip()
    while rest:
        cut = (
            len(rest)
            if len(rest) <= size
            else max(rest.rfind("\n", 1, size), rest.rfind(" ", 1, size) if "\n" not in rest[:size] else -1)
        )
        cut = cut if cut > 0 else size
        blocks.append(said(rest[:cut].rstrip() or " "))
        rest = rest[cut:].lstrip("\n")
    return blocks


def context(*texts: str) -> Block:
    """Small print, at most ten pieces."""
    return {"type": "context", "elements": [_mrkdwn(text, 2000) for text in texts[:10]]}


def divider() -> Block:
    """A line across."""
    return {"type": "divider"}


def button(label: str, action_id: str, value: str = "", *, style: str | None = None, url: str | None = None) -> Block:
    """A button: a verb with its object, one opaque id as its value, at most 75 characters (20 in client cards)."""
    element: Block = {"type": "button", "text": plain(label, 75), "action_id": action_id}
    if value:
        element["value"] = value
    if style:
        element["style"] = style
    if url:
        element["url"] = url
    return element


def more(action_id: str, entries: Sequence[tuple[str, str]]) -> Block:
    """The ⋯ menu: (label, value) entries; one to five of them. The value is "verb:id", and `verb` names the button it stands for."""
    return {
        "type": "overflow",
        "action_id": action_id,
        "options": [option(label, value) for label, value in entries[:5]],
    }


def option(label: str, value: str, description: str = "") -> Block:
    """An entry of a menu."""
    entry: Block = {"text": plain(label, 75), "value": value[:150]}
    if description:
        entry["description"] = plain(description, 75)
    return entry


def actions(*elements: Block | None) -> Block:
    """A row of buttons; None is left out."""
    return {"type": "actions", "elements": [element for element in elements if element][:25]}


def _input(name: str, label: str, element: Block, *, optional: bool, hint: str, dispatch: bool = False) -> Block:
    block: Block = {
        "type": "input",
        "block_id": name,
        "label": plain(label, 2000),
        "element": {**element, "action_id": name},
        "optional": optional,
    }
    if hint:
        block["hint"] = plain(hint, 2000)
    if dispatch:
        block["dispatch_action"] = True
    return block


def text_input(
    name: str,
    label: str,
    *,
    initial: str = "",
    placeholder: str = "",
    hint: str = "",
    optional: bool = False,
    multiline: bool = False,
    limit: int = 3000,
) -> Block:
    """A field for words. `name` is its block_id and action_id, by which `forms.values` and an Invalid's `field` know it."""
    element: Block = {"type": "plain_text_input", "multiline": multiline, "max_length": limit}
    if initial:
        element["initial_value"] = clip(initial, limit)
    if placeholder:
        element["placeholder"] = plain(placeholder, 150)
    return _input(name, label, element, optional=optional, hint=hint)


def select(
    name: str,
    label: str,
    entries: Sequence[Block],
    *,
    initial: str = "",
    placeholder: str = "",
    hint: str = "",
    optional: bool = False,
) -> Block:
    """A choice of one among at most a hundred options; `initial` is an option's value."""
    element: Block = {"type": "static_select", "options": list(entries[:100])}
    chosen = next((entry for entry in entries if entry["value"] == initial), None)
    if chosen:
        element["initial_option"] = chosen
    if placeholder:
        element["placeholder"] = plain(placeholder, 150)
    return _input(name, label, element, optional=optional, hint=hint)


def radio(
    name: str, label: str, entries: Sequence[Block], *, initial: str = "", optional: bool = False, hint: str = ""
) -> Block:
    """A choice of one among at most ten, all of them seen."""
    element: Block = {"type": "radio_buttons", "options": list(entries[:10])}
    chosen = next((entry for entry in entries if entry["value"] == initial), None)
    if chosen:
        element["initial_option"] = chosen
    return _input(name, label, element, optional=optional, hint=hint)


def people_select(
    name: str, label: str, *, initial: Sequence[str] = (), hint: str = "", optional: bool = False
) -> Block:
    """A choice of Slack accounts."""
    element: Block = {"type": "multi_users_select"}
    if initial:
        element["initial_users"] = list(initial)
    return _input(name, label, element, optional=optional, hint=hint)


def person_select(name: str, label: str, *, initial: str = "", hint: str = "", optional: bool = False) -> Block:
    """A choice of one Slack account."""
    element: Block = {"type": "users_select"}
    if initial:
        element["initial_user"] = initial
    return _input(name, label, element, optional=optional, hint=hint)


def date_input(name: str, label: str, *, initial: date | None = None, hint: str = "", optional: bool = False) -> Block:
    """A choice of a day."""
    element: Block = {"type": "datepicker"}
    if initial:
        element["initial_date"] = initial.isoformat()
    return _input(name, label, element, optional=optional, hint=hint)


def number_input(
    name: str,
    label: str,
    *,
    initial: int | None = None,
    least: int | None = None,
    most: int | None = None,
    hint: str = "",
) -> Block:
    """A field for a whole number."""
    element: Block = {"type": "number_input", "is_decimal_allowed": False}
    if initial is not None:
        element["initial_value"] = str(initial)
    if least is not None:
        element["min_value"] = str(least)
    if most is not None:
        element["max_value"] = str(most)
    return _input(name, label, element, optional=False, hint=hint)


def ticks(
    name: str,
    label: str,
    entries: Sequence[Block],
    *,
    initial: Sequence[str] = (),
    optional: bool = False,
    hint: str = "",
) -> Block:
    """Boxes to tick, at most ten; none is ticked unless `initial` names its value."""
    element: Block = {"type": "checkboxes", "options": list(entries[:10])}
    chosen = [entry for entry in entries if entry["value"] in initial]
    if chosen:
        element["initial_options"] = chosen
    return _input(name, label, element, optional=optional, hint=hint)


def modal(
    callback_id: str, title: str, blocks: Sequence[Block], *, submit: str = "", close: str = "Close", private: str = ""
) -> Block:
    """A modal: at most 100 blocks; `private` is one opaque id that comes back on submitting."""
    view: Block = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title, 24),
        "close": plain(close, 24),
        "blocks": list(blocks)[:100],
        "private_metadata": private[:3000],
    }
    if submit:
        view["submit"] = plain(submit, 24)
    return view


def home(blocks: Sequence[Block]) -> Block:
    """An App Home tab."""
    return {"type": "home", "callback_id": "home", "blocks": list(blocks)[:100]}


def notice(title: str, sentence: str, *elements: Block | None) -> Block:
    """A small modal that says one thing, with a way on if there is one; a str is escaped, Raw is markup."""
    row = [element for element in elements if element]
    return modal("notice", title, [section(sentence), *([actions(*row)] if row else [])])


def fits(blocks: Sequence[Block], limit: int = 50) -> list[Block]:
    """The blocks, at most `limit` of them; what is past it is counted in small print, never dropped silently."""
    if len(blocks) <= limit:
        return list(blocks)
    return [*blocks[: limit - 1], context(f"and {len(blocks) - limit + 1} more")]
