"""The two ports, watched: what a function does to rooms, and what it sends."""

from collections.abc import Callable, Sequence

from local.console.records import Sent
from signaling.ports import (
    Connections,
    Introduction,
    Outcome,
    Sender,
    Subscriber,
    Subscriptions,
)
from signaling.protocol import Announce

Touch = Callable[[Sequence[str]], None]
"""Takes the rooms whose members the next call may change."""


class WatchedSubscriptions:
    """Subscriptions that report rooms that may have changed, even by a half-failed write."""

    def __init__(
        self, subscriptions: Subscriptions, touch: Touch, topics_of: Callable[[str], list[str]]
    ) -> None:
        """Call `touch` with each write; `topics_of` tells where a connection was last seen."""
        self._subscriptions = subscriptions
        self._touch = touch
        self.of_topic = subscriptions.of_topic
        self.sample = subscriptions.sample
        self.list_peers = subscriptions.list_peers
        self.of_peer = subscriptions.of_peer
        self.unlist = subscriptions.unlist
        self.forget_left = subscriptions.forget_left
        self.is_in_more = subscriptions.is_in_more
        self.hold = subscriptions.hold
        self.take = subscriptions.take
        self._topics_of = topics_of

    def subscribe(self, topics: Sequence[str], sender: Sender) -> None:
        """Write, and report."""
        self._touch(topics)
        self._subscriptions.subscribe(topics, sender)

    def announce(self, topic: str, sender: Sender, announce: Announce) -> Subscriber | None:
        """Write, and report."""
        self._touch([topic])
        return self._subscriptions.announce(topic, sender, announce)

    def unsubscribe(self, topics: Sequence[str], sender: Sender) -> None:
        """Write, and report."""
        self._touch(topics)
        self._subscriptions.unsubscribe(topics, sender)

    def learn_peer(self, topic: str, connection: str, peer: str) -> None:
        """Write, and report."""
        self._touch([topic])
        self._subscriptions.learn_peer(topic, connection, peer)

    def remove(self, topic: str, connections: Sequence[str]) -> None:
        """Write, and report."""
        self._touch([topic])
        self._subscriptions.remove(topic, connections)

    def remove_connection(self, connection: str) -> bool:
        """Write, and report."""
        self._touch(self._topics_of(connection))
        return self._subscriptions.remove_connection(connection)


class WatchedConnections:
    """Connections that report what was sent and its outcome."""

    def __init__(self, connections: Connections, tell: Callable[[Sent], None]) -> None:
        self._connections = connections
        self._tell = tell

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        """Send, and report."""
        outcome = self._connections.send(connections, payload, introductions)
        self._tell(Sent(connections, payload, introductions, outcome))
        return outcome
