"""Logs: one line an event, readable in a terminal and JSON elsewhere; what could be a secret is never written."""

import logging
import re
import sys
from typing import Any

import structlog

SECRET = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|sk_(?:live|test)_\w+|rk_(?:live|test)_\w+|whsec_\w+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    # What Postgres and its driver quote of a row, which may be people's words.
    r"|(?:(?<=DETAIL:)|(?<=query argument \$\d:)|(?<=query argument \$\d\d:)).*?(?=\n\[SQL|\n\nThe above|\Z)",
    re.DOTALL,
)


def _redact(value: Any) -> Any:
    return SECRET.sub("…", value) if isinstance(value, str) else value


def redacted(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Tokens, keys and passwords in addresses, replaced by an ellipsis in every field."""
    return {name: _redact(value) for name, value in event.items()}


def start(level: str = "info") -> None:
    """Set up logging for a process of the product; to standard error."""
    shown: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redacted,
    ]
    plain = sys.stderr.isatty()
    structlog.configure(
        processors=[*shown, structlog.dev.ConsoleRenderer() if plain else structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper(), logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for name in ("slack_bolt", "slack_sdk", "aiohttp.access", "stripe"):
        logging.getLogger(name).setLevel(logging.ERROR)
