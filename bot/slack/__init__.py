"""What Slack's people do, and what they see in answer: commands, buttons, forms, shortcuts and mentions, one file a noun."""
