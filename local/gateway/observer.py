"""What the gateway tells those that watch it, beside what functions see of themselves."""

from typing import Protocol

from local.gateway.connection import Connection
from local.gateway.lambda_events import Handshake


class Observer(Protocol):
    """Watches the gateway. Called on the event loop; never raises and never waits."""

    def refused(self, handshake: Handshake, status: int) -> None:
        """See a handshake end with an HTTP `status` in place of a WebSocket."""

    def answered(self, connection: Connection, route: str, body: str, frame: str) -> None:
        """See API Gateway answer a message by itself: a MOCK route, or a function that failed."""

    def closed(self, connection: Connection, code: int, reason: str) -> None:
        """See a WebSocket close."""
