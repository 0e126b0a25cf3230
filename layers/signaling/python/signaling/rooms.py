"""The core: who enters and leaves rooms, and who gets what. Knows only the two ports."""

from typing import NamedTuple

from signaling.access.grants import Grants
from signaling.errors import (
    ForbiddenTopicError,
    NoTokenError,
    SignalingError,
    SubscriptionsError,
    TooManyRecipientsError,
)
from signaling.introductions import find, introduce
from signaling.ports import Connections, Introduction, Outcome, Sender, Subscriber, Subscriptions
from signaling.protocol import (
    PONG,
    Message,
    Ping,
    Publish,
    Subscribe,
    Unsubscribe,
    encode_announce,
    is_peer,
)

SMALL_ROOM = 100
"""Members of the largest room in which everybody is introduced to everybody.

Their rows fit one page of a Query, and y-webrtc connects to 20 to 34 others.
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
        max_recipients: int = SMALL_ROOM,
    ) -> None:
        self._subscriptions = subscriptions
        self._connections = connections
        self._is_broadcast = is_broadcast
        self._needs_token = needs_token
        self._max_recipients = max_recipients

    def handle(self, sender: Sender, message: Message, grants: Grants) -> Handled:
        """Do what `message` asks for.

        Raises:
            ForbiddenTopicError: `grants` leave out a topic; all that they allow is done.
            NoTokenError: the topics need a token, and the sender brought none.
            SubscriptionsError: the table failed; what was done before that stays done.
            TooManyRecipientsError: the message would go to more than it may; nobody got it.
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
        own = announce and self._subscriptions.announce(topic, sender, announce)
        is_limited = self._is_limited(publish)
        most = self._max_recipients + 1 if is_limited else SMALL_ROOM
        read = self._subscriptions.of_topic(topic, most)
        subscribers = self._admitted(read)
        is_large = not is_limited and len(read) > SMALL_ROOM
        if not is_large:
            outcome = self._send(sender, publish, subscribers)
        elif announce is None:
            outcome = self._send_to_peer(sender, publish, subscribers)
        else:
            outcome = self._introduce(own, publish, subscribers)
        try:
            if announce is None and not is_large:
                self._learn_peer(sender, publish, subscribers)
            if outcome.gone:
                self._subscriptions.remove(topic, list(dict.fromkeys(outcome.gone)))
        except SubscriptionsError:
            return Handled(outcome, is_tidy=False)
        return Handled(outcome)

    def _send(self, sender: Sender, publish: Publish, subscribers: list[Subscriber]) -> Outcome:
        """Send a message to those of all `subscribers` that it is for."""
        announce, clients = publish.announce, len(subscribers)
        introductions: list[Introduction] = []
        if announce is None or self._is_broadcast:
            receivers = recipients(subscribers, sender.connection, publish.to, self._is_broadcast)
        else:
            receivers, announced = introduce(subscribers, sender, announce.data)
            introductions = [
                Introduction(each, sender.connection, encode_announce(publish.topic, data, clients))
                for each, data in announced
            ]
        is_too_many = len(receivers) + len(introductions) > self._max_recipients
        if is_too_many and (announce is None or self._is_limited(publish)):
            raise TooManyRecipientsError(self._max_recipients)
        return self._connections.send(receivers, publish.encode(clients), introductions)

    def _send_to_peer(self, sender: Sender, publish: Publish, read: list[Subscriber]) -> Outcome:
        """Send a message to its addressee in a large room, of which some members were read.

        Whoever is introduced there is listed. Those who met while the room was small are not; but
        until it has grown by far they are among those that were read.
        """
        topic, to = publish.topic, publish.to or ""
        found = self._admitted(self._subscriptions.of_peer(topic, to)) if is_peer(to) else []
        found = found or [each for each in read if each.peer == to]
        if found:
            others = [each.connection for each in found if each.connection != sender.connection]
            return self._connections.send(others, publish.encode(len(read)))
        if self._max_recipients <= SMALL_ROOM:
            raise TooManyRecipientsError(self._max_recipients)
        everybody = self._subscriptions.of_topic(topic, self._max_recipients + 1)
        return self._send(sender, publish, self._admitted(everybody))

    def _introduce(
        self, own: Subscriber | None, publish: Publish, read: list[Subscriber]
    ) -> Outcome:
        """Introduce the sender of an announce to some members of a large room."""
        from signaling.large_rooms import LargeRoom  # here: few rooms are large

        if own is None:
            return Outcome([], [], [])
        sample = self._admitted(self._subscriptions.sample(publish.topic))
        room = LargeRoom(self._subscriptions, self._connections, read)
        return room.introduce(own, publish, sample)

    def _is_limited(self, publish: Publish) -> bool:
        """Tell whether a message is for everybody, as far as can be told."""
        return self._is_broadcast or not publish.names_peer

    def _admitted(self, subscribers: list[Subscriber]) -> list[Subscriber]:
        """Leave out rows of clients that came before a token was needed."""
        if not self._needs_token:
            return subscribers
        return [each for each in subscribers if each.has_token]

    def reply(self, connection: str, frame: str) -> Outcome:
        """Send `frame` to one connection."""
        return self._connections.send([connection], frame)

    def leave(self, connection: str) -> None:
        """Take a connection out of every room."""
        self._subscriptions.remove_connection(connection)

    def _learn_peer(self, sender: Sender, publish: Publish, subscribers: list[Subscriber]) -> None:
        own = find(subscribers, sender.connection)
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


def _refusal(topics: list[str], sender: Sender) -> SignalingError:
    return ForbiddenTopicError(topics) if sender.has_token else NoTokenError()
