"""X-Ray subsegments around the two ports. Imported only when tracing is on: it starts slowly."""

from collections.abc import Sequence

from aws_xray_sdk.core import xray_recorder

from signaling.ports import Connections, Introduction, Outcome, Subscriber, Subscriptions


class TracedSubscriptions:
    """Subscriptions that show each read of a topic to X-Ray."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        """Read and write through `subscriptions`."""
        self._subscriptions = subscriptions
        self.sample = subscriptions.sample
        self.of_connection = subscriptions.of_connection
        self.list_peers = subscriptions.list_peers
        self.of_peer = subscriptions.of_peer
        self.note_offer = subscriptions.note_offer
        self.unanswered = subscriptions.unanswered
        self.unlist = subscriptions.unlist
        self.forget_left = subscriptions.forget_left
        self.is_in_more = subscriptions.is_in_more
        self.hold = subscriptions.hold
        self.take = subscriptions.take
        self.held = subscriptions.held
        self.subscribe = subscriptions.subscribe
        self.announce = subscriptions.announce
        self.unsubscribe = subscriptions.unsubscribe
        self.learn_peer = subscriptions.learn_peer
        self.remove = subscriptions.remove
        self.remove_connection = subscriptions.remove_connection

    def of_topic(self, topic: str, most: int | None = None) -> list[Subscriber]:
        """Read the topic; its name stays out of the trace."""
        with xray_recorder.in_subsegment("read topic") as subsegment:
            subscribers = self._subscriptions.of_topic(topic, most)
            subsegment.put_annotation("subscribers", len(subscribers))
            return subscribers


class TracedConnections:
    """Connections that show each fan-out to X-Ray."""

    def __init__(self, connections: Connections) -> None:
        """Send through `connections`."""
        self._connections = connections

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        """Send, with the numbers of the outcome as annotations."""
        with xray_recorder.in_subsegment("fan out") as subsegment:
            outcome = self._connections.send(connections, payload, introductions)
            for name, result in zip(("delivered", "gone", "failed"), outcome, strict=False):
                subsegment.put_annotation(name, len(result))
            return outcome
