"""The table and the connections of a stack."""

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

from local import ROOT
from local.clients import direct_clients
from local.sam.template import load
from signaling.settings import connections_endpoint

_SOON_AN_ERROR = Config(connect_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
"""Fails soon, because a person is waiting."""


class Live(NamedTuple):
    """A running stack, or the local server."""

    table: str
    endpoint: str
    """URL that @connections is below."""

    def scan(self) -> Iterator[dict[str, Any]]:
        """Yield the pages of the table, perhaps without the most recent writes."""
        pages = boto3.client("dynamodb", config=_SOON_AN_ERROR).get_paginator("scan")
        for page in pages.paginate(TableName=self.table, ReturnConsumedCapacity="TOTAL"):
            yield dict(page)

    def close(self, connection: str) -> None:
        """Close a connection; its `$disconnect` then takes it out of its rooms."""
        client = boto3.client(
            "apigatewaymanagementapi", endpoint_url=self.endpoint, config=_SOON_AN_ERROR
        )
        client.delete_connection(ConnectionId=connection)


def deployed(stack: str) -> Live:
    """Return the `stack` in the account and Region of the environment.

    Raises:
        ValueError: it lacks the outputs of this project's template.
    """
    (found,) = boto3.client("cloudformation", config=_SOON_AN_ERROR).describe_stacks(
        StackName=stack
    )["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    try:
        endpoint = {"CONNECTIONS_ENDPOINT": outputs["ConnectionsEndpoint"]}
        return Live(outputs["TableName"], connections_endpoint({**os.environ, **endpoint}))
    except KeyError as missing:
        raise ValueError(f"the stack {stack} has no output {missing}") from None


def local(port: int, dynamodb: str = "") -> Live:
    """Return the local server at `port`, whose rooms are in `dynamodb`."""
    stack = load(ROOT / "template.yaml")
    direct_clients(dynamodb)
    return Live(stack.table["TableName"], f"http://localhost:{port}/{stack.stage}")
