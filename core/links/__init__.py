"""Personal, single-use, expiring links, mailed codes, reply addresses and browser sessions; only hashes of their secrets are stored."""

from core.links.codes import CODE, PER_EMAIL, PER_PLACE, TRIES, Wrong, answer, ask, draw
from core.links.entering import exchange, mint, spent
from core.links.inviting import INVITED, Entrance, entrance, follow, invite, masked, no_longer
from core.links.link import Link, digest, find, sweep
from core.links.replying import REPLY, bind, correspondents, house_of_reply, lead_elsewhere, reply_link, reply_token
from core.links.sessions import SESSION, bearer, house, leave, revoke

__all__ = [
    "CODE",
    "INVITED",
    "PER_EMAIL",
    "PER_PLACE",
    "REPLY",
    "SESSION",
    "TRIES",
    "Entrance",
    "Link",
    "Wrong",
    "answer",
    "ask",
    "bearer",
    "bind",
    "correspondents",
    "digest",
    "draw",
    "entrance",
    "exchange",
    "find",
    "follow",
    "house",
    "house_of_reply",
    "invite",
    "lead_elsewhere",
    "leave",
    "masked",
    "mint",
    "no_longer",
    "reply_link",
    "reply_token",
    "revoke",
    "spent",
    "sweep",
]
