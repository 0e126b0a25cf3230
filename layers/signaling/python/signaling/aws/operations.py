"""The operations of DynamoDB that the model of the table needs, for either client."""

import time
from collections.abc import Iterator, Sequence

from signaling.aws.retries import delay_after
from signaling.errors import SubscriptionsError
from signaling.typed import Any, Protocol

_ROWS_PER_BATCH = (
    25  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
)
_BATCH_ATTEMPTS = 8
_CONDITION_FAILED = "ConditionalCheckFailedException"

Parameters = dict[str, Any]
"""A request in the form of boto3's low-level client."""


class RequestError(Exception):
    """DynamoDB refused a request, with an HTTP `status`, or did not answer it in time."""

    def __init__(self, code: str, status: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


Answer = dict[str, Any] | RequestError
"""The result of a request."""


class DynamoDB(Protocol):
    """The operations that the model needs. The requests of one call are made at once.

    Each is retried while that may help, until `deadline`, in `time.monotonic` seconds.
    """

    def query(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Read pages of rows."""

    def update_item(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Write single rows."""

    def delete_item(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Delete single rows."""

    def batch_write_item(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Put or delete up to 25 rows each."""


def pages(client: DynamoDB, query: Parameters, deadline: float) -> Iterator[list[dict[str, Any]]]:
    """Yield the pages of rows that `query` finds; each is at most twice as long as the one before.

    Raises:
        SubscriptionsError: the table failed, or time ran out.
    """
    while True:
        (page,) = accepted(client.query([query], deadline))
        yield page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        query = {**query, "ExclusiveStartKey": page["LastEvaluatedKey"]}
        if "Limit" in query:
            query["Limit"] *= 2


def write_batches(
    client: DynamoDB, table: str, writes: Sequence[Parameters], deadline: float
) -> None:
    """Put and delete rows, 25 per request, again while some are left undone.

    Raises:
        SubscriptionsError: the table failed, or time ran out.
    """
    for attempt in range(_BATCH_ATTEMPTS):
        pause = delay_after(attempt - 1) if attempt else 0.0
        if time.monotonic() + pause > deadline:
            break
        time.sleep(pause)
        batches = [
            {"RequestItems": {table: writes[start : start + _ROWS_PER_BATCH]}}
            for start in range(0, len(writes), _ROWS_PER_BATCH)
        ]
        answers = accepted(client.batch_write_item(batches, deadline))
        writes = [
            write
            for answer in answers
            for write in answer.get("UnprocessedItems", {}).get(table, [])
        ]
        if not writes:
            return
    raise SubscriptionsError("the table is too busy, try again")


def accepted(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return the answers, except those of failed conditions.

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
