"""The core: who enters and leaves rooms, and who gets what. Knows only the two ports."""

from typing import NamedTuple

from signaling.access.grants import Grants
from signaling.errors import ForbiddenTopicError, SubscriptionsError
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

A cold start of a second for the announce, another for the offer that answers it, and up to 1.5 s of
pauses before a post is tried again. No longer, because whoever subscribes and stays silent does not
hear of those who come within this time.
"""

SAME_MOMENT_MILLISECONDS = 100
"""How far apart two connections may be opened that are put in order by peer id, not by time.

By time alone two servers, which a page reaches one after the other, could choose differently. But
the later connection is the better choice: who is told of the other makes an offer, and a page that
reloads announces itself once more as it goes, less than a second before it comes back. An offer to
it would never be answered and stay a dead connection, while a page that goes ignores what it gets.
"""


class Handled(NamedTuple):
    """What came of a message."""

    outcome: Outcome
    """Of the frames that it caused."""
    is_tidy: bool = True
    """Whether the room's rows could be brought up to date afterwards."""


class Rooms:
    """Rooms for the time of one invocation."""

    def __init__(
        self, subscriptions: Subscriptions, connections: Connections, is_broadcast: bool = False
    ) -> None:
        self._subscriptions = subscriptions
        self._connections = connections
        self._is_broadcast = is_broadcast

    def handle(self, sender: Sender, message: Message, grants: Grants) -> Handled:
        """Do what `message` asks for.

        Raises:
            ForbiddenTopicError: `grants` leave out a topic; all that they allow is done.
            SubscriptionsError: the table failed; what was done before that stays done.
        """
        match message:
            case Publish():
                if not grants.allows(message.topic):
                    raise ForbiddenTopicError([message.topic])
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
            raise ForbiddenTopicError([topic for topic in topics if topic not in granted])

    def publish(self, sender: Sender, publish: Publish) -> Handled:
        """Pass a message to its room, then bring the room's rows up to date.

        An announce is written before the topic is read, everything else is sent first: a client
        asks again for nothing, so a lost message is worse than a peer id that is learned late. For
        the same reason nothing that fails after the sending may change what the sender is told.
        """
        topic, announce = publish.topic, publish.announce
        if announce is not None:
            self._subscriptions.announce(topic, sender, announce)
        subscribers = self._subscriptions.of_topic(topic)
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
    """Return the connections that a message of `sender` for peer `to` is sent to.

    Addressed: never the sender. A message for a peer goes to whoever claims that id and to those
    who have not said who they are; if nobody claims it, or nobody is named, to all others. (An
    announce goes to those whom `introduce` names.) Broadcast: everyone.
    """
    if is_broadcast:
        return [each.connection for each in subscribers]
    others = [(each.connection, each.peer) for each in subscribers if each.connection != sender]
    if to is not None and to in [peer for _, peer in others]:
        return [connection for connection, peer in others if peer is None or peer == to]
    return [connection for connection, _ in others]


class Told(NamedTuple):
    """Who hears of whom because of an announce."""

    connections: list[str]
    """Connections that hear of its sender."""
    announced: list[tuple[str, str]]
    """Connections that its sender hears of, if they are still there, and their announces."""


def introduce(subscribers: list[Subscriber], sender: Sender, announce: str) -> Told:
    """Return who hears of whom when `sender` makes the `announce`.

    Of two that enter, each writes its row before it reads the topic, so the one whose read comes
    last sees both rows and introduces them; and since the direction depends on nothing but the two
    rows, the other one, if it sees both, chooses the same. One direction it must be: announces that
    cross break y-webrtc's connections (https://github.com/yjs/y-webrtc/pull/39).

    Whoever subscribed a moment ago is left to its own announce, which is still to come and will
    find this row. Whoever announced itself long ago may not know yet that it lost the sender, so it
    is told, which it ignores if it has not, and not announced, which would be answered in vain. An
    announce says nothing if its sender has left meanwhile, or has replaced it by another one.
    """
    own = _find(subscribers, sender.connection)
    if own is None or (own.announce is not None and own.requested_at > sender.requested_at):
        return Told([], [])
    own = own._replace(announce=announce)
    told = Told([], [])
    for other in subscribers:
        if other.connection == own.connection:
            continue
        if sender.requested_at - other.requested_at > NEW_MILLISECONDS:
            told.connections.append(other.connection)
        elif other.announce is not None:
            if _is_introduced_to(own, other):
                told.connections.append(other.connection)
            else:
                told.announced.append((other.connection, other.announce))
    return told


def _is_introduced_to(one: Subscriber, other: Subscriber) -> bool:
    """Tell the direction between two that have announced themselves.

    Who came is introduced to who was there, even if that one announces itself again just now; of
    two that are new in the room, the later connection to the earlier one; and of two connections
    of one moment, the one of lower rank to the other.
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
    """Return the peer id, so that two servers choose alike, or else the connection id.

    A password hides peer ids, and two connections may claim the same.
    """
    announce = subscriber.announce or ""
    is_encrypted = announce.startswith('"')
    return "" if is_encrypted else announce, subscriber.connection


def _find(subscribers: list[Subscriber], connection: str) -> Subscriber | None:
    for each in subscribers:
        if each.connection == connection:
            return each
    return None
