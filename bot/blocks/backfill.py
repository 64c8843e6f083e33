"""The card of a search for what is missing in the record, updated in place while it goes on; for staff only."""

from bot.blocks import kit
from bot.blocks.kit import Block, Card, Raw
from core.backfill import Told


def card(told: Told) -> Card:
    """How far the search is, what it found, and between which moments something may still be missing."""
    if told.reason == "link":
        lines = _imported(told) if told.done else _importing(told)
    else:
        lines = _searched(told) if told.done else _searching(told)
    if told.trouble:
        lines.append(
            kit.md(
                "Slack did not let me read all of it (`{reason}`), so messages may be missing, too.",
                reason=told.trouble,
            )
        )
    small = _progress(told) if not told.done else kit.Raw("")
    return Card(lines[0], [kit.section(kit.join(lines, "\n")), *([kit.context(small)] if small else [])])


def _importing(told: Told) -> list[str]:
    back = kit.md(", back to {when}", when=kit.when(told.back_to)) if told.back_to else Raw("")
    return [
        kit.md(
            "Bringing in what was said in {where} before: {count} so far{back}.",
            where=kit.channel(told.channel_id),
            count=_messages(told.looked),
            back=back,
        )
    ]


def _imported(told: Told) -> list[str]:
    return [
        kit.md(
            "What was said in {where} before is in the record: {count}.",
            where=kit.channel(told.channel_id),
            count=_messages(told.looked),
        ),
        kit.md(
            "What was edited or deleted there before {until} Slack does not tell, so such changes may be missing. "
            "Conversations that had been quiet for a week are resolved.",
            until=kit.when(told.until),
        ),
    ]


def _why(told: Told) -> Raw:
    if told.reason == "outage":
        return kit.md(
            "Throughline was not reachable from {since} to {until}.", since=_since(told), until=kit.when(told.until)
        )
    return kit.md(
        "The record was compared with Slack, from {since} to {until}.", since=_since(told), until=kit.when(told.until)
    )


def _since(told: Told) -> Raw:
    return kit.when(told.since) if told.since else Raw("the beginning")


def _searching(told: Told) -> list[str]:
    found = kit.md(" {count} so far.", count=_messages(told.found)) if told.found else Raw("")
    return [_why(told), kit.md("Looking for what is missing.{found}", found=found)]


def _searched(told: Told) -> list[str]:
    if told.found:
        was = "was" if told.found == 1 else "were"
        first = kit.md(
            "{count} {was} missing and {are} in the record now.",
            count=_messages(told.found),
            was=was,
            are="is" if told.found == 1 else "are",
        )
    else:
        first = Raw("Nothing that was said is missing.")
    lines: list[str] = [_why(told), first]
    if told.found or told.reason == "outage":
        lines.append(
            kit.md(
                "Between {since} and {until} edits and deletions may be missing: Slack does not tell of them afterwards.",
                since=_since(told),
                until=kit.when(told.until),
            )
        )
    return lines


def _progress(told: Told) -> Raw:
    threads = f"{told.threads_read:,} of {told.threads:,} threads read" if told.threads else ""
    return kit.join(
        [
            f"{told.looked:,} read" if told.reason != "link" else "",
            threads,
            "It goes on by itself, also after a restart.",
        ]
    )


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"


def asked() -> Block:
    """What happens next."""
    return kit.notice(
        "Missing messages",
        "The channels are compared with what Slack remembers of them, page by page. The staff channel shows how far it is.",
    )
