"""What staff and clients do with engagements: beginning one, looking at it, running it."""

from bot.slack.engagements import beginning, looking, running

__all__ = ["beginning", "looking", "running"]
