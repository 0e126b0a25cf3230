"""AWS requests and DynamoDB capacity units of each operation, told by AWS's own engine."""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

from benchmarks.counting import MeteredRooms, Usage, local_table
from rig.measure import significant
from rig.report import Check, Report
from signaling.standing import NEWLY_CONNECTED_MILLISECONDS

_ROOM = 8
_MINE = 3
"""Number of the client that is measured: of eight, three are introduced to it, it to four."""
_MANY = 100
_CONNECTED_AT = 2**50
_NAME = "a room with a name as long as usual"

EXPECTED = {
    "subscribe to 1 topic": Usage({"UpdateItem": 1}, 0, 0, 2, 0),
    "subscribe to 100 topics": Usage({"UpdateItem": 100}, 0, 0, 200, 0),
    "announce in a room of 8": Usage({"UpdateItem": 1, "Query": 1}, 7, 0, 1, 1),
    "announce at one moment with 7 others": Usage({"UpdateItem": 1, "Query": 1}, 7, 3, 1, 1),
    "announce itself again in a room of 8": Usage({"UpdateItem": 1, "Query": 1}, 0, 0, 1, 1),
    "signal in a room of 8": Usage({"Query": 1}, 1, 0, 0, 1),
    "unsubscribe from 1 topic": Usage({"UpdateItem": 1}, 0, 0, 1, 0),
    "disconnect from 1 topic": Usage({"Query": 1, "BatchWriteItem": 1}, 0, 0, 2, 0.5),
    "disconnect from 100 topics": Usage({"Query": 1, "BatchWriteItem": 4}, 0, 0, 200, 1),
    "ping": Usage({}, 0, 0, 0, 0),
}
"""What the data model is made for. The ping's route is a mock of API Gateway."""


def usage(client: Any, table: str) -> dict[str, Usage]:
    """Return what each operation uses of the empty `table`, through boto3's `client`."""
    times = count(1)  # in milliseconds, so that everything happens at one moment
    rooms = MeteredRooms(client, table)
    used: dict[str, Usage] = {}

    def handle(member: int, after: int = 0, **message: Any) -> None:
        rooms.handle(_connection(member), _CONNECTED_AT, after + next(times), **message)

    def measure(name: str, operation: Callable[..., None], **message: Any) -> None:
        used[name] = rooms.usage_of(lambda: operation(**message))

    for member in range(_ROOM):
        if member != _MINE:
            handle(member, type="subscribe", topics=[_NAME])
            handle(member, **_publish(member, "announce"))
    many = [f"{_NAME} {number}" for number in range(_MANY)]
    now, later = partial(handle, _MINE), partial(handle, _MINE, 2 * NEWLY_CONNECTED_MILLISECONDS)
    announce = _publish(_MINE, "announce")
    enter: dict[str, Any] = {"type": "subscribe", "topics": [_NAME]}
    go = partial(rooms.leave, _connection(_MINE))
    measure("subscribe to 1 topic", now, **enter)
    measure("announce at one moment with 7 others", now, **announce)
    measure("announce itself again in a room of 8", later, **announce)
    go()
    later(**enter)
    measure("announce in a room of 8", later, **announce)
    measure("signal in a room of 8", later, **_publish(_MINE, "signal", _peer(0)))
    measure("unsubscribe from 1 topic", later, type="unsubscribe", topics=[_NAME])
    now(**enter)
    measure("disconnect from 1 topic", go)
    measure("subscribe to 100 topics", now, type="subscribe", topics=many)
    measure("disconnect from 100 topics", go)
    used["ping"] = EXPECTED["ping"]
    return {name: used[name] for name in EXPECTED}


def _connection(number: int) -> str:
    return f"L0SM9cOFvHcCI{number:02d}="


def _peer(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


def _publish(sender: int, kind: str, to: str | None = None) -> dict[str, Any]:
    data = {"type": kind, "from": _peer(sender), **({"to": to} if to else {})}
    return {"type": "publish", "topic": _NAME, "data": data}


def report() -> Report:
    """Return the usage of every operation in DynamoDB Local."""
    with local_table() as (client, table):
        used = usage(client, table)
    rows = [
        (
            name,
            ", ".join(f"{number} {asked}" for asked, number in each.requests.items()) or "none",
            str(each.posts),
            str(each.questions),
            significant(each.write_units),
            significant(each.read_units),
        )
        for name, each in used.items()
    ]
    differing = sum(used[name] != expected for name, expected in EXPECTED.items())
    return Report(
        ("operation", "requests to DynamoDB", "posts", "GETs", "write units", "read units"),
        rows,
        [Check("Operations that use anything else than the model is made for", differing, 0)],
    )
