"""What came back from a form: each field's value by its name, as plain Python."""

from datetime import date
from typing import Any

from core.errors import Invalid


class Values:
    """The state of a submitted view. A field is known by its name, which is its block_id."""

    def __init__(self, view: dict[str, Any]) -> None:
        self._state: dict[str, Any] = {}
        for block_id, elements in view.get("state", {}).get("values", {}).items():
            for element in elements.values():
                self._state[block_id] = _value(element)

    def text(self, name: str) -> str:
        """What was typed or chosen, trimmed; "" if nothing was."""
        value = self._state.get(name)
        return value.strip() if isinstance(value, str) else ""

    def chosen(self, name: str) -> list[str]:
        """The values that were ticked or chosen."""
        value = self._state.get(name)
        if isinstance(value, list):
            return value
        return [value] if value else []

    def day(self, name: str) -> date | None:
        """The day that was chosen."""
        value = self.text(name)
        return date.fromisoformat(value) if value else None

    def number(self, name: str) -> int:
        """A whole number; Invalid if it is none."""
        try:
            return int(self.text(name))
        except ValueError:
            raise Invalid("Please give a whole number.", field=name) from None


def _value(element: dict[str, Any]) -> str | list[str] | None:
    for key in ("selected_options", "selected_users", "selected_conversations", "selected_channels"):
        if key in element:
            chosen = element[key] or []
            return [entry["value"] if isinstance(entry, dict) else str(entry) for entry in chosen]
    if "selected_option" in element:
        option = element["selected_option"]
        return str(option["value"]) if option else None
    for key in (
        "value",
        "selected_date",
        "selected_time",
        "selected_user",
        "selected_conversation",
        "selected_channel",
    ):
        if key in element:
            return None if element[key] is None else str(element[key])
    return None
