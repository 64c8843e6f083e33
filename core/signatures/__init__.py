"""Signatures: the evidence of who agreed to what; the last one begins everything that was agreed, once."""

from core.signatures.beginning import Begun
from core.signatures.checking import check
from core.signatures.demands import demand_open, paper_shown
from core.signatures.evidence import Request, Signature
from core.signatures.refusing import refused
from core.signatures.signing import Signed, sign
from core.signatures.statements import DISCLOSURE, STATEMENTS, Statement
from core.signatures.turns import bound, chosen, of_proposal, of_version, turn

__all__ = [
    "DISCLOSURE",
    "STATEMENTS",
    "Begun",
    "Request",
    "Signature",
    "Signed",
    "Statement",
    "bound",
    "check",
    "chosen",
    "demand_open",
    "of_proposal",
    "of_version",
    "paper_shown",
    "refused",
    "sign",
    "turn",
]
