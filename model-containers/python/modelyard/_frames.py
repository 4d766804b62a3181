"""Frames: a length, an unsigned 32-bit integer in little-endian order, followed by so many bytes."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

_HEADER = struct.Struct("<I")


class FrameWriter:
    """Writes whole frames, from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def write(self, frame: bytes) -> None:
        """Blocks while the instance does not read."""
        with self._lock:
            self._connection.sendall(_HEADER.pack(len(frame)) + frame)


def read_frames(connection: socket.socket) -> Iterator[bytes]:
    """Yields frames until the connection ends."""
    while (header := _read(connection, _HEADER.size)) is not None:
        frame = _read(connection, _HEADER.unpack(header)[0])
        if frame is None:
            return
        yield frame


def _read(connection: socket.socket, size: int) -> bytes | None:
    parts: list[bytes] = []
    while size > 0:
        # Waits in the kernel: large frames come in parts, and each wait in Python would ask for the interpreter's lock.
        part = connection.recv(size, socket.MSG_WAITALL)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
