"""Rows of the table in memory."""

from dataclasses import dataclass, replace
from functools import cached_property

from signaling.aws.counts import first_of
from signaling.frames import plain_announce
from signaling.ports import Sender, Subscriber
from signaling.standing import ANNOUNCES_MILLISECONDS, TOGETHER_MILLISECONDS


@dataclass(frozen=True)
class Row:
    """What is kept about a connection in a topic."""

    subscriber: Subscriber
    expires_at: int
    has_left: bool = False
    announces: tuple[int, int] = (0, 0)
    """The period of its last announces, and their number."""
    began: tuple[tuple[int, int], ...] = ()
    """The half second of its last announces, and the one before, each with the time at which the
    handling of its first announce began."""
    held: tuple[str, ...] = ()
    listed_as: str | None = None
    """Peer id under which it is listed."""

    @cached_property  # a room is read far more often than one of its rows changes
    def member(self) -> Subscriber:
        """The subscriber, including what only the row knows."""
        peer = self.subscriber.peer
        is_listed = peer is not None and self.listed_as == peer
        began_at = first_of((each for _, each in self.began), self.subscriber.requested_at)
        return self.subscriber._replace(is_listed=is_listed, began_at=began_at)

    def with_peer(self, peer: str) -> "Row":
        """Return the row with another peer id, of which a plain announce then is."""
        known = self.subscriber
        subscriber = known._replace(peer=peer)
        if known.peer is not None and known.announce == plain_announce(known.peer):
            subscriber = subscriber._replace(announce=plain_announce(peer))
        return replace(self, subscriber=subscriber)

    def with_announce(self, sender: Sender) -> "Row":
        """Return the row with one more announce counted."""
        time, count = self.announces
        current = sender.requested_at // ANNOUNCES_MILLISECONDS
        half = sender.requested_at // TOGETHER_MILLISECONDS
        began = {half: sender.began_at, **dict(self.began)}
        return replace(
            self,
            announces=(current, count + 1 if time == current else 1),
            began=tuple((each, began[each]) for each in (half - 1, half) if each in began),
        )


def subscriber_of(
    sender: Sender,
    peer: str | None = None,
    entered_at: int | None = None,
    announce: str | None = None,
) -> Subscriber:
    """Return the subscriber that `sender` describes."""
    connection, connected_at, requested_at, has_token, _ = sender
    return Subscriber(connection, peer, connected_at, requested_at, announce, entered_at, has_token)
