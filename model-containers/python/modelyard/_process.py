"""The process around a model: signals, memory, the connection of file descriptor 3."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from pathlib import Path

from ._frames import FrameWriter, read_frames
from ._logs import log_as_json
from ._server import Server

CONNECTION_FD = 3


def run(folder: str) -> None:
    """Serves the model until the connection ends. Never returns."""
    # The instance stops this process. Signals that a terminal sends to the process group are ignored.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    # Highest OOM score: Linux kills the model first, not the instance that holds the leases.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
    log_as_json()
    path = Path(folder).resolve()
    os.chdir(path)
    sys.path.insert(0, str(path))
    connection = socket.socket(fileno=CONNECTION_FD)
    # Programs that the model starts must not keep the connection open.
    connection.set_inheritable(False)
    Server(FrameWriter(connection), path).serve(read_frames(connection))
