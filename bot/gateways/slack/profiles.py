"""What Slack tells of an account, as the domain takes it."""

from collections.abc import Mapping
from typing import Any

from core.people import Profile


def profile_of(info: Mapping[str, Any]) -> Profile:
    """What users.info tells of an account; names of outsiders may stand only in the profile, and e-mails be withheld."""
    profile = info.get("profile") or {}
    name = profile.get("real_name") or info.get("real_name") or profile.get("display_name") or info.get("name") or ""
    return Profile(
        slack_user_id=info["id"],
        slack_team_id=info.get("team_id") or profile.get("team") or "",
        name=name,
        email=profile.get("email") or "",
        bot=bool(info.get("is_bot")),
        guest=bool(info.get("is_restricted") or info.get("is_ultra_restricted")),
        admin=bool(info.get("is_owner") or info.get("is_admin") or info.get("is_primary_owner")),
        timezone=info.get("tz") or "",
        deactivated=bool(info.get("deleted")),
    )
