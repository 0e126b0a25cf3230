"""How the cost of a join and of a signal grows with the room, told by AWS's own engine.

Each is told beside that at the size before: along a straight line that is 1.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from benchmarks.counting import CONNECTED_AT, MeteredRooms, Usage, local_table
from rig.measure import significant
from rig.report import Check, Report
from signaling.aws.rows import announced, listing, member_key, subscriber_of
from signaling.frames import plain_announce
from signaling.ports import Sender
from signaling.protocol import Announce
from signaling.small_rooms import SMALL_ROOM
from signaling.standing import NEW_MILLISECONDS

_LARGE = (1_000, 10_000)
_SIZES = (10, 100, 101, *_LARGE)
"""Members of the room, with the newcomer that is measured. With 101 it has just become large, and a
join lists the members that it meets, once."""
_NEWCOMERS = 20
_ROWS_PER_BATCH = 25
_ROOM = "a room with a name as long as usual"
_FIGURES: dict[str, Callable[[Usage], float]] = {
    "requests": lambda used: sum(used.requests.values()),
    "posts": lambda used: used.posts + used.questions,
    "read units": lambda used: used.read_units,
    "write units": lambda used: used.write_units,
}
_MOST_OVER_LINE = 1.5
_MOST_IN_LARGE_ROOMS = {
    "requests of a join": 8,
    "posts of a join": 40,
    "requests of a signal": 3,
    "posts of a signal": 2,
}


class Growth(NamedTuple):
    """A cost of an operation at several sizes of the room."""

    what: str
    costs: Mapping[int, float]

    def over_line(self) -> list[float]:
        """Return the cost at each size but the first over that at the size before."""
        return [cost / before for before, cost in pairwise(self.costs.values())]


class MeasuredRoom:
    """A room in DynamoDB, and what its clients ask for."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the empty `table` through boto3's `client`."""
        self._client = client
        self._table = table
        self._rooms = MeteredRooms(client, table)
        self._filled = 0
        self._now = CONNECTED_AT + 10 * NEW_MILLISECONDS

    def fill(self, size: int) -> None:
        """Let members enter, long ago, until there are `size`."""
        rows = [row for n in range(self._filled, size) for row in _member(n)]
        puts = [{"PutRequest": {"Item": row}} for row in rows]
        for start in range(0, len(puts), _ROWS_PER_BATCH):
            batch = puts[start : start + _ROWS_PER_BATCH]
            self._client.batch_write_item(RequestItems={self._table: batch})
        self._filled = size

    def join_and_signal(self) -> tuple[Usage, list[Usage]]:
        """Let one more client enter and exchange signals with one that it met, then disconnect."""
        name = f"newcomer-{self._now}"
        join = self._rooms.usage_of(lambda: self._join(name))
        met = self._rooms.connections.introduced[0]
        signals = [self._signal(name, met), self._signal(met, name)]
        self._rooms.leave(name)
        return join, signals

    def _join(self, name: str) -> None:
        self._say(name, type="subscribe", topics=[_ROOM])
        self._publish(name, type="announce")

    def _signal(self, sender: str, to: str) -> Usage:
        return self._rooms.usage_of(lambda: self._publish(sender, type="signal", to=_peer(to)))

    def _publish(self, sender: str, **data: str) -> None:
        self._say(sender, type="publish", topic=_ROOM, data={**data, "from": _peer(sender)})

    def _say(self, connection: str, **message: Any) -> None:
        self._now += 2 * NEW_MILLISECONDS
        self._rooms.handle(Sender(connection, self._now, self._now), **message)


def report() -> Report:
    """Return how each cost grows: each figure is the most of several newcomers."""
    with local_table() as (client, table):
        growths = _growths(MeasuredRoom(client, table))
    rows, checks = [], []
    for growth in growths:
        over_line = growth.over_line()
        told = ["", *map(significant, over_line)]
        for (size, cost), each in zip(growth.costs.items(), told, strict=True):
            rows.append((f"{growth.what} in a room: {size:,}", significant(cost), each))
        what = f"{growth.what} in a room, {_SIZES[-1]:,}, over a straight line"
        checks.append(Check(what, over_line[-1], _MOST_OVER_LINE))
    for growth in growths:
        if most := _MOST_IN_LARGE_ROOMS.get(growth.what):
            what = f"{growth.what.capitalize()} in a room of 1,000 or more"
            checks.append(Check(what, max(growth.costs[size] for size in _LARGE), most))
    return Report(("size", "cost", "over the size before"), rows, checks)


def _growths(room: MeasuredRoom) -> list[Growth]:
    used: dict[str, dict[int, list[Usage]]] = {"join": {}, "signal": {}}
    for size in _SIZES:
        room.fill(size - 1)
        newcomers = [room.join_and_signal() for _ in range(_NEWCOMERS)]
        used["join"][size] = [join for join, _ in newcomers]
        used["signal"][size] = [signal for _, signals in newcomers for signal in signals]
    growths = []
    for operation, sizes in used.items():
        for what, figure in _FIGURES.items():
            costs = {size: max(map(figure, all_)) for size, all_ in sizes.items()}
            if any(costs.values()):
                growths.append(Growth(f"{what} of a {operation}", costs))
    return growths


def _member(number: int) -> list[dict[str, Any]]:
    """Return the rows of a member: one that came when the room was large is listed, too."""
    connection = f"L0SM9cOF{number:05d}CI="
    at = {"N": str(CONNECTED_AT)}
    row = {
        **member_key(_ROOM, connection),
        **dict.fromkeys(("connected_at", "requested_at", "entered_at", "expires_at"), at),
        "peer": {"S": _peer(connection)},
        "announce": announced(Announce(plain_announce(_peer(connection)), _peer(connection))),
    }
    if number < SMALL_ROOM:
        return [row]
    listed = listing(_ROOM, subscriber_of(row))
    return [{**row, "listed": listed["sk"]}, listed]


def _peer(connection: str) -> str:
    return f"{connection:-<36}"
