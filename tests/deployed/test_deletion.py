"""What `sam delete` leaves behind."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.support.emulator import Deployment, Emulator, client
from tests.support.introductions import meet

IS_THERE: dict[str, Callable[[Any], list[str]]] = {
    "cloudformation": lambda aws: [
        each["StackName"]
        for each in aws.list_stacks()["StackSummaries"]
        if each["StackStatus"] != "DELETE_COMPLETE"
    ],
    "lambda": lambda aws: [
        *(each["FunctionName"] for each in aws.list_functions()["Functions"]),
        *(each["LayerName"] for each in aws.list_layers()["Layers"]),
    ],
    "dynamodb": lambda aws: aws.list_tables()["TableNames"],
    "apigatewayv2": lambda aws: [each["ApiId"] for each in aws.get_apis()["Items"]],
    "logs": lambda aws: [each["logGroupName"] for each in aws.describe_log_groups()["logGroups"]],
    "iam": lambda aws: [each["RoleName"] for each in aws.list_roles()["Roles"]],
    "cloudwatch": lambda aws: [
        each["DashboardName"] for each in aws.list_dashboards()["DashboardEntries"]
    ],
}
"""How each service of the stack tells what it has."""


def inventory(endpoint: str) -> dict[str, list[str]]:
    """Return the names of what there is, by service."""
    return {name: sorted(there(client(name, endpoint))) for name, there in IS_THERE.items()}


def test_nothing_is_left_when_a_stack_is_deleted_that_was_used(
    emulator: Emulator, deployment: Deployment
) -> None:
    """Delete a second stack, which has what the first has not: production's stage, and boto3."""
    without_it = inventory(emulator.endpoint)
    production = emulator.deploy(
        "prod", "--no-confirm-changeset", "--parameter-overrides", "Stage=prod AwsClient=boto3"
    )
    with_it = inventory(emulator.endpoint)
    assert [service for service in IS_THERE if with_it[service] == without_it[service]] == []
    assert asyncio.run(meet(production.websocket_url, rounds=1)) == ([], [])
    emulator.sam("delete", "--config-env", "prod", "--no-prompts")
    assert inventory(emulator.endpoint) == without_it
