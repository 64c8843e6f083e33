"""People fill in, submit and close modals."""

import json
from typing import Any

from bot.sandbox.slack.blockkit import check_view
from bot.sandbox.slack.errors import NotPossible, NotSeen, SlackError
from bot.sandbox.slack.gestures.outcome import NONSENSE, Outcome, error_of
from bot.sandbox.slack.gestures.pressing import Pressing
from bot.sandbox.slack.inputs import chosen, complaints, elements_of, holds_state, pick_option
from bot.sandbox.slack.state import Json, Person, View


class Forms(Pressing):
    """Gestures in a modal."""

    async def submit(self, values: dict[str, Any] | None, by: str) -> Outcome:
        """Fill the top modal by the labels of its inputs (or placeholders, or action_ids) and submit it.

        Options are given by their text, ticks as a list of texts or True, dates as "YYYY-MM-DD". What is not named
        stays as it is.
        """
        person = self.actor(by)
        view = self._top_view(person)
        state: Json = {}
        for label, value in (values or {}).items():
            block, element = self._field(person, view, label)
            if element["type"].endswith("external_select") and not isinstance(value, (dict, type(None))):
                value = await self._offered(person, view, block, element, value)
            state.setdefault(block["block_id"], {})[element["action_id"]] = chosen(element, value, self.world)
        return await self.submit_view(person.id, view.id, state)

    async def _offered(self, person: Person, view: View, block: Json, element: Json, value: Any) -> Any:
        """Type into an external menu and take what the bot offers."""
        several = element["type"].startswith("multi_")
        picked = []
        for one in value if isinstance(value, (list, tuple)) else [value]:
            container = {"type": "view", "view_id": view.id}
            offered = await self.options(person.id, container, block["block_id"], element["action_id"], str(one))
            picked.append(pick_option({"options": offered}, one))
        return picked if several else picked[0]

    def _top_view(self, person: Person) -> View:
        view = self.screens.top(person)
        if view is None:
            raise NotSeen(f"{person.real_name} has no modal open.")
        return view

    def _field(self, person: Person, view: View, label: str) -> tuple[Json, Json]:
        names: list[str] = []
        for block, element in elements_of(view.body["blocks"]):
            if not holds_state(element):
                continue
            words = [element["action_id"], element.get("placeholder", {}).get("text", "")]
            if block["type"] == "input":
                words.insert(0, block["label"]["text"])
            elif block["type"] == "section" and "text" in block:
                words.insert(0, block["text"]["text"])
            if label.casefold() in [one.casefold() for one in words]:
                return block, element
            names.append(words[0])
        raise NotSeen(f"{person.real_name} sees no field “{label}”. There is: {', '.join(names) or 'no field'}")

    async def submit_view(self, by: str, view_id: str, state: Json) -> Outcome:
        """Submit this modal with `state` ({block_id: {action_id: {"type": …, …}}}) laid over what was typed already."""
        person = self.actor(by)
        view = self._top_view(person)
        if view.id != view_id:
            raise NotSeen(f"{person.real_name} has another modal on top.")
        if "submit" not in view.body:
            raise NotPossible("This modal has no submit button.")
        for block_id, actions in state.items():
            if block_id in view.values:
                view.values[block_id].update(
                    {key: value for key, value in actions.items() if key in view.values[block_id]}
                )
        if problems := complaints(view.body["blocks"], view.values):
            return Outcome(errors=problems, screen=lambda: self.screen_of(person))
        payload = self.base_payload("view_submission", person, person.team_id)
        payload["trigger_id"] = self.interactions.trigger(person, view.root)
        payload |= {"view": self.screens.shape(view), "response_urls": []}
        fields = {"payload": json.dumps(payload)}
        answer = await self.hub.delivery.ask("interactive", self.hub.manifest.actions_path, fields, payload)
        outcome = Outcome(answer.status or None, error_of(answer), screen=lambda: self.screen_of(person))
        if answer.ok and view in self.screens.stack(person):
            try:
                self._answered(person, view, answer.json(), outcome)
            except ValueError:
                outcome.error = NONSENSE
            except SlackError as error:
                outcome.error = NONSENSE
                outcome.errors = {"": "; ".join(error.more.get("errors", [error.error]))}
        return outcome

    def _answered(self, person: Person, view: View, body: Any, outcome: Outcome) -> None:
        """Do what the bot's answer to a submission asks for; without an answer the modal closes."""
        if not body:
            self.screens.close(person, view)
            return
        action = body.get("response_action") if isinstance(body, dict) else None
        if action == "errors":
            inputs = {block["block_id"] for block in view.body["blocks"] if block["type"] == "input"}
            told = body.get("errors")
            if not isinstance(told, dict) or not told or not set(told) <= inputs:
                raise SlackError("errors must name the block_ids of input blocks")
            outcome.errors = {str(key): str(value) for key, value in told.items()}
        elif action == "clear":
            self.screens.close(person, view, whole_stack=True)
        elif action == "update":
            check_view(body.get("view"), "modal")
            self.screens.update(view, body["view"])
        elif action == "push":
            check_view(body.get("view"), "modal")
            self.screens.push(person, body["view"])
        else:
            outcome.error = NONSENSE

    async def close(self, by: str) -> Outcome:
        """Close the top modal, or all of them where it says clear_on_close; the bot is told where it asked to be."""
        person = self.actor(by)
        view = self._top_view(person)
        cleared = bool(view.body.get("clear_on_close"))
        gone = self.screens.close(person, view, whole_stack=cleared)
        outcome = Outcome(200, screen=lambda: self.screen_of(person))
        for one in reversed(gone):
            if not one.body.get("notify_on_close"):
                continue
            payload = self.base_payload("view_closed", person, person.team_id)
            payload |= {"view": self.screens.shape(one), "is_cleared": cleared}
            fields = {"payload": json.dumps(payload)}
            answer = await self.hub.delivery.ask("interactive", self.hub.manifest.actions_path, fields, payload)
            outcome.status, outcome.error = answer.status or None, error_of(answer)
        return outcome
