"""The one wrapper around every listener: it opens the transaction, finds the actor, runs the listener, commits, then speaks."""

import secrets
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import structlog

from bot.blocks import kit
from bot.gateways.failures import Failure
from bot.gateways.slack import Slack
from bot.gateways.slack.profiles import profile_of
from bot.slack import grammar
from bot.slack.forms import Values
from bot.slack.replies import Done, Errors, Open, Options, Reply, Say, Update
from core import engagements, people
from core.db import Database, Session
from core.engagements import Engagement
from core.errors import Invalid, NotAllowed, NotFound, Refusal
from core.people import Actor, Organization
from core.seals import Sealer
from core.signatures import Request

log = structlog.get_logger()

AWAY = "Throughline is not set up in this workspace now. Ask whoever installed it to run `python -m bot doctor`."
LATE = "Slack closed the window before we could fill it. Please press once more."
NO_TOKEN = frozenset({"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"})
"""Slack's reasons for which our token opens nothing any more."""


@dataclass
class Heard:
    """What a listener is told: who acted, where, with which words or fields, inside which transaction."""

    session: Session
    actor: Actor
    house: Organization
    team_id: str
    user: str
    public_url: str = ""
    """Where the portal is, for links in answers."""
    channel: str = ""
    place: Literal["client", "staff", "elsewhere"] = "elsewhere"
    engagement: Engagement | None = None
    words: str = ""
    value: str = ""
    """The opaque id that the button carries, or that a form was opened with."""
    form: Values = field(default_factory=lambda: Values({}))
    view: Mapping[str, Any] | None = None
    message_ts: str = ""
    thread_ts: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    request: Request = field(default_factory=Request)
    """The request as it came, with Slack's signature over it; for what must be proved later."""
    sealer: Sealer | None = None
    """Holds the key that seals signatures; None where SIGNING_KEY is not set."""

    @property
    def key(self) -> uuid.UUID | None:
        """An id that stands for this very window, so that what is submitted twice is made once; None outside of windows."""
        return uuid.uuid5(uuid.NAMESPACE_OID, f"{self.team_id}:{self.view['id']}") if self.view else None


Listener = Callable[[Heard], Awaitable[Reply]]
Candidates = Callable[[Heard], Awaitable[Sequence[tuple[uuid.UUID, str]]]]


@dataclass(frozen=True)
class Command:
    """A verb of a noun: what runs it, how it is explained, and, where it acts on one thing of several, among which."""

    run: Listener
    hint: str
    sentence: str
    which: Candidates | None = None
    mention: bool = False
    """Whether it may also be said as a mention in a client's thread, where everybody reads the answer."""


COMMANDS: dict[tuple[str, str], Command] = {}
BUTTONS: dict[str, Listener] = {}
FORMS: dict[str, Listener] = {}
SHORTCUTS: dict[str, Listener] = {}
MENUS: dict[str, Listener] = {}


def command(
    noun: str, verb: str, sentence: str, *, hint: str = "", which: Candidates | None = None, mention: bool = False
) -> Callable[[Listener], Listener]:
    """Register a verb of a noun; verb "" is the noun alone."""

    def register(run: Listener) -> Listener:
        COMMANDS[noun, verb] = Command(run, hint, sentence, which, mention)
        return run

    return register


def _into(table: dict[str, Listener], name: str) -> Callable[[Listener], Listener]:
    def register(run: Listener) -> Listener:
        if name in table:
            raise ValueError(f"{name} is answered twice")
        table[name] = run
        return run

    return register


def button(action_id: str) -> Callable[[Listener], Listener]:
    """Register what answers a button, a ⋯ entry or a menu in a card; `heard.value` is the id it carries."""
    return _into(BUTTONS, action_id)


def form(callback_id: str) -> Callable[[Listener], Listener]:
    """Register what takes a submitted form; `heard.form` has its fields, `heard.value` the id it was opened with."""
    return _into(FORMS, callback_id)


def shortcut(callback_id: str) -> Callable[[Listener], Listener]:
    """Register what answers a message shortcut."""
    return _into(SHORTCUTS, callback_id)


def menu(action_id: str) -> Callable[[Listener], Listener]:
    """Register what fills a menu while a person types; `heard.words` is what was typed."""
    return _into(MENUS, action_id)


def verbs() -> dict[str, list[str]]:
    """Each noun with its verbs, as the grammar reads them."""
    found: dict[str, list[str]] = {"": []}
    for noun, verb in COMMANDS:
        found.setdefault(noun, []).append(verb)
    return found


class Tenants(Protocol):
    """Which tenant a workspace is, and the token to speak to it with."""

    async def of_team(self, team_id: str) -> tuple[uuid.UUID, str] | None:
        """The organization and its token; None where the app is not installed."""


class Ears:
    """Hears a payload, runs its listener in one transaction, and tells what to acknowledge it with."""

    def __init__(
        self, db: Database, tenants: Tenants, slack: Slack, *, public_url: str = "", sealer: Sealer | None = None
    ) -> None:
        self.db = db
        self.tenants = tenants
        self.slack = slack
        self.public_url = public_url
        self.sealer = sealer

    async def run(self, listener: Listener, team_id: str, user: str, told: Mapping[str, Any]) -> tuple[Reply, str]:
        """The listener's reply, or what the refusal or failure has to say; with the token to speak with."""
        known = await self.tenants.of_team(team_id)
        if known is None:
            return Say(AWAY), ""
        tenant, token = known
        try:
            await self._meet(tenant, token, team_id, user)

            async def work(session: Session) -> Reply:
                return await listener(await self._heard(session, tenant, team_id, user, told))

            return await self.db.attempt(tenant, work), token
        except Refusal as refusal:
            return await self._refused(tenant, user, refusal), token
        except Exception as error:
            reference = secrets.token_hex(3).upper()
            log.exception(
                "listener.failed",
                reference=reference,
                listener=getattr(listener, "__name__", ""),
                kind=type(error).__name__,
            )
            return Say(
                f"Something went wrong on our side, and nothing was changed. Please try again; if it stays, mention {reference}."
            ), token

    async def _heard(
        self, session: Session, tenant: uuid.UUID, team_id: str, user: str, told: Mapping[str, Any]
    ) -> Heard:
        heard = Heard(
            session=session,
            actor=await people.recognise(session, user),
            house=await people.organization(session, tenant),
            team_id=team_id,
            user=user,
            public_url=self.public_url,
            sealer=self.sealer,
            **told,
        )
        if heard.channel:
            heard.engagement, heard.place = await engagements.in_channel(session, heard.channel)
        return heard

    async def _meet(self, tenant: uuid.UUID, token: str, team_id: str, user: str) -> None:
        """Ask Slack who this is, once, before the transaction in which they act."""
        async with self.db.transaction(tenant) as session:
            if await people.identity(session, user) is not None:
                return
        try:
            info = await self.slack.user_info(token, user)
        except Failure as failure:
            log.warning("person.unknown", user=user, reason=str(failure))
            return
        async with self.db.transaction(tenant) as session:
            await people.meet(session, profile_of(info), home_team_id=team_id)

    async def _refused(self, tenant: uuid.UUID, user: str, refusal: Refusal) -> Reply:
        if isinstance(refusal, Invalid) and refusal.field:
            return Errors({refusal.field: refusal.sentence})
        sentence = refusal.sentence
        if isinstance(refusal, (NotFound, NotAllowed)):
            async with self.db.transaction(tenant) as session:
                if (await people.recognise(session, user)).side == "stranger":
                    house = await people.organization(session, tenant)
                    sentence = f"We do not know who you are here yet. Ask {house.name} to add you, then try again."
        way = [kit.button(refusal.way.label, refusal.way.action, refusal.way.id)] if refusal.way else []
        return Say(sentence, [kit.section(sentence), kit.actions(*way)] if way else [], title="Not yet")

    async def speak(self, reply: Reply, token: str, payload: Mapping[str, Any]) -> dict[str, Any] | str:
        """Show the reply to an interaction; what is returned is the body of its acknowledgement."""
        submitted = payload.get("type") == "view_submission"
        if isinstance(reply, Options):
            return {"options": list(reply.entries)}
        if isinstance(reply, Done):
            return {"response_action": "clear"} if submitted and reply.all else ""
        if isinstance(reply, Errors):
            if submitted:
                fields = {block["block_id"] for block in payload["view"]["blocks"] if block.get("type") == "input"}
                if set(reply.fields) <= fields:
                    return {"response_action": "errors", "errors": dict(reply.fields)}
            reply = Say(" ".join(reply.fields.values()), title="Not yet")
        view = _notice(reply) if isinstance(reply, Say) else reply.view
        if submitted:
            return {"response_action": "push" if isinstance(reply, Open) else "update", "view": view}
        try:
            inside = payload.get("view")
            if inside and isinstance(reply, Update):
                await self.slack.update_view(token, inside["id"], view, hash=inside.get("hash"))
            elif inside and inside.get("type") == "modal":
                await self.slack.push_view(token, payload["trigger_id"], view)
            else:
                await self.slack.open_view(token, payload["trigger_id"], view)
        except Failure as failure:
            log.warning("answer.not_shown", reason=str(failure), type=payload.get("type"))
            await self._instead(reply, view, token, payload, failure)
        return ""

    async def _instead(
        self, reply: Reply, view: dict[str, Any], token: str, payload: Mapping[str, Any], failure: Failure
    ) -> None:
        """Where Slack opens no window (any more): a line for the person alone, or the window that stands, filled anew."""
        text = AWAY if failure.code in NO_TOKEN else LATE
        if isinstance(reply, Say):
            text = kit.marked(reply.text)
        line = {"response_type": "ephemeral", "replace_original": False, "text": text}
        inside = payload.get("view") or {}
        try:
            if payload.get("response_url"):
                await self.slack.respond(payload["response_url"], line)
            elif inside.get("type") == "modal":
                await self.slack.update_view(token, inside["id"], view)
        except Failure as again:
            log.warning("answer.lost", reason=str(again), type=payload.get("type"))


def _notice(say: Say) -> dict[str, Any]:
    blocks = list(say.blocks) or [kit.section(say.text)]
    return kit.modal("notice", say.title, blocks)


def help_text(noun: str = "") -> kit.Card:
    """What can be typed, for one noun or for all."""
    lines: dict[str, list[str]] = {"": [], **{door.removeprefix("/"): [] for door in grammar.DOORS}}
    for (n, v), c in COMMANDS.items():
        if noun in ("", n):
            door = f"/{n}" if f"/{n}" in grammar.DOORS else f"/tl {n}".strip()
            call = " ".join(part for part in (door, v, c.hint) if part)
            alone = sum(other == n for other, _ in COMMANDS) == 1
            lines.setdefault("" if alone else n, []).append(
                kit.md("`{call}` {sentence}", call=call, sentence=c.sentence)
            )
    title = f"What you can type about {noun}s" if noun else "What you can type"
    blocks = [kit.header(title)]
    for about in lines.values():
        for start in range(0, len(about), 15):
            blocks.append(kit.section(kit.Raw("\n".join(about[start : start + 15]))))
    return kit.Card(title, blocks)
