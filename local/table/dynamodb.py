"""The template's table in a DynamoDB endpoint, for the local server."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.clients import direct_clients
from signaling.topics import topic_of

_CREATE_TABLE = (
    "TableName",
    "BillingMode",
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "ProvisionedThroughput",
)


class Table:
    """The template's table in a DynamoDB endpoint. Its client serves any thread."""

    def __init__(self, endpoint: str, table: dict[str, Any]) -> None:
        """Direct every AWS client of this process to `endpoint`, and create `table` there.

        Raises:
            ConnectionError: the endpoint does not answer, or refuses the request.
        """
        direct_clients(endpoint)
        # On a busy machine DynamoDB Local takes seconds for its first answer.
        patience = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2})
        self._endpoint = endpoint
        self._table = table
        self._client = boto3.client("dynamodb", config=patience)
        try:
            make_table(self._client, table)
        except (BotoCoreError, ClientError) as error:
            raise ConnectionError(f"no table in DynamoDB at {endpoint}: {error}") from error

    def restore(self) -> None:
        """Create the table again if it is gone: in memory, DynamoDB Local loses it when it ends."""
        with suppress(BotoCoreError, ClientError):  # it may be back the next time
            try:
                self._client.describe_table(TableName=self._table["TableName"])
            except self._client.exceptions.ResourceNotFoundException:
                make_table(self._client, self._table)
                print(f"recreated the table, which {self._endpoint} had lost", file=sys.stderr)

    def topics(self) -> Iterator[str]:
        """Yield every topic that has a row, perhaps more than once, as far as DynamoDB answers."""
        pages = self._client.get_paginator("scan")
        with suppress(BotoCoreError, ClientError):
            for page in pages.paginate(
                TableName=self._table["TableName"],
                ProjectionExpression="pk",
                FilterExpression="begins_with(pk, :topic)",  # others list peers of the same rooms
                ExpressionAttributeValues={":topic": {"S": "topic"}},
            ):
                for row in page["Items"]:
                    yield topic_of(row["pk"]["S"])


def make_table(client: Any, table: dict[str, Any]) -> None:
    """Create `table`, given as its properties in the template, if it is missing.

    Its maximum units per second are left out, because only AWS enforces them.
    """
    properties = {key: table[key] for key in _CREATE_TABLE if key in table}
    properties["GlobalSecondaryIndexes"] = [
        {key: value for key, value in index.items() if key != "OnDemandThroughput"}
        for index in properties["GlobalSecondaryIndexes"]
    ]
    try:
        client.create_table(**properties)
    except client.exceptions.ResourceInUseException:
        return
    client.get_waiter("table_exists").wait(TableName=table["TableName"])
    client.update_time_to_live(
        TableName=table["TableName"], TimeToLiveSpecification=table["TimeToLiveSpecification"]
    )
