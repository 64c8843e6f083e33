"""The registry of listeners, bound to Bolt: commands, buttons, forms, shortcuts and menus answer within their acknowledgement."""

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.blocks import kit
from bot.slack import grammar, listener
from bot.slack.forms import Values
from bot.slack.listener import BUTTONS, COMMANDS, FORMS, MENUS, SHORTCUTS, Command, Ears, Heard, Listener
from bot.slack.replies import Done, Open, Options, Reply, Say
from core.errors import NotFound
from core.signatures import Request

ANY = re.compile(r".*", re.DOTALL)
PROVING = ("content-type", "x-slack-request-timestamp", "x-slack-signature")
"""The headers by which a request's body can be proved to be Slack's, by whoever has the signing secret."""


def make(ears: Ears, *, signing_secret: str) -> AsyncApp:
    """The Bolt app. Bolt parses and verifies; a listener of ours answers, and its reply is the HTTP answer itself."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        # Bolt wants a token before it hands a request on; whose request it is, `Ears` decides, and with which token it answers.
        known = await ears.tenants.of_team(team_id or "")
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=known[1] if known else "none")

    app = AsyncApp(
        signing_secret=signing_secret
        or secrets.token_hex(32),  # Bolt wants one; in Socket Mode no request is checked with it
        authorize=authorize,
        process_before_response=True,
        ignoring_self_events_enabled=False,
    )

    async def typed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(await _command(ears, body))

    for door in grammar.DOORS:
        app.command(door)(typed)

    async def pressed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(await _pressed(ears, body))

    async def submitted(ack: AsyncAck, body: dict[str, Any], request: AsyncBoltRequest) -> None:
        await ack(await _submitted(ears, body, as_it_came(request)))

    async def closed(ack: AsyncAck) -> None:
        await ack()

    async def cut_short(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(await _shortcut(ears, body))

    async def asked(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(await _menu(ears, body))

    app.action(ANY)(pressed)
    app.view_submission(ANY)(submitted)
    app.view_closed(ANY)(closed)
    app.shortcut(ANY)(cut_short)
    app.options(ANY)(asked)
    return app


async def _command(ears: Ears, body: Mapping[str, Any]) -> dict[str, Any] | str:
    line = grammar.read(body["command"], body.get("text") or "", listener.verbs())
    told: dict[str, Any] = {"channel": body["channel_id"], "payload": body}
    reply: Reply
    if isinstance(line, grammar.Puzzled):
        reply, token = puzzled(line), ""
    elif (line.noun, line.verb) == ("", "help"):
        card = listener.help_text(grammar.noun(line.words, listener.verbs()))
        reply, token = Say(card.text, card.blocks), ""
    else:
        told["words"] = line.words
        reply, token = await ears.run(
            chosen(line.noun, line.verb, COMMANDS[line.noun, line.verb]), body["team_id"], body["user_id"], told
        )
    if isinstance(reply, Say):
        return {
            "response_type": "ephemeral",
            "text": kit.marked(reply.text),
            **({"blocks": list(reply.blocks)} if reply.blocks else {}),
        }
    return await ears.speak(reply, token, {**body, "type": "command"})


def puzzled(line: grammar.Puzzled) -> Say:
    """The answer to a line that was not understood: the nearest right word, else where help is."""
    call = f"/{line.noun}" if f"/{line.noun}" in grammar.DOORS else f"/tl {line.noun}".strip()
    if line.nearest:
        return Say(
            kit.md(
                "I do not know “{typed}”. Did you mean `{call} {nearest}`?",
                typed=line.typed,
                call=call,
                nearest=line.nearest,
            )
        )
    return Say(kit.md("I do not know “{typed}”. `{call} help` shows what can be typed.", typed=line.typed, call=call))


def chosen(noun: str, verb: str, command: Command) -> Listener:
    """The command's listener, with the one thing it acts on found by its words, or a picker where several fit."""
    if command.which is None:
        return command.run
    which = command.which

    async def run(heard: Heard) -> Reply:
        candidates = await which(heard)
        if not candidates:
            door = f"/{noun}" if f"/{noun}" in grammar.DOORS else f"/tl {noun}"
            raise NotFound(f"There is no {noun} here to do that with. `{door}` shows what there is.")
        fitting, words = grammar.which(heard.words, candidates)
        if len(fitting) == 1:
            heard.value, heard.words = str(fitting[0][0]), words
            return await command.run(heard)
        return Open(
            kit.modal(
                f"which.{noun}.{verb}",
                f"Which {noun}?",
                [kit.select("which", f"Which {noun}?", [kit.option(title, str(row_id)) for row_id, title in fitting])],
                submit="Continue",
                close="Cancel",
                private=f"{heard.channel} {words}",
            )
        )

    run.__name__ = f"which_{noun}_{verb}"
    return run


async def _pressed(ears: Ears, body: Mapping[str, Any]) -> dict[str, Any] | str:
    action = body["actions"][0]
    name, value = action["action_id"], action.get("value") or ""
    if action["type"] == "overflow":
        name, _, value = action["selected_option"]["value"].partition(":")
    elif "selected_option" in action:
        value = (action["selected_option"] or {}).get("value", "")
    if action.get("url") and name not in BUTTONS:
        return ""
    container, view = body.get("container", {}), body.get("view")
    told = {
        "channel": (body.get("channel") or {}).get("id", "") or container.get("channel_id", ""),
        "value": value,
        "view": view,
        "form": Values(view or {}),
        "message_ts": container.get("message_ts", ""),
        "thread_ts": container.get("thread_ts", "") or (body.get("message") or {}).get("thread_ts", ""),
        "payload": body,
    }
    reply, token = await ears.run(BUTTONS.get(name, _gone), _installed(body), body["user"]["id"], told)
    return await ears.speak(reply, token, body)


async def _gone(heard: Heard) -> Reply:
    return Say("This button is from an older card and does nothing any more. The latest card is pinned in the channel.")


def as_it_came(request: AsyncBoltRequest) -> Request:
    """The request's body, and Slack's signature over it, which the door has checked. Socket Mode has none: Slack speaks
    over a connection of ours, and what it says is kept as we write it."""
    if request.mode == "http":
        proving = {name: request.headers[name][0] for name in PROVING if request.headers.get(name)}
        return Request(request.raw_body.encode(), json.dumps(proving), "Slack")
    return Request(json.dumps(request.body).encode(), json.dumps({"transport": "socket mode"}), "")


async def _submitted(ears: Ears, body: Mapping[str, Any], request: Request) -> dict[str, Any] | str:
    view = body["view"]
    name, private, channel, words = view["callback_id"], view.get("private_metadata", ""), "", ""
    values = Values(view)
    run = FORMS.get(name, _gone)
    if name.startswith("which."):
        _, noun, verb = (*name.split("."), "")[:3]
        known = COMMANDS.get((noun, verb))
        run, (channel, _, words), private = known.run if known else _gone, private.partition(" "), values.text("which")
    told = {"value": private, "form": values, "view": view, "channel": channel, "words": words, "payload": body}
    told["request"] = request
    reply, token = await ears.run(run, _installed(body), body["user"]["id"], told)
    if name.startswith("which.") and isinstance(reply, Open):
        return {"response_action": "update", "view": reply.view}
    return await ears.speak(reply, token, {**body, "type": "view_submission"})


async def _shortcut(ears: Ears, body: Mapping[str, Any]) -> dict[str, Any] | str:
    message = body.get("message") or {}
    told = {
        "channel": (body.get("channel") or {}).get("id", ""),
        "message_ts": message.get("ts", ""),
        "thread_ts": message.get("thread_ts", ""),
        "payload": body,
    }
    reply, token = await ears.run(SHORTCUTS.get(body["callback_id"], _gone), _installed(body), body["user"]["id"], told)
    return await ears.speak(reply, token, body)


async def _menu(ears: Ears, body: Mapping[str, Any]) -> dict[str, Any] | str:
    view = body.get("view") or {}
    told = {
        "words": body.get("value", ""),
        "value": view.get("private_metadata", ""),
        "form": Values(view),
        "payload": body,
    }
    reply, token = await ears.run(MENUS.get(body["action_id"], _nothing), _installed(body), body["user"]["id"], told)
    return await ears.speak(reply if isinstance(reply, Options) else Options(), token, body)


async def _nothing(heard: Heard) -> Reply:
    return Done()


def _installed(body: Mapping[str, Any]) -> str:
    """The workspace in which the app is installed, which in a form submitted by an outsider is not the team that it names."""
    view = body.get("view") or {}
    return str(view.get("app_installed_team_id") or (body.get("team") or {}).get("id") or body["user"]["team_id"])
