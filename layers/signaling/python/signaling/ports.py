"""What the rooms need from outside, and what passes through: the two ports."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from signaling.protocol import Announce

_LONGEST_CONNECTION_SECONDS = 2 * 60 * 60
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""

_EXPIRY_MARGIN_SECONDS = 10 * 60


class Sender(NamedTuple):
    """A client's request to enter or leave a topic."""

    connection: str
    connected_at: int
    """When the connection was opened, epoch milliseconds."""
    requested_at: int
    """When API Gateway got the request, epoch milliseconds: two messages of one client may be
    handled in either order, and the later request is what the client wants."""

    @property
    def expires_at(self) -> int:
        """When the connection must have ended, epoch seconds."""
        return self.connected_at // 1000 + _LONGEST_CONNECTION_SECONDS + _EXPIRY_MARGIN_SECONDS


class Subscriber(NamedTuple):
    """A connection in a topic."""

    connection: str
    peer: str | None
    """Peer id that it goes by, where it can be seen."""
    connected_at: int
    """When the connection was opened, epoch milliseconds."""
    requested_at: int
    """When the last of the requests was made that put it there, epoch milliseconds."""
    announce: str | None
    """Data of the announce, if that last request was one: of an earlier one the peer may be gone,
    as when a page left the topic and entered it again."""
    entered_at: int | None
    """When the first announce was made that is known of it, epoch milliseconds."""


class Subscriptions(Protocol):
    """Port: the set of (topic, connection) pairs. Every method raises SubscriptionsError."""

    def add(self, topic: str, sender: Sender, announce: Announce | None = None) -> None:
        """Make sure that the connection is in `topic`; a peer id once stored is kept.

        Does nothing if a later request has put it there already. Of the same millisecond, an
        announce counts as later than what is no announce: a client announces itself last.
        """

    def learn_peer(self, topic: str, connection: str, peer: str) -> None:
        """Store the peer id that the connection goes by, if it is in `topic`."""

    def remove(self, topic: str, sender: Sender) -> None:
        """Make sure that the connection is not in `topic`, unless a later request put it there.

        One of the same millisecond counts as later: a row too many costs a post, a row too few
        two clients that never meet.
        """

    def of_topic(self, topic: str) -> list[Subscriber]:
        """Return every subscriber of `topic`, including those written just before this call."""

    def remove_connection(self, connection: str) -> None:
        """Remove the connection from every topic."""


class Introduction(NamedTuple):
    """An announce that is sent only if who made it is still there."""

    connection: str
    """Who announced itself, and is asked for before anything is sent."""
    receiver: str
    payload: str


class Outcome(NamedTuple):
    """What became of frames: for each its receiver is in exactly one list."""

    delivered: list[str]
    gone: list[str]
    """The connection does not exist any more, or whoever was to be introduced to it."""
    failed: list[str]
    """API Gateway refused, or the invocation's time ran out."""


class Connections(Protocol):
    """Port: the clients that are connected."""

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        """Send the text frame `payload` to each of `connections`, and the introductions, at once.

        Never raises for what one connection does, and returns within the invocation's time.
        """
