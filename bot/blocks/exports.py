"""Copies of the record as Slack shows them: how far one is, that it is ready, and the personal link to it."""

from dataclasses import dataclass
from datetime import datetime

from bot.blocks import kit
from bot.blocks.kit import Block, Card

STEPS = 10


@dataclass(frozen=True)
class Copy:
    """A copy: who asked, for whom it is, how far it is."""

    id: str
    engagement_id: str
    title: str
    agency: str
    company: str
    who: str
    client: bool
    state: str
    total: int
    done: int
    size: int
    expires_at: datetime | None


def weight(size: int) -> str:
    """So many bytes, as people say it."""
    for unit, step in (("GB", 10**9), ("MB", 10**6)):
        if size >= step:
            return f"{size / step:.1f} {unit}"
    return f"{max(size // 1000, 1)} kB"


def count(messages: int) -> str:
    """So many messages."""
    return "1 message" if messages == 1 else f"{messages:,} messages"


def bar(done: int, total: int) -> str:
    """How far it is, in ten dots."""
    full = min(STEPS, done * STEPS // total) if total else 0
    return "●" * full + "○" * (STEPS - full)


def _what(copy: Copy) -> str:
    return f"a copy of the record for {copy.company}" if copy.client else "a copy of the record"


def card(copy: Copy) -> Card:
    """The card in the staff channel, updated in place while the copy is made."""
    asked = kit.md("*{who} asked for {what}*", who=copy.who, what=_what(copy))
    if copy.state in ("asked", "making"):
        how = kit.md(
            "{bar}  {done} of {total}", bar=bar(copy.done, copy.total), done=f"{copy.done:,}", total=count(copy.total)
        )
        return Card(
            kit.md("{who} asked for {what}.", who=copy.who, what=_what(copy)),
            [kit.section(kit.join([asked, how], "\n"))],
        )
    if copy.state == "ready" and copy.expires_at is not None:
        facts = kit.join(
            [count(copy.total), weight(copy.size), kit.md("kept until {day}", day=kit.when(copy.expires_at))]
        )
        return Card(
            kit.md("The copy that {who} asked for is ready.", who=copy.who),
            [
                kit.section(kit.join([asked, facts], "\n")),
                kit.actions(kit.button("Get the copy", "export.get", copy.id, style="primary")),
                kit.context(
                    "It holds a page to read, a PDF, the files, and all of it as data, with a checksum for each file."
                ),
            ],
        )
    if copy.state == "failed":
        text = kit.md("The copy that {who} asked for could not be made.", who=copy.who)
        again = kit.button("Try again", "export.again", copy.engagement_id)
        return Card(text, [kit.section(text), kit.actions(again)])
    return Card(
        asked,
        [kit.section(kit.join([asked, kit.md("It is no longer kept. `/engagement export` makes a new one.")], "\n"))],
    )


def ready(copy: Copy) -> Card:
    """The reply below that card, which tells the one who asked."""
    text = kit.md(
        "{who}, your copy of *{title}* is ready: {size}.", who=copy.who, title=copy.title, size=weight(copy.size)
    )
    return Card(text, [kit.section(text)])


def form(*, engagement_id: str, title: str, agency: str, company: str, messages: int, standing: Copy | None) -> Block:
    """The second look before a copy is made; `standing` is one that lies ready."""
    blocks: list[Block] = []
    if standing is not None and standing.expires_at is not None:
        lies = kit.md(
            "A copy for {whom} lies ready, with {count}; it is kept until {day}.",
            whom=company if standing.client else agency,
            count=count(standing.total),
            day=kit.when(standing.expires_at),
        )
        blocks += [kit.section(lies), kit.actions(kit.button("Get the copy", "export.get", standing.id)), kit.divider()]
    blocks += [
        kit.section(
            kit.md(
                "*{title}*: {count}, the files that came with them, and the business.",
                title=title,
                count=count(messages),
            )
        ),
        kit.radio(
            "audience",
            "Who will read it",
            [
                kit.option(
                    agency,
                    "staff",
                    "Everything, with internal notes, edits and deleted messages as far as you may read them.",
                ),
                kit.option(company, "client", "What they can see themselves: no internal notes, no deleted messages."),
            ],
            initial="staff",
        ),
    ]
    return kit.modal(
        "engagement.export", "Take a copy", blocks, submit="Make the copy", close="Cancel", private=engagement_id
    )


def making(messages: int, minutes: int) -> Block:
    """That it is being made."""
    return kit.notice(
        "Take a copy",
        kit.md(
            "I am making it: {count}{time}. The staff channel shows how far it is, and then has a button with a link for you alone.",
            count=count(messages),
            time=f", about {minutes} minutes" if minutes > 1 else "",
        ),
    )


def link(copy: Copy, url: str, minutes: int) -> Block:
    """The personal link, in a modal."""
    return kit.modal(
        "export",
        "Your copy",
        [
            kit.section(
                kit.md(
                    "*{title}*, for {whom}: {size}.",
                    title=copy.title,
                    whom=copy.company if copy.client else copy.agency,
                    size=weight(copy.size),
                )
            ),
            kit.actions(kit.button("Download", "export.enter", style="primary", url=url)),
            kit.context(
                f"This link is yours alone and works for {minutes} minutes. Press again whenever you want a new one."
            ),
        ],
    )


def address(public_url: str, token: str) -> str:
    """The address of a personal link to a copy."""
    return f"{public_url.rstrip('/')}/exports/{token}"
