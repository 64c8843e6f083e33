"""What staff and clients do with engagements: beginning one, looking at it, running it."""

from bot.slack.engagements import beginning, export, looking, running, several

__all__ = ["beginning", "export", "looking", "running", "several"]
