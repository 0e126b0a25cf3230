"""Viewers of the console: sending to them, and dropping slow ones."""

import asyncio
import json
from collections.abc import Callable

from local.console.records import Record

MOST_VIEWERS = 10

_MOST_BYTES = 4 * 1024 * 1024
"""Bytes that may wait for one viewer: a slow one is dropped, and may reconnect."""


class Viewer:
    """One open console: the Server-Sent Events that wait to be written to it."""

    def __init__(self, drop: Callable[[], object]) -> None:
        """Call `drop` to end the connection if the viewer does not read."""
        self._drop = drop
        self.is_dropped = False
        self._waiting: list[bytes] = []
        self._bytes = 0
        self._something = asyncio.Event()

    def send(self, message: bytes) -> None:
        """Queue `message`, or drop the viewer if too much is waiting."""
        if self.is_dropped:
            return
        self._bytes += len(message)
        if self._bytes > _MOST_BYTES:
            self.drop()
            return
        self._waiting.append(message)
        self._something.set()

    def drop(self) -> None:
        """Stop sending, and end the connection."""
        self.is_dropped = True
        self._waiting.clear()
        self._something.set()
        self._drop()

    async def take(self, seconds: float) -> bytes:
        """Return all queued messages, after at most `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._something.wait()
        except TimeoutError:
            return b""
        taken = b"".join(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        self._something.clear()
        return taken


def encode(record: Record) -> bytes:
    """Return `record` as a Server-Sent Event: JSON escapes everything that could end its line.

    https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
    """
    return b"data: " + json.dumps(record, separators=(",", ":")).encode() + b"\n\n"
