"""What rooms ask of AWS: counted in memory, and told by AWS's own engine."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from benchmarks import ROOT
from local.sam.template import load
from local.table.dynamodb import make_table
from local.table.in_memory import MemorySubscriptions
from rig.aws import dynamodb_client
from rig.servers import DynamoDBLocal
from signaling.access.grants import EVERYTHING
from signaling.aws.dynamodb import DynamoDBSubscriptions
from signaling.aws.sdk import SdkDynamoDB
from signaling.bootstrap import deadlines_within
from signaling.ports import Introduction, Outcome, Sender, Subscriber
from signaling.protocol import Limits, parse
from signaling.rooms import Rooms


class CountingSubscriptions(MemorySubscriptions):
    """Subscriptions in memory that count the requests which the table would have got."""

    requests = index_writes = 0

    def of_topic(self, topic: str, most: int | None = None) -> list[Subscriber]:
        """Count a read."""
        self.requests += 1
        return super().of_topic(topic, most)

    def _put(
        self, topic: str, subscriber: Subscriber, sender: Sender, has_left: bool = False
    ) -> None:
        self.requests += 1
        self.index_writes += self._row_of(topic, sender) is None
        super()._put(topic, subscriber, sender, has_left)


class CountingConnections:
    """Connections that all deliver, but for those that are `gone`."""

    def __init__(self) -> None:
        self.posts = 0
        self.questions = 0
        """How often it was asked whether a connection is still there."""
        self.gone: set[str] = set()
        self.introduced: list[str] = []
        """Who was told something last, or told of."""

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        """Count, and deliver what can be delivered."""
        self.introduced = [*connections, *(each.connection for each in introductions)]
        introduced = {each.connection for each in introductions}
        self.questions += len(introduced)
        told = [each.receiver for each in introductions if each.connection not in self.gone]
        posted = [*connections, *told]
        self.posts += len(posted)
        lost = [each for each in posted if each in self.gone]
        delivered = [each for each in posted if each not in self.gone]
        return Outcome(delivered, [*lost, *(introduced & self.gone)], [])


CONNECTED_AT = 2**50
"""Epoch milliseconds at which no row has expired."""


class Usage(NamedTuple):
    """What an operation asks of AWS."""

    requests: Mapping[str, int]
    """Requests to DynamoDB by operation."""
    posts: int
    questions: int
    """Whether a connection is still there: a GET, which costs nothing but its time."""
    write_units: float
    read_units: float


class MeteredRooms:
    """Rooms in a table of DynamoDB, whose requests and capacity units are counted."""

    def __init__(self, client: Any, table: str) -> None:
        """Keep rooms in the empty `table` through boto3's `client`."""
        subscriptions = DynamoDBSubscriptions(SdkDynamoDB(client), table, deadlines_within(3600))
        self.connections = CountingConnections()
        self._rooms = Rooms(subscriptions, self.connections)
        self._answers: list[tuple[str, Any]] = []
        client.meta.events.register("provide-client-params.dynamodb", self._ask)
        client.meta.events.register("after-call.dynamodb", self._count)

    def handle(self, sender: Sender, **message: Any) -> None:
        """Handle a message of `sender`."""
        self._rooms.handle(sender, parse(json.dumps(message), False, Limits()), EVERYTHING)

    def leave(self, connection: str) -> None:
        """Handle the end of a connection."""
        self._rooms.leave(connection)

    def usage_of(self, operation: Callable[[], object]) -> Usage:
        """Return what `operation` asks for."""
        self._answers.clear()
        self.connections.posts = self.connections.questions = 0
        operation()
        requests = Counter(name for name, _ in self._answers)
        units = {"read": 0.0, "write": 0.0}
        for name, consumed in self._answers:
            for each in consumed if isinstance(consumed, list) else [consumed]:
                units["read" if name == "Query" else "write"] += each["CapacityUnits"]
        told = self.connections.posts, self.connections.questions
        return Usage(requests, *told, units["write"], units["read"])

    def _ask(self, params: dict[str, Any], **event: Any) -> None:
        params["ReturnConsumedCapacity"] = "INDEXES"

    def _count(self, model: Any, parsed: dict[str, Any], **event: Any) -> None:
        self._answers.append((model.name, parsed.get("ConsumedCapacity", [])))


@contextmanager
def local_table() -> Iterator[tuple[Any, str]]:
    """Yield boto3's client and the name of the template's empty table, in a DynamoDB Local."""
    table = load(ROOT / "template.yaml").table
    server = DynamoDBLocal()
    server.start()
    try:
        client = dynamodb_client(server.endpoint)
        make_table(client, table)
        yield client, table["TableName"]
    finally:
        server.stop()
