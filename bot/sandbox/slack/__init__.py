"""A Slack workspace on localhost, as strict as Slack, driven by gestures."""

from bot.sandbox.slack.cast import Secrets
from bot.sandbox.slack.errors import NotPossible, NotSeen
from bot.sandbox.slack.gestures import Ack, Outcome
from bot.sandbox.slack.workspace import Slack

__all__ = ["Ack", "NotPossible", "NotSeen", "Outcome", "Secrets", "Slack"]
