"""How a search looks: its field, what was found with the found words marked, and what can be typed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.blocks import kit
from bot.blocks.kit import Block, Card

FIRST = 8
"""How many hits an answer in a channel shows."""
PAGE = 20
"""How many hits one page of the window shows."""
HOW = kit.Raw(
    '`"exact words"` · `from:clara` · `in:northwind` · `after:fri` · `before:2026-11` · `has:file` · `-without`'
)


@dataclass(frozen=True)
class Hit:
    """A message that was found. `pieces` are (kind, text), as `kit.quote` takes them."""

    topic: str
    engagement: str
    who: str
    at: datetime
    pieces: Sequence[tuple[str, str]]
    link: str = ""
    staff_only: bool = False
    edited: bool = False
    deleted: bool = False
    files: Sequence[str] = ()


@dataclass(frozen=True)
class Results:
    """What a search found: the hits to show, how many fit in all, and whether everything was looked through or the newest only."""

    typed: str
    hits: Sequence[Hit] = ()
    total: int = 0
    whole: bool = True
    skip: int = 0
    reach: int = 0
    """How many hits can be paged through."""
    notes: Sequence[str] = ()


def link(channel_id: str, ts: str, thread_ts: str = "") -> str:
    """Where a message stands in Slack; "" if it stands nowhere.

    It has the form of Slack's own permalinks, less the workspace's name: Slack finds the workspace by who is signed in.
    So it needs no call for each hit, and, other than app_redirect, leads to the message and not only to its channel.
    """
    if not (channel_id and ts):
        return ""
    address = f"https://slack.com/archives/{channel_id}/p{ts.replace('.', '')}"
    return f"{address}?thread_ts={thread_ts}&cid={channel_id}" if thread_ts and thread_ts != ts else address


def field(label: str, typed: str = "", *, dispatch: bool = False) -> Block:
    """The field that a search is typed into."""
    return kit.text_input(
        "find.words",
        label,
        initial=typed,
        placeholder='"launch date" from:clara after:fri',
        limit=300,
        dispatch=dispatch,
    )


def in_home() -> list[Block]:
    """The search in App Home: its field, and a button for those without an Enter key."""
    return [field("Find what was said", dispatch=True), kit.actions(kit.button("Find messages", "find.home"))]


def told(results: Results) -> Card:
    """The answer to `/tl find words`, for the person alone."""
    title = sentence(results)
    blocks = [kit.section(kit.md("*{title}*", title=title)), *_body(results)]
    if results.hits:
        shown = results.total > len(results.hits)
        label = "Show more" if shown else "Search again"
        blocks.append(kit.actions(kit.button(label, "find.open", kit.clip(results.typed, 1900) or " ")))
    return Card(title, kit.fits(blocks))


def sheet(results: Results, here: str = "") -> Block:
    """The search in a window: the field, the hits, and those after them. `here` is the engagement that “in:here” means in it."""
    blocks: list[Block] = [field("Words, names, days", results.typed)]
    if results.typed or results.notes:
        blocks += [kit.section(kit.md("*{title}*", title=sentence(results))), *_body(results)]
    if results.hits:
        after = results.skip + len(results.hits)
        more = min(results.total, results.reach) - after
        row = [
            kit.button("Back", "find.back", str(max(results.skip - PAGE, 0))) if results.skip else None,
            kit.button(f"Next {min(more, PAGE)}", "find.next", str(after)) if more > 0 else None,
        ]
        if any(row):
            blocks.append(kit.actions(*row))
        elif results.total > after:
            blocks.append(kit.context("Only the best are shown. One more word, or a name, finds the rest."))
    else:
        blocks.append(kit.context(HOW))
    return kit.modal("find", "Find what was said", blocks, submit="Find", close="Close", private=here)


def sentence(results: Results) -> str:
    """What a search found, in a line."""
    if not results.typed.strip():
        return "What are you looking for?"
    count, words = len(results.hits), f"“{kit.clip(results.typed, 60)}”"
    if not count:
        return f"Nothing found for {words}."
    if results.skip or results.total > count:
        total = f"{results.total:,}" if results.whole else f"the newest {results.total:,}"
        first = f"{results.skip + 1} to {results.skip + count}" if results.skip else f"The best {count}"
        return f"{first} of {total} messages for {words}."
    return f"{count} message{'s' if count != 1 else ''} for {words}."


def _body(results: Results) -> list[Block]:
    blocks = [kit.context(note) for note in results.notes]
    for hit in results.hits:
        blocks += _hit(hit)
    if not results.hits and results.typed.strip() and not results.notes:
        blocks.append(kit.context("Fewer words find more. What was said before a channel was linked is not here."))
    return blocks


def _hit(hit: Hit) -> list[Block]:
    topic = kit.clip(hit.topic or hit.engagement, 80)
    title = kit.link(hit.link, topic) if hit.link and not hit.deleted else kit.md("{topic}", topic=topic)
    state = "deleted since" if hit.deleted else "edited" if hit.edited else ""
    line = kit.join(
        [
            "🔒 internal" if hit.staff_only else "",
            hit.who or "Somebody",
            kit.when(hit.at),
            hit.engagement if hit.topic else "",
            state,
        ]
    )
    pieces = [piece for piece in hit.pieces if piece[1]] or [("words", "(no words)")]
    blocks = [kit.section(kit.md("*{title}*\n{line}", title=title, line=line)), kit.quote(pieces)]
    if hit.files:
        blocks.append(kit.context(kit.join([f"📎 {kit.clip(name or 'a file', 80)}" for name in hit.files[:5]])))
    return blocks
