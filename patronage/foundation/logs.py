"""What the service says of itself: one line of JSON an event, without secrets, tokens or query strings."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

HIDDEN = ("token", "secret", "password", "key", "code", "authorization", "cookie")


def configure(*, human: bool = False, into: TextIO | None = None) -> None:
    """Set logging up for this process: JSON lines on stderr, or `into` a file; readable ones for `human` eyes."""
    # Plain tracebacks: a pretty one prints local variables, and some of those are secrets.
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    renderer: Any = console if human else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            hide,
            *([] if human else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(into or sys.stderr),
        cache_logger_on_first_use=False,
    )


def hide(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank every value whose name speaks of a secret."""
    for name in entry:
        if any(word in name.lower() for word in HIDDEN):
            entry[name] = "[hidden]"
    return entry


def log() -> Any:
    """Return the logger; use `log().info("letter sent", kind=…)`: a phrase, then facts."""
    return structlog.get_logger()
