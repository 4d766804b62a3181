"""Logs: one JSON object a line on standard output, as the instance writes them."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import datetime, timezone
from types import TracebackType

_LEVELS = {"WARNING": "warn", "CRITICAL": "error"}
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "taskName"}


class JsonFormatter(logging.Formatter):
    """``level``, ``time``, ``message``, the fields of ``extra``, and the error with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "level": _LEVELS.get(record.levelname, record.levelname.lower()),
            "time": time.replace("+00:00", "Z"),
            "message": record.getMessage(),
        }
        line.update((name, value) for name, value in vars(record).items() if name not in _STANDARD)
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            line["error"] = {"name": type(error).__name__, "message": text_of(error), "stack": stack_of(error)}
        return json.dumps(line, default=str)


def log_as_json() -> None:
    """Sends everything that is logged, and warnings, to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)


def stack_of(error: BaseException) -> str:
    """The traceback, without the frames of this package in front of the model's."""
    frames = error.__traceback__
    while frames and frames.tb_next and _is_before_model(frames):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip()


def _is_before_model(frames: TracebackType) -> bool:
    code = frames.tb_frame
    return code.f_globals.get("__package__") == __package__ or code.f_code.co_filename.startswith("<frozen importlib")


def text_of(error: BaseException) -> str:
    """The message of an error as UTF-8, which file names and exceptions of a model may not be."""
    try:
        text = str(error)
    except Exception:  # Recovery: the error has its name.
        return ""
    return text.encode(errors="backslashreplace").decode()


def describe(error: BaseException) -> str:
    """One line with the name of the error, because Python's messages often make no sense without it."""
    text = text_of(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
