"""Blocks: each type with its keys and limits, and the surfaces that it may stand on.

`file`, `call` and `share_shortcut` are only ever read from Slack, never sent. `data_table` and `data_visualization` are
being rolled out workspace by workspace; a bot that sends them must expect `invalid_blocks`, so that is what it gets.
"""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack.blockkit.elements import element
from bot.sandbox.slack.blockkit.rich import RICH_ELEMENTS, RICH_TEXT_VALUE
from bot.sandbox.slack.blockkit.shape import (
    Check,
    Findings,
    Key,
    boolean,
    check_object,
    listed,
    may,
    need,
    obj,
    one_of,
    string,
    url,
)
from bot.sandbox.slack.blockkit.texts import SLACK_FILE, text

EVERYWHERE = {"message", "modal", "home"}
_BASE = {"type": need(string(50)), "block_id": may(string(255))}
_IMAGE_KEYS = {"image_url": may(url()), "slack_file": may(SLACK_FILE), "alt_text": need(string(2000))}
_IMAGE = obj({"type": need(one_of(("image",))), **_IMAGE_KEYS})


def _context_item(value: Any, path: str, found: Findings) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "image":
        _IMAGE(value, path, found)
    else:
        text(2000)(value, path, found)


def _either(raw: Check) -> Check:
    """A table cell: rich text, or the raw form."""

    def check(value: Any, path: str, found: Findings) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        (RICH_TEXT_VALUE if kind == "rich_text" else raw)(value, path, found)

    return check


def _child(value: Any, path: str, found: Findings) -> None:
    check_block(value, path, found)


_CELL = _either(obj({"type": need(one_of(("raw_text",))), "text": need(string(2000, 0))}))
_CARD: Mapping[str, Key] = {
    **_BASE,
    "hero_image": may(_IMAGE),
    "icon": may(_IMAGE),
    "title": may(text(150)),
    "subtitle": may(text(150)),
    "body": may(text(200)),
    "actions": may(listed(element("card"), 3)),
}
_TASK: Mapping[str, Key] = {
    **_BASE,
    "task_id": need(string(255)),
    "title": need(string(150)),
    "details": may(RICH_TEXT_VALUE),
    "output": may(RICH_TEXT_VALUE),
    "sources": may(listed(obj({"type": need(one_of(("url",))), "url": need(url()), "text": need(string(150))}), 10, 0)),
    "status": may(one_of(("pending", "in_progress", "complete", "error"))),
}

BLOCKS: dict[str, tuple[set[str], Mapping[str, Key]]] = {
    "section": (
        EVERYWHERE,
        {
            **_BASE,
            "text": may(text(3000)),
            "fields": may(listed(text(2000), 10)),
            "accessory": may(element("section")),
            "expand": may(boolean),
        },
    ),
    "divider": (EVERYWHERE, _BASE),
    "header": (EVERYWHERE, {**_BASE, "text": need(text(150, plain_only=True))}),
    "context": (EVERYWHERE, {**_BASE, "elements": need(listed(_context_item, 10))}),
    "actions": (EVERYWHERE, {**_BASE, "elements": need(listed(element("actions"), 25))}),
    "image": (EVERYWHERE, {**_BASE, **_IMAGE_KEYS, "title": may(text(2000, plain_only=True))}),
    "input": (
        EVERYWHERE,
        {
            **_BASE,
            "label": need(text(2000, plain_only=True)),
            "element": need(element("input")),
            "hint": may(text(2000, plain_only=True)),
            "optional": may(boolean),
            "dispatch_action": may(boolean),
        },
    ),
    "rich_text": (EVERYWHERE, {**_BASE, "elements": need(RICH_ELEMENTS)}),
    "video": (
        EVERYWHERE,
        {
            **_BASE,
            "alt_text": need(string(2000)),
            "video_url": need(url()),
            "thumbnail_url": need(url()),
            "title": need(text(199, plain_only=True)),
            "title_url": may(url()),
            "description": may(text(199, plain_only=True)),
            "provider_icon_url": may(url()),
            "provider_name": may(string(49)),
            "author_name": may(string(49)),
        },
    ),
    "markdown": ({"message"}, {**_BASE, "text": need(string(12_000))}),
    "context_actions": ({"message"}, {**_BASE, "elements": need(listed(element("context_actions"), 5))}),
    "table": (
        {"message"},
        {
            **_BASE,
            "rows": need(listed(listed(_CELL, 20), 100)),
            "column_settings": may(
                listed(obj({"align": may(one_of(("left", "center", "right"))), "is_wrapped": may(boolean)}), 20, 0)
            ),
        },
    ),
    "alert": (
        {"modal"},
        {**_BASE, "text": need(text(3000)), "level": may(one_of(("default", "info", "warning", "error", "success")))},
    ),
    "card": (EVERYWHERE, _CARD),
    "carousel": ({"message", "home"}, {**_BASE, "elements": need(listed(obj(_CARD), 10))}),
    "container": (
        {"message"},
        {
            **_BASE,
            "title": may(text(150, plain_only=True)),
            "subtitle": may(text(150, plain_only=True)),
            "child_blocks": need(listed(_child, 10)),
            "is_collapsible": may(boolean),
            "default_collapsed": may(boolean),
        },
    ),
    "task_card": ({"message"}, _TASK),
    "plan": ({"message"}, {**_BASE, "title": need(string(150)), "tasks": may(listed(obj(_TASK), 50))}),
}


def check_block(value: Any, path: str, found: Findings) -> None:
    """One block: its type known and allowed here, its keys, its ids unique."""
    if not isinstance(value, dict):
        found.say("must provide an object", path)
        return
    kind = value.get("type")
    if kind is None:
        found.say("missing required field: type", path)
        return
    if kind not in BLOCKS or found.surface not in BLOCKS[kind][0]:
        found.say(f"unsupported type: {kind}", f"{path}/type")
        return
    fits = check_object(value, path, found, BLOCKS[kind][1])
    block_id = value.get("block_id")
    if isinstance(block_id, str):
        if block_id in found.block_ids:
            found.say(f"duplicate block_id: {block_id} already used at {found.block_ids[block_id]}", f"{path}/block_id")
        found.block_ids.setdefault(block_id, path)
    if not fits:
        return
    _consistent(value, path, found)


def _consistent(value: dict[str, Any], path: str, found: Findings) -> None:
    kind = value["type"]
    if kind == "section" and "text" not in value and "fields" not in value:
        found.say("must provide at least one of: text, fields", path)
    elif kind == "image" and ("image_url" in value) == ("slack_file" in value):
        found.say("must provide exactly one of: image_url, slack_file", path)
    elif kind == "input":
        found.inputs.append(path)
    elif kind == "markdown":
        found.characters += len(value["text"])
    elif kind == "card" and not any(key in value for key in ("hero_image", "title", "body", "actions")):
        found.say("must provide at least one of: hero_image, title, actions, body", path)
    used: dict[str, int] = {}
    for index, one in enumerate(value.get("elements", ())):
        action_id = one.get("action_id") if isinstance(one, dict) else None
        if action_id is not None and action_id in used:
            found.say(f"duplicate action_id: {action_id}", f"{path}/elements/{index}/action_id")
        elif action_id is not None:
            used[action_id] = index
