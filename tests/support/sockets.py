"""Clients' ends of the local gateway's connections."""

import socket
import struct


def reset(connection: socket.socket) -> None:
    """End it as a machine does that knows nothing of it any more."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class RecordingSocket:
    """A client's end that keeps what it gets."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.close_code: int | None = None
        self.is_behind = False
        self.is_paused = False

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False

    def send(self, frame: bytes) -> bool:
        self.frames.append(frame)
        return True

    def close(self, code: int) -> None:
        self.close_code = code
