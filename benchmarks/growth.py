"""How costs grow with rooms, table and connections: each beside a straight line.

Along a straight line the cost of one more is always the same. So a cost is told for one of many
(a recipient, an operation), and how it compares with that at the size before: more than 1 is
worse than a straight line.
"""

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from benchmarks import large_rooms
from benchmarks.local_server import Load, put
from benchmarks.runtime import Deployed
from benchmarks.stub import Stub
from benchmarks.table import local_table
from rig.measure import significant, spread
from rig.report import Bar, Check, Report
from rig.servers import LocalServer
from signaling.aws import lean
from signaling.aws.dynamodb import DynamoDBSubscriptions
from signaling.aws.rows import sort_key
from signaling.aws.sdk import SdkDynamoDB
from signaling.bootstrap import deadlines_within
from signaling.ports import Sender
from signaling.protocol import Announce
from signaling.settings import ADDRESSED

# With each number of subscribers, how often a room of so many is published to.
_SUBSCRIBERS = {1: 200, 10: 100, 100: 30, 1_000: 10, 10_000: 3}
_TOPICS = (1, 10, 100, 1_000, 10_000)
_TOPICS_OF_A_MESSAGE = (1, 10, 100)
_CONNECTIONS = (100, 500, 1_000, 5_000)
_DELAY = 5
_PUBLISHES = 20_000
_OPERATIONS = 100
_ROWS_PER_BATCH = 25
_MOST_OVER_LINE = 1.5
"""Processors' caches hold less of more; a square would make it 5 to 10."""
_MOST_FOR_100_TOPICS = 4.0
_MOST_IN_LARGE_ROOMS = {"join": (8, 40), "signal": (3, 2)}
"""Requests to the table and posts."""
_CONNECTED_AT = 2**50


class _Growth(NamedTuple):
    """A cost at several sizes."""

    what: str
    unit: str
    costs: Mapping[int, float]
    """By size: of one of many."""

    def over_line(self, size: int) -> float | None:
        """Return the cost at `size` over that at the size before."""
        sizes = list(self.costs)
        before = sizes.index(size) - 1
        return None if before < 0 else self.costs[size] / self.costs[sizes[before]]


def report() -> Report:
    """Return how each cost grows."""
    topics = _topics_of_a_message()
    used = large_rooms.usage()
    growths = [_subscribers(), topics, *_table(), _connections(), *_large_rooms(used)]
    rows: list[tuple[str, ...]] = []
    for growth in growths:
        for size, cost in growth.costs.items():
            over_line = growth.over_line(size)
            rows.append(
                (
                    f"{growth.what}: {size:,}",
                    f"{significant(cost)} {growth.unit}".strip(),
                    "" if over_line is None else significant(over_line),
                )
            )
    return Report(
        "growth",
        "How costs grow",
        ("size", "cost", "over the size before"),
        rows,
        [
            "The third column is 1 along a straight line and less where a fixed cost is shared. "
            "Publishes and messages of many topics go through the lean client to a stub that "
            f"answers after {_DELAY} ms; the table is in DynamoDB Local; connections are in rooms "
            "of 10 on the local server, which keeps rooms in memory.",
            "Joins (a subscribe and an announce) and signals are in DynamoDB Local; each figure is "
            "the most of 20. Posts include the questions whether a connection is still there.",
        ],
        [
            Check(f"{growth.what}, {max(growth.costs):,}, over a straight line", over_line, bound)
            for growth in growths
            for over_line, bound in [(growth.over_line(max(growth.costs)) or 0, _MOST_OVER_LINE)]
        ]
        + [
            Check(f"{what} of a {operation} in a room of more than 100", most, bound)
            for operation, (requests, posts) in _MOST_IN_LARGE_ROOMS.items()
            for what, number, bound in (("Requests", 0, requests), ("Posts", 1, posts))
            for most in [max(used[operation][size][number] for size in large_rooms.LARGE)]
        ]
        + [
            Check(
                "Time to subscribe to 100 topics, over that for one",
                100 * topics.costs[100] / topics.costs[1],
                _MOST_FOR_100_TOPICS,
            )
        ],
        "Cost at the largest size, over the size before",
        [Bar(each.what, each.over_line(max(each.costs)) or 0, is_ours=True) for each in growths],
    )


def _large_rooms(used: Mapping[str, Mapping[int, large_rooms.Usage]]) -> list[_Growth]:
    return [
        _Growth(
            f"{what.replace('_', ' ')} of a {operation} in a room",
            "",
            {size: float(getattr(usage, what)) for size, usage in sizes.items()},
        )
        for operation, sizes in used.items()
        for what in large_rooms.Usage._fields
        if any(getattr(usage, what) for usage in sizes.values())
    ]


def _subscribers() -> _Growth:
    stub, deployed = Stub(_DELAY), Deployed()
    try:
        costs = {}
        for subscribers, repeat in _SUBSCRIBERS.items():
            timed = deployed.publish(stub, "lean", subscribers, repeat).fan_outs
            costs[subscribers] = 1e6 * spread([f.cpu_seconds for f in timed]).median / subscribers
    finally:
        stub.stop()
        deployed.remove()
    return _Growth("subscribers of a topic", "CPU us a post", costs)


def _topics_of_a_message() -> _Growth:
    stub = Stub(_DELAY)
    os.environ["AWS_CA_BUNDLE"] = str(stub.authorities)
    os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = stub.url
    service = lean.dynamodb()
    deadlines = deadlines_within(3600)
    subscriptions = DynamoDBSubscriptions(lean.LeanDynamoDB(service), "table", deadlines)
    costs = {}
    try:
        for topics in _TOPICS_OF_A_MESSAGE:
            names = [f"room-{number}" for number in range(topics)]
            sender = Sender("me", _CONNECTED_AT, 0)
            enter = partial(subscriptions.subscribe, names, sender)
            times = [_timed(enter) for _ in range(_OPERATIONS)]
            costs[topics] = 1e3 * spread(times).median / topics
    finally:
        del os.environ["AWS_ENDPOINT_URL_DYNAMODB"], os.environ["AWS_CA_BUNDLE"]
        service.host.close()
        stub.stop()
    return _Growth("topics of a message", "us each", costs)


def _table() -> list[_Growth]:
    with local_table() as (client, table):
        subscriptions = DynamoDBSubscriptions(SdkDynamoDB(client), table, deadlines_within(3600))
        enter: dict[int, float] = {}
        leave: dict[int, float] = {}
        filled = 0
        for topics in _TOPICS:
            new = range(filled, topics)
            _fill(client, table, [(f"topic-{number}", sort_key("a")) for number in new])
            filled = topics
            enter[topics], leave[topics] = _milliseconds(subscriptions)
        read: dict[int, float] = {}
        filled = 0
        for members in _SUBSCRIBERS:
            _fill(client, table, [("topic-room", sort_key(f"{n}")) for n in range(filled, members)])
            filled = members
            times = [_timed(lambda: subscriptions.of_topic("room")) for _ in range(7)]
            read[members] = 1e3 * spread(times).median / members
    return [
        _Growth("rows of the table, to enter a topic", "ms", enter),
        _Growth("rows of the table, to disconnect", "ms", leave),
        _Growth("subscribers of a topic, to read them", "us each", read),
    ]


def _fill(client: Any, table: str, keys: list[tuple[str, str]]) -> None:
    times = {name: {"N": str(2**50)} for name in ("connected_at", "requested_at", "expires_at")}
    puts = [
        {"PutRequest": {"Item": {"pk": {"S": pk}, "sk": {"S": sk}, **times}}} for pk, sk in keys
    ]
    for start in range(0, len(puts), _ROWS_PER_BATCH):
        client.batch_write_item(RequestItems={table: puts[start : start + _ROWS_PER_BATCH]})


def _milliseconds(subscriptions: DynamoDBSubscriptions) -> tuple[float, float]:
    """Return the median times to enter a topic and read it, and to leave it by disconnecting."""
    entering, leaving = [], []
    for number in range(_OPERATIONS):
        request = Sender("me", _CONNECTED_AT, number)

        def enter(request: Sender = request) -> None:
            subscriptions.announce("of two", request, Announce('{"type":"announce"}', "peer"))
            subscriptions.of_topic("of two")

        entering.append(_timed(enter))
        leaving.append(_timed(lambda: subscriptions.remove_connection("me")))
    return spread(entering).median, spread(leaving).median


def _timed(operation: Callable[[], object]) -> float:
    started = time.perf_counter()
    operation()
    return 1000 * (time.perf_counter() - started)


def _connections() -> _Growth:
    server = LocalServer("--throttle", "none", environment={"DELIVERY": ADDRESSED})
    server.start()
    costs = {}
    try:
        for connections in _CONNECTIONS:
            rooms = connections // 10
            done = put(Load(rooms, 10, _PUBLISHES // rooms), server, ADDRESSED)
            costs[connections] = 1e6 * done.cpu_seconds / done.deliveries
    finally:
        server.stop()
    return _Growth("connections on the local server", "CPU us a delivery", costs)
