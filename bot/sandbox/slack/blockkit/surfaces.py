"""The three surfaces: messages, modals and App Home, with the limits that hold for the whole of each."""

import json
from typing import Any

from bot.sandbox.slack.blockkit.blocks import check_block
from bot.sandbox.slack.blockkit.shape import Findings, boolean, check_object, listed, may, need, one_of, string
from bot.sandbox.slack.blockkit.texts import text
from bot.sandbox.slack.errors import SlackError

MESSAGE_CHARACTERS = 13_200
VIEW_BYTES = 250_000

_VIEW = {
    "type": need(one_of(("modal", "home"))),
    "blocks": need(listed(check_block, 100, 0)),
    "callback_id": may(string(255, 0)),
    "external_id": may(string(255, 0)),
    "private_metadata": may(string(3000, 0)),
}
_SHORT = text(24, plain_only=True)
_MODAL = {
    **_VIEW,
    "title": need(_SHORT),
    "submit": may(_SHORT),
    "close": may(_SHORT),
    "clear_on_close": may(boolean),
    "notify_on_close": may(boolean),
    "submit_disabled": may(boolean),
}


def check_message(blocks: Any) -> None:
    """Blocks for a message: at most 50, sound in themselves, about 13,200 characters in all.

    Raises invalid_blocks_format, invalid_blocks or msg_blocks_too_long.
    """
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    found = Findings("message")
    listed(check_block, 50, 0)(blocks, "/blocks", found)
    markdown = sum(len(one["text"]) for one in blocks if _is_markdown(one))
    if markdown > 12_000:
        found.say("markdown text must be less than 12001 characters in all", "/blocks")
    if sum(1 for one in blocks if isinstance(one, dict) and one.get("type") == "table") > 1:
        raise _refused("invalid_attachments", ["only_one_table_allowed [json-pointer:/blocks]"])
    if found.problems:
        raise _refused("invalid_blocks", found.problems)
    if found.characters > MESSAGE_CHARACTERS:
        raise SlackError("msg_blocks_too_long")


def _is_markdown(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") == "markdown" and isinstance(block.get("text"), str)


def check_view(view: Any, expected: str) -> None:
    """A view of the expected type, `modal` or `home`. Raises invalid_arguments with the paths, or view_too_large."""
    if not isinstance(view, dict):
        raise _refused("invalid_arguments", ["must provide an object [json-pointer:/view]"])
    if len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES:
        raise SlackError("view_too_large")
    found = Findings(expected)
    if view.get("type") not in ("modal", "home"):
        found.say("must be a valid enum value: modal, home", "/view/type")
    elif view["type"] != expected:
        found.say(f"must be a {expected} view", "/view/type")
    else:
        check_object(view, "/view", found, _MODAL if expected == "modal" else _VIEW)
        if expected == "modal" and found.inputs and "submit" not in view:
            found.say("must define `submit` to use an `input` block in modals", found.inputs[0])
        for path in found.focused[1:]:
            found.say("only one element may have focus_on_load", path)
    if found.problems:
        raise _refused("invalid_arguments", found.problems)


def _refused(error: str, problems: list[str]) -> SlackError:
    messages = [f"[ERROR] {line}" for line in problems]
    return SlackError(error, errors=problems, response_metadata={"messages": messages})
