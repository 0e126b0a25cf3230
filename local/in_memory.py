"""The two ports within one process: a table in memory, and posts without HTTP."""

import threading
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import NamedTuple

from local.gateway import Gateway
from signaling.aws.posts import outcome
from signaling.ports import Introduction, Outcome, Sender, Subscriber
from signaling.protocol import Announce


class _Row(NamedTuple):
    subscriber: Subscriber
    expires_at: int


class MemorySubscriptions:
    """Subscriptions in two dictionaries, which mirror the table and its index."""

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """Tell time by `now`, in epoch seconds, and call `pause` before each operation."""
        self._rows: dict[str, dict[str, _Row]] = {}
        self._topics: dict[str, set[str]] = {}
        self._lock = threading.Lock()
        self._now = now
        self._pause = pause

    def add(self, topic: str, request: Sender, announce: Announce | None = None) -> None:
        """Upsert the row."""
        self._pause()
        connection, connected_at, requested_at = request
        data, peer = announce or (None, None)
        entered_at = requested_at if announce else None
        with self._lock:
            rows = self._rows.setdefault(topic, {})
            if connection in rows:
                known = rows[connection].subscriber
                is_late = known.requested_at > requested_at
                if is_late or (known.requested_at == requested_at and announce is None):
                    return
                peer = known.peer if peer is None else peer
                entered_at = entered_at if known.entered_at is None else known.entered_at
            subscriber = Subscriber(connection, peer, connected_at, requested_at, data, entered_at)
            rows[connection] = _Row(subscriber, request.expires_at)
            self._topics.setdefault(connection, set()).add(topic)

    def learn_peer(self, topic: str, connection: str, peer: str) -> None:
        """Update the row, if it is there."""
        self._pause()
        with self._lock:
            rows = self._rows.get(topic, {})
            if connection in rows:
                subscriber, expires_at = rows[connection]
                rows[connection] = _Row(subscriber._replace(peer=peer), expires_at)

    def remove(self, topic: str, request: Sender) -> None:
        """Delete the row, unless it is of a later request."""
        self._pause()
        with self._lock:
            row = self._rows.get(topic, {}).get(request.connection)
            if row is not None and row.subscriber.requested_at < request.requested_at:
                self._delete(topic, request.connection)

    def of_topic(self, topic: str) -> list[Subscriber]:
        """Return the rows of the topic that have not expired."""
        self._pause()
        now = int(self._now())
        with self._lock:
            rows = self._rows.get(topic, {}).values()
            return [row.subscriber for row in rows if row.expires_at > now]

    def remove_connection(self, connection: str) -> None:
        """Delete every row of the connection."""
        self._pause()
        with self._lock:
            for topic in list(self._topics.get(connection, ())):
                self._delete(topic, connection)

    def _delete(self, topic: str, connection: str) -> None:
        del self._rows[topic][connection]
        if not self._rows[topic]:
            del self._rows[topic]
        self._topics[connection].discard(topic)
        if not self._topics[connection]:
            del self._topics[connection]


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
        statuses = [*zip(connections, (each.status for each in posted), strict=True)]
        for connection, receiver, announce in introductions:
            if self._gateway.is_open(connection):
                statuses.append((receiver, self._gateway.post(receiver, announce.encode()).status))
            else:
                statuses.append((connection, HTTPStatus.GONE))
        return outcome(statuses)
