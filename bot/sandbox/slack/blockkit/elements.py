"""Block elements: buttons, menus, pickers and inputs, each with its limits and the places where it may stand."""

import re
from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack.blockkit.rich import RICH_TEXT_VALUE
from bot.sandbox.slack.blockkit.shape import (
    Check,
    Findings,
    Key,
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
from bot.sandbox.slack.blockkit.texts import CONFIRM, DISPATCH, OPTION_GROUP, PLACEHOLDER, SLACK_FILE, option, text


def pattern(regex: str, what: str) -> Check:
    """A string of a given form."""
    compiled = re.compile(regex)

    def check(value: Any, path: str, found: Findings) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            found.say(f"must be a valid {what}", path)

    return check


def _focus(value: Any, path: str, found: Findings) -> None:
    boolean(value, path, found)
    if value is True:
        found.focused.append(path)


_TYPE = need(string(50))
_ACTION = {"type": _TYPE, "action_id": may(string(255))}
_INPUT = {**_ACTION, "placeholder": may(PLACEHOLDER), "focus_on_load": may(_focus)}
_CHOICE = {**_INPUT, "confirm": may(CONFIRM)}
_OPTIONS = {"options": may(listed(option(), 100)), "option_groups": may(listed(OPTION_GROUP, 100))}
_MOST = {"max_selected_items": may(integer(1, 1000))}
_IDS = may(listed(string(50), 1000, 0))
_FILTER = may(
    obj(
        {
            "include": may(listed(one_of(("im", "mpim", "private", "public")), 4)),
            "exclude_external_shared_channels": may(boolean),
            "exclude_bot_users": may(boolean),
        }
    )
)
_BUTTON_STYLE = may(one_of(("primary", "danger")))
_PICKED = {key: value for key, value in _CHOICE.items() if key != "placeholder"}

ELEMENTS: dict[str, Mapping[str, Key]] = {
    "button": {
        **_ACTION,
        "text": need(text(75, plain_only=True)),
        "url": may(url()),
        "value": may(string(2000, 0)),
        "style": _BUTTON_STYLE,
        "confirm": may(CONFIRM),
        "accessibility_label": may(string(75)),
    },
    "checkboxes": {
        **_PICKED,
        "options": need(listed(option(mrkdwn=True), 10)),
        "initial_options": may(listed(option(mrkdwn=True), 10)),
    },
    "radio_buttons": {
        **_PICKED,
        "options": need(listed(option(mrkdwn=True), 10)),
        "initial_option": may(option(mrkdwn=True)),
    },
    "datepicker": {**_CHOICE, "initial_date": may(pattern(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "date"))},
    "timepicker": {
        **_CHOICE,
        "initial_time": may(pattern(r"([01]\d|2[0-3]):[0-5]\d", "time")),
        "timezone": may(string(100)),
    },
    "datetimepicker": {**_PICKED, "initial_date_time": may(integer(1_000_000_000, 9_999_999_999))},
    "overflow": {**_ACTION, "options": need(listed(option(link=True), 5, 2)), "confirm": may(CONFIRM)},
    "image": {
        "type": _TYPE,
        "alt_text": need(string(2000)),
        "image_url": may(url()),
        "slack_file": may(SLACK_FILE),
    },
    "static_select": {**_CHOICE, **_OPTIONS, "initial_option": may(option())},
    "multi_static_select": {**_CHOICE, **_OPTIONS, **_MOST, "initial_options": may(listed(option(), 100))},
    "external_select": {**_CHOICE, "initial_option": may(option()), "min_query_length": may(integer(0, 1000))},
    "multi_external_select": {
        **_CHOICE,
        **_MOST,
        "initial_options": may(listed(option(), 100)),
        "min_query_length": may(integer(0, 1000)),
    },
    "users_select": {**_CHOICE, "initial_user": may(string(50))},
    "multi_users_select": {**_CHOICE, **_MOST, "initial_users": _IDS},
    "conversations_select": {
        **_CHOICE,
        "initial_conversation": may(string(50)),
        "default_to_current_conversation": may(boolean),
        "response_url_enabled": may(boolean),
        "filter": _FILTER,
    },
    "multi_conversations_select": {
        **_CHOICE,
        **_MOST,
        "initial_conversations": _IDS,
        "default_to_current_conversation": may(boolean),
        "filter": _FILTER,
    },
    "channels_select": {**_CHOICE, "initial_channel": may(string(50)), "response_url_enabled": may(boolean)},
    "multi_channels_select": {**_CHOICE, **_MOST, "initial_channels": _IDS},
    "plain_text_input": {
        **_INPUT,
        "initial_value": may(string(3000, 0)),
        "multiline": may(boolean),
        "min_length": may(integer(0, 3000)),
        "max_length": may(integer(1, 3000)),
        "dispatch_action_config": may(DISPATCH),
    },
    "rich_text_input": {**_INPUT, "initial_value": may(RICH_TEXT_VALUE), "dispatch_action_config": may(DISPATCH)},
    "email_text_input": {**_INPUT, "initial_value": may(string(3000, 0)), "dispatch_action_config": may(DISPATCH)},
    "url_text_input": {**_INPUT, "initial_value": may(string(3000, 0)), "dispatch_action_config": may(DISPATCH)},
    "number_input": {
        **_INPUT,
        "is_decimal_allowed": need(boolean),
        "initial_value": may(string(100)),
        "min_value": may(string(100)),
        "max_value": may(string(100)),
        "dispatch_action_config": may(DISPATCH),
    },
    "file_input": {**_ACTION, "filetypes": may(listed(string(20), 100)), "max_files": may(integer(1, 10))},
    "workflow_button": {
        **_ACTION,
        "text": need(text(75, plain_only=True)),
        "workflow": need(
            obj({"trigger": need(obj({"url": need(url()), "customizable_input_parameters": may(boolean)}))})
        ),
        "style": _BUTTON_STYLE,
        "accessibility_label": may(string(75)),
    },
    "icon_button": {
        **_ACTION,
        "icon": need(one_of(("trash",))),
        "text": need(text(75, plain_only=True)),
        "value": may(string(2000, 0)),
        "confirm": may(CONFIRM),
        "accessibility_label": may(string(75)),
        "visible_to_user_ids": _IDS,
    },
    "feedback_buttons": {
        **_ACTION,
        "positive_button": need(
            obj(
                {
                    "text": need(text(75, plain_only=True)),
                    "value": need(string(2000)),
                    "accessibility_label": may(string(75)),
                }
            )
        ),
        "negative_button": need(
            obj(
                {
                    "text": need(text(75, plain_only=True)),
                    "value": need(string(2000)),
                    "accessibility_label": may(string(75)),
                }
            )
        ),
    },
}

_SELECTS = {"static_select", "external_select", "users_select", "conversations_select", "channels_select"}
_MULTIS = {f"multi_{one}" for one in _SELECTS}
_PICKERS = {"datepicker", "timepicker"}
_TICKS = {"checkboxes", "radio_buttons"}
PLACES: dict[str, set[str]] = {
    "section": {"button", "image", "overflow", "workflow_button", *_SELECTS, *_MULTIS, *_PICKERS, *_TICKS},
    "actions": {"button", "overflow", "workflow_button", "datetimepicker", *_SELECTS, *_PICKERS, *_TICKS},
    "input": {
        *("plain_text_input", "rich_text_input", "email_text_input", "url_text_input", "number_input", "file_input"),
        *("datetimepicker", *_SELECTS, *_MULTIS, *_PICKERS, *_TICKS),
    },
    "context_actions": {"icon_button", "feedback_buttons"},
    "card": {"button"},
}


def element(place: str) -> Check:
    """An element that may stand in this kind of block."""

    def check(value: Any, path: str, found: Findings) -> None:
        if not isinstance(value, dict):
            found.say("must provide an object", path)
            return
        kind = value.get("type")
        if kind is None:
            found.say("missing required field: type", path)
        elif kind not in ELEMENTS or kind not in PLACES[place] or (kind == "file_input" and found.surface != "modal"):
            found.say(f"unsupported type: {kind}", f"{path}/type")
        elif check_object(value, path, found, ELEMENTS[kind]):
            _consistent(value, path, found)

    return check


def _consistent(value: dict[str, Any], path: str, found: Findings) -> None:
    kind = value["type"]
    if kind in ("static_select", "multi_static_select"):
        if ("options" in value) == ("option_groups" in value):
            found.say("must provide exactly one of: options, option_groups", path)
            return
    elif kind == "image" and ("image_url" in value) == ("slack_file" in value):
        found.say("must provide exactly one of: image_url, slack_file", path)
    if kind in ("static_select", "multi_static_select", "checkboxes", "radio_buttons"):
        offered = list(value.get("options", ()))
        for group in value.get("option_groups", ()):
            offered += group["options"]
        bare = [(one["text"]["text"], one["value"]) for one in offered]
        chosen = [*value.get("initial_options", ()), *([value["initial_option"]] if "initial_option" in value else ())]
        for one in chosen:
            if (one["text"]["text"], one["value"]) not in bare:
                found.say("initial option must be one of the options", path)
    if kind == "plain_text_input" and value.get("min_length", 0) > value.get("max_length", 3000):
        found.say("min_length must be less than max_length", f"{path}/min_length")
