"""Local servers that keep their rooms in memory or in a DynamoDB Local of their own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from local import ROOT
from local.sam.template import load
from rig.aws import dynamodb_client
from rig.servers import DynamoDBLocal, LocalServer

_TABLE = str(load(ROOT / "template.yaml").table["TableName"])
MEMORY, DYNAMODB = PLACES = ("memory", "DynamoDB")


class Running(NamedTuple):
    """A local server, and its table if its rooms are not in memory."""

    server: LocalServer
    table: DynamoDBLocal | None

    def rows(self) -> list[dict[str, Any]]:
        """Return all rows of the table."""
        assert self.table
        client = dynamodb_client(self.table.endpoint)
        pages = client.get_paginator("scan").paginate(TableName=_TABLE, ConsistentRead=True)
        return [row for page in pages for row in page["Items"]]

    def logged(self, kind: str) -> int:
        """Return how many lines the log has for messages of this type."""
        return self.server.output.count(f'"type": "{kind}"')

    def has_logged(self, kind: str, lines: int) -> bool:
        """Tell whether the log has so many of them."""
        return self.logged(kind) == lines


@contextmanager
def running(
    place: str, *options: str, folder: Path | None = None, **keywords: Any
) -> Iterator[Running]:
    """Run a local server that keeps its rooms in this `place`, and end it if it still runs.

    A DynamoDB Local keeps them in `folder`, or forgets them when it is killed.
    """
    table = DynamoDBLocal(folder) if place == DYNAMODB else None
    with ExitStack() as stack:
        if table:
            stack.enter_context(table)
            options = (*options, "--dynamodb", table.endpoint)
        process = LocalServer("--throttle", "none", *options, **keywords)
        process.start()
        stack.callback(lambda: process.is_running and process.stop())
        yield Running(process, table)
