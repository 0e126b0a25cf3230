"""The two ports in memory, counting what they would have asked of AWS."""

from collections.abc import Sequence

from local.table.in_memory import MemorySubscriptions
from signaling.ports import Introduction, Outcome, Sender, Subscriber
from signaling.protocol import Announce


class CountingSubscriptions(MemorySubscriptions):
    """Subscriptions in memory that count the requests which the table would have got."""

    requests = index_writes = 0

    def subscribe(self, topics: Sequence[str], sender: Sender) -> None:
        """Count a write for each topic."""
        self._count(topics, sender)
        super().subscribe(topics, sender)

    def announce(self, topic: str, sender: Sender, announce: Announce) -> Subscriber | None:
        """Count a write."""
        self._count([topic], sender)
        return super().announce(topic, sender, announce)

    def unsubscribe(self, topics: Sequence[str], sender: Sender) -> None:
        """Count a write for each topic."""
        self._count(topics, sender)
        super().unsubscribe(topics, sender)

    def of_topic(self, topic: str, most: int | None = None) -> list[Subscriber]:
        """Count a read."""
        self.requests += 1
        return super().of_topic(topic, most)

    def _count(self, topics: Sequence[str], sender: Sender) -> None:
        self.requests += len(topics)
        self.index_writes += sum(self._row_of(topic, sender) is None for topic in topics)


class CountingConnections:
    """Connections that all deliver, but for those that are `gone`."""

    def __init__(self) -> None:
        self.posts = 0
        self.questions = 0
        """How often it was asked whether a connection is still there."""
        self.gone: set[str] = set()

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        """Count, and deliver what can be delivered."""
        introduced = {each.connection for each in introductions}
        self.questions += len(introduced)
        told = [each.receiver for each in introductions if each.connection not in self.gone]
        posted = [*connections, *told]
        self.posts += len(posted)
        lost = [each for each in posted if each in self.gone]
        delivered = [each for each in posted if each not in self.gone]
        return Outcome(delivered, [*lost, *(introduced & self.gone)], [])
