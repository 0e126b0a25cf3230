"""What a join and a signal ask of AWS in rooms from small to large, told by AWS's own engine."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks.counting import CountingConnections
from benchmarks.requests import Meter
from benchmarks.table import local_table
from signaling.access.grants import EVERYTHING
from signaling.aws.dynamodb import DynamoDBSubscriptions
from signaling.aws.rows import announced, listing, member_key, subscriber_of
from signaling.aws.sdk import SdkDynamoDB
from signaling.bootstrap import deadlines_within
from signaling.frames import plain_announce
from signaling.ports import Introduction, Outcome, Sender
from signaling.protocol import Announce, Limits, parse
from signaling.rooms import Rooms
from signaling.small_rooms import SMALL_ROOM
from signaling.standing import NEW_MILLISECONDS

LARGE = (101, 1_000, 10_000)
SIZES = (10, 100, *LARGE)
"""Members of the room, with the newcomer that is measured."""

_NEWCOMERS = 20
_ROWS_PER_BATCH = 25
_CONNECTED_AT = 2**50
_ROOM = "a room with a name as long as usual"


class Usage(NamedTuple):
    """The most that one of several joins or signals asked for."""

    requests: int
    """To the table."""
    posts: int
    """With the questions whether a connection is still there."""
    read_units: float
    write_units: float


class _Connections(CountingConnections):
    """Connections that also keep who was introduced."""

    def __init__(self) -> None:
        super().__init__()
        self.introduced: list[str] = []

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        self.introduced = [*connections, *(each.connection for each in introductions)]
        return super().send(connections, payload, introductions)


class MeasuredRoom:
    """A room in DynamoDB, and what its clients ask for."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the empty `table` through boto3's `client`."""
        self._client = client
        self._table = table
        self._meter = Meter(client)
        self._connections = _Connections()
        subscriptions = DynamoDBSubscriptions(SdkDynamoDB(client), table, deadlines_within(3600))
        self._rooms = Rooms(subscriptions, self._connections)
        self._filled = 0
        self._now = _CONNECTED_AT + 10 * NEW_MILLISECONDS

    def fill(self, size: int) -> None:
        """Let members enter, long ago, until there are `size`."""
        rows = [row for n in range(self._filled, size) for row in _member(n)]
        puts = [{"PutRequest": {"Item": row}} for row in rows]
        for start in range(0, len(puts), _ROWS_PER_BATCH):
            batch = puts[start : start + _ROWS_PER_BATCH]
            self._client.batch_write_item(RequestItems={self._table: batch})
        self._filled = size

    def join_and_signal(self) -> tuple[Usage, Usage]:
        """Let one more client enter and exchange signals with one that it met, then disconnect."""
        name = f"newcomer-{self._now}"
        self._reset()
        self._say(name, type="subscribe", topics=[_ROOM])
        self._say(name, **_publish(type="announce", **{"from": _peer(name)}))
        join, met = self._usage(), self._connections.introduced[0]
        there, back = (self._signal(name, met), self._signal(met, name))
        self._rooms.leave(name)
        return join, _most([there, back])

    def _signal(self, sender: str, to: str) -> Usage:
        self._reset()
        self._say(sender, **_publish(type="signal", to=_peer(to), **{"from": _peer(sender)}))
        return self._usage()

    def _say(self, connection: str, **message: Any) -> None:
        self._now += 2 * NEW_MILLISECONDS
        request = Sender(connection, self._now, self._now)
        self._rooms.handle(request, parse(json.dumps(message), False, Limits()), EVERYTHING)

    def _reset(self) -> None:
        self._meter.requests.clear()
        self._meter.read_units = self._meter.write_units = 0.0
        self._connections.posts = self._connections.questions = 0

    def _usage(self) -> Usage:
        return Usage(
            self._meter.requests.total(),
            self._connections.posts + self._connections.questions,
            self._meter.read_units,
            self._meter.write_units,
        )


def usage() -> dict[str, dict[int, Usage]]:
    """Return the usage of joins and of signals by the size of the room."""
    joins: dict[int, Usage] = {}
    signals: dict[int, Usage] = {}
    with local_table() as (client, table):
        room = MeasuredRoom(client, table)
        for size in SIZES:
            room.fill(size - 1)
            used = [room.join_and_signal() for _ in range(_NEWCOMERS)]
            joins[size] = _most([join for join, _ in used])
            signals[size] = _most([signal for _, signal in used])
    return {"join": joins, "signal": signals}


def _most(used: list[Usage]) -> Usage:
    return Usage(*(max(figures) for figures in zip(*used, strict=True)))


def _member(number: int) -> list[dict[str, Any]]:
    """Return the rows of a member: one that came when the room was large is listed, too."""
    connection = f"L0SM9cOF{number:05d}CI="
    at = {"N": str(_CONNECTED_AT)}
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


def _publish(**data: str) -> dict[str, Any]:
    return {"type": "publish", "topic": _ROOM, "data": data}
