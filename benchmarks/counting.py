"""Tables of benchmarks: one in memory that counts its requests, and one in AWS's own engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks import ROOT
from local.sam.template import load
from local.table.dynamodb import make_table
from local.table.in_memory import MemorySubscriptions
from rig.aws import dynamodb_client
from rig.servers import DynamoDBLocal
from signaling.ports import Sender, Subscriber


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
        self.index_writes += self._rows.get(topic, {}).get(sender.connection) is None
        super()._put(topic, subscriber, sender, has_left)


@contextmanager
def local_table() -> Iterator[tuple[Any, str]]:
    """Yield boto3's client and the name of the template's empty table, in a DynamoDB Local."""
    table = load(ROOT / "template.yaml").table
    with DynamoDBLocal() as server:
        client = dynamodb_client(server.endpoint)
        make_table(client, table)
        yield client, table["TableName"]
