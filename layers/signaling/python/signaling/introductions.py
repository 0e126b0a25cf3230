"""Who is introduced to whom when clients announce themselves: pure, from their rows alone."""

from binascii import crc32
from collections.abc import Iterable

from signaling.frames import encode_announce
from signaling.ports import Introduction, Sender, Subscriber

NEW_MILLISECONDS = 5_000
"""How long a subscribe or an announce is new: its introductions may still be under way.

The announce may meet a cold start of a second, the offer that answers it another one, and posts
that are tried again pause for up to 1.5 s. It is no longer than that because a client that
subscribes and never announces itself does not hear of those who come within this time.
"""

SAME_MOMENT_MILLISECONDS = 300
"""Two connections that are opened within this time are ordered by peer id, others by time.

A page reaches two servers one after the other, so by time alone they could choose differently: on
a busy machine they were seen to differ by 150 ms. For longer intervals time is better. A page that
hears an announce makes an offer, and a page that reloads announces itself once more as it goes. An
offer to it is never answered and leaves a dead connection; the page itself, which is the older
connection, ignores what it hears. With 1,000 ms, 24 of 40 pairs of pages that reloaded half a
second after they met had one, and 19 of 40 where the peer id decided between first announces and
time between others.
"""

AGAIN_MILLISECONDS = 10 * 60 * 1000
"""How long a member that announced itself again waits for the other end to do so, too.

The other end of a connection notices its end after half a minute, or when it wakes: API Gateway
closes a connection that says nothing for ten minutes, and a new one is a new row.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

BACK_MILLISECONDS = 1_000
"""A client that enters a room again so soon after it left, on one connection, may have gone.

y-webrtc unsubscribes when a page leaves, then destroys its connections, and each that closes
subscribes and announces the page again.
https://github.com/yjs/y-webrtc/blob/v10.3.0/src/y-webrtc.js#L253
"""

SECONDS_UNTIL_HEARD_AGAIN = 0.5
"""After which others hear of a member that announces itself again.

A page that is being closed hears nothing more by then; until then it answers announces. And the
end of a connection that noticed its end in the same moment has said so.
"""

CROWDED = 21
"""Members of the largest room where no page is full.

From 20 to 34 connections on y-webrtc ignores announces, but it accepts every offer.
https://github.com/yjs/y-webrtc/blob/v10.3.0/src/y-webrtc.js#L604
"""

STRANGERS = 2
"""Of how many more members one hears that has lost a connection in a crowded room."""


def introduce(
    subscribers: list[Subscriber], sender: Sender, announce: str
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return who hears of whom when `sender` makes the `announce`.

    First the connections that hear of the sender. Then those that the sender hears of, if they are
    still there, with their announces.

    Of two clients that announce themselves, each writes its row before it reads the topic, so the
    one that reads last sees both rows and introduces them. The direction depends on the two rows
    alone, so if the other one sees both, too, it chooses the same. It must be one direction:
    announces that cross break y-webrtc's connections (https://github.com/yjs/y-webrtc/pull/39).

    Who has been in the room for long has lost a connection, and both ends of it announce themselves
    again. So it is introduced only to newcomers and to those who did so lately, but before it did:
    of two ends, the one that notices first hears of the one that notices last, and by then has
    dropped the connection itself. An offer to one that has not noticed would be taken by its old
    connection, and be lost with it.

    In a crowded room it may have lost the only one that it had. So it also hears of a few others.

    Who came back at once after it left may have gone. So nobody hears of it; it hears of the others
    and makes the offers, if it is there after `SECONDS_UNTIL_HEARD_AGAIN`.

    A client that subscribed a moment ago and has not announced itself is left out: its announce is
    still to come and will find this row. One that has been silent for longer hears of the sender.
    Nobody hears anything if the sender has left in the meantime or has announced itself again.
    """
    own = find(subscribers, sender.connection)
    if own is None or _is_outdated(sender, own):
        return [], []
    own = own._replace(announce=announce)
    hearers: list[str] = []
    announced: list[tuple[str, str]] = []
    others = []
    for other in subscribers:
        if other.connection == own.connection:
            continue
        hears = _hears(other, own)
        if hears:
            hearers.append(other.connection)
        elif hears is not None and other.announce is not None:
            announced.append((other.connection, other.announce))
        elif hears is None:
            others.append(other)
    if len(subscribers) > CROWDED and not is_newcomer(own):
        for other in some_of(others, own, STRANGERS):
            announced.append((other.connection, other.announce or ""))
    return hearers, announced


def heard_by(
    receiver: str, topic: str, announced: Iterable[tuple[str, str]], clients: int
) -> list[Introduction]:
    """Return what lets `receiver` hear of connections, given with their announces."""
    return [
        Introduction(connection, receiver, encode_announce(topic, data, clients))
        for connection, data in announced
    ]


def some_of(subscribers: list[Subscriber], own: Subscriber, number: int) -> list[Subscriber]:
    """Return at most `number` of `subscribers` that may be there, at random for each request."""

    def chance(other: Subscriber) -> int:
        return crc32(f"{own.connection}{own.requested_at}{other.connection}".encode())

    there = [each for each in subscribers if each.announce is not None and not came_back(each)]
    return sorted(there, key=chance)[:number]


def _is_outdated(sender: Sender, own: Subscriber) -> bool:
    """Tell whether the row `own` shows that its client has announced itself again, or left."""
    is_announced_later = own.announce is not None and own.requested_at > sender.requested_at
    return is_announced_later or (own.left_at is not None and own.left_at > sender.requested_at)


def _hears(other: Subscriber, own: Subscriber) -> bool | None:
    """Tell whether `other` hears of `own`, which announces itself, or the other way round.

    None if neither hears of the other.
    """
    is_recent = own.requested_at - other.requested_at <= NEW_MILLISECONDS
    if came_back(own) != came_back(other):
        if came_back(own):
            return False
        return True if is_newcomer(own) else None
    if other.announce is None:
        return None if is_recent else True
    is_new = own.requested_at - entered_at(other) <= NEW_MILLISECONDS
    if is_newcomer(own) or is_new:
        return is_introduced_to(own, other)
    return True if _announced_again(other, own.requested_at) and _is_earlier(other, own) else None


def _is_earlier(other: Subscriber, own: Subscriber) -> bool:
    return (other.requested_at, other.connection) < (own.requested_at, own.connection)


def is_heard_later(own: Subscriber) -> bool:
    """Tell whether nobody hears of `own`, which announces itself, for some time."""
    return came_back(own) or not is_newcomer(own)


def is_newcomer(own: Subscriber) -> bool:
    """Tell whether all should know of `own`, which announces itself.

    Also if its first announce may have been the last of a page that had left: then this may be the
    first one of the next page.
    """
    is_new = own.requested_at - entered_at(own) <= NEW_MILLISECONDS
    return is_new or (
        own.left_at is not None and entered_at(own) - own.left_at <= BACK_MILLISECONDS
    )


def came_back(subscriber: Subscriber) -> bool:
    """Tell whether it left and entered again at once, and may have gone.

    Not if it had just connected: then it is a page that makes its provider twice, as React's strict
    mode does.
    """
    left_at = subscriber.left_at
    return (
        left_at is not None
        and _is_back(subscriber)
        and left_at - subscriber.connected_at > NEW_MILLISECONDS
    )


def _is_back(subscriber: Subscriber) -> bool:
    left_at = subscriber.left_at
    return left_at is not None and subscriber.requested_at - left_at <= BACK_MILLISECONDS


def _announced_again(other: Subscriber, now: int) -> bool:
    """Tell whether `other` has announced itself again lately, or is about to."""
    is_again = other.requested_at > entered_at(other) and not _is_back(other)
    return is_again and now - other.requested_at <= AGAIN_MILLISECONDS


def is_introduced_to(one: Subscriber, other: Subscriber) -> bool:
    """Tell whether `one` is introduced to `other`, and not the other way round.

    A client that enters is introduced to one that has been there for some time, even if that one is
    just announcing itself again. Of two that are new in the room, the later connection is
    introduced to the earlier one. Of two that connected at the same moment, the lower rank decides.
    """
    entered_later_by = entered_at(one) - entered_at(other)
    if abs(entered_later_by) > NEW_MILLISECONDS:
        return entered_later_by > 0
    connected_later_by = one.connected_at - other.connected_at
    if abs(connected_later_by) > SAME_MOMENT_MILLISECONDS:
        return connected_later_by > 0
    return _rank(one) < _rank(other)


def entered_at(subscriber: Subscriber) -> int:
    """Return when it first announced itself, as far as its row tells."""
    return subscriber.entered_at or subscriber.requested_at


def _rank(subscriber: Subscriber) -> tuple[str, str]:
    """Return the peer id, so that two servers choose alike, and the connection id.

    The connection id decides where a password hides the peer id or two connections have the same.
    """
    announce = subscriber.announce or ""
    is_encrypted = announce.startswith('"')
    return "" if is_encrypted else announce, subscriber.connection


def find(subscribers: list[Subscriber], connection: str) -> Subscriber | None:
    """Return the row of `connection`."""
    for each in subscribers:
        if each.connection == connection:
            return each
    return None
