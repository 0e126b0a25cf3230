"""What `monitoring.yaml` creates for a stack."""

from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local import ROOT
from local.sam.intrinsics import Resolver
from tests.support.translation import Resources, of_type

TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "monitoring.yaml").read_text())
STACK = {
    "Name": "signaling",
    "ApiId": "a1b2c3d4e5",
    "Stage": "dev",
    "TableName": "SubscriptionsTable",
    **{f"{each}Function": each.lower() for each in ("Connect", "Disconnect", "Message")},
    **{f"{each}LogGroup": f"/{each.lower()}" for each in ("Connect", "Disconnect", "Message")},
    "AuthorizeFunction": "",
    "AuthorizeLogGroup": "",
    "LogLevel": "INFO",
    "AlarmEmail": "",
    "MonthlyBudget": "0",
}
AUTHORIZER = {"AuthorizeFunction": "authorize", "AuthorizeLogGroup": "/authorize"}
EMAIL = {"AlarmEmail": "owner@example.com"}


def deployed(**overrides: str) -> Resources:
    """What CloudFormation would create, as local/sam/template.py resolves it."""
    return Resolver(TEMPLATE, STACK | overrides).resources()


def own_metrics(resources: Resources) -> set[tuple[str, str]]:
    return {
        (metric["MetricNamespace"], metric["MetricName"])
        for each in of_type(resources, "Logs::MetricFilter").values()
        for metric in each["MetricTransformations"]
    }
