"""Papers: the exact PDF of each version that was sent, and of each that was signed, with their hashes, kept for ever."""

from core.papers.handing import LINK, collect, hand, opened, told
from core.papers.keeping import (
    Changed,
    Copy,
    by_hash,
    by_id,
    catch_up,
    certify,
    keep,
    listed,
    name_of,
    of_reader,
    offer_of,
    receivers,
    signed_of,
)
from core.papers.tables import DocumentHash, Paper, Rendered

__all__ = [
    "LINK",
    "Changed",
    "Copy",
    "DocumentHash",
    "Paper",
    "Rendered",
    "by_hash",
    "by_id",
    "catch_up",
    "certify",
    "collect",
    "hand",
    "keep",
    "listed",
    "name_of",
    "of_reader",
    "offer_of",
    "opened",
    "receivers",
    "signed_of",
    "told",
]
