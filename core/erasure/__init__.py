"""Erasure on request: a person's name, address and words go; the key stays, and what the law makes one keep, and it says so."""

from core.erasure.erasing import Report, erase, foresee, teams_of
from core.erasure.finding import Kept, Person, Plan, find, plan
from core.erasure.inbox import redact
from core.erasure.words import given_up, removable

__all__ = [
    "Kept",
    "Person",
    "Plan",
    "Report",
    "erase",
    "find",
    "foresee",
    "given_up",
    "plan",
    "redact",
    "removable",
    "teams_of",
]
