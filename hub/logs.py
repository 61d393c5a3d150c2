"""Logging: one line an event, `key=value` for people or JSON for machines. No names, pictures or secrets."""

import logging
import sys

import structlog


def configure(level: str, form: str) -> None:
    """Send structlog's and the standard library's lines to stderr in one form (`auto`, `console`, `json`)."""
    if form == "auto":
        form = "console" if sys.stderr.isatty() else "json"
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=shared,
        )
    )
    # aiomqtt and paho log a warning for each reconnect, which the session reports itself.
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    logging.getLogger("mqtt").setLevel(logging.ERROR)  # aiomqtt sets a level of its own
