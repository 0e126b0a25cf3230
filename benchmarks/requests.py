"""AWS requests and DynamoDB capacity units of each operation, told by AWS's own engine."""

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, NamedTuple

from benchmarks.counting import CountingConnections, local_table
from rig.measure import significant
from rig.report import Check, Report
from signaling.access.grants import EVERYTHING
from signaling.aws.dynamodb import DynamoDBSubscriptions
from signaling.aws.sdk import SdkDynamoDB
from signaling.bootstrap import deadlines_within
from signaling.ports import Sender
from signaling.protocol import Limits, parse
from signaling.rooms import Rooms
from signaling.standing import NEWLY_CONNECTED_MILLISECONDS

_OTHER_NAME_MILLISECONDS = 1_000
"""One in eight half seconds has the name of that in which a member entered, and takes a write more:
see `DynamoDBSubscriptions.announce`."""

_ROOM = 8
_MINE = 3
"""Number of the client that is measured: of eight, three are introduced to it, it to four."""
_MANY = 100
_CONNECTED_AT = 2**50


class Usage(NamedTuple):
    """What one operation asks of AWS."""

    requests: dict[str, int]
    """Requests to DynamoDB by operation."""
    posts: int
    questions: int
    """Whether a connection is still there: a GET, which costs nothing but its time."""
    write_units: float
    read_units: float


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


class Meter:
    """Counts what a DynamoDB client is asked for, and the capacity that its answers tell."""

    def __init__(self, client: Any) -> None:
        """Count what boto3's `client` does from now on."""
        self.requests: Counter[str] = Counter()
        self.write_units = self.read_units = 0.0
        client.meta.events.register("provide-client-params.dynamodb", self._ask)
        client.meta.events.register("after-call.dynamodb", self._count)

    def _ask(self, params: dict[str, Any], **event: Any) -> None:
        params["ReturnConsumedCapacity"] = "INDEXES"

    def _count(self, model: Any, parsed: dict[str, Any], **event: Any) -> None:
        self.requests[model.name] += 1
        consumed = parsed.get("ConsumedCapacity", [])
        for each in consumed if isinstance(consumed, list) else [consumed]:
            if model.name == "Query":
                self.read_units += each["CapacityUnits"]
            else:
                self.write_units += each["CapacityUnits"]


def usage(client: Any, table: str) -> dict[str, Usage]:
    """Return what each operation uses of the empty `table`, through boto3's `client`."""
    times = count(1)  # in milliseconds, so that everything happens at one moment
    meter, connections = Meter(client), CountingConnections()
    subscriptions = DynamoDBSubscriptions(SdkDynamoDB(client), table, deadlines_within(3600))
    rooms = Rooms(subscriptions, connections)
    used: dict[str, Usage] = {}

    def handle(connection: str, after: int = 0, **message: Any) -> None:
        request = Sender(connection, _CONNECTED_AT, after + next(times))
        rooms.handle(request, parse(json.dumps(message), False, Limits()), EVERYTHING)

    def measure(name: str, operation: Callable[[], object]) -> None:
        meter.requests.clear()
        meter.write_units = meter.read_units = connections.posts = connections.questions = 0
        operation()
        used[name] = Usage(
            dict(meter.requests),
            connections.posts,
            connections.questions,
            meter.write_units,
            meter.read_units,
        )

    room = "a room with a name as long as usual"
    many = [f"{room} {number}" for number in range(_MANY)]
    for member in range(_ROOM):
        if member != _MINE:
            handle(_connection(member), type="subscribe", topics=[room])
            handle(_connection(member), **_publish(room, member, "announce"))
    me = _connection(_MINE)
    subscribe = partial(handle, me, type="subscribe")
    publish = partial(_publish, room, _MINE)
    measure("subscribe to 1 topic", partial(subscribe, topics=[room]))
    measure("announce at one moment with 7 others", partial(handle, me, **publish("announce")))
    later = partial(handle, me, 2 * NEWLY_CONNECTED_MILLISECONDS + _OTHER_NAME_MILLISECONDS)
    measure("announce itself again in a room of 8", partial(later, **publish("announce")))
    rooms.leave(me)
    later(type="subscribe", topics=[room])
    measure("announce in a room of 8", partial(later, **publish("announce")))
    measure("signal in a room of 8", partial(later, **publish("signal", _peer(0))))
    measure("unsubscribe from 1 topic", partial(later, type="unsubscribe", topics=[room]))
    subscribe(topics=[room])
    measure("disconnect from 1 topic", partial(rooms.leave, me))
    measure("subscribe to 100 topics", partial(subscribe, topics=many))
    measure("disconnect from 100 topics", partial(rooms.leave, me))
    used["ping"] = EXPECTED["ping"]
    return {name: used[name] for name in EXPECTED}


def _connection(number: int) -> str:
    return f"L0SM9cOFvHcCI{number:02d}="


def _peer(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


def _publish(topic: str, sender: int, kind: str, to: str | None = None) -> dict[str, Any]:
    data = {"type": kind, "from": _peer(sender), **({"to": to} if to else {})}
    return {"type": "publish", "topic": topic, "data": data}


def report() -> Report:
    """Return the usage of every operation in DynamoDB Local."""
    with local_table() as (client, table):
        used = usage(client, table)
    rows: list[tuple[str, ...]] = [
        (
            name,
            ", ".join(f"{number} {operation}" for operation, number in each.requests.items())
            or "none",
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
