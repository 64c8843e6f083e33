"""What somebody can press: the elements on their screen, newest first, each with the words that stand on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.gestures.stage import Stage
from bot.sandbox.slack.inputs import elements_of, options_of
from bot.sandbox.slack.state import Channel, Json, Person, View


@dataclass(frozen=True)
class Pressable:
    """An element on somebody's screen, and where it stands."""

    block: Json
    element: Json
    channel: Channel | None = None
    message: Json | None = None
    view: View | None = None

    @property
    def container(self) -> Json:
        """Where it stands, in the form that act() takes."""
        if self.view is not None:
            return {"type": "view", "view_id": self.view.id}
        assert self.channel is not None and self.message is not None
        return {"type": "message", "channel": self.channel.id, "ts": self.message["ts"]}

    def labels(self) -> list[tuple[str, Json | None]]:
        """The words by which it can be pressed; entries of menus and ticks come with their option."""
        kind = self.element["type"]
        if kind in ("button", "icon_button", "workflow_button"):
            return [(self.element["text"]["text"], None)]
        if kind in ("overflow", "checkboxes", "radio_buttons"):
            return [(one["text"]["text"], one) for one in options_of(self.element)]
        if kind == "feedback_buttons":
            return [
                (self.element[f"{one}_button"]["text"]["text"], self.element[f"{one}_button"])
                for one in ("positive", "negative")
            ]
        found: list[tuple[str, Json | None]] = []
        found += [(self.element["placeholder"]["text"], None)] if "placeholder" in self.element else []
        if self.block["type"] == "input":
            found.append((self.block["label"]["text"], None))
        elif self.block["type"] == "section" and "text" in self.block:
            found.append((self.block["text"]["text"], None))
        return found


class Seeing(Stage):
    """Looks over a person's shoulder."""

    def visible_messages(self, person: Person, channel: Channel | None = None) -> list[tuple[Channel, Json]]:
        """All messages and whispers that this person can see, newest first."""
        found: list[tuple[Channel, Json]] = []
        for one in self.world.channels.values():
            if person.id not in one.members or (channel is not None and one is not channel):
                continue
            found += [(one, stored) for stored in one.messages.values()]
            found += [(one, stored) for stored in self.world.ephemerals.get(one.id, ()) if stored["to"] == person.id]
        return sorted(found, key=lambda pair: str(pair[1]["ts"]), reverse=True)

    @staticmethod
    def words_of(stored: Json) -> str:
        """All words of a message as they stand on the screen: its blocks', or its text where it has none."""
        found: list[str] = []

        def gather(value: Any) -> None:
            if isinstance(value, dict):
                found.extend(str(one) for key, one in value.items() if key == "text" and isinstance(one, str))
                for one in value.values():
                    gather(one)
            elif isinstance(value, list):
                for one in value:
                    gather(one)

        gather(stored.get("blocks") or {"text": stored.get("text", "")})
        return "\n".join(found)

    def pressables(self, person: Person, channel: Channel | None = None) -> Iterator[Pressable]:
        """What this person can press: in the open modal, in messages from the newest on, in App Home.

        A channel narrows it to the messages there.
        """
        top = self.screens.top(person)
        if top is not None and channel is None:
            for block, element in elements_of(top.body["blocks"]):
                yield Pressable(block, element, view=top)
        for where, stored in self.visible_messages(person, channel):
            for block, element in elements_of(stored.get("blocks", [])):
                yield Pressable(block, element, channel=where, message=stored)
        home = self.world.homes.get(person.id)
        if home is not None and channel is None and not self.world.is_outsider(person):
            for block, element in elements_of(home.body["blocks"]):
                yield Pressable(block, element, view=home)
