"""Requests to one DynamoDB table, and the contents of its rows."""

import time
from collections.abc import Callable, Iterator, Sequence

from signaling.aws.operations import Answer, DynamoDB, accepted, pages, write_batches
from signaling.aws.rows import Row, is_there, subscriber_of
from signaling.aws.updates import Update
from signaling.ports import Deadlines, Subscriber
from signaling.typed import Any


class Table:
    """A table, for the time of one invocation.

    Every method raises SubscriptionsError if the table fails or the time runs out.
    """

    def __init__(
        self,
        client: DynamoDB,
        name: str,
        deadlines: Deadlines,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Use the table `name` through `client`; `now` tells epoch seconds."""
        self._client = client
        self._name = name
        self.deadlines = deadlines
        self.now = now

    def write(self, updates: Sequence[Update]) -> list[dict[str, Any]]:
        """Make `updates` and return the answers, except those of failed conditions."""
        return accepted(self.attempt(updates))

    def attempt(self, updates: Sequence[Update], deadline: float | None = None) -> list[Answer]:
        """Return an answer for each; the only errors among them are failed conditions."""
        if not updates:
            return []
        requests = [{"TableName": self._name, **each} for each in updates]
        answers = self._client.update_item(requests, deadline or self.deadlines.table)
        accepted(answers)
        return answers

    def subscribers(self, page: Sequence[Row]) -> list[Subscriber]:
        """Return the present members in the rows of a page."""
        now = int(self.now())
        return [subscriber_of(row) for row in page if is_there(row, now)]

    def query(self, deadline: float, **parameters: Any) -> Iterator[list[Row]]:
        """Yield the pages of rows that a Query finds."""
        return pages(self._client, {"TableName": self._name, **parameters}, deadline)

    def read(
        self, condition: str, values: dict[str, str], **parameters: Any
    ) -> Iterator[list[Row]]:
        """Yield the pages of rows that a consistent Query finds whose keys meet `condition`."""
        texts = {f":{name}": {"S": value} for name, value in values.items()}
        return self.query(
            self.deadlines.table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=texts,
            ConsistentRead=True,
            **parameters,
        )

    def rows_at(self, key: Row) -> list[Row]:
        """Return the row with the key, if there is one."""
        values = {name: value["S"] for name, value in key.items()}
        (page,) = self.read("pk = :pk AND sk = :sk", values)
        return page

    def delete(self, keys: Sequence[Row]) -> None:
        """Delete rows, 25 per request."""
        if not keys:
            return
        deletes = [{"DeleteRequest": {"Key": key}} for key in keys]
        write_batches(self._client, self._name, deletes, self.deadlines.clean_up)

    def delete_each(self, deletes: Sequence[Update]) -> list[dict[str, Any]]:
        """Delete single rows, and return the answers, except those of failed conditions."""
        if not deletes:
            return []
        requests = [{"TableName": self._name, **each} for each in deletes]
        return accepted(self._client.delete_item(requests, self.deadlines.clean_up))
