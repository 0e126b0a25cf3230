"""How the local server reads a SAM template."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local import ROOT
from local.sam.intrinsics import Resolver, names_in
from local.sam.template import load
from tests.support.monitoring import TEMPLATE as MONITORING
from tests.support.translation import TEMPLATE as SOURCE
from tests.support.translation import translated

FILE = ROOT / "template.yaml"
TEMPLATE: dict[str, Any] = {
    "Conditions": {
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "IsDev": {"Fn::Not": [{"Condition": "IsProd"}]},
        "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]},
        "Either": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]},
    }
}


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "Stage"}, "prod"),
        ({"Ref": "Table"}, "Table"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "Table.Arn"),
        ({"Fn::Sub": "${Stage}/${Table.Arn}/${!Stage}"}, "prod/Table.Arn/${Stage}"),
        ({"Fn::Sub": ["${a}-${Stage}", {"a": {"Ref": "Table"}}]}, "Table-prod"),
        ({"Fn::Join": ["/", ["a", {"Ref": "Stage"}]]}, "a/prod"),
        ({"Fn::If": ["IsProd", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Both", "yes", {"Fn::If": ["Either", "either", "no"]}]}, "either"),
        ({"a": {"Fn::If": ["IsDev", 1, {"Ref": "AWS::NoValue"}]}, "b": 2}, {"b": 2}),
        ([{"Fn::If": ["IsDev", 1, {"Ref": "AWS::NoValue"}]}, 2], [2]),
    ],
)
def test_intrinsic_functions_are_resolved(value: Any, resolved: Any) -> None:
    assert Resolver(TEMPLATE, {"Stage": "prod"}).resolve(value) == resolved


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("Stage", set()),
        ({"Fn::If": ["IsDev", {"Ref": "Table"}, "no"]}, {"Stage", "Table"}),
        ({"Fn::Sub": "${Stage}/${Table.Arn}/${!Literal}"}, {"Stage", "Table.Arn"}),
        ({"Fn::Sub": ["${a}-${Stage}", {"a": {"Ref": "Table"}}]}, {"Stage", "Table"}),
        ({"Fn::Join": ["/", ["a", {"Ref": "Stage"}]]}, {"Stage"}),
    ],
)
def test_names_are_found_wherever_a_value_depends_on_them(value: Any, names: set[str]) -> None:
    assert set(names_in(value, TEMPLATE["Conditions"])) == names


def test_the_intrinsic_functions_are_those_of_our_templates() -> None:
    ours = json.dumps([SOURCE["Rules"], translated("Active"), translated("Disabled"), MONITORING])
    used = set(re.findall(r'"(Fn::\w+)":', ours)) | {"Ref", "Condition"}
    assert used == set(Resolver({}, {})._functions)


@pytest.mark.parametrize("value", ["many", "0"])
def test_a_number_that_cloudformation_would_refuse_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=f"MaxTopics is '{value}': not a number from 1 to 1000"):
        load(FILE, {"MaxTopics": value})


def test_a_parameter_without_default_needs_a_value(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("Parameters: {Name: {Type: String}}\nResources: {}\n")
    with pytest.raises(ValueError, match="parameter Name needs a value"):
        load(template)


def test_a_mock_without_a_route_response_answers_nothing(tmp_path: Path) -> None:
    before, _, rest = FILE.read_text().partition("  PingRouteResponse:\n")
    template = tmp_path / "template.yaml"
    template.write_text(before + rest.partition("\n\n")[2])
    assert load(template).routes["ping"] == (None,)


def test_a_mock_answers_what_its_own_status_chooses(tmp_path: Path) -> None:
    text = FILE.read_text()
    template = tmp_path / "template.yaml"
    for status, response in (("200", '{"type":"pong"}'), ("204", None)):
        template.write_text(text.replace('{"statusCode":200}', f'{{"statusCode":{status}}}'))
        assert load(template).routes["ping"] == (response,)
    template.write_text(text.replace("Key: /200/", "Key: $default").replace(":200}", ":204}"))
    assert load(template).routes["ping"] == ('{"type":"pong"}',)


def test_a_route_has_the_stages_throttle_unless_it_has_its_own() -> None:
    limits = {"RouteRateLimit": "7", "RouteBurstLimit": "70", "MessageRateLimit": "3"}
    throttles = load(FILE, limits).throttles
    assert throttles.pop("$default") == (3, 1000)
    assert throttles == dict.fromkeys(("$connect", "$disconnect", "ping"), (7, 70))


def test_a_variable_is_overridden_by_an_override_even_with_the_default() -> None:
    assert load(FILE).overridden == set()
    overrides = {"LogLevel": "INFO", "Stage": "prod"}
    assert load(FILE, overrides).overridden == {"LOG_LEVEL", "CONNECTIONS_ENDPOINT"}
