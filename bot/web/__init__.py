"""The web: the doors through which deliveries come in, and the pages that clients see."""
