"""Text objects, options, confirmations: the small parts that blocks and elements are made of."""

from typing import Any

from bot.sandbox.slack.blockkit.shape import (
    Check,
    Findings,
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


def text(longest: int, *, plain_only: bool = False, mrkdwn_only: bool = False, shortest: int = 1) -> Check:
    """A text object; `emoji` belongs to plain_text and `verbatim` to mrkdwn."""
    allowed = ("plain_text",) if plain_only else ("mrkdwn",) if mrkdwn_only else ("plain_text", "mrkdwn")

    def check(value: Any, path: str, found: Findings) -> None:
        if not isinstance(value, dict):
            found.say("must provide an object", path)
            return
        kind = value.get("type")
        if kind is None:
            found.say("missing required field: type", path)
            return
        if kind not in allowed:
            found.say(f"must be one of the allowed text types: {', '.join(allowed)}", f"{path}/type")
            return
        extra = {"emoji": may(boolean)} if kind == "plain_text" else {"verbatim": may(boolean)}
        check_object(
            value, path, found, {"type": need(one_of(allowed)), "text": need(string(longest, shortest)), **extra}
        )
        if isinstance(value.get("text"), str):
            found.characters += len(value["text"])

    return check


def option(*, mrkdwn: bool = False, link: bool = False) -> Check:
    """An option: text up to 75 characters, value up to 150.

    mrkdwn is only for checkboxes and radio buttons, a url only for overflow menus.
    """
    keys = {
        "text": need(text(75, plain_only=not mrkdwn)),
        "value": need(string(150, 0)),
        "description": may(text(75, plain_only=not mrkdwn)),
    }
    if link:
        keys["url"] = may(url())
    return obj(keys)


OPTION_GROUP = obj({"label": need(text(75, plain_only=True)), "options": need(listed(option(), 100))})

CONFIRM = obj(
    {
        "title": need(text(100, plain_only=True)),
        "text": need(text(300)),
        "confirm": need(text(30, plain_only=True)),
        "deny": need(text(30, plain_only=True)),
        "style": may(one_of(("primary", "danger"))),
    }
)

PLACEHOLDER = text(150, plain_only=True)

DISPATCH = obj(
    {
        "trigger_actions_on": need(listed(one_of(("on_enter_pressed", "on_character_entered")), 2)),
    }
)

SLACK_FILE = obj({"id": may(string(255)), "url": may(url())})
