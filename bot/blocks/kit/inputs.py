"""The fields of forms, each known by its name, which is its block_id and its action_id."""

from collections.abc import Sequence
from datetime import date

from bot.blocks.kit.parts import plain
from bot.blocks.kit.texts import Block, clip


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
    dispatch: bool = False,
) -> Block:
    """A field for words. `name` is its block_id and action_id, by which `forms.values` and an Invalid's `field` know it.

    With `dispatch`, Enter is a press of a button of that name.
    """
    element: Block = {"type": "plain_text_input", "multiline": multiline, "max_length": limit}
    if initial:
        element["initial_value"] = clip(initial, limit)
    if placeholder:
        element["placeholder"] = plain(placeholder, 150)
    return _input(name, label, element, optional=optional, hint=hint, dispatch=dispatch)


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


def choices(
    name: str,
    label: str,
    entries: Sequence[Block],
    *,
    initial: Sequence[str] = (),
    placeholder: str = "",
    hint: str = "",
    optional: bool = True,
) -> Block:
    """A choice of any number among at most a hundred options; `initial` are values."""
    element: Block = {"type": "multi_static_select", "options": list(entries[:100])}
    chosen = [entry for entry in entries[:100] if entry["value"] in initial]
    if chosen:
        element["initial_options"] = chosen
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
    dispatch: bool = False,
) -> Block:
    """Boxes to tick, at most ten; none is ticked unless `initial` names its value. With `dispatch`, each tick is a press
    of a button of that name."""
    element: Block = {"type": "checkboxes", "options": list(entries[:10])}
    chosen = [entry for entry in entries if entry["value"] in initial]
    if chosen:
        element["initial_options"] = chosen
    return _input(name, label, element, optional=optional, hint=hint, dispatch=dispatch)
