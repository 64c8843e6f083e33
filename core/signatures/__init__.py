"""Signatures: the evidence of who agreed to what; the last one makes the order, the contract, the projects, once."""

from core.signatures.evidence import STATEMENTS, Signature, Statement
from core.signatures.signing import Signed, of_proposal, sign

__all__ = ["STATEMENTS", "Signature", "Signed", "Statement", "of_proposal", "sign"]
