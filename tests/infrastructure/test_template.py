"""What the code expects from `template.yaml`, and the template from the code."""

import re
from typing import Any

import pytest

from local import LAYER, ROOT
from local.functions.loading import load_handler
from local.sam.template import Stack
from signaling.access import origins
from signaling.aws import dynamodb
from signaling.protocol import Limits
from signaling.settings import SettingError, Settings
from tests.support.translation import TEMPLATE

RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]


def test_every_route_has_its_function_and_every_handler_loads(stack: Stack) -> None:
    assert {route: function.code.name for route, function in stack.functions().items()} == {
        "$connect": "connect",
        "$disconnect": "disconnect",
        "$default": "message",
    }
    assert all(callable(load_handler(function)) for function in stack.functions().values())


def test_every_variable_is_one_that_the_code_reads(stack: Stack) -> None:
    given = {name for function in stack.functions().values() for name in function.environment}
    source = (ROOT / LAYER / "signaling" / "settings.py").read_text()
    names = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)*)", environ', source))
    assert given == {name for name in names if not name.startswith("AWS_ENDPOINT_URL")}


def takes(variable: str, value: str) -> bool:
    try:
        Settings.from_env({variable: value})
    except SettingError:
        return False
    return True


def parameters_behind_settings() -> dict[str, dict[str, Any]]:
    """Return the parameters that functions get unchanged, by the name of the variable."""
    environments = [
        resource["Properties"].get("Environment", {}).get("Variables", {})
        for name, resource in RESOURCES.items()
        if resource["Type"] == "AWS::Serverless::Function" and name != "AuthorizeFunction"
    ]
    environments.append(TEMPLATE["Globals"]["Function"]["Environment"]["Variables"])
    return {
        variable: TEMPLATE["Parameters"][value["Ref"]]
        for environment in environments
        for variable, value in environment.items()
        if value.get("Ref") in TEMPLATE["Parameters"]
    }


def test_the_functions_take_the_values_that_the_template_takes_and_no_others() -> None:
    bounded = set()
    for variable, declaration in parameters_behind_settings().items():
        if declaration["Type"] == "Number":
            least, most = declaration["MinValue"], declaration["MaxValue"]
            taken = [takes(variable, str(each)) for each in (least - 1, least, most, most + 1)]
            assert taken == [False, True, True, False], variable
        elif "AllowedValues" in declaration:
            assert all(takes(variable, each) for each in declaration["AllowedValues"]), variable
            with pytest.raises(SettingError) as refused:
                Settings.from_env({variable: "other"})
            assert refused.value.allowed == f"one of {', '.join(declaration['AllowedValues'])}"
        else:
            continue
        bounded.add(variable)
    assert set(parameters_behind_settings()) - bounded == {"ALLOWED_ORIGINS"}


def test_an_origin_that_deploys_is_one_that_the_functions_take_and_the_reverse() -> None:
    """Otherwise a stack would refuse everybody."""
    pattern = TEMPLATE["Parameters"]["AllowedOrigins"]["AllowedPattern"]
    assert pattern == rf"^((\*|{origins._PATTERN})([, ]+|$))+$"


def test_defaults_of_the_template_are_those_of_the_code(stack: Stack) -> None:
    settings = Settings.from_env(stack.functions()["$default"].environment)
    assert settings.limits == Limits()
    assert settings.delivery == Settings.from_env({}).delivery
    assert settings.table == stack.table["TableName"]


def test_the_endpoint_for_posts_is_made_of_api_region_and_stage(stack: Stack) -> None:
    endpoint = stack.functions()["$default"].environment["CONNECTIONS_ENDPOINT"]
    assert endpoint == "https://SignalingApi.execute-api.us-east-1.amazonaws.com/dev"


def test_the_table_has_the_keys_index_and_expiry_that_the_model_uses(stack: Stack) -> None:
    (index,) = stack.table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == dynamodb.INDEX
    assert [key["AttributeName"] for key in stack.table["KeySchema"]] == ["pk", "sk"]
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["sk", "pk"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert stack.table["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at",
        "Enabled": True,
    }


def test_every_function_has_a_log_group_that_is_kept_for_a_while() -> None:
    for name, resource in RESOURCES.items():
        if resource["Type"] == "AWS::Serverless::Function":
            group = resource["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
            assert "RetentionInDays" in RESOURCES[group]["Properties"], name


def test_every_parameter_and_output_is_described_and_the_signaling_url_comes_first() -> None:
    for section in ("Parameters", "Outputs"):
        for name, declaration in TEMPLATE[section].items():
            assert declaration.get("Description"), name
    assert next(iter(TEMPLATE["Outputs"])) == "SignalingUrl"
