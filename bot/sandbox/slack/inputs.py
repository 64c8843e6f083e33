"""The state of inputs: what is in fresh ones, what a person's choice becomes, what Slack's own client refuses."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.sandbox.slack.errors import NotSeen
from bot.sandbox.slack.state import Json, World

_SIMPLE = {
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
}
_MANY = {
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "file_input": ("files", "-"),
}


def elements_of(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every interactive element with the block that it stands in, in the order of reading."""
    for block in blocks:
        inner = [block.get("accessory"), block.get("element")]
        if block["type"] in ("actions", "context_actions"):
            inner += block["elements"]
        elif block["type"] == "card":
            inner += block.get("actions", [])
        for element in inner:
            if element is not None and element["type"] != "image":
                yield block, element
        children = block.get("child_blocks", []) if block["type"] == "container" else []
        yield from elements_of(children or (block["elements"] if block["type"] == "carousel" else []))


def holds_state(element: Json) -> bool:
    """Whether this element keeps a value: buttons and overflow menus do not."""
    return element["type"] in _SIMPLE or element["type"] in _MANY


def first_values(blocks: list[Json], world: World) -> Json:
    """The state of freshly shown blocks, from their initial values. Gives ids to elements that have none."""
    values: Json = {}
    for index, (block, element) in enumerate(elements_of(blocks)):
        element.setdefault("action_id", f"a{world.seconds() % 10_000}{index}")
        if holds_state(element):
            values.setdefault(block["block_id"], {})[element["action_id"]] = fresh(element)
    return values


def fresh(element: Json) -> Json:
    """The state of an element that nobody has touched."""
    kind = element["type"]
    if kind in _MANY:
        key, initial = _MANY[kind]
        return {"type": kind, key: list(element.get(initial, ()))}
    key, initial = _SIMPLE[kind]
    return {"type": kind, key: element.get(initial)}


def options_of(element: Json) -> list[Json]:
    """The options of a static menu, groups laid flat."""
    found = list(element.get("options", ()))
    for group in element.get("option_groups", ()):
        found += group["options"]
    return found


def chosen(element: Json, value: Any, world: World) -> Json:
    """The state of an element once a person has chosen `value`: option texts, a date, words, True for all ticks.

    A value that has the form of a state already ({"type": …, "selected_option": …}) is taken as it is.
    """
    kind = element["type"]
    if isinstance(value, dict) and value.get("type") == kind:
        key = (_MANY.get(kind) or _SIMPLE[kind])[0]
        return {"type": kind, key: value.get(key)}
    if kind in _MANY:
        key = _MANY[kind][0]
        if kind in ("checkboxes", "multi_static_select"):
            picked = [one["text"]["text"] for one in options_of(element)] if value is True else _as_list(value)
            return {"type": kind, key: [pick_option(element, one) for one in picked]}
        if kind == "multi_external_select":
            return {"type": kind, key: _as_list(value)}
        return {"type": kind, key: [_id_of(kind, one, world) for one in _as_list(value)]}
    key = _SIMPLE[kind][0]
    if value in (None, ""):
        return {"type": kind, key: None}
    if kind in ("static_select", "radio_buttons"):
        return {"type": kind, key: pick_option(element, value)}
    if kind in ("users_select", "channels_select", "conversations_select"):
        return {"type": kind, key: _id_of(kind, value, world)}
    if kind == "datetimepicker" and isinstance(value, str):
        when = datetime.fromisoformat(value)
        value = int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    elif kind == "rich_text_input" and isinstance(value, str):
        section = {"type": "rich_text_section", "elements": [{"type": "text", "text": value}]}
        value = {"type": "rich_text", "elements": [section]}
    elif kind in ("plain_text_input", "number_input", "email_text_input", "url_text_input"):
        value = str(value)
    return {"type": kind, key: value}


def pick_option(element: Json, wanted: Any) -> Json:
    """The option with this text, or with this value. Raises NotSeen."""
    options = options_of(element)
    for one in options:
        if wanted in (one["text"]["text"], one.get("value")) or one == wanted:
            return one
    raise NotSeen(f"No option “{wanted}”; there are: {', '.join(one['text']['text'] for one in options)}")


def _as_list(value: Any) -> list[Any]:
    if value in (None, "", False):
        return []
    return list(value) if isinstance(value, (list, tuple, set)) else [value]


def _id_of(kind: str, value: Any, world: World) -> str:
    name = str(value).lstrip("@#")
    if "users" not in kind:
        found = [one.id for one in world.channels.values() if name in (one.id, one.name)]
    else:
        found = [one.id for one in world.people.values() if name in (one.id, one.name, one.real_name)]
    if not found:
        raise NotSeen(f"Nothing here is called {value}")
    return found[0]


def is_empty(state: Json) -> bool:
    """Whether nothing was filled in."""
    return all(value in (None, "", []) for key, value in state.items() if key != "type")


def complaints(blocks: list[Json], values: Json) -> dict[str, str]:
    """What Slack's client says, by block_id, before it sends a form at all: required, too long, no number."""
    found: dict[str, str] = {}
    for block, element in elements_of(blocks):
        if block["type"] != "input":
            continue
        state = values[block["block_id"]][element["action_id"]]
        if is_empty(state):
            if not block.get("optional", False):
                found[block["block_id"]] = "Please complete this required field."
            continue
        problem = _problem(element, state)
        if problem:
            found[block["block_id"]] = problem
    return found


def _problem(element: Json, state: Json) -> str:
    kind, value = element["type"], state.get("value") or ""
    if kind == "plain_text_input":
        if len(value) < element.get("min_length", 0):
            return f"Please enter at least {element['min_length']} characters."
        if len(value) > element.get("max_length", 3000):
            return f"Please enter no more than {element.get('max_length', 3000)} characters."
    elif kind == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        return "Please enter a valid email address."
    elif kind == "url_text_input" and not re.match(r"https?://\S+\.\S+", value):
        return "Please enter a valid URL."
    elif kind == "number_input":
        return _number_problem(element, value)
    elif kind.startswith("multi_") and len(next(v for k, v in state.items() if k != "type")) > element.get(
        "max_selected_items", 10_000
    ):
        return f"Please choose no more than {element['max_selected_items']}."
    return ""


def _number_problem(element: Json, value: str) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return "Please enter a valid number."
    if not element["is_decimal_allowed"] and number != number.to_integral_value():
        return "Please enter a whole number."
    if "min_value" in element and number < Decimal(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and number > Decimal(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return ""
