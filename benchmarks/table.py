"""The template's table in a DynamoDB Local of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from benchmarks import ROOT
from local.sam.template import load
from local.table.dynamodb import make_table
from rig.servers import DynamoDBLocal


@contextmanager
def local_table() -> Iterator[tuple[Any, str]]:
    """Yield boto3's client and the name of the empty table."""
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    table = load(ROOT / "template.yaml").table
    server = DynamoDBLocal()
    server.start()
    try:
        client = boto3.client(
            "dynamodb",
            endpoint_url=server.endpoint,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        make_table(client, table)
        yield client, table["TableName"]
    finally:
        server.stop()
