"""What owners decide about the agency itself: its settings, and who is on the team in which role."""

from core.house.choosing import STEPS, ZONES, Setup, hour, installations, set, settle, setup, zone
from core.house.team import Colleague, Guest, give_role, guests, of_account, roles, team, welcome

__all__ = [
    "STEPS",
    "ZONES",
    "Colleague",
    "Guest",
    "Setup",
    "give_role",
    "guests",
    "hour",
    "installations",
    "of_account",
    "roles",
    "set",
    "settle",
    "setup",
    "team",
    "welcome",
    "zone",
]
