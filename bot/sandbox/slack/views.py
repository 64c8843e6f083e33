"""The stack of modals on each person's screen, and their App Home."""

import secrets

from bot.sandbox.slack import shapes
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.hub import Hub
from bot.sandbox.slack.inputs import first_values
from bot.sandbox.slack.state import Json, Person, View, new_id

MOST_VIEWS = 3


class Screens:
    """Opens, pushes, updates and closes views; what was typed stays where block_id and action_id stay."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def _hash(self) -> str:
        return f"{self.hub.world.seconds()}.{secrets.token_hex(4)}"

    def stack(self, person: Person) -> list[View]:
        """This person's open modals, the top one last."""
        return self.hub.world.views.setdefault(person.id, [])

    def top(self, person: Person) -> View | None:
        """The modal that this person sees."""
        stack = self.stack(person)
        return stack[-1] if stack else None

    def open(self, person: Person, body: Json) -> View:
        """Show a modal; whatever modal was open goes."""
        self._unique(body)
        view = self._make(person, body, None)
        self.hub.world.views[person.id] = [view]
        self.hub.touch("view")
        return view

    def push(self, person: Person, body: Json) -> View:
        """Show a modal on top of the one that is open. Raises push_limit_reached past three."""
        stack = self.stack(person)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= MOST_VIEWS:
            raise SlackError("push_limit_reached")
        self._unique(body)
        view = self._make(person, body, stack[-1])
        stack.append(view)
        self.hub.touch("view")
        return view

    def update(self, view: View, body: Json) -> View:
        """Put another body in the place of a view, under a new hash."""
        self._unique(body, but=view)
        for block in body["blocks"]:
            block.setdefault("block_id", new_id("b")[-6:])
        fresh = first_values(body["blocks"], self.hub.world)
        for block_id, actions in fresh.items():
            for action_id, value in actions.items():
                kept = view.values.get(block_id, {}).get(action_id)
                if kept is not None and kept.get("type") == value.get("type"):
                    actions[action_id] = kept
        view.body, view.values, view.hash = body, fresh, self._hash()
        self.hub.touch("home" if body["type"] == "home" else "view")
        return view

    def publish(self, person: Person, body: Json, expected_hash: str | None) -> View:
        """Put up a person's App Home. Raises hash_conflict if it has changed since."""
        home = self.hub.world.homes.get(person.id)
        if home is not None and expected_hash and expected_hash != home.hash:
            raise SlackError("hash_conflict")
        if home is not None:
            return self.update(home, body)
        home = self._make(person, body, None)
        self.hub.world.homes[person.id] = home
        self.hub.touch("home")
        return home

    def find(self, view_id: str | None, external_id: str | None) -> View:
        """A view that is on somebody's screen, by its id or its external_id. Raises not_found."""
        for view in self._all():
            if (view_id and view.id == view_id) or (external_id and view.body.get("external_id") == external_id):
                return view
        raise SlackError("not_found")

    def close(self, person: Person, view: View, *, whole_stack: bool = False) -> list[View]:
        """Take a view off the screen, or the whole stack; the views that went are returned."""
        stack = self.stack(person)
        gone = list(stack) if whole_stack else stack[stack.index(view) :]
        self.hub.world.views[person.id] = [one for one in stack if one not in gone]
        self.hub.touch("view")
        return gone

    def shape(self, view: View) -> Json:
        """The view as the bot is told of it."""
        return shapes.view(self.hub.world, view)

    def _all(self) -> list[View]:
        world = self.hub.world
        return [*world.homes.values(), *(view for stack in world.views.values() for view in stack)]

    def _unique(self, body: Json, but: View | None = None) -> None:
        name = body.get("external_id")
        if name and any(one.body.get("external_id") == name for one in self._all() if one is not but):
            raise SlackError("duplicate_external_id")

    def _make(self, person: Person, body: Json, below: View | None) -> View:
        for block in body["blocks"]:
            block.setdefault("block_id", new_id("b")[-6:])
        view_id = new_id("V")
        view = View(
            view_id, person.id, body, self._hash(), below.root if below else view_id, below.id if below else None
        )
        view.values = first_values(body["blocks"], self.hub.world)
        return view
