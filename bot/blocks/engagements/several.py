"""Linking several channels at once: what can be linked, which of them, and with whom each is shared."""

from collections.abc import Sequence

from bot.blocks import kit
from bot.blocks.kit import Block, Card

AT_ONCE = 10
"""How many are linked with one form, so that it can still be read."""
LISTED = 50


def found(channels: Sequence[str]) -> Card:
    """To whoever asked: which channels can be linked."""
    if not channels:
        text = "I am in no shared channel that could be linked. Bring me into one with `/invite @throughline`, then try again."
        return Card(kit.Raw(text), [kit.section(kit.Raw(text))])
    count = "One shared channel belongs" if len(channels) == 1 else f"{len(channels)} shared channels belong"
    names = kit.join([kit.channel(one) for one in channels[:LISTED]], ", ")
    return Card(
        f"{count} to no engagement yet.",
        [
            kit.section(kit.md("{count} to no engagement yet: {names}", count=count, names=names)),
            kit.actions(kit.button("Choose channels", "engagement.choose", style="primary")),
        ],
    )


def choose(channels: Sequence[tuple[str, str]], *, private: str, presser: str) -> Block:
    """The boxes to tick, (id, name), ten in a group; and who of the team comes into the staff channels."""
    shown = channels[:LISTED]
    groups = [shown[start : start + 10] for start in range(0, len(shown), 10)]
    blocks = [
        kit.section(
            "Each becomes an engagement of its own. The people in a channel are told, before anything in it is kept."
        ),
        *(
            kit.ticks(
                f"channels{number}",
                "Shared channels" if number == 0 else "More shared channels",
                [kit.option(f"#{name}", channel) for channel, name in group],
                optional=len(groups) > 1,
            )
            for number, group in enumerate(groups)
        ),
        kit.people_select(
            "team", "Your team", initial=[presser], hint="They come into each staff channel. You are the owner."
        ),
    ]
    if len(channels) > LISTED:
        blocks.append(kit.context(f"and {len(channels) - LISTED} more, once these are linked"))
    return kit.modal("engagement.choose", "Link several", blocks, submit="Next", close="Cancel", private=private)


def who(channels: Sequence[tuple[str, str]], *, private: str) -> Block:
    """For each chosen channel: which company it is shared with, and whom we write to there."""
    blocks: list[Block] = []
    for number, (channel, name) in enumerate(channels):
        blocks += [
            kit.section(kit.md("*{channel}*", channel=kit.channel(channel))),
            kit.text_input(f"company{number}", "Company", initial=_company(name), limit=120),
            kit.text_input(f"contact{number}", "Contact's name", placeholder="Clara Chen", limit=120),
            kit.text_input(f"email{number}", "Contact's e-mail", placeholder="clara@northwind.com", limit=254),
        ]
    return kit.modal("engagement.several", "Link several", blocks, submit="Link", close="Cancel", private=private)


def _company(name: str) -> str:
    """A guess from the channel's name."""
    return " ".join(word.capitalize() for word in name.replace("_", "-").split("-") if word)


def linked(titles: Sequence[str]) -> Block:
    """What happens next."""
    names = kit.join([kit.md("*{title}*", title=title) for title in titles], ", ")
    return kit.modal(
        "notice",
        "Link several",
        [
            kit.section(kit.md("{names}: linked.", names=names)),
            kit.section(
                "Next: a private staff channel is made for each. Its people are told what is kept; then what was said before is "
                "brought in, and each staff channel shows how far that is."
            ),
        ],
    )
