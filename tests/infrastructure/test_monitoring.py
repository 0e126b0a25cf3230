"""Dashboard, alarms and budget of `monitoring.yaml`."""

import json
import re
from itertools import chain, product
from typing import Any, NamedTuple

import pytest

from local import ROOT
from local.sam.intrinsics import NO_VALUE
from signaling.aws import dynamodb
from tests.support.monitoring import AUTHORIZER, EMAIL, STACK, TEMPLATE, deployed, own_metrics
from tests.support.translation import Resources, of_type

ALERTS = {"AWS::CloudWatch::Alarm", "AWS::SNS::Topic", "AWS::Budgets::Budget"}
OWN = "Signaling/signaling"
AWS_METRICS = {
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
    "AWS/ApiGateway": {
        *("ConnectCount", "MessageCount", "IntegrationError", "ClientError", "ExecutionError"),
        "IntegrationLatency",
    },
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": {"Duration", "Invocations", "Errors", "Throttles", "ConcurrentExecutions"},
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    "AWS/DynamoDB": {
        *("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"),
        *("ReadThrottleEvents", "WriteThrottleEvents"),
    },
}


class Metric(NamedTuple):
    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()


SEARCH = re.compile(
    r"SEARCH\('\{([\w/]+),(\w+)\} \2=\((.+?)\) MetricName=\((.+?)\)', '(p50|p99|Sum|Maximum)'\)"
)
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html"""


def shown(resources: Resources) -> list[Metric]:
    """Return the metrics on the dashboard, including those that it finds by search."""
    (dashboard,) = of_type(resources, "CloudWatch::Dashboard").values()
    metrics = []
    for widget in json.loads(dashboard["DashboardBody"])["widgets"]:
        assert widget["properties"]["region"] == "us-east-1"
        last: list[str] = []
        for row in widget["properties"]["metrics"]:
            options = row[-1] if isinstance(row[-1], dict) else {}
            if "expression" in options:
                metrics += found(options["expression"])
                continue
            assert "stat" in widget["properties"] or "stat" in options
            names = [each for each in row if isinstance(each, str)]
            # A `.` repeats what is above it.
            last = [last[place] if each == "." else each for place, each in enumerate(names)]
            pairs = zip(last[2::2], last[3::2], strict=True)
            metrics.append(Metric(last[0], last[1], frozenset(pairs)))
    return metrics


def found(search: str) -> list[Metric]:
    parts = SEARCH.fullmatch(search)
    assert parts, search
    assert len(search) <= 1024
    namespace, dimension, values, names, _ = parts.groups()
    return [
        Metric(namespace, name, frozenset({(dimension, value)}))
        for name, value in product(alternatives(names), alternatives(values))
    ]


def alternatives(text: str) -> list[str]:
    quoted = text.split(" OR ")
    assert all(re.fullmatch(r'"[^"]+"', each) for each in quoted), text
    return [each.strip('"') for each in quoted]


def alarmed(resources: Resources) -> dict[str, list[Metric]]:
    return {
        name: [
            metric_of(each["MetricStat"]["Metric"])
            for each in alarm.get("Metrics", [{"MetricStat": {"Metric": alarm}}])
            if "MetricStat" in each
        ]
        for name, alarm in of_type(resources, "CloudWatch::Alarm").items()
    }


def metric_of(properties: dict[str, Any]) -> Metric:
    pairs = ((each["Name"], each["Value"]) for each in properties.get("Dimensions", []))
    return Metric(properties["Namespace"], properties["MetricName"], frozenset(pairs))


def assert_exists(metric: Metric, resources: Resources) -> None:
    dimensions = dict(metric.dimensions)
    if metric.namespace == OWN:
        assert (OWN, metric.name) in own_metrics(resources)
        assert set(dimensions) <= {"Code"}
        return
    assert metric.name in AWS_METRICS[metric.namespace]
    if metric.namespace == "AWS/ApiGateway":
        assert dimensions == {"ApiId": "a1b2c3d4e5", "Stage": "dev"}
    elif metric.namespace == "AWS/Lambda":
        assert dimensions.keys() == {"FunctionName"}
        assert dimensions["FunctionName"] in {"connect", "disconnect", "message", "authorize"}
    else:
        assert dimensions.pop("TableName") == "SubscriptionsTable"
        assert dimensions in ({}, {"GlobalSecondaryIndexName": dynamodb.INDEX})


@pytest.mark.parametrize("overrides", [EMAIL, EMAIL | AUTHORIZER], ids=["open", "authorizer"])
def test_dashboard_and_alarms_show_metrics_that_exist(overrides: dict[str, str]) -> None:
    resources = deployed(**overrides)
    for metric in [*shown(resources), *chain(*alarmed(resources).values())]:
        assert_exists(metric, resources)


def test_every_metric_of_our_own_and_of_every_function_is_on_the_dashboard() -> None:
    resources = deployed(**AUTHORIZER)
    assert own_metrics(resources) == {each[:2] for each in shown(resources) if each[0] == OWN}
    names = AWS_METRICS["AWS/Lambda"] - {"Invocations"}  # API Gateway's counts are there instead
    assert {each for each in shown(resources) if each.namespace == "AWS/Lambda"} == {
        Metric("AWS/Lambda", name, frozenset({("FunctionName", function)}))
        for name, function in product(names, ("connect", "disconnect", "message", "authorize"))
    }


def test_the_close_codes_on_the_dashboard_are_those_that_are_counted() -> None:
    resources = deployed()
    pattern = of_type(resources, "Logs::MetricFilter")["DisconnectsByCodeFilter"]["FilterPattern"]
    codes = {value for each in shown(resources) for key, value in each.dimensions if key == "Code"}
    assert codes == set(re.findall(r"\$\.code = (\d+)", pattern))


def test_the_authorizer_is_watched_when_there_is_one() -> None:
    name = frozenset({("FunctionName", "authorize")})
    for overrides, watched in ((EMAIL, False), (EMAIL | AUTHORIZER, True)):
        resources = deployed(**overrides)
        for metrics in (shown(resources), alarmed(resources)["FunctionsAlarm"]):
            assert any(each.dimensions == name for each in metrics) is watched
        assert ("AuthorizerRefusalsFilter" in resources) is watched


def test_the_cost_is_what_the_template_says() -> None:
    text = (ROOT / "monitoring.yaml").read_text().replace("\n# ", " ")
    own = len(own_metrics(deployed()))
    codes = sum(1 for each in shown(deployed()) if each.namespace == OWN and each.dimensions)
    alarms, with_authorizer = (
        sum(map(len, alarmed(deployed(**EMAIL, **more)).values())) for more in ({}, AUTHORIZER)
    )
    assert f"have data: {own}, and one for each close code seen, {codes} at most" in text
    assert f"for each metric in them: {alarms}, or {with_authorizer} with an authorizer" in text
    # More than 50 metrics take a dashboard out of the free tier.
    assert len(shown(deployed(**AUTHORIZER))) <= 50


def test_without_an_address_nothing_is_created_that_would_write_to_it() -> None:
    resources = deployed(MonthlyBudget="10")
    assert not {each["Type"] for each in resources.values()} & ALERTS
    assert of_type(resources, "CloudWatch::Dashboard")


def test_with_an_address_every_alarm_writes_to_it_and_is_quiet_without_data() -> None:
    resources = deployed(**EMAIL)
    (topic,) = of_type(resources, "SNS::Topic").values()
    assert topic["Subscription"] == [{"Protocol": "email", "Endpoint": "owner@example.com"}]
    for name, alarm in of_type(resources, "CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == ["AlarmTopic"], name
        assert alarm["TreatMissingData"] == "notBreaching", name
        assert alarm["AlarmDescription"], name


def test_an_alarm_on_several_metrics_watches_one_expression_of_them() -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
    for name, alarm in of_type(deployed(**EMAIL, **AUTHORIZER), "CloudWatch::Alarm").items():
        queries = alarm.get("Metrics", [])
        stats = {each["Id"] for each in queries if "MetricStat" in each}
        watched = [each for each in queries if each.get("ReturnData", True)]
        if queries:
            (expression,) = (each["Expression"] for each in watched)
            named = set(re.findall(r"\b[a-z]\w*\b", expression))
            assert named == stats or (not named and "METRICS()" in expression), name
        assert len(stats) == sum("MetricStat" in each for each in queries) <= 10, name


def test_a_budget_needs_an_amount_and_an_address() -> None:
    assert not of_type(deployed(**EMAIL), "Budgets::Budget")
    (budget,) = of_type(deployed(**EMAIL, MonthlyBudget="10"), "Budgets::Budget").values()
    assert budget["Budget"]["BudgetLimit"] == {"Amount": "10", "Unit": "USD"}
    warnings = budget["NotificationsWithSubscribers"]
    told = [each["Notification"] for each in warnings]
    assert [(each["NotificationType"], each["Threshold"]) for each in told] == [
        ("ACTUAL", 80),
        ("FORECASTED", 100),
    ]
    for each in warnings:
        (subscriber,) = each["Subscribers"]
        assert subscriber == {"SubscriptionType": "EMAIL", "Address": "owner@example.com"}


def test_nothing_resolves_to_no_value_or_to_an_empty_name() -> None:
    for overrides in ({}, EMAIL | {"MonthlyBudget": "10"}, EMAIL | AUTHORIZER):
        written = json.dumps(deployed(**overrides), default=repr)
        assert f"{NO_VALUE!r}" not in written
        assert '""' not in written


def test_every_parameter_is_described_and_used() -> None:
    text = (ROOT / "monitoring.yaml").read_text()
    for name, declaration in TEMPLATE["Parameters"].items():
        assert declaration.get("Description"), name
        assert re.search(rf"!Ref {name}\b|\$\{{{name}}}", text), name
    assert set(STACK) == set(TEMPLATE["Parameters"])
