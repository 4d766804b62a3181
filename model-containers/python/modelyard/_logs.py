"""Logs: one JSON object a line on standard output, as the instance writes them."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import datetime, timezone

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
            line["error"] = {"name": type(error).__name__, "message": str(error), "stack": stack_of(error)}
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
    while frames and frames.tb_next and frames.tb_frame.f_globals.get("__package__") == __package__:
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip()
