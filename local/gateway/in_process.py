"""Posts without HTTP."""

from collections.abc import Sequence
from http import HTTPStatus

from local.gateway.gateway import Gateway
from signaling.aws.connections import outcome
from signaling.ports import Introduction, Outcome


class InProcessConnections:
    """Connections of the gateway in this process."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        """Post to each connection in turn: nothing here waits."""
        posted = self._gateway.post_to_each(connections, payload.encode())
        statuses = [(each, status) for each, (status, _) in zip(connections, posted, strict=True)]
        return outcome([*statuses, *map(self._introduce, introductions)])

    def _introduce(self, introduction: Introduction) -> tuple[str, int]:
        connection, receiver, payload = introduction
        if self._gateway.is_open(connection):
            return receiver, self._gateway.post(receiver, payload.encode()).status
        return connection, HTTPStatus.GONE
