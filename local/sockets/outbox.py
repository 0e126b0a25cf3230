"""Frames that are sent together.

A system call for each frame costs more than all else that a delivery takes. So frames wait until
the event loop has handled what it had read, and each client then gets all of its own in one call.
"""

import asyncio
from collections.abc import Callable
from functools import lru_cache

MOST_UNSENT = 64
"""Frames for one client that wait; more are sent at once, so that its limit is noticed."""

_LONGEST_IN_ONE_BYTE = 125
_LONGEST_IN_TWO_BYTES = 0xFFFF


class Outbox:
    """Clients that have something to get at the end of this turn of the event loop."""

    def __init__(self) -> None:
        """Serve the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._flushes: list[Callable[[], None]] = []

    def add(self, flush: Callable[[], None]) -> None:
        """Call `flush` once what has been read is handled."""
        if not self._flushes:
            self._loop.call_soon(self._flush)
        self._flushes.append(flush)

    def _flush(self) -> None:
        flushes, self._flushes = self._flushes, []
        for flush in flushes:
            flush()


@lru_cache
def text_head(size: int) -> bytes:
    """Return the bytes before a server's unfragmented text frame of `size` bytes.

    https://www.rfc-editor.org/rfc/rfc6455#section-5.2
    """
    if size <= _LONGEST_IN_ONE_BYTE:
        return bytes((0x81, size))
    if size <= _LONGEST_IN_TWO_BYTES:
        return bytes((0x81, 126)) + size.to_bytes(2)
    return bytes((0x81, 127)) + size.to_bytes(8)
