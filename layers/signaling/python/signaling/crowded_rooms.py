"""Introductions in small rooms with so many members that some of them may be full."""

from collections.abc import Callable

from signaling.introductions import (
    find,
    heard_by,
    is_introduced_to,
    some_of,
)
from signaling.ports import (
    NOTHING,
    After,
    Connections,
    Outcome,
    Subscriber,
    Subscriptions,
    remove_gone,
)
from signaling.small_rooms import SMALL_ROOM

HEARD = 3
"""Members introduced to a newcomer. One would suffice, but it may have vanished unnoticed."""

SECONDS_UNTIL_HEARD = 2.0
"""The delay after which a newcomer to a crowded room hears of others.

By then it knows all members that were not full: a cold start takes a second, and so may a retried
post.
"""


def look_again(
    topic: str,
    own: Subscriber,
    subscriptions: Subscriptions,
    connections: Connections,
    admitted: Callable[[list[Subscriber]], list[Subscriber]],
    after: After,
) -> Outcome:
    """Introduce some others to the newcomer `own` a little later, if it is still there.

    Not at once: a member that hears of it now and is not full makes an offer, and would also get
    one. `admitted` leaves out members that may hear nothing.
    """

    def tell() -> Outcome:
        read = subscriptions.of_topic(topic, SMALL_ROOM)
        latest = find(read, own.connection)
        has_left = latest is None and len(read) <= SMALL_ROOM
        if has_left or (latest and latest.entered_at != own.entered_at):
            return NOTHING
        announced = (
            (each.connection, each.announce or "") for each in overlooked(admitted(read), own)
        )
        heard = heard_by(own.connection, topic, announced, len(read))
        outcome = connections.send([], "", heard)
        remove_gone(subscriptions, topic, outcome)
        return outcome

    return after(SECONDS_UNTIL_HEARD, tell)


def overlooked(subscribers: list[Subscriber], own: Subscriber) -> list[Subscriber]:
    """Return some members that have heard of the newcomer `own`, but may have been full.

    Only members that announced themselves before it did. Their introductions are over, so they do
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
