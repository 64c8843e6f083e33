"""A thing in, Block Kit and its notification sentence out: pure functions, one file a noun."""
