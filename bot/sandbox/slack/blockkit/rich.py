"""Rich text: the nested sections, lists and quotes that people's own messages are made of."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack.blockkit.shape import (
    Check,
    Findings,
    Key,
    anything,
    boolean,
    check_object,
    integer,
    listed,
    may,
    need,
    obj,
    one_of,
    string,
    url,
)

_TYPE = need(string(50))
_STYLE = may(
    obj(
        {
            name: may(boolean)
            for name in ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
        }
    )
)

_PARTS: dict[str, Mapping[str, Key]] = {
    "text": {"type": _TYPE, "text": need(string(13_000)), "style": _STYLE},
    "link": {
        "type": _TYPE,
        "url": need(url()),
        "text": may(string(13_000, 0)),
        "unsafe": may(boolean),
        "style": _STYLE,
    },
    "user": {"type": _TYPE, "user_id": need(string(50)), "style": _STYLE},
    "usergroup": {"type": _TYPE, "usergroup_id": need(string(50)), "style": _STYLE},
    "channel": {"type": _TYPE, "channel_id": need(string(50)), "style": _STYLE},
    "team": {"type": _TYPE, "team_id": need(string(50)), "style": _STYLE},
    "emoji": {
        "type": _TYPE,
        "name": need(string(100)),
        "unicode": may(string(100)),
        "skin_tone": may(integer(1, 6)),
        "style": _STYLE,
    },
    "broadcast": {"type": _TYPE, "range": need(one_of(("here", "channel", "everyone"))), "style": _STYLE},
    "date": {
        "type": _TYPE,
        "timestamp": need(integer(0, 99_999_999_999)),
        "format": need(string(200)),
        "url": may(url()),
        "fallback": may(string(200)),
        "style": _STYLE,
    },
    "color": {"type": _TYPE, "value": need(string(50)), "style": _STYLE},
}


def _typed(shapes: Mapping[str, Mapping[str, Key]]) -> Check:
    def check(value: Any, path: str, found: Findings) -> None:
        if not isinstance(value, dict):
            found.say("must provide an object", path)
        elif value.get("type") not in shapes:
            found.say(f"unsupported type: {value.get('type')}", f"{path}/type")
        else:
            check_object(value, path, found, shapes[value["type"]])
            if isinstance(value.get("text"), str):
                found.characters += len(value["text"])

    return check


_PARTS_LIST = need(listed(_typed(_PARTS), 3000, 0))
_SECTION = {"rich_text_section": {"type": _TYPE, "elements": _PARTS_LIST}}
_GROUPS: dict[str, Mapping[str, Key]] = {
    **_SECTION,
    "rich_text_preformatted": {
        "type": _TYPE,
        "elements": _PARTS_LIST,
        "border": may(integer(0, 1)),
        "language": may(anything),
    },
    "rich_text_quote": {"type": _TYPE, "elements": _PARTS_LIST, "border": may(integer(0, 1))},
    "rich_text_list": {
        "type": _TYPE,
        "style": need(one_of(("bullet", "ordered"))),
        "elements": need(listed(_typed(_SECTION), 3000)),
        "indent": may(integer(0, 8)),
        "offset": may(integer(0, 10_000)),
        "border": may(integer(0, 1)),
    },
}

RICH_ELEMENTS = listed(_typed(_GROUPS), 3000)
RICH_TEXT_VALUE = obj(
    {"type": need(one_of(("rich_text",))), "elements": need(RICH_ELEMENTS), "block_id": may(string(255))}
)
