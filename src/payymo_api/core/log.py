"""JSON logs, one line an event; secrets are cut out by name and by shape beforehand."""

import logging
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, BinaryIO, cast

import orjson
import structlog
from structlog.typing import Processor

from payymo_api.core.clock import now, rfc3339

_SECRET_NAMES = re.compile(
    r"secret|password|token|api[_-]?key|authorization|cookie|pepper|credential", re.IGNORECASE
)
_SECRET_SHAPES = re.compile(
    r"pym_(?:live|test)_[A-Za-z0-9]+|whsec_[A-Za-z0-9+/=]+|(?:sk|rk)_(?:live|test)_[A-Za-z0-9]+"
    r"|eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)*|(?<=://)[^\s/@]*:[^\s/@]*(?=@)"
)
_CUT = "[redacted]"
_root = logging.getLogger()


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401  structlog's signature
    """A structlog processor: no secret leaves, whatever was passed."""
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(name: str, value: object) -> object:
    if _SECRET_NAMES.search(name):
        return _CUT
    if isinstance(value, dict):
        return {str(key): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(name, inner) for inner in value]
    return without_secrets(value) if isinstance(value, str) else value


def without_secrets(text: str) -> str:
    """Return the text with everything cut out that has the shape of a secret."""
    return _SECRET_SHAPES.sub(_CUT, text)


class Lossy:
    """Writes what can be written: on a full disk a line is lost, not the request that logs it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, line: bytes) -> None:
        with suppress(OSError):
            self._file.write(line)

    def flush(self) -> None:
        with suppress(OSError):
            self._file.flush()


def configure(level: str) -> None:
    """Route structlog and the standard library's loggers to stderr as JSON."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.JSONRenderer(lambda event, **_: orjson.dumps(event, default=str)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(
            cast("BinaryIO", Lossy(sys.stderr.buffer))  # of it the logger needs these two
        ),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared[:-1], structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redact,
            structlog.processors.JSONRenderer(
                lambda event, **_: orjson.dumps(event, default=str).decode()
            ),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "arq.worker", "uvicorn.access", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def request(request_id: str, **fields: object) -> None:
    """Write a request's line, past the processors: only its id, which a caller may choose, is text
    that could hold a secret.
    """
    if not _root.isEnabledFor(logging.INFO):
        return
    at = rfc3339(now())
    id = without_secrets(request_id)
    line = {"event": "request", "level": "info", "at": at, "request_id": id, **fields}
    out = Lossy(sys.stderr.buffer)
    out.write(orjson.dumps(line, default=str) + b"\n")
    out.flush()


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return logger
