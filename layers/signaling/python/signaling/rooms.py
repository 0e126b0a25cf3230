"""The core: who enters and leaves rooms, and who gets what. Knows only the two ports."""

from typing import NamedTuple

from signaling.access.grants import Grants
from signaling.errors import (
    ForbiddenTopicError,
    NoTokenError,
    SignalingError,
    SubscriptionsError,
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
)


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
