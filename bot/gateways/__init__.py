"""The doors to the outside world (Slack, Stripe, mail, files); their failures are Temporary or Permanent."""

from bot.gateways.failures import Failure, Permanent, Temporary, Unknown

__all__ = ["Failure", "Permanent", "Temporary", "Unknown"]
