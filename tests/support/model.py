"""How pairs are introduced in the models of meeting, staying and leaving."""

import json
from collections.abc import Sequence
from itertools import combinations

from signaling.ports import Sender
from signaling.protocol import Publish
from tests.support.interleavings import ROOM, Heard, Said, Table, handled_in_every_order, parsed
from tests.support.saying import announce, peer


def directions(heard: frozenset[Heard], one: Said, other: Said) -> int:
    """Return in how many directions two announces got to each other's sender."""
    return sum(
        Heard(hearer.connection, json.dumps(told.message["data"])) in heard
        for hearer, told in ((one, other), (other, one))
        if told.message
    )


def introductions_of(said: Sequence[Said], staying: str, table: Table) -> set[int]:
    """Return in how many directions pairs of `staying` connections may have been introduced."""
    last = {each.connection: each for each in said if each.message and "data" in each.message}
    return {
        directions(heard, last[one], last[other])
        for heard in handled_in_every_order(said, table).heard
        for one, other in combinations(staying, 2)
    }


def room_of(*connections: str) -> Table:
    """Return a table with a room that those have been in for long."""
    table = Table()
    for connection in connections:
        enter_long_ago(table, connection)
    return table


def enter_long_ago(
    table: Table, connection: str, data: object = None, connected_at: int = 0
) -> None:
    message = parsed(announce(connection, 1, data or peer(connection)))
    assert isinstance(message, Publish)
    assert message.announce
    table.announce(ROOM, Sender(connection, connected_at, 1), message.announce)


def handle(table: Table, said: Said) -> None:
    """Handle a message with nothing else under way."""
    (end,) = handled_in_every_order([said], table).tables
    table.become(end)
