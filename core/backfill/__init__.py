"""Backfill: what Slack remembers and we have not heard, brought into the record; and where something stays missing, a gap."""

from core.backfill.asking import Asked, after_outage, ask, bring_in, due, outage, repair, shown_in, unfinished
from core.backfill.beats import OUTAGE, beat
from core.backfill.reading import Found, Turn, finish, follow, pass_over, settle_old, take, turn, waiting
from core.backfill.tables import STATE, Backfill, Beat, Checked, Gap, Part, Told, gaps, told

__all__ = [
    "OUTAGE",
    "STATE",
    "Asked",
    "Backfill",
    "Beat",
    "Checked",
    "Found",
    "Gap",
    "Part",
    "Told",
    "Turn",
    "after_outage",
    "ask",
    "beat",
    "bring_in",
    "due",
    "finish",
    "follow",
    "gaps",
    "outage",
    "pass_over",
    "repair",
    "settle_old",
    "shown_in",
    "take",
    "told",
    "turn",
    "unfinished",
    "waiting",
]
