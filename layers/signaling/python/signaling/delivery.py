"""Choosing recipients and sending: in small and large rooms, and behind a password."""

from contextlib import suppress

from signaling.bounds import NOTED_PEER_BYTES, OFFER_MILLISECONDS
from signaling.errors import SubscriptionsError, TooManyRecipientsError
from signaling.large_topics import LargeTopics
from signaling.ports import NOTHING, Connections, Outcome, Sender, Subscriber, Subscriptions
from signaling.protocol import Publish, is_peer
from signaling.recipients import addressees, is_late, is_lost, reachable, recipients, still_there
from signaling.small_rooms import SMALL_ROOM, SmallRoom


class Delivery:
    """The sending of messages to rooms, for the time of one invocation."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        connections: Connections,
        is_broadcast: bool,
        needs_token: bool,
        max_recipients: int,
        large_topics: LargeTopics,
    ) -> None:
        """Send to members through `connections`, to `max_recipients` a message at most."""
        self._subscriptions = subscriptions
        self._connections = connections
        self._is_broadcast = is_broadcast
        self._needs_token = needs_token
        self._max_recipients = max_recipients
        self._large_topics = large_topics

    def read(self, publish: Publish) -> list[Subscriber]:
        """Read the members of a room that a message may be for, or enough of them."""
        most = self._max_recipients + 1 if self._is_limited(publish) else SMALL_ROOM
        return self._subscriptions.of_topic(publish.topic, most)

    def reach(
        self,
        sender: Sender,
        publish: Publish,
        read: list[Subscriber],
        own: Subscriber | None = None,
    ) -> Outcome:
        """Send a message to its recipients, or in a large room to some of them."""
        subscribers = self.admitted(read)
        if not self.is_large(publish, read):
            self._large_topics.forget(publish.topic)
            return self._send(sender, publish, subscribers)
        self._large_topics.note(publish.topic, len(read), sender.requested_at)
        if publish.announce is None:
            return self._send_to_peer(sender, publish, subscribers)
        return self._introduce(own, publish, subscribers)

    def _send(self, sender: Sender, publish: Publish, subscribers: list[Subscriber]) -> Outcome:
        """Send a message to those of all `subscribers` that it is meant for."""
        clients = len(subscribers)
        if publish.announce is not None and not self._is_broadcast:
            if self._is_limited(publish):
                # Members that should hear it may be among those that were not read.
                self._refuse_too_many(clients - 1)
            room = SmallRoom(self._connections, subscribers)
            return room.introduce(sender, publish, publish.announce.data)
        if publish.signal is None or publish.to is None or self._is_broadcast:
            receivers = recipients(subscribers, sender.connection, publish.to, self._is_broadcast)
        else:
            receivers = addressees(subscribers, sender, publish)
        self._refuse_too_many(len(receivers))
        return self._connections.send(receivers, publish.encode(clients))

    def _refuse_too_many(self, receivers: int) -> None:
        if receivers > self._max_recipients:
            raise TooManyRecipientsError(self._max_recipients)

    def was_large(self, sender: Sender, publish: Publish) -> bool:
        """Tell whether a message is a signal in a room that was large a moment ago."""
        is_signal = publish.signal is not None and publish.to is not None
        known = self._large_topics.members_of(publish.topic, sender.requested_at)
        return is_signal and known is not None and not self._is_broadcast

    def reach_listed(self, sender: Sender, signal: Publish) -> Outcome:
        """Send a signal in a room that was large a moment ago, without reading the room again.

        If it has become small since, or the addressee met its sender before it was large, the
        addressee may be there and not listed. Then the signal waits for it like any other that is
        lost, and is sent once the room has been read.
        """
        members = self._large_topics.members_of(signal.topic, sender.requested_at) or 0
        return self._send_to_listed(sender, signal, members) or NOTHING

    def note_if_late(self, sender: Sender, candidate: Publish) -> None:
        """Note a candidate that is handled late like an offer of its addressee to its sender.

        The connection may have opened and ended since, and y-webrtc takes the candidate for a new
        one, which never opens: so its addressee is told if the sender leaves. That is handled
        either after this, and finds the note, or before it, and the sender's row tells.
        """
        topic, peer, to = candidate.topic, candidate.peer or "", candidate.to or ""
        if not is_late(sender) or not is_peer(to, NOTED_PEER_BYTES):
            return
        listed = self._listed(topic, peer)
        if own := [each for each in listed if each.connection == sender.connection]:
            at = sender.began_at - sender.began_at % OFFER_MILLISECONDS  # one note for all of them
            for each in self._listed(topic, to):
                addressee = sender._replace(connection=each.connection, requested_at=at)
                self._subscriptions.note_offer(topic, addressee, to, own)

    def _send_to_listed(self, sender: Sender, publish: Publish, members: int) -> Outcome | None:
        """Send a message to its addressee in a large room, if that is listed."""
        topic, to = publish.topic, publish.to or ""
        found = self._listed(topic, to)
        if not found:
            return None
        found = still_there(found, sender, publish)
        if _is_noted(publish):
            found = self._subscriptions.note_offer(topic, sender, publish.peer or "", found)
        others = [each.connection for each in found if each.connection != sender.connection]
        outcome = self._connections.send(others, publish.encode(members))
        if gone := [each for each in found if each.connection in outcome.gone]:
            with suppress(SubscriptionsError):  # the next signal finds it gone again
                self._subscriptions.unlist(topic, gone)
        return outcome

    def _listed(self, topic: str, peer: str) -> list[Subscriber]:
        return self.admitted(self._subscriptions.of_peer(topic, peer)) if is_peer(peer) else []

    def _send_to_peer(self, sender: Sender, publish: Publish, read: list[Subscriber]) -> Outcome:
        """Send a message to its addressee in a large room, of which some members were read.

        Members that are introduced there are listed. Those that met while the room was small are
        not, but until it is much larger they are among those that were read.
        """
        listed = self._send_to_listed(sender, publish, len(read))
        if listed is not None:
            return listed
        named = [each for each in read if each.peer == publish.to]
        if found := reachable(named, read, sender, publish):
            others = [each.connection for each in found if each.connection != sender.connection]
            return self._connections.send(others, publish.encode(len(read)))
        if is_lost(publish, NOTHING):
            return NOTHING
        if self._max_recipients <= SMALL_ROOM:
            raise TooManyRecipientsError(self._max_recipients)
        everybody = self._subscriptions.of_topic(publish.topic, self._max_recipients + 1)
        return self._send(sender, publish, self.admitted(everybody))

    def _introduce(
        self, own: Subscriber | None, publish: Publish, read: list[Subscriber]
    ) -> Outcome:
        """Introduce the sender of an announce to some members of a large room."""
        from signaling.large_rooms import LargeRoom  # here: few rooms are large

        if own is None:
            return NOTHING
        sample = self.admitted(self._subscriptions.sample(publish.topic))
        room = LargeRoom(self._subscriptions, self._connections, publish.topic, read)
        return room.introduce(own, publish.encode(len(read)), sample)

    def is_large(self, publish: Publish, read: list[Subscriber]) -> bool:
        """Tell whether a room is large for this message, so that only some members were read."""
        return len(read) > SMALL_ROOM and not self._is_limited(publish)

    def _is_limited(self, publish: Publish) -> bool:
        """Tell whether a message is for all members, as far as can be told."""
        return self._is_broadcast or not publish.names_peer

    def admitted(self, subscribers: list[Subscriber]) -> list[Subscriber]:
        """Leave out rows of clients that came before a token was needed."""
        if not self._needs_token:
            return subscribers
        return [each for each in subscribers if each.has_token]


def _is_noted(publish: Publish) -> bool:
    peer = publish.peer
    return publish.signal == "offer" and peer is not None and is_peer(peer, NOTED_PEER_BYTES)
