"""Introductions of clients that announce themselves: pure, from their rows alone."""

from binascii import crc32
from collections.abc import Iterable

from signaling.frames import encode_announce, plain_announce
from signaling.ports import Introduction, Sender, Subscriber
from signaling.standing import (
    NEW_MILLISECONDS,
    announced_again,
    came_back,
    connected_newly,
    entered_at,
    is_newcomer,
)

SAME_MOMENT_MILLISECONDS = 300
"""Two connections that are opened within this time are ordered by peer id, others by time.

A page reaches two servers one after the other, so by time alone they could choose differently: on
a busy machine the times differed by 150 ms. For longer intervals time is better. A page that hears
an announce makes an offer, and a page that reloads announces itself once more as it leaves. An
offer to it is never answered and leaves a dead connection; the page itself, which is the older
connection, ignores what it hears. With 1,000 ms, 24 of 40 pairs of pages that reloaded half a
second after they met had a dead connection, and 19 of 40 when the peer id decided between first
announces and time between others.
"""

UNDER_WAY_MILLISECONDS = 2_000
"""Announces that are sent within this time may be handled in any order."""

SECONDS_UNTIL_HEARD_AGAIN = 0.5
"""The delay until others hear of a member that announces itself again.

By then a closing page hears nothing more; until then it answers announces. And if the other end of
the connection noticed the loss at the same moment, it has announced itself by then.
"""

_MILLISECONDS_TO_WRITE = 200
"""Two announces whose handling begins within this time find each other's row half a second later,
even if one write takes 0.3 s longer than the other."""

_MILLISECONDS_TO_ARRIVE = 200
"""How long an announce may take from its handling to the page."""

CROWDED = 21
"""Members of the largest room where no page is full.

With 20 to 34 connections or more, y-webrtc ignores announces, but it accepts every offer.
https://github.com/yjs/y-webrtc/blob/v10.3.0/src/y-webrtc.js#L604
"""

STRANGERS = 2
"""How many additional members a member of a crowded room hears of after losing a connection."""


def introduce(
    subscribers: list[Subscriber], sender: Sender, announce: str
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return who hears of whom when `sender` makes the `announce`.

    The first result is the connections that hear of the sender. The second is the connections that
    the sender hears of, if they are still there, with their announces.

    Of two clients that announce themselves, each writes its row before it reads the topic, so the
    one that reads last sees both rows and introduces them. The direction depends on the two rows
    alone, so if the other one also sees both, it chooses the same. It must be one direction:
    announces that cross break y-webrtc's connections (https://github.com/yjs/y-webrtc/pull/39).

    A sender that has been in the room for long has lost a connection, and both ends of it announce
    themselves again. So it is introduced only to newcomers, and to members that recently announced
    themselves again, but before it did: of two ends, the one that notices first hears of the one
    that notices last, and by then has dropped the connection itself. An offer to an end that has
    not noticed would be taken by its old connection, and be lost with it. Either end may be on a
    new connection to the server by then, and look like a newcomer. And if the announce of the last
    end was handled late, as in a cold start, that end may have heard of the first one before: then
    it hears of it again, and the first does not hear of the last.

    In a crowded room the sender may have lost its only connection, so it also hears of some others.

    A client that came back at once after it left may have gone. So no member hears of it; it hears
    of the others and makes the offers, if it is there after `SECONDS_UNTIL_HEARD_AGAIN`.

    A client that subscribed a moment ago and has not announced itself is left out: its announce is
    still to come and will find this row. One that has been silent for longer hears of the sender.
    The result is empty if the sender has left in the meantime or has announced itself again.
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
        elif hears is None:
            others.append(other)
        elif (said := _said_by(other)) is not None:
            announced.append((other.connection, said))
    if len(subscribers) > CROWDED and not is_newcomer(own):
        for other in some_of(others, own, STRANGERS):
            announced.append((other.connection, other.announce or ""))
    return hearers, announced


def heard_by(
    receiver: str, topic: str, announced: Iterable[tuple[str, str]], clients: int
) -> list[Introduction]:
    """Return the introductions of connections, given with their announces, to `receiver`."""
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
    if came_back(own) != came_back(other):
        if came_back(own):
            return False
        return True if is_newcomer(own) else None
    if other.announce is None:
        is_recent = own.requested_at - other.requested_at <= NEW_MILLISECONDS
        # After a loss y-webrtc subscribes and announces itself, perhaps twice: then what it said
        # before counts, because the announce that is still to come goes with it.
        has_just_announced = is_recent and other.entered_at and other.began_at
        if not has_just_announced:
            return None if is_recent else True
    is_new = own.requested_at - entered_at(other) <= NEW_MILLISECONDS
    if is_newcomer(own) or is_new:
        return is_introduced_to(own, other)
    return _hears_again(other, own)


def _hears_again(other: Subscriber, own: Subscriber) -> bool | None:
    """Tell the same of two members that have been there for long.

    Half a second after `own` announced itself, so both rows say in which order their announces
    began to be handled, and only the invocation of the later one introduces them.
    """
    now = own.requested_at
    may_wait = announced_again(other, now) or connected_newly(other, now)
    is_first = (_began_at(other), other.connection) < (_began_at(own), own.connection)
    if not (may_wait and is_first):
        return None
    return not _may_have_heard(own, other) or _said_by(other) is None


def _began_at(subscriber: Subscriber) -> int:
    return subscriber.began_at or subscriber.requested_at


def _said_by(other: Subscriber) -> str | None:
    """Return the announce of `other`, or that of its peer if it is about to make it again."""
    if other.announce is None and other.entered_at and other.peer is not None:
        return plain_announce(other.peer)
    return other.announce


def _may_have_heard(own: Subscriber, other: Subscriber) -> bool:
    """Tell whether `own`, handled later, had noticed when `other` was passed on, and may know it.

    Then the announce of `other` was passed on according to the row that `own` had before.
    """
    is_late = _began_at(own) - _began_at(other) > _MILLISECONDS_TO_WRITE
    heard_at = _began_at(other) + 1000 * SECONDS_UNTIL_HEARD_AGAIN + _MILLISECONDS_TO_ARRIVE
    return is_late and own.requested_at < heard_at


def is_heard_later(own: Subscriber) -> bool:
    """Tell whether others hear of `own`, which announces itself, only after some time."""
    return came_back(own) or not is_newcomer(own)


def is_introduced_to(one: Subscriber, other: Subscriber) -> bool:
    """Tell whether `one` is introduced to `other`, and not the other way round.

    A client that enters is introduced to one that has been there for some time, even if that one is
    just announcing itself again. But if that one did so some time ago, it is introduced to the
    client that enters: this may be the other end of its connection, on a new connection to the
    server, and must get no offer before it has noticed.

    Of two that are new in the room, the later connection is introduced to the earlier one. Of two
    that connected at the same moment, the lower rank decides.
    """
    entered_later_by = entered_at(one) - entered_at(other)
    if abs(entered_later_by) > NEW_MILLISECONDS:
        is_later = entered_later_by > 0
        return is_later != (_waits_for(other, one) if is_later else _waits_for(one, other))
    connected_later_by = one.connected_at - other.connected_at
    if abs(connected_later_by) > SAME_MOMENT_MILLISECONDS:
        return connected_later_by > 0
    return _rank(one) < _rank(other)


def _waits_for(elder: Subscriber, newcomer: Subscriber) -> bool:
    apart = abs(newcomer.requested_at - elder.requested_at)
    return apart > UNDER_WAY_MILLISECONDS and announced_again(elder, newcomer.requested_at)


def _rank(subscriber: Subscriber) -> tuple[str, str]:
    """Return the peer id, so that two servers choose alike, and the connection id.

    The connection id decides if a password hides the peer id or two connections have the same one.
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
