"""Introductions in rooms whose members are all read."""

from signaling.introductions import heard_by, introduce
from signaling.ports import (
    Connections,
    Introduction,
    Outcome,
    Sender,
    Subscriber,
    plus,
)
from signaling.protocol import Publish
from signaling.standing import NEW_MILLISECONDS

SMALL_ROOM = 100
"""Members of the largest room in which all are introduced to each other.

Their rows fit one page of a Query, and y-webrtc connects to 20 to 34 others.
"""


class SmallRoom:
    """A room with the members that were read."""

    def __init__(self, connections: Connections, subscribers: list[Subscriber]) -> None:
        """Know the `subscribers`."""
        self._connections = connections
        self._subscribers = subscribers

    def introduce(self, sender: Sender, publish: Publish, announce: str) -> Outcome:
        """Introduce the sender of an announce to the members that should know it, or to none.

        Most announces on connections that have been open for some time are the last ones of pages
        that leave. So API Gateway is asked first whether such a sender is still connected.
        """
        hearers, announced = introduce(self._subscribers, sender, announce)
        text = publish.encode(len(self._subscribers))
        heard = self._heard(sender, publish.topic, announced)
        if sender.requested_at - sender.connected_at <= NEW_MILLISECONDS:
            return self._connections.send(hearers, text, heard)
        told = [Introduction(sender.connection, each, text) for each in hearers]
        if told or not heard:
            return self._connections.send([], "", [*told, *heard])
        outcome = self._connections.send([], "", heard[:1])  # a page that is gone takes one post
        if not heard[1:] or sender.connection in outcome.gone:
            return outcome
        return plus(outcome, self._connections.send([], "", heard[1:]))

    def _heard(
        self, sender: Sender, topic: str, announced: list[tuple[str, str]]
    ) -> list[Introduction]:
        return heard_by(sender.connection, topic, announced, len(self._subscribers))
