"""The faces of Throughline: Slack, the web, the worker; no SQL lives here."""

VERSION = "0.1.0"
"""As pyproject.toml has it; it stands in what is kept as evidence."""
