"""How Stripe's API speaks: nested form parameters in; pages, expanded ids and refusals out."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

from core.clock import now

Json = dict[str, Any]

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"


class Refusal(Exception):
    """An answer of 400 and up. `kept`: it was being carried out, so its idempotency key keeps this answer."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        status: int = 400,
        type: str = "invalid_request_error",
        kept: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kept = kept
        said: Json = {"message": message, "type": type, "code": code, "param": param, **more}
        self.body: Json = {"error": {name: value for name, value in said.items() if value is not None}}


def stamp() -> int:
    """The present second of the movable clock, as Stripe writes times."""
    return int(now().timestamp())


def fresh(prefix: str, length: int = 24) -> str:
    """A new id, such as in_1Abc…."""
    return f"{prefix}_" + "".join(secrets.choice(_LETTERS) for _ in range(length))


def decode(body: str) -> Json:
    """`lines[0][amount]=5&expand[]=x` as {"lines": [{"amount": "5"}], "expand": ["x"]}; all leaves are text."""
    found: Json = {}
    for key, value in parse_qsl(body, keep_blank_values=True):
        head, _, rest = key.partition("[")
        path = [head, *(part.rstrip("]") for part in rest.split("["))] if rest else [head]
        here = found
        for part, following in pairwise(path):
            if not isinstance(here.get(part), dict):
                here[part] = {}
            here = here[part]
            if following == "":
                following = str(len(here))
        here[path[-1] or str(len(here))] = value
    listed: Json = {name: _lists(value) for name, value in found.items()}
    return listed


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(name.isdigit() for name in value):
        return [_lists(value[name]) for name in sorted(value, key=int)]
    return {name: _lists(inner) for name, inner in value.items()}


@dataclass
class Params:
    """The parameters of one request, read once each by the kind that is wanted."""

    given: Json

    def only(self, *names: str) -> None:
        """Refuse a parameter that Stripe would not know."""
        for name in self.given:
            if name not in names and name != "expand":
                raise Refusal(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)

    def text(self, name: str) -> str | None:
        value = self.given.get(name)
        if value is not None and not isinstance(value, str):
            raise Refusal(f"Invalid string: {value}", param=name)
        return value or None

    def needed(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise Refusal(f"Missing required param: {name}.", code="parameter_missing", param=name)
        return value

    def integer(self, name: str) -> int | None:
        return None if name not in self.given else whole(self.given[name], name)

    def flag(self, name: str, default: bool) -> bool:
        value = self.given.get(name)
        if value is None:
            return default
        if value not in ("true", "false"):
            raise Refusal(f"Invalid boolean: {value}", param=name)
        return bool(value == "true")

    def one_of(self, name: str, *values: str) -> str | None:
        value = self.text(name)
        if value is not None and value not in values:
            raise Refusal(f"Invalid {name}: must be one of {', '.join(values)}", param=name)
        return value

    def metadata(self, old: dict[str, str] | None = None) -> dict[str, str]:
        """The metadata after this request: keys are merged, an empty value removes one."""
        value = self.given.get("metadata", {})
        if value == "":
            return {}
        if not isinstance(value, dict):
            raise Refusal("Invalid object", param="metadata")
        for key, words in value.items():
            if len(key) > 40 or not isinstance(words, str) or len(words) > 500:
                raise Refusal("Metadata keys have at most 40 characters, values at most 500.", param=f"metadata[{key}]")
        merged = {key: words for key, words in {**(old or {}), **value}.items() if words != ""}
        if len(merged) > 50:
            raise Refusal("You can have at most 50 metadata keys.", param="metadata")
        return merged

    def entries(self, name: str) -> list[Json]:
        value = self.given.get(name)
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise Refusal(f"Missing required param: {name}.", code="parameter_missing", param=name)
        return value

    def names(self, name: str) -> list[str]:
        value = self.given.get(name, [])
        return [str(entry) for entry in value] if isinstance(value, list) else [str(value)]


def whole(value: Any, name: str) -> int:
    """An integer of any sign, or Stripe's refusal of what is none."""
    try:
        return int(value)
    except (TypeError, ValueError):
        raise Refusal(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name) from None


def page(found: Iterable[Json], params: Params, url: str) -> Json:
    """A list, newest first, cut by limit, starting_after, ending_before and created."""
    kept = [thing for thing in found if _created_fits(thing, params.given.get("created"))]
    kept.reverse()
    limit = params.integer("limit")
    limit = 10 if limit is None else limit
    if not 1 <= limit <= 100:
        raise Refusal("This value must be between 1 and 100.", code="parameter_invalid_integer", param="limit")
    ids = [thing["id"] for thing in kept]
    after, before = params.text("starting_after"), params.text("ending_before")
    for cursor, name in ((after, "starting_after"), (before, "ending_before")):
        if cursor is not None and cursor not in ids:
            raise Refusal(f"No such object: '{cursor}'", code="resource_missing", param=name)
    if after is not None:
        kept = kept[ids.index(after) + 1 :]
        more = len(kept) > limit
        kept = kept[:limit]
    elif before is not None:
        kept = kept[: ids.index(before)]
        more = len(kept) > limit
        kept = kept[-limit:]
    else:
        more = len(kept) > limit
        kept = kept[:limit]
    return {"object": "list", "data": kept, "has_more": more, "url": url}


def _created_fits(thing: Json, wanted: Any) -> bool:
    created = int(thing["created"])
    if wanted is None:
        return True
    if not isinstance(wanted, dict):
        return created == whole(wanted, "created")
    tests: dict[str, Callable[[int], bool]] = {
        "gt": lambda limit: created > limit,
        "gte": lambda limit: created >= limit,
        "lt": lambda limit: created < limit,
        "lte": lambda limit: created <= limit,
    }
    return all(name in tests and tests[name](whole(limit, f"created[{name}]")) for name, limit in wanted.items())


def expand(answer: Json, paths: list[str], find: Callable[[str], Json | None]) -> Json:
    """The answer with each id at these paths replaced by the thing itself; `data.` walks through a list."""
    for path in paths:
        parts = path.split(".")
        if len(parts) - parts.count("data") > 4:
            raise Refusal("You cannot expand more than 4 levels of a property", param="expand")
        _expand(answer, parts, path, find)
    return answer


def _expand(here: Any, parts: list[str], path: str, find: Callable[[str], Json | None]) -> None:
    if isinstance(here, list):
        for each in here:
            _expand(each, parts, path, find)
        return
    if not isinstance(here, dict) or parts[0] not in here:
        raise Refusal(f"This property cannot be expanded ({path}).", code="property_not_expandable", param="expand")
    value = here[parts[0]]
    if isinstance(value, str):
        value = find(value)
        if value is None:
            raise Refusal(f"This property cannot be expanded ({path}).", param="expand")
        here[parts[0]] = value
    if len(parts) > 1 and value is not None:
        _expand(value, parts[1:], path, find)
