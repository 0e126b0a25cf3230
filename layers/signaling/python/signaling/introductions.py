"""Who is introduced to whom when clients announce themselves: pure, from their rows alone."""

from signaling.ports import Sender, Subscriber

NEW_MILLISECONDS = 5_000
"""How long a subscribe or an announce is new: its introductions may still be under way.

The announce may meet a cold start of a second, the offer that answers it another one, and posts
that are tried again pause for up to 1.5 s. It is no longer than that because a client that
subscribes and never announces itself does not hear of those who come within this time.
"""

SAME_MOMENT_MILLISECONDS = 300
"""Two connections that are opened within this time are ordered by peer id, others by time.

A page reaches two servers one after the other, so by time alone they could choose differently: on
a busy machine they were seen to differ by 150 ms. For longer intervals time is better. Whoever
hears an announce makes an offer, and a page that reloads announces itself once more as it goes. An
offer to it is never answered and leaves a dead connection; the page itself, which is the older
connection, ignores what it hears. With 1,000 ms, 24 of 40 pairs of pages that reloaded half a
second after they met had one, and 19 of 40 where the peer id decided between first announces and
time between others.
"""


def introduce(
    subscribers: list[Subscriber], sender: Sender, announce: str
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return who hears of whom when `sender` makes the `announce`.

    First the connections that hear of the sender. Then those that the sender hears of, if they are
    still there, with their announces.

    Of two clients that enter, each writes its row before it reads the topic, so the one that reads
    last sees both rows and introduces them. The direction depends on the two rows alone, so if the
    other one sees both, too, it chooses the same. It must be one direction: announces that cross
    break y-webrtc's connections (https://github.com/yjs/y-webrtc/pull/39).

    A client that subscribed a moment ago and has not announced itself is left out: its announce is
    still to come and will find this row. A client that announced itself long ago hears of the
    sender in any case. It may have lost its connection to the sender without knowing it yet; if
    not, it ignores the announce. Nobody hears anything if the sender has left in the meantime or
    has announced itself again.
    """
    own = find(subscribers, sender.connection)
    if own is None or (own.announce is not None and own.requested_at > sender.requested_at):
        return [], []
    own = own._replace(announce=announce)
    hearers: list[str] = []
    announced: list[tuple[str, str]] = []
    for other in subscribers:
        if other.connection == own.connection:
            continue
        if sender.requested_at - other.requested_at > NEW_MILLISECONDS:
            hearers.append(other.connection)
        elif other.announce is not None:
            if is_introduced_to(own, other):
                hearers.append(other.connection)
            else:
                announced.append((other.connection, other.announce))
    return hearers, announced


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
