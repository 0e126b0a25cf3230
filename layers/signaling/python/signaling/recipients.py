"""Which clients get a message: pure, from the rows alone."""

from collections.abc import Iterable

from signaling.introductions import find
from signaling.ports import Outcome, Sender, Subscriber
from signaling.protocol import Publish
from signaling.standing import LATE_MILLISECONDS, NEW_MILLISECONDS, came_back, entered_at, had_left


def recipients(
    subscribers: list[Subscriber], sender: str, to: str | None, is_broadcast: bool = False
) -> list[str]:
    """Return the connections that get a message of `sender` for the peer `to`.

    Broadcast: all. Addressed: never the sender. A message for a peer goes to every connection with
    that peer id or with none yet. If no connection has the id, or `to` is None, it goes to all
    others. (`introduce` decides who gets an announce, `addressees` who gets a signal.)
    """
    if is_broadcast:
        return [each.connection for each in subscribers]
    others = [(each.connection, each.peer) for each in subscribers if each.connection != sender]
    if to is not None and to in [peer for _, peer in others]:
        return [connection for connection, peer in others if peer is None or peer == to]
    return [connection for connection, _ in others]


def addressees(subscribers: list[Subscriber], sender: Sender, signal: Publish) -> list[str]:
    """Return the connections that a signal for one peer may be for.

    They are those with its peer id and those with none yet. If none has its id, also those that
    have just entered: a page that creates its provider twice enters as two peers on one connection,
    and its row may have the other id. If none of these exists, the peer has left.
    """
    others = [each for each in subscribers if each.connection != sender.connection]
    named = [each for each in others if each.peer == signal.to]
    if not named:
        since = sender.requested_at - NEW_MILLISECONDS
        named = [each for each in others if each.peer is not None and entered_at(each) >= since]
    else:
        named = reachable(named, subscribers, sender, signal)
    unknown = [each for each in others if each.peer is None]
    return [each.connection for each in named + unknown]


def reachable(
    named: list[Subscriber], subscribers: list[Subscriber], sender: Sender, signal: Publish
) -> list[Subscriber]:
    """Return those of the `named` that a signal may go to: all, unless it is an offer.

    An offer to a peer that left and came back at once is for no connection: its sender heard an
    announce before it was known that the peer had left. If the peer is there, it makes the offers
    itself.
    """
    own = find(subscribers, sender.connection)
    if signal.signal != "offer" or (own is not None and came_back(own)):
        return named
    return [each for each in named if not came_back(each)]


def still_there(listed: list[Subscriber], sender: Sender, signal: Publish) -> list[Subscriber]:
    """Return those of the `listed` that a signal may go to: all but members that left before it.

    An offer to these is for a page that has gone: nobody has heard of it since.
    """
    if signal.signal != "offer":
        return listed
    return [each for each in listed if not had_left(each, sender.requested_at)]


def is_back(peer: str | None, here: Iterable[Subscriber]) -> bool:
    """Tell whether the client with this peer id is one that left and came back at once."""
    return any(each.peer == peer and came_back(each) for each in here)


def has_left_since(own: Subscriber | None, sender: Sender) -> bool:
    """Tell whether the sender, of which `own` is the row, has left since it sent a message.

    Also if it was found gone since, and one of its last announces has made a new row.
    """
    return own is None or max(own.left_at or 0, entered_at(own)) > sender.requested_at


def opens_alone(message: Publish) -> bool:
    """Tell whether y-webrtc takes `message` for a new connection, which it cannot open alone.

    That is a candidate. An answer for which it does not wait is refused.
    https://github.com/yjs/y-webrtc/blob/v10.3.0/src/y-webrtc.js#L536-L543
    """
    return message.signal not in (None, "offer", "answer")


def is_late(sender: Sender) -> bool:
    """Tell whether a message is handled so late that its client may have met its peer since."""
    return sender.began_at - sender.requested_at > LATE_MILLISECONDS


def is_lost(message: Publish, outcome: Outcome) -> bool:
    """Tell whether `message` is a signal for one peer that has reached no client."""
    is_signal = message.signal is not None and message.to is not None and message.peer is not None
    return is_signal and not outcome.delivered and not outcome.failed
