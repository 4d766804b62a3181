"""Frames: a length, an unsigned 32-bit integer in little-endian order, followed by so many bytes."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

_HEADER = struct.Struct("<I")
_CHUNK_BYTES = 64 * 1024


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
    buffer = bytearray(size)
    view = memoryview(buffer)
    at = 0
    while at < size:
        received = connection.recv_into(view[at:], max(size - at, 0))
        if received == 0:
            return None
        at += received
    return bytes(buffer)
