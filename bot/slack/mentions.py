"""What `@throughline …` does: the grammar of the commands for staff, and four words where clients read along."""

import re
import uuid
from collections.abc import Mapping, Sequence

from bot.blocks import home as blocks
from bot.blocks import kit
from bot.slack import bolt, grammar, home, listener
from bot.slack.listener import COMMANDS, Heard
from bot.slack.replies import Done, Open, Reply, Say
from core import conversations, urgent
from core.engagements import Engagement

THREAD_VERBS = ("take", "resolve", "reopen")
FOR_STAFF_THERE = ("status", *THREAD_VERBS)
FOR_CLIENTS = conversations.WORDS_TO_US

CALLED = re.compile(
    r"^\W*(?:(?:hi|hey|hello|ok|okay|please)\W+)?<@[UW][A-Z0-9]+(?:\|[^>]*)?>[\s,:;!.?–—-]*", re.IGNORECASE
)


async def hear(heard: Heard, text: str) -> Reply:
    """Answer a mention, privately. A client's words that are no command are no error: they are a message."""
    called = CALLED.match(text)
    if heard.actor.side == "staff":
        return await _staff(heard, text[called.end() :].strip()) if called else Done()
    if heard.engagement is None or heard.place != "client":
        return Done()
    words = text[called.end() :].strip() if called else ""
    return await _client(heard, heard.engagement, conversations.asked_of_us(words) if words or called else "")


async def _client(heard: Heard, engagement: Engagement, verb: str) -> Reply:
    if verb not in FOR_CLIENTS:
        return Done()
    if heard.actor.side != "client":
        return Say(
            kit.md(
                "We do not know who you are here yet. Ask {agency} to add you, then try again.", agency=heard.house.name
            )
        )
    if verb == "help":
        card = blocks.client_help(heard.house.name)
        return Say(card.text, card.blocks)
    if verb == "quote":
        ask = kit.button("Ask for a quote", "proposal.quote", str(engagement.id), style="primary")
        told = "What do you need? A few words are enough; the proposal comes here."
        return Say(told, [kit.section(told), kit.actions(ask)])
    if verb == "reopen":
        return await _in_thread(heard, engagement, "reopen")
    return await _standing(heard, engagement, waiting=verb == "waiting")


async def _standing(heard: Heard, engagement: Engagement, *, waiting: bool = False) -> Reply:
    found = await urgent.standing(heard.session, heard.actor, engagement.id)
    theirs = _awaited(found.on_client)
    if waiting:
        card = blocks.waiting(found.company, theirs)
    else:
        work = [
            blocks.Work(one.title, one.phase, one.step, one.steps, one.due_on, one.paused) for one in found.projects
        ]
        card = blocks.standing(found.company, found.agency, theirs, _awaited(found.on_us), work)
    return Say(card.text, card.blocks)


def _awaited(things: Sequence[urgent.Awaited]) -> list[blocks.Awaited]:
    return [blocks.Awaited(one.kind, one.title, one.who, one.until) for one in things]


async def _staff(heard: Heard, words: str) -> Reply:
    verbs: Mapping[str, Sequence[str]] = {**listener.verbs(), "": [*listener.verbs()[""], "help", *FOR_STAFF_THERE]}
    line = grammar.read("/tl", words, verbs)
    if heard.engagement is not None and heard.place == "client":
        return await _openly(heard, heard.engagement, line)
    if isinstance(line, grammar.Puzzled):
        return bolt.puzzled(line)
    if (line.noun, line.verb) == ("", "help"):
        card = listener.help_text(grammar.noun(line.words, listener.verbs()))
        return Say(card.text, card.blocks)
    if (line.noun, line.verb) in (("", "status"), ("engagement", "status")):
        return await (_standing(heard, heard.engagement) if heard.engagement else home.most_urgent(heard))
    noun = "conversation" if not line.noun and line.verb in THREAD_VERBS else line.noun
    command = COMMANDS.get((noun, line.verb))
    if command is None:
        return bolt.puzzled(grammar.Puzzled(line.verb or noun, "", noun))
    heard.words = line.words
    reply = await bolt.chosen(noun, line.verb, command)(heard)
    call = f"/{noun}" if f"/{noun}" in grammar.DOORS else f"/tl {noun}".strip()
    if isinstance(reply, Open):
        return Say(
            kit.md(
                "That opens a form, which a mention cannot. Type `{call} {verb}` in the channel.",
                call=call,
                verb=line.verb,
            )
        )
    return reply


async def _openly(heard: Heard, engagement: Engagement, line: grammar.Line | grammar.Puzzled) -> Reply:
    """Staff, where the client reads along: four words, and for all else the private channel."""
    if isinstance(line, grammar.Line):
        if (line.noun, line.verb) in (("", ""), ("", "status"), ("engagement", ""), ("engagement", "status")):
            return await _standing(heard, engagement)
        if line.noun in ("", "conversation") and line.verb in THREAD_VERBS:
            return await _in_thread(heard, engagement, line.verb)
    private = engagement.staff_channel_id
    where = kit.channel(private) if private else "a channel of your own"
    return Say(kit.md("Everyone here can read this. Please do it in {where}.", where=where))


async def _in_thread(heard: Heard, engagement: Engagement, verb: str) -> Reply:
    """Do it to the thread's conversation; outside of threads, to the only one that fits."""
    found: uuid.UUID | None = None
    if heard.thread_ts:
        conversation = await conversations.of_message(
            heard.session, heard.actor, heard.channel, heard.message_ts, heard.thread_ts
        )
        found = conversation.id if conversation else None
    else:
        fitting = await conversations.candidates(heard.session, heard.actor, engagement.id, resolved=verb == "reopen")
        found = fitting[0][0] if len(fitting) == 1 else None
    if found is None:
        return Say("Which topic do you mean? Please say it in its thread.")
    heard.value, heard.words = str(found), ""
    return await COMMANDS["conversation", verb].run(heard)
