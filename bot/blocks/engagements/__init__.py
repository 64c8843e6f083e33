"""Engagements as people meet them in Slack: cards for both channels, forms, and the words for all of it."""
