import socket
import threading

from modelyard._frames import FrameWriter, read_frames


def test_frames_are_read_as_they_were_written() -> None:
    ours, theirs = socket.socketpair()
    frames = [b"", b"x", bytes(300_000), b"last"]

    def write() -> None:
        writer = FrameWriter(theirs)
        for frame in frames:
            writer.write(frame)
        theirs.close()

    threading.Thread(target=write).start()
    with ours:
        assert list(read_frames(ours)) == frames


def test_a_connection_that_ends_inside_a_frame_ends_the_frames() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"\x05\x00\x00\x00abc")
    theirs.close()

    with ours:
        assert list(read_frames(ours)) == []
