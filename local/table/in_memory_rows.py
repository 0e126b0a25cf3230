"""Rows of the table in memory."""

from typing import NamedTuple

from signaling.ports import Sender, Subscriber


class Row(NamedTuple):
    """What is kept of a connection in a topic."""

    subscriber: Subscriber
    expires_at: int
    has_left: bool = False
    announces: tuple[int, int] = (0, 0)
    """The time in which it announced itself last, and how often it did then."""
    held: tuple[str, ...] = ()
    listed_as: str | None = None
    """Peer id under which it is listed."""


def with_listing(row: Row) -> Subscriber:
    """Return the subscriber of a row, and whether it is listed under its peer id."""
    peer = row.subscriber.peer
    return row.subscriber._replace(is_listed=peer is not None and row.listed_as == peer)


def subscriber_of(
    sender: Sender,
    peer: str | None = None,
    entered_at: int | None = None,
    announce: str | None = None,
) -> Subscriber:
    """Return what `sender` has said of itself."""
    connection, connected_at, requested_at, has_token, _ = sender
    return Subscriber(connection, peer, connected_at, requested_at, announce, entered_at, has_token)
