"""What a row says about its member: it is new, lost a connection, or came back. Pure."""

from signaling.ports import Subscriber

NEW_MILLISECONDS = 5_000
"""How long a subscribe or an announce is new: its introductions may still be under way.

The announce may meet a cold start of a second, the offer that answers it another one, and retried
posts pause for up to 1.5 s. The time is no longer than that, because a client that subscribes and
never announces itself does not hear of clients that enter within it.
"""

AGAIN_MILLISECONDS = 10 * 60 * 1000
"""How long a member that announced itself again waits for the other end to do the same.

The other end of a lost connection notices after half a minute, or when it wakes: API Gateway closes
a connection that sends nothing for ten minutes, and a new connection is a new row.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

NEWLY_CONNECTED_MILLISECONDS = 60_000
"""How long a newcomer may be a page that was there before and lost its connection.

It noticed the loss while it slept, or before it could announce itself, and the other end notices
half a minute later.
"""

ANNOUNCES_MILLISECONDS = 2_000
"""For how long the announces of a member in a topic are counted together."""

ANNOUNCES_AT_ONCE = 8
"""How many announces of one member are passed on within `ANNOUNCES_MILLISECONDS`, and one later.

A page announces itself once or twice for each connection that ends. One whose WebRTC cannot start
does so twice for each announce that it hears, without a pause: two of those would keep each other
going, and use up the rate that the stack's clients share.
"""

TOGETHER_MILLISECONDS = 500
"""Of a member's announces within this time, the first that is handled stands for all.

y-webrtc sends one or two for each connection that ends. The time is no longer than
`SECONDS_UNTIL_HEARD_AGAIN`, so all have been sent when the first is passed on.
"""

BACK_MILLISECONDS = 1_000
"""A client that re-enters a room this soon after leaving, on one connection, may have gone.

y-webrtc unsubscribes when a page leaves, then destroys its connections, and each that closes
subscribes and announces the page again.
https://github.com/yjs/y-webrtc/blob/v10.3.0/src/y-webrtc.js#L253
"""

LATE_MILLISECONDS = 500
"""How long after it was sent a candidate is late: a cold start takes that long.

WebRTC may have opened a connection with the other candidates by then, and the page may have closed
it and left.
"""


def entered_at(subscriber: Subscriber) -> int:
    """Return when it first announced itself, in milliseconds, as far as its row tells."""
    return subscriber.entered_at or subscriber.requested_at


def is_newcomer(own: Subscriber) -> bool:
    """Tell whether all members should know of `own`, which announces itself.

    Also true if its first announce may have been the last one of a page that had left: then this
    may be the first announce of the next page.
    """
    is_new = own.requested_at - entered_at(own) <= NEW_MILLISECONDS
    return is_new or (
        own.left_at is not None and entered_at(own) - own.left_at <= BACK_MILLISECONDS
    )


def came_back(subscriber: Subscriber) -> bool:
    """Tell whether it left and entered again at once, and may have gone.

    False if it had just connected: then it is a page that creates its provider twice, as in React's
    strict mode.
    """
    return had_left(subscriber, subscriber.requested_at)


def had_left(subscriber: Subscriber, at: int) -> bool:
    """Tell whether it had just left at a time, in epoch milliseconds, or left later than that.

    What is said to it at that time is for the page that left: if it is back, nobody knows yet.
    """
    left_at = subscriber.left_at
    return (
        left_at is not None
        and at - left_at <= BACK_MILLISECONDS
        and left_at - subscriber.connected_at > NEW_MILLISECONDS
    )


def _is_back(subscriber: Subscriber) -> bool:
    left_at = subscriber.left_at
    return left_at is not None and subscriber.requested_at - left_at <= BACK_MILLISECONDS


def announced_again(other: Subscriber, now: int) -> bool:
    """Tell whether `other` has recently announced itself again, or is about to."""
    is_again = other.requested_at > entered_at(other) and not _is_back(other)
    return is_again and now - other.requested_at <= AGAIN_MILLISECONDS


def connected_newly(other: Subscriber, now: int) -> bool:
    """Tell whether `other` may be a page that was there before, on a new connection."""
    return now - entered_at(other) <= NEWLY_CONNECTED_MILLISECONDS
