"""The table of subscriptions, as AWS's own clients read it."""

from typing import Any

from local import ROOT
from local.sam.template import load
from signaling.topics import topic_key

NAME = str(load(ROOT / "template.yaml").table["TableName"])


def rows_of(dynamodb: Any, topic: str, table: str = NAME) -> list[dict[str, Any]]:
    """Return the rows of `topic`, also of those who have left it."""
    answer = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": topic_key(topic)}},
        ConsistentRead=True,
    )
    rows: list[dict[str, Any]] = answer["Items"]
    return rows
