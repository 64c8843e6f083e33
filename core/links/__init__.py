"""Personal, single-use, expiring links, mailed codes, reply addresses and browser sessions; only hashes of their secrets are stored."""

from core.links.codes import CODE, PER_EMAIL, PER_PLACE, TRIES, Wrong, answer, ask, draw
from core.links.entering import exchange, mint, spent
from core.links.link import Link, digest, find, sweep
from core.links.replying import REPLY, bind, correspondents, house_of_reply, lead_elsewhere, reply_link, reply_token
from core.links.sessions import SESSION, bearer, house, leave, revoke

__all__ = [
    "CODE",
    "PER_EMAIL",
    "PER_PLACE",
    "REPLY",
    "SESSION",
    "TRIES",
    "Link",
    "Wrong",
    "answer",
    "ask",
    "bearer",
    "bind",
    "correspondents",
    "digest",
    "draw",
    "exchange",
    "find",
    "house",
    "house_of_reply",
    "lead_elsewhere",
    "leave",
    "mint",
    "reply_link",
    "reply_token",
    "revoke",
    "spent",
    "sweep",
]
