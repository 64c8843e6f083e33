"""What staff do with conversations: looking, handling, putting in order, replying."""

from bot.slack.conversations import filing, handling, looking, replying

__all__ = ["filing", "handling", "looking", "replying"]
