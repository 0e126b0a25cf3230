"""Who is subscribed to what: the model of the DynamoDB table.

| key           |               |
|---------------|---------------|
| pk            | topic-<topic> |
| sk            | connection-<id> |
| requested_at  | time of its last message about the topic but signals, epoch milliseconds |
| connected_at  | when the connection was opened, epoch milliseconds |
| expires_at    | when the connection must have ended, epoch seconds |
| announce      | `data` of its announce as JSON, unless it has subscribed again since |
| entered_at    | time of its first announce, epoch milliseconds |
| peer          | `from` of its announce or of a signal, if seen |
| has_token     | its connection was opened with one |
| has_left      | it has unsubscribed: the row only keeps older messages from putting it back |

An index with the keys swapped answers "every topic of this connection". Nothing scans.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from signaling.aws.retries import delay_after
from signaling.errors import SubscriptionsError
from signaling.ports import Deadlines, Sender, Subscriber
from signaling.protocol import Announce, topic_key

INDEX = "by-connection"
"""Name of the table's index: sk HASH, pk RANGE, keys only."""

CONNECTION_PREFIX = "connection-"
"""Of sk, before the connection id."""

_ROWS_PER_BATCH = (
    25  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
)
_BATCH_ATTEMPTS = 8
_CONDITION_FAILED = "ConditionalCheckFailedException"

_SET_TIMES = (
    "SET requested_at = :requested_at, connected_at = :connected_at, expires_at = :expires_at"
)
_YES = {"BOOL": True}

Parameters = dict[str, Any]
"""A request as boto3's low-level client takes it."""


class RequestError(Exception):
    """DynamoDB refused a request, with an HTTP `status`, or did not answer it in time."""

    def __init__(self, code: str, status: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


Answer = dict[str, Any] | RequestError
"""What a request came to."""


class DynamoDB(Protocol):
    """The operations that the model needs. The requests of one call are made at once.

    Each is tried again while that may help, until `deadline`, in `time.monotonic` seconds.
    """

    def query(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Read pages of rows."""

    def update_item(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Write single rows."""

    def batch_write_item(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Delete up to 25 rows each."""


class DynamoDBSubscriptions:
    """Subscriptions in one DynamoDB table."""

    def __init__(
        self,
        client: DynamoDB,
        table: str,
        deadlines: Deadlines,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Serve `table` through `client`; `now` tells epoch seconds."""
        self._client = client
        self._table = table
        self._deadlines = deadlines
        self._now = now

    def subscribe(self, topics: Sequence[str], sender: Sender) -> None:
        """Upsert one row a topic, all at once: 1 write unit, and 1 in the index if it is new."""
        condition = (
            "requested_at < :requested_at OR (requested_at = :requested_at AND has_left = :yes)"
        )
        self._write(
            [
                self._row(topic, sender, condition, " REMOVE announce, has_left", yes=_YES)
                for topic in topics
            ]
        )

    def announce(self, topic: str, sender: Sender, announce: Announce) -> None:
        """Upsert one row: 1 write unit, and 1 in the index if it is new."""
        change = ", announce = :announce, entered_at = if_not_exists(entered_at, :requested_at)"
        values = {"announce": {"S": announce.data}}
        if announce.peer is not None:
            change += ", peer = :peer"
            values["peer"] = {"S": announce.peer}
        condition = "requested_at <= :requested_at"
        self._write([self._row(topic, sender, condition, f"{change} REMOVE has_left", **values)])

    def unsubscribe(self, topics: Sequence[str], sender: Sender) -> None:
        """Mark one row a topic, all at once: 1 write unit.

        A row that were deleted could be made again by a subscribe that is older and handled later.
        """
        condition = "requested_at < :requested_at"
        change = ", has_left = :yes REMOVE announce, entered_at, peer"
        self._write([self._row(topic, sender, condition, change, yes=_YES) for topic in topics])

    def of_topic(self, topic: str) -> list[Subscriber]:
        """Query the topic with strong consistency; rows that TTL has yet to delete are left out."""
        now = int(self._now())
        rows = self._query(
            self._deadlines.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": topic_key(topic)}},
            ConsistentRead=True,
        )
        return [
            Subscriber(
                row["sk"]["S"].removeprefix(CONNECTION_PREFIX),
                row["peer"]["S"] if "peer" in row else None,
                int(row["connected_at"]["N"]),
                int(row["requested_at"]["N"]),
                row["announce"]["S"] if "announce" in row else None,
                int(row["entered_at"]["N"]) if "entered_at" in row else None,
                "has_token" in row,
            )
            for page in rows
            for row in page
            if int(row["expires_at"]["N"]) > now and "has_left" not in row
        ]

    def learn_peer(self, topic: str, connection: str, peer: str) -> None:
        """Update one row: 1 write unit."""
        update = {
            "TableName": self._table,
            "Key": _key(topic, connection),
            "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(has_left)",
            "UpdateExpression": "SET peer = :peer",
            "ExpressionAttributeValues": {":peer": {"S": peer}},
        }
        _accepted(self._client.update_item([update], self._deadlines.clean_up))

    def remove(self, topic: str, connections: Sequence[str]) -> None:
        """Delete the rows of `connections`, 25 a request."""
        self._delete([_key(topic, each) for each in connections])

    def remove_connection(self, connection: str) -> None:
        """Query the index and delete what it names, 25 rows a request, as many as time allows."""
        rows = self._query(
            self._deadlines.clean_up,
            IndexName=INDEX,
            KeyConditionExpression="sk = :sk",
            ExpressionAttributeValues={":sk": {"S": CONNECTION_PREFIX + connection}},
        )
        for page in rows:
            self._delete([{"pk": row["pk"], "sk": row["sk"]} for row in page])

    def _write(self, rows: Sequence[Parameters]) -> None:
        _accepted(self._client.update_item(rows, self._deadlines.table))

    def _row(
        self, topic: str, sender: Sender, condition: str, change: str, **values: dict[str, Any]
    ) -> Parameters:
        """Return the update of a row that is new or meets `condition`: its times, and `change`."""
        values |= {
            name: {"N": str(getattr(sender, name))}
            for name in ("requested_at", "connected_at", "expires_at")
        }
        if sender.has_token:
            change = f", has_token = :has_token{change}"
            values["has_token"] = _YES
        return {
            "TableName": self._table,
            "Key": _key(topic, sender.connection),
            "ConditionExpression": f"attribute_not_exists(pk) OR {condition}",
            "UpdateExpression": f"{_SET_TIMES}{change}",
            "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
        }

    def _query(self, deadline: float, **parameters: Any) -> Iterator[list[dict[str, Any]]]:
        parameters["TableName"] = self._table
        while True:
            (page,) = _accepted(self._client.query([parameters], deadline))
            yield page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            parameters["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _delete(self, keys: Sequence[Parameters]) -> None:
        deletes = [{"DeleteRequest": {"Key": key}} for key in keys]
        deadline = self._deadlines.clean_up
        for attempt in range(_BATCH_ATTEMPTS):
            pause = delay_after(attempt - 1) if attempt else 0.0
            if time.monotonic() + pause > deadline:
                break
            time.sleep(pause)
            batches = [
                {"RequestItems": {self._table: deletes[start : start + _ROWS_PER_BATCH]}}
                for start in range(0, len(deletes), _ROWS_PER_BATCH)
            ]
            answers = _accepted(self._client.batch_write_item(batches, deadline))
            deletes = [
                delete
                for answer in answers
                for delete in answer.get("UnprocessedItems", {}).get(self._table, [])
            ]
            if not deletes:
                return
        raise SubscriptionsError("the table is too busy, try again")


def _key(topic: str, connection: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": topic_key(topic)}, "sk": {"S": CONNECTION_PREFIX + connection}}


def _accepted(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return the answers, but for those of a condition that failed.

    Raises:
        SubscriptionsError: a request failed for another reason.
    """
    accepted = []
    for answer in answers:
        if not isinstance(answer, RequestError):
            accepted.append(answer)
        elif answer.code != _CONDITION_FAILED:
            raise SubscriptionsError("the rooms are out of reach, try again") from answer
    return accepted
