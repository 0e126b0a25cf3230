"""The gateway's notices to observers, beside what functions themselves see."""

from typing import Protocol

from local.gateway.connection import Connection
from local.gateway.lambda_events import Handshake


class Observer(Protocol):
    """Watches the gateway. Called on the event loop; never raises and never waits."""

    def refused(self, handshake: Handshake, status: int) -> None:
        """Note a handshake that ended with an HTTP `status` instead of a WebSocket."""

    def answered(self, connection: Connection, route: str, body: str, frame: str) -> None:
        """Note an answer by API Gateway itself: a MOCK route, or a function that failed."""

    def closed(self, connection: Connection, code: int, reason: str) -> None:
        """Note a WebSocket that closed."""
