"""Who is subscribed to what: the model of the DynamoDB table.

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
from typing import Any

from signaling.aws.retries import delay_after
from signaling.errors import SubscriptionsError
from signaling.ports import Sender, Subscriber
from signaling.protocol import Announce, topic_key

INDEX = "by-connection"
"""Name of the table's index: sk HASH, pk RANGE, keys only."""

_CONNECTION_PREFIX = "connection-"
_ROWS_PER_BATCH = (
    25  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
)
_BATCH_ATTEMPTS = 8


class DynamoDBSubscriptions:
    """Subscriptions in one DynamoDB table, through boto3's low-level client interface."""

    def __init__(self, client: Any, table: str, now: Callable[[], float] = time.time) -> None:
        """Serve `table` through `client`; `now` tells epoch seconds."""
        self._client = client
        self._table = table
        self._now = now

    def add(self, topic: str, sender: Sender, announce: Announce | None = None) -> None:
        """Upsert one row: 1 write unit, and 1 in the index when it is new."""
        update = (
            "SET expires_at = :expires_at, connected_at = :connected_at,"
            " requested_at = :requested_at"
        )
        values = {
            ":expires_at": {"N": str(sender.expires_at)},
            ":connected_at": {"N": str(sender.connected_at)},
            ":requested_at": {"N": str(sender.requested_at)},
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
            Key=_row_key(topic, sender.connection),
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

    def remove(self, topic: str, sender: Sender) -> None:
        """Delete one row."""
        self._write_if(
            "attribute_not_exists(pk) OR requested_at < :requested_at",
            "delete_item",
            Key=_row_key(topic, sender.connection),
            ExpressionAttributeValues={":requested_at": {"N": str(sender.requested_at)}},
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
