"""Who is subscribed to what: the port `Subscriptions` and its DynamoDB model.

| key           |               |
|---------------|---------------|
| pk            | topic-<topic> |
| sk            | connection-<id> |
| peer          | `from` of its announce or of a signal, if seen |
| announce      | `data` of its announce as JSON, unless it has subscribed again since |
| connected_at  | when the connection was opened, epoch milliseconds |
| entered_at    | time of its first announce, epoch milliseconds |
| requested_at  | time of its last subscribe or announce, epoch milliseconds |
| expires_at    | when the connection must have ended, epoch seconds |

An index with the keys swapped answers "every topic of this connection". Nothing scans.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from signaling.connections import delay_after
from signaling.errors import SubscriptionsError
from signaling.protocol import Announce, topic_key

INDEX = "by-connection"
"""Name of the table's index: sk HASH, pk RANGE, keys only."""

_CONNECTION_PREFIX = "connection-"
_ROWS_PER_BATCH = (
    25  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
)
_BATCH_ATTEMPTS = 8

_LONGEST_CONNECTION_SECONDS = 2 * 60 * 60
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""

_EXPIRY_MARGIN_SECONDS = 10 * 60


class Subscriber(NamedTuple):
    """A connection in a topic."""

    connection: str
    peer: str | None
    """Peer id that it goes by, where it can be seen."""
    connected_at: int
    """When the connection was opened, epoch milliseconds."""
    requested_at: int
    """When the last of the requests was made that put it there, epoch milliseconds."""
    announce: str | None
    """Data of the announce, if that last request was one: of an earlier one the peer may be gone,
    as when a page left the topic and entered it again."""
    entered_at: int | None
    """When the first announce was made that is known of it, epoch milliseconds."""


class Request(NamedTuple):
    """A client's request to enter or leave a topic."""

    connection: str
    connected_at: int
    """When the connection was opened, epoch milliseconds."""
    requested_at: int
    """When API Gateway got the request, epoch milliseconds: two messages of one client may be
    handled in either order, and the later request is what the client wants."""

    @property
    def expires_at(self) -> int:
        """When the connection must have ended, epoch seconds."""
        return self.connected_at // 1000 + _LONGEST_CONNECTION_SECONDS + _EXPIRY_MARGIN_SECONDS


class Subscriptions(Protocol):
    """Port: the set of (topic, connection) pairs. Every method raises SubscriptionsError."""

    def add(self, topic: str, request: Request, announce: Announce | None = None) -> None:
        """Make sure that the connection is in `topic`; a peer id once stored is kept.

        Does nothing if a later request has put it there already. Of the same millisecond, an
        announce counts as later than what is no announce: a client announces itself last.
        """

    def learn_peer(self, topic: str, connection: str, peer: str) -> None:
        """Store the peer id that the connection goes by, if it is in `topic`."""

    def remove(self, topic: str, request: Request) -> None:
        """Make sure that the connection is not in `topic`, unless a later request put it there.

        One of the same millisecond counts as later: a row too many costs a post, a row too few
        two clients that never meet.
        """

    def of_topic(self, topic: str) -> list[Subscriber]:
        """Return every subscriber of `topic`, including those written just before this call."""

    def remove_connection(self, connection: str) -> None:
        """Remove the connection from every topic."""


class DynamoDBSubscriptions:
    """Subscriptions in one DynamoDB table, through boto3's low-level client interface."""

    def __init__(self, client: Any, table: str, now: Callable[[], float] = time.time) -> None:
        """Serve `table` through `client`; `now` tells epoch seconds."""
        self._client = client
        self._table = table
        self._now = now

    def add(self, topic: str, request: Request, announce: Announce | None = None) -> None:
        """Upsert one row: 1 write unit, and 1 in the index when it is new."""
        update = (
            "SET expires_at = :expires_at, connected_at = :connected_at,"
            " requested_at = :requested_at"
        )
        values = {
            ":expires_at": {"N": str(request.expires_at)},
            ":connected_at": {"N": str(request.connected_at)},
            ":requested_at": {"N": str(request.requested_at)},
        }
        if announce is None:
            update += " REMOVE announce"
            precedes = "<"
        else:
            update += ", announce = :announce"
            update += ", entered_at = if_not_exists(entered_at, :requested_at)"
            precedes = "<="
            values[":announce"] = {"S": announce.data}
            if announce.peer is not None:
                update += ", peer = :peer"
                values[":peer"] = {"S": announce.peer}
        self._write_if(
            f"attribute_not_exists(pk) OR requested_at {precedes} :requested_at",
            "update_item",
            Key=_row_key(topic, request.connection),
            UpdateExpression=update,
            ExpressionAttributeValues=values,
        )

    def learn_peer(self, topic: str, connection: str, peer: str) -> None:
        """Update one row: 1 write unit."""
        self._write_if(
            "attribute_exists(pk)",
            "update_item",
            Key=_row_key(topic, connection),
            UpdateExpression="SET peer = :peer",
            ExpressionAttributeValues={":peer": {"S": peer}},
        )

    def remove(self, topic: str, request: Request) -> None:
        """Delete one row."""
        self._write_if(
            "attribute_not_exists(pk) OR requested_at < :requested_at",
            "delete_item",
            Key=_row_key(topic, request.connection),
            ExpressionAttributeValues={":requested_at": {"N": str(request.requested_at)}},
        )

    def of_topic(self, topic: str) -> list[Subscriber]:
        """Query the topic with strong consistency; rows that TTL has yet to delete are left out."""
        now = int(self._now())
        rows = self._query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": topic_key(topic)}},
            ConsistentRead=True,
        )
        return [
            Subscriber(
                row["sk"]["S"].removeprefix(_CONNECTION_PREFIX),
                row["peer"]["S"] if "peer" in row else None,
                int(row["connected_at"]["N"]),
                int(row["requested_at"]["N"]),
                row["announce"]["S"] if "announce" in row else None,
                int(row["entered_at"]["N"]) if "entered_at" in row else None,
            )
            for row in rows
            if int(row["expires_at"]["N"]) > now
        ]

    def remove_connection(self, connection: str) -> None:
        """Query the index and delete what it names, 25 rows a request."""
        rows = self._query(
            IndexName=INDEX,
            KeyConditionExpression="sk = :sk",
            ExpressionAttributeValues={":sk": {"S": _CONNECTION_PREFIX + connection}},
        )
        deletes = [{"DeleteRequest": {"Key": {"pk": row["pk"], "sk": row["sk"]}}} for row in rows]
        for start in range(0, len(deletes), _ROWS_PER_BATCH):
            self._write_batch(deletes[start : start + _ROWS_PER_BATCH])

    def _write_if(self, condition: str, operation: str, **parameters: Any) -> None:
        try:
            getattr(self._client, operation)(
                TableName=self._table, ConditionExpression=condition, **parameters
            )
        except Exception as error:
            if _error_code(error) != "ConditionalCheckFailedException":
                raise _translated(error) from error

    def _query(self, **parameters: Any) -> Iterator[dict[str, Any]]:
        while True:
            try:
                page = self._client.query(TableName=self._table, **parameters)
            except Exception as error:
                raise _translated(error) from error
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            parameters["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _write_batch(self, requests: list[dict[str, Any]]) -> None:
        for attempt in range(_BATCH_ATTEMPTS):
            try:
                answer = self._client.batch_write_item(RequestItems={self._table: requests})
            except Exception as error:
                raise _translated(error) from error
            requests = answer.get("UnprocessedItems", {}).get(self._table, [])
            if not requests:
                return
            time.sleep(delay_after(attempt))
        raise SubscriptionsError("the table is too busy, try again")


def _row_key(topic: str, connection: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": topic_key(topic)}, "sk": {"S": _CONNECTION_PREFIX + connection}}


def _error_code(error: Exception) -> str:
    # Errors of AWS clients share no base class, only this attribute; network errors lack it.
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", type(error).__name__))


def _translated(error: Exception) -> SubscriptionsError:
    return SubscriptionsError("the rooms are out of reach, try again")
