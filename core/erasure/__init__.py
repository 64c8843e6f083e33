"""Erasure on request: a person's name, address and words go; the key stays, and what the law makes one keep, and it says so."""

from core.erasure.erasing import Report, erase, foresee
from core.erasure.finding import Kept, Person, Plan, find, plan
from core.erasure.inbox import redact
from core.erasure.words import removable, unused

__all__ = ["Kept", "Person", "Plan", "Report", "erase", "find", "foresee", "plan", "redact", "removable", "unused"]
