"""Clients that leave a room and enter it again at once, most of which have gone."""

from collections.abc import Callable, Sequence

from signaling.introductions import SECONDS_UNTIL_GONE, came_back, find, misled
from signaling.ports import (
    NOTHING,
    After,
    Connections,
    Outcome,
    Sender,
    Subscriber,
    Subscriptions,
    plus,
    remove_gone,
)
from signaling.protocol import encode_hang_up
from signaling.small_rooms import SMALL_ROOM, SmallRoom


class Leaving:
    """What is to be done for those who came back, for the time of one invocation."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        connections: Connections,
        admitted: Callable[[list[Subscriber]], list[Subscriber]],
        after: After,
    ) -> None:
        """`admitted` leaves out members that may hear nothing."""
        self._subscriptions = subscriptions
        self._connections = connections
        self._admitted = admitted
        self._after = after

    def welcome_back(self, sender: Sender, topic: str, own: Subscriber) -> Outcome:
        """Let a client that came back hear of the others, if it is still there in a moment.

        Once, though it announces itself for each connection that closes: its row is entered by the
        first announce, and those that are handled later see that.
        """
        if own.entered_at != sender.requested_at:
            return NOTHING
        return self._after(SECONDS_UNTIL_GONE, lambda: self._tell(sender, topic, own))

    def correct(self, sender: Sender, left: Sequence[tuple[str, Subscriber]]) -> Outcome:
        """See to topics that `sender` left, and whose rows it wrote again later.

        Its announce was handled before its leaving, and so was taken for one of a member that has
        lost a connection. Whoever heard of it then is hung up on.
        """
        back = [(topic, own) for topic, own in left if came_back(own)]
        for topic, own in back:
            self._hang_up(topic, own)

        def tell() -> Outcome:
            outcome = NOTHING
            for topic, own in back:
                outcome = plus(outcome, self._tell(sender, topic, own))
            return outcome

        return self._after(SECONDS_UNTIL_GONE, tell) if back else NOTHING

    def _hang_up(self, topic: str, own: Subscriber) -> None:
        members = self._admitted(self._subscriptions.of_topic(topic, SMALL_ROOM))
        for each in misled(members, own):
            if own.peer is not None and each.peer is not None:
                frame = encode_hang_up(topic, own.peer, each.peer)
                self._connections.send([each.connection], frame)

    def _tell(self, sender: Sender, topic: str, own: Subscriber) -> Outcome:
        read = self._subscriptions.of_topic(topic, SMALL_ROOM)
        if len(read) > SMALL_ROOM:
            outcome = self._tell_of_some(topic, own, read)
        else:
            outcome = self._tell_of_all(sender, topic, read)
        remove_gone(self._subscriptions, topic, outcome)
        return outcome

    def _tell_of_all(self, sender: Sender, topic: str, read: list[Subscriber]) -> Outcome:
        """Let the sender hear of all others, unless it has left or said something since."""
        own = find(read, sender.connection)
        if own is None or own.announce is None or not came_back(own):
            return NOTHING
        room = SmallRoom(self._connections, self._admitted(read))
        return room.tell(sender._replace(requested_at=own.requested_at), topic, own.announce)

    def _tell_of_some(self, topic: str, own: Subscriber, read: list[Subscriber]) -> Outcome:
        from signaling.large_rooms import LargeRoom  # here: few rooms are large

        sample = self._admitted(self._subscriptions.sample(topic))
        room = LargeRoom(self._subscriptions, self._connections, topic, self._admitted(read))
        return room.introduce(own, "", sample)
