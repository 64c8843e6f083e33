"""Proposals in Slack: written, sent and followed by staff, answered by clients."""

from bot.slack.proposals import answering, beginning, drafting, following

__all__ = ["answering", "beginning", "drafting", "following"]
