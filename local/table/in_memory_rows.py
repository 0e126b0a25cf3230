"""Rows of the table in memory."""

from typing import NamedTuple

from signaling.aws.counts import first_of
from signaling.ports import Sender, Subscriber
from signaling.standing import ANNOUNCES_MILLISECONDS, TOGETHER_MILLISECONDS


class Row(NamedTuple):
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


def with_listing(row: Row) -> Subscriber:
    """Return the subscriber of a row, including what only the row knows."""
    peer = row.subscriber.peer
    is_listed = peer is not None and row.listed_as == peer
    began_at = first_of((each for _, each in row.began), row.subscriber.requested_at)
    return row.subscriber._replace(is_listed=is_listed, began_at=began_at)


def with_announce(row: Row, sender: Sender) -> Row:
    """Return the row with one more announce counted."""
    time, count = row.announces
    current = sender.requested_at // ANNOUNCES_MILLISECONDS
    half = sender.requested_at // TOGETHER_MILLISECONDS
    began = {half: sender.began_at, **dict(row.began)}
    return row._replace(
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
