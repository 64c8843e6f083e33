"""Proposals in Slack: written, sent and followed by staff, answered by clients."""

from bot.slack.proposals import answering, drafting, following

__all__ = ["answering", "drafting", "following"]
