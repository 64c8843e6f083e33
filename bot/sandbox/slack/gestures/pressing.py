"""People press what the bot rendered: buttons, menus, pickers, shortcuts, and menus whose options the bot provides."""

import json
from typing import Any

from bot.sandbox.slack import shapes
from bot.sandbox.slack.blockkit.shape import Findings, listed
from bot.sandbox.slack.blockkit.texts import option
from bot.sandbox.slack.errors import NotPossible, NotSeen
from bot.sandbox.slack.gestures.outcome import Outcome, error_of
from bot.sandbox.slack.gestures.seeing import Pressable, Seeing
from bot.sandbox.slack.inputs import chosen as chosen_state
from bot.sandbox.slack.inputs import elements_of, first_values, holds_state, pick_option
from bot.sandbox.slack.state import Channel, Json, Person


class Pressing(Seeing):
    """Gestures with a finger."""

    async def press(self, label: str, by: str, channel: str | None = None, choose: Any = None) -> Outcome:
        """Press the newest element that this person can see and that reads `label`, also an entry of an overflow menu.

        `choose` picks from a menu or picker found by its placeholder. Raises NotSeen with what can be seen instead.
        """
        person = self.actor(by)
        where = self.find_channel(channel, person) if channel is not None else None
        found = list(self.pressables(person, where))
        for form in (str, lambda words: str(words).strip().casefold()):
            for one in found:
                for words, entry in one.labels():
                    if form(words) == form(label):
                        return await self._press(person, one, entry if entry is not None else choose)
        seen = list(dict.fromkeys(words for one in found for words, _ in one.labels()))
        raise NotSeen(f"{person.real_name} sees no “{label}”. There is: {', '.join(seen[:40]) or 'nothing to press'}")

    async def _press(self, person: Person, what: Pressable, chosen: Any) -> Outcome:
        element = what.element
        if element["type"] == "checkboxes" and chosen in element["options"]:
            before = self._values(person, what).get(what.block["block_id"], {}).get(element["action_id"], {})
            ticked = list(before.get("selected_options", []))
            chosen = [one for one in ticked if one != chosen] if chosen in ticked else [*ticked, chosen]
        elif element["type"].endswith("external_select") and isinstance(chosen, str):
            offered = await self.options(
                person.id, what.container, what.block["block_id"], element["action_id"], chosen
            )
            chosen = pick_option({"options": offered}, chosen)
        return await self.act(person.id, what.container, what.block["block_id"], element["action_id"], chosen)

    async def act(self, by: str, container: Json, block_id: str, action_id: str, chosen: Any = None) -> Outcome:
        """The low form of a press: this element in this container.

        A container is {"type": "message", "channel": …, "ts": …} or {"type": "view", "view_id": …}.
        """
        person = self.actor(by)
        what = self._find(person, container, block_id, action_id)
        self._allowed(person)
        action = self._action(person, what, chosen)
        payload = self._payload("block_actions", person, what)
        payload["trigger_id"] = self.interactions.trigger(person, self._root(what))
        if what.channel is not None:
            payload["response_url"] = self.interactions.response_url(what.channel, person, what.message)
            payload["state"] = {"values": self._values(person, what)}
        payload["actions"] = [action]
        outcome = await self._send(person, self.hub.manifest.actions_path, payload)
        outcome.url = str(what.element.get("url") or action.get("selected_option", {}).get("url") or "")
        return outcome

    def _allowed(self, person: Person) -> None:
        if self.world.is_outsider(person) and self.world.installation.outsiders_only_post:
            raise NotPossible("You can post in this channel, but you can’t use apps in it.")

    @staticmethod
    def _root(what: Pressable) -> str | None:
        """The modal onto whose stack views.push may push after this press."""
        return what.view.root if what.view is not None and what.view.body["type"] == "modal" else None

    def _find(self, person: Person, container: Json, block_id: str, action_id: str) -> Pressable:
        if container["type"] == "view":
            homes = [] if self.world.is_outsider(person) else [self.world.homes.get(person.id)]
            views = [*self.screens.stack(person), *(one for one in homes if one is not None)]
            for view in views:
                if view.id == container["view_id"]:
                    for block, element in elements_of(view.body["blocks"]):
                        if block["block_id"] == block_id and element["action_id"] == action_id:
                            return Pressable(block, element, view=view)
            raise NotSeen(f"{person.real_name} has no such element on screen any more.")
        channel = self.find_channel(container["channel"], person)
        for _, stored in self.visible_messages(person, channel):
            if stored["ts"] == container["ts"]:
                first_values(stored.get("blocks", []), self.world)
                for block, element in elements_of(stored.get("blocks", [])):
                    if block["block_id"] == block_id and element["action_id"] == action_id:
                        return Pressable(block, element, channel=channel, message=stored)
        raise NotSeen(f"{person.real_name} sees no such element in #{channel.name} any more.")

    def _values(self, person: Person, what: Pressable) -> Json:
        """The state of the inputs around this element, as this person has set them."""
        if what.view is not None:
            return what.view.values
        assert what.message is not None
        mine = self._typed.setdefault((what.message["ts"], person.id), {})
        fresh = first_values(what.message.get("blocks", []), self.world)
        for block_id, actions in fresh.items():
            actions.update({key: value for key, value in mine.get(block_id, {}).items() if key in actions})
        return fresh

    def _action(self, person: Person, what: Pressable, chosen: Any) -> Json:
        element, block_id = what.element, what.block["block_id"]
        action: Json = {"type": element["type"], "action_id": element["action_id"], "block_id": block_id}
        if holds_state(element):
            state = chosen_state(element, chosen, self.world)
            if what.view is not None:
                what.view.values.setdefault(block_id, {})[element["action_id"]] = state
            elif what.message is not None:
                mine = self._typed.setdefault((what.message["ts"], person.id), {})
                mine.setdefault(block_id, {})[element["action_id"]] = state
            action |= {key: value for key, value in state.items() if key != "type"}
        elif element["type"] == "overflow":
            wanted = chosen.get("selected_option", chosen) if isinstance(chosen, dict) else chosen
            action["selected_option"] = pick_option(element, wanted)
        elif element["type"] == "feedback_buttons":
            action |= {key: chosen[key] for key in ("text", "value") if key in chosen}
        action |= {key: element[key] for key in ("text", "value", "style", "placeholder") if key in element}
        return {**action, "action_ts": self.world.ts()}

    def _payload(self, kind: str, person: Person, what: Pressable) -> Json:
        payload = self.base_payload(kind, person, self.world.installation.team_id)
        if what.view is not None:
            payload["container"] = {"type": "view", "view_id": what.view.id}
            payload["view"] = self.screens.shape(what.view)
            return payload
        assert what.channel is not None and what.message is not None
        message, whispered = what.message, bool(what.message.get("is_ephemeral"))
        container = {"type": "message", "message_ts": message["ts"], "channel_id": what.channel.id}
        container["is_ephemeral"] = whispered
        if message.get("thread_ts"):
            container["thread_ts"] = message["thread_ts"]
        payload |= {"container": container, "channel": self.channel_part(what.channel)}
        if not whispered:
            payload["message"] = shapes.message(self.world, what.channel, message)
        return payload

    async def _send(self, person: Person, path: str, payload: Json) -> Outcome:
        fields = {"payload": json.dumps(payload)}
        answer = await self.hub.delivery.ask("interactive", path, fields, payload)
        return Outcome(answer.status or None, error_of(answer), screen=lambda: self.screen_of(person))

    async def options(self, by: str, container: Json, block_id: str, action_id: str, typed: str) -> list[Json]:
        """What the bot offers in an external menu for these letters. Raises NotPossible when its answer is unfit."""
        person = self.actor(by)
        what = self._find(person, container, block_id, action_id)
        payload = self._payload("block_suggestion", person, what)
        payload |= {"action_id": action_id, "block_id": block_id, "value": typed}
        fields = {"payload": json.dumps(payload)}
        answer = await self.hub.delivery.ask("interactive", self.hub.manifest.options_path, fields, payload)
        if not answer.ok:
            raise NotPossible(f"The options could not be loaded ({error_of(answer)}).")
        try:
            body = answer.json() or {}
        except ValueError:
            raise NotPossible("The options could not be loaded (the answer is not JSON).") from None
        groups = body.get("option_groups")
        flat: list[Json] = [one for group in groups for one in group["options"]] if groups else body.get("options", [])
        found = Findings("message")
        listed(option(), 100, 0)(flat, "/options", found)
        if found.problems:
            raise NotPossible(f"The options could not be loaded ({'; '.join(found.problems)}).")
        return flat

    async def shortcut(self, callback_id: str, by: str, channel: str, ts: str | None = None) -> Outcome:
        """Use a shortcut on a message, or a global one without `ts`. Raises NotPossible for outsiders and whispers."""
        person = self.actor(by)
        where = self.inside(channel, person)
        known = self.hub.manifest.shortcuts.get(callback_id)
        if known is None:
            raise NotSeen(f"There is no shortcut {callback_id}.")
        if self.world.is_outsider(person):
            team = self.world.teams[person.team_id].name
            raise NotPossible(
                f"{self.hub.manifest.name} is not installed in {team}, so its shortcuts are not offered here."
            )
        payload = self.base_payload("message_action" if known.type == "message" else "shortcut", person, person.team_id)
        payload |= {"callback_id": callback_id, "trigger_id": self.interactions.trigger(person)}
        payload["action_ts"] = self.world.ts()
        if known.type == "message":
            payload |= self._on_message(person, where, ts or "")
        return await self._send(person, self.hub.manifest.actions_path, payload)

    def _on_message(self, person: Person, where: Channel, ts: str) -> Json:
        stored = self.message(where, ts)
        return {
            "channel": self.channel_part(where),
            "message_ts": ts,
            "message": shapes.message(self.world, where, stored),
            "response_url": self.interactions.response_url(where, person),
        }
