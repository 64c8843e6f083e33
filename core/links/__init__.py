"""Personal, single-use, expiring links, mailed codes and browser sessions; only hashes of their secrets are stored."""

from core.links.codes import CODE, PER_EMAIL, PER_PLACE, TRIES, Wrong, answer, ask, draw
from core.links.entering import exchange, mint, spent
from core.links.link import Link, digest, find, sweep
from core.links.sessions import SESSION, bearer, house, leave, revoke

__all__ = [
    "CODE",
    "PER_EMAIL",
    "PER_PLACE",
    "SESSION",
    "TRIES",
    "Link",
    "Wrong",
    "answer",
    "ask",
    "bearer",
    "digest",
    "draw",
    "exchange",
    "find",
    "house",
    "leave",
    "mint",
    "revoke",
    "spent",
    "sweep",
]
