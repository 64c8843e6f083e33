"""A small language for shapes: which keys a JSON object must and may have, and what each value must be."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

Check = Callable[[Any, str, "Findings"], None]


@dataclass
class Findings:
    """What was found wrong so far on a surface (message, modal or home), and what is counted over the whole."""

    surface: str
    problems: list[str] = field(default_factory=list)
    block_ids: dict[str, str] = field(default_factory=dict)
    characters: int = 0
    focused: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)

    def say(self, what: str, path: str) -> None:
        """Note a problem as Slack words it."""
        self.problems.append(f"{what} [json-pointer:{path}]")


@dataclass(frozen=True)
class Key:
    """One key of a shape."""

    check: Check
    required: bool = False


def need(check: Check) -> Key:
    """A key that must be there."""
    return Key(check, required=True)


def may(check: Check) -> Key:
    """A key that may be there."""
    return Key(check)


def check_object(value: Any, path: str, found: Findings, keys: Mapping[str, Key]) -> bool:
    """Check an object against its keys: none missing, none unknown, each as it must be."""
    if not isinstance(value, dict):
        found.say("must provide an object", path)
        return False
    before = len(found.problems)
    for name, key in keys.items():
        if key.required and name not in value:
            found.say(f"missing required field: {name}", path)
    for name, inner in value.items():
        key_of = keys.get(name)
        if key_of is None:
            found.say(f"invalid additional property: {name}", path)
        else:
            key_of.check(inner, f"{path}/{name}", found)
    return len(found.problems) == before


def obj(keys: Mapping[str, Key]) -> Check:
    """An object with these keys."""

    def check(value: Any, path: str, found: Findings) -> None:
        check_object(value, path, found, keys)

    return check


def string(longest: int, shortest: int = 1) -> Check:
    """A string of `shortest` to `longest` characters."""

    def check(value: Any, path: str, found: Findings) -> None:
        if not isinstance(value, str):
            found.say("must provide a string", path)
        elif len(value) < shortest:
            found.say(f"must be more than {shortest - 1} characters", path)
        elif len(value) > longest:
            found.say(f"must be less than {longest + 1} characters", path)

    return check


def one_of(allowed: Collection[Any]) -> Check:
    """One of a few values."""

    def check(value: Any, path: str, found: Findings) -> None:
        if value not in allowed:
            found.say(f"must be a valid enum value: {', '.join(map(str, allowed))}", path)

    return check


def boolean(value: Any, path: str, found: Findings) -> None:
    """true or false."""
    if not isinstance(value, bool):
        found.say("must provide a boolean", path)


def integer(least: int, most: int) -> Check:
    """A whole number between two bounds."""

    def check(value: Any, path: str, found: Findings) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            found.say("must provide a number", path)
        elif not least <= value <= most:
            found.say(f"must be between {least} and {most}", path)

    return check


def anything(value: Any, path: str, found: Findings) -> None:
    """Any value at all."""


def url(longest: int = 3000) -> Check:
    """An http(s), mailto, tel or slack address."""

    def check(value: Any, path: str, found: Findings) -> None:
        before = len(found.problems)
        string(longest)(value, path, found)
        starts = ("http://", "https://", "mailto:", "tel:", "slack:")
        if len(found.problems) == before and not value.startswith(starts):
            found.say("must be a valid URL", path)

    return check


def listed(check_item: Check, most: int, least: int = 1) -> Check:
    """A list of `least` to `most` items, each of them checked."""

    def check(value: Any, path: str, found: Findings) -> None:
        if not isinstance(value, list):
            found.say("must provide an array", path)
            return
        if len(value) < least:
            found.say(f"must provide at least {least} items", path)
        if len(value) > most:
            found.say(f"no more than {most} items allowed", path)
        for index, item in enumerate(value):
            check_item(item, f"{path}/{index}", found)

    return check
