"""A client's connection, as the gateway knows it."""

import time
from typing import NamedTuple, Protocol

from signaling.event import RawEvent

SECONDS_TO_SEND_REQUEST = 10
"""The time that a client may take for the head of a request, and again for a body."""


class Socket(Protocol):
    """The client's end of a connection."""

    is_behind: bool
    """Whether the client reads too slowly to get more frames; any thread may ask."""

    def pause(self) -> None:
        """Stop reading messages from the client for now."""

    def resume(self) -> None:
        """Read messages again."""

    def send(self, frame: bytes) -> bool:
        """Send a text frame, and tell whether the connection is still open."""

    def close(self, code: int) -> None:
        """Close the WebSocket."""


class Connection:
    """One client."""

    __slots__ = (
        "_last_request",
        "context",
        "id",
        "last_active",
        "last_kept_up",
        "opened",
        "socket",
        "subprotocol",
        "under_way",
    )

    def __init__(self, context: RawEvent, now: float) -> None:
        self.id: str = context["connectionId"]
        self.context = context
        self.socket: Socket | None = None
        self.opened = self.last_active = self.last_kept_up = now
        self.under_way = 0
        self.subprotocol: str | None = None
        self._last_request = 0

    def request_time(self) -> int:
        """Return epoch milliseconds for the next event, later than those of the last one.

        API Gateway does not promise this, but on one machine successive requests would often fall
        into the same millisecond, and their order would be lost.
        """
        self._last_request = max(int(time.time() * 1000), self._last_request + 1)
        return self._last_request


class Refusal(NamedTuple):
    """An answer that refuses a connection."""

    status: int
    """HTTP status."""
