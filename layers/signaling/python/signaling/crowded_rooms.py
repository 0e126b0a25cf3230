"""Introductions in small rooms with so many members that some of them may be full."""

from collections.abc import Callable

from signaling.introductions import find, is_introduced_to, some_of
from signaling.ports import (
    NOTHING,
    After,
    Connections,
    Introduction,
    Outcome,
    Subscriber,
    Subscriptions,
    remove_gone,
)
from signaling.protocol import encode_announce
from signaling.small_rooms import SMALL_ROOM

HEARD = 3
"""Of how many others a newcomer hears. One would do, but it may have vanished unnoticed."""

SECONDS_UNTIL_HEARD = 2.0
"""After which a newcomer to a crowded room hears of others.

By then it knows whoever was not full: a cold start takes a second, and so may a post that is tried
again.
"""


class Crowd:
    """Who may have been overlooked, for the time of one invocation."""

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

    def look_again(self, topic: str, own: Subscriber) -> Outcome:
        """Let the newcomer `own` hear of some others a little later, if it is still there.

        Not at once: who hears of it now and has room makes an offer, and would get one.
        """
        return self._after(SECONDS_UNTIL_HEARD, lambda: self._tell(topic, own))

    def _tell(self, topic: str, own: Subscriber) -> Outcome:
        read = self._subscriptions.of_topic(topic, SMALL_ROOM)
        latest = find(read, own.connection)
        has_left = latest is None and len(read) <= SMALL_ROOM
        if has_left or (latest and latest.entered_at != own.entered_at):
            return NOTHING
        heard = [
            Introduction(
                each.connection,
                own.connection,
                encode_announce(topic, each.announce or "", len(read)),
            )
            for each in overlooked(self._admitted(read), own)
        ]
        outcome = self._connections.send([], "", heard)
        remove_gone(self._subscriptions, topic, outcome)
        return outcome


def overlooked(subscribers: list[Subscriber], own: Subscriber) -> list[Subscriber]:
    """Return some of those that have heard of the newcomer `own`, but may have been full.

    Those alone that announced themselves before it did. Their introductions are over, so they do
    not hear of it now, and announces do not cross.
    """
    elders = [
        each
        for each in subscribers
        if each.connection != own.connection
        and each.requested_at <= own.requested_at
        and is_introduced_to(own, each)
    ]
    return some_of(elders, own, HEARD)
