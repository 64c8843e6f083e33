"""The faces of Throughline: Slack, the web, the worker; no SQL lives here."""
