"""One log line per event, as JSON for machines or in colour for people, with the bound context and without secrets."""

from __future__ import annotations

import logging
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from apps.core.redaction import redact, redact_text

NOISY = {
    "django.server": "WARNING",  # the development server's own access log; ours carries the request id
    "django.request": "ERROR",
    "httpx": "WARNING",
    "httpx2": "WARNING",
    "httpcore": "WARNING",
    "httpcore2": "WARNING",
    "openai": "WARNING",
    "notion_client": "WARNING",
    "stripe": "WARNING",
    "fontTools": "WARNING",
    "weasyprint": "ERROR",
}
OWN_FIELDS = frozenset({"event", "level", "logger", "timestamp"})


def logging_config(*, level: str, style: str) -> dict[str, Any]:
    """The ``LOGGING`` setting. ``style`` is ``json`` or ``console``; everything goes to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"platform": {"()": "apps.core.logging.build_formatter", "style": style}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "platform"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            **{name: {"level": floor, "handlers": [], "propagate": True} for name, floor in NOISY.items()},
        },
    }


def build_formatter(*, style: str) -> logging.Formatter:
    """A formatter that treats lines of the standard library and of structlog alike."""
    structlog.configure(
        processors=[*_gather(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if style == "console"
        else [structlog.processors.format_exc_info, _redact_exception, structlog.processors.JSONRenderer(default=_text)]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_gather(), processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer]
    )


def redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask secrets in every field of a line, whoever wrote it. Django's own lines name the route instead of the path."""
    request = event.pop("request", None)
    match = getattr(request, "resolver_match", None)
    if match is not None and isinstance(event.get("event"), str):
        event["event"] = event["event"].replace(request.path, f"/{match.route}")
    for name, value in event.items():
        if name.startswith("_") or name == "exc_info":
            continue
        event[name] = redact(value, name="" if name in OWN_FIELDS else name)
    return event


def _gather() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        redact_event,
    ]


def _redact_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if isinstance(event.get("exception"), str):
        event["exception"] = redact_text(event["exception"])
    return event


def _text(value: Any) -> str:
    return redact_text(str(value))
