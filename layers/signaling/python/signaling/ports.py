"""What the rooms need from outside, and the values that pass through: the two ports."""

from collections.abc import Callable, Sequence

from signaling.protocol import Announce
from signaling.typed import NamedTuple, Protocol

_LONGEST_CONNECTION_SECONDS = 2 * 60 * 60
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""

_EXPIRY_MARGIN_SECONDS = 10 * 60


def expiry_of(connected_at: int) -> int:
    """Return when a connection that was opened then must have ended, epoch seconds."""
    return connected_at // 1000 + _LONGEST_CONNECTION_SECONDS + _EXPIRY_MARGIN_SECONDS


class Deadlines(NamedTuple):
    """When each kind of work of an invocation must end, in `time.monotonic` seconds."""

    table: float
    """Reading and writing rows."""
    posts: float
    """Sending frames, including the one that tells a client that the table took too long."""
    clean_up: float
    """Bringing rows up to date once everything is sent."""


class Sender(NamedTuple):
    """The client whose message is handled, and when it sent it."""

    connection: str
    connected_at: int
    """When the connection was opened, epoch milliseconds."""
    requested_at: int
    """When API Gateway got the message, epoch milliseconds."""
    has_token: bool = False
    """Whether the connection was opened with one."""
    handled_at: int = 0
    """When a function began to handle the message, epoch milliseconds."""

    @property
    def began_at(self) -> int:
        """When a function began to handle the message, not before it was sent."""
        return max(self.handled_at, self.requested_at)

    @property
    def expires_at(self) -> int:
        """When the connection must have ended, epoch seconds."""
        return expiry_of(self.connected_at)


class Subscriber(NamedTuple):
    """A connection in a topic."""

    connection: str
    peer: str | None
    """Its peer id, where it can be seen."""
    connected_at: int
    """When the connection was opened, epoch milliseconds."""
    requested_at: int
    """When it last subscribed or announced itself, epoch milliseconds."""
    announce: str | None
    """Data of its announce, None if it has subscribed again since: the peer that made it may be
    gone, as after a page has left the topic and entered it again."""
    entered_at: int | None
    """When it first announced itself, epoch milliseconds."""
    has_token: bool = False
    """Whether the connection was opened with one."""
    left_at: int | None = None
    """When it last left the topic, if it has entered it again since, epoch milliseconds."""
    is_listed: bool = False
    """Whether `of_peer` finds it under its peer id."""
    announces: int = 0
    """How often it has announced itself within `ANNOUNCES_MILLISECONDS`, if it just did."""
    began_at: int = 0
    """When a function began to handle the first announce that it made within the same
    `TOGETHER_MILLISECONDS` as what it said last, epoch milliseconds; 0 if that is not known."""


class Offer(NamedTuple):
    """An offer of a WebRTC connection, which its addressee will never answer."""

    topic: str
    to: str
    """Peer id of the addressee."""
    addressee: str
    """Its connection."""
    connection: str
    """The client that made it."""
    peer: str
    """Its peer id."""


class Subscriptions(Protocol):
    """Port: the set of (topic, connection) pairs.

    Messages of one client may be handled in any order, but the latest one wins. In the same
    millisecond an announce counts as later than a `subscribe`, which it always follows, and a
    `subscribe` as later than an `unsubscribe`: one row too many costs a post, one too few keeps two
    clients apart. How much is kept and read is limited by `signaling.bounds`.

    Every method raises SubscriptionsError if the table fails or the time runs out.
    """

    def subscribe(self, topics: Sequence[str], sender: Sender) -> None:
        """Put `sender` into each of `topics`."""

    def announce(self, topic: str, sender: Sender, announce: Announce) -> Subscriber | None:
        """Put `sender` into `topic`, keep its announce, and return its row.

        None if a later message wrote the row.
        """

    def unsubscribe(self, topics: Sequence[str], sender: Sender) -> None:
        """Take `sender` out of each of `topics` and forget its peer id and announce.

        If a later message was handled before, the row stays and records when `sender` left.
        """

    def is_in_more(self, topics: Sequence[str], sender: Sender, most: int) -> bool:
        """Tell whether `sender` is in, or has left, more than `most` topics, including `topics`.

        If that takes a request, it is made at random for one topic in `TOPICS_A_LOOK`, and the
        answer leaves out `topics`.
        """

    def of_topic(self, topic: str, most: int | None = None) -> list[Subscriber]:
        """Return every subscriber of `topic`, including those written just before this call.

        If there are more than `most`, some are left out, but more than `most` are returned.
        """

    def sample(self, topic: str) -> list[Subscriber]:
        """Return at most `SAMPLE` subscribers, each equally likely, in random order."""

    def of_connection(self, topic: str, connection: str) -> Subscriber | None:
        """Return the subscriber on this connection, None if it is not in `topic`."""

    def list_peers(self, topic: str, subscribers: Sequence[Subscriber]) -> None:
        """Make `of_peer` find `subscribers`, which must have peer ids, until they leave `topic`."""

    def of_peer(self, topic: str, peer: str) -> list[Subscriber]:
        """Return subscribers listed under `peer`: the first `LISTED_FIRST`, the last `LISTED_LAST`.

        Each is returned once. Some may be disconnected, but none has left.
        """

    def unlist(self, topic: str, subscribers: Sequence[Subscriber]) -> None:
        """Make `of_peer` no longer find `subscribers`, which it has returned."""

    def note_offer(
        self, topic: str, sender: Sender, peer: str, listed: Sequence[Subscriber]
    ) -> list[Subscriber]:
        """Note that `sender`, as `peer`, is about to make an offer to members that are `listed`.

        Return those that are still listed: of them, `unanswered` will have the offer.
        """

    def unanswered(self) -> list[Offer]:
        """Return the offers noted lately for members that were taken off the list since.

        Each is returned once. Of one member's at most `OFFERS_NOTED` are kept for each
        `OFFER_MILLISECONDS`.
        """

    def forget_left(self, topic: str) -> None:
        """Forget clients that left `topic` long ago, or many of them, if `of_topic` read many."""

    def learn_peer(self, topic: str, connection: str, peer: str) -> None:
        """Store the peer id of the connection, if it is in `topic`.

        If its announce is y-webrtc's plain one, it then counts as the announce of `peer`.
        """

    def hold(self, topic: str, connection: str, signal: str) -> int:
        """Keep the text of a signal for `take`, and return how many are kept with it.

        0 if it is not kept: the connection is not in `topic`, or would keep more than `HELD_BYTES`.
        """

    def take(self, topic: str, connection: str) -> list[str]:
        """Return the signals that `hold` has kept, in order; no other `take` returns them."""

    def held(self, topic: str, connection: str) -> list[str]:
        """Return the signals that `hold` has kept and `take` has not returned."""

    def remove(self, topic: str, connections: Sequence[str]) -> None:
        """Remove connections that no longer exist from `topic`."""

    def remove_connection(self, connection: str) -> bool:
        """Remove a connection that no longer exists from every topic, or from many.

        Return True if it must be called again, after all other work.
        """


class Introduction(NamedTuple):
    """An announce that is sent only if its sender is still connected."""

    connection: str
    """The client that sent it."""
    receiver: str
    payload: str


class Outcome(NamedTuple):
    """What became of frames. The receiver of each is in exactly one list."""

    delivered: list[str]
    gone: list[str]
    """The connection has ended; or, in place of the receiver, that of an introduced client."""
    failed: list[str]
    """API Gateway refused the frame, or the invocation's time ran out."""
    why: Sequence[str] = ()
    """For each failure the HTTP status, or that no answer came."""


NOTHING = Outcome([], [], [])
"""What became of no frames."""


def remove_gone(subscriptions: Subscriptions, topic: str, outcome: Outcome) -> None:
    """Remove the connections that `outcome` shows to have ended.

    Raises:
        SubscriptionsError: the table failed.
    """
    if outcome.gone:
        subscriptions.remove(topic, list(dict.fromkeys(outcome.gone)))


def plus(one: Outcome, other: Outcome) -> Outcome:
    """Return what became of the frames of both."""
    return Outcome(*([*first, *second] for first, second in zip(one, other, strict=True)))


After = Callable[[float, Callable[[], Outcome]], Outcome]
"""Runs an action after so many seconds, and returns its outcome.

If an invocation may not wait, it returns at once, with the outcome of nothing.
"""


class Connections(Protocol):
    """Port: the clients that are connected."""

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        """Send the text frame `payload` to each of `connections`, and the introductions, at once.

        A failure of one connection never raises, and the call returns in time.
        """
