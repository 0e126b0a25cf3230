"""The core: who enters and leaves rooms, and who gets what. Knows only the two ports."""

from typing import NamedTuple

from signaling.access.grants import Grants
from signaling.errors import (
    ForbiddenTopicError,
    NoTokenError,
    SignalingError,
    SubscriptionsError,
)
from signaling.ports import Connections, Introduction, Outcome, Sender, Subscriber, Subscriptions
from signaling.protocol import (
    PONG,
    Message,
    Ping,
    Publish,
    Subscribe,
    Unsubscribe,
    encode_announce,
)

NEW_MILLISECONDS = 5_000
"""How long a subscribe or an announce is new: its introductions may still be under way.

The announce may meet a cold start of a second, the offer that answers it another one, and posts
that are tried again pause for up to 1.5 s. It is no longer than that because a client that
subscribes and never announces itself does not hear of those who come within this time.
"""

SAME_MOMENT_MILLISECONDS = 300
"""Two connections that are opened within this time are ordered by peer id, others by time.

A page reaches two servers one after the other, so by time alone they could choose differently: on
a busy machine they were seen to differ by 150 ms. For longer intervals time is better. Whoever
hears an announce makes an offer, and a page that reloads announces itself once more as it goes. An
offer to it is never answered and leaves a dead connection; the page itself, which is the older
connection, ignores what it hears. With 1,000 ms, 24 of 40 pairs of pages that reloaded half a
second after they met had one, and 19 of 40 where the peer id decided between first announces and
time between others.
"""


class Handled(NamedTuple):
    """What came of a message."""

    outcome: Outcome
    """Of the frames that it caused."""
    is_tidy: bool = True
    """Whether the rows of the room were brought up to date afterwards."""


class Rooms:
    """Rooms for the time of one invocation."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        connections: Connections,
        is_broadcast: bool = False,
        needs_token: bool = False,
    ) -> None:
        self._subscriptions = subscriptions
        self._connections = connections
        self._is_broadcast = is_broadcast
        self._needs_token = needs_token

    def handle(self, sender: Sender, message: Message, grants: Grants) -> Handled:
        """Do what `message` asks for.

        Raises:
            ForbiddenTopicError: `grants` leave out a topic; all that they allow is done.
            NoTokenError: the topics need a token, and the sender brought none.
            SubscriptionsError: the table failed; what was done before that stays done.
        """
        match message:
            case Publish():
                if not grants.allows(message.topic):
                    raise _refusal([message.topic], sender)
                return self.publish(sender, message)
            case Subscribe():
                self._subscribe(sender, message.topics, grants)
            case Unsubscribe():
                self._subscriptions.unsubscribe(message.topics, sender)
            case Ping():
                return Handled(self.reply(sender.connection, PONG))
        return Handled(Outcome([], [], []))

    def _subscribe(self, sender: Sender, topics: list[str], grants: Grants) -> None:
        granted = [topic for topic in topics if grants.allows(topic)]
        if granted:
            self._subscriptions.subscribe(granted, sender)
        if len(granted) < len(topics):
            raise _refusal([topic for topic in topics if topic not in granted], sender)

    def publish(self, sender: Sender, publish: Publish) -> Handled:
        """Pass a message to its room, then bring the room's rows up to date.

        An announce is written before the topic is read. Everything else is sent first, because
        y-webrtc never sends a message again: to lose one is worse than to learn a peer id late. So
        a failure after the sending does not change what the sender is told.
        """
        topic, announce = publish.topic, publish.announce
        if announce is not None:
            self._subscriptions.announce(topic, sender, announce)
        subscribers = self._subscriptions.of_topic(topic)
        if self._needs_token:  # rows of clients that came before it was needed are still there
            subscribers = [each for each in subscribers if each.has_token]
        clients = len(subscribers)
        payload = publish.encode(clients)
        introductions: list[Introduction] = []
        if announce is None or self._is_broadcast:
            receivers = recipients(subscribers, sender.connection, publish.to, self._is_broadcast)
        else:
            receivers, announced = introduce(subscribers, sender, announce.data)
            introductions = [
                Introduction(each, sender.connection, encode_announce(topic, data, clients))
                for each, data in announced
            ]
        outcome = self._connections.send(receivers, payload, introductions)
        try:
            if announce is None:
                self._learn_peer(sender, publish, subscribers)
            if outcome.gone:
                self._subscriptions.remove(topic, list(dict.fromkeys(outcome.gone)))
        except SubscriptionsError:
            return Handled(outcome, is_tidy=False)
        return Handled(outcome)

    def reply(self, connection: str, frame: str) -> Outcome:
        """Send `frame` to one connection."""
        return self._connections.send([connection], frame)

    def leave(self, connection: str) -> None:
        """Take a connection out of every room."""
        self._subscriptions.remove_connection(connection)

    def _learn_peer(self, sender: Sender, publish: Publish, subscribers: list[Subscriber]) -> None:
        own = _find(subscribers, sender.connection)
        if own is not None and publish.peer is not None and publish.peer != own.peer:
            self._subscriptions.learn_peer(publish.topic, sender.connection, publish.peer)


def recipients(
    subscribers: list[Subscriber], sender: str, to: str | None, is_broadcast: bool = False
) -> list[str]:
    """Return the connections that get a message of `sender` for the peer `to`.

    Broadcast: all. Addressed: never the sender. A message for a peer goes to every connection with
    that peer id or with none yet. If no connection has the id, or `to` is None, it goes to all
    others. (Who gets an announce is up to `introduce`.)
    """
    if is_broadcast:
        return [each.connection for each in subscribers]
    others = [(each.connection, each.peer) for each in subscribers if each.connection != sender]
    if to is not None and to in [peer for _, peer in others]:
        return [connection for connection, peer in others if peer is None or peer == to]
    return [connection for connection, _ in others]


def introduce(
    subscribers: list[Subscriber], sender: Sender, announce: str
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return who hears of whom when `sender` makes the `announce`.

    First the connections that hear of the sender. Then those that the sender hears of, if they are
    still there, with their announces.

    Of two clients that enter, each writes its row before it reads the topic, so the one that reads
    last sees both rows and introduces them. The direction depends on the two rows alone, so if the
    other one sees both, too, it chooses the same. It must be one direction: announces that cross
    break y-webrtc's connections (https://github.com/yjs/y-webrtc/pull/39).

    A client that subscribed a moment ago and has not announced itself is left out: its announce is
    still to come and will find this row. A client that announced itself long ago hears of the
    sender in any case. It may have lost its connection to the sender without knowing it yet; if
    not, it ignores the announce. Nobody hears anything if the sender has left in the meantime or
    has announced itself again.
    """
    own = _find(subscribers, sender.connection)
    if own is None or (own.announce is not None and own.requested_at > sender.requested_at):
        return [], []
    own = own._replace(announce=announce)
    hearers: list[str] = []
    announced: list[tuple[str, str]] = []
    for other in subscribers:
        if other.connection == own.connection:
            continue
        if sender.requested_at - other.requested_at > NEW_MILLISECONDS:
            hearers.append(other.connection)
        elif other.announce is not None:
            if _is_introduced_to(own, other):
                hearers.append(other.connection)
            else:
                announced.append((other.connection, other.announce))
    return hearers, announced


def _is_introduced_to(one: Subscriber, other: Subscriber) -> bool:
    """Tell whether `one` is introduced to `other`, and not the other way round.

    A client that enters is introduced to one that has been there for some time, even if that one is
    just announcing itself again. Of two that are new in the room, the later connection is
    introduced to the earlier one. Of two that connected at the same moment, the lower rank decides.
    """
    entered_later_by = _entered_at(one) - _entered_at(other)
    if abs(entered_later_by) > NEW_MILLISECONDS:
        return entered_later_by > 0
    connected_later_by = one.connected_at - other.connected_at
    if abs(connected_later_by) > SAME_MOMENT_MILLISECONDS:
        return connected_later_by > 0
    return _rank(one) < _rank(other)


def _entered_at(subscriber: Subscriber) -> int:
    return subscriber.entered_at or subscriber.requested_at


def _rank(subscriber: Subscriber) -> tuple[str, str]:
    """Return the peer id, so that two servers choose alike, and the connection id.

    The connection id decides where a password hides the peer id or two connections have the same.
    """
    announce = subscriber.announce or ""
    is_encrypted = announce.startswith('"')
    return "" if is_encrypted else announce, subscriber.connection


def _find(subscribers: list[Subscriber], connection: str) -> Subscriber | None:
    for each in subscribers:
        if each.connection == connection:
            return each
    return None


def _refusal(topics: list[str], sender: Sender) -> SignalingError:
    return ForbiddenTopicError(topics) if sender.has_token else NoTokenError()
