"""AWS requests and DynamoDB capacity units of each operation, told by AWS's own engine."""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

from benchmarks.counting import local_table
from rig.measure import significant
from rig.metering import CONNECTED_AT, ROOM, MeteredRooms, Usage
from rig.report import Check, Report
from signaling.ports import Sender
from signaling.standing import NEWLY_CONNECTED_MILLISECONDS
from traffic.conversation import peer_id

_OTHER_NAME_MILLISECONDS = 1_000
"""One in eight half seconds has the name of that in which a member entered, and takes a write more:
see `DynamoDBSubscriptions.announce`."""

_ROOM = 8
_MINE = 3
"""Number of the client that is measured: of eight, three are introduced to it, it to four."""

EXPECTED = {
    "subscribe to 1 topic": Usage({"UpdateItem": 1}, 0, 0, 2, 0),
    "subscribe to 100 topics": Usage({"UpdateItem": 100}, 0, 0, 200, 0),
    "announce in a room of 8": Usage({"UpdateItem": 1, "Query": 1}, 7, 0, 1, 1),
    "announce at one moment with 7 others": Usage({"UpdateItem": 1, "Query": 1}, 7, 3, 1, 1),
    "announce itself again in a room of 8": Usage({"UpdateItem": 1, "Query": 1}, 0, 0, 1, 1),
    "signal in a room of 8": Usage({"Query": 1}, 1, 0, 0, 1),
    "unsubscribe from 1 topic": Usage({"UpdateItem": 1}, 0, 0, 1, 0),
    "disconnect from 1 topic": Usage({"Query": 1, "DeleteItem": 1}, 0, 0, 2, 0.5),
    "disconnect from 100 topics": Usage(
        {"Query": 1, "DeleteItem": 25, "BatchWriteItem": 3}, 0, 0, 200, 1
    ),
    "ping": Usage({}, 0, 0, 0, 0),
}
"""What the data model is made for. The ping's route is a mock of API Gateway."""


def usage(client: Any, table: str) -> dict[str, Usage]:
    """Return what each operation uses of the empty `table`, through boto3's `client`."""
    times = count(1)  # in milliseconds, so that everything happens at one moment
    rooms = MeteredRooms(client, table)
    used: dict[str, Usage] = {}

    def handle(connection: str, after: int = 0, **message: Any) -> None:
        rooms.handle(Sender(connection, CONNECTED_AT, after + next(times)), **message)

    def measure(name: str, operation: Callable[[], object]) -> None:
        used[name] = rooms.usage_of(operation)

    many = [f"{ROOM} {number}" for number in range(100)]
    for member in range(_ROOM):
        if member != _MINE:
            handle(_connection(member), type="subscribe", topics=[ROOM])
            handle(_connection(member), **_publish(member, "announce"))
    me = _connection(_MINE)
    subscribe = partial(handle, me, type="subscribe")
    publish = partial(_publish, _MINE)
    measure("subscribe to 1 topic", partial(subscribe, topics=[ROOM]))
    measure("announce at one moment with 7 others", partial(handle, me, **publish("announce")))
    later = partial(handle, me, 2 * NEWLY_CONNECTED_MILLISECONDS + _OTHER_NAME_MILLISECONDS)
    measure("announce itself again in a room of 8", partial(later, **publish("announce")))
    rooms.leave(me)
    later(type="subscribe", topics=[ROOM])
    measure("announce in a room of 8", partial(later, **publish("announce")))
    measure("signal in a room of 8", partial(later, **publish("signal", peer_id(0))))
    measure("unsubscribe from 1 topic", partial(later, type="unsubscribe", topics=[ROOM]))
    subscribe(topics=[ROOM])
    measure("disconnect from 1 topic", partial(rooms.leave, me))
    measure("subscribe to 100 topics", partial(subscribe, topics=many))
    measure("disconnect from 100 topics", partial(rooms.leave, me))
    used["ping"] = EXPECTED["ping"]
    return {name: used[name] for name in EXPECTED}


def _connection(number: int) -> str:
    return f"L0SM9cOFvHcCI{number:02d}="


def _publish(sender: int, kind: str, to: str | None = None) -> dict[str, Any]:
    data = {"type": kind, "from": peer_id(sender), **({"to": to} if to else {})}
    return {"type": "publish", "topic": ROOM, "data": data}


def report() -> Report:
    """Return the usage of every operation in DynamoDB Local."""
    with local_table() as (client, table):
        used = usage(client, table)
    rows = []
    for name, each in used.items():
        asked = ", ".join(f"{number} {operation}" for operation, number in each.requests.items())
        units = (significant(each.write_units), significant(each.read_units))
        rows.append((name, asked or "none", str(each.posts), str(each.questions), *units))
    differing = sum(used[name] != expected for name, expected in EXPECTED.items())
    return Report(
        ("operation", "requests to DynamoDB", "posts", "GETs", "write units", "read units"),
        rows,
        [Check("Operations that use anything else than the model is made for", differing)],
    )
