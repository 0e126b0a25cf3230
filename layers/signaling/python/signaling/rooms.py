"""The core: who enters and leaves rooms, and who gets what. Knows only the two ports."""

from signaling.connections import Connections, Outcome
from signaling.errors import ForbiddenTopicError
from signaling.grants import Grants
from signaling.protocol import PONG, Message, Ping, Publish, Subscribe, Unsubscribe
from signaling.settings import BROADCAST
from signaling.subscriptions import Request, Subscriber, Subscriptions


class Rooms:
    """Rooms for the time of one invocation."""

    def __init__(
        self, subscriptions: Subscriptions, connections: Connections, delivery: str
    ) -> None:
        """Keep members in `subscriptions`, reach them over `connections`, choose by `delivery`."""
        self._subscriptions = subscriptions
        self._connections = connections
        self._delivery = delivery

    def handle(self, request: Request, message: Message, grants: Grants) -> Outcome:
        """Do what `message` asks for and return what became of the frames that it caused.

        Raises:
            ForbiddenTopicError: `grants` leave out a topic; all that they allow is done.
            SubscriptionsError: the table failed; what was done before that stays done.
        """
        match message:
            case Publish():
                if not grants.allows(message.topic):
                    raise ForbiddenTopicError([message.topic])
                return self.publish(request, message)
            case Subscribe():
                self._subscribe(request, message.topics, grants)
            case Unsubscribe():
                for topic in message.topics:
                    self._subscriptions.remove(topic, request)
            case Ping():
                return self.reply(request.connection, PONG)
        return Outcome([], [], [])

    def _subscribe(self, request: Request, topics: list[str], grants: Grants) -> None:
        forbidden = []
        for topic in topics:
            if grants.allows(topic):
                self._subscriptions.add(topic, request)
            else:
                forbidden.append(topic)
        if forbidden:
            raise ForbiddenTopicError(forbidden)

    def publish(self, request: Request, publish: Publish) -> Outcome:
        """Pass a message to its room, then bring the room's rows up to date.

        The message goes first: a client asks again for nothing, so a lost one is worse than a row
        that stays wrong until the next message.
        """
        subscribers = self._enter_and_read(request, publish)
        receivers = recipients(subscribers, request.connection, publish.to, self._delivery)
        result = self._connections.send(receivers, publish.encode(clients=len(subscribers)))
        self._remember_peer(request, publish, subscribers)
        for connection in result.gone:
            self._subscriptions.remove_connection(connection)
        return result

    def reply(self, connection: str, frame: str) -> Outcome:
        """Send `frame` to one connection."""
        return self._connections.send([connection], frame)

    def leave(self, connection: str) -> None:
        """Take a connection out of every room."""
        self._subscriptions.remove_connection(connection)

    def _enter_and_read(self, request: Request, publish: Publish) -> list[Subscriber]:
        """Return the subscribers of the topic, read after the sender was written to it.

        Of two clients that announce at the same moment, each writes its row before it reads the
        topic. The one whose read comes last reads after both writes, and reads are strongly
        consistent, so it sees the other: one of the two announces arrives, and one is enough.
        """
        topic = publish.topic
        if publish.is_announce:
            self._subscriptions.add(topic, request, publish.peer)
            return self._subscriptions.of_topic(topic)
        subscribers = self._subscriptions.of_topic(topic)
        may_be_announce = publish.is_opaque
        if may_be_announce and _find(subscribers, request.connection) is None:
            self._subscriptions.add(topic, request)
            subscribers = self._subscriptions.of_topic(topic)
        return subscribers

    def _remember_peer(
        self, request: Request, publish: Publish, subscribers: list[Subscriber]
    ) -> None:
        sender = _find(subscribers, request.connection)
        if sender is not None and publish.peer not in (None, sender.peer):
            self._subscriptions.add(publish.topic, request, publish.peer)


def recipients(
    subscribers: list[Subscriber], sender: str, to: str | None, delivery: str
) -> list[str]:
    """Return the connections that a message of `sender` for peer `to` is sent to.

    Addressed: never the sender. A message for a peer goes to whoever claims that id and to those
    who have not said who they are; if nobody claims it, or nobody is named, to all others.
    Broadcast: everyone.
    """
    if delivery == BROADCAST:
        return [connection for connection, _ in subscribers]
    others = [(connection, peer) for connection, peer in subscribers if connection != sender]
    if to is not None and to in [peer for _, peer in others]:
        return [connection for connection, peer in others if peer is None or peer == to]
    return [connection for connection, _ in others]


def _find(subscribers: list[Subscriber], connection: str) -> Subscriber | None:
    for each in subscribers:
        if each.connection == connection:
            return each
    return None
