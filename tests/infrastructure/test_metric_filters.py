"""The metrics that `monitoring.yaml` makes of the log lines that the functions print."""

import json
import operator
import re
from collections import Counter
from typing import Any

import pytest

from local.table.in_memory import MemorySubscriptions
from signaling.errors import SubscriptionsError
from signaling.event import Event
from signaling.log import InvocationLog
from signaling.ports import Subscriber
from tests.support.events import EVENTS, Room, replay
from tests.support.monitoring import AUTHORIZER, EMAIL, deployed, own_metrics
from tests.support.rooms import RecordedConnections
from tests.support.translation import TEMPLATE, of_type

GROUPS = {"$connect": "/connect", "$disconnect": "/disconnect", "$default": "/message"}

Fields = dict[str, Any]

# The part of the patterns' syntax that we use:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
TERM = re.compile(r'\(?\$\.(\w+) (?:(NOT EXISTS)|(=|>|>=) (\*|"[^"]*"|\d+))\)?')
COMPARE = {"=": operator.eq, ">": operator.gt, ">=": operator.ge}


def matches(pattern: str, fields: Fields) -> bool:
    alternatives = pattern.removeprefix("{").removesuffix("}").split("||")
    return any(
        all(holds(term.strip(), fields) for term in each.split("&&")) for each in alternatives
    )


def holds(term: str, fields: Fields) -> bool:
    parts = TERM.fullmatch(term)
    assert parts, term
    field, is_missing, comparison, operand = parts.groups()
    value = fields.get(field)
    if is_missing:
        return field not in fields
    if operand == "*":
        return value is not None
    if operand.startswith('"'):
        return bool(value == operand[1:-1])
    return isinstance(value, int | float) and bool(COMPARE[comparison](value, int(operand)))


def metrics_of(group: str, fields: Fields, **stack: str) -> dict[str, float]:
    """Return the metrics that a line in a log group makes: values by `Name` or `Name/Dimension`."""
    values: dict[str, float] = {}
    for each in of_type(deployed(**AUTHORIZER, **stack), "Logs::MetricFilter").values():
        if each["LogGroupName"] == group and matches(each["FilterPattern"], fields):
            (metric,) = each["MetricTransformations"]
            dimensions = [field_of(part["Value"], fields) for part in metric.get("Dimensions", [])]
            name = "/".join([metric["MetricName"], *map(str, dimensions)])
            assert name not in values
            values[name] = float(field_of(metric["MetricValue"], fields))
    return values


def field_of(value: str, fields: Fields) -> Any:
    return fields[value.removeprefix("$.")] if value.startswith("$.") else value


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """Return the metrics of the one line that was printed."""
    (line,) = capsys.readouterr().out.splitlines()
    fields = json.loads(line)
    return metrics_of(GROUPS[fields["route"]], fields)


DELIVERED = {"Publishes": 1, "Deliveries": 1}


@pytest.mark.parametrize(
    ("event", "trouble", "metrics"),
    [
        *((each, {}, {"Connects": 1}) for each in ("connect", "connect_page")),
        ("disconnect", {}, {"Disconnects": 1, "Disconnects/1001": 1}),
        *((each, {}, {}) for each in ("subscribe", "unsubscribe", "ping", "malformed")),
        *((f"publish_{each}", {}, DELIVERED) for each in ("announce", "signal", "encrypted")),
        ("publish_signal", {"gone": "other="}, {"Publishes": 1, "Gone": 1}),
        ("publish_signal", {"failing": "other="}, {"Publishes": 1, "Failed": 1}),
    ],
)
def test_an_event_counts_as_what_it_is_and_a_publish_with_what_arrived_and_its_time(
    event: str,
    trouble: dict[str, str],
    metrics: dict[str, float],
    capsys: pytest.CaptureFixture[str],
) -> None:
    Room().connections = RecordedConnections(**trouble)
    replay(event)
    counted = printed(capsys)
    if "Publishes" in metrics:
        assert 0 <= counted.pop("FanOutMilliseconds") < 10_000
    assert counted == metrics


class FailingSubscriptions(MemorySubscriptions):
    def of_topic(self, topic: str, most: int | None = None) -> list[Subscriber]:
        raise SubscriptionsError("The table did not answer. Try again.")


def test_a_failed_message_is_counted_and_is_no_publish(capsys: pytest.CaptureFixture[str]) -> None:
    Room().subscriptions = FailingSubscriptions()
    replay("publish_signal")
    assert printed(capsys) == {"Unavailable": 1}


def test_a_connect_that_raised_is_not_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), InvocationLog(Event(EVENTS["connect"])):
        raise KeyError
    assert printed(capsys) == {}


def test_a_refused_connect_is_counted_as_refused_alone() -> None:
    fields = {"level": "WARNING", "route": "$connect", "refused": "origin", "milliseconds": 0.1}
    for group in ("/connect", "/authorize"):
        assert metrics_of(group, fields) == {"Refusals": 1}


def test_a_code_that_a_client_made_up_makes_no_metric() -> None:
    for code in (4999, None):
        fields = {"route": "$disconnect", "code": code}
        assert metrics_of("/disconnect", fields) == {"Disconnects": 1}


def test_a_value_is_a_field_that_the_pattern_names() -> None:
    for name, each in of_type(deployed(), "Logs::MetricFilter").items():
        (metric,) = each["MetricTransformations"]
        values = [metric["MetricValue"], *(part["Value"] for part in metric.get("Dimensions", []))]
        for value in values:
            assert value == "1" or f"{value} " in each["FilterPattern"], name
        assert "DefaultValue" not in metric


LEVELS = TEMPLATE["Parameters"]["LogLevel"]["AllowedValues"]
"""At each of them, what is counted is counted whole, or not at all."""


@pytest.mark.parametrize("level", LEVELS)
def test_whatever_is_counted_at_a_level_is_printed_at_that_level(
    level: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_LEVEL", level)
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://other.example")
    Room().connections = RecordedConnections(gone="other=")
    for event in ("connect", "disconnect", "publish_announce", "publish_signal"):
        replay(event)
    Room().connections = RecordedConnections(failing="other=")
    replay("publish_signal")
    counted = Counter[str]()
    for line in capsys.readouterr().out.splitlines():
        fields = json.loads(line)
        counted.update(metrics_of(GROUPS[fields["route"]], fields, LogLevel=level).keys())
    del counted["FanOutMilliseconds"]
    everything = {"Publishes": 3, "Gone": 1, "Disconnects": 1, "Disconnects/1001": 1}
    assert counted == {"Refusals": 1, "Failed": 1} | (everything if level == "INFO" else {})


def test_every_alarm_watches_the_same_at_every_level() -> None:
    alarms = [of_type(deployed(**EMAIL, LogLevel=each), "CloudWatch::Alarm") for each in LEVELS]
    assert all(each == alarms[0] for each in alarms)
    for each in LEVELS:
        counted = {name for _, name in own_metrics(deployed(LogLevel=each))}
        assert {"Refusals", "Failed", "Unavailable"} <= counted
        assert each == "INFO" or counted == {"Refusals", "Failed", "Unavailable"}


@pytest.mark.parametrize(("overrides", "first"), [({}, "connect"), (AUTHORIZER, "authorize")])
def test_refusals_are_compared_with_all_attempts_that_reached_a_function(
    overrides: dict[str, str], first: str
) -> None:
    alarm = of_type(deployed(**EMAIL, **overrides), "CloudWatch::Alarm")["RefusalsAlarm"]
    (attempts,) = (each for each in alarm["Metrics"] if each["Id"] == "attempts")
    assert attempts["MetricStat"]["Metric"] == {
        "Namespace": "AWS/Lambda",
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "FunctionName", "Value": first}],
    }
