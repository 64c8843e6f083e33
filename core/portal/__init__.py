"""The client's page: the one read that hydrates everything that a client may see."""

from core.portal.reading import hydrate
from core.portal.seen import (
    ContractSeen,
    EngagementSeen,
    InvoiceSeen,
    OrderSeen,
    PersonSeen,
    Portal,
    ProjectSeen,
    ProposalSeen,
    QuoteSeen,
    SignerSeen,
    Wait,
)

__all__ = [
    "ContractSeen",
    "EngagementSeen",
    "InvoiceSeen",
    "OrderSeen",
    "PersonSeen",
    "Portal",
    "ProjectSeen",
    "ProposalSeen",
    "QuoteSeen",
    "SignerSeen",
    "Wait",
    "hydrate",
]
