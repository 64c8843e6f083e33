"""What the client's page says of an offer: its lines with what was chosen, and whose turn it is to sign."""

from collections.abc import Sequence
from typing import Literal

from core.portal.seen import LineSeen
from core.proposals import NewItem, Proposal, Signer, own_discount


def turn_of(row: Proposal, signers: Sequence[Signer]) -> Sequence[Signer]:
    """Whose turn it is to sign, of the client's."""
    waiting = [each for each in signers if each.side == "client" and each.signed_at is None]
    return waiting[:1] if row.in_order else waiting


def line_of(item: NewItem, place: int, bound: Sequence[int] | None) -> LineSeen:
    """A line of an offer, and what became of it where the client chooses."""
    choice: Literal["", "optional", "chosen", "not chosen"] = ""
    if item.optional:
        choice = "optional" if bound is None else "chosen" if place in bound else "not chosen"
    off = own_discount(item)
    return LineSeen(item.title, item.description, item.quantity, item.unit, item.amount - off, item.period, choice)
