"""Logs, and the request id that ties the services together."""

import logging
import re
import sys
from typing import TextIO

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars
from structlog.typing import EventDict, WrappedLogger

from libs.ids import uuid7

REQUEST_ID_HEADER = "X-Request-Id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SECRET_NAME = re.compile(r"(?i)(authorization|cookie|secret|token|password|api[_-]?key|dsn)$")
_SECRET_TEXT = re.compile(
    r"(?i)(sk-[a-z0-9_-]{8,}|AIza[\w-]{20,}|bearer\s+[\w.-]{8,}|(?<=://)[^/\s:@]+:[^/\s@]+(?=@))"
)


def begin_request(offered: str | None) -> str:
    """Bind the caller's request id if it is well-formed, else a new one, to all that follows."""
    clear_contextvars()
    request_id = offered if offered and _REQUEST_ID.fullmatch(offered) else uuid7().hex
    bind_contextvars(request_id=request_id)
    return request_id


def bind(**facts: str) -> None:
    """Put `facts` on every log line of the current task."""
    bind_contextvars(**facts)


def request_id() -> str | None:
    """Id of the request that the current task works for."""
    found = get_contextvars().get("request_id")
    return found if isinstance(found, str) else None


def configure_logs(service: str, form: str = "text", stream: TextIO = sys.stdout) -> None:
    """Log to `stream`, one line an event: `form` is "text" for people or "json" for programs."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_service(service),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if form == "json" else _as_text
    )
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    _route_standard_logs(shared, last, stream)


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Last line of defence: a key, token or password that got this far is not written."""
    for name, value in event.items():
        if _SECRET_NAME.search(name):
            event[name] = "[hidden]"
        elif isinstance(value, str):
            event[name] = _SECRET_TEXT.sub("[hidden]", value)
    return event


def _add_service(service: str) -> structlog.typing.Processor:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    return add


def _as_text(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """`13:05:12 INFO  analysis done  verdict=pass request_id=…`: one line whatever the text is."""
    at, level = str(event.pop("timestamp"))[11:19], str(event.pop("level")).upper()
    event.pop("service", None)
    message, trace = str(event.pop("event")), event.pop("exception", None)
    facts = " ".join(f"{name}={_word(value)}" for name, value in event.items())
    line = f"{at} {level:5} {_one_line(message)}" + (f"  {facts}" if facts else "")
    return f"{line}\n{trace}" if trace else line


def _word(value: object) -> str:
    text = str(value)
    return text if re.fullmatch(r"[\w./:@+-]+", text) else repr(text)


def _one_line(text: str) -> str:
    return text if text.isprintable() else repr(text)


def _route_standard_logs(
    shared: list[structlog.typing.Processor], last: structlog.typing.Processor, stream: TextIO
) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.WARNING)
    logging.getLogger("aiohttp.server").addFilter(_is_news)
    logging.getLogger("asyncpg.pool").addFilter(_without_trace)


def _is_news(record: logging.LogRecord) -> bool:
    """A connection that we cut, or that its caller left, has its own line already."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, ConnectionError)


def _without_trace(record: logging.LogRecord) -> bool:
    """A pool whose server is away says so on one line; where it noticed is of no use."""
    record.exc_info = None
    return True
