"""AWS clients of the tests, none of which may reach the developer's account."""

import os
from typing import Any

import boto3
from botocore.config import Config


def forget_aws_account(key: str = "local") -> None:
    """Keep every AWS client of this process away from the developer's account.

    DynamoDB Local gives each access `key` tables of its own.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.UsageNotes.html
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID=key,
        AWS_SECRET_ACCESS_KEY="local",
        AWS_EC2_METADATA_DISABLED="true",
    )


def dynamodb_client(endpoint: str | None = None) -> Any:
    """Return a low-level DynamoDB client."""
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}),
    )
