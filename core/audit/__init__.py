"""The audit of the trail: chains proved link by link, what they witness compared, their heads sealed every day."""

from core.audit.proving import Finding, Report, prove
from core.audit.sealing import Held, heads_since, held_file, latest, of_id, read_held, seal_heads
from core.audit.tables import SealedHeads

__all__ = [
    "Finding",
    "Held",
    "Report",
    "SealedHeads",
    "heads_since",
    "held_file",
    "latest",
    "of_id",
    "prove",
    "read_held",
    "seal_heads",
]
