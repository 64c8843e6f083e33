"""The inbox: what the outside world sent, kept raw and once before it is answered, then applied in lanes."""

from core.inbox.applying import Applier, Appliers, TenantOf, Together, apply_some, describe
from core.inbox.deliveries import Delivery, Incoming, body_of, due, forget, kept, read, replay, set_aside
from core.inbox.keeping import Keeper

__all__ = [
    "Applier",
    "Appliers",
    "Delivery",
    "Incoming",
    "Keeper",
    "TenantOf",
    "Together",
    "apply_some",
    "body_of",
    "describe",
    "due",
    "forget",
    "kept",
    "read",
    "replay",
    "set_aside",
]
