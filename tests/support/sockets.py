"""Clients' ends of the local gateway's connections."""


class RecordingSocket:
    """A client's end that keeps what it gets, while it `reads`."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.close_code: int | None = None
        self.reads = True

    def send(self, frame: bytes) -> bool:
        if self.reads:
            self.frames.append(frame)
        return self.reads

    def close(self, code: int) -> None:
        self.close_code = code
