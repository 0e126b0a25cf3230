"""Rooms whose requests to AWS are counted, in tables that tell the capacity they use."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

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

ROOM = "a room with a name as long as usual"
_ROWS_PER_BATCH = 25


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

    def join_and_signal(self) -> list[Usage]:
        """Let one more client enter and make an offer, get the answer, and disconnect later.

        Return what each takes: the join, the offer, the answer, a signal some time later, and an
        announce after that, as when it has lost a connection.
        """
        name = f"newcomer-{self._now}"
        self._wait()
        join = self._rooms.usage_of(lambda: self._join(name))
        met = self._rooms.connections.introduced[0]
        offer, answer = self._signal(name, met, "offer"), self._signal(met, name, "answer")
        self._wait()
        later = self._signal(name, met, "candidate")
        again = self._rooms.usage_of(lambda: self._publish(name, type="announce"))
        self._rooms.leave(name)
        return [join, offer, answer, later, again]

    def _wait(self) -> None:
        self._now += 3 * NEW_MILLISECONDS

    def _join(self, name: str) -> None:
        self._say(name, type="subscribe", topics=[ROOM])
        self._publish(name, type="announce")

    def _signal(self, sender: str, to: str, kind: str) -> Usage:
        data = {"type": "signal", "to": _peer(to), "signal": {"type": kind}}
        return self._rooms.usage_of(lambda: self._publish(sender, **data))

    def _publish(self, sender: str, **data: Any) -> None:
        self._say(sender, type="publish", topic=ROOM, data={**data, "from": _peer(sender)})

    def _say(self, connection: str, **message: Any) -> None:
        self._now += 1
        self._rooms.handle(Sender(connection, self._now, self._now), **message)


def _member(number: int) -> list[dict[str, Any]]:
    """Return the rows of a member: one that came when the room was large is listed, too."""
    connection = f"L0SM9cOF{number:05d}CI="
    at = {"N": str(CONNECTED_AT)}
    row = {
        **member_key(ROOM, connection),
        **dict.fromkeys(("connected_at", "requested_at", "entered_at", "expires_at"), at),
        "peer": {"S": _peer(connection)},
        "announce": announced(Announce(plain_announce(_peer(connection)), _peer(connection))),
    }
    if number < SMALL_ROOM:
        return [row]
    listed = listing(ROOM, subscriber_of(row))
    return [{**row, "listed": listed["sk"]}, listed]


def _peer(connection: str) -> str:
    return f"{connection:-<36}"
