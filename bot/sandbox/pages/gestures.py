"""What the page may do: the table of a person's gestures, each with the arguments that it takes."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.errors import NotPossible, NotSeen, SlackError

Json = dict[str, Any]


@dataclass(frozen=True)
class Gesture:
    """A gesture's arguments with their types; those in `optional` may be left out. `by`: it is told who makes it."""

    needs: Mapping[str, type]
    optional: Mapping[str, type] = dataclasses.field(default_factory=dict)
    by: bool = True

    def arguments(self, given: Json) -> Json:
        """The known arguments, checked. Raises ValueError with a sentence."""
        taken: Json = {}
        for name, kind in {**self.needs, **self.optional}.items():
            value = given.get(name)
            if value is None:
                if name in self.needs:
                    raise ValueError(f"This needs “{name}”.")
            elif not isinstance(value, kind):
                raise ValueError(f"“{name}” is not of the right kind.")
            else:
                taken[name] = value
        return taken


GESTURES: Mapping[str, Gesture] = {
    "command": Gesture({"text": str, "channel": str}),
    "says": Gesture({"text": str, "channel": str}, {"thread": str, "broadcast": bool}),
    "edits": Gesture({"ts": str, "text": str, "channel": str}),
    "deletes": Gesture({"ts": str, "channel": str}),
    "reacts": Gesture({"emoji": str, "ts": str, "channel": str}),
    "unreacts": Gesture({"emoji": str, "ts": str, "channel": str}),
    "act": Gesture({"container": dict, "block_id": str, "action_id": str}, {"chosen": object}),
    "options": Gesture({"container": dict, "block_id": str, "action_id": str, "typed": str}),
    "submit_view": Gesture({"view_id": str, "state": dict}),
    "close": Gesture({}),
    "shortcut": Gesture({"callback_id": str, "channel": str, "ts": str}),
    "opens_home": Gesture({}),
    "opens_channel": Gesture({"channel": str}),
    "accepts": Gesture({"invite": str}),
    "approves": Gesture({"invite": str}),
    "declines": Gesture({"invite": str}),
    "joins": Gesture({"channel": str}),
    "leaves": Gesture({"channel": str}),
    "invites": Gesture({"who": str, "channel": str}),
    "creates": Gesture({"name": str}, {"private": bool}),
    "archives": Gesture({"channel": str}),
    "unarchives": Gesture({"channel": str}),
    "shares": Gesture({"channel": str, "email": str}),
    "disconnects": Gesture({"channel": str, "team": str}, by=False),
}


def shown(result: Any) -> Any:
    """What came of a gesture, as JSON: dataclasses become objects, without what can only be called; the rest stays."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        held = {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
        return {name: shown(value) for name, value in held.items() if not callable(value)}
    if isinstance(result, Mapping):
        return {str(key): shown(value) for key, value in result.items()}
    if isinstance(result, (list, tuple, set)):
        return [shown(value) for value in result]
    return result if isinstance(result, (str, int, float, bool)) or result is None else str(result)


REFUSALS = (NotPossible, NotSeen, SlackError, LookupError, ValueError)


def sentence(problem: Exception) -> str:
    """What the person reads when a gesture is refused."""
    if isinstance(problem, SlackError):
        return f"Slack refuses this: {problem.error.replace('_', ' ')}."
    if isinstance(problem, KeyError):
        return f"Nothing here is called {problem.args[0] if problem.args else 'that'}."
    return str(problem) or "This is not possible here."
