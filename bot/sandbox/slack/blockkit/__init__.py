"""Block Kit as strict as Slack: what is wrong with blocks or a view, in Slack's words, with the JSON path."""

from bot.sandbox.slack.blockkit.surfaces import check_message, check_view

__all__ = ["check_message", "check_view"]
